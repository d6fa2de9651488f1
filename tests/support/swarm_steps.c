#include "swarm_steps.h"

#include <string.h>

#include "base/env.h"
#include "unit.h"

void swarm_key(uint8_t out[32], uint8_t first, uint32_t number)
{
    memset(out, 0x55, 32);
    out[0] = first;
    memcpy(out + 1, &number, sizeof number);
}

void swarm_prepare(swarm_desk *d)
{
    memset(d, 0, sizeof *d);
    fake_clock_init(&d->clock, 7);
    d->env = fake_clock_env(&d->clock);
    swarm_key(d->own, 0x80, 0);
    ic__swarm_options_default(&d->options);
    d->options.public_key = d->own;
    d->options.env = &d->env;
}

void swarm_open(swarm_desk *d)
{
    assert_int_equal(ic__swarm_new(&d->s, &d->options, d->clock.now_ns), 0);
}

void swarm_shut(swarm_desk *d)
{
    ic__swarm_free(d->s);
    d->s = NULL;
}

ic__swarm_event swarm_expect(swarm_desk *d, ic__swarm_what what)
{
    ic__swarm_event e;

    do {
        (void)ic__swarm_next(d->s, &e);
    } while (e.what == IC__SWARM_UPDATE);
    assert_int_equal(e.what, what);
    return e;
}

void swarm_wait(swarm_desk *d, uint64_t ns)
{
    uint64_t end = d->clock.now_ns + ns;

    for (uint64_t at = ic__swarm_deadline(d->s); at <= end;
         at = ic__swarm_deadline(d->s)) {
        fake_clock_set(&d->clock, at);
        ic__swarm_expire(d->s, at);
    }
    fake_clock_set(&d->clock, end);
    ic__swarm_expire(d->s, end);
}

ic__session *swarm_join_finding(swarm_desk *d, uint8_t n, uint8_t first, uint32_t count)
{
    ic__session *session;
    ic__session_options o;
    uint8_t topic[32];
    uint8_t key[32];
    uint64_t now = d->clock.now_ns;

    swarm_key(topic, n, 0);
    ic__session_options_default(&o);
    assert_int_equal(ic__swarm_join(d->s, topic, &o, now, &session), 0);
    ic__swarm_event e;
    do {
        (void)ic__swarm_next(d->s, &e);
        if (e.what == IC__SWARM_LISTEN)
            ic__swarm_listening(d->s, 0, now);
    } while (e.what == IC__SWARM_UPDATE || e.what == IC__SWARM_LISTEN);
    assert_int_equal(e.what, IC__SWARM_ANNOUNCE);
    uint64_t query = e.query;
    for (uint32_t i = 0; i < count; i++) {
        swarm_key(key, first, i);
        ic__swarm_found(d->s, query, key, NULL, 0, now);
    }
    ic__swarm_query_done(d->s, query, 0, now);
    return session;
}

uint64_t swarm_dials(swarm_desk *d, uint8_t first, uint32_t number)
{
    uint8_t key[32];
    ic__swarm_event e = swarm_expect(d, IC__SWARM_DIAL);

    swarm_key(key, first, number);
    assert_memory_equal(e.key, key, 32);
    return e.id;
}

void swarm_opens(swarm_desk *d, uint64_t id)
{
    ic__swarm_opened(d->s, id, d->clock.now_ns);
}

void swarm_closes(swarm_desk *d, uint64_t id, int error)
{
    const ic__swarm_end end = {.error = error};

    ic__swarm_closed(d->s, id, &end, d->clock.now_ns);
}

int swarm_comes(swarm_desk *d, uint8_t first, uint32_t number, bool used, uint64_t *id)
{
    static const ic__addr home = {.ip = {127, 0, 0, 1}, .port = 4000, .family = 4};
    uint8_t key[32];

    swarm_key(key, first, number);
    return ic__swarm_incoming(d->s, key, &home, used, d->clock.now_ns, id);
}
