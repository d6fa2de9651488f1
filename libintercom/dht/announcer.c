#include "dht/announcer.h"

#include <string.h>

#include "base/env.h"
#include "base/queue.h"
#include "dht/query.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"

#define RELAYS IC__DHT_RELAYS_MAX
#define LEAVING ((size_t)2 * RELAYS) /* nodes at a time that shall forget us */
#define CYCLES 3                     /* that count as ours */
#define ROUNDS 100
#define ROUND_NS (3 * IC__SEC)
#define RETRY_MOST_NS (60 * IC__SEC)
#define CALM_ROUNDS 20 /* good ones, after which troubles are forgotten */
#define RECORD_BYTES (IC__DHT_KEY_BYTES + 1)

typedef enum phase { RESTING, FINDING, ANNOUNCING, PINGING, CLOSING } phase;

/* One request, or one after the other, to one node. */
typedef struct slot {
    ic__announcer *a;
    ic__rpc_pending *pending;
    ic__dht_relay relay;
    bool stored;
    bool repeated; /* with a fresh token */
} slot;

typedef struct cycle {
    ic__dht_relay relays[RELAYS];
    size_t count;
} cycle;

struct ic__announcer {
    ic__rpc *rpc;
    const ic_identity *identity;
    ic__announcer_events events;
    ic__alarm alarm;
    phase phase;
    bool suspended;
    bool again;        /* announce as soon as possible */
    unsigned round;    /* of pings, in this cycle */
    unsigned calm;     /* good rounds in a row */
    unsigned troubles; /* cycles that began before their time, or found nobody */
    uint8_t target[IC__DHT_KEY_BYTES];
    uint8_t record[RECORD_BYTES]; /* without relays: who asks us knows one */
    ic__query *query;
    ic__addr seeds[IC__RPC_K]; /* the last closest nodes */
    size_t seed_count;
    cycle cycles[CYCLES]; /* the last one first */
    slot asked[RELAYS];   /* announces, or pings */
    size_t asked_count;
    slot left[LEAVING]; /* nodes that shall forget us */
    size_t open;        /* of `asked`; when closing, of `left` */
    size_t alive;
    bool moved; /* a node sees us elsewhere than when we announced */
    void (*on_closed)(void *user);
    void *closed_user;
};

static void wake_in(ic__announcer *a, uint64_t delay_ns)
{
    ic__clock_set_in(ic__rpc_clock(a->rpc), &a->alarm, delay_ns);
}

/* Trouble repeats itself more and more slowly: a node that lies about our address must
 * not keep us busy. */
static uint64_t patience(const ic__announcer *a)
{
    uint64_t wait = ROUND_NS << (a->troubles < 5 ? a->troubles : 5);

    return wait < RETRY_MOST_NS ? wait : RETRY_MOST_NS;
}

static void rest(ic__announcer *a, uint64_t delay_ns)
{
    a->phase = RESTING;
    if (!a->suspended)
        wake_in(a, a->again ? 0 : delay_ns);
}

static void cancel_slots(ic__announcer *a, slot *slots, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ic__rpc_cancel(a->rpc, slots[i].pending);
        slots[i].pending = NULL;
    }
}

static void cancel_asked(ic__announcer *a)
{
    ic__query_cancel(a->query);
    a->query = NULL;
    cancel_slots(a, a->asked, RELAYS);
    a->open = 0;
}

