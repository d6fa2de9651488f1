#include "bridge/expense.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "intersplit/export.h"

#define LIST_MARGIN 8 /* this part of an answer is for the last entry and the rest */

bool bridge_expense_fail(bridge_expense *x, const char *format, ...)
{
    char text[ISPLIT_REASON_MAX + 64];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    ic__buf_text(&x->error, text);
    return false;
}

/* The reason, or what the error number says when there is none. */
static const char *reason_of(const isplit_reason *why, int error)
{
    return why->text[0] ? why->text : ic_strerror(error);
}

static void begin(bridge_expense *x, const char *type)
{
    ic__buf_printf(&x->answer, "\"type\":\"%s\",\"channel\":", type);
    ic__json_write_cstring(&x->answer, x->room);
}

/* A member whose value libintersplit has written; frees it. */
static void add_form(bridge_expense *x, const char *name, int error, char *json)
{
    if (error)
        x->answer.bad = true;
    else
        ic__buf_printf(&x->answer, ",\"%s\":%s", name, json);
    ic_mem_free(json);
}

static void add_bool(bridge_expense *x, const char *name, bool value)
{
    ic__buf_printf(&x->answer, ",\"%s\":%s", name, value ? "true" : "false");
}

bool bridge_expense_may_write(bridge_expense *x)
{
    const ic__sidechannel *sc = x->hub->host.sidechannel;

    if (!sc)
        return bridge_expense_fail(x, "Sidechannel not ready.");
    return ic__sidechannel_may_send(sc, x->room) ||
           bridge_expense_fail(x, "Send denied (invite required or invalid).");
}

bool bridge_expense_refuse(bridge_expense *x, int error, isplit_field field,
                           const isplit_reason *why)
{
    static const char *const names[] = {
        [ISPLIT_FIELD_ROOM] = "channel",      [ISPLIT_FIELD_PAYER] = "payer",
        [ISPLIT_FIELD_AMOUNT] = "amount",     [ISPLIT_FIELD_SPLIT] = "split",
        [ISPLIT_FIELD_CURRENCY] = "currency", [ISPLIT_FIELD_RATE] = "rate",
        [ISPLIT_FIELD_CATEGORY] = "category", [ISPLIT_FIELD_DATE] = "date",
    };
    const char *reason = reason_of(why, error);

    if (error == IC_ERR_NOMEM)
        x->error.bad = true;
    if (field == ISPLIT_FIELD_NOTE)
        return bridge_expense_fail(x, "Invalid note.");
    return field ? bridge_expense_fail(x, "Invalid %s: %s", names[field], reason)
                 : bridge_expense_fail(x, "%s", reason);
}

bool bridge_expense_try(bridge_expense *x, const isplit_draft *draft, isplit_entry **out)
{
    isplit_field field = ISPLIT_FIELD_NONE;
    isplit_reason why = {""};
    int error = isplit_book_try(x->hub->host.book, x->room, draft, out, &x->left_over,
                                &field, &why);

    return !error || bridge_expense_refuse(x, error, field, &why);
}

/* The number that a refusal of the book leaves out. */
static void find_left_over(bridge_expense *x, const isplit_draft *draft)
{
    isplit_entry *entry = NULL;

    if (isplit_book_try(x->hub->host.book, x->room, draft, &entry, &x->left_over, NULL,
                        NULL) == 0)
        ic_mem_free(entry);
}

bool bridge_expense_dry(bridge_expense *x, const isplit_draft *draft)
{
    isplit_entry *entry = NULL;
    char *json = NULL;
    char *sentence = NULL;

    if (!bridge_expense_try(x, draft, &entry))
        return false;
    begin(x, "expense_tried");
    if (isplit_form_sentence(entry, &sentence) != 0)
        x->answer.bad = true;
    ic__buf_text(&x->answer, ",\"preview\":");
    ic__json_write_cstring(&x->answer, sentence);
    int error = isplit_form_entry_json(entry, &json);
    add_form(x, "event", error, json);
    ic_mem_free(sentence);
    ic_mem_free(entry);
    return true;
}

/* The room's state, or an error. */
static const isplit_state *state_of(bridge_expense *x)
{
    const isplit_state *state = NULL;
    int error = isplit_book_state(x->hub->host.book, x->room, &state);

    if (!error)
        return state;
    (void)bridge_expense_fail(x, error == IC_ERR_INVALID ? "Invalid channel." : "%s",
                              ic_strerror(error));
    return NULL;
}

