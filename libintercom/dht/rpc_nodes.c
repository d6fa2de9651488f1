/* Who is in the table: nodes that were heard, and do not fall silent. */
#include "dht/rpc_state.h"

#include <string.h>

#include "base/wr.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "transport/codec.h"

/* A ping that decides over a node, which may be gone when it ends. */
struct trial {
    ic__rpc *rpc;
    ic__link link;
    uint32_t *running; /* that it counts in */
    uint32_t contacts;
    uint8_t id[IC__DHT_KEY_BYTES];
    uint8_t heir_id[IC__DHT_KEY_BYTES];
    ic__addr heir; /* who takes its place, or none */
};

static void insert(ic__rpc *rpc, const uint8_t *id, const ic__addr *addr,
                   const ic__addr *to);

static void sample(ic__rpc *rpc, const ic__addr *to)
{
    if (to->port)
        (void)ic__sampler_add(&rpc->sampler, to);
}

/* The first nodes that we hear are bootstrap nodes, which may have no id. */
static void sample_stranger(ic__rpc *rpc, const ic__addr *from, const ic__addr *to)
{
    size_t max = rpc->opts.bootstrap_count ? rpc->opts.bootstrap_count : 1;

    if (rpc->asked_count >= max)
        return;
    for (size_t i = 0; i < rpc->asked_count; i++) {
        if (ic__addr_equal(&rpc->asked[i], from))
            return;
    }
    rpc->asked[rpc->asked_count++] = *from;
    sample(rpc, to);
}

static void refresh(ic__rpc *rpc, ic__table_node *node, const ic__addr *to)
{
    node->pinged = rpc->tick;
    ic__table_touch(&rpc->table, node);
    if (!to || (node->sampled && rpc->tick - node->sampled < IC__RPC_OLD_TICKS))
        return;
    node->sampled = rpc->tick;
    sample(rpc, to);
}

void ic__rpc_heard(ic__rpc *rpc, const ic__addr *from, const uint8_t *id,
                   const ic__addr *to)
{
    ic__table_node *node;

    if (!id) {
        if (to)
            sample_stranger(rpc, from, to);
        return;
    }
    if (memcmp(id, rpc->table.id, IC__DHT_KEY_BYTES) == 0)
        return;
    node = ic__table_get(&rpc->table, id);
    if (node)
        refresh(rpc, node, to);
    else
        insert(rpc, id, from, to);
}

static void judge(void *user, int error, const ic__rpc_reply *reply)
{
    struct trial *t = user;
    ic__rpc *rpc = t->rpc;
    ic__table_node *node = ic__table_get(&rpc->table, t->id);

    (void)reply;
    --*t->running;
    ic__queue_remove(&rpc->trials, &t->link);
    if (node && error != IC_ERR_CANCELED && node->contacts == t->contacts) {
        ic__table_remove(&rpc->table, node);
        node = NULL;
    }
    if (!node && t->heir.family && !ic__table_get(&rpc->table, t->heir_id))
        insert(rpc, t->heir_id, &t->heir, NULL);
    ic_mem_free(t);
}

/* An answer under another id is no sign of life: it does not count as a contact. */
static struct trial *put_on_trial(ic__rpc *rpc, ic__table_node *node, uint32_t *running)
{
    ic__rpc_call call = ic__rpc_call_to(&node->addr, true, IC__RPC_PING);
    struct trial *t = ic_mem_calloc(1, sizeof *t);

    if (!t)
        return NULL;
    t->rpc = rpc;
    t->running = running;
    t->contacts = node->contacts;
    memcpy(t->id, node->id, sizeof t->id);
    call.on_done = judge;
    call.user = t;
    if (ic__rpc_call_send(rpc, &call, NULL) != 0) {
        ic_mem_free(t);
        return NULL;
    }
    ic__queue_push(&rpc->trials, &t->link);
    node->pinged = rpc->tick;
    ++*running;
    return t;
}

void ic__rpc_check(ic__rpc *rpc, ic__table_node *node)
{
    (void)put_on_trial(rpc, node, &rpc->checks);
}

void ic__rpc_free_trials(ic__rpc *rpc)
{
    ic__link *link;

    while ((link = ic__queue_pop(&rpc->trials)) != NULL)
        ic_mem_free(IC__ELEMENT(link, struct trial, link));
}

static ic__table_node *weakest(const ic__rpc *rpc, uint8_t row)
{
    ic__table_node *weak = NULL;
    size_t count;
    ic__table_node *const *nodes = ic__table_row(&rpc->table, row, &count);

    for (size_t i = 0; i < count; i++) {
        ic__table_node *node = nodes[i];
        if (node->pinged == rpc->tick)
            continue;
        if (!weak || node->pinged < weak->pinged ||
            (node->pinged == weak->pinged && node->added < weak->added))
            weak = node;
    }
    return weak;
}

/* Old nodes that still answer are the best ones. */
static void challenge(ic__rpc *rpc, const uint8_t *id, const ic__addr *addr)
{
    ic__table_node *weak;
    struct trial *t;

    if (!rpc->ready || rpc->swaps >= IC__RPC_SWAPS_MAX)
        return;
    weak = weakest(rpc, ic__table_row_of(rpc->table.id, id));
    if (!weak || (rpc->tick - weak->pinged < IC__RPC_RECENT_TICKS &&
                  rpc->tick - weak->added > IC__RPC_OLD_TICKS))
        return;
    t = put_on_trial(rpc, weak, &rpc->swaps);
    if (!t)
        return;
    t->heir = *addr;
    memcpy(t->heir_id, id, sizeof t->heir_id);
}

static void insert(ic__rpc *rpc, const uint8_t *id, const ic__addr *addr,
                   const ic__addr *to)
{
    ic__table_node *node;
    int err = ic__table_add(&rpc->table, id, addr, &node);

    if (err == IC_ERR_LIMIT)
        challenge(rpc, id, addr);
    if (err)
        return;
    node->added = rpc->tick;
    refresh(rpc, node, to);
}

void ic__rpc_hinted_down(ic__rpc *rpc, const uint8_t id[IC__DHT_KEY_BYTES])
{
    ic__table_node *node = ic__table_get(&rpc->table, id);

    if (!node || rpc->checks >= IC__RPC_CHECKS_MAX)
        return;
    if (node->pinged == rpc->tick && node->down_hints)
        return;
    node->down_hints++;
    ic__rpc_check(rpc, node);
}

void ic__rpc_no_answer(ic__rpc *rpc, const ic__addr *addr)
{
    uint8_t id[IC__DHT_KEY_BYTES];
    ic__table_node *node;

    ic__rpc_id_of(id, addr);
    node = ic__table_get(&rpc->table, id);
    if (node)
        ic__table_remove(&rpc->table, node);
}

void ic__rpc_send_down_hint(ic__rpc *rpc, const ic__addr *to, const ic__addr *down)
{
    ic__rpc_call call = ic__rpc_call_to(to, true, IC__RPC_DOWN_HINT);
    uint8_t packed[6];
    ic__wr w = ic__wr_of(packed, sizeof packed);

    if (!rpc->down_hints)
        return;
    ic__wr_addr(&w, down);
    call.value = packed;
    call.value_len = sizeof packed;
    if (ic__rpc_call_send(rpc, &call, NULL) == 0)
        rpc->down_hints--;
}
