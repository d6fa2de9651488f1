/*
 * A stream driven by a script. Each step is a verb, a time, and bytes:
 *
 *   verb (1), milliseconds (1), length (2, little-endian), bytes
 *
 * Whatever the peer and its owner do: memory stays bounded, offsets make sense, and the
 * stream closes at most once and asks for no wake-up in the past.
 */
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "base/rd.h"
#include "fake_clock.h"
#include "transport/udx_packet.h"
#include "transport/udx_stream.h"

#define MOST_STEPS 3000
#define MOST_PULLS 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct driver {
    fake_clock clock;
    ic__udx *s;
    uint8_t moves;
    int closed;
} driver;

static void must(bool holds)
{
    if (!holds)
        abort();
}

static ic__udx_path path_number(uint8_t number)
{
    return (ic__udx_path){.addr = {.family = 4, .ip = {10, 0, 0, number}, .port = 1},
                          .id = number};
}

static void pull_some(driver *d)
{
    uint8_t out[IC__UDX_MAX_DATAGRAM];
    ic__udx_path to;

    for (int i = 0; i < MOST_PULLS; i++) {
        ic__udx_packet packet;
        size_t n = ic__udx_pull(d->s, out, sizeof out, &to, d->clock.now_ns);
        if (!n)
            break;
        must(ic__udx_packet_decode(&packet, out, n) == 0);
        must(packet.id == to.id);
    }
}

static void take_events(driver *d)
{
    ic__udx_event event;

    while (ic__udx_next(d->s, &event)) {
        must(!d->closed && event.what != IC__UDX_NOTHING);
        must(event.what != IC__UDX_GOT_DATA || event.len > 0);
        d->closed += event.what == IC__UDX_CLOSED;
    }
}

/* Bytes become a packet for the stream; the script need not know magic and id. */
static void recv_packet(driver *d, const uint8_t *bytes, size_t len)
{
    uint8_t *packet = malloc(len + 2);

    must(packet != NULL);
    packet[0] = 0xff;
    packet[1] = 1;
    if (len)
        memcpy(packet + 2, bytes, len);
    (void)ic__udx_recv(d->s, packet, len + 2, d->clock.now_ns);
    free(packet);
}

static void let_time_pass(driver *d, uint64_t ns)
{
    uint64_t until = d->clock.now_ns + ns;

    for (int i = 0; i < MOST_PULLS && ic__udx_deadline(d->s) <= until; i++) {
        fake_clock_set(&d->clock, ic__udx_deadline(d->s));
        ic__udx_expire(d->s, d->clock.now_ns);
        must(ic__udx_deadline(d->s) > d->clock.now_ns || ic__udx_deadline(d->s) == 0);
        pull_some(d);
    }
    fake_clock_set(&d->clock, until);
}

static void act(driver *d, uint8_t verb, const uint8_t *bytes, size_t len)
{
    ic__udx_path path = path_number(++d->moves);
    int error = 0;

    switch (verb % 10) {
    case 0:
        error = ic__udx_write(d->s, bytes, len);
        break;
    case 1:
        error = ic__udx_send(d->s, bytes, len);
        break;
    case 2:
        error = ic__udx_end(d->s);
        break;
    case 3:
        if (len == 7)
            ic__udx_destroy(d->s);
        break;
    case 4:
        ic__udx_set_reading(d->s, len & 1);
        break;
    case 5:
        ic__udx_set_keepalive(d->s, len * IC__MS, d->clock.now_ns);
        break;
    case 6:
        error = ic__udx_connect(d->s, &path, d->clock.now_ns);
        break;
    case 7:
        error = ic__udx_move(d->s, &path);
        break;
    default:
        recv_packet(d, bytes, len);
    }
    must(error <= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    driver d = {0};
    ic__rd r = ic__rd_of(data, size);

    fake_clock_init(&d.clock, 1);
    ic_env env = fake_clock_env(&d.clock);
    must(ic__udx_new(&d.s, &env, 0, NULL, d.clock.now_ns) == 0);
    for (int step = 0; step < MOST_STEPS && r.left; step++) {
        uint8_t verb = ic__rd_u8(&r);
        uint64_t ms = ic__rd_u8(&r);
        size_t len = ic__rd_u16le(&r);
        len = len < r.left ? len : r.left;
        const uint8_t *bytes = ic__rd_bytes(&r, len);
        let_time_pass(&d, ms * ms * IC__MS / 16);
        act(&d, verb, bytes, len);
        pull_some(&d);
        take_events(&d);
        if (ic__udx_done(d.s))
            break;
    }
    ic__udx_free(d.s);
    return 0;
}
