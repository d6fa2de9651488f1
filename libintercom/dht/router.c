#include "dht/router.h"

#include <string.h>

#include "base/env.h"
#include "base/map.h"
#include "dht/addresses.h"
#include "dht/shelf.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"

#define ROUTE_AGE_NS (1200 * IC__SEC)

/* Somebody who announced its own key at this node. */
typedef struct route {
    ic__shelf_item item;
    ic__addr relay; /* where it announced from: it is reached there */
    ic__dht_peer peer;
} route;

struct ic__router {
    ic__rpc *rpc;
    ic__map servers; /* of this node, by the front of their target */
    ic__shelf routes;
    ic__router_stats stats;
};

static uint64_t now_of(const ic__router *r)
{
    return ic__rpc_clock(r->rpc)->now;
}

static void drop_route(ic__shelf_item *item, void *user)
{
    (void)user;
    ic_mem_free(IC__ELEMENT(item, route, item));
}

int ic__router_new(ic__router **out, ic__rpc *rpc, size_t max_routes,
                   size_t max_routes_host)
{
    const ic__shelf_limits limits = {.max_items = max_routes,
                                     .max_items_host = max_routes_host,
                                     .age_ns = ROUTE_AGE_NS};
    ic__router *r = ic_mem_calloc(1, sizeof *r);

    if (!r)
        return IC_ERR_NOMEM;
    r->rpc = rpc;
    ic__shelf_init(&r->routes, ic__rpc_env(rpc), &limits, drop_route, NULL);
    *out = r;
    return 0;
}

void ic__router_free(ic__router *r)
{
    if (!r)
        return;
    ic__shelf_free(&r->routes);
    ic__map_free(&r->servers);
    ic_mem_free(r);
}

static uint64_t front_of(const uint8_t *target)
{
    uint64_t v;

    memcpy(&v, target, sizeof v);
    return v;
}

static ic__router_server *server_of(const ic__router *r, const uint8_t *target)
{
    ic__router_server *server = ic__map_get(&r->servers, front_of(target));

    return server && memcmp(server->target, target, IC__DHT_KEY_BYTES) == 0 ? server
                                                                            : NULL;
}

int ic__router_listen(ic__router *r, ic__router_server *server,
                      const uint8_t public_key[IC__DHT_KEY_BYTES])
{
    memcpy(server->public_key, public_key, sizeof server->public_key);
    ic__dht_hash(server->target, public_key, IC__DHT_KEY_BYTES);
    return ic__map_put(&r->servers, front_of(server->target), server);
}

void ic__router_unlisten(ic__router *r, ic__router_server *server)
{
    if (server_of(r, server->target) == server)
        (void)ic__map_take(&r->servers, front_of(server->target));
}

static route *route_of(ic__router *r, const uint8_t *target)
{
    ic__shelf_item *item = ic__shelf_get(&r->routes, target, now_of(r));

    if (!item)
        return NULL;
    ic__shelf_refresh(&r->routes, item, now_of(r));
    return IC__ELEMENT(item, route, item);
}

int ic__router_set_route(ic__router *r, const uint8_t target[IC__DHT_KEY_BYTES],
                         const ic__addr *relay, const ic__dht_peer *peer)
{
    route *to;
    int err;

    if (server_of(r, target))
        return IC_ERR_EXISTS;
    to = ic_mem_calloc(1, sizeof *to);
    if (!to)
        return IC_ERR_NOMEM;
    to->relay = *relay;
    to->peer = *peer;
    memcpy(to->item.key, target, sizeof to->item.key);
    err = ic__shelf_put(&r->routes, &to->item, relay, now_of(r));
    if (err)
        ic_mem_free(to);
    return err;
}

void ic__router_clear_route(ic__router *r, const uint8_t target[IC__DHT_KEY_BYTES])
{
    ic__shelf_item *item = ic__shelf_get(&r->routes, target, now_of(r));

    if (item)
        ic__shelf_remove(&r->routes, item);
}

