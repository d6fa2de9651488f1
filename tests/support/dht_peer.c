#include "dht_peer.h"

#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "dht_relay_site.h"
#include "intercom/error.h"
#include "intercom/init.h"
#include "unit.h"

#define AGAIN (200 * IC__MS)   /* a stream that was not answered */
#define ANSWER (100 * IC__MS)  /* at most as often */
#define SILENCE (13 * IC__SEC) /* then it dies */

/* A dial that was begun; its memory is the test's until the end. */
typedef struct dht_peer_call {
    struct dht_peer_call *next;
    dht_peer *peer;
    ic__dht_dial *dial;
} dht_peer_call;

static dht_peer_link *link_of(dht_peer *p, uint32_t local_id)
{
    for (size_t i = 0; i < p->link_count; i++) {
        if (p->links[i].local_id == local_id)
            return &p->links[i];
    }
    return NULL;
}

static void send_on(dht_peer *p, dht_peer_link *l)
{
    l->sent_ns = dht_world_now(p->world);
    if (!p->mute)
        dht_machine_stream_send(p->machine, l->local_id);
}

/* A connection, as server or as client. */
static void take(dht_peer *p, const ic__dht_connection *c)
{
    dht_peer_link *l = link_of(p, 0);

    if (!l) {
        assert_true(p->link_count < DHT_PEER_LINKS);
        l = &p->links[p->link_count++];
    }
    *l = (dht_peer_link){.local_id = c->local_id,
                         .fresh = true,
                         .relayed = c->relayed,
                         .initiator = c->initiator,
                         .since_ns = dht_world_now(p->world)};
    memcpy(l->remote_key, c->keys.remote_key, sizeof l->remote_key);
    p->connections++;
    p->connected_ns = dht_world_now(p->world);
    p->next_ns = dht_world_now(p->world) + AGAIN;
    send_on(p, l);
}

/* Streams. */

static bool on_packet(void *user, uint32_t local_id, uint32_t sock, const ic__addr *from,
                      uint64_t now)
{
    dht_peer *p = user;
    return ic__dht_stream_packet(p->dht, local_id, sock, from, now);
}

static void on_data(void *user, uint32_t local_id, bool own, uint64_t now)
{
    dht_peer *p = user;
    dht_peer_link *l = link_of(p, local_id);

    if (!l)
        return;
    p->proven += !l->proven;
    l->proven = true;
    if (now - l->sent_ns >= ANSWER || l->fresh)
        send_on(p, l);
    if (own && l->fresh) {
        l->fresh = false;
        ic__dht_stream_proven(p->dht, local_id, now);
    }
}

static int connect_stream(void *user, uint32_t local_id, uint32_t sock,
                          uint32_t remote_id, const ic__addr *to)
{
    dht_peer *p = user;
    const ic__dht_host *host = dht_machine_host(p->machine);
    dht_peer_link *l = link_of(p, local_id);
    int err = host->stream_connect(host->user, local_id, sock, remote_id, to);

    if (!err && l) {
        l->fresh = true;
        send_on(p, l);
    }
    return err;
}

static void lose(dht_peer *p, dht_peer_link *l)
{
    const ic__dht_host *host = dht_machine_host(p->machine);
    uint32_t local_id = l->local_id;

    l->local_id = 0;
    host->stream_free(host->user, local_id);
    ic__dht_stream_gone(p->dht, local_id, dht_world_now(p->world));
}

void dht_peer_hang_up(dht_peer *p)
{
    for (size_t i = 0; i < p->link_count; i++) {
        if (p->links[i].local_id)
            lose(p, &p->links[i]);
    }
}

static void tend_links(dht_peer *p, uint64_t now)
{
    for (size_t i = 0; i < p->link_count; i++) {
        dht_peer_link *l = &p->links[i];
        if (!l->local_id || (l->proven && !l->fresh))
            continue;
        if (!l->proven && now - l->since_ns >= SILENCE)
            lose(p, l);
        else if (now - l->sent_ns >= AGAIN)
            send_on(p, l);
    }
}

/* What the node's host does for it, through us. */

static void h_send(void *user, uint32_t sock, const ic__addr *to, const uint8_t *data,
                   size_t len, uint8_t ttl)
{
    dht_peer *p = user;
    const ic__dht_host *host = dht_machine_host(p->machine);

    p->punches += len == 1;
    host->send(host->user, sock, to, data, len, ttl);
}

static int h_socket_open(void *user, uint32_t *sock)
{
    const ic__dht_host *host = dht_machine_host(((dht_peer *)user)->machine);
    return host->socket_open(host->user, sock);
}

