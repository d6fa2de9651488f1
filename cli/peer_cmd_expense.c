/* The ledger's commands (docs/spec/16-ledger.md, section 0). */
#include <stdio.h>
#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "intersplit/export.h"
#include "intersplit/form.h"
#include "peer_command.h"
#include "peer_near.h"
#include "sidechannel/sidechannel.h"

#define ENTRY_CHANNEL "0000intercom"
#define ROOM "channel ch room"
#define PAYER "payer p"
#define AMOUNT "amount a"
#define SPLIT "split members with"
#define NOTE "note memo"

/* Is `name` one of `names`, which have blanks between? If not, `near` gets what comes
 * near. */
static bool listed(const char *names, const char *name, peer_near *near)
{
    char each[PEER_NEAR_MAX + 1];

    for (const char *at = names; *at; at += strspn(at, " ")) {
        size_t n = strcspn(at, " ");
        (void)snprintf(each, sizeof each, "%.*s", (int)n, at);
        if (strcmp(each, name) == 0)
            return true;
        peer_near_offer(near, name, each);
        at += n;
    }
    return false;
}

static void refuse_argument(const peer_call *call, const char *name, const char *names,
                            const peer_near *near)
{
    if (near->name[0])
        peer_fail(call->reply, "%s has no --%.60s; did you mean --%s?",
                  call->line->command, name, near->name);
    else
        peer_fail(call->reply, "%s has no --%.60s; it takes: %s", call->line->command,
                  name, names);
}

/* A misspelled --channel must not write into the entry channel, so unknown names are
 * refused. */
static bool only_known(const peer_call *call, const char *names)
{
    for (size_t i = 0; i < call->line->arg_count; i++) {
        const peer_arg *arg = &call->line->args[i];
        peer_near near = {0};
        if (!listed(names, arg->name, &near)) {
            refuse_argument(call, arg->name, names, &near);
            return false;
        }
        if (!arg->value) {
            peer_fail(call->reply, "--%.60s lacks its value", arg->name);
            return false;
        }
    }
    return true;
}

static char *copy_text(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = ic_mem_alloc(size);

    if (copy)
        memcpy(copy, text, size);
    return copy;
}

/* The room that a line speaks of; free `*memory` afterwards. NULL = already refused. */
static const char *room_of(const peer_call *call, const char *names, char **memory)
{
    *memory = NULL;
    if (!only_known(call, names))
        return NULL;
    const char *given = peer_line_any(call->line, ROOM);
    if (!given)
        return ENTRY_CHANNEL;
    *memory = copy_text(given);
    if (!*memory) {
        peer_fail(call->reply, "%s", ic_strerror(IC_ERR_NOMEM));
        return NULL;
    }
    const char *room = peer_trim(*memory);
    return *room ? room : ENTRY_CHANNEL;
}

/* Writing into a room obeys the policies of its channel, as sending does. */
static bool may_write(const peer_call *call, const char *room)
{
    if (ic__sidechannel_may_send(call->app->channels, room))
        return true;
    peer_fail(call->reply, "Send denied (owner-only or invite required).");
    return false;
}

static bool truthy(const char *text)
{
    return text && (strcmp(text, "1") == 0 || strcmp(text, "true") == 0);
}

/* Print a text that a form made, or say why there is none. */
static void say_form(const peer_call *call, int error, char *text)
{
    if (error) {
        peer_fail(call->reply, "%s", ic_strerror(error));
        return;
    }
    peer_say_lines(call->reply, text);
    ic_mem_free(text);
}

/* --- add --- */

typedef struct part_list {
    char *memory;
    isplit_part *parts;
    size_t count;
} part_list;

static void parts_free(part_list *list)
{
    ic_mem_free(list->parts);
    ic_mem_free(list->memory);
}

