#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/env.h"
#include "base/rd.h"
#include "fake_random.h"
#include "intercom/error.h"
#include "transport/secret_stream.h"

#define MOST_STEPS 200

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct world {
    ic__ss *end[2];
    fake_random random;
    ic_env env;
    uint64_t now;
    uint8_t sent[2]; /* number of the next message, which is its content */
    uint8_t got[2];
    bool open[2];
    bool paused[2];
    bool honest; /* nobody has touched the wire */
    bool late;   /* time has passed, so that somebody may give up */
} world;

static void random_bytes(void *out, size_t len, void *user)
{
    fake_random_fill(user, out, len);
}

static bool world_init(world *w, uint8_t kind)
{
    uint8_t seed[IC_SEED_BYTES] = {1};
    uint8_t keys[2][IC__NOISE_KEY_BYTES];
    uint8_t secrets[2][IC__NOISE_SECRET_BYTES];
    ic__ss_options options;

    *w = (world){.now = IC__SEC, .honest = true};
    fake_random_init(&w->random, kind);
    w->env = (ic_env){.random = random_bytes, .user = &w->random};
    ic__ss_options_default(&options);
    options.max_message_bytes = 4096;
    options.max_queued_bytes = 8192;
    options.idle_ns = kind & 2 ? 60 * IC__SEC : 0;
    for (size_t i = 0; i < 2; i++) {
        seed[0]++;
        (void)crypto_sign_seed_keypair(keys[i], secrets[i], seed);
    }
    for (size_t i = 0; i < 2; i++) {
        const ic__noise_setup setup = {
            .pattern = kind & 1 ? IC__NOISE_XX : IC__NOISE_IK,
            .initiator = i == 0,
            .secret_key = secrets[i],
            .remote_key = i == 0 ? keys[1] : NULL,
            .env = &w->env,
        };
        if (ic__ss_new(&w->end[i], &options, &setup, w->now) != 0)
            return false;
    }
    return true;
}

static void tell(world *w, size_t at)
{
    ic__ss_event event;

    while (ic__ss_next(w->end[at], &event)) {
        if (event.what == IC__SS_FAILED && w->honest &&
            !(w->late && event.error == IC_ERR_TIMEOUT))
            abort();
        w->open[at] = w->open[at] || event.what == IC__SS_OPEN;
        if (w->paused[at] && (event.what == IC__SS_MESSAGE || event.what == IC__SS_END))
            abort();
        if (event.what != IC__SS_MESSAGE)
            continue;
        if (!w->open[at])
            abort();
        /* Authentic messages come whole, once, in order; keep-alives are swallowed. */
        if (!event.len || event.data[0] != w->got[1 - at] ||
            event.data[event.len - 1] != event.data[0])
            abort();
        w->got[1 - at]++;
    }
}

static void carry(world *w, size_t from, size_t piece, uint8_t flip)
{
    uint8_t bytes[256];
    size_t n = ic__ss_pull(w->end[from], bytes, piece ? piece : 1);

    if (n && flip) {
        bytes[n / 2] ^= flip;
        w->honest = false;
    }
    if (ic__ss_recv(w->end[1 - from], bytes, n, w->now) == 0)
        tell(w, 1 - from);
}

static void write_one(world *w, size_t at, size_t len)
{
    uint8_t message[4097];

    memset(message, w->sent[at], sizeof message);
    if (ic__ss_write(w->end[at], message, len % sizeof message + 1, w->now) == 0)
        w->sent[at]++;
}

static void inject(world *w, size_t at, ic__rd *r)
{
    size_t len = ic__rd_u8(r) % 64;
    const uint8_t *bytes = ic__rd_bytes(r, len);

    if (!bytes)
        return;
    w->honest = false;
    if (ic__ss_recv(w->end[at], bytes, len, w->now) == 0)
        tell(w, at);
}

static void datagram(world *w, size_t from, uint8_t flip)
{
    uint8_t sealed[64];
    uint8_t opened[64];
    ic__wr out = ic__wr_of(sealed, sizeof sealed);
    ic__wr got = ic__wr_of(opened, sizeof opened);

    if (ic__ss_seal_datagram(w->end[from], &flip, 1, &out) != 0)
        return;
    sealed[out.len / 2] ^= flip;
    int err = ic__ss_open_datagram(w->end[1 - from], sealed, out.len, &got);
    if (err == 0 && (flip || got.len != 1 || opened[0] != 0))
        abort();
}

/* A reader that pauses keeps what has arrived, and then goes on where it was. */
static void set_reading(world *w, size_t at, bool on)
{
    w->paused[at] = !on;
    ic__ss_set_reading(w->end[at], on, w->now);
    tell(w, at);
}

static void rare(world *w, size_t at, uint8_t arg)
{
    switch (arg) {
    case 0:
        ic__ss_end(w->end[at]);
        break;
    case 1:
        ic__ss_recv_end(w->end[at]);
        break;
    case 2:
    case 3:
        set_reading(w, at, arg == 3);
        return;
    default:
        break;
    }
    tell(w, at);
}

static void step(world *w, ic__rd *r)
{
    uint8_t verb = ic__rd_u8(r);
    uint8_t arg = ic__rd_u8(r);
    size_t at = verb >> 7;

    switch (verb % 8) {
    case 0:
    case 1:
        carry(w, at, arg, 0);
        break;
    case 2:
        write_one(w, at, (size_t)arg * 17);
        break;
    case 3:
        w->now += (uint64_t)arg * 100 * IC__MS;
        w->late = true;
        ic__ss_expire(w->end[at], w->now);
        tell(w, at);
        break;
    case 4:
        carry(w, at, 255, arg);
        break;
    case 5:
        inject(w, at, r);
        break;
    case 6:
        datagram(w, at, arg);
        break;
    default:
        rare(w, at, arg % 8);
    }
}

/* Whoever pauses to the last hears in the end what it would have heard at once. */
static void resume_both(world *w)
{
    for (size_t at = 0; at < 2; at++)
        set_reading(w, at, true);
}

/* A script of (verb, argument): two ends, a clock, and somebody on the wire. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    world w;
    ic__rd r = ic__rd_of(data, size);

    if (sodium_init() < 0 || !world_init(&w, ic__rd_u8(&r)))
        return 0;
    for (size_t i = 0; i < MOST_STEPS && r.left && !r.bad; i++)
        step(&w, &r);
    resume_both(&w);
    ic__ss_free(w.end[0]);
    ic__ss_free(w.end[1]);
    return 0;
}