/* What the room comes to, in one of its forms. */
static bool add_state(bridge_expense *x, const char *name,
                      int (*form)(const isplit_state *state, char **out))
{
    const isplit_state *state = state_of(x);
    char *json = NULL;

    if (!state)
        return false;
    int error = form(state, &json);
    add_form(x, name, error, json);
    return true;
}

static bool add_settings(bridge_expense *x)
{
    return add_state(x, "settings", isplit_form_settings_json);
}

bool bridge_expense_room(bridge_expense *x, const isplit_command *command)
{
    const isplit_state *state = state_of(x);
    isplit_new_settings made;
    isplit_reason why = {""};

    if (!state)
        return false;
    if (!command->setting) {
        begin(x, "expense_room");
        return add_settings(x);
    }
    int error =
        isplit_command_settings(command, isplit_state_settings(state), &made, &why);
    if (error)
        return bridge_expense_refuse(x, error, ISPLIT_FIELD_NONE, &why);
    return bridge_expense_do(
        x, &(isplit_deed){.kind = ISPLIT_DEED_SET, .settings = &made.settings});
}

bool bridge_expense_recurring(bridge_expense *x)
{
    begin(x, "expense_recurring");
    return add_state(x, "recurring", isplit_form_recurring_json);
}

/* Days that have passed already have their entries at once. */
static bool make_due(bridge_expense *x)
{
    isplit_reason why = {""};
    size_t made = 0;
    int error = isplit_book_due(x->hub->host.book, x->room, &made, &why);

    if (error)
        return bridge_expense_refuse(x, error, ISPLIT_FIELD_NONE, &why);
    return bridge_expense_recurring(x);
}

static const char *done_type(const isplit_deed *deed)
{
    static const char *const added[] = {"expense_added", "expense_refunded",
                                        "expense_paid"};
    static const char *const done[] = {
        [ISPLIT_DEED_AMEND] = "expense_amended",
        [ISPLIT_DEED_VOID] = "expense_voided",
        [ISPLIT_DEED_UNVOID] = "expense_unvoided",
        [ISPLIT_DEED_ACK] = "expense_acked",
        [ISPLIT_DEED_DISPUTE] = "expense_disputed",
        [ISPLIT_DEED_MEMBER] = "expense_member",
        [ISPLIT_DEED_SET] = "expense_room",
    };

    return deed->kind == ISPLIT_DEED_ADD ? added[deed->draft->type] : done[deed->kind];
}

bool bridge_expense_do(bridge_expense *x, const isplit_deed *deed)
{
    const isplit_entry *entry = NULL;
    isplit_field field = ISPLIT_FIELD_NONE;
    isplit_reason why = {""};
    char *json = NULL;

    if (!bridge_expense_may_write(x))
        return false;
    int error = isplit_book_do(x->hub->host.book, x->room, deed, &entry, &field, &why);
    if (error == IC_ERR_INVALID && deed->draft)
        find_left_over(x, deed->draft);
    if (error)
        return bridge_expense_refuse(x, error, field, &why);
    if (deed->kind == ISPLIT_DEED_RECUR)
        return make_due(x);
    begin(x, done_type(deed));
    if (deed->kind == ISPLIT_DEED_MEMBER)
        return add_state(x, "members", isplit_form_members_json);
    if (deed->kind == ISPLIT_DEED_SET)
        return add_settings(x);
    error = entry ? isplit_form_entry_json(entry, &json) : 0;
    if (entry)
        add_form(x, "event", error, json);
    else
        ic__buf_text(&x->answer, ",\"event\":null");
    return true;
}

/* As many entries as fit into one answer; "next" says where the others begin. */
bool bridge_expense_list(bridge_expense *x, bool all, size_t offset, size_t limit)
{
    const isplit_state *state = state_of(x);
    size_t end = 0;
    char *json = NULL;

    if (!state)
        return false;
    size_t count = all ? isplit_state_all_count(state) : isplit_state_entry_count(state);
    size_t max = x->hub->settings.max_answer_bytes;
    begin(x, "expense_list");
    ic__buf_printf(&x->answer, ",\"count\":%zu", count);
    int error = isplit_form_entries_part_json(state, all, offset, limit,
                                              max - max / LIST_MARGIN, &json, &end);
    add_form(x, "events", error, json);
    if (!error && end < count)
        ic__buf_printf(&x->answer, ",\"next\":%zu", end);
    bridge_write_fingerprint(&x->answer, state);
    return true;
}

