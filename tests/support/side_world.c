#include "side_world.h"

#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "intercom/error.h"
#include "intercom/init.h"
#include "unit.h"

/* A frame on its way. */
typedef struct flight {
    ic__link link;
    uint64_t at_ns;
    side_end *to;
    size_t len;
    uint8_t data[];
} flight;

void side_world_init(side_world *w, size_t count, uint64_t seed)
{
    memset(w, 0, sizeof *w);
    assert_int_equal(ic_init(), 0);
    fake_clock_init(&w->clock, seed);
    ic__queue_init(&w->wires);
    ic__queue_init(&w->flights);
    w->count = count;
    w->peers = calloc(count, sizeof *w->peers);
    for (size_t i = 0; i < count; i++) {
        side_peer *p = &w->peers[i];
        uint8_t key_seed[IC_SEED_BYTES] = {(uint8_t)i, (uint8_t)(i >> 8), 77};
        p->world = w;
        p->index = i;
        assert_int_equal(
            ic_identity_from_seed(&p->identity, key_seed, IC_NETWORK_MAINNET), 0);
        ic__sidechannel_options_default(&p->options);
        p->options.identity = p->identity;
        p->options.env = fake_clock_env(&w->clock);
        p->options.max_line = 16;
        p->options.policy.pow = false;
        p->options.policy.welcome_required = false;
    }
}

void side_world_free(side_world *w)
{
    ic__link *at;
    for (size_t i = 0; i < w->count; i++) {
        side_world_stop(w, i);
        ic_identity_free(w->peers[i].identity);
    }
    while ((at = ic__queue_pop(&w->flights)) != NULL) {
        flight *f = IC__ELEMENT(at, flight, link);
        if (--f->to->wire->under_way == 0 && f->to->wire->dead)
            free(f->to->wire);
        free(f);
    }
    free(w->peers);
}

/* ---- frames ---- */

static side_end *other_end(const side_end *end)
{
    side_wire *wire = end->wire;
    return &wire->ends[end == &wire->ends[0]];
}

static void launch(side_world *w, side_end *to, const uint8_t *data, size_t len)
{
    flight *f = malloc(sizeof *f + len);
    assert_non_null(f);
    *f = (flight){
        .at_ns = w->clock.now_ns + SIDE_WORLD_LATENCY_MS * IC__MS, .to = to, .len = len};
    memcpy(f->data, data, len);
    ic__queue_push(&w->flights, &f->link);
    to->wire->under_way++;
}

void side_world_inject(side_world *w, side_wire *wire, size_t from, const uint8_t *frame,
                       size_t len)
{
    launch(w, &wire->ends[1 - from], frame, len);
}

static void flush(side_world *w, side_end *end)
{
    size_t len;
    const uint8_t *frame;
    while ((frame = ic__mux_front(end->mux, &len)) != NULL) {
        launch(w, other_end(end), frame, len);
        ic__mux_pop(end->mux);
    }
}

/* ---- what the side channel wants ---- */

static void open_channel(side_end *end, const ic__sc_event *e)
{
    ic__channel_options o;
    ic__channel *ch = NULL;
    ic__channel_options_default(&o);
    o.protocol = e->protocol;
    o.user = e->port;
    if (ic__mux_open(end->mux, &o, &ch) == 0)
        ic__sc_port_set_user(e->port, ch);
    else
        ic__sc_port_closed(e->port, end->peer->world->clock.now_ns);
}

