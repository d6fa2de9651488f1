#include "dht/puncher_state.h"

#include "dht/addresses.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"

#define SKIP_NEWEST 5 /* nodes, when there are SKIP_FROM */
#define SKIP_FROM 8
#define PASSES_MAX 2
#define GRACE (50 * IC__MS) /* for a fourth sample once three agree */
#define ECHOES_MAX 1024

static void settle(ic__alarm *alarm);

static ic__clock *clock_of(const ic__puncher *p)
{
    return &p->links->dht->clock;
}

static void on_punch(void *user, ic__punch_socket *socket, const ic__addr *from)
{
    ic__puncher *p = user;
    ic__way way = {.sock = socket->number, .addr = *from};

    p->has_candidate = true;
    if (p->initiator)
        p->events->candidate(p->user, &way);
    else if (p->echoes++ < ECHOES_MAX)
        ic__rpc_punch(p->links->dht->rpc, socket->number, from, IC__PUNCH_TTL);
}

static bool make_room(ic__puncher *p)
{
    size_t cap = p->socket_cap ? 4 * p->socket_cap : 1;
    ic__punch_socket **sockets;

    if (p->socket_count < p->socket_cap)
        return true;
    sockets = ic_mem_resize(p->sockets, cap * sizeof(*sockets));
    if (!sockets)
        return false;
    p->sockets = sockets;
    p->socket_cap = cap;
    return true;
}

int ic__puncher_add_socket(ic__puncher *p)
{
    ic__punch_socket *s;

    if (!make_room(p))
        return IC_ERR_NOMEM;
    int err = ic__punch_socket_open(p->links, &s);
    if (err)
        return err;
    s->on_punch = on_punch;
    s->user = p;
    p->sockets[p->socket_count++] = s;
    return 0;
}

/* Analysis. */

static bool was_asked(const ic__puncher *p, const ic__addr *node)
{
    for (size_t i = 0; i < p->asked_count; i++) {
        if (ic__addr_equal(&p->asked[i], node))
            return true;
    }
    return false;
}

/* Ring at the next turn when all is known, later when more may come. */
static void think(ic__puncher *p)
{
    uint64_t now = clock_of(p)->now;

    if (p->analyzed)
        return;
    if (ic__nat_settled(&p->nat) || p->pending == 0)
        ic__clock_set(clock_of(p), &p->analysis, now);
    else if (p->nat.firewall == IC__DHT_FIREWALL_CONSISTENT && p->nat.sampled == 3)
        ic__clock_set(clock_of(p), &p->analysis, now + GRACE);
}

static void on_pong(void *user, int error, const ic__rpc_reply *reply)
{
    ic__puncher *p = user;

    p->pending--;
    if (!error)
        ic__puncher_sample(p, reply->sock, &reply->to, &reply->from);
    think(p);
}

static void ask(ic__puncher *p, const ic__addr *node)
{
    ic__rpc_call call = ic__rpc_call_to(node, true, IC__RPC_PING);

    call.sock = ic__puncher_socket(p);
    call.retries = 0;
    call.on_done = on_pong;
    call.user = p;
    p->asked[p->asked_count++] = *node;
    if (ic__rpc_call_send(p->links->dht->rpc, &call, NULL) == 0)
        p->pending++;
}

/* Up to four nodes that have not been asked yet. */
static void ask_nodes(ic__puncher *p)
{
    ic__rpc *rpc = p->links->dht->rpc;
    ic__addr nodes[SKIP_NEWEST + IC__PUNCH_ASKED_MAX + IC__NAT_WANTED];
    size_t skip = ic__rpc_node_count(rpc) >= SKIP_FROM ? SKIP_NEWEST : 0;
    size_t count = ic__rpc_latest(rpc, skip, nodes, sizeof nodes / sizeof nodes[0]);

    p->passes++;
    for (size_t i = 0; i < count && p->asked_count < IC__PUNCH_ASKED_MAX; i++) {
        if (p->nat.sampled + p->pending >= IC__NAT_WANTED)
            break;
        if (!was_asked(p, &nodes[i]))
            ask(p, &nodes[i]);
    }
    think(p);
}

static void settle(ic__alarm *alarm)
{
    ic__puncher *p = IC__ELEMENT(alarm, ic__puncher, analysis);
    bool known = p->nat.firewall == IC__DHT_FIREWALL_CONSISTENT;

    if (!ic__nat_settled(&p->nat) && !known && p->passes < PASSES_MAX) {
        ask_nodes(p);
        return;
    }
    p->analyzed = true;
    p->events->analyzed(p->user);
}

