/*
 * The side channels of a peer as a script: each step is a byte that says what happens,
 * one that says where, and for messages a length and the bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "fake_clock.h"
#include "intercom/error.h"
#include "intercom/init.h"
#include "sidechannel/incoming.h"
#include "sidechannel/link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LINKS 3
#define PORTS 64
#define MAX_STEPS 2000

/* A channel between IC__SC_OPEN and ic__sc_port_closed. */
typedef struct carried {
    ic__sc_port *port;
    ic__sc_link *link;
} carried;

typedef struct stage {
    fake_clock clock;
    ic__sidechannel *sc;
    ic__sc_link *links[LINKS];
    carried ports[PORTS];
    size_t port_count;
    ic__work *work; /* that was held back, like the next one */
    ic__check *check;
    const uint8_t *data;
    size_t left;
} stage;

static const char *const names[] = {"trip", "priv", "pub", "more", "0000intercom"};
static ic_identity *people[LINKS + 1];

static void check(bool what)
{
    if (!what)
        abort();
}

static uint8_t take(stage *s)
{
    if (!s->left)
        return 0;
    s->left--;
    return *s->data++;
}

static const char *take_name(stage *s)
{
    return names[take(s) % (sizeof names / sizeof names[0])];
}

static void forget(stage *s, size_t i)
{
    s->ports[i] = s->ports[--s->port_count];
}

/* ---- what is asked for ---- */

static void do_it(stage *s, const ic__sc_event *e)
{
    if (e->what == IC__SC_OPEN) {
        if (s->port_count == PORTS)
            ic__sc_port_closed(e->port, s->clock.now_ns);
        else
            s->ports[s->port_count++] = (carried){e->port, e->link};
    } else if (e->what == IC__SC_CLOSE) {
        for (size_t i = 0; i < s->port_count; i++) {
            if (s->ports[i].port != e->port)
                continue;
            forget(s, i);
            ic__sc_port_closed(e->port, s->clock.now_ns);
            return;
        }
        abort(); /* closed, and was not open */
    } else if (e->what == IC__SC_WORK) {
        (void)ic__work_run(e->work, 1000);
        ic__work *other = take(s) & 1 ? s->work : e->work; /* one is held back */
        s->work = other == e->work ? s->work : e->work;
        if (other)
            ic__sidechannel_worked(s->sc, other);
    } else if (e->what == IC__SC_CHECK) {
        ic__check *other = take(s) & 1 ? s->check : e->check; /* in the same way */
        s->check = other == e->check ? s->check : e->check;
        if (other)
            ic__sidechannel_checked(s->sc, other);
    } else if (e->what == IC__SC_SEND && take(s) % 8 == 0) {
        ic__sc_port_choked(e->port);
    }
}

static void run(stage *s)
{
    ic__sc_event e;

    for (int i = 0; i < MAX_STEPS && ic__sidechannel_next(s->sc, &e); i++)
        do_it(s, &e);
}

/* ---- what happens ---- */

static void attach(stage *s, size_t i)
{
    if (s->links[i])
        return;
    check(ic__sc_link_attach(s->sc, ic_identity_public_key(people[i + 1]), s,
                             s->clock.now_ns, &s->links[i]) == 0);
}

static void detach(stage *s, size_t i)
{
    for (size_t k = s->port_count; k; k--) {
        if (s->ports[k - 1].link == s->links[i])
            forget(s, k - 1);
    }
    ic__sc_link_detach(s->links[i], s->clock.now_ns);
    s->links[i] = NULL;
}

static void message(stage *s, ic__sc_port *port)
{
    size_t len = take(s);

    len = len << 4 | (take(s) & 15);
    if (len > s->left)
        len = s->left;
    ic__sc_port_message(port, 0, s->data, len, s->clock.now_ns);
    s->data += len;
    s->left -= len;
}

static void port_step(stage *s, uint8_t what)
{
    if (!s->port_count)
        return;
    size_t i = take(s) % s->port_count;
    ic__sc_port *port = s->ports[i].port;
    if (what == 0) {
        ic__sc_port_opened(port, s->clock.now_ns);
    } else if (what == 1) {
        message(s, port);
    } else if (what == 2) {
        ic__sc_port_drained(port);
    } else {
        forget(s, i);
        ic__sc_port_closed(port, s->clock.now_ns);
    }
}

static void ask(stage *s, size_t i)
{
    ic__buf protocol = {0};

    ic__channel_name_protocol(&protocol, take_name(s));
    if (s->links[i])
        (void)ic__sc_link_asked(s->links[i], protocol.data);
    ic__buf_free(&protocol);
}

