#include "peer_command.h"

#include <string.h>

#include "intercom/error.h"
#include "intersplit/command.h"
#include "peer_near.h"

#define ROOM_FLAGS "channel"
#define SPLIT_FLAGS "items tax rest currency rate category date"
#define SC_FLAGS "channel invite welcome"
#define SC_OBJECTS " [--invite <json|b64|@file>] [--welcome <json|b64|@file>]"

const peer_command peer_commands[] = {
    {"/add_admin", "address", peer_cmd_add_admin, NULL, 0},
    {"/update_admin", "address", peer_cmd_admin_only, NULL, 0},
    {"/add_indexer", "key", peer_cmd_admin_only, NULL, 0},
    {"/add_writer", "key", peer_cmd_admin_only, NULL, 0},
    {"/remove_writer", "key", peer_cmd_admin_only, NULL, 0},
    {"/remove_indexer", "key", peer_cmd_admin_only, NULL, 0},
    {"/set_auto_add_writers", "enabled", peer_cmd_admin_only, NULL, 0},
    {"/enable_transactions", "enabled", peer_cmd_not_built, NULL, 0},
    {"/set_chat_status", "enabled", peer_cmd_admin_only, NULL, 0},
    {"/post", "message reply_to", peer_cmd_post, NULL, 0},
    {"/set_nick", "nick user", peer_cmd_set_nick, NULL, 0},
    {"/mute_status", "user muted", peer_cmd_moderator_only, NULL, 0},
    {"/set_mod", "user mod", peer_cmd_admin_only, NULL, 0},
    {"/delete_message", "id", peer_cmd_moderator_only, NULL, 0},
    {"/pin_message", "id pin", peer_cmd_moderator_only, NULL, 0},
    {"/unpin_message", "pin_id", peer_cmd_moderator_only, NULL, 0},
    {"/enable_whitelist", "enabled", peer_cmd_admin_only, NULL, 0},
    {"/set_whitelist_status", "user status", peer_cmd_admin_only, NULL, 0},
    {"/tx", "command sim", peer_cmd_tx, NULL, 0},
    {"/deploy_subnet", "", peer_cmd_not_built, NULL, 0},
    {"/stats", "", peer_cmd_stats, NULL, 0},
    {"/get_keys", "", peer_cmd_get_keys, NULL, 0},
    {"/exit", "", peer_cmd_exit, NULL, 0},
    {"/help", "", peer_cmd_help, NULL, 0},
    {"/print", "text", peer_cmd_print, "/print --text \"<text>\"", 0},
    {"/get", "key confirmed unconfirmed", peer_cmd_get,
     "/get --key \"<hyperbee-key>\" [--confirmed true|false] [--unconfirmed 1]", 0},
    {"/msb", "", peer_cmd_not_built, NULL, 0},
    {"/sc_join", SC_FLAGS, peer_cmd_sc_join, "/sc_join --channel \"<name>\"" SC_OBJECTS,
     0},
    {"/sc_open", SC_FLAGS " via", peer_cmd_sc_open,
     "/sc_open --channel \"<name>\" [--via \"<channel>\"]" SC_OBJECTS, 0},
    {"/sc_send", SC_FLAGS " message", peer_cmd_sc_send,
     "/sc_send --channel \"<name>\" --message \"<text>\"" SC_OBJECTS, 0},
    {"/sc_invite", "channel pubkey ttl welcome", peer_cmd_sc_invite,
     "/sc_invite --channel \"<name>\" --pubkey \"<peer-pubkey-hex>\" [--ttl <sec>] "
     "[--welcome <json|b64|@file>]",
     0},
    {"/sc_welcome", "channel text", peer_cmd_sc_welcome,
     "/sc_welcome --channel \"<name>\" --text \"<message>\"", 0},
    {"/sc_stats", "", peer_cmd_sc_stats, NULL, 0},
    {"/expense_add", "channel payer amount split note only " SPLIT_FLAGS,
     peer_cmd_expense_add,
     "/expense_add --channel \"<name>\" --payer \"<name>\" --amount \"<n>\" "
     "--split \"a,b,c\" [--note \"<text>\"] [--only 1]",
     ISPLIT_ENTRY_EXPENSE},
    {"/expense_refund", "channel payer amount split note only " SPLIT_FLAGS,
     peer_cmd_expense_add,
     "/expense_refund --channel \"<name>\" --payer \"<who got it>\" --amount \"<n>\" "
     "--split \"a,b,c\" [--note \"<text>\"]",
     ISPLIT_ENTRY_REFUND},
    {"/expense_pay", "channel from to amount currency date note", peer_cmd_expense_add,
     "/expense_pay --channel \"<name>\" --from \"<name>\" --to \"<name>\" --amount "
     "\"<n>\" [--note \"<text>\"]",
     ISPLIT_ENTRY_PAYMENT},
    {"/expense_amend",
     "channel id payer amount split note only refund from to " SPLIT_FLAGS,
     peer_cmd_expense_amend,
     "/expense_amend --channel \"<name>\" --id \"<id>|last\" --payer \"<name>\" "
     "--amount \"<n>\" --split \"a,b,c\" [--note \"<text>\"]",
     0},
    {"/expense_void", "channel id why", peer_cmd_expense_about,
     "/expense_void --channel \"<name>\" --id \"<id>|last\" [--why \"<text>\"]",
     ISPLIT_DEED_VOID},
    {"/expense_unvoid", "channel id why", peer_cmd_expense_about,
     "/expense_unvoid --channel \"<name>\" --id \"<id>|last|clear\" [--why \"<text>\"]",
     ISPLIT_DEED_UNVOID},
    {"/expense_ack", "channel id why", peer_cmd_expense_about,
     "/expense_ack --channel \"<name>\" --id \"<id>|last\" [--why \"<text>\"]",
     ISPLIT_DEED_ACK},
    {"/expense_dispute", "channel id why", peer_cmd_expense_about,
     "/expense_dispute --channel \"<name>\" --id \"<id>|last\" [--why \"<text>\"]",
     ISPLIT_DEED_DISPUTE},
    {"/expense_member", "channel name active weight show claim", peer_cmd_expense_member,
     "/expense_member --channel \"<name>\" --name \"<name>\" [--active 0|1] [--weight "
     "<n>] [--show \"<text>\"] [--claim 1]",
     0},
    {"/expense_history", "channel id", peer_cmd_expense_history,
     "/expense_history --channel \"<name>\" --id \"<id>|last\"", 0},
    {"/expense_why", "channel from to", peer_cmd_expense_why,
     "/expense_why --channel \"<name>\" --from \"<name>\" --to \"<name>\"", 0},
    {"/expense_plan", ROOM_FLAGS " plan via", peer_cmd_expense_balance, NULL, 0},
    {"/expense_say", "channel text", peer_cmd_expense_say,
     "/expense_say --channel \"<name>\" --text \"<line of the assistant>\"", 0},
    {"/expense_list", ROOM_FLAGS " all", peer_cmd_expense_list, NULL, 0},
    {"/expense_balance", ROOM_FLAGS " plan via", peer_cmd_expense_balance, NULL, 0},
    {"/expense_clear", ROOM_FLAGS, peer_cmd_expense_clear, NULL, 0},
    {"/expense_persist", ROOM_FLAGS " sim", peer_cmd_expense_persist, NULL, 0},
    {"/expense_restore", ROOM_FLAGS " confirmed replace", peer_cmd_expense_restore, NULL,
     0},
    {"/expense_export", ROOM_FLAGS " format what", peer_cmd_expense_export, NULL, 0},
    {0},
};

