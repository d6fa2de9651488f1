#include "peer/carrier.h"

#include <string.h>

#include "base/env.h"
#include "base/queue.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "io/deadline.h"
#include "io/jobs.h"
#include "io/soon.h"

#define BATCH 32 /* signatures that one job verifies */

/* A mux, and the channels on it. */
typedef struct wire {
    ic__link link;
    ic__carrier *carrier;
    ic_mux *mux;
    ic__sc_link *sc_link;
    ic__queue strands;
} wire;

/* A channel. */
typedef struct strand {
    ic__link link;
    ic__carrier *carrier;
    wire *wire;        /* NULL, like port, when the mux was removed */
    ic__sc_port *port; /* NULL when it was told that it is closed */
    ic_channel *channel;
} strand;

struct ic__carrier {
    ic_env env;
    ic__sidechannel *sc;
    ic__carrier_hooks hooks;
    ic__queue wires;
    ic__jobs *jobs;
    ic__deadline *deadline;
    size_t search_count;
    ic__soon *soon;           /* then what is in `checks` is handed over */
    ic__check *checks[BATCH]; /* that came in this turn of the loop */
    size_t check_count;
    size_t strand_count; /* those of removed muxes included */
    bool closing;
    bool jobs_gone;
    void (*on_closed)(void *user);
    void *user;
};

/* Signatures on a thread. */
typedef struct proofs {
    ic__carrier *carrier;
    ic__check *checks[BATCH];
    size_t count;
} proofs;

/* Proof of work on a thread. */
typedef struct search {
    ic__carrier *carrier;
    ic__work *work;
} search;

static uint64_t now_of(const ic__carrier *c)
{
    return c->env.now_ns(c->env.user);
}

static void arm(ic__carrier *c, uint64_t at)
{
    ic__deadline_set(c->deadline, at, now_of(c));
}

/* ---- channels ---- */

static void drive(ic__carrier *c);

static void free_when_over(ic__carrier *c)
{
    if (!c->closing || !c->jobs_gone || c->strand_count)
        return;
    void (*on_closed)(void *user) = c->on_closed;
    void *user = c->user;
    ic__deadline_free(c->deadline);
    ic__soon_free(c->soon);
    ic_mem_free(c);
    if (on_closed)
        on_closed(user);
}

static void on_open(ic_channel *ch, const uint8_t *handshake, size_t len, void *user)
{
    strand *s = user;

    (void)ch;
    (void)handshake;
    (void)len;
    if (!s->port)
        return;
    ic__sc_port_opened(s->port, now_of(s->carrier));
    drive(s->carrier);
}

static void on_message(ic_channel *ch, uint64_t type, const uint8_t *data, size_t len,
                       void *user)
{
    strand *s = user;

    (void)ch;
    if (!s->port)
        return;
    ic__sc_port_message(s->port, type, data, len, now_of(s->carrier));
    drive(s->carrier);
}

static void on_drain(ic_channel *ch, void *user)
{
    strand *s = user;

    (void)ch;
    if (!s->port)
        return;
    ic__sc_port_drained(s->port);
    drive(s->carrier);
}

static void on_channel_closed(ic_channel *ch, int error, void *user)
{
    strand *s = user;
    ic__carrier *c = s->carrier;
    ic__sc_port *port = s->port;

    (void)ch;
    (void)error;
    if (s->wire)
        ic__queue_remove(&s->wire->strands, &s->link);
    ic_mem_free(s);
    c->strand_count--;
    if (port) {
        ic__sc_port_closed(port, now_of(c));
        drive(c);
    }
    free_when_over(c);
}

static int open_strand(ic__carrier *c, wire *w, const ic__sc_event *e)
{
    ic_channel_options opts;
    strand *s = ic_mem_calloc(1, sizeof *s);

    if (!s)
        return IC_ERR_NOMEM;
    *s = (strand){.carrier = c, .wire = w, .port = e->port};
    ic_channel_options_default(&opts);
    opts.protocol = e->protocol;
    opts.on_open = on_open;
    opts.on_message = on_message;
    opts.on_drain = on_drain;
    opts.on_closed = on_channel_closed;
    opts.user = s;
    int error = ic_channel_new(w->mux, &opts, &s->channel);
    if (error) {
        ic_mem_free(s);
        return error;
    }
    ic__queue_push(&w->strands, &s->link);
    c->strand_count++;
    ic__sc_port_set_user(e->port, s);
    return 0;
}

static void send(const ic__sc_event *e)
{
    strand *s = ic__sc_port_user(e->port);

    /* Any other error: the channel is closing, and on_channel_closed will say so. */
    if (ic_channel_send(s->channel, 0, e->data, e->len) == IC_ERR_AGAIN)
        ic__sc_port_choked(e->port);
}