static void h_socket_close(void *user, uint32_t sock)
{
    const ic__dht_host *host = dht_machine_host(((dht_peer *)user)->machine);
    host->socket_close(host->user, sock);
}

static ic__addr h_socket_address(void *user, uint32_t sock)
{
    const ic__dht_host *host = dht_machine_host(((dht_peer *)user)->machine);
    return host->socket_address(host->user, sock);
}

static size_t h_interfaces(void *user, ic__addr *out, size_t cap)
{
    const ic__dht_host *host = dht_machine_host(((dht_peer *)user)->machine);
    return host->interfaces(host->user, out, cap);
}

static int h_stream_new(void *user, uint32_t *local_id)
{
    const ic__dht_host *host = dht_machine_host(((dht_peer *)user)->machine);
    return host->stream_new(host->user, local_id);
}

static void h_stream_free(void *user, uint32_t local_id)
{
    const ic__dht_host *host = dht_machine_host(((dht_peer *)user)->machine);
    host->stream_free(host->user, local_id);
}

static int h_relay_pair(void *user, const uint8_t relay_key[IC__DHT_KEY_BYTES],
                        const uint8_t token[IC__DHT_TOKEN_BYTES], bool initiator,
                        uint32_t local_id)
{
    dht_peer *p = user;

    if (!p->relay)
        return IC_ERR_UNSUPPORTED;
    dht_relay_site_pair(p->relay, p, token, initiator, local_id);
    return 0;
}

static void h_relay_drop(void *user, uint32_t local_id)
{
    dht_peer *p = user;

    p->relay_drops++;
    if (p->relay)
        dht_relay_site_drop(p->relay, p, local_id);
}

/* Time. */

static void on_recv(void *user, uint32_t sock, const ic__addr *from, const uint8_t *data,
                    size_t len, uint64_t now)
{
    dht_peer *p = user;
    ic__dht_recv(p->dht, sock, from, data, len, now);
}

static uint64_t deadline(void *user)
{
    const dht_peer *p = user;
    uint64_t at = ic__dht_deadline(p->dht);
    uint64_t relay = dht_relay_site_deadline(p->relay, p);

    if (p->connections && p->next_ns < at)
        at = p->next_ns;
    return relay < at ? relay : at;
}

static void expire(void *user, uint64_t now)
{
    dht_peer *p = user;

    if (p->connections && p->next_ns <= now) {
        p->next_ns = now + AGAIN;
        tend_links(p, now);
    }
    dht_relay_site_tell(p->relay, p, now);
    ic__dht_expire(p->dht, now);
}

/* Life. */

void dht_peer_init(dht_peer *p, dht_world *w, dht_machine *m, uint8_t seed,
                   const ic__dht_options *opts)
{
    uint8_t bytes[IC_SEED_BYTES];
    const ic__dht_events events = {.on_ready = NULL};
    const dht_driver driver = {.recv = on_recv,
                               .deadline = deadline,
                               .expire = expire,
                               .stream_packet = on_packet,
                               .stream_data = on_data,
                               .user = p};
    ic_env env = dht_world_env(w);

    assert_int_equal(ic_init(), 0);
    memset(p, 0, sizeof *p);
    memset(bytes, seed, sizeof bytes);
    p->world = w;
    p->machine = m;
    p->host = (ic__dht_host){.send = h_send,
                             .socket_open = h_socket_open,
                             .socket_close = h_socket_close,
                             .socket_address = h_socket_address,
                             .interfaces = h_interfaces,
                             .stream_new = h_stream_new,
                             .stream_connect = connect_stream,
                             .stream_free = h_stream_free,
                             .relay_pair = h_relay_pair,
                             .relay_drop = h_relay_drop,
                             .user = p};
    assert_int_equal(ic_identity_from_seed(&p->identity, bytes, IC_NETWORK_MAINNET), 0);
    assert_int_equal(
        ic__dht_new(&p->dht, &env, &p->host, opts, &events, dht_world_now(w)), 0);
    dht_machine_attach(m, &driver);
    assert_int_equal(ic__dht_start(p->dht, dht_world_now(w)), 0);
}

void dht_peer_free(dht_peer *p)
{
    dht_machine_detach(p->machine);
    ic__dht_free(p->dht);
    ic_identity_free(p->identity);
    while (p->calls) {
        dht_peer_call *call = p->calls;
        p->calls = call->next;
        free(call);
    }
}

const uint8_t *dht_peer_key(const dht_peer *p)
{
    return ic_identity_public_key(p->identity);
}

