/* Does the network answer? Spec 05, section 9. */
#include "dht/rpc_state.h"

#define LEAST_REQUESTS 4u /* fewer in a tick say nothing */

enum { FINE = 1, POOR = 2, SILENT = 3 };

void ic__rpc_health_reset(ic__rpc *rpc)
{
    rpc->health = IC__RPC_COLD;
    rpc->health_count = 0;
    for (size_t i = 0; i < IC__RPC_HEALTH_TICKS; i++)
        rpc->health_window[i] = FINE;
}

static void change(ic__rpc *rpc, ic__rpc_health health)
{
    if (rpc->health == health)
        return;
    rpc->health = health;
    if (rpc->events.on_health)
        rpc->events.on_health(rpc->events.user);
}

static void judge(ic__rpc *rpc, uint64_t replies, uint64_t timeouts)
{
    uint8_t *window = rpc->health_window;
    bool all = true;

    for (size_t i = IC__RPC_HEALTH_TICKS - 1; i > 0; i--)
        window[i] = window[i - 1];
    window[0] = !replies ? SILENT : timeouts > replies ? POOR : FINE;
    for (size_t i = 1; i < IC__RPC_HEALTH_TICKS; i++)
        all = all && (window[i] == FINE) == (window[0] == FINE);
    if (rpc->health == IC__RPC_COLD)
        return;
    if (window[0] == SILENT && window[1] == SILENT)
        change(rpc, IC__RPC_OFFLINE);
    else if (all)
        change(rpc, window[0] == FINE ? IC__RPC_ONLINE : IC__RPC_DEGRADED);
}

void ic__rpc_health_tick(ic__rpc *rpc)
{
    uint64_t replies = rpc->stats.replies_in - rpc->health_replies;
    uint64_t timeouts = rpc->stats.timeouts - rpc->health_timeouts;

    rpc->health_replies = rpc->stats.replies_in;
    rpc->health_timeouts = rpc->stats.timeouts;
    if (replies + timeouts >= LEAST_REQUESTS)
        judge(rpc, replies, timeouts);
    if (rpc->health != IC__RPC_COLD)
        return;
    rpc->health_count++;
    if (rpc->health_count >= IC__RPC_HEALTH_TICKS)
        rpc->health = IC__RPC_ONLINE;
}