/* ---- work ---- */

static void run_search(void *job)
{
    search *s = job;

    while (!ic__work_run(s->work, UINT64_MAX))
        ;
}

static void search_done(void *job)
{
    search *s = job;
    ic__carrier *c = s->carrier;

    c->search_count--;
    if (c->closing) {
        ic__work_free(s->work);
    } else {
        ic__sidechannel_worked(c->sc, s->work);
        drive(c);
    }
    ic_mem_free(s);
}

static void start_search(ic__carrier *c, ic__work *work)
{
    search *s = ic_mem_calloc(1, sizeof *s);

    if (s) {
        *s = (search){.carrier = c, .work = work};
        if (ic__jobs_add(c->jobs, run_search, search_done, s) == 0) {
            c->search_count++;
            return;
        }
    }
    ic_mem_free(s);
    ic__sidechannel_worked(c->sc, work); /* it was not found: dropped, and counted */
}

/* ---- signatures ---- */

static void run_checks(void *job)
{
    proofs *p = job;

    for (size_t i = 0; i < p->count; i++)
        ic__check_run(p->checks[i]);
}

/* Those that nobody has verified are verified here. */
static void return_checks(ic__carrier *c, ic__check *const *checks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (c->closing)
            ic__check_free(checks[i]);
        else
            ic__sidechannel_checked(c->sc, checks[i]);
    }
}

static void checks_done(void *job)
{
    proofs *p = job;
    ic__carrier *c = p->carrier;

    return_checks(c, p->checks, p->count);
    drive(c);
    ic_mem_free(p);
}

/* Waking a thread for each would cost a good part of what it spares. Messages never wait
 * for somebody's proof of work, nor for memory. */
static void hand_over_checks(ic__carrier *c)
{
    bool alone = c->check_count < 2 || c->search_count;
    proofs *p = alone ? NULL : ic_mem_calloc(1, sizeof *p);
    size_t count = c->check_count;

    c->check_count = 0;
    if (p) {
        p->carrier = c;
        p->count = count;
        memcpy(p->checks, c->checks, count * sizeof *p->checks);
        if (ic__jobs_add(c->jobs, run_checks, checks_done, p) == 0)
            return;
    }
    ic_mem_free(p);
    return_checks(c, c->checks, count);
}

static void start_check(ic__carrier *c, ic__check *check)
{
    if (c->check_count == BATCH)
        hand_over_checks(c);
    c->checks[c->check_count++] = check;
    ic__soon_call(c->soon);
}

static void on_soon(void *user)
{
    ic__carrier *c = user;

    if (c->closing || !c->check_count)
        return;
    hand_over_checks(c);
    drive(c);
}

/* ---- what the side channel wants ---- */

static void hang_up(ic__carrier *c, const wire *w)
{
    if (c->hooks.hang_up)
        c->hooks.hang_up(w->mux, c->hooks.user);
}

static void pair(ic__carrier *c, const wire *w, const char *protocol)
{
    int error = ic_mux_pair(w->mux, protocol, NULL, 0);

    if (error && error != IC_ERR_EXISTS)
        hang_up(c, w); /* deaf to its opens, it would only look alive */
}

static void do_for_mux(ic__carrier *c, const ic__sc_event *e)
{
    wire *w = ic__sc_link_user(e->link);

    if (e->what == IC__SC_PAIR)
        pair(c, w, e->protocol);
    else if (e->what == IC__SC_UNPAIR)
        ic_mux_unpair(w->mux, e->protocol, NULL, 0);
    else if (e->what == IC__SC_HANG_UP)
        hang_up(c, w);
    else if (e->what == IC__SC_SEND)
        send(e);
    else if (e->what == IC__SC_CLOSE)
        ic_channel_close(((strand *)ic__sc_port_user(e->port))->channel);
    else if (open_strand(c, w, e) != 0)
        ic__sc_port_closed(e->port, now_of(c));
}

static void do_for_peer(ic__carrier *c, const ic__sc_event *e)
{
    const ic__carrier_hooks *h = &c->hooks;

    if (e->what == IC__SC_WORK)
        start_search(c, e->work);
    else if (e->what == IC__SC_CHECK)
        start_check(c, e->check);
    else if (e->what == IC__SC_JOIN_TOPIC && h->join_topic)
        h->join_topic(e->topic, h->user);
    else if (e->what == IC__SC_LEAVE_TOPIC && h->leave_topic)
        h->leave_topic(e->topic, h->user);
    else if (e->what >= IC__SC_MESSAGE && h->tell)
        h->tell(e, h->user);
}