/* "alice, bob" as names; empty ones vanish. */
static int parts_split(part_list *list, const char *text)
{
    size_t most = 1;

    *list = (part_list){0};
    if (!text)
        return 0;
    for (const char *at = text; *at; at++)
        most += *at == ',';
    list->memory = copy_text(text);
    list->parts = ic_mem_calloc(most, sizeof *list->parts);
    if (!list->memory || !list->parts) {
        parts_free(list);
        return IC_ERR_NOMEM;
    }
    for (char *at = list->memory; at;) {
        char *comma = strchr(at, ',');
        if (comma)
            *comma = 0;
        char *name = peer_trim(at);
        if (*name)
            list->parts[list->count++].name = name;
        at = comma ? comma + 1 : NULL;
    }
    return 0;
}

static void refuse_add(peer_reply *reply, int error, isplit_field field,
                       const isplit_reason *why)
{
    const char *text = why->text[0] ? why->text : ic_strerror(error);

    switch (field) {
    case ISPLIT_FIELD_AMOUNT:
        peer_fail(reply, "Invalid amount: %s", text);
        break;
    case ISPLIT_FIELD_SPLIT:
        peer_fail(reply, "Invalid split: %s", text);
        break;
    case ISPLIT_FIELD_PAYER:
        peer_fail(reply, "Invalid payer: %s", text);
        break;
    case ISPLIT_FIELD_NOTE:
        peer_fail(reply, "Invalid note: %s", text);
        break;
    case ISPLIT_FIELD_ROOM:
        peer_fail(reply, "Invalid channel: %s", text);
        break;
    case ISPLIT_FIELD_CURRENCY:
        peer_fail(reply, "Invalid currency: %s", text);
        break;
    case ISPLIT_FIELD_RATE:
        peer_fail(reply, "Invalid rate: %s", text);
        break;
    case ISPLIT_FIELD_CATEGORY:
        peer_fail(reply, "Invalid category: %s", text);
        break;
    case ISPLIT_FIELD_DATE:
        peer_fail(reply, "Invalid date: %s", text);
        break;
    case ISPLIT_FIELD_NONE:
        peer_fail(reply, "%s", text);
        break;
    }
}

static void add_to(const peer_call *call, const char *room, const part_list *split)
{
    const peer_line *line = call->line;
    const isplit_draft draft = {
        .payer = peer_line_any(line, PAYER),
        .amount = peer_line_any(line, AMOUNT),
        .parts = split->parts,
        .part_count = split->count,
        .only = truthy(peer_line_any(line, "only")),
        .note = peer_line_any(line, NOTE),
    };
    const isplit_entry *entry;
    const isplit_state *state;
    isplit_field field = ISPLIT_FIELD_NONE;
    isplit_reason why = {{0}};
    char *text = NULL;

    int error = isplit_book_add(call->app->book, room, &draft, &entry, &field, &why);
    if (error) {
        refuse_add(call->reply, error, field, &why);
        return;
    }
    error = isplit_book_state(call->app->book, room, &state);
    if (!error)
        error = isplit_form_added(state, entry, &text);
    say_form(call, error, text);
}

void peer_cmd_expense_add(const peer_call *call)
{
    char *memory;
    part_list split;
    const char *room =
        room_of(call, ROOM " " PAYER " " AMOUNT " " SPLIT " " NOTE " only", &memory);

    if (!room)
        return;
    if (!peer_line_any(call->line, PAYER) || !peer_line_any(call->line, AMOUNT)) {
        peer_say(call->reply, "Usage: %s", peer_command_find("/expense_add")->usage);
        peer_fail(call->reply, peer_line_any(call->line, PAYER) ? "Missing amount."
                                                                : "Missing payer.");
    } else if (parts_split(&split, peer_line_any(call->line, SPLIT)) != 0) {
        peer_fail(call->reply, "%s", ic_strerror(IC_ERR_NOMEM));
    } else {
        if (may_write(call, room))
            add_to(call, room, &split);
        parts_free(&split);
    }
    ic_mem_free(memory);
}

/* --- what reads --- */

typedef int (*form_fn)(const isplit_state *state, char **out);

static void show(const peer_call *call, form_fn form)
{
    char *memory;
    const isplit_state *state;
    char *text = NULL;
    const char *room = room_of(call, ROOM, &memory);

    if (!room)
        return;
    int error = isplit_book_state(call->app->book, room, &state);
    if (!error)
        error = form(state, &text);
    say_form(call, error, text);
    ic_mem_free(memory);
}

