/* A peer among others: what its network brings, for whoever made the peer. */
#include <string.h>

#include "base/env.h"
#include "base/json.h"
#include "base/text.h"
#include "intercom/error.h"
#include "peer/peer.h"

#define ROOM "peer"
#define KEY_TEXT (2 * IC_PUBLIC_KEY_BYTES + 1)

static void tell_message(ic_peer *peer, const ic__sc_event *event)
{
    const char *from = ic__json_cstring(ic__json_get(event->envelope, "from"));
    ic__buf body = {0};
    ic__buf whole = {0};

    ic__json_write(&body, ic__json_get(event->envelope, "message"));
    ic__json_write(&whole, event->envelope);
    if (!body.bad && !whole.bad) {
        const ic_peer_message message = {
            .channel = event->channel,
            .from = from ? from : "",
            .remote = event->remote,
            .is_signed = event->is_signed,
            .json = body.data,
            .len = body.len,
            .envelope = whole.data,
        };
        peer->on.on_message(peer, &message, peer->on.user);
    } else {
        ic__log(&peer->env, IC_LOG_ERROR, ROOM, "a message is lost: out of memory");
    }
    ic__buf_free(&body);
    ic__buf_free(&whole);
}

static void on_news(const ic__sc_event *event, void *user)
{
    ic_peer *peer = user;
    bool is_message = event->what == IC__SC_MESSAGE;

    if (peer->on_news)
        peer->on_news(event, peer->news_user);
    if (is_message && peer->on.on_message && !peer->closing)
        tell_message(peer, event);
    if (!is_message && peer->on.on_request && !peer->closing)
        peer->on.on_request(peer, event->channel, event->remote,
                            event->what == IC__SC_AUTO_JOINED, peer->on.user);
}

static void on_connection(const uint8_t remote[IC_PUBLIC_KEY_BYTES], bool up, void *user)
{
    ic_peer *peer = user;
    char text[KEY_TEXT];

    if (!peer->on.on_connection)
        return;
    ic__hex_encode(text, remote, IC_PUBLIC_KEY_BYTES);
    peer->on.on_connection(peer, text, up, peer->on.user);
}

int ic__peer_go_online(ic_peer *peer, const ic_peer_options *o)
{
    const ic__network_options network = {
        .base = o->base,
        .env = &peer->env,
        .identity = peer->identity,
        .channels = peer->channels,
        .bootstrap = peer->dht_bootstrap,
        .host = o->dht_host,
        .on_news = on_news,
        .on_connection = on_connection,
        .user = peer,
    };

    peer->on = *o;
    int error = ic__network_new(&network, &peer->network);
    if (!error || error == IC_ERR_NOMEM)
        return error;
    ic__log(&peer->env, IC_LOG_ERROR, ROOM, "cannot join the network of %s from %s: %s",
            peer->dht_bootstrap ? peer->dht_bootstrap : "nobody",
            o->dht_host ? o->dht_host : "0.0.0.0", ic_strerror(error));
    return IC_ERR_INVALID;
}

void ic__peer_wake(ic_peer *peer)
{
    if (peer->network)
        ic__network_wake(peer->network);
}

void ic__peer_on_news(ic_peer *peer,
                      void (*on_news_cb)(const ic__sc_event *event, void *user),
                      void *user)
{
    peer->on_news = on_news_cb;
    peer->news_user = user;
}

const uint8_t *ic_peer_connection(const ic_peer *peer, size_t index)
{
    return peer->network ? ic__network_remote(peer->network, index) : NULL;
}
