/* Commands about single entries: what is added, what becomes of it, and why somebody pays
 * (docs/spec/13-sc-bridge.md, section 7). */
#include <stdlib.h>
#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "intersplit/command.h"
#include "intersplit/form.h"
#include "peer_expense.h"

#define PAYER "payer p"
#define AMOUNT "amount a"
#define SPLIT "split members with"
#define NOTE "note memo"
#define EXTRA "tax tip extra"
#define CURRENCY "currency cur"
#define CATEGORY "category cat"
#define DATE "date on"
#define PARTS                                                                            \
    " " PAYER " " AMOUNT " " SPLIT " " NOTE " items " EXTRA " rest " CURRENCY            \
    " rate " CATEGORY " " DATE " only strict"
#define PAYMENT " from to " AMOUNT " " CURRENCY " rate " DATE " " NOTE " strict"

void peer_expense_refuse(const peer_call *call, int error, isplit_field field,
                         const isplit_reason *why)
{
    static const char *const before[] = {
        [ISPLIT_FIELD_NONE] = "",
        [ISPLIT_FIELD_ROOM] = "Invalid channel: ",
        [ISPLIT_FIELD_PAYER] = "Invalid payer: ",
        [ISPLIT_FIELD_AMOUNT] = "Invalid amount: ",
        [ISPLIT_FIELD_SPLIT] = "Invalid split: ",
        [ISPLIT_FIELD_NOTE] = "Invalid note: ",
        [ISPLIT_FIELD_CURRENCY] = "Invalid currency: ",
        [ISPLIT_FIELD_RATE] = "Invalid rate: ",
        [ISPLIT_FIELD_CATEGORY] = "Invalid category: ",
        [ISPLIT_FIELD_DATE] = "Invalid date: ",
    };

    peer_fail(call->reply, "%s%s", before[field],
              why->text[0] ? why->text : ic_strerror(error));
}

static void tell(const peer_call *call, const char *room, const isplit_deed *deed,
                 const isplit_entry *entry)
{
    static const char *const words[] = {
        [ISPLIT_DEED_AMEND] = "amended",       [ISPLIT_DEED_VOID] = "voided",
        [ISPLIT_DEED_UNVOID] = "brought back", [ISPLIT_DEED_ACK] = "confirmed",
        [ISPLIT_DEED_DISPUTE] = "disputed",
    };
    const isplit_state *state = NULL;
    char *text = NULL;

    if (!entry) {
        peer_say(call->reply, "[expense:%s] %s", room,
                 deed->kind == ISPLIT_DEED_UNVOID
                     ? "brought back what the last clear covered."
                     : "noted.");
        return;
    }
    int error = isplit_book_state(call->app->book, room, &state);
    if (!error)
        error = deed->kind == ISPLIT_DEED_ADD
                    ? isplit_form_added(state, entry, &text)
                    : isplit_form_changed(state, words[deed->kind], entry, &text);
    peer_expense_say(call, error, text);
}

/* Days that have passed already have their entries at once. */
static void make_due(const peer_call *call, const char *room)
{
    isplit_reason why = {{0}};
    size_t made = 0;
    int error = isplit_book_due(call->app->book, room, &made, &why);

    if (error)
        peer_expense_refuse(call, error, ISPLIT_FIELD_NONE, &why);
    else
        peer_say(call->reply, "[expense:%s] comes again; %zu so far.", room, made);
}

void peer_expense_do(const peer_call *call, const char *room, const isplit_deed *deed)
{
    const isplit_entry *entry = NULL;
    isplit_field field = ISPLIT_FIELD_NONE;
    isplit_reason why = {{0}};

    if (!peer_expense_may_write(call, room))
        return;
    int error = isplit_book_do(call->app->book, room, deed, &entry, &field, &why);
    if (error)
        peer_expense_refuse(call, error, field, &why);
    else if (deed->kind == ISPLIT_DEED_RECUR)
        make_due(call, room);
    else
        tell(call, room, deed, entry);
}

/* --- drafts --- */

