/* What a peer says about itself (docs/spec/14-trac-peer.md, section 9). */
#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#include "base/env.h"
#include "base/text.h"
#include "intercom/peer.h"
#include "peer_command.h"
#include "peer_help.h"
#include "peer_sync.h"

void peer_cmd_stats(const peer_call *call)
{
    peer_reply *reply = call->reply;
    ic_peer_stats stats;

    ic_peer_get_stats(call->app->peer, &stats, sizeof stats);
    peer_say(reply, "--- Stats ---");
    peer_say(reply, "wallet.address: %s",
             ic_identity_public_key_hex(ic_peer_identity(call->app->peer)));
    peer_say(reply, "swarm.connections.size: %" PRIu32, stats.connection_count);
    peer_say(reply, "sidechannels: %" PRIu32, stats.channel_count);
    peer_say(reply, "uptime.seconds: %" PRIu64, stats.uptime_ns / IC__SEC);
    if (call->app->sync) {
        const isplit_bind_stats s = peer_sync_stats(call->app->sync);
        peer_say(reply,
                 "ledger.messages: %" PRIu64 " received, %" PRIu64 " sent, %" PRIu64
                 " dropped",
                 s.received_count, s.sent_count,
                 s.dropped_bad + s.dropped_limit + s.dropped_full);
        peer_say(reply,
                 "ledger.events: %" PRIu64 " new, %" PRIu64 " known, %" PRIu64
                 " of forked authors",
                 s.new_events, s.known_events, s.forked);
        peer_say(reply, "ledger.comparisons: %" PRIu64, s.rounds);
    }
    peer_say(reply, "subnet: not built yet (no writer key, admin and DAG)");
}

void peer_cmd_get_keys(const peer_call *call)
{
    const ic_identity *self = ic_peer_identity(call->app->peer);
    uint8_t secret[IC_SEED_BYTES + IC_PUBLIC_KEY_BYTES];
    char line[sizeof "Secret key:  " + 2 * sizeof secret] = "Secret key:  ";

    if (call->asker == PEER_ASKER_BRIDGE && !call->app->keys_over_bridge) {
        peer_fail(call->reply, "/get_keys is refused over the bridge "
                               "(--sc-bridge-cli-keys 1 allows it).");
        return;
    }
    peer_say(call->reply, "Address:  %s", ic_identity_address(self));
    peer_say(call->reply, "Public Key:  %s", ic_identity_public_key_hex(self));
    ic_identity_copy_seed(self, secret);
    memcpy(secret + IC_SEED_BYTES, ic_identity_public_key(self), IC_PUBLIC_KEY_BYTES);
    ic__hex_encode(line + sizeof "Secret key:  " - 1, secret, sizeof secret);
    call->reply->line(line, call->reply->user);
    sodium_memzero(secret, sizeof secret);
    sodium_memzero(line, sizeof line);
}

void peer_cmd_help(const peer_call *call)
{
    for (const char *const *line = peer_help_lines; *line; line++)
        call->reply->line(*line, call->reply->user);
}

void peer_cmd_exit(const peer_call *call)
{
    call->app->stop(call->app->user);
}

void peer_cmd_print(const peer_call *call)
{
    const char *text = peer_line_value(call->line, "text");

    if (text)
        call->reply->line(text, call->reply->user);
    else
        peer_say(call->reply, "Usage: %s", call->command->usage);
}