const peer_command *peer_command_find(const char *name)
{
    for (const peer_command *c = peer_commands; c->name; c++) {
        if (strcmp(c->name, name) == 0)
            return c;
    }
    return NULL;
}

static bool is_for_assistant(const char *word)
{
    for (int kind = ISPLIT_COMMAND_ADD; kind <= ISPLIT_COMMAND_HELP; kind++) {
        if (strcmp(word, isplit_command_word((isplit_command_kind)kind)) == 0)
            return true;
    }
    return false;
}

/* The reference hands what it does not know to its contract, which ignores it. */
static void run_unknown(peer_asker asker, const char *name, peer_reply *reply)
{
    peer_near near = {0};

    if (asker == PEER_ASKER_BRIDGE)
        return;
    for (const peer_command *c = peer_commands; c->name; c++)
        peer_near_offer(&near, name, c->name);
    if (near.name[0])
        peer_fail(reply, "unknown command %.60s; did you mean %s?", name, near.name);
    else if (is_for_assistant(name))
        peer_fail(reply, "commands begin with a slash; a line like this goes behind "
                         "/expense_say --channel NAME --text");
    else if (name[0] != '/')
        peer_fail(reply, "commands begin with a slash; /help lists them");
    else
        peer_fail(reply, "unknown command %.60s; /help lists the commands", name);
}

static void refuse_line(int error, peer_reply *reply)
{
    if (error == IC_ERR_INVALID)
        peer_fail(reply, "a quote is not closed");
    else if (error == IC_ERR_LIMIT)
        peer_fail(reply, "the line is too long");
    else
        peer_fail(reply, "%s", ic_strerror(error));
}

void peer_command_run(peer_app *app, peer_asker asker, const char *text, size_t len,
                      peer_reply *reply)
{
    peer_line line;

    int error = peer_line_parse(&line, text, len);
    if (error) {
        refuse_line(error, reply);
        return;
    }
    const peer_command *command = peer_command_find(line.command);
    if (command)
        command->run(&(peer_call){app, command, &line, reply, asker});
    else if (line.command[0])
        run_unknown(asker, line.command, reply);
    peer_line_free(&line);
}
