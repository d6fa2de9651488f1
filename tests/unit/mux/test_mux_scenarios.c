/*
 * docs/spec/04-protomux.md against protomux.json: what the JavaScript of each scenario
 * does is done here with two muxes, and frames and events must be the recorded ones.
 * (tests/vectors/gen/protomux.js has the original of each scenario.)
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "intercom/error.h"
#include "mux/mux.h"
#include "transport/codec.h"
#include "unit.h"
#include "vectors.h"

#define MOST_LINES 400
#define LINE_BYTES 256

enum { A = 0, B = 1 };

/* What one end sent, and what happened there. */
typedef struct lines {
    size_t count;
    char text[MOST_LINES][LINE_BYTES];
} lines;

/* What the hooks of a channel in the JavaScript do. */
typedef struct hook {
    const char *label;   /* "<label> opened"; NULL = says nothing */
    const char *message; /* label of message 0; NULL = says nothing */
    const char *second;  /* label of message 1, a number */
    bool text_handshake;
    bool echo;
} hook;

typedef struct world {
    ic__mux *mux[2];
    lines frames[2];
    lines events[2];
    lines held[2];
    bool hold[2];
    int error[2];
    const hook *pair_hook; /* B opens what it is asked about */
} world;

static json_t *vectors;
static world w;

static void say(lines *to, const char *format, ...)
{
    va_list args;
    assert_in_range(to->count, 0, MOST_LINES - 1);
    va_start(args, format);
    (void)vsnprintf(to->text[to->count++], LINE_BYTES, format, args);
    va_end(args);
}

static void world_init(void)
{
    memset(&w, 0, sizeof w);
    assert_int_equal(ic__mux_new(&w.mux[A], NULL), 0);
    assert_int_equal(ic__mux_new(&w.mux[B], NULL), 0);
}

static ic__channel *open_keyed(size_t at, const char *protocol, const uint8_t *id,
                               size_t id_len, const char *handshake, const hook *h)
{
    uint8_t bytes[64];
    ic__wr wr = ic__wr_of(bytes, sizeof bytes);
    ic__channel_options o;
    ic__channel *ch = NULL;

    ic__channel_options_default(&o);
    o.protocol = protocol;
    o.id = id;
    o.id_len = id_len;
    if (handshake) {
        ic__wr_buffer(&wr, handshake, strlen(handshake));
        o.handshake = bytes;
        o.handshake_len = wr.len;
        o.shared = strcmp(protocol, "dup") == 0;
    }
    o.user = (void *)(uintptr_t)h;
    assert_int_equal(ic__mux_open(w.mux[at], &o, &ch), 0);
    return ch;
}

static ic__channel *open(size_t at, const char *protocol, const hook *h)
{
    return open_keyed(at, protocol, NULL, 0, NULL, h);
}

static void send_text(ic__channel *ch, uint64_t type, const char *text)
{
    uint8_t bytes[64];
    ic__wr wr = ic__wr_of(bytes, sizeof bytes);
    ic__wr_buffer(&wr, text, strlen(text));
    assert_int_equal(ic__channel_send(ch, type, bytes, wr.len), 0);
}

static void send_uint(ic__channel *ch, uint64_t type, uint64_t value)
{
    uint8_t bytes[9];
    ic__wr wr = ic__wr_of(bytes, sizeof bytes);
    ic__wr_uint(&wr, value);
    assert_int_equal(ic__channel_send(ch, type, bytes, wr.len), 0);
}

