/* What happens by itself, every five seconds. */
#include "dht/rpc_state.h"

#include <string.h>

#include "intercom/error.h"

static uint32_t how_many(const ic__rpc *rpc, const ic__table_node *oldest)
{
    if (rpc->tick - oldest->pinged < IC__RPC_RECENT_TICKS)
        return 2;
    return ic__rpc_under_way(rpc) > 2 ? 3 : 5;
}

static void ping_some(ic__rpc *rpc)
{
    ic__queue *nodes = &rpc->table.by_contact;
    ic__link *at = ic__queue_first(nodes);

    if (!at) {
        ic__rpc_refresh(rpc);
        return;
    }
    for (uint32_t left = how_many(rpc, IC__ELEMENT(at, ic__table_node, link));
         left && at != &nodes->ends; left--, at = at->next) {
        ic__table_node *node = IC__ELEMENT(at, ic__table_node, link);
        if (node->pinged != rpc->tick)
            ic__rpc_check(rpc, node);
    }
}

/* A walk towards some node keeps the rows around it filled; without one, towards us. */
void ic__rpc_refresh(ic__rpc *rpc)
{
    ic__query_options opts;
    uint32_t draw;

    ic__query_options_default(&opts);
    memcpy(opts.target, rpc->table.id, sizeof opts.target);
    rpc->env.random(&draw, sizeof draw, rpc->env.user);
    if (rpc->table.count)
        memcpy(opts.target, rpc->table.nodes[draw % rpc->table.count]->id,
               sizeof opts.target);
    opts.internal = true;
    opts.command = IC__RPC_FIND_NODE;
    opts.background = true;
    rpc->refresh_ticks = IC__RPC_REFRESH_TICKS;
    if (ic__query_new(rpc, &opts, NULL) != 0)
        rpc->refresh_ticks = 1; /* there was no memory: again at the next tick */
}

static bool same_host(const ic__addr *a, const ic__addr *b)
{
    return a->family == b->family && memcmp(a->ip, b->ip, 4) == 0;
}

/* Who stays long enough at one address is worth to be known by others. */
static void maybe_settle_down(ic__rpc *rpc)
{
    bool wanted = rpc->adaptive || rpc->opts.mode == IC__RPC_PERSISTENT;

    if (rpc->persistent || !wanted)
        return;
    if (rpc->stable_ticks)
        rpc->stable_ticks--;
    if (rpc->stable_ticks)
        return;
    if (rpc->adaptive && same_host(&rpc->checked_host, &rpc->sampler.address))
        rpc->stable_ticks = IC__RPC_MORE_STABLE_TICKS;
    else
        ic__rpc_reach_begin(rpc, false);
}

static void maintain(ic__rpc *rpc)
{
    bool few = rpc->table.count < IC__RPC_K;

    maybe_settle_down(rpc);
    if (rpc->tick % 8 == 0)
        ping_some(rpc);
    if ((few && rpc->tick % 64 == 0) || rpc->refresh_ticks <= 1)
        ic__rpc_refresh(rpc);
    else
        rpc->refresh_ticks--;
}

/* Everything looks old after a sleep: pings begin in two ticks, when the network had time
 * to wake up as well. */
void ic__rpc_wake_up(ic__rpc *rpc)
{
    rpc->tick += 2 * IC__RPC_OLD_TICKS;
    rpc->tick += 8 - rpc->tick % 8 - 2;
    rpc->stable_ticks = IC__RPC_MORE_STABLE_TICKS;
    rpc->refresh_ticks = 1;
    rpc->checked_host = (ic__addr){0};
    ic__rpc_health_reset(rpc);
    ic__rpc_tell(rpc, IC__RPC_TELL_WAKEUP);
    if (rpc->adaptive && rpc->persistent) {
        rpc->persistent = false;
        ic__rpc_tell(rpc, IC__RPC_TELL_EPHEMERAL);
    }
}

void ic__rpc_ticked(ic__alarm *alarm)
{
    ic__rpc *rpc = IC__ELEMENT(alarm, ic__rpc, tick_alarm);
    uint64_t now = ic__rpc_now(rpc);

    ic__clock_set_in(rpc->clock, alarm, IC__RPC_TICK_NS);
    if (now - rpc->ticked_ns > IC__RPC_SLEEP_NS)
        ic__rpc_wake_up(rpc);
    else
        rpc->tick++;
    rpc->ticked_ns = now;
    rpc->down_hints = rpc->opts.down_hints;
    if (!rpc->ready)
        return;
    maintain(rpc);
    ic__rpc_health_tick(rpc);
}
