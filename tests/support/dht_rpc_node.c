#include "dht_world.h"

static void rpc_recv(void *user, uint32_t sock, const ic__addr *from, const uint8_t *data,
                     size_t len, uint64_t now)
{
    dht_rpc_node *n = user;

    n->clock.now = now;
    ic__rpc_recv(n->rpc, sock, from, data, len);
}

static uint64_t rpc_deadline(void *user)
{
    const dht_rpc_node *n = user;
    return ic__clock_deadline(&n->clock);
}

static void rpc_expire(void *user, uint64_t now)
{
    dht_rpc_node *n = user;
    ic__clock_run(&n->clock, now);
}

int dht_rpc_node_init(dht_rpc_node *n, dht_world *w, dht_machine *m,
                      const ic__rpc_options *opts, const ic__rpc_events *events)
{
    const dht_driver driver = {
        .recv = rpc_recv, .deadline = rpc_deadline, .expire = rpc_expire, .user = n};
    ic_env env = dht_world_env(w);
    int err;

    *n = (dht_rpc_node){.machine = m};
    n->clock.now = dht_world_now(w);
    err = ic__rpc_new(&n->rpc, &env, &n->clock, dht_machine_host(m), opts, events);
    if (!err)
        dht_machine_attach(m, &driver);
    else
        ic__clock_free(&n->clock);
    return err;
}

void dht_rpc_node_free(dht_rpc_node *n)
{
    dht_machine_detach(n->machine);
    ic__rpc_free(n->rpc);
    ic__clock_free(&n->clock);
}
