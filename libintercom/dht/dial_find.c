#include <string.h>

#include <sodium.h>

#include "dht/addresses.h"
#include "dht/dial_state.h"
#include "dht/router.h"
#include "intercom/error.h"

#define WIDTH 2 /* attempts at a time; one more when nodes were known beforehand */
#define QUERY_RETRIES 3
#define MESSAGE_ROOM 16 /* for the fields around the Noise message */

static void on_answer(void *user, int error, const ic__rpc_reply *reply);

static bool is_listed(const ic__dht_dial *dial, const ic__addr *node)
{
    for (size_t i = 0; i < dial->node_count; i++) {
        if (ic__addr_equal(&dial->nodes[i], node))
            return true;
    }
    return false;
}

static void list(ic__dht_dial *dial, const ic__addr *node)
{
    if (dial->node_count < IC__DIAL_NODES_MAX && ic__addr_is_sendable(node) &&
        !is_listed(dial, node))
        dial->nodes[dial->node_count++] = *node;
}

/* Another node in its place, as long as the first ones are silent. */
static void on_slow(void *user);
static void search_or_fail(ic__dht_dial *dial);

static bool ask(ic__attempt *a, const ic__addr *node, uint32_t sock)
{
    uint8_t value[IC__HANDSHAKE_MESSAGE_MAX + MESSAGE_ROOM];
    ic__wr w = ic__wr_of(value, sizeof value);
    ic__rpc_call call = ic__rpc_call_to(node, false, IC__DHT_PEER_HANDSHAKE);
    const ic__dht_handshake message = {
        .mode = IC__DHT_FROM_CLIENT,
        .noise = a->dial->message,
        .noise_len = a->dial->message_len,
    };

    ic__dht_handshake_write(&w, &message);
    call.sock = sock;
    call.target = a->dial->target;
    call.value = value;
    call.value_len = w.len;
    call.on_slow = on_slow;
    call.on_done = on_answer;
    call.user = a;
    a->node = *node;
    return ic__rpc_call_send(a->dial->links->dht->rpc, &call, &a->pending) == 0;
}

static size_t count_busy(const ic__dht_dial *dial)
{
    size_t n = 0;

    for (size_t i = 0; i < IC__DIAL_ATTEMPTS_MAX; i++)
        n += dial->attempts[i].pending != NULL;
    return n;
}

static ic__attempt *free_attempt(ic__dht_dial *dial)
{
    size_t i = 0;

    while (dial->attempts[i].pending)
        i++;
    return &dial->attempts[i];
}

static void ask_more(ic__dht_dial *dial)
{
    while (dial->node_next < dial->node_count && count_busy(dial) < dial->width)
        (void)ask(free_attempt(dial), &dial->nodes[dial->node_next++],
                  IC__DHT_ANY_SOCKET);
}

static void on_slow(void *user)
{
    ic__dht_dial *dial = ((ic__attempt *)user)->dial;

    if (dial->width < IC__DIAL_ATTEMPTS_MAX)
        dial->width++;
    if (dial->searching)
        ask_more(dial);
    else
        search_or_fail(dial);
}

/* The one that has waited longest begins at the next turn. */
static void wake_next(ic__dht_links *links)
{
    ic__clock *clock = &links->dht->clock;
    const ic__link *end = &links->dials.ends;

    for (ic__link *l = end->next; l != end; l = l->next) {
        ic__dht_dial *dial = IC__ELEMENT(l, ic__dht_dial, link);
        if (!dial->waiting)
            continue;
        dial->waiting = false;
        dial->finding = true;
        links->finding++;
        ic__clock_set(clock, &dial->alarm, clock->now);
        return;
    }
}

void ic__dial_stop_finding(ic__dht_dial *dial)
{
    for (size_t i = 0; i < IC__DIAL_ATTEMPTS_MAX; i++) {
        ic__rpc_cancel(dial->links->dht->rpc, dial->attempts[i].pending);
        dial->attempts[i].pending = NULL;
    }
    ic__query_cancel(dial->query);
    dial->query = NULL;
    ic__noise_wipe(&dial->noise);
    dial->waiting = false;
    if (!dial->finding)
        return;
    dial->finding = false;
    dial->links->finding--;
    wake_next(dial->links);
}

/* The query. */

static void on_found(void *user, const ic__rpc_reply *reply)
{
    ic__dht_dial *dial = user;
    ic__dht_peer peer;

    if (!reply->value || reply->value_len == 0)
        return;
    ic__rd r = ic__rd_of(reply->value, reply->value_len);
    ic__dht_peer_read(&r, &peer);
    if (r.bad || memcmp(peer.public_key, dial->remote_key, IC__DHT_KEY_BYTES) != 0)
        return;
    list(dial, &reply->from);
    ask_more(dial);
}

static void on_query_done(void *user, int error, ic__query *query);

static int search(ic__dht_dial *dial, const ic__addr *seeds, size_t count)
{
    ic__query_options opts;

    ic__query_options_default(&opts);
    memcpy(opts.target, dial->target, sizeof opts.target);
    opts.command = IC__DHT_FIND_PEER;
    opts.retries = QUERY_RETRIES;
    opts.seeds = count ? seeds : NULL;
    opts.seed_count = count;
    opts.on_reply = on_found;
    opts.on_done = on_query_done;
    opts.user = dial;
    return ic__query_new(dial->links->dht->rpc, &opts, &dial->query);
}

