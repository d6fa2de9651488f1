/* docs/spec/13-sc-bridge.md, section 1; RFC 9112, sections 2 to 5. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "intercom/error.h"
#include "io/http_head.h"
#include "unit.h"

static int parse(ic__http_head *head, const char *text)
{
    return ic__http_request_parse(head, text, strlen(text));
}

static const char good[] = "GET /a?b=c HTTP/1.1\r\n"
                           "Host: localhost:1\r\n"
                           "X-Empty:\r\n"
                           "connection: keep-alive,  UPGRADE\r\n"
                           "Connection: other\r\n"
                           "Name: \t two words \t\r\n"
                           "\r\n";

static void a_request_comes_apart(void **state)
{
    ic__http_head head;
    ic__span value;
    assert_int_equal(parse(&head, good), 0);
    assert_true(ic__span_is(head.method, "GET"));
    assert_true(ic__span_is(head.target, "/a?b=c"));
    assert_int_equal(head.minor, 1);
    assert_int_equal(head.field_count, 5);
    assert_int_equal(ic__http_field_find(&head, "name", &value), 1);
    assert_true(ic__span_is(value, "two words"));
    assert_int_equal(ic__http_field_find(&head, "x-empty", &value), 1);
    assert_int_equal(value.len, 0);
    assert_int_equal(ic__http_field_find(&head, "CONNECTION", &value), 2);
    assert_true(ic__span_is(value, "keep-alive,  UPGRADE"));
    assert_int_equal(ic__http_field_find(&head, "nam", NULL), 0);
}

static void list_words_are_found_in_any_case_and_line(void **state)
{
    ic__http_head head;
    assert_int_equal(parse(&head, good), 0);
    assert_true(ic__http_field_has(&head, "Connection", "upgrade"));
    assert_true(ic__http_field_has(&head, "Connection", "Other"));
    assert_false(ic__http_field_has(&head, "Connection", "keep"));
    assert_false(ic__http_field_has(&head, "X-Empty", "upgrade"));
}

static void a_response_comes_apart(void **state)
{
    static const char text[] =
        "HTTP/1.1 101 Web Socket Protocol Handshake\r\nA: b\r\n\r\n";
    static const char bare[] = "HTTP/1.0 404\r\n\r\n";
    ic__http_head head;
    assert_int_equal(ic__http_response_parse(&head, text, strlen(text)), 0);
    assert_int_equal(head.status, 101);
    assert_int_equal(head.field_count, 1);
    assert_int_equal(ic__http_response_parse(&head, bare, strlen(bare)), 0);
    assert_int_equal(head.status, 404);
    assert_int_equal(head.minor, 0);
}

static void bad_requests_are_refused(void **state)
{
    static const char *const bad[] = {
        "\r\n\r\n",
        "GET / HTTP/1.1\n\n",
        "GET / HTTP/1.1\r\nA: b\n\r\n",
        "GET / HTTP/1.1\r\nA: b\rc\r\n\r\n",
        "GET / HTTP/1.1\r\nA : b\r\n\r\n",
        "GET / HTTP/1.1\r\n A: b\r\n\r\n",
        "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n",
        "GET / HTTP/1.1\r\nA\r\n\r\n",
        "GET / HTTP/1.1\r\n: b\r\n\r\n",
        "GET / HTTP/1.1\r\nA: \x01\r\n\r\n",
        "GET / HTTP/1.1\r\nA: \x7f\r\n\r\n",
        "GET  / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1 \r\n\r\n",
        "GET /\x07 HTTP/1.1\r\n\r\n",
        "GET /a b HTTP/1.1\r\n\r\n",
        "GET / HTTP/2.0\r\n\r\n",
        "GET / HTTP/1.10\r\n\r\n",
        "GET / http/1.1\r\n\r\n",
        "GET /\r\n\r\n",
        "GET\r\n\r\n",
        "G{T / HTTP/1.1\r\n\r\n",
        " / HTTP/1.1\r\n\r\n",
        "GET http://localhost/ HTTP/1.1\r\n\r\n",
        "GET * HTTP/1.1\r\n\r\n",
        "GET  HTTP/1.1\r\n\r\n",
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ic__http_head head;
        if (parse(&head, bad[i]) != IC_ERR_PROTO)
            fail_msg("taken: %s", bad[i]);
    }
}

static void a_zero_byte_is_refused(void **state)
{
    static const char text[] = "GET / HTTP/1.1\r\nA: b\0c\r\n\r\n";
    ic__http_head head;
    assert_int_equal(ic__http_request_parse(&head, text, sizeof text - 1), IC_ERR_PROTO);
}

static void bad_responses_are_refused(void **state)
{
    static const char *const bad[] = {
        "HTTP/1.1 99 x\r\n\r\n",     "HTTP/1.1 600 x\r\n\r\n",  "HTTP/1.1 1x1 x\r\n\r\n",
        "HTTP/1.1\r\n\r\n",          "HTTP/1.1 1010 x\r\n\r\n", "HTTP/3 101 x\r\n\r\n",
        "HTTP/1.1 200 \x01\r\n\r\n", "ICY 200 OK\r\n\r\n",
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ic__http_head head;
        if (ic__http_response_parse(&head, bad[i], strlen(bad[i])) != IC_ERR_PROTO)
            fail_msg("taken: %s", bad[i]);
    }
}

/* Each prefix, in memory of exactly its size. */
static void every_prefix_is_refused(void **state)
{
    for (size_t n = 0; n < sizeof good - 1; n++) {
        ic__http_head head;
        char *copy = malloc(n ? n : 1);
        assert_non_null(copy);
        memcpy(copy, good, n);
        assert_int_equal(ic__http_head_end(copy, n, 0), 0);
        assert_int_equal(ic__http_request_parse(&head, copy, n), IC_ERR_PROTO);
        free(copy);
    }
}

