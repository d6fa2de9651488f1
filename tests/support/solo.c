#include "solo.h"

#include <stdio.h>
#include <string.h>

#include "base/env.h"
#include "base/rd.h"
#include "base/text.h"
#include "sidechannel/incoming.h"
#include "transport/codec.h"
#include "unit.h"

#define PREFIX "sidechannel/"

void solo_init(solo *s, const ic__sidechannel_options *options, fake_clock *clock)
{
    ic__buf why = {0};
    memset(s, 0, sizeof *s);
    s->clock = clock;
    if (ic__sidechannel_new(options, &s->sc, &why) != 0)
        fail_msg("%s", why.data ? why.data : "out of memory");
    ic__buf_text(&s->log, "");
    ic__sidechannel_start(s->sc);
}

void solo_free(solo *s)
{
    ic__sidechannel_free(s->sc);
    for (size_t i = 0; i < s->work_count; i++)
        ic__work_free(s->works[i]);
    for (size_t i = 0; i < s->check_count; i++)
        ic__check_free(s->checks[i]);
    ic__buf_free(&s->log);
}

static size_t number_of(const solo *s, const ic__sc_link *link)
{
    size_t i = 0;
    while (i < SOLO_LINKS && s->links[i] != link)
        i++;
    return i;
}

static const char *channel_of(const char *protocol)
{
    return protocol + strlen(PREFIX);
}

static solo_port *find(solo *s, const ic__sc_port *port)
{
    for (size_t i = 0; i < s->port_count; i++) {
        if (s->ports[i].port == port)
            return &s->ports[i];
    }
    fail_msg("a port that was never opened");
    return NULL;
}

static void forget(solo *s, solo_port *p)
{
    *p = s->ports[--s->port_count];
}

static void open_port(solo *s, const ic__sc_event *e)
{
    solo_port *p = &s->ports[s->port_count++];
    assert_true(s->port_count <= SOLO_PORTS);
    *p = (solo_port){.port = e->port, .link = number_of(s, e->link)};
    assert_ptr_equal(ic__sc_port_link(e->port), e->link);
    (void)snprintf(p->protocol, sizeof p->protocol, "%s", e->protocol);
    if (s->refuses) {
        forget(s, p);
        ic__sc_port_closed(e->port, s->clock->now_ns);
    } else if (!s->deaf) {
        ic__sc_port_opened(e->port, s->clock->now_ns);
    }
}

static void note(solo *s, const char *what, const ic__sc_event *e, const char *protocol)
{
    if (s->verbose)
        ic__buf_printf(&s->log, "%s %zu %s\n", what, number_of(s, e->link),
                       channel_of(protocol));
}

static void send(solo *s, const ic__sc_event *e)
{
    const solo_port *p = find(s, e->port);
    ic__rd r = ic__rd_of(e->data, e->len);
    if (s->chokes) {
        ic__sc_port_choked(e->port);
        return;
    }
    uint64_t len = ic__rd_uint(&r);
    assert_int_equal(len, r.left);
    ic__buf_printf(&s->log, "send %zu %s ", p->link, channel_of(p->protocol));
    ic__buf_add(&s->log, r.p, r.left);
    ic__buf_char(&s->log, '\n');
}

static void close_port(solo *s, const ic__sc_event *e)
{
    solo_port *p = find(s, e->port);
    note(s, "close", e, p->protocol);
    forget(s, p);
    ic__sc_port_closed(e->port, s->clock->now_ns);
}

static void work(solo *s, ic__work *w)
{
    if (s->lazy) {
        assert_true(s->work_count < 64);
        s->works[s->work_count++] = w;
        return;
    }
    while (!ic__work_run(w, UINT64_MAX))
        ;
    ic__sidechannel_worked(s->sc, w);
}

static void check(solo *s, ic__check *c)
{
    if (s->slow) {
        assert_true(s->check_count < 64);
        s->checks[s->check_count++] = c;
        return;
    }
    ic__check_run(c);
    ic__sidechannel_checked(s->sc, c);
}

static void tell(solo *s, const ic__sc_event *e)
{
    assert_int_equal(strlen(e->remote), 64);
    if (e->what == IC__SC_MESSAGE) {
        ic__buf_printf(&s->log, "message %s %ssigned ", e->channel,
                       e->is_signed ? "" : "un");
        ic__json_write(&s->log, e->envelope);
        ic__buf_char(&s->log, '\n');
    } else {
        ic__buf_printf(&s->log, "%s %s\n",
                       e->what == IC__SC_REQUESTED ? "requested" : "auto-joined",
                       e->channel);
    }
}

