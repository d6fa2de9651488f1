#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "intercom/error.h"
#include "intercom/init.h"
#include "web_site.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MESSAGE_LIMIT 4096
#define QUEUE_LIMIT 16384

typedef struct run {
    ic__web web;
    web_site *site;
    bool opened;
    bool closed;
} run;

static web_site *site_of(unsigned which)
{
    static web_site sites[2];
    static bool ready;

    if (!ready) {
        if (ic_init() != 0)
            abort();
        for (unsigned i = 0; i < 2; i++) {
            web_site_init(&sites[i], i);
            sites[i].site.limits.max_message_bytes = MESSAGE_LIMIT;
            sites[i].site.limits.max_queued_bytes = QUEUE_LIMIT;
        }
        ready = true;
    }
    return &sites[which];
}

static void expect(bool good)
{
    if (!good)
        abort();
}

static void say_back(run *r, const ic__web_event *event)
{
    int error = ic__web_send(&r->web, event->data, event->len, event->binary);

    expect(!error || error == IC_ERR_LIMIT || error == IC_ERR_CANCELED);
}

/* Opened once, then messages within the limit, then closed once. */
static void hear(run *r)
{
    ic__web_event event;

    while (ic__web_next(&r->web, &event)) {
        expect(!r->closed && (event.kind == IC__WEB_OPENED) == !r->opened);
        r->opened = true;
        r->closed = event.kind == IC__WEB_CLOSED;
        expect(event.len <= MESSAGE_LIMIT);
        if (event.kind == IC__WEB_MESSAGE)
            say_back(r, &event);
    }
}

static void pull(run *r, size_t most)
{
    uint8_t out[256];
    uint64_t now = r->site->clock.now_ns;

    for (size_t n = 1; n && most; most--)
        n = ic__web_pull(&r->web, out, sizeof out, now);
}

static void feed(run *r, const uint8_t *p, size_t n)
{
    while (n) {
        size_t took = ic__web_recv(&r->web, p, n, r->site->clock.now_ns);
        expect(took <= n);
        p += took;
        n -= took;
        if (!took)
            pull(r, SIZE_MAX);
        hear(r);
    }
}

/* 0: the wire is lost; 1: close; 2: time passes; 3: pull a little; else so many bytes
 * come in. */
static size_t step(run *r, const uint8_t *p, size_t left)
{
    size_t n = p[0] < left - 1 ? p[0] : left - 1;

    switch (p[0]) {
    case 0:
        ic__web_lost(&r->web);
        return 1;
    case 1:
        ic__web_close(&r->web, IC__WS_NORMAL, "bye", r->site->clock.now_ns);
        return 1;
    case 2:
        fake_clock_set(&r->site->clock, r->site->clock.now_ns + IC__SEC);
        ic__web_expire(&r->web, r->site->clock.now_ns);
        return 1;
    case 3:
        pull(r, 1);
        return 1;
    default:
        feed(r, p + 1, n);
        return n + 1;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    run r = {.site = site_of(data[0] & 1)};
    ic__web_init_server(&r.web, &r.site->site, r.site->clock.now_ns);
    for (size_t at = 1; at < size;) {
        at += step(&r, data + at, size - at);
        hear(&r);
        expect(ic__web_queued(&r.web) < 2 * QUEUE_LIMIT + 4096);
        expect(r.site->site.stats.clients == (r.web.state == IC__WEB_FRAMES));
    }
    ic__web_lost(&r.web);
    hear(&r);
    expect(r.opened == r.closed && r.web.state == IC__WEB_DONE);
    ic__web_free(&r.web);
    expect(r.site->site.stats.clients == 0);
    return 0;
}
