#include "crowd_nodes.h"

#include <event2/event.h>
#include <stdio.h>

#include "figure.h"
#include "intercom/intercom.h"
#include "io/loop.h"

static void on_ready(ic_dht *dht, void *user)
{
    crowd_nodes *c = user;

    (void)dht;
    c->ready_ns[c->ready++] = figure_now_ns() - c->begun_ns;
    (void)event_base_loopbreak(c->base);
}

int crowd_nodes_open(crowd_nodes *c, const char *bootstrap, uint32_t count)
{
    ic_dht_options opts;

    int err = ic_init();
    if (!err)
        err = ic__loop_new(&c->base);
    ic_dht_options_default(&opts);
    opts.base = c->base;
    opts.bootstrap = bootstrap;
    opts.host = "127.0.0.1";
    opts.mode = IC_DHT_EPHEMERAL;
    opts.port = 0;
    opts.on_ready = on_ready;
    opts.user = c;
    while (!err && c->count < count) {
        c->begun_ns = figure_now_ns();
        err = ic_dht_new(&opts, &c->nodes[c->count]);
        if (err)
            return err;
        c->count++;
        (void)event_base_dispatch(c->base);
    }
    return err;
}

ic_dht *crowd_nodes_of(const crowd_nodes *c, uint32_t i)
{
    return c->nodes[i % c->count];
}

ic_identity *crowd_identity(uint32_t i)
{
    const uint8_t seed[IC_SEED_BYTES] = {1, (uint8_t)i, (uint8_t)(i >> 8)};
    ic_identity *me = NULL;

    return ic_identity_from_seed(&me, seed, IC_NETWORK_DEVELOPMENT) == 0 ? me : NULL;
}

void crowd_wait_for_line(void)
{
    int letter;

    do
        letter = getchar();
    while (letter != '\n' && letter != EOF);
}

static void on_gone(void *user)
{
    crowd_nodes *c = user;

    c->gone++;
}

int crowd_nodes_close(crowd_nodes *c)
{
    for (uint32_t i = 0; i < c->count; i++)
        ic_dht_close(c->nodes[i], on_gone, c);
    (void)event_base_dispatch(c->base);
    event_base_free(c->base);
    return c->gone == c->count ? 0 : IC_ERR_CANCELED;
}