bool ic__router_route(ic__router *r, const uint8_t target[IC__DHT_KEY_BYTES],
                      ic__addr *relay)
{
    route *to = route_of(r, target);

    if (to)
        *relay = to->relay;
    return to != NULL;
}

bool ic__router_peer(ic__router *r, const uint8_t target[IC__DHT_KEY_BYTES],
                     ic__dht_peer *peer)
{
    const ic__router_server *server = server_of(r, target);
    route *to = server ? NULL : route_of(r, target);

    if (!server && !to)
        return false;
    *peer = to ? to->peer : (ic__dht_peer){.relay_count = 0};
    if (server)
        memcpy(peer->public_key, server->public_key, sizeof peer->public_key);
    return true;
}

size_t ic__router_route_count(const ic__router *r)
{
    return ic__shelf_count(&r->routes);
}

void ic__router_expire(ic__router *r)
{
    ic__shelf_expire(&r->routes, now_of(r));
}

ic__router_stats ic__router_get_stats(const ic__router *r)
{
    return r->stats;
}

/* To whom a message for `target` goes: where the message says (family 0 = nowhere), else
 * where the server announced itself from. */
static bool next_hop(ic__router *r, const uint8_t *target, const ic__addr *named,
                     ic__addr *to)
{
    if (named->family)
        *to = *named;
    else if (!ic__router_route(r, target, to))
        return false;
    return ic__addr_is_sendable(to);
}

static void pass_on(ic__router *r, const ic__rpc_request *request, const ic__addr *to,
                    const ic__wr *value)
{
    if (value->bad || !ic__addr_is_sendable(to)) {
        r->stats.dropped_malformed++;
        return;
    }
    r->stats.forwarded++;
    ic__rpc_pass_on(r->rpc, request->sock, request->tid, to, request->command,
                    request->target, value->p, value->len);
}

static void pass_handshake_on(ic__router *r, const ic__rpc_request *request,
                              const ic__addr *to, const ic__dht_handshake *m)
{
    uint8_t bytes[IC__RPC_DATAGRAM_MAX];
    ic__wr w = ic__wr_of(bytes, sizeof bytes);

    ic__dht_handshake_write(&w, m);
    pass_on(r, request, to, &w);
}

static void pass_holepunch_on(ic__router *r, const ic__rpc_request *request,
                              const ic__addr *to, const ic__dht_holepunch *m)
{
    uint8_t bytes[IC__RPC_DATAGRAM_MAX];
    ic__wr w = ic__wr_of(bytes, sizeof bytes);

    ic__dht_holepunch_write(&w, m);
    pass_on(r, request, to, &w);
}

/* The answer of a server that we relayed: to the client, who waits for a reply. */
static void reply(ic__router *r, uint32_t sock, uint16_t tid, const ic__addr *client,
                  const ic__wr *value)
{
    if (value->bad || !ic__addr_is_sendable(client)) {
        r->stats.dropped_malformed++;
        return;
    }
    r->stats.forwarded++;
    ic__rpc_answer_to(r->rpc, sock, tid, client, value->p, value->len);
}

static ic__router_back back_of(const ic__rpc_request *request, const ic__addr *client,
                               const ic__addr *relay)
{
    ic__router_back back = {.to = relay->family ? *relay : request->from,
                            .client = *client,
                            .sock = request->sock,
                            .tid = request->tid};

    memcpy(back.target, request->target, sizeof back.target);
    return back;
}

static void serve_handshake(const ic__router_server *server,
                            const ic__rpc_request *request, const ic__dht_handshake *m)
{
    const ic__addr nobody = {.family = 0};
    bool direct = m->mode == IC__DHT_FROM_CLIENT;
    bool second = m->mode == IC__DHT_FROM_SECOND_RELAY;
    ic__router_handshake handshake = {
        .mode = m->mode,
        .noise = m->noise,
        .noise_len = m->noise_len,
        .from = request->from,
        .to = request->to,
        .peer_address = direct ? nobody : m->peer_address,
        .relay_address = second ? m->relay_address : nobody,
        .sock = request->sock,
    };

    handshake.back = back_of(request, &handshake.peer_address, &handshake.relay_address);
    server->on_handshake(server->user, &handshake);
}

