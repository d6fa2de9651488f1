#include "base/env.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "io/swarm_state.h"

#define CLOSE_NS (2 * IC__SEC) /* for announces to be taken back */

/* ---- the end ---- */

static void free_topics(ic_swarm *swarm)
{
    for (ic__link *at = ic__queue_pop(&swarm->topics); at;
         at = ic__queue_pop(&swarm->topics))
        ic_mem_free(IC__ELEMENT(at, ic_topic, link));
}

void ic__swarm_release(ic_swarm *swarm)
{
    free_topics(swarm);
    ic__deadline_free(swarm->deadline);
    ic__deadline_free(swarm->late);
    ic__soon_free(swarm->soon);
    ic__swarm_free(swarm->core);
    ic__map_free(&swarm->conns);
    ic__map_free(&swarm->queries);
    ic__swarm_free_near(swarm);
    ic_identity_free(swarm->identity);
    ic_mem_free(swarm);
}

static void on_dht_closed(void *user)
{
    ic_swarm *swarm = user;
    void (*on_closed)(void *user) = swarm->on_closed;
    void *closed_user = swarm->user;

    ic__swarm_release(swarm);
    if (on_closed)
        on_closed(closed_user);
}

static void on_server_closed(void *user)
{
    ic_swarm *swarm = user;

    swarm->server = NULL;
    if (swarm->owns_dht)
        ic_dht_close(swarm->dht, on_dht_closed, swarm);
    else
        on_dht_closed(swarm);
}

void ic__swarm_last_turn(ic_swarm *swarm)
{
    if (swarm->ended)
        return;
    swarm->ended = true;
    if (swarm->server)
        ic_server_close(swarm->server, on_server_closed, swarm);
    else
        on_server_closed(swarm);
}

void ic__swarm_late(void *user)
{
    ic_swarm *swarm = user;

    ic__swarm_close(swarm->core, true, ic__swarm_now(swarm));
    ic__swarm_pump(swarm);
}

static void forget_sessions(ic_swarm *swarm)
{
    for (ic__link *at = swarm->topics.ends.next; at != &swarm->topics.ends; at = at->next)
        IC__ELEMENT(at, ic_topic, link)->session = NULL;
}

void ic_swarm_close(ic_swarm *swarm, void (*on_closed)(void *user), void *user)
{
    if (!swarm || swarm->closing)
        return;
    uint64_t now = ic__swarm_now(swarm);
    swarm->closing = true;
    swarm->ready = true;
    swarm->quiet = false;
    swarm->on_closed = on_closed;
    swarm->user = user;
    forget_sessions(swarm);
    ic__swarm_close(swarm->core, false, now);
    ic__deadline_set(swarm->late, now + CLOSE_NS, now);
    ic__swarm_wake(swarm);
}

void ic__swarm_quiet(ic_swarm *swarm)
{
    swarm->quiet = true;
    ic__swarm_cancel_orphans(swarm);
    if (!swarm->closing) {
        if (swarm->owns_dht)
            ic_dht_suspend(swarm->dht);
        return;
    }
    /* On the next turn: nothing of ours is on the way down to here then. */
    ic__deadline_set(swarm->deadline, IC__NEVER, 0);
    ic__deadline_set(swarm->late, IC__NEVER, 0);
    ic__swarm_wake(swarm);
}

/* ---- sleep ---- */

void ic_swarm_suspend(ic_swarm *swarm)
{
    if (swarm->suspended || swarm->closing)
        return;
    swarm->suspended = true;
    swarm->quiet = false;
    ic__swarm_suspend(swarm->core, ic__swarm_now(swarm));
    ic__swarm_wake(swarm);
}

int ic_swarm_resume(ic_swarm *swarm)
{
    if (!swarm->suspended || swarm->closing)
        return 0;
    int err = swarm->owns_dht ? ic_dht_resume(swarm->dht) : 0;
    if (err)
        return err;
    swarm->suspended = false;
    ic__swarm_resume(swarm->core, ic__swarm_now(swarm));
    ic__swarm_wake(swarm);
    return 0;
}

void ic_swarm_network_changed(ic_swarm *swarm)
{
    ic__swarm_network_changed(swarm->core, ic__swarm_now(swarm));
    ic__swarm_wake(swarm);
}
