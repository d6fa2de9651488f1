/* expense_say: the same answers, asked for in words (16-ledger.md, section 5.3). */
#include <string.h>

#include "bridge/expense.h"
#include "intercom/error.h"
#include "intersplit/command.h"
#include "intersplit/money.h"
#include "sidechannel/name.h"

#define EXPONENT 2 /* of every room until rooms can say otherwise */

static const char *kind_name(isplit_command_kind kind)
{
    switch (kind) {
    case ISPLIT_COMMAND_ADD:
        return "add";
    case ISPLIT_COMMAND_LIST:
        return "list";
    case ISPLIT_COMMAND_BALANCE:
        return "balance";
    case ISPLIT_COMMAND_PERSIST:
        return "persist";
    case ISPLIT_COMMAND_RESTORE:
        return "restore";
    case ISPLIT_COMMAND_EXPORT:
        return "export";
    case ISPLIT_COMMAND_CLEAR:
        return "clear";
    case ISPLIT_COMMAND_SEND:
        return "send";
    case ISPLIT_COMMAND_HELP:
        return "help";
    }
    return "unknown";
}

/* Names come out as they are stored: without blanks around them, in lower case. */
static void put_name(ic__buf *b, const char *name)
{
    size_t len;

    name = ic__trim(name, strlen(name), &len);
    bridge_lower(b, name, len);
}

static bool same_name(const char *a, const char *b)
{
    ic__buf x = {0};
    ic__buf y = {0};

    put_name(&x, a);
    put_name(&y, b);
    bool same = !x.bad && !y.bad && x.len == y.len && memcmp(x.data, y.data, x.len) == 0;
    ic__buf_free(&x);
    ic__buf_free(&y);
    return same;
}

static bool splits_with(const isplit_draft *draft, const char *name)
{
    for (size_t i = 0; i < draft->part_count; i++) {
        if (same_name(draft->parts[i].name, name))
            return true;
    }
    return false;
}

/* Whoever shares, with the payer first when the command left the payer out. */
static void preview_split(ic__buf *b, const isplit_draft *draft)
{
    if (!draft->part_count) {
        ic__buf_text(b, ", split between all members");
        return;
    }
    ic__buf_text(b, ", split between ");
    if (!draft->only && !splits_with(draft, draft->payer)) {
        put_name(b, draft->payer);
        ic__buf_text(b, ", ");
    }
    for (size_t i = 0; i < draft->part_count; i++) {
        if (i)
            ic__buf_text(b, ", ");
        put_name(b, draft->parts[i].name);
    }
}

static bool preview_add(bridge_expense *x, ic__buf *b, const isplit_draft *draft)
{
    char amount[ISPLIT_MONEY_TEXT_MAX];
    isplit_reason why = {""};
    int64_t minor;

    if (isplit_money_parse(draft->amount, strlen(draft->amount), EXPONENT, NULL,
                           draft->amount_strict ? ISPLIT_MONEY_STRICT : 0, &minor,
                           &why) != 0)
        return bridge_expense_fail(x, "Invalid amount: %s", why.text);
    ic__buf_text(b, "Add ");
    ic__buf_text(b, isplit_money_format(minor, EXPONENT, 0, amount));
    ic__buf_text(b, " paid by ");
    put_name(b, draft->payer);
    preview_split(b, draft);
    if (draft->note && *draft->note) {
        ic__buf_text(b, ", note: ");
        ic__buf_text(b, draft->note);
    }
    return true;
}