static void handshake_from_client(ic__router *r, const ic__rpc_request *request,
                                  const ic__dht_handshake *m)
{
    const ic__router_server *server = server_of(r, request->target);
    const ic__dht_handshake onward = {.mode = IC__DHT_FROM_RELAY,
                                      .noise = m->noise,
                                      .noise_len = m->noise_len,
                                      .peer_address = request->from};
    ic__addr to;

    if (server)
        serve_handshake(server, request, m);
    else if (next_hop(r, request->target, &m->relay_address, &to))
        pass_handshake_on(r, request, &to, &onward);
    else
        ic__rpc_answer(r->rpc, request, IC__RPC_OK, NULL, 0, IC__RPC_WITH_CLOSER);
}

static void handshake_from_relay(ic__router *r, const ic__rpc_request *request,
                                 const ic__dht_handshake *m)
{
    const ic__router_server *server = server_of(r, request->target);
    const ic__dht_handshake onward = {.mode = IC__DHT_FROM_SECOND_RELAY,
                                      .noise = m->noise,
                                      .noise_len = m->noise_len,
                                      .peer_address = m->peer_address,
                                      .relay_address = request->from};
    const ic__addr unnamed = {.family = 0};
    ic__addr to;

    if (!m->peer_address.family)
        r->stats.dropped_malformed++;
    else if (server)
        serve_handshake(server, request, m);
    else if (next_hop(r, request->target, &unnamed, &to))
        pass_handshake_on(r, request, &to, &onward);
    else
        r->stats.dropped_unknown++;
}

static void handshake_from_second_relay(ic__router *r, const ic__rpc_request *request,
                                        const ic__dht_handshake *m)
{
    const ic__router_server *server = server_of(r, request->target);

    if (!server)
        r->stats.dropped_unknown++;
    else if (!m->peer_address.family || !ic__addr_is_sendable(&m->relay_address))
        r->stats.dropped_malformed++;
    else
        serve_handshake(server, request, m);
}

static void handshake_from_server(ic__router *r, const ic__rpc_request *request,
                                  const ic__dht_handshake *m)
{
    uint8_t bytes[IC__RPC_DATAGRAM_MAX];
    ic__wr w = ic__wr_of(bytes, sizeof bytes);
    const ic__dht_handshake answer = {.mode = IC__DHT_REPLY,
                                      .noise = m->noise,
                                      .noise_len = m->noise_len,
                                      .peer_address = request->from};

    if (server_of(r, request->target)) {
        r->stats.dropped_unknown++;
        return;
    }
    ic__dht_handshake_write(&w, &answer);
    reply(r, request->sock, request->tid, &m->peer_address, &w);
}

void ic__router_on_handshake(ic__router *r, const ic__rpc_request *request)
{
    ic__dht_handshake m;

    if (!request->target || !request->value ||
        ic__dht_handshake_decode(&m, request->value, request->value_len) != 0) {
        r->stats.dropped_malformed++;
        return;
    }
    switch (m.mode) {
    case IC__DHT_FROM_CLIENT:
        handshake_from_client(r, request, &m);
        break;
    case IC__DHT_FROM_RELAY:
        handshake_from_relay(r, request, &m);
        break;
    case IC__DHT_FROM_SECOND_RELAY:
        handshake_from_second_relay(r, request, &m);
        break;
    case IC__DHT_FROM_SERVER:
        handshake_from_server(r, request, &m);
        break;
    default:
        r->stats.dropped_malformed++;
    }
}

static void holepunch_from_client(ic__router *r, const ic__rpc_request *request,
                                  const ic__dht_holepunch *m)
{
    const ic__dht_holepunch onward = {.mode = IC__DHT_FROM_RELAY,
                                      .id = m->id,
                                      .payload = m->payload,
                                      .payload_len = m->payload_len,
                                      .peer_address = request->from};
    ic__addr to;

    if (next_hop(r, request->target, &m->peer_address, &to))
        pass_holepunch_on(r, request, &to, &onward);
    else
        r->stats.dropped_unknown++;
}

