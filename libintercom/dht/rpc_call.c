/* Requests of ours: sent, repeated, answered or given up, each once. */
#include "dht/rpc_state.h"

#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"

#define ROOM_AT_REST 64 /* slots that an idle node keeps */

static ic__rpc_pending *pending_of(ic__link *link)
{
    return link ? IC__ELEMENT(link, ic__rpc_pending, link) : NULL;
}

static void put_in(ic__rpc_pending *p, ic__queue *list)
{
    if (p->list)
        ic__queue_remove(p->list, &p->link);
    p->list = list;
    ic__queue_push(list, &p->link);
}

/* No answer is taken for it any more. */
static void land(ic__rpc_pending *p)
{
    ic__rpc *rpc = p->rpc;

    if (p->list == &rpc->failed)
        return;
    (void)ic__map_take(&rpc->by_tid, p->tid);
    if (!rpc->by_tid.count && rpc->by_tid.cap > ROOM_AT_REST)
        ic__map_free(&rpc->by_tid);
    ic__clock_remove(rpc->clock, &p->alarm);
    if (!p->attempts)
        return;
    ic__window_settle(&rpc->window);
    if (rpc->waiting.count) /* there is room again: no need to wait for the next drain */
        ic__clock_set(rpc->clock, &rpc->drain, ic__rpc_now(rpc));
}

static void forget(ic__rpc_pending *p)
{
    land(p);
    ic__queue_remove(p->list, &p->link);
    ic_mem_free(p);
}

static uint16_t draw_tid(ic__rpc *rpc)
{
    if (!rpc->tids_left) {
        rpc->env.random(rpc->tids, sizeof rpc->tids, rpc->env.user);
        rpc->tids_left = sizeof rpc->tids / sizeof rpc->tids[0];
    }
    return rpc->tids[--rpc->tids_left];
}

/* Numbers that nobody can guess; at most half of them are in flight. */
static uint16_t free_tid(ic__rpc *rpc)
{
    uint16_t tid = draw_tid(rpc);

    while (ic__map_get(&rpc->by_tid, tid))
        tid = draw_tid(rpc);
    return tid;
}

static uint64_t patience(const ic__rpc_pending *p)
{
    ic__rpc *rpc = p->rpc;

    if (p->timeout_ns)
        return p->timeout_ns;
    if (!rpc->opts.adaptive_timeouts)
        return IC__RPC_TIMEOUT_NS;
    return ic__timeouts_get(&rpc->timeouts, &rpc->env, &p->to, p->attempts,
                            ic__rpc_now(rpc));
}

static void transmit(ic__rpc_pending *p)
{
    ic__rpc *rpc = p->rpc;

    p->attempts++;
    p->sent_ns = ic__rpc_now(rpc);
    put_in(p, &rpc->flying);
    ic__window_send(&rpc->window);
    ic__clock_set_in(rpc->clock, &p->alarm, patience(p));
    ic__rpc_send(rpc, p->sock, &p->to, p->bytes, p->len, 0);
}

static void give_up(ic__rpc_pending *p)
{
    ic__rpc *rpc = p->rpc;
    void (*on_done)(void *, int, const ic__rpc_reply *) = p->on_done;
    void *user = p->user;

    rpc->stats.timeouts++;
    forget(p);
    on_done(user, IC_ERR_TIMEOUT, NULL);
}

static void on_silence(ic__alarm *alarm)
{
    ic__rpc_pending *p = IC__ELEMENT(alarm, ic__rpc_pending, alarm);

    if (p->attempts > p->retries) {
        give_up(p);
        return;
    }
    p->rpc->stats.retransmits++;
    transmit(p);
    if (p->on_slow)
        p->on_slow(p->user);
}

static int check(const ic__rpc *rpc, const ic__rpc_call *call)
{
    if (rpc->suspended)
        return IC_ERR_CLOSED;
    if (!ic__rpc_can_reach(&call->to) || ic__rpc_is_self(rpc, &call->to))
        return IC_ERR_INVALID;
    if (call->value_len > IC__RPC_VALUE_MAX)
        return IC_ERR_LIMIT;
    if (rpc->by_tid.count >= rpc->opts.max_pending)
        return IC_ERR_AGAIN;
    return 0;
}

