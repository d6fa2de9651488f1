#include "bridge_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "intercom/error.h"
#include "intercom/init.h"
#include "intercom/sys/mem.h"
#include "temp_folder.h"
#include "unit.h"
#include "vectors.h"

#define VECTOR_TIME 1700000000000

void bench_init(bench *b)
{
    size_t len;

    memset(b, 0, sizeof *b);
    assert_int_equal(ic_init(), 0);
    b->doc = vectors_load("sidechannel.json");
    const json_t *alice = json_object_get(json_object_get(b->doc, "identities"), "alice");
    uint8_t *secret = vectors_bytes(alice, "secretKey", &len);
    assert_int_equal(ic_identity_from_seed(&b->alice, secret, IC_NETWORK_MAINNET), 0);
    free(secret);
    fake_clock_init(&b->clock, 1);
    b->clock.wall_ms = VECTOR_TIME;
    ic__sidechannel_options_default(&b->options);
    b->options.identity = b->alice;
    b->options.env = fake_clock_env(&b->clock);
    bridge_settings_default(&b->settings);
    b->settings.token = "tok";
    b->host.identity = b->alice;
    b->host.env = b->options.env;
    b->host.user = b;
}

static void tell_hub(const isplit_change *change, void *user)
{
    bench *b = user;

    if (b->hub)
        bridge_hub_expense(b->hub, change);
}

void bench_open_book(bench *b)
{
    isplit_book_options options;
    isplit_reason why = {""};

    isplit_book_options_default(&options);
    options.path = ":memory:";
    temp_folder_make(b->folder, sizeof b->folder);
    (void)snprintf(b->snapshots, sizeof b->snapshots, "%s/snapshots.json", b->folder);
    options.snapshot_path = b->snapshots;
    options.identity = b->alice;
    options.env = b->options.env;
    if (isplit_book_open(&options, &b->book, &why) != 0)
        fail_msg("%s", why.text);
    isplit_book_on_change(b->book, tell_hub, b);
    b->host.book = b->book;
}

void bench_start(bench *b, bool bare)
{
    ic__buf why = {0};

    if (!bare && ic__sidechannel_new(&b->options, &b->sidechannel, &why) != 0)
        fail_msg("%s", why.data);
    b->host.sidechannel = b->sidechannel;
    if (bridge_hub_new(&b->settings, &b->host, &b->hub, &why) != 0)
        fail_msg("%s", why.data);
    ic__buf_free(&why);
}

void bench_free(bench *b)
{
    for (unsigned n = 0; n < BENCH_CLIENTS; n++)
        bridge_session_free(b->clients[n]);
    bridge_hub_free(b->hub);
    ic__sidechannel_free(b->sidechannel);
    isplit_book_close(b->book);
    if (*b->folder)
        temp_folder_remove(b->folder);
    ic_identity_free(b->alice);
    json_decref(b->doc);
}

void bench_connect(bench *b, unsigned n)
{
    assert_int_equal(bridge_session_new(b->hub, b->clock.now_ns, &b->clients[n]), 0);
}

void bench_enter(bench *b, unsigned n)
{
    bench_connect(b, n);
    ic__json_free(bench_take(b, n));
    bench_ask(b, n, "{\"type\":\"auth\",\"token\":\"tok\"}", "{\"type\":\"auth_ok\"}");
}

static void wait_out(bench *b, bridge_session *s)
{
    if (!bridge_session_held(s))
        return;
    assert_null(bridge_session_pull(s, &(size_t){0}));
    b->clock.now_ns = bridge_session_deadline(s);
    bridge_session_expire(s, b->clock.now_ns);
    assert_false(bridge_session_held(s));
}

void bench_send(bench *b, unsigned n, const char *text)
{
    bridge_session *s = b->clients[n];
    size_t len = strlen(text);
    char *copy = malloc(len ? len : 1);

    assert_non_null(copy);
    memcpy(copy, text, len);
    assert_int_equal(bridge_session_message(s, copy, len, b->clock.now_ns), 0);
    free(copy);
    wait_out(b, s);
}

/* Whatever the bridge says is whole JSON. */
const char *bench_next(bench *b, unsigned n)
{
    size_t len = 0;
    ic__json *v = NULL;
    const char *text = bridge_session_pull(b->clients[n], &len);

    if (!text)
        return NULL;
    assert_int_equal(strlen(text), len);
    if (ic__json_parse(text, len, &v) != 0)
        fail_msg("no JSON: %s", text);
    ic__json_free(v);
    return text;
}

ic__json *bench_take(bench *b, unsigned n)
{
    ic__json *v = NULL;
    const char *text = bench_next(b, n);

    assert_non_null(text);
    assert_int_equal(ic__json_parse(text, strlen(text), &v), 0);
    return v;
}

void bench_ask(bench *b, unsigned n, const char *text, const char *answer)
{
    bench_send(b, n, text);
    const char *got = bench_next(b, n);
    assert_string_equal(got ? got : "(no answer)", answer);
    got = bench_next(b, n);
    assert_string_equal(got ? got : "(no more)", "(no more)");
}