static void holepunch_from_relay(ic__router *r, const ic__rpc_request *request,
                                 const ic__dht_holepunch *m)
{
    const ic__addr nobody = {.family = 0};
    const ic__router_server *server = server_of(r, request->target);
    const ic__router_holepunch holepunch = {
        .id = m->id,
        .payload = m->payload,
        .payload_len = m->payload_len,
        .from = request->from,
        .to = request->to,
        .peer_address = m->peer_address,
        .sock = request->sock,
        .back = back_of(request, &m->peer_address, &nobody),
    };

    if (!server)
        r->stats.dropped_unknown++;
    else if (!m->peer_address.family)
        r->stats.dropped_malformed++;
    else
        server->on_holepunch(server->user, &holepunch);
}

static void holepunch_from_server(ic__router *r, const ic__rpc_request *request,
                                  const ic__dht_holepunch *m)
{
    uint8_t bytes[IC__RPC_DATAGRAM_MAX];
    ic__wr w = ic__wr_of(bytes, sizeof bytes);
    const ic__dht_holepunch answer = {.mode = IC__DHT_REPLY,
                                      .id = m->id,
                                      .payload = m->payload,
                                      .payload_len = m->payload_len,
                                      .peer_address = request->from};

    ic__dht_holepunch_write(&w, &answer);
    reply(r, request->sock, request->tid, &m->peer_address, &w);
}

void ic__router_on_holepunch(ic__router *r, const ic__rpc_request *request)
{
    ic__dht_holepunch m;

    if (!request->target || !request->value ||
        ic__dht_holepunch_decode(&m, request->value, request->value_len) != 0) {
        r->stats.dropped_malformed++;
        return;
    }
    switch (m.mode) {
    case IC__DHT_FROM_CLIENT:
        holepunch_from_client(r, request, &m);
        break;
    case IC__DHT_FROM_RELAY:
        holepunch_from_relay(r, request, &m);
        break;
    case IC__DHT_FROM_SERVER:
        holepunch_from_server(r, request, &m);
        break;
    default:
        r->stats.dropped_malformed++;
    }
}

/* A message of a server of ours, as a request of its own under the client's tid. */
static void answer_by_relay(ic__router *r, const ic__router_back *back, uint32_t sock,
                            uint32_t command, const ic__wr *value)
{
    if (value->bad) {
        r->stats.dropped_malformed++;
        return;
    }
    ic__rpc_pass_on(r->rpc, sock == IC__DHT_ANY_SOCKET ? back->sock : sock, back->tid,
                    &back->to, command, back->target, value->p, value->len);
}

void ic__router_answer_handshake(ic__router *r, const ic__router_back *back,
                                 uint32_t sock, const uint8_t *noise, size_t len)
{
    uint8_t bytes[IC__RPC_DATAGRAM_MAX];
    ic__wr w = ic__wr_of(bytes, sizeof bytes);
    const ic__dht_handshake m = {.mode = back->client.family ? IC__DHT_FROM_SERVER
                                                             : IC__DHT_REPLY,
                                 .noise = noise,
                                 .noise_len = len,
                                 .peer_address = back->client};

    ic__dht_handshake_write(&w, &m);
    if (back->client.family)
        answer_by_relay(r, back, sock, IC__DHT_PEER_HANDSHAKE, &w);
    else
        reply(r, back->sock, back->tid, &back->to, &w);
}

void ic__router_answer_holepunch(ic__router *r, const ic__router_back *back,
                                 uint32_t sock, const uint8_t *payload, size_t len)
{
    uint8_t bytes[IC__RPC_DATAGRAM_MAX];
    ic__wr w = ic__wr_of(bytes, sizeof bytes);
    const ic__dht_holepunch m = {.mode = IC__DHT_FROM_SERVER,
                                 .payload = payload,
                                 .payload_len = len,
                                 .peer_address = back->client};

    ic__dht_holepunch_write(&w, &m);
    answer_by_relay(r, back, sock, IC__DHT_PEER_HOLEPUNCH, &w);
}
