#include "io/udp.h"

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "io/deadline.h"
#include "io/udp_state.h"

#define MIB (UINT32_C(1) << 20)

void ic__udp_options_default(ic__udp_options *opts)
{
    *opts = (ic__udp_options){
        .max_streams = 16384,
        .max_sockets = 4096,
        .recv_buffer_bytes = 4 * MIB,
        .send_buffer_bytes = 212992,
        .max_waiting_bytes = MIB,
        .max_datagrams = 1024,
        .rest_ns = 200 * IC__US,
    };
}

ic__udp_stats ic__udp_get_stats(const ic__udp *u)
{
    ic__udp_stats stats = u->stats;

    stats.dropped_truncated = u->in.truncated;
    return stats;
}

void ic__udp_wake(ic__udp *u)
{
    if (!u->in_turn)
        event_active(u->soon, EV_TIMEOUT, 0);
}

void ic__udp_touch(ic__udp_stream *st)
{
    ic__queue_push(&st->udp->dirty, &st->dirty);
    ic__udp_wake(st->udp);
}

void ic__udp_begin(ic__udp *u)
{
    u->in_turn = true;
    u->now = u->env.now_ns(u->env.user);
    u->emptied = NULL;
    u->plenty = false;
}

static void expire(ic__udp *u)
{
    for (ic__timer *t = ic__timers_pop(&u->timers, u->now); t;
         t = ic__timers_pop(&u->timers, u->now)) {
        ic__udp_stream *st = IC__ELEMENT(t, ic__udp_stream, timer);
        ic__udx_expire(st->core, u->now);
        ic__udp_touch(st);
    }
}

static void arm(ic__udp *u)
{
    uint64_t at = ic__timers_deadline(&u->timers);

    if (at == u->armed_ns)
        return;
    u->armed_ns = at;
    if (at == IC__NEVER) {
        (void)evtimer_del(u->timer);
        return;
    }
    ic__timer_set(u->timer, at, u->now);
}

static void free_all(ic__udp *u)
{
    void (*on_closed)(void *user) = u->on_closed;
    void *user = u->user;

    if (u->timer)
        event_free(u->timer);
    if (u->soon)
        event_free(u->soon);
    ic__udp_rest_free(u);
    ic__map_free(&u->by_id);
    ic__timers_free(&u->timers);
    ic__udp_batch_free(&u->batch);
    ic__udp_in_free(&u->in);
    ic_mem_free(u);
    if (on_closed)
        on_closed(user);
}

static void free_closed_sockets(ic__udp *u)
{
    while (u->closed_sockets.count)
        ic__udp_socket_free(
            IC__ELEMENT(ic__queue_pop(&u->closed_sockets), ic__udp_socket, link));
}

/* Closing does not wait for streams that linger: nobody would hear their answers. */
static void finish_closing(ic__udp *u)
{
    for (ic__link *link = ic__queue_first(&u->streams); link;
         link = ic__queue_first(&u->streams))
        ic__udp_stream_free(IC__ELEMENT(link, ic__udp_stream, link));
    for (ic__link *link = ic__queue_first(&u->sockets); link;
         link = ic__queue_first(&u->sockets))
        ic__udp_socket_close(IC__ELEMENT(link, ic__udp_socket, link));
    free_closed_sockets(u);
    free_all(u);
}

void ic__udp_finish(ic__udp *u)
{
    expire(u);
    /* What a callback causes is looked at in the next turn, so that none runs for ever.
     */
    for (size_t left = u->dirty.count; left; left--) {
        ic__udp_stream *st = IC__ELEMENT(ic__queue_pop(&u->dirty), ic__udp_stream, dirty);
        if (!ic__udp_stream_turn(st))
            ic__udp_stream_free(st);
    }
    ic__udp_flush(u);
    ic__udp_rest(u); /* looks at the socket that was read, which may be closed */
    free_closed_sockets(u);
    u->in_turn = false;
    if (u->closing && !u->dirty.count) {
        finish_closing(u);
        return;
    }
    arm(u);
    if (u->dirty.count)
        ic__udp_wake(u);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    ic__udp *u = arg;

    (void)fd;
    (void)what;
    u->armed_ns = IC__NEVER;
    ic__udp_begin(u);
    ic__udp_finish(u);
}

static void on_soon(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    ic__udp_begin(arg);
    ic__udp_finish(arg);
}

int ic__udp_new(ic__udp **out, struct event_base *base, const ic_env *env,
                const ic__udp_options *opts)
{
    ic__udp *u = ic_mem_calloc(1, sizeof *u);

    if (!u)
        return IC_ERR_NOMEM;
    u->base = base;
    u->env = *env;
    u->armed_ns = IC__NEVER;
    u->rest_fd = -1;
    u->now = env->now_ns(env->user);
    if (opts)
        u->opts = *opts;
    else
        ic__udp_options_default(&u->opts);
    ic__queue_init(&u->sockets);
    ic__queue_init(&u->closed_sockets);
    ic__queue_init(&u->streams);
    ic__queue_init(&u->dirty);
    ic__queue_init(&u->starved);
    u->timer = evtimer_new(base, on_timer, u);
    u->soon = evtimer_new(base, on_soon, u);
    if (!u->timer || !u->soon || ic__udp_batch_init(&u->batch) != 0 ||
        ic__udp_in_init(&u->in) != 0 || ic__udp_rest_init(u) != 0) {
        free_all(u);
        return IC_ERR_NOMEM;
    }
    *out = u;
    return 0;
}

void ic__udp_free(ic__udp *u)
{
    finish_closing(u);
}

void ic__udp_close(ic__udp *u, void (*on_closed)(void *user), void *user)
{
    if (!u || u->closing)
        return;
    u->closing = true;
    u->on_closed = on_closed;
    u->user = user;
    for (ic__link *link = u->streams.ends.next; link != &u->streams.ends;
         link = link->next)
        ic__udp_stream_close(IC__ELEMENT(link, ic__udp_stream, link));
    ic__udp_wake(u);
}