/* One sentence: what the command does. False when it cannot be meant. */
static bool preview(bridge_expense *x, ic__buf *b, const isplit_command *command)
{
    static const char *const formats[] = {[ISPLIT_EXPORT_TEXT] = "text",
                                          [ISPLIT_EXPORT_JSON] = "JSON",
                                          [ISPLIT_EXPORT_CSV] = "CSV"};

    switch (command->kind) {
    case ISPLIT_COMMAND_ADD:
        return preview_add(x, b, &command->draft);
    case ISPLIT_COMMAND_LIST:
        ic__buf_text(b, "List the entries");
        break;
    case ISPLIT_COMMAND_BALANCE:
        ic__buf_text(b, "Show balances and settlement");
        break;
    case ISPLIT_COMMAND_PERSIST:
        ic__buf_text(b, "Write a snapshot of this room");
        break;
    case ISPLIT_COMMAND_RESTORE:
        ic__buf_text(b, "Merge the snapshot of this room");
        break;
    case ISPLIT_COMMAND_EXPORT:
        ic__buf_printf(b, "Export the settlement as %s", formats[command->format]);
        break;
    case ISPLIT_COMMAND_CLEAR:
        ic__buf_text(b, "Clear this room");
        break;
    case ISPLIT_COMMAND_SEND:
        ic__buf_text(b, "Send a message: ");
        ic__buf_text(b, command->text);
        break;
    case ISPLIT_COMMAND_HELP:
        ic__buf_text(b, isplit_command_help());
        break;
    }
    return true;
}

/* A plain message on the room's channel. */
static bool say_on_channel(bridge_expense *x, const char *words)
{
    ic__json *message = NULL;
    ic__buf text = {0};
    bool may = bridge_expense_may_write(x);
    int error = 0;

    if (may) {
        ic__json_write_cstring(&text, words);
        error = text.bad ? IC_ERR_NOMEM : ic__json_parse(text.data, text.len, &message);
    }
    if (may && !error)
        error =
            ic__sidechannel_send(x->hub->host.sidechannel, x->room, message, NULL, NULL);
    if (may && error)
        bridge_write_send_error(&x->error, error);
    may = may && !error;
    if (may) {
        ic__buf_text(&x->answer, "\"type\":\"sent\",\"channel\":");
        ic__json_write_cstring(&x->answer, x->room);
    }
    ic__json_free(message);
    ic__buf_free(&text);
    return may;
}

static bool run(bridge_expense *x, const isplit_command *command)
{
    switch (command->kind) {
    case ISPLIT_COMMAND_ADD:
        return bridge_expense_add(x, &command->draft);
    case ISPLIT_COMMAND_LIST:
        return bridge_expense_list(x, 0, SIZE_MAX);
    case ISPLIT_COMMAND_BALANCE:
        return bridge_expense_balance(x);
    case ISPLIT_COMMAND_PERSIST:
        return bridge_expense_persist(x, false);
    case ISPLIT_COMMAND_RESTORE:
        return bridge_expense_restore(x, true, false);
    case ISPLIT_COMMAND_EXPORT:
        return bridge_expense_export(x, command->format);
    case ISPLIT_COMMAND_CLEAR:
        return bridge_expense_clear(x);
    case ISPLIT_COMMAND_SEND:
        return say_on_channel(x, command->text);
    case ISPLIT_COMMAND_HELP:
        return true;
    }
    return true;
}

/* Put the plain answer, if any, into the answer to expense_say. */
static void wrap(bridge_expense *x, const isplit_command *command, const char *sentence,
                 bool dry_run)
{
    ic__buf plain = x->answer;

    x->answer = (ic__buf){.bad = plain.bad};
    ic__buf_text(&x->answer, "\"type\":\"expense_said\",\"channel\":");
    ic__json_write_cstring(&x->answer, x->room);
    ic__buf_printf(&x->answer, ",\"dryRun\":%s,\"kind\":\"%s\",\"preview\":",
                   dry_run ? "true" : "false", kind_name(command->kind));
    ic__json_write_cstring(&x->answer, sentence);
    if (plain.len)
        ic__buf_printf(&x->answer, ",\"result\":{%s}", plain.data);
    else
        ic__buf_text(&x->answer, ",\"result\":null");
    ic__buf_free(&plain);
}

bool bridge_expense_say(bridge_expense *x, const char *text, bool dry_run)
{
    isplit_command *command = NULL;
    isplit_reason why = {""};
    ic__buf sentence = {0};
    int error = isplit_command_parse(text, strlen(text), &command, &why);

    if (error)
        return bridge_expense_fail(x, "%s", why.text[0] ? why.text : ic_strerror(error));
    bool done = preview(x, &sentence, command) && (dry_run || run(x, command));
    x->answer.bad = x->answer.bad || sentence.bad;
    if (done)
        wrap(x, command, sentence.data, dry_run);
    ic__buf_free(&sentence);
    isplit_command_free(command);
    return done;
}
