#include <string.h>

#include <sodium.h>

#include "dht/addresses.h"
#include "dht/dial_state.h"
#include "intercom/error.h"

#define REST (1 * IC__SEC)
#define LATER (10 * IC__SEC) /* and up to as much again */

static void proceed(ic__dht_dial *dial);

static ic__dht *dht_of(const ic__dht_dial *dial)
{
    return dial->links->dht;
}

static void rest(ic__dht_dial *dial, uint64_t delay)
{
    ic__clock_set_in(&dht_of(dial)->clock, &dial->alarm, delay);
}

static void give_back(ic__dht_dial *dial)
{
    if (dial->reserved)
        dial->links->random_punches--;
    dial->reserved = false;
}

void ic__dial_stop_punching(ic__dht_dial *dial)
{
    give_back(dial);
    ic__puncher_free(dial->puncher);
    dial->puncher = NULL;
    if (dial->phase != IC__DIAL_NOT_PUNCHING)
        dial->phase = IC__DIAL_GIVEN_UP;
}

static const ic__dht_relay *server_relay(const ic__dht_dial *dial)
{
    return &dial->remote.relays[dial->server_relay];
}

/* The server's relay that we used, else its first. */
static size_t pick_relay(const ic__dht_dial *dial)
{
    for (size_t i = 0; i < dial->remote.relay_count; i++) {
        if (ic__addr_equal(&dial->remote.relays[i].relay, &dial->relay))
            return i;
    }
    return 0;
}

/* Messages. */

typedef struct letter {
    ic__dht_punch_payload payload;
    const ic__addr *relay; /* that carries it */
    const ic__addr *peer;  /* the server, as that relay sees it */
    void (*on_done)(void *user, int error, const ic__rpc_reply *reply);
} letter;

static letter new_letter(ic__dht_dial *dial, const ic__addr *relay, const ic__addr *peer)
{
    const ic__nat *nat = ic__puncher_nat(dial->puncher);
    letter l = {.relay = relay, .peer = peer};

    l.payload.firewall = nat->firewall;
    l.payload.round = dial->round++;
    l.payload.has_addresses = nat->firewall != IC__DHT_FIREWALL_UNKNOWN;
    l.payload.address_count =
        ic__nat_addresses(nat, l.payload.addresses, IC__DHT_ADDRESSES_MAX);
    return l;
}

/* @return 0 or a negative error, and then on_done will not come */
static int post(ic__dht_dial *dial, const letter *l)
{
    uint8_t sealed[IC__PUNCH_SEALED_MAX];
    uint8_t value[IC__PUNCH_SEALED_MAX + 32];
    ic__wr s = ic__wr_of(sealed, sizeof sealed);
    ic__wr w = ic__wr_of(value, sizeof value);
    ic__rpc_call call = ic__rpc_call_to(l->relay, false, IC__DHT_PEER_HOLEPUNCH);
    ic__dht_holepunch m = {
        .mode = IC__DHT_FROM_CLIENT,
        .id = dial->remote.holepunch_id,
        .payload = sealed,
        .peer_address = *l->peer,
    };

    ic__punch_seal(&dial->punch_key, &dht_of(dial)->env, &l->payload, &s);
    m.payload_len = s.len;
    ic__dht_holepunch_write(&w, &m);
    if (s.bad || w.bad)
        return IC_ERR_LIMIT;
    call.sock = ic__puncher_socket(dial->puncher);
    call.target = dial->target;
    call.value = value;
    call.value_len = w.len;
    call.on_done = l->on_done;
    call.user = dial;
    return ic__rpc_call_send(dht_of(dial)->rpc, &call, NULL);
}

typedef struct answer {
    ic__dht_punch_payload payload;
    ic__addr peer; /* the server, as the relay saw it answer */
} answer;

static int read_answer(const ic__dht_dial *dial, const ic__rpc_reply *reply, answer *a)
{
    ic__dht_holepunch m;

    if (!reply->value ||
        ic__dht_holepunch_decode(&m, reply->value, reply->value_len) != 0 ||
        m.mode != IC__DHT_REPLY ||
        !ic__punch_open(&dial->punch_key, m.payload, m.payload_len, &a->payload))
        return IC_ERR_PROTO;
    a->peer = m.peer_address.family ? m.peer_address : reply->from;
    return 0;
}