static void do_it(solo *s, const ic__sc_event *e)
{
    switch (e->what) {
    case IC__SC_PAIR:
        note(s, "pair", e, e->protocol);
        break;
    case IC__SC_UNPAIR:
        note(s, "unpair", e, e->protocol);
        break;
    case IC__SC_HANG_UP:
        ic__buf_printf(&s->log, "hang up %zu\n", number_of(s, e->link));
        break;
    case IC__SC_OPEN:
        note(s, "open", e, e->protocol);
        open_port(s, e);
        break;
    case IC__SC_SEND:
        send(s, e);
        break;
    case IC__SC_CLOSE:
        close_port(s, e);
        break;
    case IC__SC_JOIN_TOPIC:
        ic__buf_printf(&s->log, "join %s\n", e->channel);
        break;
    case IC__SC_LEAVE_TOPIC:
        ic__buf_printf(&s->log, "leave %s\n", e->channel);
        break;
    case IC__SC_WORK:
        work(s, e->work);
        break;
    case IC__SC_CHECK:
        check(s, e->check);
        break;
    case IC__SC_MESSAGE:
    case IC__SC_REQUESTED:
    case IC__SC_AUTO_JOINED:
        tell(s, e);
        break;
    case IC__SC_NOTHING:
        fail_msg("an event that is none");
    }
}

const char *solo_run(solo *s)
{
    ic__sc_event e;
    while (ic__sidechannel_next(s->sc, &e))
        do_it(s, &e);
    assert_false(ic__sidechannel_wants(s->sc));
    return s->log.data;
}

void solo_clear(solo *s)
{
    (void)solo_run(s);
    ic__buf_reset(&s->log);
    ic__buf_text(&s->log, "");
}

void solo_link(solo *s, size_t i, const char *key)
{
    uint8_t bytes[IC_PUBLIC_KEY_BYTES];
    assert_true(ic__hex_decode(bytes, sizeof bytes, key, strlen(key)));
    assert_int_equal(ic__sc_link_attach(s->sc, bytes, s, s->clock->now_ns, &s->links[i]),
                     0);
    assert_ptr_equal(ic__sc_link_user(s->links[i]), s);
    assert_string_equal(ic__sc_link_remote(s->links[i]), key);
    (void)solo_run(s);
}

void solo_unlink(solo *s, size_t i)
{
    ic__sc_link_detach(s->links[i], s->clock->now_ns);
    s->links[i] = NULL;
    for (size_t k = s->port_count; k; k--) {
        if (s->ports[k - 1].link == i)
            forget(s, &s->ports[k - 1]);
    }
    (void)solo_run(s);
}

static solo_port *entry_of(solo *s, size_t link, const char *channel)
{
    for (size_t i = 0; i < s->port_count; i++) {
        solo_port *p = &s->ports[i];
        if (p->link == link && strcmp(channel_of(p->protocol), channel) == 0)
            return p;
    }
    return NULL;
}

ic__sc_port *solo_port_of(const solo *s, size_t link, const char *channel)
{
    for (size_t i = 0; i < s->port_count; i++) {
        const solo_port *p = &s->ports[i];
        if (p->link == link && strcmp(channel_of(p->protocol), channel) == 0)
            return p->port;
    }
    return NULL;
}

void solo_receive(solo *s, size_t i, const char *channel, const char *json, size_t len)
{
    ic__sc_port *port = solo_port_of(s, i, channel);
    ic__buf message = {0};
    assert_non_null(port);
    ic__message_write(&message, json, len);
    ic__sc_port_message(port, 0, (const uint8_t *)message.data, message.len,
                        s->clock->now_ns);
    ic__buf_free(&message);
    (void)solo_run(s);
}

void solo_close(solo *s, size_t link, const char *channel)
{
    solo_port *p = entry_of(s, link, channel);
    assert_non_null(p);
    ic__sc_port *port = p->port;
    forget(s, p);
    ic__sc_port_closed(port, s->clock->now_ns);
    (void)solo_run(s);
}

void solo_work(solo *s)
{
    while (s->work_count) {
        ic__work *w = s->works[--s->work_count];
        while (!ic__work_run(w, UINT64_MAX))
            ;
        ic__sidechannel_worked(s->sc, w);
    }
    (void)solo_run(s);
}

void solo_check(solo *s, size_t i)
{
    ic__check *c = s->checks[i];
    assert_true(i < s->check_count);
    memmove(s->checks + i, s->checks + i + 1, (--s->check_count - i) * sizeof c);
    ic__check_run(c);
    ic__sidechannel_checked(s->sc, c);
    (void)solo_run(s);
}

void solo_wait(solo *s, uint64_t ms)
{
    uint64_t end = s->clock->now_ns + ms * IC__MS;
    while (s->clock->now_ns < end) {
        uint64_t at = ic__sidechannel_deadline(s->sc);
        fake_clock_set(s->clock, at < end ? at : end);
        ic__sidechannel_expire(s->sc, s->clock->now_ns);
        (void)solo_run(s);
    }
}

uint64_t solo_drops(const solo *s, ic__sc_drop drop)
{
    return ic__sidechannel_get_stats(s->sc).drops[drop];
}
