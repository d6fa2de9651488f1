/* From ephemeral to persistent: are unasked datagrams let through to our server socket?
 * Spec 05, section 11. */
#include "dht/rpc_state.h"

#include <string.h>

#include "base/wr.h"

static void end(ic__rpc *rpc, bool ok)
{
    rpc->reach.running = false;
    if (!rpc->ready)
        ic__rpc_boot_checked(rpc, ok);
}

void ic__rpc_become_persistent(ic__rpc *rpc, const ic__addr *addr)
{
    uint8_t id[IC__DHT_KEY_BYTES];

    ic__rpc_id_of(id, addr);
    rpc->self = *addr;
    rpc->persistent = true;
    if (memcmp(id, rpc->table.id, sizeof id) != 0) {
        ic__table_move(&rpc->table, id);
        if (rpc->ready)
            ic__rpc_refresh(rpc);
    }
    ic__rpc_tell(rpc, IC__RPC_TELL_PERSISTENT);
}

/* The way in is open. Our address must not have changed while we asked. */
static void settle_down(ic__rpc *rpc)
{
    const ic__rpc_reach *reach = &rpc->reach;
    bool was_firewalled = rpc->firewalled;
    bool same = ic__addr_equal(&reach->believed, &rpc->sampler.address);

    rpc->firewalled = false;
    if (!same) {
        end(rpc, false);
        return;
    }
    /* From now on requests leave by the server socket: what was said of the other one
     * is of no use. */
    if (was_firewalled)
        rpc->sampler = reach->sampler;
    if (!reach->firewall_only)
        ic__rpc_become_persistent(rpc, &rpc->sampler.address);
    end(rpc, true);
}

static bool is_open(const ic__rpc *rpc)
{
    const ic__rpc_reach *reach = &rpc->reach;
    const ic__addr *seen = &reach->sampler.address;

    if (!reach->asked || reach->reached < (reach->asked >= IC__RPC_NAT_ASKED ? 3u : 1u))
        return false;
    return seen->family == 4 && memcmp(seen->ip, reach->believed.ip, 4) == 0 &&
           seen->port == rpc->bound[IC__DHT_SERVER_SOCKET].port;
}

static void conclude(ic__rpc *rpc)
{
    if (!rpc->reach.running || rpc->reach.settled < rpc->reach.asked)
        return;
    if (is_open(rpc) && !rpc->suspended)
        settle_down(rpc);
    else
        end(rpc, false);
}

static void on_pong(void *user, int error, const ic__rpc_reply *reply)
{
    ic__rpc *rpc = user;

    rpc->reach.settled++;
    if (!error && reply->sock == IC__DHT_SERVER_SOCKET) {
        rpc->reach.reached++;
        (void)ic__sampler_add(&rpc->reach.sampler, &reply->to);
    }
    conclude(rpc);
}

int ic__rpc_ping_nat(ic__rpc *rpc, const ic__addr *node,
                     void (*on_done)(void *user, int error, const ic__rpc_reply *reply))
{
    ic__rpc_call call = ic__rpc_call_to(node, true, IC__RPC_PING_NAT);
    uint8_t port[2];
    ic__wr w = ic__wr_of(port, sizeof port);

    ic__wr_u16le(&w, rpc->bound[IC__DHT_SERVER_SOCKET].port);
    call.value = port;
    call.value_len = sizeof port;
    call.on_done = on_done;
    call.user = rpc;
    return ic__rpc_call_send(rpc, &call, NULL);
}

static bool holds(const ic__addr *list, size_t count, const ic__addr *addr)
{
    for (size_t i = 0; i < count; i++) {
        if (ic__addr_equal(&list[i], addr))
            return true;
    }
    return false;
}

static void ask_around(ic__rpc *rpc)
{
    ic__addr nodes[IC__RPC_NAT_ASKED + IC__RPC_BOOTSTRAP_MAX];
    size_t count = ic__rpc_latest(rpc, 0, nodes, IC__RPC_NAT_ASKED);

    if (count < IC__RPC_NAT_ASKED) {
        for (size_t i = 0; i < rpc->opts.bootstrap_count; i++) {
            if (!holds(nodes, count, &rpc->bootstrap[i]))
                nodes[count++] = rpc->bootstrap[i];
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (ic__rpc_ping_nat(rpc, &nodes[i], on_pong) == 0)
            rpc->reach.asked++;
    }
    conclude(rpc);
}

void ic__rpc_reach_begin(ic__rpc *rpc, bool firewall_only)
{
    const ic__addr *address = &rpc->sampler.address;

    if (rpc->reach.running)
        return;
    rpc->reach = (ic__rpc_reach){
        .running = true, .firewall_only = firewall_only, .believed = *address};
    if (!firewall_only) {
        rpc->stable_ticks =
            rpc->adaptive ? IC__RPC_MORE_STABLE_TICKS : IC__RPC_RECENT_TICKS;
        rpc->checked_host = *address;
    }
    if (rpc->persistent || address->family != 4 || !address->port)
        end(rpc, false);
    else if (!rpc->firewalled)
        settle_down(rpc);
    else
        ask_around(rpc);
}