bool bridge_expense_planned(bridge_expense *x)
{
    const bridge_host *host = &x->hub->host;

    x->waits = host->planned && !host->planned(x->room, host->user);
    return !x->waits;
}

bool bridge_expense_cancel(bridge_expense *x)
{
    size_t answered = bridge_session_cancel(x->asker->session, x->room, x->asker->now_ns);

    begin(x, "expense_canceled");
    ic__buf_printf(&x->answer, ",\"answered\":%zu", answered);
    return true;
}

bool bridge_expense_balance(bridge_expense *x, const char *type, isplit_plan_mode mode,
                            const char *via)
{
    const isplit_state *state = state_of(x);
    isplit_plan_options options;
    char *json = NULL;

    if (!state || (mode == ISPLIT_PLAN_MINIMAL && !bridge_expense_planned(x)))
        return false;
    isplit_plan_options_default(&options);
    options.mode = (uint32_t)mode;
    options.via = via;
    int error = isplit_form_summary_json_with(state, &options, &json);
    if (error == IC_ERR_INVALID)
        return bridge_expense_fail(x, "Invalid plan: name a member to settle with");
    begin(x, type);
    add_form(x, "summary", error, json);
    bridge_write_company(x->hub, x->room, state, &x->answer);
    return true;
}

/* The entry that a client means, or an error. */
static const isplit_entry *entry_of(bridge_expense *x, const isplit_state *state,
                                    const char *ref)
{
    const isplit_entry *entry = NULL;
    isplit_reason why = {""};
    int error = isplit_state_find(state, ref, &entry, &why);

    if (error)
        (void)bridge_expense_fail(x, "%s", reason_of(&why, error));
    return error ? NULL : entry;
}

/* The values of what comes again, when `ref` names that. */
static const isplit_entry *recurring_of(const isplit_state *state, const char *ref)
{
    size_t count = 0;
    const isplit_recurring *list = isplit_state_recurring(state, &count);

    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i].entry->id, ref) == 0)
            return list[i].entry;
    }
    return NULL;
}

bool bridge_expense_line(bridge_expense *x, const char *ref, ic__buf *out)
{
    const isplit_state *state = state_of(x);
    const isplit_entry *entry = state ? recurring_of(state, ref) : NULL;
    char *text = NULL;

    if (state && !entry)
        entry = entry_of(x, state, ref);
    if (!entry)
        return false;
    out->bad = isplit_form_line(entry, &text) != 0 || out->bad;
    ic__buf_text(out, text ? text : "");
    ic_mem_free(text);
    return true;
}

static void add_text(ic__buf *lines, int error, char *text)
{
    if (lines) {
        lines->bad = error != 0 || lines->bad;
        ic__buf_text(lines, text ? text : "");
    }
    ic_mem_free(text);
}

/* The two events that its author signed in the place of one, if so. */
static void add_fork(bridge_expense *x, const isplit_entry *entry)
{
    char *pair[2] = {NULL, NULL};

    if (!(entry->flags & ISPLIT_ENTRY_FORKED))
        return;
    if (isplit_book_fork(x->hub->host.book, x->room, entry->author, &pair[0], &pair[1])) {
        x->answer.bad = true;
        return;
    }
    ic__buf_text(&x->answer, ",\"fork\":[");
    ic__buf_text(&x->answer, pair[0]);
    ic__buf_char(&x->answer, ',');
    ic__buf_text(&x->answer, pair[1]);
    ic__buf_char(&x->answer, ']');
    ic_mem_free(pair[0]);
    ic_mem_free(pair[1]);
}

bool bridge_expense_history(bridge_expense *x, const char *ref, ic__buf *lines)
{
    const isplit_state *state = state_of(x);
    const isplit_entry *entry = state ? entry_of(x, state, ref) : NULL;
    char *json = NULL;
    char *text = NULL;

    if (!entry)
        return false;
    begin(x, "expense_history");
    int error = isplit_form_entry_json(entry, &json);
    add_form(x, "event", error, json);
    json = NULL;
    error = isplit_form_history_json(state, entry, &json);
    add_form(x, "steps", error, json);
    add_fork(x, entry);
    error = isplit_form_history(state, entry, &text);
    add_text(lines, error, text);
    return true;
}

