/*
 * Messages whose signatures are verified by other threads, and those behind them: each is
 * judged in its turn, as if it had been verified at once.
 *
 * Who speaks alone does not stand in line: waking a thread takes longer than verifying a
 * signature. Where a connection ends the line does too: what is missing is verified here.
 */
#include "base/env.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "sidechannel/state.h"

#define CROWD_NS (250 * IC__US) /* from one signature to the next, at most */

typedef struct waiting {
    ic__link in_line;
    ic__link in_checks; /* until somebody was told of it */
    ic__sc_arrival arrival;
    ic__check *check; /* NULL when it is verified in its turn */
    bool checked;
} waiting;

static waiting *first_of(ic__sidechannel *sc)
{
    ic__link *at = ic__queue_first(&sc->line);

    return at ? IC__ELEMENT(at, waiting, in_line) : NULL;
}

/* A check that was handed out is freed when it comes back. */
static void release_check(ic__sidechannel *sc, waiting *w)
{
    bool handed_out = w->check && !w->checked && !ic__queue_holds(&w->in_checks);

    ic__queue_remove(&sc->checks, &w->in_checks);
    if (handed_out)
        ic__check_set_user(w->check, NULL);
    else
        ic__check_free(w->check);
}

static void take_out(ic__sidechannel *sc, waiting *w)
{
    ic__queue_remove(&sc->line, &w->in_line);
    sc->line_bytes -= w->arrival.bytes;
}

static void judge(ic__sidechannel *sc, waiting *w)
{
    take_out(sc, w);
    if (w->check) {
        w->arrival.checked = true;
        w->arrival.is_signed = ic__check_holds(w->check);
    }
    release_check(sc, w);
    ic__sc_judge(&w->arrival);
    ic_mem_free(w);
}

static void move(ic__sidechannel *sc)
{
    waiting *w;

    while ((w = first_of(sc)) != NULL && (!w->check || w->checked))
        judge(sc, w);
}

void ic__sc_line_finish(ic__sidechannel *sc)
{
    waiting *w;

    while ((w = first_of(sc)) != NULL)
        judge(sc, w);
}

void ic__sc_line_leave(ic__sidechannel *sc, const ic__room *room)
{
    ic__link *next;

    for (ic__link *at = sc->line.ends.next; at != &sc->line.ends; at = next) {
        waiting *w = IC__ELEMENT(at, waiting, in_line);
        next = at->next;
        if (room && w->arrival.room != room)
            continue;
        take_out(sc, w);
        release_check(sc, w);
        ic__incoming_free(&w->arrival.in);
        ic_mem_free(w);
    }
}

static bool in_a_crowd(ic__sidechannel *sc, const ic__sc_arrival *a)
{
    uint64_t before = sc->last_signed_ns;

    if (!a->in.has_signature || !sc->limits.max_line)
        return false;
    sc->last_signed_ns = a->now;
    return sc->line.count || a->now - before < CROWD_NS;
}

/* Without memory for a check it is verified in its turn. */
static void ask_for_check(ic__sidechannel *sc, waiting *w)
{
    if (ic__check_new(&w->arrival.in, &w->check) != 0)
        return;
    ic__check_set_user(w->check, w);
    ic__queue_push(&sc->checks, &w->in_checks);
}

void ic__sc_line_join(ic__sc_arrival *a)
{
    ic__sidechannel *sc = a->sc;
    bool crowd = in_a_crowd(sc, a);

    if (sc->line.count >= sc->limits.max_line ||
        sc->line_bytes + a->bytes > sc->limits.max_line_bytes)
        ic__sc_line_finish(sc);
    waiting *w = crowd || sc->line.count ? ic_mem_calloc(1, sizeof *w) : NULL;
    if (!w) {
        ic__sc_line_finish(sc);
        ic__sc_judge(a);
        return;
    }
    w->arrival = *a;
    sc->line_bytes += a->bytes;
    ic__queue_push(&sc->line, &w->in_line);
    if (crowd)
        ask_for_check(sc, w);
    move(sc);
}

bool ic__sc_line_check(ic__sidechannel *sc, ic__sc_event *event)
{
    ic__link *at = ic__queue_pop(&sc->checks);

    if (!at)
        return false;
    event->what = IC__SC_CHECK;
    event->check = IC__ELEMENT(at, waiting, in_checks)->check;
    return true;
}

void ic__sidechannel_checked(ic__sidechannel *sc, ic__check *check)
{
    waiting *w = ic__check_user(check);

    if (!w) {
        ic__check_free(check);
        return;
    }
    w->checked = true;
    move(sc);
}