static void learn(ic__dht_dial *dial, const ic__rpc_reply *reply, const answer *a,
                  const ic__addr *verified)
{
    ic__way way = {.sock = reply->sock, .addr = a->peer};

    ic__puncher_sample(dial->puncher, reply->sock, &reply->to, &reply->from);
    ic__puncher_update(dial->puncher, &a->payload, verified);
    if (a->payload.has_token) {
        memcpy(dial->token, a->payload.token, sizeof dial->token);
        dial->has_token = true;
    }
    /* a server that changed its socket answers from the new one */
    if (dial->told && ic__addr_is_sendable(&a->peer))
        (void)ic__trail_offer(dial->stream, &way);
}

/* Ending. */

static void on_aborted(void *user, int error, const ic__rpc_reply *reply)
{
    ic__dht_dial *dial = user;

    (void)error;
    (void)reply;
    ic__dial_fail(dial, IC_ERR_DENIED, dial->reason);
}

/* Tell the server, too. */
static void abort_punch(ic__dht_dial *dial, const char *reason)
{
    letter l = {
        .payload = {.error = IC__DHT_ERROR_ABORTED, .round = dial->round++},
        .relay = &server_relay(dial)->relay,
        .peer = &server_relay(dial)->peer,
        .on_done = on_aborted,
    };

    dial->reason = reason;
    dial->phase = IC__DIAL_ABORTING;
    if (post(dial, &l) != 0)
        ic__dial_fail(dial, IC_ERR_DENIED, reason);
}

/* Round 0: what both NATs are. */

static void begin_analysis(ic__dht_dial *dial)
{
    dial->phase = IC__DIAL_ANALYZING;
    proceed(dial);
}

static void on_probed(void *user, int error, const ic__rpc_reply *reply);

static void probe(ic__dht_dial *dial)
{
    const ic__dht_relay *relay = server_relay(dial);
    letter l = new_letter(dial, &relay->relay, &relay->peer);

    ic__puncher_open_session(dial->puncher, &dial->server);
    l.payload.remote_address = dial->server;
    l.on_done = on_probed;
    dial->phase = IC__DIAL_PROBING;
    if (post(dial, &l) != 0)
        ic__dial_fail(dial, IC_ERR_LIMIT, "HOLEPUNCH_ABORTED");
}

/* The relay is silent: through another one. */
static void probe_elsewhere(ic__dht_dial *dial, int error)
{
    if (++dial->relays_tried >= dial->remote.relay_count || error != IC_ERR_TIMEOUT) {
        ic__dial_fail(dial, IC_ERR_DENIED, "HOLEPUNCH_PROBE_TIMEOUT");
        return;
    }
    dial->server_relay = (dial->server_relay + 1) % dial->remote.relay_count;
    dial->phase = IC__DIAL_PROBE;
    proceed(dial);
}

static void on_probed(void *user, int error, const ic__rpc_reply *reply)
{
    ic__dht_dial *dial = user;
    answer a;

    if (error) {
        probe_elsewhere(dial, error);
    } else if (read_answer(dial, reply, &a) != 0) {
        ic__dial_fail(dial, IC_ERR_DENIED, "HOLEPUNCH_INVALID");
    } else if (a.payload.error) {
        ic__dial_fail(dial, IC_ERR_DENIED, "REMOTE_ABORTED");
    } else {
        dial->told_peer = a.peer;
        learn(dial, reply, &a, NULL);
        dial->phase = IC__DIAL_RESTING;
        if (a.payload.firewall == IC__DHT_FIREWALL_UNKNOWN)
            rest(dial, REST);
        else
            begin_analysis(dial);
    }
}

/* The server answers from another socket than it did at first: go there. */
static void adopt_peer(ic__dht_dial *dial)
{
    bool same_relay = ic__addr_equal(&server_relay(dial)->relay, &dial->relay);

    if (!same_relay || ic__addr_equal(&dial->told_peer, &dial->server))
        return;
    dial->server = dial->told_peer;
    ic__puncher_open_session(dial->puncher, &dial->server);
}