static void analyze(ic__puncher *p)
{
    ic__rpc_cancel_user(p->links->dht->rpc, p);
    ic__nat_init(&p->nat, ic__rpc_is_firewalled(p->links->dht->rpc));
    p->asked_count = 0;
    p->pending = 0;
    p->passes = 0;
    p->analyzed = false;
    ask_nodes(p);
}

void ic__puncher_sample(ic__puncher *p, uint32_t sock, const ic__addr *us,
                        const ic__addr *from)
{
    if (sock != ic__puncher_socket(p) || !ic__nat_add(&p->nat, us, from))
        return;
    think(p);
}

void ic__puncher_freeze(ic__puncher *p)
{
    ic__nat_freeze(&p->nat);
}

bool ic__puncher_is_analyzed(const ic__puncher *p)
{
    return p->analyzed;
}

bool ic__puncher_is_stable(const ic__puncher *p)
{
    uint32_t ours = p->nat.firewall;

    if (ours == IC__DHT_FIREWALL_UNKNOWN)
        return false;
    return ours != IC__DHT_FIREWALL_RANDOM ||
           p->remote_firewall < IC__DHT_FIREWALL_RANDOM;
}

int ic__puncher_reopen(ic__puncher *p)
{
    if (p->socket_count > IC__PUNCH_REOPENS_MAX || p->strategy != IC__PUNCH_NONE)
        return IC_ERR_LIMIT;
    int err = ic__puncher_add_socket(p);
    if (err)
        return err;
    p->present = p->socket_count - 1;
    analyze(p);
    return 0;
}

/* Life. */

static int prepare(ic__puncher *p)
{
    int err = ic__clock_add(clock_of(p), &p->analysis, settle);

    if (!err)
        err = ic__clock_add(clock_of(p), &p->round, ic__puncher_ring);
    return err ? err : ic__puncher_add_socket(p);
}

int ic__puncher_new(ic__puncher **out, ic__dht_links *links, bool initiator,
                    uint32_t remote_firewall, const ic__puncher_events *events,
                    void *user)
{
    ic__puncher *p = ic_mem_calloc(1, sizeof *p);

    if (!p)
        return IC_ERR_NOMEM;
    p->links = links;
    p->events = events;
    p->user = user;
    p->initiator = initiator;
    p->remote_firewall = remote_firewall;
    int err = prepare(p);
    if (err) {
        ic__puncher_free(p);
        return err;
    }
    analyze(p);
    *out = p;
    return 0;
}

void ic__puncher_free(ic__puncher *p)
{
    if (!p)
        return;
    ic__puncher_stop(p);
    ic__rpc_cancel_user(p->links->dht->rpc, p);
    ic__clock_remove(clock_of(p), &p->analysis);
    ic__clock_remove(clock_of(p), &p->round);
    for (size_t i = 0; i < p->socket_count; i++) {
        p->sockets[i]->on_punch = NULL;
        ic__punch_socket_release(p->sockets[i]);
    }
    ic_mem_free(p->sockets);
    ic_mem_free(p);
}

uint32_t ic__puncher_socket(const ic__puncher *p)
{
    return p->sockets[p->present]->number;
}

const ic__nat *ic__puncher_nat(const ic__puncher *p)
{
    return &p->nat;
}

bool ic__puncher_has_candidate(const ic__puncher *p)
{
    return p->has_candidate;
}

/* The peer. */

uint32_t ic__puncher_remote_firewall(const ic__puncher *p)
{
    return p->remote_firewall;
}

static bool was_verified(const ic__puncher *p, const ic__addr *host)
{
    for (size_t i = 0; i < p->remote_count; i++) {
        if (p->remote[i].verified && ic__addr_same_host(&p->remote[i].addr, host))
            return true;
    }
    return false;
}

/* A NAT that changes its port is told with port 0. */
static bool is_target(const ic__addr *a, uint32_t firewall)
{
    ic__addr with_port = *a;

    if (firewall >= IC__DHT_FIREWALL_RANDOM)
        with_port.port = 1;
    return ic__addr_is_sendable(&with_port);
}

void ic__puncher_update(ic__puncher *p, const ic__dht_punch_payload *remote,
                        const ic__addr *verified)
{
    ic__punch_target list[IC__DHT_ADDRESSES_MAX];
    size_t count = 0;

    for (size_t i = 0; i < remote->address_count; i++) {
        const ic__addr *a = &remote->addresses[i];
        if (!is_target(a, remote->firewall))
            continue;
        list[count].addr = *a;
        list[count++].verified =
            (verified && ic__addr_same_host(verified, a)) || was_verified(p, a);
    }
    memcpy(p->remote, list, count * sizeof list[0]);
    p->remote_count = count;
    p->remote_firewall = remote->firewall;
}