static void bytes_after_the_head_are_refused(void **state)
{
    ic__http_head head;
    assert_int_equal(parse(&head, "GET / HTTP/1.1\r\n\r\nx"), IC_ERR_PROTO);
}

static void the_end_is_found_wherever_the_text_was_cut(void **state)
{
    const size_t len = sizeof good - 1;
    for (size_t seen = 0; seen < len; seen++)
        assert_int_equal(ic__http_head_end(good, len, seen), len);
    assert_int_equal(ic__http_head_end("\r\n\r\nrest", 8, 0), 4);
    assert_int_equal(ic__http_head_end("a", 1, 0), 0);
    assert_int_equal(ic__http_head_end("a", 1, 1), 0);
}

static void fields_are_limited(void **state)
{
    char text[16 + IC__HTTP_MAX_FIELDS * 6 + 16];
    ic__http_head head;
    size_t at = (size_t)snprintf(text, sizeof text, "GET / HTTP/1.1\r\n");
    for (int i = 0; i < IC__HTTP_MAX_FIELDS; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "A: b\r\n");
    memcpy(text + at, "\r\n", 3);
    assert_int_equal(parse(&head, text), 0);
    memcpy(text + at, "A: b\r\n\r\n", 9);
    assert_int_equal(parse(&head, text), IC_ERR_LIMIT);
}

static void spans_split_and_trim(void **state)
{
    ic__span rest = {"a,,b", 4};
    ic__span part;
    assert_true(ic__span_split(&rest, ',', &part));
    assert_true(ic__span_is(part, "a"));
    assert_true(ic__span_split(&rest, ',', &part));
    assert_int_equal(part.len, 0);
    assert_true(ic__span_split(&rest, ',', &part));
    assert_true(ic__span_is(part, "b"));
    assert_false(ic__span_split(&rest, ',', &part));
    assert_int_equal(ic__span_trim((ic__span){" \t ", 3}).len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_comes_apart),
        cmocka_unit_test(list_words_are_found_in_any_case_and_line),
        cmocka_unit_test(a_response_comes_apart),
        cmocka_unit_test(bad_requests_are_refused),
        cmocka_unit_test(a_zero_byte_is_refused),
        cmocka_unit_test(bad_responses_are_refused),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(bytes_after_the_head_are_refused),
        cmocka_unit_test(the_end_is_found_wherever_the_text_was_cut),
        cmocka_unit_test(fields_are_limited),
        cmocka_unit_test(spans_split_and_trim),
    };
    return cmocka_run_group_tests_name("io/http_head", tests, NULL, NULL);
}
