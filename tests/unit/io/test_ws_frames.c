/* docs/spec/13-sc-bridge.md, section 1; RFC 6455, sections 5 to 7. */
#include <stdlib.h>
#include <string.h>

#include "fail_alloc.h"
#include "intercom/error.h"
#include "io/ws.h"
#include "io/ws_frames.h"
#include "unit.h"

#define LIMIT 1000

static ic_env env;

/* A client's frame with the mask 1 2 3 4; returns its length. */
static size_t frame(uint8_t *out, uint8_t first, const char *text, size_t n)
{
    static const uint8_t mask[4] = {1, 2, 3, 4};
    size_t at = 0;
    out[at++] = first;
    if (n < 126) {
        out[at++] = (uint8_t)(0x80 | n);
    } else {
        out[at++] = 0x80 | 126;
        out[at++] = (uint8_t)(n >> 8);
        out[at++] = (uint8_t)n;
    }
    memcpy(out + at, mask, 4);
    at += 4;
    for (size_t i = 0; i < n; i++)
        out[at++] = (uint8_t)text[i] ^ mask[i % 4];
    return at;
}

static void server_init(ic__ws_frames *f)
{
    assert_int_equal(ic__ws_frames_init(f, true, LIMIT, 10 * LIMIT, &env), 0);
}

static void feed(ic__ws_frames *f, uint8_t first, const char *text, size_t n)
{
    uint8_t bytes[2 * LIMIT];
    assert_int_equal(ic__ws_frames_recv(f, bytes, frame(bytes, first, text, n)), 0);
}

static void expect_message(ic__ws_frames *f, const char *text, bool binary)
{
    ic__ws_message *message = ic__ws_frames_next(f);
    assert_non_null(message);
    assert_int_equal(message->len, strlen(text));
    assert_memory_equal(message->data, text, message->len);
    assert_int_equal(message->binary, binary);
    ic__ws_message_free(message);
}

static void text_and_binary_come_in(void **state)
{
    ic__ws_frames f;
    server_init(&f);
    feed(&f, 0x81, "hello", 5);
    feed(&f, 0x82, "\xff\xfe", 2);
    feed(&f, 0x81, "", 0);
    expect_message(&f, "hello", false);
    expect_message(&f, "\xff\xfe", true);
    expect_message(&f, "", false);
    assert_null(ic__ws_frames_next(&f));
    ic__ws_frames_free(&f);
}

static void fragments_are_joined_around_a_ping(void **state)
{
    ic__ws_frames f;
    uint8_t out[64];
    server_init(&f);
    feed(&f, 0x01, "one ", 4);
    feed(&f, 0x00, "two ", 4);
    feed(&f, 0x89, "ping", 4);
    feed(&f, 0x80, "three", 5);
    expect_message(&f, "one two three", false);
    assert_int_equal(ic__ws_frames_pull(&f, out, sizeof out), 6);
    assert_memory_equal(out, "\x8a\x04ping", 6);
    ic__ws_frames_free(&f);
}

static void bytes_may_come_one_by_one(void **state)
{
    ic__ws_frames f;
    uint8_t bytes[300];
    char text[201];
    memset(text, 'x', 200);
    text[200] = 0;
    size_t n = frame(bytes, 0x81, text, 200);
    server_init(&f);
    for (size_t i = 0; i < n; i++) {
        assert_null(ic__ws_frames_next(&f));
        assert_int_equal(ic__ws_frames_recv(&f, bytes + i, 1), 0);
    }
    expect_message(&f, text, false);
    ic__ws_frames_free(&f);
}

/* The server complains with `code` and reads no further. */
static void expect_refusal(ic__ws_frames *f, uint16_t code)
{
    uint8_t out[64];
    assert_true(ic__ws_frames_closing(f));
    assert_null(ic__ws_frames_next(f));
    size_t n = ic__ws_frames_pull(f, out, sizeof out);
    assert_in_range(n, 2, 4);
    assert_int_equal(out[0], 0x88);
    if (n == 4)
        assert_int_equal(out[2] << 8 | out[3], code);
    assert_true(ic__ws_frames_closed(f));
    assert_int_equal(ic__ws_frames_code(f), code);
    feed(f, 0x81, "late", 4);
    assert_null(ic__ws_frames_next(f));
    ic__ws_frames_free(f);
}