/* Hooks may call anything of sidechannel.h, or close the carrier. */
static void drive(ic__carrier *c)
{
    ic__sc_event e;

    while (!c->closing && ic__sidechannel_next(c->sc, &e)) {
        if (e.link)
            do_for_mux(c, &e);
        else
            do_for_peer(c, &e);
    }
    if (!c->closing)
        arm(c, ic__sidechannel_deadline(c->sc));
}

static void on_deadline(void *user)
{
    ic__carrier *c = user;

    if (c->closing)
        return;
    ic__sidechannel_expire(c->sc, now_of(c));
    drive(c);
}

/* ---- life ---- */

int ic__carrier_new(struct event_base *base, const ic_env *env, ic__sidechannel *sc,
                    const ic__carrier_hooks *hooks, uint32_t threads, ic__carrier **out)
{
    ic__carrier *c = ic_mem_calloc(1, sizeof *c);

    if (!c)
        return IC_ERR_NOMEM;
    c->env = *env;
    c->sc = sc;
    c->hooks = *hooks;
    ic__queue_init(&c->wires);
    int error = ic__deadline_new(base, on_deadline, c, &c->deadline);
    if (!error)
        error = ic__soon_new(base, on_soon, c, &c->soon);
    if (!error)
        error = ic__jobs_new(base, threads, &c->jobs);
    if (error) {
        ic__deadline_free(c->deadline);
        ic__soon_free(c->soon);
        ic_mem_free(c);
        return error;
    }
    ic__sidechannel_start(sc);
    arm(c, 0); /* the topics of the start */
    *out = c;
    return 0;
}

static wire *wire_of(const ic__carrier *c, const ic_mux *mux)
{
    for (ic__link *at = c->wires.ends.next; at != &c->wires.ends; at = at->next) {
        wire *w = IC__ELEMENT(at, wire, link);
        if (w->mux == mux)
            return w;
    }
    return NULL;
}

int ic__carrier_add(ic__carrier *c, ic_mux *mux,
                    const uint8_t remote_key[IC_PUBLIC_KEY_BYTES])
{
    if (c->closing)
        return IC_ERR_CANCELED;
    wire *w = ic_mem_calloc(1, sizeof *w);
    if (!w)
        return IC_ERR_NOMEM;
    w->carrier = c;
    w->mux = mux;
    ic__queue_init(&w->strands);
    int error = ic__sc_link_attach(c->sc, remote_key, w, now_of(c), &w->sc_link);
    if (error) {
        ic_mem_free(w);
        return error;
    }
    ic__queue_push(&c->wires, &w->link);
    ic__carrier_wake(c);
    return 0;
}

/* Its channels are closed by the mux, or here; on_channel_closed comes for each. */
static void cut(ic__carrier *c, wire *w, bool stopped)
{
    ic__link *at;

    while ((at = ic__queue_pop(&w->strands)) != NULL) {
        strand *s = IC__ELEMENT(at, strand, link);
        s->wire = NULL;
        s->port = NULL;
        ic_channel_close(s->channel);
    }
    if (!stopped)
        ic__sc_link_detach(w->sc_link, now_of(c));
    ic__queue_remove(&c->wires, &w->link);
    ic_mem_free(w);
}

void ic__carrier_remove(ic__carrier *c, ic_mux *mux)
{
    wire *w = c ? wire_of(c, mux) : NULL;

    if (!w)
        return;
    cut(c, w, false);
    ic__carrier_wake(c); /* what it said last is told now */
}

bool ic__carrier_pair(ic__carrier *c, ic_mux *mux, const char *protocol,
                      const uint8_t *id, size_t id_len)
{
    const wire *w = !c || c->closing ? NULL : wire_of(c, mux);

    (void)id;
    if (!w || id_len || !ic__sc_link_asked(w->sc_link, protocol))
        return false;
    drive(c);
    return true;
}

void ic__carrier_wake(ic__carrier *c)
{
    if (!c->closing)
        ic__deadline_now(c->deadline);
}

static void jobs_closed(void *user)
{
    ic__carrier *c = user;

    c->jobs_gone = true;
    free_when_over(c);
}

void ic__carrier_close(ic__carrier *c, void (*on_closed)(void *user), void *user)
{
    ic__link *at;

    if (!c || c->closing)
        return;
    c->closing = true;
    c->on_closed = on_closed;
    c->user = user;
    ic__sidechannel_stop(c->sc); /* before the wires: its links name them */
    return_checks(c, c->checks, c->check_count);
    c->check_count = 0;
    while ((at = ic__queue_first(&c->wires)) != NULL)
        cut(c, IC__ELEMENT(at, wire, link), true);
    ic__jobs_close(c->jobs, jobs_closed, c);
}
