/* The answers of a node: what others store here and ask for. docs/spec/06-hyperdht.md,
 * sections 1 and 5. What is malformed or not allowed gets no answer. */
#include "dht/dht_state.h"

#include <string.h>

#include "intercom/error.h"
#include "transport/codec.h"

#define BUMP_DRIFT_MS 60000
#define WITH_ALL (IC__RPC_WITH_TOKEN | IC__RPC_WITH_CLOSER)
#define STORED_MAX IC__RPC_VALUE_MAX /* or no reply could carry it */

static void answer(ic__dht *d, const ic__rpc_request *request, const uint8_t *value,
                   size_t len)
{
    ic__rpc_answer(d->rpc, request, IC__RPC_OK, value, len, WITH_ALL);
}

/* After a change of what is announced: neither token nor nodes. */
static void confirm(ic__dht *d, const ic__rpc_request *request)
{
    ic__rpc_answer(d->rpc, request, IC__RPC_OK, NULL, 0, 0);
}

static void on_find_peer(ic__dht *d, const ic__rpc_request *request)
{
    uint8_t bytes[IC__DHT_RECORD_BYTES_MAX];
    ic__wr w = ic__wr_of(bytes, sizeof bytes);
    ic__dht_peer peer;
    bool found = ic__router_peer(d->router, request->target, &peer);

    if (found)
        ic__dht_peer_write(&w, &peer);
    answer(d, request, found ? bytes : NULL, w.len);
}

static void on_lookup(ic__dht *d, const ic__rpc_request *request)
{
    uint8_t bytes[IC__RPC_VALUE_MAX];
    ic__wr w = ic__wr_of(bytes, sizeof bytes);
    ic__dht_lookup_reply m;

    m.peer_count = ic__records_lookup(d->records, request->target, m.peers,
                                      IC__DHT_RECORDS_MAX, d->clock.now);
    if (m.peer_count < IC__DHT_RECORDS_MAX &&
        ic__router_peer(d->router, request->target, &m.peers[m.peer_count]))
        m.peer_count++;
    m.bump = ic__records_bump(d->records, request->target, d->clock.now);
    ic__dht_lookup_reply_write(&w, &m);
    answer(d, request, m.peer_count ? bytes : NULL, m.peer_count ? w.len : 0);
}

static bool is_signed(const ic__dht *d, const ic__rpc_request *request,
                      const ic__dht_announcement *m)
{
    uint8_t signable[IC__DHT_SIGNABLE_BYTES];
    const ic__dht_binding binding = {.command = (uint8_t)request->command,
                                     .target = request->target,
                                     .node_id = ic__rpc_id(d->rpc),
                                     .token = request->token};

    if (!m->signature)
        return false;
    ic__dht_announcement_signable(signable, &binding, m->peer_bytes, m->peer_len,
                                  m->refresh);
    return ic_signature_verify(m->signature, signable, sizeof signable,
                               m->peer.public_key);
}

static bool is_self(const uint8_t *target, const ic__dht_peer *peer)
{
    uint8_t hash[IC__DHT_KEY_BYTES];

    ic__dht_hash(hash, peer->public_key, sizeof peer->public_key);
    return memcmp(hash, target, sizeof hash) == 0;
}

/* A route to the server itself, or one record more of the topic. */
static int store_peer(ic__dht *d, const uint8_t *target, const ic__dht_peer *peer,
                      const ic__addr *from)
{
    if (!is_self(target, peer))
        return ic__records_announce(d->records, target, peer, from, d->clock.now);
    ic__records_unannounce(d->records, target, peer->public_key);
    return ic__router_set_route(d->router, target, from, peer);
}

static int store_bump(ic__dht *d, const ic__rpc_request *request, uint64_t bump)
{
    int64_t wall_ms = d->env.wall_ms(d->env.user);
    uint64_t latest = wall_ms > 0 ? (uint64_t)wall_ms + BUMP_DRIFT_MS : BUMP_DRIFT_MS;

    if (bump > latest ||
        bump <= ic__records_bump(d->records, request->target, d->clock.now))
        return 0;
    return ic__records_set_bump(d->records, request->target, bump, &request->from,
                                d->clock.now);
}

static int store_promise(ic__dht *d, const ic__rpc_request *request,
                         const uint8_t *refresh, const ic__dht_peer *peer)
{
    ic__records_promise promise = {.peer = *peer};

    memcpy(promise.target, request->target, sizeof promise.target);
    return ic__records_set_promise(d->records, refresh, &promise, &request->from,
                                   d->clock.now);
}

/* Who knows what hashes to the promised value may renew the record that came with it,
 * and promises the next. */
static void on_refresh(ic__dht *d, const ic__rpc_request *request, const uint8_t *refresh)
{
    ic__records_promise promise;
    const uint64_t now = d->clock.now;

    if (ic__records_take_promise(d->records, refresh, &promise, now) != 0)
        return;
    if (store_peer(d, promise.target, &promise.peer, &request->from) != 0 ||
        ic__records_set_promise(d->records, refresh, &promise, &request->from, now) != 0)
        return;
    confirm(d, request);
}