static void broken_frames_close_with_1002(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } bad[] = {
        {"\x81\x02hi", 4},                        /* not masked */
        {"\x81\x00", 2},                          /* not masked, empty */
        {"\xc1\x80\0\0\0\0", 6},                  /* reserved bit 1 */
        {"\xa1\x80\0\0\0\0", 6},                  /* reserved bit 2 */
        {"\x91\x80\0\0\0\0", 6},                  /* reserved bit 3 */
        {"\x83\x80\0\0\0\0", 6},                  /* unknown data opcode */
        {"\x8b\x80\0\0\0\0", 6},                  /* unknown control opcode */
        {"\x80\x80\0\0\0\0", 6},                  /* nothing to continue */
        {"\x09\x80\0\0\0\0", 6},                  /* ping in fragments */
        {"\x89\xfe\0\x7e\0\0\0\0", 8},            /* ping of 126 bytes */
        {"\x81\xfe\0\x05\0\0\0\0", 8},            /* length not minimal */
        {"\x81\xff\x80\0\0\0\0\0\0\0", 10},       /* length with the top bit */
        {"\x01\x80\0\0\0\0\x81\x80\0\0\0\0", 12}, /* a message inside a message */
        {"\x88\x82\0\0\0\0\x03\xed", 8},          /* close code 1005 */
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ic__ws_frames f;
        server_init(&f);
        assert_int_equal(
            ic__ws_frames_recv(&f, (const uint8_t *)bad[i].bytes, bad[i].len), 0);
        assert_true(ic__ws_frames_closing(&f));
        if (i + 1 < sizeof bad / sizeof *bad)
            expect_refusal(&f, IC__WS_PROTOCOL);
        else
            ic__ws_frames_free(&f);
    }
}

static void text_that_is_not_utf8_closes_with_1007(void **state)
{
    ic__ws_frames f;
    server_init(&f);
    feed(&f, 0x81, "ab\xff", 3);
    expect_refusal(&f, IC__WS_BAD_TEXT);
    server_init(&f);
    feed(&f, 0x81, "\xe2\x82", 2);
    expect_refusal(&f, IC__WS_BAD_TEXT);
}

static void a_message_of_the_limit_passes_and_one_more_byte_closes_with_1009(void **state)
{
    static char text[LIMIT + 2];
    ic__ws_frames f;
    memset(text, 'y', LIMIT + 1);
    server_init(&f);
    feed(&f, 0x82, text, LIMIT);
    ic__ws_message *message = ic__ws_frames_next(&f);
    assert_non_null(message);
    assert_int_equal(message->len, LIMIT);
    ic__ws_message_free(message);
    feed(&f, 0x82, text, LIMIT + 1);
    expect_refusal(&f, IC__WS_TOO_BIG);
}

static void fragments_past_the_limit_together_close_with_1009(void **state)
{
    static char text[LIMIT];
    ic__ws_frames f;
    memset(text, 'y', sizeof text);
    server_init(&f);
    feed(&f, 0x02, text, LIMIT - 1);
    feed(&f, 0x00, text, 1);
    feed(&f, 0x00, text, 0);
    assert_false(ic__ws_frames_closing(&f));
    feed(&f, 0x00, text, 1);
    expect_refusal(&f, IC__WS_TOO_BIG);
}

/* wslay judges a frame when its first byte of payload is there. */
static void a_huge_length_is_refused_before_it_is_kept(void **state)
{
    static const uint8_t bytes[] = "\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0!";
    ic__ws_frames f;
    server_init(&f);
    assert_int_equal(ic__ws_frames_recv(&f, bytes, sizeof bytes - 1), 0);
    expect_refusal(&f, IC__WS_TOO_BIG);
}

