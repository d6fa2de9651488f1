#include "dht/puncher_state.h"

#include "intercom/error.h"

#define CONSISTENT_PAUSE (1 * IC__SEC)
#define PROBE_PAUSE (10 * IC__MS)
#define SOCKET_PAUSE (20 * IC__MS)
#define BIRTHDAY_BATCH 64 /* sockets at a time: a burst freezes small routers */
#define BIRTHDAY_BATCH_PAUSE (10 * IC__MS)
#define BIRTHDAY_PAUSE (100 * IC__MS)
#define LOWEST_PORT 1000
#define UNVERIFIED_EVERY 4 /* rounds */

static ic__clock *clock_of(const ic__puncher *p)
{
    return &p->links->dht->clock;
}

static void punch(const ic__puncher *p, size_t socket, const ic__addr *to, bool low)
{
    ic__rpc_punch(p->links->dht->rpc, p->sockets[socket]->number, to,
                  low ? IC__PUNCH_TTL_LOW : IC__PUNCH_TTL);
}

void ic__puncher_open_session(ic__puncher *p, const ic__addr *to)
{
    punch(p, p->present, to, true);
}

void ic__puncher_ping(ic__puncher *p, const ic__addr *to)
{
    punch(p, p->present, to, false);
}

void ic__puncher_stop(ic__puncher *p)
{
    p->strategy = IC__PUNCH_NONE;
    if (p->round.ring)
        ic__clock_set(clock_of(p), &p->round, IC__NEVER);
    if (!p->randomized)
        return;
    p->randomized = false;
    p->links->random_punches--;
    p->links->random_punched_ns = clock_of(p)->now;
    p->links->has_random_punched = true;
}

static void finish(ic__puncher *p)
{
    ic__puncher_stop(p);
    p->events->over(p->user);
}

static void ring_in(ic__puncher *p, uint64_t delay)
{
    ic__clock_set_in(clock_of(p), &p->round, delay);
}

static void consistent_round(ic__puncher *p)
{
    if (p->sent == IC__PUNCH_ROUNDS_MAX) {
        finish(p);
        return;
    }
    p->sent++;
    for (size_t i = 0; i < p->remote_count; i++) {
        if (p->remote[i].verified || p->sent % UNVERIFIED_EVERY == 0)
            punch(p, p->present, &p->remote[i].addr, false);
    }
    ring_in(p, CONSISTENT_PAUSE);
}

static void probe(ic__puncher *p)
{
    const ic_env *env = &p->links->dht->env;
    ic__addr to = p->aim;
    uint32_t draw;

    if (p->sent == IC__PUNCH_PROBES_MAX) {
        finish(p);
        return;
    }
    p->sent++;
    env->random(&draw, sizeof draw, env->user);
    to.port = (uint16_t)(LOWEST_PORT + draw % (65536 - LOWEST_PORT));
    punch(p, p->present, &to, false);
    ring_in(p, PROBE_PAUSE);
}

static void use_sockets(ic__puncher *p)
{
    if (p->sent == IC__PUNCH_PROBES_MAX) {
        finish(p);
        return;
    }
    p->sent++;
    if (p->turn == p->socket_count) {
        p->turn = 0;
        p->low = false;
    }
    punch(p, p->turn++, &p->aim, p->low);
    ring_in(p, SOCKET_PAUSE);
}

/* A batch of sockets; then, a little later, the packets that shall arrive. */
static void open_sockets(ic__puncher *p)
{
    size_t max = p->links->dht->opts.max_punch_sockets;

    for (size_t i = 0; i < BIRTHDAY_BATCH && p->socket_count < max; i++) {
        if (ic__puncher_add_socket(p) != 0) {
            max = p->socket_count; /* punch with those that we have */
            break;
        }
        punch(p, p->socket_count - 1, &p->aim, true);
    }
    p->turn = p->socket_count >= max ? 0 : SIZE_MAX;
    ring_in(p, p->turn == 0 ? BIRTHDAY_PAUSE : BIRTHDAY_BATCH_PAUSE);
}

void ic__puncher_ring(ic__alarm *alarm)
{
    ic__puncher *p = IC__ELEMENT(alarm, ic__puncher, round);

    switch (p->strategy) {
    case IC__PUNCH_CONSISTENT:
        consistent_round(p);
        break;
    case IC__PUNCH_PROBES:
        probe(p);
        break;
    case IC__PUNCH_BIRTHDAY:
        if (p->turn == SIZE_MAX)
            open_sockets(p);
        else
            use_sockets(p);
        break;
    case IC__PUNCH_NONE:
        break;
    }
}

static const ic__addr *verified_address(const ic__puncher *p)
{
    for (size_t i = 0; i < p->remote_count; i++) {
        if (p->remote[i].verified)
            return &p->remote[i].addr;
    }
    return NULL;
}

bool ic__puncher_is_random(const ic__puncher *p)
{
    return p->remote_firewall >= IC__DHT_FIREWALL_RANDOM ||
           p->nat.firewall >= IC__DHT_FIREWALL_RANDOM;
}

bool ic__puncher_is_punching(const ic__puncher *p)
{
    return p->strategy != IC__PUNCH_NONE;
}

/* The strategy for both NATs, or none. */
static ic__punch_strategy choose(const ic__puncher *p)
{
    bool ours = ic__firewall_is_consistent(p->nat.firewall);
    bool theirs = ic__firewall_is_consistent(p->remote_firewall);

    if (p->remote_count == 0 || (!ours && !theirs))
        return IC__PUNCH_NONE;
    if (ours && theirs)
        return IC__PUNCH_CONSISTENT;
    if (p->nat.firewall == IC__DHT_FIREWALL_UNKNOWN ||
        p->remote_firewall == IC__DHT_FIREWALL_UNKNOWN || !verified_address(p))
        return IC__PUNCH_NONE;
    return ours ? IC__PUNCH_PROBES : IC__PUNCH_BIRTHDAY;
}

static int begin_random(ic__puncher *p)
{
    if (!ic__links_may_punch_randomly(p->links))
        return IC_ERR_LIMIT;
    p->links->random_punches++;
    p->randomized = true;
    p->aim = *verified_address(p);
    p->low = true;
    p->turn = SIZE_MAX;
    return 0;
}

int ic__puncher_punch(ic__puncher *p)
{
    ic__punch_strategy strategy = choose(p);
    int err = 0;

    if (p->strategy != IC__PUNCH_NONE)
        return 0;
    if (strategy == IC__PUNCH_NONE)
        return IC_ERR_DENIED;
    if (strategy != IC__PUNCH_CONSISTENT)
        err = begin_random(p);
    if (err)
        return err;
    p->strategy = strategy;
    p->sent = 0;
    /* a responder has just answered the session that the peer has opened */
    ring_in(p, strategy == IC__PUNCH_CONSISTENT && !p->initiator ? CONSISTENT_PAUSE : 0);
    return 0;
}