static size_t encode(ic__rpc *rpc, const ic__rpc_call *call, uint32_t sock, uint16_t tid,
                     uint8_t *out, size_t cap)
{
    ic__rpc_message m = {.type = IC__RPC_REQUEST,
                         .internal = call->internal,
                         .tid = tid,
                         .to = call->to,
                         .command = call->command,
                         .id = ic__rpc_id_by(rpc, sock),
                         .token = call->token,
                         .target = call->target,
                         .value = call->value,
                         .value_len = call->value_len};

    return ic__rpc_message_write(&m, out, cap);
}

static void ignore(void *user, int error, const ic__rpc_reply *reply)
{
    (void)user;
    (void)error;
    (void)reply;
}

static ic__rpc_pending *pending_new(ic__rpc *rpc, const ic__rpc_call *call, uint16_t tid)
{
    uint8_t bytes[IC__RPC_VALUE_MAX + IC__RPC_HEAD_MAX];
    bool any = call->sock == IC__DHT_ANY_SOCKET;
    uint32_t sock = any ? ic__rpc_own_socket(rpc) : call->sock;
    size_t len = encode(rpc, call, sock, tid, bytes, sizeof bytes);
    ic__rpc_pending *p = ic_mem_alloc(sizeof *p + len);

    if (!p)
        return NULL;
    *p = (ic__rpc_pending){.rpc = rpc,
                           .timeout_ns = call->timeout_ns,
                           .to = call->to,
                           .sock = sock,
                           .retries = call->force ? 0 : call->retries,
                           .tid = tid,
                           .on_slow = call->on_slow,
                           .on_done = call->on_done ? call->on_done : ignore,
                           .user = call->user,
                           .len = len};
    memcpy(p->bytes, bytes, len);
    return p;
}

static int enlist(ic__rpc_pending *p)
{
    ic__rpc *rpc = p->rpc;
    int err = ic__clock_add(rpc->clock, &p->alarm, on_silence);

    if (err)
        return err;
    err = ic__map_put(&rpc->by_tid, p->tid, p);
    if (err)
        ic__clock_remove(rpc->clock, &p->alarm);
    return err;
}

static void wait_for_window(ic__rpc_pending *p)
{
    ic__rpc *rpc = p->rpc;

    put_in(p, &rpc->waiting);
    if (rpc->waiting.count == 1)
        ic__clock_set(rpc->clock, &rpc->drain,
                      rpc->window.drained_ns + IC__WINDOW_DRAIN_NS);
}

int ic__rpc_call_send(ic__rpc *rpc, const ic__rpc_call *call, ic__rpc_pending **pending)
{
    int err = check(rpc, call);
    ic__rpc_pending *p;

    if (err)
        return err;
    p = pending_new(rpc, call, free_tid(rpc));
    if (!p)
        return IC_ERR_NOMEM;
    err = enlist(p);
    if (err) {
        ic_mem_free(p);
        return err;
    }
    rpc->stats.requests_out++;
    ic__window_advance(&rpc->window, ic__rpc_now(rpc));
    if (!call->force && ic__window_is_full(&rpc->window))
        wait_for_window(p);
    else
        transmit(p);
    if (pending)
        *pending = p;
    return 0;
}

ic__rpc_call ic__rpc_call_to(const ic__addr *to, bool internal, uint32_t command)
{
    return (ic__rpc_call){.to = *to,
                          .sock = IC__DHT_ANY_SOCKET,
                          .internal = internal,
                          .command = command,
                          .retries = IC__RPC_RETRIES};
}

void ic__rpc_drain(ic__alarm *alarm)
{
    ic__rpc *rpc = IC__ELEMENT(alarm, ic__rpc, drain);

    ic__window_advance(&rpc->window, ic__rpc_now(rpc));
    while (rpc->waiting.count && !ic__window_is_full(&rpc->window))
        transmit(pending_of(ic__queue_first(&rpc->waiting)));
    if (rpc->waiting.count)
        ic__clock_set(rpc->clock, alarm, rpc->window.drained_ns + IC__WINDOW_DRAIN_NS);
}

