/* What the page's assistant understands, at the terminal (docs/spec/16-ledger.md, section
 * 5.3). */
#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "intersplit/command.h"
#include "intersplit/form.h"
#include "peer_expense.h"

static void set_room(const peer_call *call, const char *room, const isplit_state *state,
                     const isplit_command *c)
{
    isplit_new_settings made;
    isplit_reason why = {{0}};
    int error = isplit_command_settings(c, isplit_state_settings(state), &made, &why);

    if (error)
        peer_expense_refuse(call, error, ISPLIT_FIELD_NONE, &why);
    else
        peer_expense_do(
            call, room,
            &(isplit_deed){.kind = ISPLIT_DEED_SET, .settings = &made.settings});
}

static void show_list(const peer_call *call, const isplit_state *state)
{
    char *text = NULL;
    int error = isplit_form_list(state, &text);

    peer_expense_say(call, error, text);
}

static void answer_question(const peer_call *call, const char *room,
                            const isplit_state *state, const isplit_command *c)
{
    isplit_plan_options options;

    isplit_plan_options_default(&options);
    options.mode = (uint32_t)c->plan;
    options.via = c->name;
    if (c->kind == ISPLIT_COMMAND_ROOM && c->setting)
        set_room(call, room, state, c);
    else if (c->kind == ISPLIT_COMMAND_ROOM)
        peer_expense_say_settings(call, state);
    else if (c->kind == ISPLIT_COMMAND_HISTORY)
        peer_expense_history(call, state, c->ref);
    else if (c->kind == ISPLIT_COMMAND_LIST)
        show_list(call, state);
    else if (c->kind == ISPLIT_COMMAND_EVERY)
        peer_expense_say_recurring(call, state);
    else if (c->kind == ISPLIT_COMMAND_BALANCE)
        peer_expense_balance(call, room, &options);
    else
        peer_expense_why(call, room, c->name, c->to);
}

static void answer_about_room(const peer_call *call, const char *room,
                              const isplit_command *c)
{
    const isplit_state *state = peer_expense_state(call, room);

    if (state)
        answer_question(call, room, state, c);
}

static void show_help(const peer_call *call)
{
    size_t size = strlen(isplit_command_help()) + 1;
    char *copy = ic_mem_alloc(size);

    if (copy)
        memcpy(copy, isplit_command_help(), size);
    peer_expense_say(call, copy ? 0 : IC_ERR_NOMEM, copy);
}

static void answer(const peer_call *call, const char *room, const isplit_command *c)
{
    isplit_deed deed;

    if (isplit_command_deed(c, &deed)) {
        peer_expense_do(call, room, &deed);
        return;
    }
    switch ((int)c->kind) {
    case ISPLIT_COMMAND_HELP:
        show_help(call);
        break;
    case ISPLIT_COMMAND_SEND:
        peer_channel_send(call, room, c->text);
        break;
    case ISPLIT_COMMAND_EXPORT:
        peer_expense_export(call, room, c->format, c->what);
        break;
    case ISPLIT_COMMAND_PERSIST:
        peer_expense_persist(call, room, false);
        break;
    case ISPLIT_COMMAND_RESTORE:
        peer_expense_restore(call, room, false);
        break;
    case ISPLIT_COMMAND_CLEAR:
        peer_expense_clear(call, room);
        break;
    default:
        answer_about_room(call, room, c);
    }
}

void peer_cmd_expense_say(const peer_call *call)
{
    char *memory;
    isplit_command *command = NULL;
    isplit_reason why = {{0}};
    const char *text = peer_line_any(call->line, "text");
    const char *room = peer_expense_room(call, PEER_EXPENSE_ROOM " text", &memory);

    if (!room)
        return;
    if (!peer_expense_lacks(call, "text", text)) {
        int error = isplit_command_parse(text, strlen(text), &command, &why);
        if (error)
            peer_expense_refuse(call, error, ISPLIT_FIELD_NONE, &why);
        else
            answer(call, room, command);
        isplit_command_free(command);
    }
    ic_mem_free(memory);
}
