/* Commands of planes that are not built yet. Where the reference refuses a peer that is
 * neither admin nor writer, ours refuses in the same words. */
#include <string.h>

#include "peer_command.h"

void peer_cmd_admin_only(const peer_call *call)
{
    peer_fail(call->reply, "Only admin may perform this operation.");
}

void peer_cmd_moderator_only(const peer_call *call)
{
    peer_fail(call->reply, "Only admin or mod may perform this operation.");
}

void peer_cmd_add_admin(const peer_call *call)
{
    peer_fail(call->reply, "Peer is not initialized.");
}

void peer_cmd_post(const peer_call *call)
{
    if (peer_line_any(call->line, "message"))
        peer_fail(call->reply, "Chat is disabled.");
    else
        peer_fail(call->reply, "Empty message not allowed");
}

void peer_cmd_set_nick(const peer_call *call)
{
    peer_fail(call->reply, "Chat is disabled.");
}

void peer_cmd_tx(const peer_call *call)
{
    peer_fail(call->reply, "Peer is not writable.");
}

void peer_cmd_not_built(const peer_call *call)
{
    bool msb = strcmp(call->line->command, "/msb") == 0;
    peer_fail(call->reply, "%s needs the %s plane, which is not built yet.",
              call->line->command, msb ? "settlement (MSB)" : "subnet");
}

void peer_cmd_get(const peer_call *call)
{
    if (peer_line_any(call->line, "key"))
        peer_cmd_not_built(call);
    else
        peer_say(call->reply, "Usage: %s", call->command->usage);
}
