/*
 * Side channels without network: what a message costs to make and sign, to judge and
 * verify, to recognise when it comes again; and how many proofs of work one thread finds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "figure.h"
#include "intercom/error.h"
#include "intercom/init.h"
#include "sidechannel/link.h"

#define MESSAGES 4000
#define WORKS 400
#define BITS 12

typedef struct end {
    ic_identity *identity;
    ic__sidechannel *sc;
    ic__sc_link *link;
    ic__sc_port *port; /* of "bench" */
    ic__buf frames;    /* what was sent, each behind its length as a size_t */
    uint64_t heard;
} end;

static void must(bool holds, const char *what)
{
    if (!holds) {
        (void)fprintf(stderr, "bench_sidechannel: %s\n", what);
        exit(1);
    }
}

static void do_it(end *e, const ic__sc_event *event)
{
    if (event->what == IC__SC_OPEN) {
        if (strcmp(event->protocol, "sidechannel/bench") == 0)
            e->port = event->port;
        ic__sc_port_opened(event->port, figure_now_ns());
    } else if (event->what == IC__SC_SEND) {
        ic__buf_add(&e->frames, &event->len, sizeof event->len);
        ic__buf_add(&e->frames, event->data, event->len);
    } else if (event->what == IC__SC_WORK) {
        (void)ic__work_run(event->work, UINT64_MAX);
        ic__sidechannel_worked(e->sc, event->work);
    } else if (event->what == IC__SC_MESSAGE) {
        e->heard++;
    }
}

static void run(end *e)
{
    ic__sc_event event;

    while (ic__sidechannel_next(e->sc, &event))
        do_it(e, &event);
}

static void start(end *e, uint8_t seed_byte, bool pow)
{
    const uint8_t seed[IC_SEED_BYTES] = {seed_byte};
    ic__sidechannel_options o;
    ic__buf why = {0};

    *e = (end){0};
    must(ic_identity_from_seed(&e->identity, seed, IC_NETWORK_MAINNET) == 0, "identity");
    ic__sidechannel_options_default(&o);
    o.identity = e->identity;
    o.policy.channels = "bench";
    o.policy.welcome_required = false;
    o.policy.rate_bytes_per_s = 0;
    o.policy.pow = pow;
    o.policy.pow_difficulty = BITS;
    o.max_seen = 10 * MESSAGES;
    must(ic__sidechannel_new(&o, &e->sc, &why) == 0, "side channel");
    ic__sidechannel_start(e->sc);
}

static void attach(end *e, const end *other)
{
    must(ic__sc_link_attach(e->sc, ic_identity_public_key(other->identity), NULL,
                            figure_now_ns(), &e->link) == 0,
         "link");
    run(e);
    must(e->port != NULL, "port");
}

static void stop(end *e)
{
    ic__sidechannel_free(e->sc);
    ic_identity_free(e->identity);
    ic__buf_free(&e->frames);
}

/* A text of so many characters, as JSON. */
static ic__json *body_of(size_t size)
{
    ic__buf b = {0};
    ic__json *body = NULL;

    ic__buf_char(&b, '"');
    for (size_t i = 0; i < size; i++)
        ic__buf_char(&b, 'x');
    ic__buf_char(&b, '"');
    must(!b.bad && ic__json_parse(b.data, b.len, &body) == 0, "body");
    ic__buf_free(&b);
    return body;
}

/* Nanoseconds a message. */
static double send_all(end *from, const ic__json *body, size_t count)
{
    uint64_t begun = figure_now_ns();

    for (size_t i = 0; i < count; i++) {
        must(ic__sidechannel_send(from->sc, "bench", body, NULL, NULL) == 0, "send");
        run(from);
    }
    return (double)(figure_now_ns() - begun) / (double)count;
}

static double receive_all(const end *from, end *to, size_t count)
{
    const uint8_t *at = (const uint8_t *)from->frames.data;
    const uint8_t *stop_at = at + from->frames.len;
    uint64_t begun = figure_now_ns();

    while (at < stop_at) {
        size_t len;
        memcpy(&len, at, sizeof len);
        at += sizeof len;
        ic__sc_port_message(to->port, 0, at, len, figure_now_ns());
        run(to);
        at += len;
    }
    return (double)(figure_now_ns() - begun) / (double)count;
}

static void messages_of(size_t size, const char *name)
{
    ic__json *body = body_of(size);
    char figure_name[64];
    end a;
    end b;

    start(&a, 1, false);
    start(&b, 2, false);
    attach(&a, &b);
    attach(&b, &a);
    double send_ns = send_all(&a, body, MESSAGES);
    double receive_ns = receive_all(&a, &b, MESSAGES);
    must(b.heard == MESSAGES, "all of them");
    double again_ns = receive_all(&a, &b, MESSAGES);
    must(b.heard == MESSAGES, "none again");
    (void)snprintf(figure_name, sizeof figure_name, "sidechannel_send_%s", name);
    figure(figure_name, send_ns / 1e3, "us");
    (void)snprintf(figure_name, sizeof figure_name, "sidechannel_receive_%s", name);
    figure(figure_name, receive_ns / 1e3, "us");
    (void)snprintf(figure_name, sizeof figure_name, "sidechannel_duplicate_%s", name);
    figure(figure_name, again_ns / 1e3, "us");
    stop(&a);
    stop(&b);
    ic__json_free(body);
}

/* JavaScript finds 13 and 4.5 a second, and its whole process waits. */
static void works_of(size_t size, const char *name, double limit)
{
    ic__json *body = body_of(size);
    char figure_name[64];
    end a;
    end b;

    start(&a, 1, true);
    start(&b, 2, true);
    attach(&a, &b);
    attach(&b, &a);
    double ns = send_all(&a, body, WORKS);
    (void)receive_all(&a, &b, WORKS);
    must(b.heard == WORKS, "all of them");
    (void)snprintf(figure_name, sizeof figure_name, "sidechannel_work12_%s", name);
    figure_at_least(figure_name, 1e9 / ns, "messages/s", limit);
    stop(&a);
    stop(&b);
    ic__json_free(body);
}

int main(void)
{
    must(ic_init() == 0, "start");
    messages_of(200, "200B");
    messages_of(10000, "10kB");
    works_of(200, "200B", 20 * 13);
    works_of(10000, "10kB", 50 * 4.5);
    return 0;
}
