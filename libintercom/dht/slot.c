#include <string.h>

#include <sodium.h>

#include "crypto/identity.h"
#include "dht/addresses.h"
#include "dht/server_state.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"

#define FINISHED_MAX 4096 /* answers kept; then the oldest go before their time */
#define SUBNET_BYTES 3

/* A handshake while it is being answered. */
typedef struct greeting {
    const ic__router_handshake *hs;
    ic__addr client; /* as the relay sees it, or as we do */
    bool direct;     /* no relay in between */
    bool near;       /* no NAT is between the two */
    bool open;       /* we can be reached */
    ic__addr public_address;
    ic__dht_noise_payload remote;
    ic__dht_noise_payload ours;
    ic__noise noise;
} greeting;

static ic__dht *dht_of(const ic__slot *slot)
{
    return slot->server->links->dht;
}

static ic__clock *clock_of(const ic__slot *slot)
{
    return &dht_of(slot)->clock;
}

/* The list of slots. */

static uint64_t front_of(const uint8_t mark[IC__SLOT_MARK_BYTES])
{
    uint64_t front;

    memcpy(&front, mark, sizeof front);
    return front;
}

static bool make_room(ic__dht_server *server)
{
    size_t cap = server->slot_cap ? 2 * server->slot_cap : 8;
    ic__slot **slots;

    while (server->lowest < server->slot_cap && server->slots[server->lowest])
        server->lowest++;
    if (server->lowest < server->slot_cap)
        return true;
    slots = ic_mem_resize(server->slots, cap * sizeof(*slots));
    if (!slots)
        return false;
    memset(slots + server->slot_cap, 0, (cap - server->slot_cap) * sizeof(*slots));
    server->slots = slots;
    server->slot_cap = cap;
    return true;
}

static void on_patience(ic__alarm *alarm)
{
    ic__slot_give_up(IC__ELEMENT(alarm, ic__slot, patience));
}

/* A slot under the lowest free id. */
static int add_slot(ic__dht_server *server, const uint8_t mark[IC__SLOT_MARK_BYTES],
                    ic__slot **out)
{
    ic__slot *slot;
    int err;

    if (!make_room(server) || !(slot = ic_mem_calloc(1, sizeof *slot)))
        return IC_ERR_NOMEM;
    slot->server = server;
    memcpy(slot->mark, mark, sizeof slot->mark);
    err = ic__clock_add(clock_of(slot), &slot->patience, on_patience);
    if (!err)
        err = ic__map_put(&server->by_mark, front_of(mark), slot);
    if (err) {
        ic__clock_remove(clock_of(slot), &slot->patience);
        ic_mem_free(slot);
        return err;
    }
    slot->id = (uint32_t)server->lowest;
    server->slots[server->lowest++] = slot;
    *out = slot;
    return 0;
}

static void uncount(ic__slot *slot)
{
    while (slot->counted_count > 0)
        ic__tally_remove(&slot->server->links->handshakes,
                         &slot->counted[--slot->counted_count]);
}

/* Everything but the answer. */
static void strip(ic__slot *slot)
{
    ic__trail *stream = slot->stream;

    uncount(slot);
    slot->stream = NULL;
    ic__trail_leave(stream);
    ic__puncher_free(slot->puncher);
    slot->puncher = NULL;
    slot->question.open = false;
    slot->has_keys = false;
    sodium_memzero(&slot->keys, sizeof slot->keys);
    sodium_memzero(&slot->punch_key, sizeof slot->punch_key);
    ic__clock_remove(clock_of(slot), &slot->patience);
}

void ic__slot_free(ic__slot *slot)
{
    ic__dht_server *server = slot->server;

    strip(slot);
    ic__queue_remove(&server->finished, &slot->link);
    (void)ic__map_take(&server->by_mark, front_of(slot->mark));
    server->slots[slot->id] = NULL;
    if (slot->id < server->lowest)
        server->lowest = slot->id;
    ic_mem_free(slot->reply);
    ic_mem_free(slot);
}

void ic__slot_finish(ic__slot *slot)
{
    ic__dht_server *server = slot->server;

    if (ic__queue_holds(&slot->link))
        return;
    strip(slot);
    slot->finished_ns = clock_of(slot)->now;
    if (server->finished.count == 0)
        ic__clock_set(clock_of(slot), &server->sweep,
                      slot->finished_ns + IC__SLOT_LINGER);
    ic__queue_push(&server->finished, &slot->link);
    if (server->finished.count > FINISHED_MAX) {
        ic__link *oldest = ic__queue_first(&server->finished);
        ic__slot_free(IC__ELEMENT(oldest, ic__slot, link));
    }
}

