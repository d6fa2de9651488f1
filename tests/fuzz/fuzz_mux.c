#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "base/rd.h"
#include "intercom/error.h"
#include "mux/mux.h"

#define MOST_STEPS 300
#define MOST_CHANNELS 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A channel as its user sees it; the mux has its address. */
typedef struct seat {
    ic__channel *channel; /* NULL = free */
    bool opened;
} seat;

typedef struct world {
    ic__mux *mux[2];
    seat seats[2][MOST_CHANNELS];
    uint64_t now;
    bool honest; /* nobody has made up a frame */
    bool corked[2];
} world;

static const char *const names[] = {"p", "q", "on-demand", "unknown"};

static void open_one(world *w, size_t at, uint8_t arg)
{
    static const char *const aliases[] = {"q", NULL};
    ic__channel_options o;
    seat *s = &w->seats[at][arg % MOST_CHANNELS];

    if (s->channel)
        return;
    ic__channel_options_default(&o);
    o.protocol = names[arg >> 3 & 3];
    o.id = arg & 0x20 ? &arg : NULL;
    o.id_len = 1;
    o.shared = arg & 0x40;
    o.aliases = arg & 0x80 ? aliases : NULL;
    o.handshake = (const uint8_t *)"handshake";
    o.handshake_len = arg % 10;
    o.types = 4;
    o.user = s;
    if (o.aliases) /* when the other end has none, it is a peer that breaks the rules */
        w->honest = false;
    *s = (seat){.channel = NULL};
    if (ic__mux_open(w->mux[at], &o, &s->channel) != 0)
        s->channel = NULL;
}

static void check_channel(const ic__mux_event *e)
{
    seat *s = ic__channel_user(e->channel);

    if (s->channel != e->channel) /* told before it was made, or after its end */
        abort();
    if (e->what == IC__MUX_OPENED) {
        if (s->opened)
            abort();
        s->opened = true;
    } else if (e->what == IC__MUX_MESSAGE) {
        if (!s->opened || e->type >= 4)
            abort();
    } else {
        s->channel = NULL;
    }
}

static void tell(world *w, size_t at, uint8_t mood)
{
    ic__mux_event e;

    while (ic__mux_next(w->mux[at], &e)) {
        if (e.channel)
            check_channel(&e);
        if (e.what == IC__MUX_FAILED && w->honest && e.error != IC_ERR_LIMIT)
            abort();
        if (e.what == IC__MUX_PAIR && mood & 1)
            ic__mux_refuse(w->mux[at], &e.key);
        else if (e.what == IC__MUX_PAIR && mood & 2)
            open_one(w, at, (uint8_t)(2 << 3 | (mood >> 2 & 7)));
        else if (e.what == IC__MUX_MESSAGE && mood & 4)
            ic__channel_close(e.channel);
        else if (e.what == IC__MUX_MESSAGE && mood & 8)
            (void)!ic__channel_send(e.channel, 1, e.data, e.len);
    }
}

static void carry(world *w, size_t from, uint8_t mood)
{
    size_t len;
    const uint8_t *front = ic__mux_front(w->mux[from], &len);

    if (!front || !ic__mux_reading(w->mux[1 - from]))
        return;
    uint8_t *frame = malloc(len + 1);
    if (!frame)
        return;
    memcpy(frame, front, len);
    ic__mux_pop(w->mux[from]);
    if (ic__mux_recv(w->mux[1 - from], frame, len, w->now) == 0)
        tell(w, 1 - from, mood);
    free(frame);
}

static void inject(world *w, size_t at, uint8_t mood, ic__rd *r)
{
    size_t len = ic__rd_u8(r) % 48;
    const uint8_t *bytes = ic__rd_bytes(r, len);
    uint8_t *frame = bytes && len ? malloc(len) : NULL;

    if (!frame)
        return;
    memcpy(frame, bytes, len);
    w->honest = false;
    if (ic__mux_recv(w->mux[at], frame, len, w->now) == 0)
        tell(w, at, mood);
    free(frame);
}

static void send_one(world *w, size_t at, uint8_t arg)
{
    static const uint8_t data[300];
    seat *s = &w->seats[at][arg % MOST_CHANNELS];

    if (s->channel)
        (void)!ic__channel_send(s->channel, arg >> 5, data, (size_t)arg);
}

static void step(world *w, ic__rd *r)
{
    uint8_t verb = ic__rd_u8(r);
    uint8_t arg = ic__rd_u8(r);
    size_t at = verb >> 7;

    switch (verb % 10) {
    case 0:
    case 1:
        carry(w, at, arg);
        return;
    case 2:
        open_one(w, at, arg);
        break;
    case 3:
        send_one(w, at, arg);
        return;
    case 4:
        ic__channel_close(w->seats[at][arg % MOST_CHANNELS].channel);
        break;
    case 5:
        inject(w, at, arg, r);
        return;
    case 6:
        w->now += (uint64_t)arg * IC__SEC;
        ic__mux_expire(w->mux[at], w->now);
        break;
    case 7:
        w->corked[at] = !w->corked[at];
        if (w->corked[at])
            ic__mux_cork(w->mux[at]);
        else
            ic__mux_uncork(w->mux[at]);
        return;
    case 8:
        if (arg == 1)
            ic__mux_end(w->mux[at]);
        break;
    default:
        if (arg & 1)
            (void)!ic__mux_pair(w->mux[at], names[arg >> 1 & 3], NULL, 0);
        else
            ic__mux_unpair(w->mux[at], names[arg >> 1 & 3], NULL, 0);
    }
    tell(w, at, 0);
}

/* A script of (verb, argument): two muxes, their users, a clock, and made-up frames. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    world w = {.now = IC__SEC, .honest = true};
    ic__mux_options o;
    ic__rd r = ic__rd_of(data, size);

    ic__mux_options_default(&o);
    o.max_waiting = 4;
    o.max_waiting_bytes = 2048;
    o.max_stored_bytes = 4096;
    o.max_queued_bytes = 2048;
    if (ic__mux_new(&w.mux[0], &o) != 0)
        return 0;
    if (ic__mux_new(&w.mux[1], &o) != 0) {
        ic__mux_free(w.mux[0]);
        return 0;
    }
    for (size_t i = 0; i < MOST_STEPS && r.left && !r.bad; i++)
        step(&w, &r);
    ic__mux_free(w.mux[0]);
    ic__mux_free(w.mux[1]);
    return 0;
}
