#include "dht/query.h"

#include <string.h>

#include "dht/rpc_state.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"

#define QUERY_RETRIES 5
#define TELLERS 8             /* nodes that we remember to have named another one */
#define HEARD_PER_VISIT 4     /* how many more nodes are remembered than visited */
#define CAREFUL_CONCURRENCY 3 /* while the seeds are not proven */
#define FEW_ANSWERS 5         /* with fewer from the seeds, begin again from the table */
#define QUIET 3               /* requests in flight, below which the background hurries */

enum { PENDING, ASKED, ANSWERED, DOWN, PASSED };

struct entry {
    ic__query *query;
    ic__rpc_pending *pending;
    ic__addr addr;
    uint8_t id[IC__DHT_KEY_BYTES];
    struct entry *tellers[TELLERS];
    uint8_t teller_count;
    uint8_t state;
    bool slow;
    uint32_t hops;
};

struct ic__query {
    ic__rpc *rpc;
    ic__link link; /* in the node's list */
    ic__alarm alarm;
    ic__query_options opts;
    uint8_t *value;
    struct entry **entries;
    size_t count;
    size_t cap;
    ic__query_node closest[IC__RPC_K];
    size_t closest_count;
    ic__query_stats stats;
    uint32_t visits;
    uint32_t in_flight;
    uint32_t slow;
    bool from_table;
    bool careful;
    bool stopped;
    bool canceled;
    bool busy; /* inside of on_reply */
    bool dead; /* to be freed when it is not */
};

static void advance(ic__query *q);
static void add_from_table(ic__query *q);

void ic__query_options_default(ic__query_options *opts)
{
    *opts = (ic__query_options){.retries = QUERY_RETRIES};
}

static void query_free(ic__query *q)
{
    for (size_t i = 0; i < q->count; i++) {
        ic__rpc_cancel(q->rpc, q->entries[i]->pending);
        ic_mem_free(q->entries[i]);
    }
    ic_mem_free(q->entries);
    ic_mem_free(q->value);
    ic__clock_remove(q->rpc->clock, &q->alarm);
    ic__queue_remove(&q->rpc->queries, &q->link);
    ic_mem_free(q);
}

void ic__query_free_all(ic__rpc *rpc)
{
    ic__link *link;

    while ((link = ic__queue_first(&rpc->queries)) != NULL)
        query_free(IC__ELEMENT(link, ic__query, link));
}

void ic__query_cancel(ic__query *query)
{
    if (!query)
        return;
    query->dead = true;
    if (!query->busy)
        query_free(query);
}

static void finish(ic__query *q)
{
    int error = q->canceled ? IC_ERR_CANCELED : q->stats.answers ? 0 : IC_ERR_NOT_FOUND;

    q->busy = true;
    if (q->opts.on_done)
        q->opts.on_done(q->opts.user, error, q);
    query_free(q);
}

/* Is `a` closer to the target than `b`? */
static bool is_closer(const uint8_t *target, const uint8_t *a, const uint8_t *b)
{
    for (size_t i = 0; i < IC__DHT_KEY_BYTES; i++) {
        uint8_t da = a[i] ^ target[i];
        uint8_t db = b[i] ^ target[i];
        if (da != db)
            return da < db;
    }
    return false;
}

/* Would an answer of this node be one of the twenty? */
static bool matters(const ic__query *q, const uint8_t *id)
{
    return q->closest_count < IC__RPC_K ||
           is_closer(q->opts.target, id, q->closest[IC__RPC_K - 1].id);
}

static struct entry *find(const ic__query *q, const ic__addr *addr)
{
    for (size_t i = 0; i < q->count; i++) {
        if (ic__addr_equal(&q->entries[i]->addr, addr))
            return q->entries[i];
    }
    return NULL;
}

static int grow(ic__query *q)
{
    size_t cap = q->cap ? q->cap * 2 : 32;
    struct entry **entries;

    if (q->count < q->cap)
        return 0;
    entries = ic_mem_resize(q->entries, cap * sizeof(struct entry *));
    if (!entries)
        return IC_ERR_NOMEM;
    q->entries = entries;
    q->cap = cap;
    return 0;
}

static void told_again(struct entry *e, struct entry *teller)
{
    if (!teller || e->state == ANSWERED)
        return;
    if (e->state == DOWN)
        ic__rpc_send_down_hint(e->query->rpc, &teller->addr, &e->addr);
    else if (e->teller_count < TELLERS)
        e->tellers[e->teller_count++] = teller;
}