static void hear_message(size_t at, const ic__mux_event *e, const hook *h)
{
    size_t len;
    ic__rd r = ic__rd_of(e->data, e->len);
    if (e->type == 1 && h->second) {
        say(&w.events[at], "%s %" PRIu64, h->second, ic__rd_uint(&r));
        return;
    }
    const char *text = (const char *)ic__rd_buffer(&r, SIZE_MAX, &len);
    assert_non_null(text);
    if (strstr(h->message, "type") == h->message)
        say(&w.events[at], "type %" PRIu64 " \"%.*s\"", e->type, (int)len, text);
    else
        say(&w.events[at], "%s \"%.*s\"", h->message, (int)len, text);
    if (h->echo) {
        char answer[32];
        (void)snprintf(answer, sizeof answer, "%.*s!", (int)len, text);
        send_text(e->channel, 0, answer);
    }
}

static void hear_opened(size_t at, const ic__mux_event *e, const hook *h)
{
    size_t len;
    ic__rd r = ic__rd_of(e->data, e->len);
    if (!h->text_handshake) {
        say(&w.events[at], "%s opened null", h->label);
        return;
    }
    const uint8_t *text = ic__rd_buffer(&r, SIZE_MAX, &len);
    say(&w.events[at], "%s opened \"%.*s\"", h->label, (int)len, (const char *)text);
}

static void hear_pair(size_t at, const ic__mux_event *e)
{
    char name[64];
    char hex[64];
    const hook *h = w.pair_hook;
    if (!h)
        return; /* answers later */
    (void)snprintf(name, sizeof name, "%.*s", (int)e->key.name_len,
                   (const char *)e->key.name);
    ic__hex_encode(hex, e->key.id, e->key.id_len);
    if (strcmp(name, "on-demand") == 0)
        say(&w.events[at], "pair called \"%s\"", hex);
    else
        h = &w.pair_hook[name[1] - '1']; /* c1, c2 */
    (void)open_keyed(at, name, e->key.id, e->key.id_len, NULL, h);
}

static void hear(size_t at)
{
    ic__mux_event e;
    while (ic__mux_next(w.mux[at], &e)) {
        const hook *h = e.channel ? ic__channel_user(e.channel) : NULL;
        if (e.what == IC__MUX_PAIR)
            hear_pair(at, &e);
        else if (e.what == IC__MUX_FAILED)
            w.error[at] = e.error;
        else if (e.what == IC__MUX_MESSAGE && h && h->message)
            hear_message(at, &e, h);
        else if (e.what == IC__MUX_OPENED && h && h->label)
            hear_opened(at, &e, h);
        else if (e.what == IC__MUX_CLOSED && h && h->label)
            say(&w.events[at], "%s closed \"%s\"", h->label,
                e.by_remote ? "by remote" : "locally");
    }
}

static void deliver(size_t from, const char *hex)
{
    size_t len;
    uint8_t *frame = vectors_unhex(hex, &len);
    if (ic__mux_recv(w.mux[1 - from], frame, len, 0) == 0)
        hear(1 - from);
    free(frame);
}

/* Frames and events until nothing moves. */
static void settle(void)
{
    bool moved = true;
    while (moved) {
        moved = false;
        for (size_t at = 0; at < 2; at++) {
            size_t len;
            hear(at);
            for (const uint8_t *f = ic__mux_front(w.mux[at], &len); f;
                 f = ic__mux_front(w.mux[at], &len)) {
                char hex[LINE_BYTES];
                assert_in_range(len, 0, sizeof hex / 2 - 1);
                ic__hex_encode(hex, f, len);
                ic__mux_pop(w.mux[at]);
                say(&w.frames[at], "%s", hex);
                if (w.hold[at])
                    say(&w.held[at], "%s", hex);
                else
                    deliver(at, hex);
                moved = true;
            }
        }
    }
}

static void release(void)
{
    for (size_t at = 0; at < 2; at++) {
        w.hold[at] = false;
        for (size_t i = 0; i < w.held[at].count; i++)
            deliver(at, w.held[at].text[i]);
        w.held[at].count = 0;
    }
    settle();
}

/* ---- the scenarios ---- */

static const hook channel = {
    .label = "channel", .message = "message 0", .second = "message 1"};
