/* The first walk: towards our own id, and a second one when we turn out to be reachable.
 * Spec 05, section 10. */
#include "dht/rpc_state.h"

#include <string.h>

#include "intercom/error.h"

#define WALKS 2

static void finish(ic__rpc *rpc)
{
    rpc->ready = true;
    if (rpc->events.on_ready)
        rpc->events.on_ready(rpc->events.user);
}

static void on_probe(void *user, int error, const ic__rpc_reply *reply)
{
    ic__rpc *rpc = user;

    if (!error && reply->sock == IC__DHT_SERVER_SOCKET)
        rpc->probe_answered = true;
}

/* One answer at the server socket before the walk is over is a good sign. */
static void probe(void *user, const ic__rpc_reply *reply)
{
    ic__rpc *rpc = user;

    if (!rpc->firewalled || rpc->opts.mode == IC__RPC_PERSISTENT || rpc->probe_sent)
        return;
    rpc->probe_sent = true;
    if (ic__rpc_ping_nat(rpc, &reply->from, on_probe) != 0)
        rpc->probe_sent = false;
}

static void on_walked(void *user, int error, ic__query *query)
{
    ic__rpc *rpc = user;
    bool forced = rpc->opts.mode == IC__RPC_PERSISTENT;

    (void)query;
    rpc->walk = NULL;
    if (error == IC_ERR_CANCELED) {
        ic__rpc_boot_checked(rpc, true);
        return;
    }
    if (rpc->walks < WALKS && !rpc->persistent && (rpc->probe_answered || forced))
        ic__rpc_reach_begin(rpc, !forced);
    else
        finish(rpc);
}

int ic__rpc_boot(ic__rpc *rpc)
{
    ic__query_options opts;

    ic__query_options_default(&opts);
    memcpy(opts.target, rpc->table.id, sizeof opts.target);
    opts.internal = true;
    opts.command = IC__RPC_FIND_NODE;
    opts.background = true;
    opts.on_reply = probe;
    opts.on_done = on_walked;
    opts.user = rpc;
    rpc->walks++;
    return ic__query_new(rpc, &opts, &rpc->walk);
}

/* While the node sleeps nothing goes on; ic__rpc_resume begins again. */
void ic__rpc_boot_checked(ic__rpc *rpc, bool ok)
{
    if (rpc->suspended)
        return;
    if (!ok || ic__rpc_boot(rpc) != 0)
        finish(rpc);
}
