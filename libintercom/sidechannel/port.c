/* One channel on one connection: opened, refused and tried again, closed, sent to. */
#include <string.h>

#include "base/env.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "sidechannel/link.h"
#include "sidechannel/state.h"

#define MAX_RETRIES 5
#define RETRY_NS (100 * IC__MS) /* more for each */
#define BURST_PAUSE_NS (2000 * IC__MS)
#define PATIENCE_NS (10 * IC__SEC) /* of messages for a peer that does not answer */

/* A message in the queue of a port. */
typedef struct queued {
    ic__link link;
    ic__sc_frame *frame;
} queued;

int ic__sc_port_new(ic__sc_link *link, ic__room *room)
{
    ic__sidechannel *sc = link->sc;
    ic__buf protocol = {0};

    ic__channel_name_protocol(&protocol, room->name);
    ic__sc_port *port =
        protocol.bad ? NULL : ic_mem_calloc(1, sizeof *port + protocol.len + 1);
    if (port)
        memcpy(port->protocol, protocol.data, protocol.len);
    ic__buf_free(&protocol);
    if (!port || ic__timers_reserve(&sc->timers, sc->port_count + 1) != 0) {
        ic_mem_free(port);
        return IC_ERR_NOMEM;
    }
    sc->port_count++;
    port->link = link;
    port->room = room;
    port->state = IC__SC_PORT_WANTED;
    ic__queue_init(&port->frames);
    ic__queue_push(&link->ports, &port->in_link);
    ic__queue_push(&room->ports, &port->in_room);
    ic__sc_port_wake(port);
    return 0;
}

static queued *first_frame(ic__sc_port *port)
{
    ic__link *at = ic__queue_first(&port->frames);

    return at ? IC__ELEMENT(at, queued, link) : NULL;
}

void ic__sc_port_pop(ic__sc_port *port)
{
    queued *q = first_frame(port);

    ic__queue_remove(&port->frames, &q->link);
    port->queued_bytes -= q->frame->len;
    port->link->queued_bytes -= q->frame->len;
    ic__sc_frame_drop(q->frame);
    ic_mem_free(q);
}

static void drop_frames(ic__sc_port *port)
{
    ic__sidechannel *sc = port->link->sc;

    if (sc->sending == port)
        sc->sending = NULL;
    while (port->frames.count)
        ic__sc_port_pop(port);
}

void ic__sc_port_free(ic__sc_port *port)
{
    ic__sidechannel *sc = port->link->sc;

    drop_frames(port);
    ic__timers_set(&sc->timers, &port->timer, IC__NEVER);
    ic__queue_remove(&sc->busy, &port->in_busy);
    if (port->room)
        ic__queue_remove(&port->room->ports, &port->in_room);
    ic__queue_remove(&port->link->ports, &port->in_link);
    sc->port_count--;
    ic_mem_free(port);
}

void ic__sc_port_wake(ic__sc_port *port)
{
    ic__queue_push(&port->link->sc->busy, &port->in_busy);
}

static void set_state(ic__sc_port *port, ic__sc_port_state state, uint64_t timer_ns)
{
    port->state = state;
    ic__timers_set(&port->link->sc->timers, &port->timer, timer_ns);
    if (state == IC__SC_PORT_WANTED)
        ic__sc_port_wake(port);
    if (state == IC__SC_PORT_WAITING)
        drop_frames(port);
}

static void start_closing(ic__sc_port *port)
{
    drop_frames(port);
    port->want_close = port->carried && port->state != IC__SC_PORT_CLOSING;
    port->asked = false;
    set_state(port, port->carried ? IC__SC_PORT_CLOSING : IC__SC_PORT_WAITING, IC__NEVER);
}

void ic__sc_port_leave(ic__sc_port *port)
{
    ic__queue_remove(&port->room->ports, &port->in_room);
    port->room = NULL;
    start_closing(port);
    ic__sc_port_wake(port);
}

void ic__sc_port_fail(ic__sc_port *port)
{
    start_closing(port);
    ic__sc_port_wake(port);
}

/* ---- what it wants ---- */

static bool wish(ic__sc_event *event, ic__sc_what what)
{
    event->what = what;
    return true;
}

/* Of a channel that was left: close, unpair, die. */
static bool wish_of_the_left(ic__sc_port *port, ic__sc_event *event)
{
    event->protocol = port->protocol;
    if (port->paired) {
        port->paired = false;
        return wish(event, IC__SC_UNPAIR);
    }
    ic__queue_remove(&port->link->sc->busy, &port->in_busy);
    if (!port->carried)
        ic__sc_port_free(port);
    return false;
}

static bool wish_to_send(ic__sc_port *port, ic__sc_event *event)
{
    const queued *q = first_frame(port);

    event->data = q->frame->data;
    event->len = q->frame->len;
    return wish(event, IC__SC_SEND);
}