void ic__rpc_cancel(ic__rpc *rpc, ic__rpc_pending *pending)
{
    (void)rpc;
    if (pending)
        forget(pending);
}

static void cancel_in(ic__queue *list, const void *user)
{
    ic__link *next;

    for (ic__link *at = list->ends.next; at != &list->ends; at = next) {
        ic__rpc_pending *p = pending_of(at);
        next = at->next;
        if (p->user == user)
            forget(p);
    }
}

void ic__rpc_cancel_user(ic__rpc *rpc, const void *user)
{
    cancel_in(&rpc->flying, user);
    cancel_in(&rpc->waiting, user);
    cancel_in(&rpc->failed, user);
}

static void fail(ic__rpc_pending *p, int error)
{
    land(p);
    p->error = error;
    put_in(p, &p->rpc->failed);
}

void ic__rpc_cancel_all(ic__rpc *rpc)
{
    while (rpc->flying.count)
        fail(pending_of(ic__queue_first(&rpc->flying)), IC_ERR_CANCELED);
    while (rpc->waiting.count)
        fail(pending_of(ic__queue_first(&rpc->waiting)), IC_ERR_CANCELED);
    rpc->window = (ic__window){.drained_ns = ic__rpc_now(rpc)};
    ic__rpc_tell(rpc, 0);
}

void ic__rpc_tell_failed(ic__rpc *rpc)
{
    ic__rpc_pending *p;

    while ((p = pending_of(ic__queue_first(&rpc->failed))) != NULL) {
        void (*on_done)(void *, int, const ic__rpc_reply *) = p->on_done;
        void *user = p->user;
        int error = p->error;
        forget(p);
        on_done(user, error, NULL);
    }
}

void ic__rpc_free_calls(ic__rpc *rpc)
{
    while (rpc->flying.count)
        forget(pending_of(ic__queue_first(&rpc->flying)));
    while (rpc->waiting.count)
        forget(pending_of(ic__queue_first(&rpc->waiting)));
    while (rpc->failed.count)
        forget(pending_of(ic__queue_first(&rpc->failed)));
    ic__map_free(&rpc->by_tid);
}

size_t ic__rpc_under_way(const ic__rpc *rpc)
{
    return rpc->by_tid.count;
}

/* The number alone proves nothing: others see it, or guess it. */
static ic__rpc_pending *asked_by(ic__rpc *rpc, const ic__addr *from, uint16_t tid)
{
    ic__rpc_pending *p = ic__map_get(&rpc->by_tid, tid);
    return p && p->attempts && ic__addr_equal(&p->to, from) ? p : NULL;
}

void ic__rpc_take_reply(ic__rpc *rpc, uint32_t sock, const ic__addr *from,
                        const uint8_t *id, const ic__rpc_message *m)
{
    ic__rpc_pending *p = asked_by(rpc, from, m->tid);
    ic__rpc_reply reply = {.from = *from,
                           .to = m->to,
                           .sock = sock,
                           .error = m->error,
                           .id = id,
                           .token = m->token,
                           .value = m->value,
                           .value_len = m->value_len,
                           .closer = m->closer,
                           .closer_count = m->closer_count};
    void (*on_done)(void *, int, const ic__rpc_reply *);
    void *user;

    if (!p) {
        rpc->stats.dropped_unexpected++;
        return;
    }
    rpc->stats.replies_in++;
    reply.rtt_ns = ic__rpc_now(rpc) - p->sent_ns;
    if (rpc->opts.adaptive_timeouts && p->attempts <= 2)
        ic__timeouts_add(&rpc->timeouts, &rpc->env, from, reply.rtt_ns, ic__rpc_now(rpc));
    on_done = p->on_done;
    user = p->user;
    forget(p);
    ic__rpc_heard(rpc, from, id, sock == ic__rpc_own_socket(rpc) ? &m->to : NULL);
    on_done(user, 0, &reply);
}