/* The stream's side. */

void ic__slot_hand_over(ic__slot *slot)
{
    ic__dht_server *server = slot->server;
    ic__dht_connection c = {.reusable = slot->remote_reusable, .keys = slot->keys};

    ic__trail_hand_over(slot->stream, &c);
    slot->handed_over = true;
    uncount(slot);
    ic__clock_set_in(clock_of(slot), &slot->patience, IC__SLOT_LONG_WAIT);
    server->events.connection(server->events.user, &c);
    sodium_memzero(&c, sizeof c);
}

static void on_knock(void *user, const ic__way *way)
{
    ic__slot *slot = user;

    if (ic__trail_follow(slot->stream, way))
        ic__slot_hand_over(slot);
}

static void on_relayed(void *user, int error)
{
    ic__slot *slot = user;

    if (!error && !slot->stream->connected && ic__trail_go_relayed(slot->stream))
        ic__slot_hand_over(slot);
}

static void on_stuck(void *user)
{
    (void)user; /* the peer may still come by another way */
}

static void on_proven(void *user)
{
    ic__slot_finish(user);
}

static void on_gone(void *user)
{
    ic__slot *slot = user;

    slot->stream = NULL;
    ic__slot_finish(slot);
}

static const ic__trail_owner stream_owner = {
    .knock = on_knock,
    .relayed = on_relayed,
    .stuck = on_stuck,
    .proven = on_proven,
    .gone = on_gone,
};

void ic__slot_give_up(ic__slot *slot)
{
    bool relay_may_come = slot->stream->relay_wanted;
    bool came_near = slot->puncher && ic__puncher_has_candidate(slot->puncher);

    if (slot->handed_over || slot->waited || (!relay_may_come && !came_near)) {
        ic__slot_finish(slot);
        return;
    }
    slot->waited = true;
    ic__clock_set_in(clock_of(slot), &slot->patience, IC__SLOT_WAIT);
}

/* What we answer. */

static void fill_addresses(const ic__dht_server *server, const greeting *g,
                           ic__dht_noise_payload *ours)
{
    const ic__dht_host *host = &server->links->dht->host;
    ic__addr *list = ours->addresses4;
    size_t n = 0;

    if (g->near)
        list[n++] = g->hs->to;
    else if (g->open)
        list[n++] = g->public_address;
    if (server->share_local_addresses || g->near)
        n += ic__local_addresses(host, list + n, IC__DHT_ADDRESSES_MAX - 1 - n);
    if (g->near) {
        ic__addr loopback = {.family = 4, .ip = {127, 0, 0, 1}};
        loopback.port = host->socket_address(host->user, IC__DHT_SERVER_SOCKET).port;
        list[n++] = loopback;
    }
    ours->address4_count = n;
}

static void fill_relays(const ic__slot *slot, ic__dht_noise_payload *ours)
{
    size_t count = 0;
    const ic__dht_relay *relays = NULL;

    if (slot->server->announcer)
        relays = ic__announcer_relays(slot->server->announcer, &count);
    ours->has_holepunch = true;
    ours->holepunch_id = slot->id;
    ours->relay_count = count;
    if (count)
        memcpy(ours->relays, relays, count * sizeof *relays);
}

static void fill_relay_through(const ic__dht_server *server, ic__dht_noise_payload *ours)
{
    const ic__dht *d = server->links->dht;
    const ic_env *env = &d->env;

    if (!server->has_relay || (server->relay_if_random && !ic__dht_is_randomized(d)))
        return;
    ours->has_relay_through = true;
    memcpy(ours->relay_key, server->relay_key, sizeof ours->relay_key);
    env->random(ours->relay_token, sizeof ours->relay_token, env->user);
}

