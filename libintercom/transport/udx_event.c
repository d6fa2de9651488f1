/* What the owner of a stream is told, and in which order. */
#include "intercom/sys/mem.h"
#include "transport/udx_state.h"

/* What the last event showed is used up. */
static void finish_last(ic__udx *s)
{
    ic_mem_free(s->told);
    s->told = NULL;
    if (!s->in.handed)
        return;
    ic__fifo_drop(&s->in.ready, s->in.ready.head + s->in.handed);
    s->in.handed = 0;
    ic__udx_arm_trim(s);
    uint32_t before = s->in.next;
    ic__udx_take_held(s);
    if (s->in.next != before && s->phase == IC__UDX_OPEN) {
        s->want_ack = true; /* what had to wait for room has arrived now */
        ic__udx_check_ended(s, s->last_ns);
    }
}

static bool next_message(ic__udx *s, ic__udx_event *event)
{
    s->told = ic__udx_messages_take(&s->inbox);
    if (!s->told)
        return false;
    event->what = IC__UDX_GOT_MESSAGE;
    event->data = s->told->data;
    event->len = s->told->len;
    return true;
}

static bool next_data(ic__udx *s, ic__udx_event *event)
{
    if (s->in.paused || s->discards)
        return false;
    event->data = ic__fifo_front(&s->in.ready, &event->len);
    if (!event->len)
        return false;
    event->what = IC__UDX_GOT_DATA;
    s->in.handed = event->len;
    return true;
}

static bool flag(bool *is_set, ic__udx_what what, ic__udx_event *event)
{
    if (!*is_set)
        return false;
    *is_set = false;
    event->what = what;
    return true;
}

static bool room_again(const ic__udx *s)
{
    return s->out.was_full && s->phase == IC__UDX_OPEN &&
           ic__fifo_len(&s->out.bytes) <= s->opts.max_send_bytes / 2;
}

static bool next_closed(ic__udx *s, ic__udx_event *event)
{
    /* An orderly end waits for the reader; an error does not. */
    bool unread = ic__fifo_len(&s->in.ready) > 0 && !s->close_error && !s->discards;

    if (unread || s->told_closed || !flag(&s->tell_closed, IC__UDX_CLOSED, event))
        return false;
    s->told_closed = true;
    event->error = s->close_error;
    return true;
}

bool ic__udx_next(ic__udx *s, ic__udx_event *event)
{
    *event = (ic__udx_event){0};
    finish_last(s);
    if (s->told_closed)
        return false;
    if ((!s->discards && next_message(s, event)) || next_data(s, event))
        return true;
    if (!ic__fifo_len(&s->in.ready) && flag(&s->tell_end, IC__UDX_GOT_END, event))
        return true;
    if (flag(&s->tell_moved, IC__UDX_MOVED, event))
        return true;
    if (room_again(s)) {
        s->out.was_full = false;
        event->what = IC__UDX_DRAINED;
        return true;
    }
    return next_closed(s, event);
}

void ic__udx_set_reading(ic__udx *s, bool on)
{
    s->in.paused = !on;
    if (on)
        ic__udx_reopen(s);
}