static const hook text_channel = {
    .label = "channel", .message = "message 0", .text_handshake = true};

static void open_message_close(void)
{
    ic__channel *a = open(A, "test", &channel);
    ic__channel *b = open(B, "test", &channel);
    settle();
    send_text(a, 0, "hello");
    send_uint(a, 1, 70000);
    send_text(b, 0, "");
    settle();
    ic__channel_close(a);
}

static void open_with_id_and_handshake(void)
{
    uint8_t id[32];
    memset(id, 0xaa, sizeof id);
    (void)open_keyed(A, "proto/with-handshake", id, 32, "handshake of a", &text_channel);
    (void)open_keyed(B, "proto/with-handshake", id, 32, "handshake of b", &text_channel);
}

static void messages_before_remote_open(void)
{
    assert_int_equal(ic__mux_pair(w.mux[B], "late", NULL, 0), 0);
    ic__channel *a = open(A, "late", &channel);
    send_text(a, 0, "one");
    send_text(a, 0, "two");
    settle();
    (void)open(B, "late", &channel);
}

static void pair_notify(void)
{
    static const uint8_t id[] = {1, 2, 3};
    assert_int_equal(ic__mux_pair(w.mux[B], "on-demand", NULL, 0), 0);
    w.pair_hook = &channel;
    send_text(open_keyed(A, "on-demand", id, 3, NULL, &channel), 0, "hi");
}

static void reject(void)
{
    static const hook again = {.label = "second channel"};
    send_text(open(A, "unknown", &channel), 0, "lost");
    settle();
    (void)open(A, "unknown too", &again);
}

static ic__channel *open_both(const char *protocol)
{
    ic__channel *a = open(A, protocol, NULL);
    (void)open(B, protocol, NULL);
    return a;
}

static void channel_ids(void)
{
    ic__channel *one = open_both("p1");
    ic__channel *two = open_both("p2");
    (void)open_both("p3");
    settle();
    ic__channel_close(one);
    ic__channel_close(two);
    settle();
    (void)open_both("p4");
    (void)open_both("p5");
    (void)open_both("p6");
}

static void crossed_ids(void)
{
    static const hook x = {.label = "x", .message = "x message"};
    static const hook y = {.label = "y", .message = "y message"};
    w.hold[A] = w.hold[B] = true;
    ic__channel *ax = open(A, "x", &x);
    ic__channel *by = open(B, "y", &y);
    ic__channel *ay = open(A, "y", &y);
    ic__channel *bx = open(B, "x", &x);
    settle();
    release();
    send_text(ax, 0, "a on x");
    send_text(ay, 0, "a on y");
    send_text(bx, 0, "b on x");
    send_text(by, 0, "b on y");
    settle();
    ic__channel_close(bx);
}

static const hook c1 = {.message = "c1 message 0", .second = "c1 message 1"};
static const hook c2 = {.message = "c2 message 0", .second = "c2 message 1"};

static void batch(void)
{
    ic__channel *a1 = open(A, "c1", &c1);
    ic__channel *a2 = open(A, "c2", &c2);
    (void)open(B, "c1", &c1);
    (void)open(B, "c2", &c2);
    settle();
    ic__mux_cork(w.mux[A]);
    send_text(a1, 0, "first");
    send_text(a1, 0, "second");
    send_uint(a2, 1, 1);
    send_uint(a2, 1, 300);
    send_text(a1, 0, "third");
    ic__mux_uncork(w.mux[A]);
    settle();
    ic__mux_cork(w.mux[A]);
    ic__mux_uncork(w.mux[A]);
    ic__mux_cork(w.mux[A]);
    send_text(a2, 0, "alone");
    ic__mux_uncork(w.mux[A]);
}