/* A request about our key with a signature that only this node takes. */
static int send_signed(slot *s, uint32_t command, const uint8_t *node_id,
                       const uint8_t *token,
                       void (*on_done)(void *, int, const ic__rpc_reply *))
{
    ic__announcer *a = s->a;
    uint8_t bytes[1 + RECORD_BYTES + IC__DHT_SIGNATURE_BYTES];
    uint8_t signable[IC__DHT_SIGNABLE_BYTES];
    uint8_t signature[IC__DHT_SIGNATURE_BYTES];
    ic__wr w = ic__wr_of(bytes, sizeof bytes);
    ic__rpc_call call = ic__rpc_call_to(&s->relay.relay, false, command);
    const ic__dht_binding binding = {.command = (uint8_t)command,
                                     .target = a->target,
                                     .node_id = node_id,
                                     .token = token};
    ic__dht_announcement m = {.has_peer = true, .signature = signature};

    memcpy(m.peer.public_key, a->record, sizeof m.peer.public_key);
    ic__dht_announcement_signable(signable, &binding, a->record, sizeof a->record, NULL);
    ic_identity_sign(a->identity, signable, sizeof signable, signature);
    ic__dht_announcement_write(&w, &m);
    call.target = a->target;
    call.token = token;
    call.value = bytes;
    call.value_len = w.len;
    call.on_done = on_done;
    call.user = s;
    return ic__rpc_call_send(a->rpc, &call, &s->pending);
}

/* Taking an entry away: a fresh token first. */

static void one_left(slot *s)
{
    ic__announcer *a = s->a;

    s->relay.relay.family = 0;
    if (a->phase == CLOSING && --a->open == 0)
        wake_in(a, 0);
}

static void on_left(void *user, int error, const ic__rpc_reply *reply)
{
    slot *s = user;

    (void)error; /* the entry grows old there by itself */
    (void)reply;
    s->pending = NULL;
    one_left(s);
}

static void on_token(void *user, int error, const ic__rpc_reply *reply)
{
    slot *s = user;

    s->pending = NULL;
    if (error || !reply->id || !reply->token ||
        send_signed(s, IC__DHT_UNANNOUNCE, reply->id, reply->token, on_left) != 0)
        one_left(s);
}

static void leave(ic__announcer *a, const ic__addr *node)
{
    ic__rpc_call call = ic__rpc_call_to(node, false, IC__DHT_FIND_PEER);
    slot *s = a->left;

    while (s < a->left + LEAVING && s->relay.relay.family)
        s++;
    if (s == a->left + LEAVING)
        return;
    *s = (slot){.a = a, .relay = {.relay = *node}};
    call.target = a->target;
    call.on_done = on_token;
    call.user = s;
    if (ic__rpc_call_send(a->rpc, &call, &s->pending) != 0)
        s->relay.relay.family = 0;
}

static bool in_cycle(const cycle *c, const ic__addr *node)
{
    for (size_t i = 0; i < c->count; i++) {
        if (ic__addr_equal(&c->relays[i].relay, node))
            return true;
    }
    return false;
}

/* The end of a cycle. */

static void leave_old_nodes(ic__announcer *a)
{
    const cycle *old = &a->cycles[1];

    for (size_t i = 0; i < old->count; i++) {
        if (!in_cycle(&a->cycles[0], &old->relays[i].relay))
            leave(a, &old->relays[i].relay);
    }
}

static void publish(ic__announcer *a, const cycle *c)
{
    memmove(&a->cycles[1], &a->cycles[0], (CYCLES - 1) * sizeof a->cycles[0]);
    a->cycles[0] = *c;
    leave_old_nodes(a);
}

/* All announces are settled; only now does anybody learn of the new nodes. When none
 * took us, the old ones stay: they may still know us. */
static void cycle_over(ic__announcer *a)
{
    cycle c = {.count = 0};

    for (size_t i = 0; i < a->asked_count; i++) {
        if (a->asked[i].stored)
            c.relays[c.count++] = a->asked[i].relay;
    }
    a->round = 0;
    if (c.count) {
        publish(a, &c);
        rest(a, ROUND_NS);
    } else {
        rest(a, patience(a));
        a->again = true;
        a->troubles++;
    }
    if (a->events.on_cycle)
        a->events.on_cycle(a->events.user, c.count);
}

static void on_announced(void *user, int error, const ic__rpc_reply *reply);

/* A walk that others drew out has outlived its tokens; the refusal brings a new one. */
static bool announce_again(slot *s, const ic__rpc_reply *reply)
{
    if (s->repeated || !reply->id || !reply->token)
        return false;
    s->repeated = true;
    return send_signed(s, IC__DHT_ANNOUNCE, reply->id, reply->token, on_announced) == 0;
}

