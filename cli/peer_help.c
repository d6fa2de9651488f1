#include "peer_help.h"

#include <stddef.h>

const char *const peer_help_lines[] = {
    "Node started. Available commands:",
    " ",
    "- Setup Commands:",
    "- /add_admin | Works only once and only on the bootstrap node. Enter a peer "
    "public key (hex) to assign admin rights: '/add_admin --address \"<hex>\"'.",
    "- /update_admin | Existing admins may transfer admin ownership. Enter "
    "\"null\" as address to waive admin rights for this peer entirely: "
    "'/update_admin --address \"<address>\"'.",
    "- /add_indexer | Only admin. Enter a peer writer key to get included as "
    "indexer for this network: '/add_indexer --key \"<key>\"'.",
    "- /add_writer | Only admin. Enter a peer writer key to get included as "
    "writer for this network: '/add_writer --key \"<key>\"'.",
    "- /remove_writer | Only admin. Enter a peer writer key to get removed as "
    "writer or indexer for this network: '/remove_writer --key \"<key>\"'.",
    "- /remove_indexer | Only admin. Alias of /remove_writer (removes indexer as "
    "well): '/remove_indexer --key \"<key>\"'.",
    "- /set_auto_add_writers | Only admin. Allow any peer to join as writer "
    "automatically: '/set_auto_add_writers --enabled 1'",
    "- /enable_transactions | Enable transactions.",
    " ",
    "- Chat Commands:",
    "- /set_chat_status | Only admin. Enable/disable the built-in chat system: "
    "'/set_chat_status --enabled 1'. The chat system is disabled by default.",
    "- /post | Post a message: '/post --message \"Hello\"'. Chat must be enabled. "
    "Optionally use '--reply_to <message id>' to respond to a desired message.",
    "- /set_nick | Change your nickname like this '/set_nick --nick \"Peter\"'. "
    "Chat must be enabled. Can be edited by admin and mods using the optional "
    "--user <address> flag.",
    "- /mute_status | Only admin and mods. Mute or unmute a user by their "
    "address: '/mute_status --user \"<address>\" --muted 1'.",
    "- /set_mod | Only admin. Set a user as mod: '/set_mod --user \"<address>\" "
    "--mod 1'.",
    "- /delete_message | Delete a message: '/delete_message --id 1'. Chat must be "
    "enabled.",
    "- /pin_message | Set the pin status of a message: '/pin_message --id 1 --pin "
    "1'. Chat must be enabled.",
    "- /unpin_message | Unpin a message by its pin id: '/unpin_message --pin_id "
    "1'. Chat must be enabled.",
    "- /enable_whitelist | Only admin. Enable/disable chat whitelists: "
    "'/enable_whitelist --enabled 1'.",
    "- /set_whitelist_status | Only admin. Add/remove users to/from the chat "
    "whitelist: '/set_whitelist_status --user \"<address>\" --status 1'.",
    " ",
    "- System Commands:",
    "- /tx | Perform a contract transaction. The command flag contains contract "
    "commands (format is protocol dependent): '/tx --command \"<string>\"'. To "
    "simulate a tx, additionally use '--sim 1'.",
    "- /deploy_subnet | Register this subnet in the MSB (required before TX "
    "settlement): '/deploy_subnet'.",
    "- /stats | check system properties such as writer key, DAG, etc.",
    "- /get_keys | prints your public and private keys. Be careful and never "
    "share your private key!",
    "- /exit | Exit the program",
    "- /help | This help text",
    " ",
    "- Sample Commands:",
    "- /print | use this flag to print some text to the terminal: '--text \"I am "
    "printing\"",
    "- /get --key \"<key>\" [--confirmed true|false] | reads subnet state key "
    "(confirmed defaults to true).",
    "- /msb | prints MSB txv + lengths (local MSB node view).",
    "- /tx --command \"read_chat_last\" | prints last chat message captured by "
    "contract.",
    "- /tx --command \"read_timer\" | prints current timer feature value.",
    "- /sc_join --channel \"<name>\" | join an ephemeral sidechannel (no "
    "autobase).",
    "- /sc_open --channel \"<name>\" [--via \"<channel>\"] [--invite "
    "<json|b64|@file>] [--welcome <json|b64|@file>] | request others to open a "
    "sidechannel.",
    "- /sc_send --channel \"<name>\" --message \"<text>\" [--invite "
    "<json|b64|@file>] | send message over sidechannel.",
    "- /sc_invite --channel \"<name>\" --pubkey \"<peer-pubkey-hex>\" [--ttl "
    "<sec>] [--welcome <json|b64|@file>] | create a signed invite.",
    "- /sc_welcome --channel \"<name>\" --text \"<message>\" | create a signed "
    "welcome.",
    "- /sc_stats | show sidechannel channels + connection count.",
    " ",
    "- Expense Commands:",
    "- /expense_add --payer \"<name>\" --amount \"<n>\" --split \"a,b,c\" "
    "[--channel \"<name>\"] [--note \"<text>\"] [--only 1] | add an expense; the "
    "payer shares in it unless --only 1.",
    "  splits: --split \"a=20,b=10\" | \"a*2,b\" | \"a,b 3:2\" | \"a 60%,b 40%\" | "
    "\"a,b+3\"; [--rest \"<who takes what is left>\"]; [--items \"12.50 pizza for a,b; 8 "
    "for b\"] [--tax \"<n>\"].",
    "  more: --payer \"a=25+b=5\" | --currency USD [--rate 0.92] | --category food | "
    "--date 2026-11-23.",
    "- /expense_refund --payer \"<who got it>\" --amount \"<n>\" --split \"a,b,c\" | "
    "money that came back, as /expense_add.",
    "- /expense_pay --from \"<name>\" --to \"<name>\" --amount \"<n>\" [--channel "
    "\"<name>\"] [--note \"<text>\"] | a member paid another one back.",
    "- /expense_amend --id \"<id>|last\" --payer ... | an entry anew, as /expense_add; "
    "with --refund 1 or --from and --to another kind.",
    "- /expense_void --id \"<id>|last\" [--why \"<text>\"] | an entry no longer counts; "
    "it "
    "stays listed.",
    "- /expense_unvoid --id \"<id>|last|clear\" [--why \"<text>\"] | it counts again; "
    "clear: all that the last clear covered.",
    "- /expense_ack --id \"<id>|last\" | say that an entry with your name is right.",
    "- /expense_dispute --id \"<id>|last\" [--why \"<text>\"] | say that it is not.",
    "- /expense_member --name \"<name>\" [--active 0|1] [--weight <n>] [--show "
    "\"<text>\"] [--claim 1] | a member leaves or returns; claim: the name is yours.",
    "- /expense_history --id \"<id>|last\" | what happened to an entry.",
    "- /expense_say --text \"<line>\" | what the page's assistant understands: "
    "--text \"help\" lists it.",
    "- /expense_list [--channel \"<name>\"] [--all 1] | the entries of a room (no "
    "channel: "
    "the entry channel); all: with ids and what is void.",
    "- /expense_balance [--channel \"<name>\"] [--plan minimal|pairwise] [--via "
    "\"<name>\"] | who owes whom, and the fewest "
    "payments that settle it.",
    "- /expense_plan | the same.",
    "- /expense_why --from \"<name>\" --to \"<name>\" | the entries behind a payment.",
    "- /expense_clear [--channel \"<name>\"] | set a room back to nothing; its "
    "history stays.",
    "- /expense_persist [--channel \"<name>\"] [--sim 1] | save a copy of the "
    "room.",
    "- /expense_restore [--channel \"<name>\"] [--confirmed 1|0] [--replace 1] | "
    "take the saved copy back in.",
    "- /expense_export [--channel \"<name>\"] [--format text|json|csv|...] "
    "[--what settlements|balances|expenses] | the "
    "settlement for others to read.",
    NULL,
};