static void fill_answer(const ic__slot *slot, const greeting *g,
                        ic__dht_noise_payload *ours)
{
    const ic__dht_server *server = slot->server;

    ours->firewall =
        g->open || g->near ? IC__DHT_FIREWALL_OPEN : IC__DHT_FIREWALL_UNKNOWN;
    fill_addresses(server, g, ours);
    if (!g->open && !g->near)
        fill_relays(slot, ours);
    fill_relay_through(server, ours);
    ours->has_udx = true;
    ours->udx_version = 1;
    ours->udx_reusable = true;
    ours->udx_id = slot->stream ? slot->stream->local_id : 0;
    ours->has_secret_stream = true;
    ours->secret_stream_version = 1;
    ours->relay_address_count = ic__dht_server_relays(server, ours->relay_addresses);
}

/* Seal it, and keep it with the keys. */
static int seal_answer(ic__slot *slot, greeting *g)
{
    uint8_t message[IC__HANDSHAKE_MESSAGE_MAX];
    ic__wr w = ic__wr_of(message, sizeof message);
    const ic_env *env = &dht_of(slot)->env;

    int err = ic__handshake_send(&g->noise, &g->ours, &w);
    if (err)
        return err;
    slot->reply = ic_mem_alloc(w.len);
    if (!slot->reply)
        return IC_ERR_NOMEM;
    memcpy(slot->reply, message, w.len);
    slot->reply_len = w.len;
    ic__handshake_finish(&g->noise, env, &slot->keys, &slot->punch_key);
    slot->has_keys = true;
    return 0;
}

static void answer(const ic__slot *slot, const ic__router_back *back)
{
    uint32_t sock = slot->answer_by_puncher && slot->puncher
                        ? ic__puncher_socket(slot->puncher)
                        : IC__DHT_ANY_SOCKET;

    ic__router_answer_handshake(dht_of(slot)->router, back, sock, slot->reply,
                                slot->reply_len);
}

/* The ways that the two may meet, docs/spec/06-hyperdht.md, sections 6 and 10. */

/* No NAT is between two on one machine, nor in the subnet that even the relay sees. */
static bool is_near(const ic__dht_links *links, const ic__addr *client,
                    const ic__addr *us)
{
    if (!ic__links_is_own_host(links, us))
        return false;
    return ic__addr_same_host(client, us) ||
           memcmp(client->ip, us->ip, SUBNET_BYTES) == 0;
}

static bool shares_a_network(const ic__dht_server *server, const greeting *g)
{
    ic__addr mine[IC__DHT_ADDRESSES_MAX];
    ic__addr theirs[IC__DHT_ADDRESSES_MAX];
    size_t count = 0;

    if (!server->share_local_addresses || !ic__addr_same_host(&g->client, &g->hs->to))
        return false;
    for (size_t i = 0; i < g->remote.address4_count; i++) {
        if (ic__addr_is_private(&g->remote.addresses4[i]))
            theirs[count++] = g->remote.addresses4[i];
    }
    size_t own =
        ic__local_addresses(&server->links->dht->host, mine, IC__DHT_ADDRESSES_MAX);
    return ic__addr_match(mine, own, theirs, count) != NULL;
}

static void begin_relay(ic__slot *slot, const greeting *g)
{
    int err = 0;

    if (g->ours.has_relay_through)
        err = ic__trail_relay(slot->stream, g->ours.relay_key, g->ours.relay_token, true);
    else if (g->remote.has_relay_through)
        err = ic__trail_relay(slot->stream, g->remote.relay_key, g->remote.relay_token,
                              false);
    if (err)
        ic__log(&dht_of(slot)->env, IC_LOG_DEBUG, "dht", "no relay: %s",
                ic_strerror(err));
}

/* Before the answer leaves, since its source tells the client where to punch. */
static void prepare_ways(ic__slot *slot, const greeting *g)
{
    bool waits = g->open || g->near || !slot->server->holepunch;

    ic__clock_set_in(clock_of(slot), &slot->patience, IC__SLOT_WAIT);
    begin_relay(slot, g);
    if (waits || ic__slot_prepare_punch(slot, g->remote.firewall) != 0)
        return;
    slot->answer_by_puncher = !shares_a_network(slot->server, g);
}

/* A stateful firewall of ours may be in the way of a neighbour. */
static void invite_neighbour(const ic__slot *slot, const greeting *g)
{
    if (g->near && !ic__addr_same_host(&g->client, &g->hs->to))
        ic__rpc_punch(dht_of(slot)->rpc, g->hs->sock, &g->client, IC__PUNCH_TTL);
}

