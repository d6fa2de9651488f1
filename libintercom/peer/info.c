#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "intercom/error.h"
#include "peer/peer.h"
#include "sidechannel/link.h"
#include "sidechannel/name.h"

const ic_identity *ic_peer_identity(const ic_peer *peer)
{
    return peer->identity;
}

const char *ic_peer_store(const ic_peer *peer)
{
    return peer->folder.path;
}

static void add_member(ic__buf *b, const char *name)
{
    ic__buf_printf(b, "%s\"%s\":", b->len > 1 ? "," : "", name);
}

static void add_text(ic__buf *b, const char *name, const char *text)
{
    add_member(b, name);
    ic__json_write_cstring(b, text);
}

/* A comma list as an array; null when there is none. */
static void add_list(ic__buf *b, const char *name, const char *list)
{
    const char *between = "";

    add_member(b, name);
    if (!list) {
        ic__buf_text(b, "null");
        return;
    }
    ic__buf_char(b, '[');
    while (*list) {
        size_t len = strcspn(list, ",");
        size_t item_len;
        const char *item = ic__trim(list, len, &item_len);
        if (item_len) {
            ic__buf_text(b, between);
            ic__json_write_text(b, item, item_len);
            between = ",";
        }
        list += len + (list[len] == ',');
    }
    ic__buf_char(b, ']');
}

/* Channels that were asked for at the start, as the reference lists them. */
static void add_extras(ic__buf *b, const ic_peer *peer)
{
    const ic__list *extras = &ic__sidechannel_policy(peer->channels)->channels;

    add_member(b, "sidechannelExtras");
    ic__buf_char(b, '[');
    for (size_t i = 0; i < extras->count; i++) {
        if (i)
            ic__buf_char(b, ',');
        ic__json_write_cstring(b, extras->items[i]);
    }
    ic__buf_char(b, ']');
}

int ic_peer_info(const ic_peer *peer, char **json)
{
    ic__buf b = {0};

    ic__buf_char(&b, '{');
    add_text(&b, "msbBootstrap", NULL);
    add_text(&b, "msbChannel", NULL);
    add_text(&b, "msbStore", peer->msb_store);
    add_list(&b, "msbDhtBootstrap", peer->msb_dht_bootstrap);
    add_text(&b, "peerStore", peer->folder.path);
    add_list(&b, "peerDhtBootstrap", peer->dht_bootstrap);
    add_text(&b, "subnetBootstrap",
             peer->subnet_bootstrap[0] ? peer->subnet_bootstrap : NULL);
    add_text(&b, "subnetChannel", peer->subnet_channel);
    add_text(&b, "peerPubkey", ic_identity_public_key_hex(peer->identity));
    add_text(&b, "peerTracAddress", ic_identity_address(peer->identity));
    add_text(&b, "peerWriterKey", NULL);
    add_text(&b, "sidechannelEntry", ic__sidechannel_entry(peer->channels));
    add_extras(&b, peer);
    ic__buf_char(&b, '}');
    char *text = ic__buf_take(&b);
    if (!text)
        return IC_ERR_NOMEM;
    *json = text;
    return 0;
}

void ic_peer_get_stats(const ic_peer *peer, ic_peer_stats *out, size_t size)
{
    const ic__sidechannel_stats s = ic__sidechannel_get_stats(peer->channels);
    const ic_peer_stats stats = {
        .uptime_ns = peer->env.now_ns(peer->env.user) - peer->started_ns,
        .channel_count = (uint32_t)ic__sidechannel_channel_count(peer->channels),
        .connection_count = (uint32_t)ic__sidechannel_connection_count(peer->channels),
        .received = s.received,
        .received_bytes = s.received_bytes,
        .delivered = s.delivered,
        .sent = s.sent,
        .relayed = s.relayed,
        .strikes = s.strikes,
        .blocks = s.blocks,
        .works = s.works,
#define DROPPED(name, member, text) .dropped_##member = s.drops[IC__SC_DROP_##name],
        IC__SC_DROP_MAP(DROPPED)
#undef DROPPED
    };

    memset(out, 0, size);
    memcpy(out, &stats, size < sizeof stats ? size : sizeof stats);
}
