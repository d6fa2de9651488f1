/* expense_say: the same answers, asked for in words (16-ledger.md, section 5.3). */
#include <string.h>

#include "bridge/expense.h"
#include "intercom/error.h"
#include "intersplit/command.h"
#include "intersplit/money.h"
#include "sidechannel/name.h"

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

static void put_value(ic__buf *b, const isplit_draft *draft, const char *value)
{
    static const char *const before[] = {
        [ISPLIT_SPLIT_EQUAL] = "",          [ISPLIT_SPLIT_EXACT] = " ",
        [ISPLIT_SPLIT_WEIGHTS] = " times ", [ISPLIT_SPLIT_PERCENT] = " ",
        [ISPLIT_SPLIT_ADJUST] = " plus ",   [ISPLIT_SPLIT_ITEMS] = ""};

    if (!value)
        return;
    ic__buf_text(b, before[draft->mode]);
    ic__buf_text(b, value);
    ic__buf_text(b, draft->mode == ISPLIT_SPLIT_PERCENT ? "%" : "");
}

/* Whoever shares, with the payer first when the command left the payer out. */
static void preview_split(ic__buf *b, const isplit_draft *draft)
{
    if (!draft->part_count) {
        ic__buf_text(b, ", split between all members");
        return;
    }
    ic__buf_text(b, ", split between ");
    if (!draft->only && draft->mode == ISPLIT_SPLIT_EQUAL && draft->payer &&
        !splits_with(draft, draft->payer)) {
        put_name(b, draft->payer);
        ic__buf_text(b, ", ");
    }
    for (size_t i = 0; i < draft->part_count; i++) {
        ic__buf_text(b, i ? ", " : "");
        put_name(b, draft->parts[i].name);
        put_value(b, draft, draft->parts[i].value);
    }
}

static void preview_payers(ic__buf *b, const isplit_draft *draft)
{
    if (draft->payer)
        put_name(b, draft->payer);
    for (size_t i = 0; i < draft->payer_count; i++) {
        ic__buf_text(b, i ? " and " : "");
        put_name(b, draft->payers[i].name);
        ic__buf_text(b, " ");
        ic__buf_text(b, draft->payers[i].value ? draft->payers[i].value : "0");
    }
}

static bool preview_amount(bridge_expense *x, ic__buf *b, const isplit_draft *draft)
{
    char amount[ISPLIT_MONEY_TEXT_MAX];
    char code[ISPLIT_CURRENCY_MAX] = "";
    isplit_reason why = {""};
    const isplit_state *state = NULL;
    int64_t minor;

    if (isplit_book_state(x->hub->host.book, x->room, &state) != 0)
        return bridge_expense_fail(x, "Invalid channel.");
    const isplit_currency *own = isplit_state_currency(state, 0);
    unsigned exponent = own->exponent;
    if (draft->currency &&
        isplit_currency_code(draft->currency, strlen(draft->currency), code, &why) != 0)
        return bridge_expense_fail(x, "Invalid currency: %s", why.text);
    if (*code && strcmp(code, own->code) != 0)
        exponent = isplit_currency_exponent(code);
    if (isplit_money_parse(
            draft->amount, strlen(draft->amount), exponent, *code ? code : own->code,
            draft->amount_strict ? ISPLIT_MONEY_STRICT : 0, &minor, &why) != 0)
        return bridge_expense_fail(x, "Invalid amount: %s", why.text);
    ic__buf_text(b, isplit_money_format(minor, exponent, 0, amount));
    ic__buf_text(b, *code ? " " : "");
    ic__buf_text(b, code);
    return true;
}

static void preview_rest(ic__buf *b, const isplit_draft *draft)
{
    const struct {
        const char *before;
        const char *text;
    } more[] = {{", the rest for ", draft->rest_to},
                {", tax and tip ", draft->extra},
                {", rate ", draft->rate},
                {", category ", draft->category},
                {", on ", draft->date},
                {", note: ", draft->note}};

    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++) {
        if (!more[i].text || !*more[i].text)
            continue;
        ic__buf_text(b, more[i].before);
        ic__buf_text(b, more[i].text);
    }
}