static void the_peers_close_is_answered_and_its_code_kept(void **state)
{
    ic__ws_frames f;
    uint8_t out[64];
    server_init(&f);
    feed(&f, 0x88, "\x0f\xa1why", 5); /* 4001 */
    assert_false(ic__ws_frames_closed(&f));
    assert_int_equal(ic__ws_frames_pull(&f, out, sizeof out), 7);
    assert_memory_equal(out, "\x88\x05\x0f\xa1why", 7);
    assert_true(ic__ws_frames_closed(&f));
    assert_int_equal(ic__ws_frames_code(&f), 4001);
    assert_int_equal(ic__ws_frames_send(&f, NULL, 0, false), IC_ERR_CANCELED);
    ic__ws_frames_free(&f);
}

static void the_peers_code_counts_though_we_closed_first(void **state)
{
    ic__ws_frames f;
    server_init(&f);
    ic__ws_frames_close(&f, IC__WS_TOO_BIG, NULL);
    assert_int_equal(ic__ws_frames_code(&f), IC__WS_TOO_BIG);
    feed(&f, 0x88, "\x0f\xa1why", 5);
    assert_int_equal(ic__ws_frames_code(&f), 4001);
    ic__ws_frames_free(&f);
}

static void a_close_without_code_reports_1005(void **state)
{
    ic__ws_frames f;
    server_init(&f);
    feed(&f, 0x88, "", 0);
    assert_int_equal(ic__ws_frames_code(&f), IC__WS_NO_CODE);
    ic__ws_frames_free(&f);
}

static void our_close_waits_for_what_was_queued(void **state)
{
    ic__ws_frames f;
    uint8_t out[64];
    server_init(&f);
    assert_int_equal(ic__ws_frames_send(&f, (const uint8_t *)"first", 5, false), 0);
    ic__ws_frames_close(&f, IC__WS_TRY_LATER, "busy");
    ic__ws_frames_close(&f, IC__WS_NORMAL, NULL);
    assert_int_equal(ic__ws_frames_send(&f, NULL, 0, false), IC_ERR_CANCELED);
    feed(&f, 0x81, "not heard", 9);
    assert_null(ic__ws_frames_next(&f));
    assert_int_equal(ic__ws_frames_pull(&f, out, 3), 3);
    assert_int_equal(ic__ws_frames_pull(&f, out + 3, sizeof out - 3), 12);
    assert_memory_equal(out,
                        "\x81\x05"
                        "first\x88\x06\x03\xf5"
                        "busy",
                        15);
    assert_false(ic__ws_frames_closed(&f));
    feed(&f, 0x88, "\x03\xf5", 2);
    assert_int_equal(ic__ws_frames_code(&f), IC__WS_TRY_LATER);
    ic__ws_frames_free(&f);
}

static void a_full_queue_takes_no_more(void **state)
{
    static uint8_t message[LIMIT];
    static uint8_t out[20 * LIMIT];
    ic__ws_frames f;
    int error = 0;
    int sent = 0;
    server_init(&f);
    while ((error = ic__ws_frames_send(&f, message, LIMIT, true)) == 0)
        sent++;
    assert_int_equal(error, IC_ERR_LIMIT);
    assert_in_range(sent, 5, 10);
    assert_true(ic__ws_frames_pull(&f, out, sizeof out) > (size_t)(sent * LIMIT));
    assert_int_equal(ic__ws_frames_queued(&f), 0);
    assert_int_equal(ic__ws_frames_send(&f, message, LIMIT, true), 0);
    ic__ws_frames_free(&f);
}

static void a_million_tiny_fragments_cost_what_they_weigh(void **state)
{
    ic__ws_frames f;
    uint8_t bytes[7];
    size_t n = frame(bytes, 0x00, "", 0);
    server_init(&f);
    feed(&f, 0x01, "", 0);
    fail_alloc_start(1); /* no memory at all, and none is needed */
    for (int i = 0; i < 1000000; i++)
        assert_int_equal(ic__ws_frames_recv(&f, bytes, n), 0);
    assert_false(fail_alloc_hit());
    (void)fail_alloc_stop();
    assert_false(ic__ws_frames_closing(&f));
    ic__ws_frames_free(&f);
}