/* Somebody (or nobody, for a seed) names a node. @return is it close enough? */
static bool add(ic__query *q, const ic__addr *addr, struct entry *teller)
{
    struct entry *e = find(q, addr);
    uint8_t id[IC__DHT_KEY_BYTES];
    bool near;

    ic__rpc_id_of(id, addr);
    near = matters(q, id);
    if (e)
        told_again(e, teller);
    if (e || !near)
        return near;
    if (q->count >= (size_t)q->rpc->opts.max_query_visits * HEARD_PER_VISIT) {
        q->rpc->stats.dropped_limit++;
        return near;
    }
    e = grow(q) == 0 ? ic_mem_calloc(1, sizeof *e) : NULL;
    if (!e)
        return near;
    e->query = q;
    e->addr = *addr;
    memcpy(e->id, id, sizeof id);
    e->hops = teller ? teller->hops + 1 : 0;
    told_again(e, teller);
    q->entries[q->count++] = e;
    return near;
}

static bool is_usable(const ic__query *q, const ic__addr *addr)
{
    return ic__rpc_can_reach(addr) && !ic__rpc_is_self(q->rpc, addr);
}

static void add_closer(ic__query *q, const ic__rpc_reply *reply, struct entry *teller)
{
    if (q->opts.only_seeds)
        return;
    for (size_t i = 0; i < reply->closer_count; i++) {
        if (is_usable(q, &reply->closer[i]) && !add(q, &reply->closer[i], teller))
            return;
    }
}

static void add_to_closest(ic__query *q, const ic__rpc_reply *reply)
{
    ic__query_node node = {.addr = reply->from, .to = reply->to};
    size_t at = q->closest_count;

    if (!reply->id || !matters(q, reply->id))
        return;
    memcpy(node.id, reply->id, sizeof node.id);
    node.has_token = reply->token != NULL;
    if (reply->token)
        memcpy(node.token, reply->token, sizeof node.token);
    if (at == IC__RPC_K)
        at--;
    else
        q->closest_count++;
    for (; at > 0 && is_closer(q->opts.target, node.id, q->closest[at - 1].id); at--)
        q->closest[at] = q->closest[at - 1];
    q->closest[at] = node;
}

static void hint_down(ic__query *q, const struct entry *e)
{
    for (size_t i = 0; i < e->teller_count; i++)
        ic__rpc_send_down_hint(q->rpc, &e->tellers[i]->addr, &e->addr);
}

static void landed(struct entry *e, uint8_t state)
{
    ic__query *q = e->query;

    e->pending = NULL;
    e->state = state;
    q->in_flight--;
    if (e->slow)
        q->slow--;
}

static void on_failure(struct entry *e, int error)
{
    ic__query *q = e->query;

    landed(e, DOWN);
    q->stats.failures++;
    if (error == IC_ERR_CANCELED) {
        q->canceled = true;
        q->stopped = true;
        return;
    }
    ic__rpc_no_answer(q->rpc, &e->addr);
    hint_down(q, e);
}

static void on_answer(struct entry *e, const ic__rpc_reply *reply)
{
    ic__query *q = e->query;

    landed(e, ANSWERED);
    q->stats.answers++;
    if (!reply->error)
        add_to_closest(q, reply);
    add_closer(q, reply, e);
    if (!q->from_table &&
        q->stats.answers + q->stats.failures >= q->rpc->opts.concurrency)
        q->careful = false;
    q->busy = true;
    if (q->opts.on_reply)
        q->opts.on_reply(q->opts.user, reply);
    q->busy = false;
}

static void on_settled(void *user, int error, const ic__rpc_reply *reply)
{
    struct entry *e = user;
    ic__query *q = e->query;

    if (error)
        on_failure(e, error);
    else
        on_answer(e, reply);
    if (q->dead)
        query_free(q);
    else
        advance(q);
}

static void on_slow(void *user)
{
    struct entry *e = user;

    if (e->slow)
        return;
    e->slow = true;
    e->query->slow++;
    advance(e->query);
}

static void visit(ic__query *q, struct entry *e)
{
    ic__rpc_call call = ic__rpc_call_to(&e->addr, q->opts.internal, q->opts.command);
    int err;

    call.retries = q->opts.retries;
    call.target = q->opts.target;
    call.value = q->value;
    call.value_len = q->opts.value_len;
    call.on_slow = on_slow;
    call.on_done = on_settled;
    call.user = e;
    q->visits++;
    err = ic__rpc_call_send(q->rpc, &call, &e->pending);
    if (err) {
        e->state = PASSED;
        q->stats.failures++;
        q->canceled = q->canceled || err == IC_ERR_CLOSED;
        return;
    }
    e->state = ASKED;
    q->in_flight++;
    if (e->hops > q->stats.hops)
        q->stats.hops = e->hops;
}

static uint32_t concurrency(const ic__query *q)
{
    uint32_t most = q->opts.concurrency ? q->opts.concurrency : q->rpc->opts.concurrency;

    if (q->careful)
        return CAREFUL_CONCURRENCY;
    if (!q->opts.background || ic__rpc_under_way(q->rpc) < QUIET)
        return most;
    return most / 8 > 2 ? most / 8 : 2;
}