static bool on_firewall(void *user, const uint8_t *remote_key, const ic__addr *from)
{
    dht_peer *p = user;

    p->firewalled += p->refuse;
    return p->refuse;
}

static void on_connection(void *user, const ic__dht_connection *c)
{
    take(user, c);
}

static void on_listening(void *user)
{
    ((dht_peer *)user)->listening++;
}

void dht_peer_listen(dht_peer *p, const ic__dht_server_options *opts)
{
    ic__dht_server_options o;
    const ic__dht_server_events events = {.firewall = on_firewall,
                                          .connection = on_connection,
                                          .listening = on_listening,
                                          .user = p};

    ic__dht_server_options_default(&o);
    if (opts)
        o = *opts;
    o.identity = p->identity;
    ic__dht_set_now(p->dht, dht_world_now(p->world));
    assert_int_equal(ic__dht_listen(p->dht, &o, &events, &p->server), 0);
}

static void on_done(void *user, int error, const ic__dht_connection *c)
{
    const dht_peer_call *call = user;
    dht_peer *p = call->peer;
    const char *reason = ic__dht_dial_reason(call->dial);

    p->last_error = error;
    if (!error) {
        take(p, c);
        return;
    }
    p->failures++;
    assert_null(c);
    assert_non_null(reason);
    strncpy(p->last_reason, reason, sizeof p->last_reason - 1);
}

void dht_peer_dial(dht_peer *p, const uint8_t *key, const ic__dht_dial_options *opts)
{
    ic__dht_dial_options o;
    dht_peer_call *call = calloc(1, sizeof *call);

    assert_non_null(call);
    call->peer = p;
    call->next = p->calls;
    p->calls = call;
    ic__dht_dial_options_default(&o);
    if (opts)
        o = *opts;
    if (!o.identity)
        o.identity = p->identity;
    o.remote_key = key;
    o.on_done = on_done;
    o.user = call;
    ic__dht_set_now(p->dht, dht_world_now(p->world));
    assert_int_equal(ic__dht_connect(p->dht, &o, &call->dial), 0);
    p->dial = call->dial;
}

size_t dht_peer_alive(const dht_peer *p)
{
    size_t n = 0;

    for (size_t i = 0; i < p->link_count; i++)
        n += p->links[i].local_id != 0 && p->links[i].proven;
    return n;
}

/* Nets. */

void dht_net_options(const dht_net *n, ic__dht_options *opts)
{
    ic__dht_options_default(opts);
    opts->rpc.bootstrap = &n->first;
    opts->rpc.bootstrap_count = 1;
}

static void add_node(dht_net *n, dht_machine *m)
{
    ic__dht_options opts;

    dht_net_options(n, &opts);
    opts.rpc.mode = IC__RPC_PERSISTENT;
    opts.rpc.firewalled = false;
    if (n->count == 0) {
        n->first = dht_machine_address(m);
        opts.rpc.bootstrap_count = 0;
        opts.rpc.public_address = n->first;
    }
    dht_peer_init(&n->nodes[n->count], n->world, m, (uint8_t)(200 + n->count), &opts);
    n->count++;
    dht_net_run(n, 2 * IC__SEC);
}

static void net_init(dht_net *n, uint64_t seed, size_t others, bool loopback)
{
    *n = (dht_net){.world = dht_world_new(seed)};
    n->nodes = calloc(others + 1, sizeof *n->nodes);
    assert_non_null(n->nodes);
    for (size_t i = 0; i <= others; i++)
        add_node(n, loopback ? dht_world_add_loopback(n->world)
                             : dht_world_add(n->world, DHT_OPEN));
}

void dht_net_init(dht_net *n, uint64_t seed, size_t others)
{
    net_init(n, seed, others, false);
}

void dht_net_init_loopback(dht_net *n, uint64_t seed, size_t others)
{
    net_init(n, seed, others, true);
}

void dht_net_free(dht_net *n)
{
    for (size_t i = 0; i < n->count; i++)
        dht_peer_free(&n->nodes[i]);
    free(n->nodes);
    dht_world_free(n->world);
}

dht_peer *dht_net_join(dht_net *n, dht_machine *m, uint8_t seed)
{
    dht_peer *p = malloc(sizeof *p);
    ic__dht_options opts;

    assert_non_null(p);
    dht_net_options(n, &opts);
    dht_peer_init(p, n->world, m, seed, &opts);
    dht_net_run(n, 2 * IC__SEC);
    return p;
}

void dht_net_run(dht_net *n, uint64_t ns)
{
    dht_world_run_until(n->world, dht_world_now(n->world) + ns);
}