static void on_announced(void *user, int error, const ic__rpc_reply *reply)
{
    slot *s = user;

    s->pending = NULL;
    if (!error && reply->error == IC__RPC_INVALID_TOKEN && announce_again(s, reply))
        return;
    s->stored = !error && reply->error == IC__RPC_OK;
    if (s->stored)
        s->relay.peer = reply->to;
    if (--s->a->open == 0)
        cycle_over(s->a);
}

static void announce_at(ic__announcer *a, const ic__query_node *node)
{
    slot *s = &a->asked[a->asked_count];

    *s = (slot){.a = a, .relay = {.relay = node->addr, .peer = node->to}};
    if (send_signed(s, IC__DHT_ANNOUNCE, node->id, node->token, on_announced) != 0)
        return;
    a->asked_count++;
    a->open++;
}

static void on_found(void *user, int error, ic__query *query)
{
    ic__announcer *a = user;
    size_t count = 0;
    const ic__query_node *nodes = ic__query_closest(query, &count);

    (void)error; /* then there are no nodes */
    a->query = NULL;
    a->phase = ANNOUNCING;
    if (count)
        a->seed_count = 0;
    for (size_t i = 0; i < count; i++) {
        a->seeds[a->seed_count++] = nodes[i].addr;
        if (nodes[i].has_token && a->asked_count < RELAYS)
            announce_at(a, &nodes[i]);
    }
    if (!a->open)
        cycle_over(a);
}

static void announce(ic__announcer *a)
{
    ic__query_options opts;

    a->again = false;
    a->asked_count = 0;
    a->open = 0;
    a->phase = FINDING;
    ic__query_options_default(&opts);
    memcpy(opts.target, a->target, sizeof opts.target);
    opts.command = IC__DHT_FIND_PEER;
    opts.seeds = a->seeds;
    opts.seed_count = a->seed_count;
    opts.on_done = on_found;
    opts.user = a;
    if (ic__query_new(a->rpc, &opts, &a->query) != 0)
        cycle_over(a);
}

/* The pings in between. */

static void round_over(ic__announcer *a)
{
    bool bad = a->moved || a->alive < a->cycles[0].count;

    a->calm = bad ? 0 : a->calm + 1;
    if (a->calm >= CALM_ROUNDS)
        a->troubles = 0;
    if (bad) {
        uint64_t wait = a->troubles ? patience(a) : 0;
        rest(a, wait);
        a->again = true;
        a->troubles++;
    } else {
        a->again = a->again || ++a->round >= ROUNDS;
        rest(a, ROUND_NS);
    }
}

/* Field lesson 13: a node that sees us elsewhere sends handshakes to where we were. */
static void on_pong(void *user, int error, const ic__rpc_reply *reply)
{
    slot *s = user;
    ic__announcer *a = s->a;

    s->pending = NULL;
    if (!error) {
        a->alive++;
        a->moved = a->moved || !ic__addr_equal(&reply->to, &s->relay.peer);
    }
    if (--a->open == 0)
        round_over(a);
}

static void ping_nodes(ic__announcer *a)
{
    const cycle *c = &a->cycles[0];

    a->phase = PINGING;
    a->alive = 0;
    a->open = 0;
    a->moved = false;
    for (size_t i = 0; i < c->count; i++) {
        ic__rpc_call call = ic__rpc_call_to(&c->relays[i].relay, true, IC__RPC_PING);
        slot *s = &a->asked[i];
        *s = (slot){.a = a, .relay = c->relays[i]};
        call.on_done = on_pong;
        call.user = s;
        if (ic__rpc_call_send(a->rpc, &call, &s->pending) == 0)
            a->open++;
    }
    if (!a->open)
        round_over(a);
}

static void closed(ic__announcer *a)
{
    void (*on_closed)(void *user) = a->on_closed;
    void *user = a->closed_user;

    ic__announcer_free(a);
    if (on_closed)
        on_closed(user);
}

static void on_alarm(ic__alarm *alarm)
{
    ic__announcer *a = IC__ELEMENT(alarm, ic__announcer, alarm);

    if (a->phase == CLOSING)
        closed(a);
    else if (a->again || !a->cycles[0].count)
        announce(a);
    else
        ping_nodes(a);
}