static isplit_fields fields_of(const peer_line *line, bool pays)
{
    return (isplit_fields){
        .payer = peer_line_any(line, pays ? "from" : PAYER),
        .split = peer_line_any(line, pays ? "to" : SPLIT),
        .items = peer_line_any(line, "items"),
        .extra = peer_line_any(line, EXTRA),
        .amount = peer_line_any(line, AMOUNT),
        .rest_to = peer_line_any(line, "rest"),
        .currency = peer_line_any(line, CURRENCY),
        .rate = peer_line_any(line, "rate"),
        .category = peer_line_any(line, CATEGORY),
        .date = peer_line_any(line, DATE),
        .note = peer_line_any(line, NOTE),
        .only = peer_expense_truthy(peer_line_any(line, "only")),
        .amount_strict = peer_expense_truthy(peer_line_any(line, "strict")),
    };
}

bool peer_expense_lacks(const peer_call *call, const char *name, const char *value)
{
    if (value)
        return false;
    peer_say(call->reply, "Usage: %s", call->command->usage);
    peer_fail(call->reply, "Missing %s.", name);
    return true;
}

/* Read the entry that the line describes and do the deed with it. */
static void do_draft(const peer_call *call, const char *room, isplit_entry_type type,
                     isplit_deed deed)
{
    bool pays = type == ISPLIT_ENTRY_PAYMENT;
    const isplit_fields fields = fields_of(call->line, pays);
    isplit_command *command = NULL;
    isplit_field field = ISPLIT_FIELD_NONE;
    isplit_reason why = {{0}};

    if (peer_expense_lacks(call, pays ? "from" : "payer", fields.payer) ||
        (pays && peer_expense_lacks(call, "to", fields.split)) ||
        peer_expense_lacks(call, "amount", fields.amount))
        return;
    int error = isplit_command_compose(type, &fields, &command, &field, &why);
    if (error) {
        peer_expense_refuse(call, error, field, &why);
        return;
    }
    deed.draft = &command->draft;
    peer_expense_do(call, room, &deed);
    isplit_command_free(command);
}

void peer_cmd_expense_add(const peer_call *call)
{
    char *memory;
    isplit_entry_type type = (isplit_entry_type)call->command->what;
    const char *room =
        peer_expense_room(call,
                          type == ISPLIT_ENTRY_PAYMENT ? PEER_EXPENSE_ROOM PAYMENT
                                                       : PEER_EXPENSE_ROOM PARTS,
                          &memory);

    if (!room)
        return;
    do_draft(call, room, type, (isplit_deed){.kind = ISPLIT_DEED_ADD});
    ic_mem_free(memory);
}

/* --- what becomes of an entry --- */

void peer_cmd_expense_amend(const peer_call *call)
{
    char *memory;
    const char *id = peer_line_any(call->line, "id ref");
    const char *room = peer_expense_room(
        call, PEER_EXPENSE_ROOM " id ref from to refund" PARTS, &memory);
    isplit_entry_type type = peer_line_any(call->line, "from") ? ISPLIT_ENTRY_PAYMENT
                             : peer_expense_truthy(peer_line_any(call->line, "refund"))
                                 ? ISPLIT_ENTRY_REFUND
                                 : ISPLIT_ENTRY_EXPENSE;

    if (!room)
        return;
    if (!peer_expense_lacks(call, "id", id))
        do_draft(call, room, type, (isplit_deed){.kind = ISPLIT_DEED_AMEND, .id = id});
    ic_mem_free(memory);
}

void peer_cmd_expense_about(const peer_call *call)
{
    char *memory;
    const isplit_deed deed = {.kind = (isplit_deed_kind)call->command->what,
                              .id = peer_line_any(call->line, "id ref"),
                              .text = peer_line_any(call->line, "why " NOTE)};
    const char *room =
        peer_expense_room(call, PEER_EXPENSE_ROOM " id ref why " NOTE, &memory);

    if (!room)
        return;
    if (!peer_expense_lacks(call, "id", deed.id))
        peer_expense_do(call, room, &deed);
    ic_mem_free(memory);
}

/* 0 = nothing is said of it. */
static bool read_weight(const peer_call *call, uint32_t *out)
{
    const char *text = peer_line_any(call->line, "weight");

    *out = 0;
    if (!text)
        return true;
    if (strspn(text, "0123456789") == strlen(text) && strlen(text) < 10)
        *out = (uint32_t)strtoul(text, NULL, 10);
    if (*out && *out <= ISPLIT_SPLIT_MAX_WEIGHT)
        return true;
    peer_fail(call->reply, "a weight is a whole number from 1 to 1000000");
    return false;
}