static void do_it(side_world *w, side_peer *peer, const ic__sc_event *e)
{
    side_end *end = e->link ? ic__sc_link_user(e->link) : NULL;
    int error;
    if (e->what == IC__SC_PAIR) {
        assert_int_equal(ic__mux_pair(end->mux, e->protocol, NULL, 0), 0);
    } else if (e->what == IC__SC_UNPAIR) {
        ic__mux_unpair(end->mux, e->protocol, NULL, 0);
    } else if (e->what == IC__SC_OPEN) {
        open_channel(end, e);
    } else if (e->what == IC__SC_SEND) {
        error = ic__channel_send(ic__sc_port_user(e->port), 0, e->data, e->len);
        if (error == IC_ERR_AGAIN)
            ic__sc_port_choked(e->port);
    } else if (e->what == IC__SC_CLOSE) {
        ic__channel_close(ic__sc_port_user(e->port));
    } else if (e->what == IC__SC_WORK) {
        while (!ic__work_run(e->work, UINT64_MAX))
            ;
        ic__sidechannel_worked(peer->sc, e->work);
    } else if (e->what == IC__SC_CHECK) {
        ic__check_run(e->check);
        ic__sidechannel_checked(peer->sc, e->check);
    } else if (e->what == IC__SC_HANG_UP) {
        peer->hang_ups++;
    } else if (e->what == IC__SC_MESSAGE) {
        peer->messages++;
        if (w->heard)
            w->heard(peer, e, w->user);
    }
}

static void tell(side_end *end, const ic__mux_event *e)
{
    uint64_t now = end->peer->world->clock.now_ns;
    char protocol[IC__MUX_NAME_MAX + 1] = {0};
    ic__sc_port *port = e->channel ? ic__channel_user(e->channel) : NULL;
    switch (e->what) {
    case IC__MUX_PAIR:
        memcpy(protocol, e->key.name, e->key.name_len);
        if (!ic__sc_link_asked(end->link, protocol))
            ic__mux_refuse(end->mux, &e->key);
        break;
    case IC__MUX_OPENED:
        ic__sc_port_opened(port, now);
        break;
    case IC__MUX_MESSAGE:
        ic__sc_port_message(port, e->type, e->data, e->len, now);
        break;
    case IC__MUX_CLOSED:
        ic__sc_port_closed(port, now);
        break;
    case IC__MUX_NOTHING:
    case IC__MUX_DRAINED:
    case IC__MUX_FAILED:
        break;
    }
}

/* Everything of one peer until nothing is left to do. */
static void pump(side_world *w, side_peer *peer)
{
    ic__sc_event event;
    ic__mux_event told;
    bool more = true;
    while (more && peer->sc) {
        more = false;
        while (peer->sc && ic__sidechannel_next(peer->sc, &event)) {
            do_it(w, peer, &event);
            more = true;
        }
        for (ic__link *at = w->wires.ends.next; at != &w->wires.ends; at = at->next) {
            side_wire *wire = IC__ELEMENT(at, side_wire, link);
            side_end *end = wire->ends[0].peer == peer ? &wire->ends[0] : &wire->ends[1];
            if (end->peer != peer || !end->link)
                continue;
            while (ic__mux_next(end->mux, &told)) {
                tell(end, &told);
                more = true;
            }
            free(end->frame);
            end->frame = NULL;
            flush(w, end);
        }
    }
}

void side_world_wake(side_world *w, size_t i)
{
    pump(w, &w->peers[i]);
}

/* ---- connections ---- */

side_wire *side_world_wire(const side_world *w, size_t a, size_t b)
{
    for (const ic__link *at = w->wires.ends.next; at != &w->wires.ends; at = at->next) {
        const side_wire *wire =
            (const side_wire *)(const void *)((const char *)at -
                                              offsetof(side_wire, link));
        size_t x = wire->ends[0].peer->index;
        size_t y = wire->ends[1].peer->index;
        if ((x == a && y == b) || (x == b && y == a))
            return wire->ends[0].wire;
    }
    return NULL;
}

static void attach(side_world *w, side_wire *wire, size_t i, bool hostile)
{
    side_end *end = &wire->ends[i];
    const side_peer *remote = wire->ends[1 - i].peer;
    assert_int_equal(ic__mux_new(&end->mux, NULL), 0);
    if (hostile)
        return;
    assert_int_equal(ic__sc_link_attach(end->peer->sc,
                                        ic_identity_public_key(remote->identity), end,
                                        w->clock.now_ns, &end->link),
                     0);
}

side_wire *side_world_connect(side_world *w, size_t a, size_t b, bool hostile)
{
    side_wire *wire = calloc(1, sizeof *wire);
    assert_non_null(wire);
    wire->ends[0] = (side_end){.wire = wire, .peer = &w->peers[a]};
    wire->ends[1] = (side_end){.wire = wire, .peer = &w->peers[b]};
    ic__queue_push(&w->wires, &wire->link);
    attach(w, wire, 0, false);
    attach(w, wire, 1, hostile);
    pump(w, &w->peers[a]);
    pump(w, &w->peers[b]);
    return wire;
}