int ic__announcer_start(ic__rpc *rpc, const ic_identity *identity,
                        const ic__announcer_events *events, ic__announcer **out)
{
    ic__announcer *a = ic_mem_calloc(1, sizeof *a);

    if (!a || ic__clock_add(ic__rpc_clock(rpc), &a->alarm, on_alarm) != 0) {
        ic_mem_free(a);
        return IC_ERR_NOMEM;
    }
    a->rpc = rpc;
    a->identity = identity;
    a->events = *events;
    a->again = true;
    a->suspended = ic__rpc_is_suspended(rpc);
    memcpy(a->record, ic_identity_public_key(identity), IC__DHT_KEY_BYTES);
    ic__dht_hash(a->target, a->record, IC__DHT_KEY_BYTES);
    rest(a, 0);
    *out = a;
    return 0;
}

const ic__dht_relay *ic__announcer_relays(const ic__announcer *a, size_t *count)
{
    *count = a->cycles[0].count;
    return a->cycles[0].relays;
}

size_t ic__announcer_addresses(const ic__announcer *a, ic__addr out[IC__DHT_RELAYS_MAX])
{
    ic__addr own = ic__rpc_public_address(a->rpc);
    size_t n = 0;

    if (!ic__rpc_is_firewalled(a->rpc) && own.family && own.port)
        out[n++] = own;
    for (size_t i = 0; i < a->cycles[0].count && n < RELAYS; i++)
        out[n++] = a->cycles[0].relays[i].relay;
    return n;
}

bool ic__announcer_is_relay(const ic__announcer *a, const ic__addr *node)
{
    for (size_t i = 0; i < CYCLES; i++) {
        if (in_cycle(&a->cycles[i], node))
            return true;
    }
    return false;
}

void ic__announcer_refresh(ic__announcer *a)
{
    a->again = true;
    if (a->phase == RESTING)
        rest(a, 0);
}

void ic__announcer_suspend(ic__announcer *a)
{
    a->suspended = true;
    cancel_slots(a, a->left, LEAVING);
    memset(a->left, 0, sizeof a->left);
    if (a->phase == CLOSING) {
        wake_in(a, 0);
        return;
    }
    cancel_asked(a);
    a->again = true;
    a->phase = RESTING;
    ic__clock_set(ic__rpc_clock(a->rpc), &a->alarm, IC__NEVER);
}

void ic__announcer_resume(ic__announcer *a)
{
    a->suspended = false;
    if (a->phase == RESTING)
        rest(a, 0);
}

/* Those of a cycle that was under way may have stored us too. */
static void leave_all_nodes(ic__announcer *a)
{
    const cycle *c = &a->cycles[0];
    size_t begun = a->phase == ANNOUNCING ? a->asked_count : 0;

    for (size_t i = 0; i < c->count; i++)
        leave(a, &c->relays[i].relay);
    for (size_t i = 0; i < begun; i++) {
        if (!in_cycle(c, &a->asked[i].relay.relay))
            leave(a, &a->asked[i].relay.relay);
    }
}

void ic__announcer_close(ic__announcer *a, void (*on_closed)(void *user), void *user)
{
    if (!a || a->phase == CLOSING)
        return;
    a->on_closed = on_closed;
    a->closed_user = user;
    cancel_slots(a, a->asked, RELAYS);
    if (!a->suspended)
        leave_all_nodes(a);
    cancel_asked(a);
    a->phase = CLOSING;
    for (size_t i = 0; i < LEAVING; i++)
        a->open += a->left[i].relay.relay.family != 0;
    ic__clock_set(ic__rpc_clock(a->rpc), &a->alarm, IC__NEVER);
    if (!a->open)
        wake_in(a, 0);
}

void ic__announcer_free(ic__announcer *a)
{
    if (!a)
        return;
    cancel_asked(a);
    cancel_slots(a, a->left, LEAVING);
    ic__clock_remove(ic__rpc_clock(a->rpc), &a->alarm);
    ic_mem_free(a);
}