static void judge(ic__dht_dial *dial)
{
    uint32_t theirs = ic__puncher_remote_firewall(dial->puncher);
    uint32_t ours = ic__puncher_nat(dial->puncher)->firewall;
    bool unknown = theirs == IC__DHT_FIREWALL_UNKNOWN;

    if ((unknown || !dial->has_token) && !dial->probed_twice) {
        dial->probed_twice = true;
        dial->phase = IC__DIAL_PROBE;
        proceed(dial);
    } else if (unknown || ours == IC__DHT_FIREWALL_UNKNOWN) {
        abort_punch(dial, "HOLEPUNCH_PROBE_TIMEOUT");
    } else if (theirs >= IC__DHT_FIREWALL_RANDOM && ours >= IC__DHT_FIREWALL_RANDOM) {
        abort_punch(dial, "HOLEPUNCH_DOUBLE_RANDOMIZED_NATS");
    } else {
        adopt_peer(dial);
        dial->phase = IC__DIAL_ROUND;
        proceed(dial);
    }
}

/* Another socket may get a better NAT; then the server must see it. */
static void analyze(ic__dht_dial *dial)
{
    bool fresh = ic__puncher_socket(dial->puncher) != dial->probed_by;

    if (!ic__puncher_is_analyzed(dial->puncher))
        return;
    if (!ic__puncher_is_stable(dial->puncher) && ic__puncher_reopen(dial->puncher) == 0)
        return;
    if (fresh && ic__puncher_is_stable(dial->puncher)) {
        dial->probed_twice = true;
        dial->phase = IC__DIAL_PROBE;
        proceed(dial);
        return;
    }
    judge(dial);
}

/* Round 1: punching. */

static void fail_round(ic__dht_dial *dial, const char *reason)
{
    ic__dial_fail(dial, IC_ERR_DENIED, reason);
}

static void postpone(ic__dht_dial *dial)
{
    const ic_env *env = &dht_of(dial)->env;
    uint64_t draw;

    give_back(dial);
    if (!dial->stream->relay_wanted) {
        fail_round(dial, "HOLEPUNCH_ABORTED");
        return;
    }
    env->random(&draw, sizeof draw, env->user);
    dial->delayed = true;
    dial->phase = IC__DIAL_POSTPONED;
    rest(dial, LATER + draw % LATER);
}

static void punch(ic__dht_dial *dial)
{
    give_back(dial);
    dial->phase = IC__DIAL_PUNCHING;
    int err = ic__puncher_punch(dial->puncher);
    if (err == IC_ERR_LIMIT)
        postpone(dial);
    else if (err)
        fail_round(dial, "REMOTE_NOT_HOLEPUNCHABLE");
}

static bool is_echoed(const ic__dht_dial *dial, const answer *a)
{
    uint8_t token[IC__DHT_TOKEN_BYTES];

    if (!dial->sent_token || !a->payload.has_remote_token)
        return false;
    ic__punch_token(&dial->punch_key, &dial->server, token);
    return sodium_memcmp(token, a->payload.remote_token, sizeof token) == 0;
}

static void on_round(void *user, int error, const ic__rpc_reply *reply)
{
    ic__dht_dial *dial = user;
    answer a;

    if (error) {
        fail_round(dial, "HOLEPUNCH_ABORTED");
    } else if (read_answer(dial, reply, &a) != 0) {
        fail_round(dial, "HOLEPUNCH_INVALID");
    } else if (a.payload.error == IC__DHT_ERROR_TRY_LATER) {
        postpone(dial);
    } else if (a.payload.error) {
        fail_round(dial, "REMOTE_ABORTED");
    } else {
        learn(dial, reply, &a, is_echoed(dial, &a) ? &dial->server : NULL);
        if (dial->phase == IC__DIAL_ANNOUNCING)
            postpone(dial);
        else if (a.payload.punching)
            punch(dial);
        else
            fail_round(dial, "REMOTE_NOT_HOLEPUNCHING");
    }
}

/* By our relay, so that each learns that the other receives at the host that its relay
 * sees; later by the server's, which both can reach for as long as they like. */
