/* Waiting: for a closed window to open, and for anything at all (spec sections 6, 7). */
#include "intercom/error.h"
#include "transport/udx_state.h"

/* Older peers take heartbeats and say nothing; after so many, ask with data. */
#define UNHEARD_MOST 2
#define REOPENS 6 /* after 1, 2, 4... RTO: a minute */

bool ic__udx_window_blocks(const ic__udx *s)
{
    return s->phase == IC__UDX_OPEN && s->leg_count && !s->out.rwnd &&
           ic__udx_flight_empty(&s->flight) && ic__udx_has_new(s);
}

void ic__udx_window_check(ic__udx *s, uint64_t now)
{
    if (!ic__udx_window_blocks(s))
        s->at.window = IC__NEVER;
    else if (s->at.window == IC__NEVER)
        s->at.window = now + s->rtt.rto_ns;
}

void ic__udx_on_window(ic__udx *s, uint64_t now)
{
    if (!ic__udx_window_blocks(s))
        return;
    if (s->window_closed_ns &&
        now - s->window_closed_ns >= s->opts.max_closed_window_ns) {
        ic__udx_close(s, IC_ERR_TIMEOUT);
        return;
    }
    s->at.window = now + 2 * s->rtt.rto_ns;
    s->deaf = s->deaf || s->unheard >= UNHEARD_MOST;
    if (s->deaf) {
        s->want_beyond = true;
    } else {
        s->want_heartbeat = true;
        s->unheard++;
    }
}

/* A window that was told as narrow; else the peer would wait for its timer, and an older
 * one may have none. */
void ic__udx_reopen(ic__udx *s)
{
    if (s->phase != IC__UDX_OPEN || s->in.told_rwnd >= ic__udx_window(s) / 2)
        return;
    s->want_ack = true;
    s->in.reopens = REOPENS;
}

/* The packet that says so may be lost: again, twice as late each time. That data comes is
 * no sign that the peer knows: it may be a probe of an older one. */
void ic__udx_arm_reopen(ic__udx *s, uint64_t now)
{
    if (s->in.reopens && s->at.reopen == IC__NEVER)
        s->at.reopen = now + (s->rtt.rto_ns << (REOPENS - s->in.reopens));
}

void ic__udx_on_reopen(ic__udx *s)
{
    s->in.reopens--;
    s->want_ack = true;
}

void ic__udx_arm_keepalive(ic__udx *s, uint64_t now)
{
    bool idle = s->phase == IC__UDX_OPEN && s->leg_count &&
                ic__udx_flight_empty(&s->flight) && s->opts.keepalive_ns;

    s->at.keepalive = idle ? now + s->opts.keepalive_ns : IC__NEVER;
}

void ic__udx_on_keepalive(ic__udx *s, uint64_t now)
{
    s->want_heartbeat = true;
    ic__udx_arm_keepalive(s, now);
}

void ic__udx_set_keepalive(ic__udx *s, uint64_t interval_ns, uint64_t now)
{
    s->opts.keepalive_ns = interval_ns;
    ic__udx_arm_keepalive(s, now);
}

void ic__udx_answer_heartbeat(ic__udx *s, uint64_t now)
{
    if (now - s->answers_since_ns >= IC__SEC) {
        s->answers_since_ns = now;
        s->answers = 0;
    }
    if (s->answers >= s->opts.max_answers) {
        s->stats.dropped_heartbeats++;
        return;
    }
    s->answers++;
    s->want_ack = true;
}
