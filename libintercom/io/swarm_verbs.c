#include <string.h>

#include "base/opts.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "io/swarm_state.h"

/* ---- topics ---- */

static const ic_topic_options topic_defaults = {
    .struct_size = sizeof topic_defaults,
    .role = IC_TOPIC_BOTH,
    .limit = UINT32_MAX,
};

void ic_topic_options_init(ic_topic_options *opts, size_t struct_size)
{
    ic__opts_init(opts, struct_size, &topic_defaults, sizeof topic_defaults);
}

static int read_options(ic__session_options *out, const ic_topic_options *opts)
{
    ic_topic_options o = topic_defaults;

    int err = opts ? ic__opts_read(&o, sizeof o, &topic_defaults, opts) : 0;
    if (err)
        return err;
    if (o.role < IC_TOPIC_CLIENT || o.role > IC_TOPIC_BOTH)
        return IC_ERR_INVALID;
    *out = (ic__session_options){
        .server = (o.role & IC_TOPIC_SERVER) != 0,
        .client = (o.role & IC_TOPIC_CLIENT) != 0,
        .limit = o.limit,
    };
    return 0;
}

int ic_swarm_join(ic_swarm *swarm, const uint8_t topic[IC_TOPIC_BYTES],
                  const ic_topic_options *opts, ic_topic **out)
{
    ic__session_options o;

    int err = read_options(&o, opts);
    if (err)
        return err;
    ic_topic *t = ic_mem_calloc(1, sizeof *t);
    if (!t)
        return IC_ERR_NOMEM;
    t->swarm = swarm;
    err = ic__swarm_join(swarm->core, topic, &o, ic__swarm_now(swarm), &t->session);
    if (err) {
        ic_mem_free(t);
        return err;
    }
    ic__queue_push(&swarm->topics, &t->link);
    ic__swarm_wake(swarm);
    *out = t;
    return 0;
}

int ic_topic_refresh(ic_topic *topic, const ic_topic_options *opts)
{
    ic__session_options o;

    int err = read_options(&o, opts);
    if (err)
        return err;
    if (!topic->session)
        return IC_ERR_CLOSED;
    err = ic__session_refresh(topic->session, &o, ic__swarm_now(topic->swarm));
    ic__swarm_wake(topic->swarm);
    return err;
}

void ic_topic_leave(ic_topic *topic)
{
    if (!topic)
        return;
    ic_swarm *swarm = topic->swarm;
    ic__queue_remove(&swarm->topics, &topic->link);
    if (topic->session)
        ic__session_leave(topic->session, ic__swarm_now(swarm));
    ic_mem_free(topic);
    ic__swarm_wake(swarm);
}

/* ---- flush ---- */

static int flush(ic_swarm *swarm, ic__session *session, ic_swarm_flushed_cb done,
                 void *user)
{
    ic__swarm_waiter *w = ic_mem_calloc(1, sizeof *w);
    uint64_t now = ic__swarm_now(swarm);

    if (!w)
        return IC_ERR_NOMEM;
    *w = (ic__swarm_waiter){.done = done, .user = user};
    int err = session ? ic__session_flush(session, now, &w->flush)
                      : ic__swarm_flush(swarm->core, now, &w->flush);
    if (err) {
        ic_mem_free(w);
        return err;
    }
    ic__queue_push(&swarm->waiters, &w->link);
    ic__swarm_wake(swarm);
    return 0;
}

int ic_swarm_flush(ic_swarm *swarm, ic_swarm_flushed_cb done, void *user)
{
    return flush(swarm, NULL, done, user);
}

int ic_topic_flush(ic_topic *topic, ic_swarm_flushed_cb done, void *user)
{
    return topic->session ? flush(topic->swarm, topic->session, done, user)
                          : IC_ERR_CLOSED;
}

/* ---- peers ---- */

int ic_swarm_join_peer(ic_swarm *swarm, const uint8_t *public_key)
{
    int err = ic__swarm_join_peer(swarm->core, public_key, ic__swarm_now(swarm));

    ic__swarm_wake(swarm);
    return err;
}

void ic_swarm_leave_peer(ic_swarm *swarm, const uint8_t *public_key)
{
    ic__swarm_leave_peer(swarm->core, public_key, ic__swarm_now(swarm));
    ic__swarm_wake(swarm);
}

int ic_swarm_ban(ic_swarm *swarm, const uint8_t *public_key)
{
    int err = ic__swarm_ban(swarm->core, public_key, ic__swarm_now(swarm));

    ic__swarm_wake(swarm);
    return err;
}

void ic_swarm_unban(ic_swarm *swarm, const uint8_t *public_key)
{
    ic__swarm_unban(swarm->core, public_key, ic__swarm_now(swarm));
    ic__swarm_wake(swarm);
}

void ic_swarm_set_reconnect(ic_swarm *swarm, const uint8_t *public_key, bool on)
{
    ic__swarm_set_reconnect(swarm->core, public_key, on);
}

void ic_swarm_get_stats(const ic_swarm *swarm, ic_swarm_stats *out, size_t size)
{
    const ic__swarm_stats s = ic__swarm_get_stats(swarm->core);
    const ic_swarm_stats stats = {
        .topics = s.topics,
        .peers = s.peers,
        .connections = s.connections,
        .connecting = s.connecting,
        .queued = s.queued,
        .client_attempted = s.client_attempted,
        .client_opened = s.client_opened,
        .client_closed = s.client_closed,
        .server_opened = s.server_opened,
        .server_closed = s.server_closed,
        .duplicates = s.duplicates,
        .replaced = s.replaced,
        .redialled = s.redialled,
        .banned = s.banned,
        .refused_denied = s.refused_denied,
        .refused_limit = s.refused_limit,
        .refused_ip = s.refused_ip,
        .refused_rate = s.refused_rate,
        .dropped_found = s.dropped_found,
    };

    memset(out, 0, size);
    memcpy(out, &stats, size < sizeof stats ? size : sizeof stats);
}