static void batch_with_control(void)
{
    static const hook hooks[] = {{.label = "c1", .message = "c1 message 0"},
                                 {.label = "c2", .message = "c2 message 0"}};
    assert_int_equal(ic__mux_pair(w.mux[B], "c1", NULL, 0), 0);
    assert_int_equal(ic__mux_pair(w.mux[B], "c2", NULL, 0), 0);
    w.pair_hook = hooks;
    ic__mux_cork(w.mux[A]);
    ic__channel *a1 = open(A, "c1", NULL);
    send_text(a1, 0, "in the same batch");
    ic__channel *a2 = open_keyed(A, "c2", (const uint8_t *)"id", 2, NULL, NULL);
    send_text(a2, 0, "also");
    ic__mux_uncork(w.mux[A]);
    settle();
    ic__mux_cork(w.mux[A]);
    send_text(a1, 0, "last");
    ic__channel_close(a1);
    ic__channel_close(a2);
    ic__mux_uncork(w.mux[A]);
}

static void batch_reply(void)
{
    static const hook got = {.message = "got"};
    static const hook echo = {.message = "got", .echo = true};
    ic__channel *a = open(A, "echo", &got);
    (void)open(B, "echo", &echo);
    settle();
    ic__mux_cork(w.mux[A]);
    send_text(a, 0, "x");
    send_text(a, 0, "y");
    ic__mux_uncork(w.mux[A]);
    settle();
    send_text(a, 0, "z");
}

static ic__channel *open_alias(size_t at, const char *protocol, const char *other)
{
    const char *const aliases[] = {other, NULL};
    ic__channel_options o;
    ic__channel *ch = NULL;
    ic__channel_options_default(&o);
    o.protocol = protocol;
    o.aliases = aliases;
    o.user = (void *)(uintptr_t)&channel;
    assert_int_equal(ic__mux_open(w.mux[at], &o, &ch), 0);
    return ch;
}

static void alias(void)
{
    ic__channel *a = open_alias(A, "name/2", "name/1");
    (void)open_alias(B, "name/1", "name/2");
    settle();
    send_text(a, 0, "works");
}

static void alias_one_sided(void)
{
    (void)open_alias(A, "name/2", "name/1");
    (void)open(B, "name/1", NULL);
}

static void close_before_remote_open(void)
{
    w.hold[A] = true;
    ic__channel_close(open(A, "gone", &channel));
    (void)open(A, "next", NULL);
    settle();
    release();
    (void)open(A, "third", NULL);
}

static void both_close(void)
{
    static const hook q = {.label = "q"};
    ic__channel *a = open(A, "p", &channel);
    ic__channel *b = open(B, "p", &channel);
    settle();
    w.hold[A] = w.hold[B] = true;
    ic__channel_close(a);
    ic__channel_close(b);
    settle();
    release();
    (void)open(A, "q", &q);
    (void)open(B, "q", &q);
}

static void not_unique(void)
{
    static const hook hooks[] = {{.label = "first", .text_handshake = true},
                                 {.label = "second", .text_handshake = true}};
    for (size_t at = 0; at < 2; at++) {
        (void)open_keyed(at, "dup", NULL, 0, at ? "b first" : "a first", &hooks[0]);
        (void)open_keyed(at, "dup", NULL, 0, at ? "b second" : "a second", &hooks[1]);
    }
}

static void large_ids(void)
{
    static const hook hooks[] = {{.message = "m on 252"}, {.message = "m on 253"}};
    for (size_t i = 0; i < 254; i++) {
        char name[8];
        (void)snprintf(name, sizeof name, "n%zu", i);
        if (i == 252) {
            w.frames[A].count = 0;
            w.frames[B].count = 0;
        }
        ic__channel *a = open(A, name, NULL);
        (void)open(B, name, i < 252 ? NULL : &hooks[i - 252]);
        settle();
        if (i >= 252)
            send_text(a, 0, "x");
        settle();
    }
}

static void many_message_types(void)
{
    static const hook types = {.message = "type"};
    ic__channel *a = open(A, "t", NULL);
    (void)open(B, "t", &types);
    settle();
    send_text(a, 252, "x");
    send_text(a, 253, "y");
    send_text(a, 254, "z");
}