/* The client can be reached as it is: no need to wait for it. */
static void meet(ic__slot *slot, const greeting *g)
{
    ic__way way = {.sock =
                       g->direct ? g->hs->sock : ic__links_socket(slot->server->links),
                   .addr = g->client};

    if (ic__trail_follow(slot->stream, &way))
        ic__slot_hand_over(slot);
    else
        ic__slot_finish(slot);
}

static void welcome(ic__slot *slot, const greeting *g)
{
    bool reachable = g->direct || g->remote.firewall == IC__DHT_FIREWALL_OPEN;

    if (g->ours.error) {
        answer(slot, &g->hs->back);
        ic__slot_finish(slot);
        return;
    }
    slot->stream->remote_id = g->remote.udx_id;
    slot->remote_reusable = g->remote.udx_reusable;
    if (!reachable)
        prepare_ways(slot, g);
    answer(slot, &g->hs->back);
    if (reachable)
        meet(slot, g);
    else
        invite_neighbour(slot, g);
}

/* From the first message to the second. */

static bool read_greeting(const ic__dht_server *server, greeting *g)
{
    const ic__dht *d = server->links->dht;
    const ic__router_handshake *hs = g->hs;

    g->direct = hs->peer_address.family == 0;
    g->client = g->direct ? hs->from : hs->peer_address;
    ic__handshake_await(&g->noise, &d->env, ic__identity_secret_key(server->identity));
    if (!ic__addr_is_sendable(&g->client) ||
        ic__handshake_recv(&g->noise, hs->noise, hs->noise_len, &g->remote) != 0)
        return false;
    if (server->events.firewall &&
        server->events.firewall(server->events.user, g->noise.remote_key, &g->client))
        return false;
    g->ours.version = 1;
    g->open = ic__links_open_address(server->links, &g->public_address);
    g->near = !g->direct && is_near(server->links, &g->client, &hs->to);
    if (g->remote.version != 1)
        g->ours.error = IC__DHT_ERROR_VERSION_MISMATCH;
    else if (!g->remote.has_udx)
        g->ours.error = IC__DHT_ERROR_ABORTED;
    return !server->closing;
}

/* The hosts that this handshake is counted for. */
static int count(ic__slot *slot, const greeting *g)
{
    ic__tally *tally = &slot->server->links->handshakes;
    int err = ic__tally_add(tally, &g->hs->from);

    if (err)
        return err;
    slot->counted[slot->counted_count++] = g->hs->from;
    if (ic__addr_same_host(&g->client, &g->hs->from))
        return 0;
    err = ic__tally_add(tally, &g->client);
    if (!err)
        slot->counted[slot->counted_count++] = g->client;
    return err;
}

/* With an error the client knows at once, and may come again; in silence it would wait
 * for long. */
static void make_answer(ic__slot *slot, greeting *g)
{
    if (!g->ours.error && count(slot, g) != 0)
        g->ours.error = IC__DHT_ERROR_TRY_LATER;
    if (!g->ours.error &&
        ic__trail_new(slot->server->links, &stream_owner, slot, &slot->stream) != 0)
        g->ours.error = IC__DHT_ERROR_TRY_LATER;
    fill_answer(slot, g, &g->ours);
}

static void take(ic__dht_server *server, const ic__router_handshake *hs,
                 const uint8_t mark[IC__SLOT_MARK_BYTES])
{
    greeting g = {.hs = hs};
    ic__slot *slot;

    if (!read_greeting(server, &g) || add_slot(server, mark, &slot) != 0) {
        ic__noise_wipe(&g.noise);
        return;
    }
    make_answer(slot, &g);
    if (seal_answer(slot, &g) != 0)
        ic__slot_free(slot);
    else
        welcome(slot, &g);
    ic__noise_wipe(&g.noise);
}

void ic__server_on_handshake(void *user, const ic__router_handshake *hs)
{
    ic__dht_server *server = user;
    uint8_t mark[IC__SLOT_MARK_BYTES];

    crypto_generichash(mark, sizeof mark, hs->noise, hs->noise_len, server->mark_key,
                       sizeof server->mark_key);
    ic__slot *slot = ic__map_get(&server->by_mark, front_of(mark));
    if (!slot)
        take(server, hs, mark);
    else if (memcmp(slot->mark, mark, sizeof mark) == 0 && slot->reply)
        answer(slot, &hs->back);
}