bool bridge_expense_why(bridge_expense *x, const char *from, const char *to,
                        ic__buf *lines)
{
    const isplit_state *state = state_of(x);
    char *json = NULL;
    char *text = NULL;

    if (!state || !bridge_expense_planned(x))
        return false;
    begin(x, "expense_why");
    ic__buf_text(&x->answer, ",\"from\":");
    ic__json_write_cstring(&x->answer, from);
    ic__buf_text(&x->answer, ",\"to\":");
    ic__json_write_cstring(&x->answer, to);
    int error = isplit_form_why_json(state, from, to, &json);
    add_form(x, "why", error, json);
    error = isplit_form_why(state, from, to, &text);
    add_text(lines, error, text);
    return true;
}

bool bridge_expense_clear(bridge_expense *x)
{
    isplit_reason why = {""};
    size_t removed = 0;

    if (!bridge_expense_may_write(x))
        return false;
    int error = isplit_book_clear(x->hub->host.book, x->room, &removed, &why);
    if (error)
        return bridge_expense_fail(x, "Clear failed: %s", reason_of(&why, error));
    begin(x, "expense_cleared");
    ic__buf_printf(&x->answer, ",\"removed\":%zu", removed);
    return true;
}

bool bridge_expense_persist(bridge_expense *x, bool sim)
{
    isplit_reason why = {""};
    size_t count = 0;
    ic__buf key = {0};
    int error = isplit_book_persist(x->hub->host.book, x->room, sim, &count, &why);

    if (error == IC_ERR_NOT_FOUND)
        return bridge_expense_fail(x, "Nothing to persist.");
    if (error)
        return bridge_expense_fail(x, "Persist failed: %s", reason_of(&why, error));
    begin(x, "expense_persisted");
    ic__buf_text(&x->answer, ",\"tx\":null,\"stored\":\"local\",\"key\":");
    ic__buf_printf(&key, "expense/room/%s", x->room);
    if (key.bad)
        x->answer.bad = true;
    ic__json_write_cstring(&x->answer, key.data);
    ic__buf_printf(&x->answer, ",\"count\":%zu", count);
    add_bool(x, "sim", sim);
    ic__buf_free(&key);
    return true;
}

bool bridge_expense_restore(bridge_expense *x, bool confirmed, bool replace)
{
    isplit_reason why = {""};
    isplit_restored restored = {0};
    int error = isplit_book_restore(x->hub->host.book, x->room, replace, &restored, &why);

    if (error)
        return bridge_expense_fail(x, "Restore failed: %s", reason_of(&why, error));
    begin(x, "expense_restored");
    ic__buf_printf(&x->answer, ",\"added\":%zu,\"total\":%zu,\"source\":\"%s\"",
                   restored.added, restored.total, restored.found ? "local" : "none");
    add_bool(x, "confirmed", confirmed);
    add_bool(x, "replaced", replace);
    return true;
}

bool bridge_expense_export(bridge_expense *x, const char *format_name,
                           const char *what_name)
{
    const ic_env *env = &x->hub->host.env;
    isplit_export_format format;
    isplit_export_what what;
    isplit_reason why = {{0}};
    char *data = NULL;

    if (isplit_export_read(format_name, what_name, &format, &what, &why))
        return bridge_expense_fail(x, "Invalid format: %s", why.text);
    const isplit_state *state = state_of(x);
    if (!state || (what == ISPLIT_EXPORT_SETTLEMENTS && !bridge_expense_planned(x)))
        return false;
    begin(x, "expense_exported");
    ic__buf_printf(&x->answer, ",\"format\":\"%s\"", isplit_export_format_name(format));
    if (what != ISPLIT_EXPORT_SETTLEMENTS)
        ic__buf_printf(&x->answer, ",\"what\":\"%s\"", isplit_export_what_name(what));
    ic__buf_text(&x->answer, ",\"data\":");
    if (isplit_export_write(state, what, format, env->wall_ms(env->user), &data) != 0)
        x->answer.bad = true;
    ic__json_write_cstring(&x->answer, data);
    ic_mem_free(data);
    return true;
}