static void send_round(ic__dht_dial *dial, bool punching)
{
    const ic__dht_relay *relay = server_relay(dial);
    letter l = new_letter(dial, dial->delayed ? &relay->relay : &dial->relay,
                          dial->delayed ? &relay->peer : &dial->server);

    l.payload.punching = punching;
    l.payload.has_token = !dial->delayed;
    dial->sent_token = !dial->delayed;
    if (!dial->delayed)
        ic__punch_token(&dial->punch_key, &dial->server, l.payload.token);
    l.payload.has_remote_token = dial->has_token;
    memcpy(l.payload.remote_token, dial->token, sizeof dial->token);
    l.on_done = on_round;
    dial->phase = punching ? IC__DIAL_ROUND_SENT : IC__DIAL_ANNOUNCING;
    if (post(dial, &l) != 0)
        fail_round(dial, "HOLEPUNCH_ABORTED");
}

static void begin_round(ic__dht_dial *dial)
{
    ic__puncher_freeze(dial->puncher);
    if (!ic__puncher_is_random(dial->puncher)) {
        send_round(dial, true);
    } else if (ic__links_may_punch_randomly(dial->links)) {
        dial->links->random_punches++;
        dial->reserved = true;
        send_round(dial, true);
    } else if (dial->delayed || !dial->stream->relay_wanted) {
        postpone(dial);
    } else {
        send_round(dial, false);
    }
}

/* Events. */

static void on_analyzed(void *user)
{
    ic__dht_dial *dial = user;

    if (dial->phase == IC__DIAL_ANALYZING)
        proceed(dial);
}

/* A byte came: does another one come when we answer? */
static bool is_echo(ic__dht_dial *dial, const ic__way *way)
{
    size_t count = dial->unsure_count < IC__DIAL_ECHOES_MAX ? dial->unsure_count
                                                            : IC__DIAL_ECHOES_MAX;

    for (size_t i = 0; i < count; i++) {
        if (dial->unsure[i].sock == way->sock &&
            ic__addr_equal(&dial->unsure[i].addr, &way->addr))
            return true;
    }
    dial->unsure[dial->unsure_count++ % IC__DIAL_ECHOES_MAX] = *way;
    ic__rpc_punch(dht_of(dial)->rpc, way->sock, &way->addr, IC__PUNCH_TTL);
    return false;
}

/* What the relay carries shall not wait for a way that leads to us only. */
static void on_candidate(void *user, const ic__way *way)
{
    ic__dht_dial *dial = user;

    if (!dial->stream->relay_wanted || is_echo(dial, way))
        ic__dial_offer(dial, way);
}

static void on_over(void *user)
{
    fail_round(user, "HOLEPUNCH_ABORTED");
}

static const ic__puncher_events puncher_events = {
    .analyzed = on_analyzed,
    .candidate = on_candidate,
    .over = on_over,
};

/* While a candidate is being tried, there is no need to trouble the server. */
static bool is_held(const ic__dht_dial *dial)
{
    return dial->told && dial->stream->trying;
}

static void proceed(ic__dht_dial *dial)
{
    if (is_held(dial))
        return;
    switch (dial->phase) {
    case IC__DIAL_PROBE:
        dial->probed_by = ic__puncher_socket(dial->puncher);
        probe(dial);
        break;
    case IC__DIAL_RESTING:
        begin_analysis(dial);
        break;
    case IC__DIAL_ANALYZING:
        analyze(dial);
        break;
    case IC__DIAL_POSTPONED:
        dial->phase = IC__DIAL_ROUND;
        begin_round(dial);
        break;
    case IC__DIAL_ROUND:
        begin_round(dial);
        break;
    case IC__DIAL_NOT_PUNCHING:
    case IC__DIAL_PROBING:
    case IC__DIAL_ANNOUNCING:
    case IC__DIAL_ROUND_SENT:
    case IC__DIAL_PUNCHING:
    case IC__DIAL_ABORTING:
    case IC__DIAL_GIVEN_UP:
        break;
    }
}

void ic__dial_go_on(ic__dht_dial *dial)
{
    proceed(dial);
}

void ic__dial_punch(ic__dht_dial *dial)
{
    int err = ic__puncher_new(&dial->puncher, dial->links, true, dial->remote.firewall,
                              &puncher_events, dial);

    ic__clock_set(&dht_of(dial)->clock, &dial->alarm, IC__NEVER);
    if (err) {
        ic__dial_fail(dial, err == IC_ERR_NOMEM ? err : IC_ERR_LIMIT,
                      "HOLEPUNCH_ABORTED");
        return;
    }
    dial->server_relay = pick_relay(dial);
    dial->phase = IC__DIAL_PROBE;
    proceed(dial);
}