void peer_cmd_expense_member(const peer_call *call)
{
    char *memory;
    const char *active = peer_line_any(call->line, "active");
    isplit_member_deed member = {
        .name = peer_line_any(call->line, "name"),
        .claim = peer_expense_truthy(peer_line_any(call->line, "claim")),
        .leave = active && !peer_expense_truthy(active),
        .show = peer_line_any(call->line, "show"),
    };
    const char *room = peer_expense_room(
        call, PEER_EXPENSE_ROOM " name claim active weight show", &memory);

    if (!room)
        return;
    if (!peer_expense_lacks(call, "name", member.name) &&
        read_weight(call, &member.weight))
        peer_expense_do(call, room,
                        &(isplit_deed){.kind = ISPLIT_DEED_MEMBER, .member = &member});
    ic_mem_free(memory);
}

/* --- questions --- */

void peer_expense_history(const peer_call *call, const isplit_state *state,
                          const char *id)
{
    const isplit_entry *entry = NULL;
    isplit_reason why = {{0}};
    char *text = NULL;

    int error = isplit_state_find(state, id, &entry, &why);
    if (error) {
        peer_expense_refuse(call, error, ISPLIT_FIELD_NONE, &why);
        return;
    }
    error = isplit_form_history(state, entry, &text);
    peer_expense_say(call, error, text);
}

const isplit_state *peer_expense_state(const peer_call *call, const char *room)
{
    const isplit_state *state = NULL;
    int error = isplit_book_state(call->app->book, room, &state);

    if (error)
        peer_fail(call->reply, "%s", ic_strerror(error));
    return error ? NULL : state;
}

/* The same with its plan at hand; NULL also when it is not. */
static const isplit_state *planned_state_of(const peer_call *call, const char *room)
{
    return peer_expense_planned(call, room) ? peer_expense_state(call, room) : NULL;
}

void peer_cmd_expense_history(const peer_call *call)
{
    char *memory;
    const char *id = peer_line_any(call->line, "id ref");
    const char *room = peer_expense_room(call, PEER_EXPENSE_ROOM " id ref", &memory);

    if (!room)
        return;
    const isplit_state *state =
        peer_expense_lacks(call, "id", id) ? NULL : peer_expense_state(call, room);
    if (state)
        peer_expense_history(call, state, id);
    ic_mem_free(memory);
}

void peer_expense_why(const peer_call *call, const char *room, const char *from,
                      const char *to)
{
    const isplit_state *state = planned_state_of(call, room);
    char *text = NULL;
    int error = state ? isplit_form_why(state, from, to, &text) : 0;

    if (state)
        peer_expense_say(call, error, text);
}

void peer_cmd_expense_why(const peer_call *call)
{
    char *memory;
    const char *from = peer_line_any(call->line, "from");
    const char *to = peer_line_any(call->line, "to");
    const char *room = peer_expense_room(call, PEER_EXPENSE_ROOM " from to", &memory);

    if (!room)
        return;
    if (!peer_expense_lacks(call, "from", from) && !peer_expense_lacks(call, "to", to))
        peer_expense_why(call, room, from, to);
    ic_mem_free(memory);
}

static bool read_plan(const peer_call *call, isplit_plan_options *options)
{
    const char *plan = peer_line_any(call->line, "plan");

    isplit_plan_options_default(options);
    options->via = peer_line_any(call->line, "via");
    if (options->via && (!plan || strcmp(plan, "via") == 0))
        options->mode = ISPLIT_PLAN_VIA;
    else if (plan && strcmp(plan, "pairwise") == 0)
        options->mode = ISPLIT_PLAN_PAIRWISE;
    else if (plan && strcmp(plan, "minimal") != 0) {
        peer_fail(call->reply, "Invalid plan (use minimal, pairwise or via).");
        return false;
    }
    return true;
}

void peer_expense_balance(const peer_call *call, const char *room,
                          const isplit_plan_options *options)
{
    char *text = NULL;
    const isplit_state *state = options->mode == ISPLIT_PLAN_MINIMAL
                                    ? planned_state_of(call, room)
                                    : peer_expense_state(call, room);

    int error = state ? isplit_form_balance_with(state, options, &text) : 0;

    if (state)
        peer_expense_say(call, error, text);
}

void peer_cmd_expense_balance(const peer_call *call)
{
    char *memory;
    isplit_plan_options options;
    const char *room = peer_expense_room(call, PEER_EXPENSE_ROOM " plan via", &memory);

    if (!room)
        return;
    if (read_plan(call, &options))
        peer_expense_balance(call, room, &options);
    ic_mem_free(memory);
}