/* The closest one that nobody has asked yet. */
static struct entry *next(ic__query *q)
{
    struct entry *best = NULL;

    if (q->stopped || q->visits >= q->rpc->opts.max_query_visits)
        return NULL;
    for (size_t i = 0; i < q->count; i++) {
        struct entry *e = q->entries[i];
        if (e->state != PENDING)
            continue;
        if (!matters(q, e->id))
            e->state = PASSED;
        else if (!best || is_closer(q->opts.target, e->id, best->id))
            best = e;
    }
    return best;
}

static bool is_over(ic__query *q)
{
    if (!q->in_flight)
        return true;
    return q->in_flight == q->slow && q->closest_count == IC__RPC_K;
}

static void ask_more(ic__query *q)
{
    struct entry *e = next(q);

    while (e && q->in_flight < concurrency(q) + q->slow) {
        visit(q, e);
        e = next(q);
    }
    if (!q->from_table && !q->stats.answers && !q->stats.failures)
        q->careful = true;
    if (!e && is_over(q))
        ic__clock_set(q->rpc->clock, &q->alarm, ic__rpc_now(q->rpc));
}

static void advance(ic__query *q)
{
    ask_more(q);
    if (q->from_table || q->stopped || q->stats.answers >= FEW_ANSWERS || q->in_flight)
        return;
    add_from_table(q);
    ask_more(q);
}

static void on_turn(ic__alarm *alarm)
{
    ic__query *q = IC__ELEMENT(alarm, ic__query, alarm);

    if (q->stopped || (!next(q) && is_over(q)))
        finish(q);
    else
        advance(q);
}

void ic__query_stop(ic__query *query)
{
    query->stopped = true;
    ic__clock_set(query->rpc->clock, &query->alarm, ic__rpc_now(query->rpc));
}

static size_t pending_count(const ic__query *q)
{
    size_t count = 0;

    for (size_t i = 0; i < q->count; i++)
        count += q->entries[i]->state == PENDING;
    return count;
}

static void add_from_table(ic__query *q)
{
    ic__addr nodes[IC__RPC_K];
    size_t have = pending_count(q);
    size_t count;

    if (have >= IC__RPC_K || q->opts.only_seeds)
        return;
    q->from_table = true;
    q->careful = false;
    count = ic__rpc_closest(q->rpc, q->opts.target, nodes, IC__RPC_K - have);
    for (size_t i = 0; i < count; i++)
        (void)add(q, &nodes[i], NULL);
    if (pending_count(q) >= IC__RPC_K)
        return;
    for (size_t i = 0; i < q->rpc->opts.bootstrap_count; i++) {
        if (is_usable(q, &q->rpc->bootstrap[i]))
            (void)add(q, &q->rpc->bootstrap[i], NULL);
    }
}

static void add_seeds(ic__query *q, const ic__query_options *opts)
{
    size_t count = opts->seed_count < IC__RPC_K ? opts->seed_count : IC__RPC_K;

    for (size_t i = 0; i < count; i++) {
        if (is_usable(q, &opts->seeds[i]))
            (void)add(q, &opts->seeds[i], NULL);
    }
    q->opts.seeds = NULL;
    add_from_table(q);
}

static int set_up(ic__query *q, const ic__query_options *opts)
{
    q->opts = *opts;
    if (opts->value) {
        q->value = ic_mem_alloc(opts->value_len);
        if (!q->value)
            return IC_ERR_NOMEM;
        if (opts->value_len)
            memcpy(q->value, opts->value, opts->value_len);
    }
    return ic__clock_add(q->rpc->clock, &q->alarm, on_turn);
}

int ic__query_new(ic__rpc *rpc, const ic__query_options *opts, ic__query **out)
{
    ic__query *q;

    if (rpc->suspended)
        return IC_ERR_CLOSED;
    if (opts->value_len > IC__RPC_VALUE_MAX)
        return IC_ERR_LIMIT;
    q = ic_mem_calloc(1, sizeof *q);
    if (!q)
        return IC_ERR_NOMEM;
    q->rpc = rpc;
    ic__queue_push(&rpc->queries, &q->link);
    if (set_up(q, opts) != 0) {
        query_free(q);
        return IC_ERR_NOMEM;
    }
    rpc->refresh_ticks = IC__RPC_REFRESH_TICKS;
    add_seeds(q, opts);
    advance(q);
    if (out)
        *out = q;
    return 0;
}

const ic__query_node *ic__query_closest(const ic__query *query, size_t *count)
{
    *count = query->closest_count;
    return query->closest;
}

ic__query_stats ic__query_get_stats(const ic__query *query)
{
    return query->stats;
}