static void a_client_and_a_server_understand_each_other(void **state)
{
    ic__ws_frames client;
    ic__ws_frames server;
    uint8_t wire[128];
    server_init(&server);
    assert_int_equal(ic__ws_frames_init(&client, false, LIMIT, LIMIT, &env), 0);
    assert_int_equal(ic__ws_frames_send(&client, (const uint8_t *)"question", 8, false),
                     0);
    size_t n = ic__ws_frames_pull(&client, wire, sizeof wire);
    assert_int_equal(n, 14);
    assert_int_equal(wire[1], 0x80 | 8);
    assert_int_equal(ic__ws_frames_recv(&server, wire, n), 0);
    expect_message(&server, "question", false);
    assert_int_equal(ic__ws_frames_send(&server, (const uint8_t *)"answer", 6, true), 0);
    n = ic__ws_frames_pull(&server, wire, sizeof wire);
    assert_int_equal(ic__ws_frames_recv(&client, wire, n), 0);
    expect_message(&client, "answer", true);
    ic__ws_frames_close(&client, IC__WS_NORMAL, NULL);
    n = ic__ws_frames_pull(&client, wire, sizeof wire);
    assert_int_equal(ic__ws_frames_recv(&server, wire, n), 0);
    n = ic__ws_frames_pull(&server, wire, sizeof wire);
    assert_true(ic__ws_frames_closed(&server));
    assert_int_equal(ic__ws_frames_recv(&client, wire, n), 0);
    assert_true(ic__ws_frames_closed(&client));
    assert_int_equal(ic__ws_frames_code(&client), IC__WS_NORMAL);
    ic__ws_frames_free(&client);
    ic__ws_frames_free(&server);
}

static void receive_two_messages(void *arg)
{
    ic__ws_frames f;
    uint8_t bytes[2 * LIMIT];
    char text[400];
    memset(text, 'z', sizeof text);
    if (ic__ws_frames_init(&f, true, LIMIT, LIMIT, &env) != 0)
        return;
    for (int i = 0; i < 2; i++) {
        int error = ic__ws_frames_recv(&f, bytes, frame(bytes, 0x81, text, sizeof text));
        assert_true(error == 0 || error == IC_ERR_NOMEM);
        assert_true(error == 0 || ic__ws_frames_closed(&f));
    }
    ic__ws_frames_free(&f);
}

static void survives_each_failed_allocation(void **state)
{
    fail_alloc_each(receive_two_messages, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_and_binary_come_in),
        cmocka_unit_test(fragments_are_joined_around_a_ping),
        cmocka_unit_test(bytes_may_come_one_by_one),
        cmocka_unit_test(broken_frames_close_with_1002),
        cmocka_unit_test(text_that_is_not_utf8_closes_with_1007),
        cmocka_unit_test(
            a_message_of_the_limit_passes_and_one_more_byte_closes_with_1009),
        cmocka_unit_test(fragments_past_the_limit_together_close_with_1009),
        cmocka_unit_test(a_huge_length_is_refused_before_it_is_kept),
        cmocka_unit_test(the_peers_close_is_answered_and_its_code_kept),
        cmocka_unit_test(the_peers_code_counts_though_we_closed_first),
        cmocka_unit_test(a_close_without_code_reports_1005),
        cmocka_unit_test(our_close_waits_for_what_was_queued),
        cmocka_unit_test(a_full_queue_takes_no_more),
        cmocka_unit_test(a_million_tiny_fragments_cost_what_they_weigh),
        cmocka_unit_test(a_client_and_a_server_understand_each_other),
        cmocka_unit_test(survives_each_failed_allocation),
    };
    ic_env_system(&env);
    return cmocka_run_group_tests_name("io/ws_frames", tests, NULL, NULL);
}
