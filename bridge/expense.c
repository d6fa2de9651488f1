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
    const char *reason = reason_of(why, error);

    if (error == IC_ERR_NOMEM)
        x->error.bad = true;
    switch (field) {
    case ISPLIT_FIELD_ROOM:
        return bridge_expense_fail(x, "Invalid channel: %s", reason);
    case ISPLIT_FIELD_PAYER:
        return bridge_expense_fail(x, "Invalid payer: %s", reason);
    case ISPLIT_FIELD_AMOUNT:
        return bridge_expense_fail(x, "Invalid amount: %s", reason);
    case ISPLIT_FIELD_SPLIT:
        return bridge_expense_fail(x, "Invalid split: %s", reason);
    case ISPLIT_FIELD_NOTE:
        return bridge_expense_fail(x, "Invalid note.");
    case ISPLIT_FIELD_CURRENCY:
        return bridge_expense_fail(x, "Invalid currency: %s", reason);
    case ISPLIT_FIELD_RATE:
        return bridge_expense_fail(x, "Invalid rate: %s", reason);
    case ISPLIT_FIELD_CATEGORY:
        return bridge_expense_fail(x, "Invalid category: %s", reason);
    case ISPLIT_FIELD_DATE:
        return bridge_expense_fail(x, "Invalid date: %s", reason);
    case ISPLIT_FIELD_NONE:
        break;
    }
    return bridge_expense_fail(x, "Add failed: %s", reason);
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

bool bridge_expense_add(bridge_expense *x, const isplit_draft *draft)
{
    const isplit_entry *entry = NULL;
    isplit_field field = ISPLIT_FIELD_NONE;
    isplit_reason why = {""};
    char *json = NULL;

    if (!bridge_expense_may_write(x))
        return false;
    int error = isplit_book_add(x->hub->host.book, x->room, draft, &entry, &field, &why);
    if (error == IC_ERR_INVALID)
        find_left_over(x, draft);
    if (error)
        return bridge_expense_refuse(x, error, field, &why);
    begin(x, draft->type == ISPLIT_ENTRY_PAYMENT  ? "expense_paid"
             : draft->type == ISPLIT_ENTRY_REFUND ? "expense_refunded"
                                                  : "expense_added");
    error = isplit_form_entry_json(entry, &json);
    add_form(x, "event", error, json);
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

bool bridge_expense_balance(bridge_expense *x)
{
    const isplit_state *state = state_of(x);
    char *json = NULL;

    if (!state)
        return false;
    begin(x, "expense_balance");
    int error = isplit_form_summary_json(state, &json);
    add_form(x, "summary", error, json);
    bridge_write_company(x->hub, x->room, state, &x->answer);
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
    if (!state)
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