/* Nobody is left to ask: once more without what we knew, or that is all. */
static void look_further(ic__dht_dial *dial)
{
    bool again = dial->known > 0 && !dial->asked_twice;

    if (dial->query || count_busy(dial) > 0 || dial->shaken)
        return;
    if (!dial->searching) {
        search_or_fail(dial);
        return;
    }
    dial->asked_twice = true;
    if (again && search(dial, NULL, 0) == 0)
        return;
    if (dial->node_count > dial->known)
        ic__dial_fail(dial, IC_ERR_TIMEOUT, "PEER_CONNECTION_FAILED");
    else
        ic__dial_fail(dial, IC_ERR_NOT_FOUND, "PEER_NOT_FOUND");
}

static void on_query_done(void *user, int error, ic__query *query)
{
    ic__dht_dial *dial = user;

    (void)error;
    (void)query;
    dial->query = NULL;
    look_further(dial);
}

/* What was learned of the peer before. */
static void list_known(ic__dht_dial *dial)
{
    ic__dht_links *links = dial->links;
    const ic__dht_peer *cached = ic__relay_cache_get(&links->relays, dial->remote_key);
    ic__addr route;

    for (size_t i = 0; dial->node_count == 0 && cached && i < cached->relay_count; i++)
        list(dial, &cached->relays[i]);
    if (ic__router_route(links->dht->router, dial->target, &route))
        list(dial, &route);
    dial->known = dial->node_count;
    dial->width = dial->known ? WIDTH + 1 : WIDTH;
}

static int begin_search(ic__dht_dial *dial)
{
    dial->searching = true;
    list_known(dial);
    ask_more(dial);
    return search(dial, dial->nodes, dial->known);
}

static void search_or_fail(ic__dht_dial *dial)
{
    int err = begin_search(dial);

    if (err)
        ic__dial_fail(dial, err, "PEER_NOT_FOUND");
}

/* By the way of another connection with this peer, without asking anybody. */
static int begin(ic__dht_dial *dial)
{
    ic__way way;

    if (ic__trail_reuse(dial->links, dial->remote_key, &way) &&
        ask(free_attempt(dial), &way.addr, way.sock))
        return 0;
    return begin_search(dial);
}

void ic__dial_begin_finding(ic__dht_dial *dial)
{
    int err = begin(dial);

    if (err)
        ic__dial_fail(dial, err, "PEER_NOT_FOUND");
}

int ic__dial_find(ic__dht_dial *dial, const ic__addr *relays, size_t count)
{
    for (size_t i = 0; i < IC__DIAL_ATTEMPTS_MAX; i++)
        dial->attempts[i].dial = dial;
    for (size_t i = 0; i < count && i < IC__DHT_ADDRESSES_MAX; i++)
        list(dial, &relays[i]);
    dial->waiting = dial->links->finding >= IC__DIALS_FINDING_MAX;
    if (dial->waiting)
        return 0;
    dial->finding = true;
    dial->links->finding++;
    return begin(dial);
}

/* Answers. */

/* @return 0 when the handshake is done; IC_ERR_UNSUPPORTED or IC_ERR_CLOSED when the
 * server has told us why not; another error when this is no answer of the server */
static int read_answer(ic__dht_dial *dial, const ic__dht_handshake *m)
{
    ic__noise noise = dial->noise; /* a wrong answer leaves it as it is */
    int err = ic__handshake_recv(&noise, m->noise, m->noise_len, &dial->remote);

    if (!err && dial->remote.version != 1)
        err = IC_ERR_UNSUPPORTED;
    else if (!err && (dial->remote.error || !dial->remote.has_udx))
        err = IC_ERR_CLOSED;
    else if (!err)
        ic__handshake_finish(&noise, &dial->links->dht->env, &dial->keys,
                             &dial->punch_key);
    ic__noise_wipe(&noise);
    return err;
}

static void accept_answer(ic__dht_dial *dial, const ic__dht_handshake *m,
                          const ic__rpc_reply *reply)
{
    dial->shaken = true;
    ic__dial_stop_finding(dial);
    dial->relay = reply->from;
    dial->client = reply->to;
    dial->sock = reply->sock;
    dial->relayed = m->peer_address.family != 0;
    dial->server = dial->relayed ? m->peer_address : reply->from;
    dial->stream->remote_id = dial->remote.udx_id;
    ic__dial_meet(dial);
}

static void on_answer(void *user, int error, const ic__rpc_reply *reply)
{
    ic__attempt *a = user;
    ic__dht_dial *dial = a->dial;
    ic__dht_handshake m;
    int err = error;

    a->pending = NULL;
    if (!err && (!reply->value || !ic__addr_equal(&reply->from, &a->node)))
        err = IC_ERR_PROTO;
    if (!err)
        err = ic__dht_handshake_decode(&m, reply->value, reply->value_len);
    if (!err && (m.mode != IC__DHT_REPLY || m.noise_len == 0))
        err = IC_ERR_PROTO;
    if (!err)
        err = read_answer(dial, &m);
    if (!err) {
        accept_answer(dial, &m, reply);
    } else if (err == IC_ERR_UNSUPPORTED) {
        ic__dial_fail(dial, err, "SERVER_INCOMPATIBLE");
    } else if (err == IC_ERR_CLOSED) {
        ic__dial_fail(dial, err, "SERVER_ERROR");
    } else {
        ask_more(dial);
        look_further(dial);
    }
}