static void wait(stage *s)
{
    uint64_t at = ic__sidechannel_deadline(s->sc);
    uint64_t then = s->clock.now_ns + take(s) * 50 * IC__MS;

    fake_clock_set(&s->clock, at < then ? at : then);
    ic__sidechannel_expire(s->sc, s->clock.now_ns);
    check(ic__sidechannel_deadline(s->sc) > s->clock.now_ns);
}

static void command(stage *s, uint8_t what)
{
    const char *name = take_name(s);
    int error = 0;

    if (what == 0)
        error = ic__sidechannel_join(s->sc, name, NULL, NULL);
    else if (what == 1)
        (void)ic__sidechannel_leave(s->sc, name);
    else if (what == 2)
        error = ic__sidechannel_send(s->sc, name, NULL, NULL, NULL);
    else
        error = ic__sidechannel_open(s->sc, name, NULL, NULL, NULL);
    check(error == 0 || error == IC_ERR_DENIED || error == IC_ERR_AGAIN);
}

static void give_back(stage *s)
{
    if (s->work)
        ic__sidechannel_worked(s->sc, s->work);
    s->work = NULL;
    if (s->check)
        ic__sidechannel_checked(s->sc, s->check);
    s->check = NULL;
}

static void step(stage *s)
{
    uint8_t what = take(s);
    size_t i = what % LINKS;

    switch (what >> 4) {
    case 0:
        attach(s, i);
        break;
    case 1:
        if (s->links[i])
            detach(s, i);
        break;
    case 2:
        ask(s, i);
        break;
    case 3:
        wait(s);
        break;
    case 4:
        command(s, what & 3);
        break;
    case 5:
        give_back(s);
        break;
    case 6:
        if (what == 0x60)
            ic__sidechannel_stop(s->sc);
        break;
    case 7:
    case 8:
        port_step(s, 0);
        break;
    case 9:
        port_step(s, (what & 1) ? 2 : 3);
        break;
    default:
        port_step(s, 1);
    }
    if (!ic__sidechannel_started(s->sc)) { /* its links are gone */
        memset(s->links, 0, sizeof s->links);
        s->port_count = 0;
        ic__sidechannel_start(s->sc);
    }
    run(s);
}

/* ---- life ---- */

static void make_people(void)
{
    check(ic_init() == 0);
    for (size_t i = 0; !people[LINKS] && i <= LINKS; i++) {
        const uint8_t seed[IC_SEED_BYTES] = {(uint8_t)(i + 1)};
        check(ic_identity_from_seed(&people[i], seed, IC_NETWORK_MAINNET) == 0);
    }
}

/* The first byte says what the channels need. */
static void start(stage *s)
{
    ic__sidechannel_options o;
    ic__buf owners = {0};
    uint8_t kind = take(s);

    fake_clock_init(&s->clock, kind);
    ic__sidechannel_options_default(&o);
    o.identity = people[0];
    o.env = fake_clock_env(&s->clock);
    o.policy.channels = "trip,priv,pub";
    o.policy.pow = kind & 1;
    o.policy.pow_difficulty = 2;
    o.policy.welcome_required = kind & 2;
    o.policy.invite_required = kind & 4;
    o.policy.invite_channels = "priv";
    o.policy.auto_join = kind & 8;
    o.policy.owner_write_channels = kind & 16 ? "pub" : NULL;
    o.policy.max_strikes = kind & 32 ? 3 : 100;
    o.max_queued_bytes = 4000;
    o.max_blocked_bytes = 2000;
    o.max_drafts = 4;
    o.max_line = 3;
    o.max_line_bytes = 2000;
    o.max_seen = 8;
    o.max_guests = 2;
    o.max_gone = 1;
    o.max_joined_on_request = 2;
    ic__buf_printf(&owners, "pub:%s", ic_identity_public_key_hex(people[1]));
    o.policy.owners = owners.data;
    ic__buf why = {0};
    check(ic__sidechannel_new(&o, &s->sc, &why) == 0);
    ic__buf_free(&owners);
    ic__sidechannel_start(s->sc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    stage s = {.data = data, .left = size};

    make_people();
    start(&s);
    for (size_t i = 0; i < LINKS; i++)
        attach(&s, i);
    run(&s);
    for (int i = 0; i < MAX_STEPS && s.left; i++)
        step(&s);
    for (size_t i = 0; i < LINKS; i++)
        check(ic__sidechannel_backlog(s.sc, names[i]) <= 4000);
    ic__sidechannel_free(s.sc);
    ic__work_free(s.work);
    ic__check_free(s.check);
    return 0;
}