void peer_cmd_expense_list(const peer_call *call)
{
    show(call, isplit_form_list);
}

void peer_cmd_expense_balance(const peer_call *call)
{
    show(call, isplit_form_balance);
}

static void export_room(const peer_call *call, const char *room)
{
    isplit_export_format format;
    isplit_export_what what;
    isplit_reason why = {{0}};
    const isplit_state *state;
    char *text = NULL;

    int error =
        isplit_export_read(peer_line_any(call->line, "format"),
                           peer_line_any(call->line, "what"), &format, &what, &why);
    if (error) {
        peer_fail(call->reply, "Invalid format: %s", why.text);
        return;
    }
    error = isplit_book_state(call->app->book, room, &state);
    if (!error)
        error = isplit_export_write(state, what, format,
                                    call->app->env.wall_ms(call->app->env.user), &text);
    say_form(call, error, text);
}

void peer_cmd_expense_export(const peer_call *call)
{
    char *memory;
    const char *room = room_of(call, ROOM " format what", &memory);

    if (!room)
        return;
    export_room(call, room);
    ic_mem_free(memory);
}

/* --- what changes all of it --- */

static void clear_room(const peer_call *call, const char *room)
{
    size_t removed;
    isplit_reason why = {{0}};

    int error = isplit_book_clear(call->app->book, room, &removed, &why);
    if (error)
        peer_fail(call->reply, "%s", why.text[0] ? why.text : ic_strerror(error));
    else
        peer_say(call->reply, "[expense:%s] cleared removed=%zu", room, removed);
}

void peer_cmd_expense_clear(const peer_call *call)
{
    char *memory;
    const char *room = room_of(call, ROOM, &memory);

    if (!room)
        return;
    if (may_write(call, room))
        clear_room(call, room);
    ic_mem_free(memory);
}

static void say_persisted(const peer_call *call, const char *room, bool sim, size_t count)
{
    if (sim) {
        peer_say(call->reply, "[expense:%s] would persist entries=%zu (simulation)", room,
                 count);
        return;
    }
    peer_say(call->reply, "[expense:%s] persisted entries=%zu source=local", room, count);
    peer_say(call->reply, "Saved on this machine: %s", call->app->snapshot_path);
    peer_say(
        call->reply,
        "Not in the contract: the subnet plane is not built yet, so no other machine "
        "has this copy.");
}

void peer_cmd_expense_persist(const peer_call *call)
{
    char *memory;
    size_t count;
    isplit_reason why = {{0}};
    const char *room = room_of(call, ROOM " sim", &memory);

    if (!room)
        return;
    bool sim = truthy(peer_line_any(call->line, "sim"));
    int error = isplit_book_persist(call->app->book, room, sim, &count, &why);
    if (error == IC_ERR_NOT_FOUND)
        peer_fail(call->reply, "Nothing to persist.");
    else if (error)
        peer_fail(call->reply, "Persist failed: %s",
                  why.text[0] ? why.text : ic_strerror(error));
    else
        say_persisted(call, room, sim, count);
    ic_mem_free(memory);
}

static void say_restored(const peer_call *call, const char *room,
                         const isplit_restored *got, bool replace)
{
    peer_say(call->reply, "[expense:%s] restored source=%s added=%zu total=%zu", room,
             got->found ? "local" : "none", got->added, got->total);
    if (got->found && !got->total && !replace)
        peer_say(call->reply,
                 "What was cleared stays cleared; --replace 1 brings it back.");
}

void peer_cmd_expense_restore(const peer_call *call)
{
    char *memory;
    isplit_restored got;
    isplit_reason why = {{0}};
    const char *room = room_of(call, ROOM " confirmed replace", &memory);

    if (!room)
        return;
    bool replace = truthy(peer_line_any(call->line, "replace"));
    int error = isplit_book_restore(call->app->book, room, replace, &got, &why);
    if (error)
        peer_fail(call->reply, "Restore failed: %s",
                  why.text[0] ? why.text : ic_strerror(error));
    else
        say_restored(call, room, &got, replace);
    ic_mem_free(memory);
}