bool ic__sc_port_wish(ic__sc_port *port, ic__sc_event *event)
{
    if (port->want_close) {
        port->want_close = false;
        return wish(event, IC__SC_CLOSE);
    }
    if (!port->room)
        return wish_of_the_left(port, event);
    event->protocol = port->protocol;
    if (!port->paired) {
        port->paired = true;
        return wish(event, IC__SC_PAIR);
    }
    if (port->state == IC__SC_PORT_WANTED) {
        port->carried = true;
        port->state = IC__SC_PORT_OPENING;
        return wish(event, IC__SC_OPEN);
    }
    if (port->state == IC__SC_PORT_OPEN && port->frames.count && !port->choked)
        return wish_to_send(port, event);
    ic__queue_remove(&port->link->sc->busy, &port->in_busy);
    return false;
}

/* ---- what happened to it ---- */

static ic__sc_port *port_of(ic__sc_link *link, const char *protocol)
{
    for (ic__link *at = link->ports.ends.next; at != &link->ports.ends; at = at->next) {
        ic__sc_port *port = IC__ELEMENT(at, ic__sc_port, in_link);
        if (port->room && strcmp(port->protocol, protocol) == 0)
            return port;
    }
    return NULL;
}

bool ic__sc_link_asked(ic__sc_link *link, const char *protocol)
{
    ic__sc_port *port = port_of(link, protocol);

    if (!port)
        return false;
    if (port->state == IC__SC_PORT_WAITING || port->state == IC__SC_PORT_PAUSED) {
        port->retries = 0;
        set_state(port, IC__SC_PORT_WANTED, IC__NEVER);
    }
    port->asked = port->state == IC__SC_PORT_CLOSING;
    return true;
}

void ic__sc_port_opened(ic__sc_port *port, uint64_t now)
{
    if (port->state != IC__SC_PORT_OPENING)
        return;
    set_state(port, IC__SC_PORT_OPEN, IC__NEVER);
    port->retries = 0;
    port->choked = false;
    port->welcome_sent = false;
    ic__sc_greet(port, now);
    ic__sc_port_wake(port);
}

static void refused(ic__sc_port *port, uint64_t now)
{
    if (now - port->refused_ns > BURST_PAUSE_NS)
        port->retries = 0;
    port->refused_ns = now;
    if (port->retries == MAX_RETRIES) {
        set_state(port, IC__SC_PORT_WAITING, IC__NEVER);
        return;
    }
    port->retries++;
    set_state(port, IC__SC_PORT_PAUSED, now + port->retries * RETRY_NS);
}

void ic__sc_port_closed(ic__sc_port *port, uint64_t now)
{
    port->carried = false;
    port->want_close = false;
    port->user = NULL;
    if (!port->room)
        ic__sc_port_wake(port); /* to die */
    else if (port->state == IC__SC_PORT_OPENING)
        refused(port, now);
    else
        set_state(port, port->asked ? IC__SC_PORT_WANTED : IC__SC_PORT_WAITING,
                  IC__NEVER);
    port->asked = false;
}

void ic__sc_port_expire(ic__sc_port *port, uint64_t now)
{
    ic__sidechannel *sc = port->link->sc;

    if (port->state == IC__SC_PORT_PAUSED) {
        set_state(port, IC__SC_PORT_WANTED, IC__NEVER);
        return;
    }
    for (size_t i = port->frames.count; i; i--)
        ic__sc_dropped(sc, port->link->remote, port->room->name, IC__SC_DROP_QUEUE, now);
    drop_frames(port);
}

/* ---- sending ---- */

/* Where nobody has answered yet, messages wait, but not for ever. */
static void limit_patience(ic__sc_port *port)
{
    ic__sidechannel *sc = port->link->sc;

    if (port->state != IC__SC_PORT_OPEN && port->state != IC__SC_PORT_PAUSED &&
        !port->timer.slot)
        ic__timers_set(&sc->timers, &port->timer,
                       sc->env.now_ns(sc->env.user) + PATIENCE_NS);
}

void ic__sc_port_queue(ic__sc_port *port, ic__sc_frame *frame)
{
    ic__sidechannel *sc = port->link->sc;

    if (port->link->queued_bytes + frame->len > sc->limits.max_queued_bytes) {
        sc->stats.drops[IC__SC_DROP_QUEUE]++;
        return;
    }
    queued *q = ic_mem_calloc(1, sizeof *q);
    if (!q) {
        sc->stats.drops[IC__SC_DROP_MEMORY]++;
        return;
    }
    frame->uses++;
    q->frame = frame;
    ic__queue_push(&port->frames, &q->link);
    port->queued_bytes += frame->len;
    port->link->queued_bytes += frame->len;
    limit_patience(port);
    if (port->state == IC__SC_PORT_OPEN)
        ic__sc_port_wake(port);
}

void ic__sc_port_choked(ic__sc_port *port)
{
    ic__sidechannel *sc = port->link->sc;

    port->choked = true;
    if (sc->sending == port)
        sc->sending = NULL;
}

void ic__sc_port_drained(ic__sc_port *port)
{
    port->choked = false;
    ic__sc_port_wake(port);
}

/* ---- who carries it ---- */

void ic__sc_port_set_user(ic__sc_port *port, void *user)
{
    port->user = user;
}

void *ic__sc_port_user(const ic__sc_port *port)
{
    return port->user;
}

ic__sc_link *ic__sc_port_link(const ic__sc_port *port)
{
    return port->link;
}