static void empty_and_end(void)
{
    (void)open(A, "p", &channel);
    (void)open(B, "p", &channel);
    settle();
    say(&w.frames[A], "%s", "");
    deliver(A, "");
    ic__mux_end(w.mux[B]);
    ic__mux_end(w.mux[A]);
}

static const struct {
    const char *name;
    void (*run)(void);
} scenarios[] = {
    {"open-message-close", open_message_close},
    {"open-with-id-and-handshake", open_with_id_and_handshake},
    {"messages-before-remote-open", messages_before_remote_open},
    {"pair-notify", pair_notify},
    {"reject", reject},
    {"channel-ids", channel_ids},
    {"crossed-ids", crossed_ids},
    {"batch", batch},
    {"batch-with-control", batch_with_control},
    {"batch-reply", batch_reply},
    {"alias", alias},
    {"alias-one-sided", alias_one_sided},
    {"close-before-remote-open", close_before_remote_open},
    {"both-close", both_close},
    {"not-unique", not_unique},
    {"large-ids", large_ids},
    {"many-message-types", many_message_types},
    {"empty-and-end", empty_and_end},
};

/* What the recorded log says of one end. */
static void expected_of(const json_t *scenario, const char *end, lines *frames,
                        lines *events)
{
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(scenario, "log"), i, entry)
    {
        const json_t *event = json_object_get(entry, "event");
        const char *what = event ? vectors_text(event, "what") : "";
        if (!event && strcmp(vectors_text(entry, "from"), end) == 0)
            say(frames, "%s", vectors_text(entry, "frame"));
        if (!event || strcmp(vectors_text(event, "at"), end) != 0 ||
            strstr(what, "destroyed"))
            continue;
        char *value = json_dumps(json_object_get(event, "value"), JSON_ENCODE_ANY);
        say(events, "%s %s", what, value);
        free(value);
    }
}

static void compare(const char *scenario, const char *what, const lines *want,
                    const lines *got)
{
    for (size_t i = 0; i < want->count || i < got->count; i++) {
        const char *a = i < want->count ? want->text[i] : "nothing";
        const char *b = i < got->count ? got->text[i] : "nothing";
        if (strcmp(a, b) != 0)
            fail_msg("%s, %s %zu: %s, not %s", scenario, what, i, b, a);
    }
}

static void scenarios_give_the_recorded_frames_and_events(void **state)
{
    static lines frames;
    static lines events;
    const json_t *list = json_object_get(vectors, "scenarios");
    assert_int_equal(json_array_size(list), sizeof scenarios / sizeof scenarios[0]);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *scenario = json_array_get(list, i);
        const json_t *errors = json_object_get(scenario, "errors");
        assert_string_equal(vectors_text(scenario, "name"), scenarios[i].name);
        world_init();
        scenarios[i].run();
        settle();
        for (size_t at = 0; at < 2; at++) {
            const char *end = at ? "b" : "a";
            memset(&frames, 0, sizeof frames);
            memset(&events, 0, sizeof events);
            expected_of(scenario, end, &frames, &events);
            compare(scenarios[i].name, at ? "frame of b" : "frame of a", &frames,
                    &w.frames[at]);
            compare(scenarios[i].name, at ? "event at b" : "event at a", &events,
                    &w.events[at]);
            assert_int_equal(w.error[at] != 0, json_object_get(errors, end) != NULL);
            ic__mux_free(w.mux[at]);
        }
    }
}

static int load(void **state)
{
    vectors = vectors_load("protomux.json");
    return 0;
}

static int unload(void **state)
{
    json_decref(vectors);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scenarios_give_the_recorded_frames_and_events),
    };
    return cmocka_run_group_tests_name("mux/mux_scenarios", tests, load, unload);
}