static void on_announce(ic__dht *d, const ic__rpc_request *request)
{
    ic__dht_announcement m;

    if (!request->token_valid || !request->value ||
        ic__dht_announcement_decode(&m, request->value, request->value_len) != 0)
        return;
    if (!m.has_peer) {
        if (m.refresh)
            on_refresh(d, request, m.refresh);
        return;
    }
    if (!is_signed(d, request, &m) ||
        store_peer(d, request->target, &m.peer, &request->from) != 0)
        return;
    if (m.bump && !is_self(request->target, &m.peer) &&
        store_bump(d, request, m.bump) != 0)
        return;
    if (m.refresh && store_promise(d, request, m.refresh, &m.peer) != 0)
        return;
    confirm(d, request);
}

static void on_unannounce(ic__dht *d, const ic__rpc_request *request)
{
    ic__dht_announcement m;

    if (!request->token_valid || !request->value ||
        ic__dht_announcement_decode(&m, request->value, request->value_len) != 0 ||
        !m.has_peer || !is_signed(d, request, &m))
        return;
    if (is_self(request->target, &m.peer))
        ic__router_clear_route(d->router, request->target);
    ic__records_unannounce(d->records, request->target, m.peer.public_key);
    confirm(d, request);
}

static void on_mutable_get(ic__dht *d, const ic__rpc_request *request)
{
    ic__rd r = ic__rd_of(request->value, request->value ? request->value_len : 0);
    uint64_t least = ic__rd_uint(&r);
    uint64_t seq = 0;
    size_t len = 0;
    const uint8_t *value;

    if (r.bad)
        return;
    value = ic__records_mutable(d->records, request->target, &len, &seq, d->clock.now);
    if (value && seq < least)
        value = NULL;
    answer(d, request, value, value ? len : 0);
}

static bool is_authentic(const ic__rpc_request *request, const ic__dht_mutable *m)
{
    uint8_t hash[IC__DHT_KEY_BYTES];
    uint8_t signable[IC__DHT_SIGNABLE_BYTES];

    ic__dht_hash(hash, m->public_key, IC__DHT_KEY_BYTES);
    if (memcmp(hash, request->target, sizeof hash) != 0)
        return false;
    ic__dht_mutable_signable(signable, m->seq, m->value, m->value_len);
    return ic_signature_verify(m->signature, signable, sizeof signable, m->public_key);
}

static void on_mutable_put(ic__dht *d, const ic__rpc_request *request)
{
    ic__dht_mutable m;
    int err;

    if (!request->token_valid || !request->value || request->value_len > STORED_MAX ||
        ic__dht_mutable_put_decode(&m, request->value, request->value_len) != 0 ||
        !is_authentic(request, &m))
        return;
    err = ic__records_set_mutable(d->records, request->target, &m, &request->from,
                                  d->clock.now);
    if (!err)
        answer(d, request, NULL, 0);
    else if (err == IC_ERR_EXISTS || err == IC_ERR_INVALID)
        ic__rpc_answer(d->rpc, request,
                       err == IC_ERR_EXISTS ? IC__DHT_SEQ_REUSED : IC__DHT_SEQ_TOO_LOW,
                       NULL, 0, IC__RPC_WITH_CLOSER);
}

static void on_immutable_put(ic__dht *d, const ic__rpc_request *request)
{
    uint8_t hash[IC__DHT_KEY_BYTES];

    if (!request->token_valid || !request->value || request->value_len > STORED_MAX)
        return;
    ic__dht_hash(hash, request->value, request->value_len);
    if (memcmp(hash, request->target, sizeof hash) != 0)
        return;
    if (ic__records_set_immutable(d->records, request->target, request->value,
                                  request->value_len, &request->from, d->clock.now) == 0)
        answer(d, request, NULL, 0);
}

static void on_immutable_get(ic__dht *d, const ic__rpc_request *request)
{
    size_t len = 0;
    const uint8_t *value =
        ic__records_immutable(d->records, request->target, &len, d->clock.now);

    answer(d, request, value, len);
}

/* For an extension that we have not: the reference says nothing then, too. */
static void on_plugin(ic__dht *d, const ic__rpc_request *request)
{
    (void)d;
    (void)request;
}

/* @return false when the command is unknown */
static bool handle_stored(ic__dht *d, const ic__rpc_request *request)
{
    static void (*const handlers[])(ic__dht *, const ic__rpc_request *) = {
        [IC__DHT_FIND_PEER] = on_find_peer,
        [IC__DHT_LOOKUP] = on_lookup,
        [IC__DHT_ANNOUNCE] = on_announce,
        [IC__DHT_UNANNOUNCE] = on_unannounce,
        [IC__DHT_MUTABLE_PUT] = on_mutable_put,
        [IC__DHT_MUTABLE_GET] = on_mutable_get,
        [IC__DHT_IMMUTABLE_PUT] = on_immutable_put,
        [IC__DHT_IMMUTABLE_GET] = on_immutable_get,
        [IC__DHT_PLUGIN] = on_plugin,
    };

    if (request->command >= sizeof handlers / sizeof handlers[0])
        return false;
    if (request->target)
        handlers[request->command](d, request);
    return true;
}

bool ic__dht_handle(ic__dht *d, const ic__rpc_request *request)
{
    switch (request->command) {
    case IC__DHT_PEER_HANDSHAKE:
        ic__router_on_handshake(d->router, request);
        return true;
    case IC__DHT_PEER_HOLEPUNCH:
        ic__router_on_holepunch(d->router, request);
        return true;
    default:
        return ic__rpc_is_persistent(d->rpc) && handle_stored(d, request);
    }
}