void side_world_cut(side_world *w, side_wire *wire)
{
    ic__queue_remove(&w->wires, &wire->link);
    for (size_t i = 0; i < 2; i++) {
        ic__sc_link_detach(wire->ends[i].link, w->clock.now_ns);
        ic__mux_free(wire->ends[i].mux);
        free(wire->ends[i].frame);
        wire->ends[i].link = NULL;
        wire->ends[i].mux = NULL;
        wire->ends[i].frame = NULL;
    }
    wire->dead = true;
    if (!wire->under_way)
        free(wire);
}

/* ---- peers ---- */

void side_world_start(side_world *w, size_t i)
{
    side_peer *p = &w->peers[i];
    ic__buf why = {0};
    if (ic__sidechannel_new(&p->options, &p->sc, &why) != 0)
        fail_msg("%s", why.data ? why.data : "out of memory");
    ic__sidechannel_start(p->sc);
    pump(w, p);
}

void side_world_stop(side_world *w, size_t i)
{
    ic__link *next;
    for (ic__link *at = w->wires.ends.next; at != &w->wires.ends; at = next) {
        side_wire *wire = IC__ELEMENT(at, side_wire, link);
        next = at->next;
        if (wire->ends[0].peer->index == i || wire->ends[1].peer->index == i)
            side_world_cut(w, wire);
    }
    ic__sidechannel_free(w->peers[i].sc);
    w->peers[i].sc = NULL;
}

int side_world_say(side_world *w, size_t i, const char *channel, const char *json)
{
    ic__json *message = NULL;
    assert_int_equal(ic__json_parse(json, strlen(json), &message), 0);
    int error = ic__sidechannel_send(w->peers[i].sc, channel, message, NULL, NULL);
    ic__json_free(message);
    pump(w, &w->peers[i]);
    return error;
}

/* ---- time ---- */

static void land(side_world *w, flight *f)
{
    side_end *to = f->to;
    side_wire *wire = to->wire;
    wire->under_way--;
    if (wire->dead) {
        if (!wire->under_way)
            free(wire);
    } else if (to->link) {
        to->frame = malloc(f->len ? f->len : 1);
        memcpy(to->frame, f->data, f->len);
        if (ic__mux_recv(to->mux, to->frame, f->len, w->clock.now_ns) != 0) {
            free(to->frame); /* it was thrown out */
            to->frame = NULL;
        }
        pump(w, to->peer);
    }
    free(f);
}

static uint64_t next_time(side_world *w)
{
    uint64_t at = IC__NEVER;
    if (w->flights.count)
        at = IC__ELEMENT(ic__queue_first(&w->flights), flight, link)->at_ns;
    for (size_t i = 0; i < w->count; i++) {
        uint64_t mine =
            w->peers[i].sc ? ic__sidechannel_deadline(w->peers[i].sc) : IC__NEVER;
        if (mine < at)
            at = mine;
    }
    return at;
}

static void expire(side_world *w)
{
    uint64_t now = w->clock.now_ns;
    for (size_t i = 0; i < w->count; i++) {
        if (!w->peers[i].sc || ic__sidechannel_deadline(w->peers[i].sc) > now)
            continue;
        ic__sidechannel_expire(w->peers[i].sc, now);
        pump(w, &w->peers[i]);
    }
}

void side_world_run(side_world *w, uint64_t ms)
{
    uint64_t end = w->clock.now_ns + ms * IC__MS;
    for (;;) {
        uint64_t at = next_time(w);
        fake_clock_set(&w->clock, at < end ? at : end);
        expire(w);
        while (w->flights.count) {
            flight *f = IC__ELEMENT(ic__queue_first(&w->flights), flight, link);
            if (f->at_ns > w->clock.now_ns)
                break;
            ic__queue_remove(&w->flights, &f->link);
            land(w, f);
        }
        if (at >= end)
            return;
    }
}
