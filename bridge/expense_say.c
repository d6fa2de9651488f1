/* expense_say: the same answers, asked for in words (16-ledger.md, section 5.3). */
#include <string.h>

#include "bridge/expense.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "intersplit/command.h"

/* What the entry comes to, or why it comes to nothing. */
static bool preview_draft(bridge_expense *x, ic__buf *b, const isplit_draft *draft)
{
    isplit_entry *entry = NULL;
    char *sentence = NULL;

    if (!bridge_expense_try(x, draft, &entry))
        return false;
    b->bad = isplit_form_sentence(entry, &sentence) != 0;
    ic__buf_text(b, sentence ? sentence : "");
    ic_mem_free(sentence);
    ic_mem_free(entry);
    return true;
}

/* What would come again, and how often. */
static bool preview_every(bridge_expense *x, ic__buf *b, const isplit_command *command)
{
    static const char *const units[] = {"day", "week", "month", "year"};
    const isplit_repeat *repeat = &command->repeat;

    if (!repeat->step) {
        ic__buf_text(b, "Show the recurring entries");
        return true;
    }
    ic__buf_printf(b, "Every %u %s%s until ", repeat->step, units[repeat->every],
                   repeat->step > 1 ? "s" : "");
    ic__buf_text(b, repeat->until ? repeat->until : "(a date is missing)");
    ic__buf_text(b, ": ");
    return preview_draft(x, b, &command->draft);
}

/* What would be said of a member. */
static void preview_member(ic__buf *b, const isplit_command *command)
{
    ic__buf_printf(b, "Member %s: %s", command->name, command->setting);
    if (command->text)
        ic__buf_printf(b, " %s", command->text);
}

/* What would become of which entry. */
static bool preview_change(bridge_expense *x, ic__buf *b, const isplit_command *command)
{
    ic__buf_text(b, command->kind == ISPLIT_COMMAND_EDIT      ? "Change "
                    : command->kind == ISPLIT_COMMAND_UNVOID  ? "Bring back "
                    : command->kind == ISPLIT_COMMAND_CONFIRM ? "Confirm "
                    : command->kind == ISPLIT_COMMAND_DISPUTE ? "Dispute "
                                                              : "Void ");
    bool unvoids = command->kind == ISPLIT_COMMAND_UNVOID;
    if (unvoids && strcmp(command->ref, "clear") == 0)
        ic__buf_text(b, "what the last clear covered");
    else if (unvoids && strcmp(command->ref, "last") == 0)
        ic__buf_text(b, "the last entry that is void or cleared");
    else if (!bridge_expense_line(x, command->ref, b))
        return false;
    if (command->kind != ISPLIT_COMMAND_EDIT)
        return true;
    ic__buf_text(b, " to: ");
    return preview_draft(x, b, &command->draft);
}

static const char *fixed_preview(const isplit_command *command)
{
    switch ((int)command->kind) {
    case ISPLIT_COMMAND_LIST:
        return "List the entries";
    case ISPLIT_COMMAND_BALANCE:
        return "Show balances and settlement";
    case ISPLIT_COMMAND_PERSIST:
        return "Write a snapshot of this room";
    case ISPLIT_COMMAND_RESTORE:
        return "Merge the snapshot of this room";
    case ISPLIT_COMMAND_CLEAR:
        return "Clear this room";
    case ISPLIT_COMMAND_HELP:
        return isplit_command_help();
    default:
        return NULL;
    }
}

/* One sentence: what the command does. Of questions about entries it is their answer,
 * which `run` writes. False when it cannot be meant. */
static bool preview(bridge_expense *x, ic__buf *b, const isplit_command *command)
{
    const char *fixed = fixed_preview(command);

    switch ((int)command->kind) {
    case ISPLIT_COMMAND_ADD:
    case ISPLIT_COMMAND_REFUND:
    case ISPLIT_COMMAND_PAY:
        return preview_draft(x, b, &command->draft);
    case ISPLIT_COMMAND_EVERY:
        return preview_every(x, b, command);
    case ISPLIT_COMMAND_EDIT:
    case ISPLIT_COMMAND_VOID:
    case ISPLIT_COMMAND_UNVOID:
    case ISPLIT_COMMAND_CONFIRM:
    case ISPLIT_COMMAND_DISPUTE:
        return preview_change(x, b, command);
    case ISPLIT_COMMAND_MEMBER:
        preview_member(b, command);
        return true;
    case ISPLIT_COMMAND_ROOM:
        ic__buf_printf(b, "Room: %s", command->setting ? command->setting : "settings");
        return true;
    case ISPLIT_COMMAND_EXPORT:
        ic__buf_text(b, "Export the settlement as ");
        ic__buf_text(b, command->format ? command->format : "text");
        return true;
    case ISPLIT_COMMAND_SEND:
        ic__buf_text(b, "Send a message: ");
        ic__buf_text(b, command->text);
        return true;
    case ISPLIT_COMMAND_WHY:
    case ISPLIT_COMMAND_HISTORY:
        return true;
    default:
        ic__buf_text(b, fixed ? fixed : isplit_command_word(command->kind));
        return true;
    }
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

static bool run(bridge_expense *x, const isplit_command *command, ic__buf *lines)
{
    isplit_deed deed;

    if (isplit_command_deed(command, &deed))
        return bridge_expense_do(x, &deed);
    switch ((int)command->kind) {
    case ISPLIT_COMMAND_LIST:
        return bridge_expense_list(x, false, 0, SIZE_MAX);
    case ISPLIT_COMMAND_BALANCE:
        return bridge_expense_balance(x, "expense_balance", command->plan, command->name);
    case ISPLIT_COMMAND_ROOM:
        return bridge_expense_room(x, command);
    case ISPLIT_COMMAND_EVERY:
        return bridge_expense_recurring(x);
    case ISPLIT_COMMAND_WHY:
        return bridge_expense_why(x, command->name, command->to, lines);
    case ISPLIT_COMMAND_HISTORY:
        return bridge_expense_history(x, command->ref, lines);
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
    default: /* help, which the preview is */
        return true;
    }
}

/* Questions whose answer stands in the preview are asked in a dry run, too. */
static bool is_question(const isplit_command *command)
{
    return command->kind == ISPLIT_COMMAND_WHY || command->kind == ISPLIT_COMMAND_HISTORY;
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
    bool done = preview(x, &sentence, command) &&
                ((dry_run && !is_question(command)) || run(x, command, &sentence));
    x->answer.bad = x->answer.bad || sentence.bad;
    if (done)
        wrap(x, command, sentence.data, dry_run);
    ic__buf_free(&sentence);
    isplit_command_free(command);
    return done;
}