static bool preview_draft(bridge_expense *x, ic__buf *b, const isplit_draft *draft)
{
    bool payment = draft->type == ISPLIT_ENTRY_PAYMENT;

    ic__buf_text(b, payment                              ? "Record that "
                    : draft->type == ISPLIT_ENTRY_REFUND ? "Refund "
                                                         : "Add ");
    if (payment) {
        preview_payers(b, draft);
        ic__buf_text(b, " pays ");
        put_name(b, draft->parts[0].name);
        ic__buf_text(b, " ");
    }
    if (!preview_amount(x, b, draft))
        return false;
    if (!payment) {
        ic__buf_text(b, draft->type == ISPLIT_ENTRY_REFUND ? " to " : " paid by ");
        preview_payers(b, draft);
        preview_split(b, draft);
    }
    if (draft->item_count)
        ic__buf_printf(b, ", %zu items", draft->item_count);
    preview_rest(b, draft);
    return true;
}

static bool later(bridge_expense *x, const isplit_command *command)
{
    return bridge_expense_fail(x, "%s: not available yet",
                               isplit_command_word(command->kind));
}

/* One sentence: what the command does. False when it cannot be meant. */
static bool preview(bridge_expense *x, ic__buf *b, const isplit_command *command)
{
    switch (command->kind) {
    case ISPLIT_COMMAND_ADD:
    case ISPLIT_COMMAND_REFUND:
    case ISPLIT_COMMAND_PAY:
        return preview_draft(x, b, &command->draft);
    case ISPLIT_COMMAND_LIST:
        ic__buf_text(b, "List the entries");
        return true;
    case ISPLIT_COMMAND_BALANCE:
        ic__buf_text(b, "Show balances and settlement");
        return true;
    case ISPLIT_COMMAND_PERSIST:
        ic__buf_text(b, "Write a snapshot of this room");
        return true;
    case ISPLIT_COMMAND_RESTORE:
        ic__buf_text(b, "Merge the snapshot of this room");
        return true;
    case ISPLIT_COMMAND_EXPORT:
        ic__buf_text(b, "Export the settlement as ");
        ic__buf_text(b, command->format ? command->format : "text");
        return true;
    case ISPLIT_COMMAND_CLEAR:
        ic__buf_text(b, "Clear this room");
        return true;
    case ISPLIT_COMMAND_SEND:
        ic__buf_text(b, "Send a message: ");
        ic__buf_text(b, command->text);
        return true;
    case ISPLIT_COMMAND_HELP:
        ic__buf_text(b, isplit_command_help());
        return true;
    case ISPLIT_COMMAND_EDIT:
    case ISPLIT_COMMAND_VOID:
    case ISPLIT_COMMAND_UNVOID:
    case ISPLIT_COMMAND_CONFIRM:
    case ISPLIT_COMMAND_DISPUTE:
    case ISPLIT_COMMAND_EVERY:
    case ISPLIT_COMMAND_MEMBER:
    case ISPLIT_COMMAND_ROOM:
    case ISPLIT_COMMAND_WHY:
    case ISPLIT_COMMAND_HISTORY:
        break;
    }
    return later(x, command);
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
    case ISPLIT_COMMAND_REFUND:
    case ISPLIT_COMMAND_PAY:
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
        return bridge_expense_export(x, command->format, command->what);
    case ISPLIT_COMMAND_CLEAR:
        return bridge_expense_clear(x);
    case ISPLIT_COMMAND_SEND:
        return say_on_channel(x, command->text);
    case ISPLIT_COMMAND_HELP:
        return true;
    case ISPLIT_COMMAND_EDIT:
    case ISPLIT_COMMAND_VOID:
    case ISPLIT_COMMAND_UNVOID:
    case ISPLIT_COMMAND_CONFIRM:
    case ISPLIT_COMMAND_DISPUTE:
    case ISPLIT_COMMAND_EVERY:
    case ISPLIT_COMMAND_MEMBER:
    case ISPLIT_COMMAND_ROOM:
    case ISPLIT_COMMAND_WHY:
    case ISPLIT_COMMAND_HISTORY:
        break;
    }
    return later(x, command);
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
                   dry_run ? "true" : "false", isplit_command_word(command->kind));
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
    isplit_reason why = {{0}};
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
