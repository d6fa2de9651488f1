#include "dht/server_state.h"

#include <string.h>

#include "crypto/identity.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"

static void sweep(ic__alarm *alarm);
static void say_farewell(ic__alarm *alarm);

static ic__clock *clock_of(const ic__dht_server *server)
{
    return &server->links->dht->clock;
}

void ic__dht_server_options_default(ic__dht_server_options *opts)
{
    *opts = (ic__dht_server_options){
        .announce = true,
        .holepunch = true,
        .share_local_addresses = true,
    };
}

static void on_cycle(void *user, size_t nodes)
{
    ic__dht_server *server = user;

    if (nodes == 0 || server->told_listening || server->closing)
        return;
    server->told_listening = true;
    if (server->events.listening)
        server->events.listening(server->events.user);
}

/* Slots whose answers are old; they are in order. */
static void sweep(ic__alarm *alarm)
{
    ic__dht_server *server = IC__ELEMENT(alarm, ic__dht_server, sweep);
    ic__link *link;

    while ((link = ic__queue_first(&server->finished)) != NULL) {
        ic__slot *slot = IC__ELEMENT(link, ic__slot, link);
        uint64_t end = slot->finished_ns + IC__SLOT_LINGER;
        if (end > clock_of(server)->now) {
            ic__clock_set(clock_of(server), alarm, end);
            return;
        }
        ic__slot_free(slot);
    }
}

static void free_slots(ic__dht_server *server)
{
    for (size_t id = 0; id < server->slot_cap; id++) {
        if (server->slots[id])
            ic__slot_free(server->slots[id]);
    }
}

static void free_server(ic__dht_server *server)
{
    ic__announcer_free(server->announcer);
    free_slots(server);
    ic__router_unlisten(server->links->dht->router, &server->router);
    ic__queue_remove(&server->links->servers, &server->link);
    ic__clock_remove(clock_of(server), &server->sweep);
    ic__clock_remove(clock_of(server), &server->farewell);
    ic__map_free(&server->by_mark);
    ic_mem_free(server->slots);
    ic_identity_free(server->identity);
    ic_mem_free(server);
}

static int copy_identity(ic__dht_server *server, const ic_identity *identity)
{
    uint8_t seed[IC_SEED_BYTES];

    ic_identity_copy_seed(identity, seed);
    int err =
        ic_identity_from_seed(&server->identity, seed, ic_identity_network(identity));
    sodium_memzero(seed, sizeof seed);
    return err;
}

static int begin(ic__dht_server *server, const ic__dht_server_options *opts)
{
    ic__dht *d = server->links->dht;
    const ic__announcer_events events = {.on_cycle = on_cycle, .user = server};
    int err = ic__clock_add(&d->clock, &server->sweep, sweep);

    if (!err)
        err = ic__clock_add(&d->clock, &server->farewell, say_farewell);
    if (!err)
        err = copy_identity(server, opts->identity);
    if (!err)
        err = ic__router_listen(d->router, &server->router,
                                ic_identity_public_key(server->identity));
    if (!err && opts->announce)
        err = ic__announcer_start(d->rpc, server->identity, &events, &server->announcer);
    return err;
}

static void configure(ic__dht_server *server, const ic__dht_server_options *opts,
                      const ic__dht_server_events *events)
{
    const ic_env *env = &server->links->dht->env;

    server->events = *events;
    server->holepunch = opts->holepunch;
    server->share_local_addresses = opts->share_local_addresses;
    server->has_relay = opts->relay_through != NULL;
    server->relay_if_random = opts->relay_if_random;
    if (opts->relay_through)
        memcpy(server->relay_key, opts->relay_through, sizeof server->relay_key);
    server->router.on_handshake = ic__server_on_handshake;
    server->router.on_holepunch = ic__server_on_holepunch;
    server->router.user = server;
    ic__queue_init(&server->finished);
    env->random(server->mark_key, sizeof server->mark_key, env->user);
}

int ic__dht_listen(ic__dht *d, const ic__dht_server_options *opts,
                   const ic__dht_server_events *events, ic__dht_server **out)
{
    ic__dht_server *server;

    if (ic__rpc_is_suspended(d->rpc))
        return IC_ERR_CLOSED;
    server = ic_mem_calloc(1, sizeof *server);
    if (!server)
        return IC_ERR_NOMEM;
    server->links = d->links;
    ic__queue_push(&d->links->servers, &server->link);
    configure(server, opts, events);
    int err = begin(server, opts);
    if (err) {
        free_server(server);
        return err;
    }
    *out = server;
    return 0;
}

static void end(void *user)
{
    ic__dht_server *server = user;
    void (*on_closed)(void *) = server->on_closed;
    void *closed_user = server->closed_user;

    server->announcer = NULL;
    free_server(server);
    if (on_closed)
        on_closed(closed_user);
}

static void say_farewell(ic__alarm *alarm)
{
    end(IC__ELEMENT(alarm, ic__dht_server, farewell));
}

void ic__dht_server_close(ic__dht_server *server, void (*on_closed)(void *user),
                          void *user)
{
    if (!server || server->closing)
        return;
    server->closing = true;
    server->on_closed = on_closed;
    server->closed_user = user;
    free_slots(server);
    ic__router_unlisten(server->links->dht->router, &server->router);
    if (server->announcer)
        ic__announcer_close(server->announcer, end, server);
    else
        ic__clock_set(clock_of(server), &server->farewell, clock_of(server)->now);
}

const uint8_t *ic__dht_server_key(const ic__dht_server *server)
{
    return ic_identity_public_key(server->identity);
}

size_t ic__dht_server_relays(const ic__dht_server *server,
                             ic__addr out[IC__DHT_RELAYS_MAX])
{
    return server->announcer ? ic__announcer_addresses(server->announcer, out) : 0;
}

void ic__dht_server_refresh(ic__dht_server *server)
{
    if (server->announcer && !server->closing)
        ic__announcer_refresh(server->announcer);
}

void ic__server_free(ic__dht_server *server)
{
    free_server(server);
}

void ic__server_suspend(ic__dht_server *server)
{
    free_slots(server);
    if (server->announcer)
        ic__announcer_suspend(server->announcer);
}

void ic__server_resume(ic__dht_server *server)
{
    if (server->announcer)
        ic__announcer_resume(server->announcer);
}
