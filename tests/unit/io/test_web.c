/* docs/spec/13-sc-bridge.md, sections 1 and 6: a server's connection without a socket. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "fail_alloc.h"
#include "fake_clock.h"
#include "intercom/error.h"
#include "io/web.h"
#include "unit.h"
#include "web_site.h"

#define UPGRADE_LINES                                                                    \
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"         \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define UPGRADE "GET /any HTTP/1.1\r\nHost: localhost\r\n" UPGRADE_LINES "\r\n"

typedef struct world {
    web_site site;
    ic__web web;
    char out[65536];
    size_t out_len;
} world;

static world *world_new(bool with_page)
{
    world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    web_site_init(&w->site, with_page);
    ic__web_init_server(&w->web, &w->site.site, w->site.clock.now_ns);
    return w;
}

static void world_free(world *w)
{
    ic__web_free(&w->web);
    assert_int_equal(w->site.site.stats.clients, 0);
    web_site_free(&w->site);
    free(w);
}

static void pull(world *w)
{
    uint64_t now = w->site.clock.now_ns;
    for (;;) {
        size_t room = sizeof w->out - 1 - w->out_len;
        size_t n = ic__web_pull(&w->web, (uint8_t *)w->out + w->out_len,
                                room < 100 ? room : 100, now);
        w->out_len += n;
        w->out[w->out_len] = 0;
        if (!n)
            return;
    }
}

/* Send a text, pulling output whenever the connection will take nothing more. */
static void send_text(world *w, const char *text)
{
    size_t left = strlen(text);
    w->out_len = 0;
    w->out[0] = 0;
    while (left) {
        size_t n =
            ic__web_recv(&w->web, (const uint8_t *)text, left, w->site.clock.now_ns);
        text += n;
        left -= n;
        pull(w);
    }
}

static void expect_answer(world *w, const char *request, const char *first_line)
{
    send_text(w, request);
    if (strncmp(w->out, first_line, strlen(first_line)) != 0)
        fail_msg("to %s\n came %s", request, w->out);
}

static void expect_refusal(const char *request, const char *first_line, bool with_page)
{
    world *w = world_new(with_page);
    expect_answer(w, request, first_line);
    assert_int_equal(w->web.state, IC__WEB_LINGER);
    ic__web_event event;
    assert_false(ic__web_next(&w->web, &event));
    world_free(w);
}

static void an_upgrade_is_answered_as_the_reference_does(void **state)
{
    world *w = world_new(false);
    ic__web_event event;
    send_text(w, UPGRADE);
    assert_string_equal(w->out, "HTTP/1.1 101 Web Socket Protocol Handshake\r\n"
                                "Upgrade: websocket\r\n"
                                "Connection: Upgrade\r\n"
                                "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
                                "\r\n");
    assert_int_equal(w->web.state, IC__WEB_FRAMES);
    assert_int_equal(w->site.site.stats.clients, 1);
    assert_true(ic__web_next(&w->web, &event));
    assert_int_equal(event.kind, IC__WEB_OPENED);
    assert_false(ic__web_next(&w->web, &event));
    world_free(w);
}

static void version_8_and_any_case_are_fine(void **state)
{
    world *w = world_new(false);
    expect_answer(w,
                  "GET / HTTP/1.1\r\nHOST: 127.0.0.1:49222\r\nupgrade: WebSocket\r\n"
                  "sec-websocket-version: 8\r\n"
                  "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                  "HTTP/1.1 101 ");
    world_free(w);
}

static void frames_may_follow_in_the_same_packet(void **state)
{
    world *w = world_new(false);
    ic__web_event event;
    send_text(w, UPGRADE "\x81\x82\x01\x01\x01\x01ih");
    assert_true(ic__web_next(&w->web, &event));
    assert_true(ic__web_next(&w->web, &event));
    assert_int_equal(event.kind, IC__WEB_MESSAGE);
    assert_int_equal(event.len, 2);
    assert_memory_equal(event.data, "hi", 2);
    world_free(w);
}

static void bad_upgrades_are_refused_cleanly(void **state)
{
    static const struct {
        const char *request;
        const char *answer;
    } bad[] = {
        {"GET / HTTP/1.1\r\n" UPGRADE_LINES "\r\n", "HTTP/1.1 400 "},
        {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n" UPGRADE_LINES "\r\n",
         "HTTP/1.1 400 "},
        {"GET / HTTP/1.1\r\nHost: evil.example\r\n" UPGRADE_LINES "\r\n",
         "HTTP/1.1 403 "},
        {"POST / HTTP/1.1\r\nHost: localhost\r\n" UPGRADE_LINES "\r\n", "HTTP/1.1 400 "},
        {"GET / HTTP/1.0\r\nHost: localhost\r\n" UPGRADE_LINES "\r\n", "HTTP/1.1 400 "},
        {"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n" UPGRADE_LINES
         "\r\n",
         "HTTP/1.1 400 "},
        {"GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: "
         "http://evil.example\r\n" UPGRADE_LINES "\r\n",
         "HTTP/1.1 403 "},
        {"GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: null\r\n" UPGRADE_LINES "\r\n",
         "HTTP/1.1 403 "},
        {"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
         "Sec-WebSocket-Version: 12\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
         "HTTP/1.1 426 "},
        {"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
         "HTTP/1.1 426 "},
        {"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
         "Sec-WebSocket-Version: 13\r\n\r\n",
         "HTTP/1.1 400 "},
        {"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n\r\n",
         "HTTP/1.1 400 "},
        {"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
         "HTTP/1.1 426 Upgrade Required\r\n"},
        {"\x16\x03\x01\x02 tls\r\n\r\n", "HTTP/1.1 400 "},
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_refusal(bad[i].request, bad[i].answer, false);
}

static void a_plain_request_gets_426_with_its_reason_as_text(void **state)
{
    world *w = world_new(false);
    send_text(w, "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_non_null(strstr(w->out, "\r\nUpgrade: websocket\r\n"));
    assert_non_null(strstr(w->out, "\r\nConnection: close\r\n\r\nUpgrade Required"));
    assert_int_equal(w->site.site.stats.refused_bad, 1);
    world_free(w);
}

static void an_allowed_origin_connects(void **state)
{
    world *w = world_new(false);
    expect_answer(w,
                  "GET / HTTP/1.1\r\nHost: localhost\r\n"
                  "Origin: https://friend.example\r\n" UPGRADE_LINES "\r\n",
                  "HTTP/1.1 101 ");
    world_free(w);
}

static void the_pages_own_origin_connects_only_where_there_is_a_page(void **state)
{
    static const char own[] = "GET / HTTP/1.1\r\nHost: localhost:5070\r\n"
                              "Origin: http://localhost:5070\r\n" UPGRADE_LINES "\r\n";
    world *w = world_new(true);
    expect_answer(w, own, "HTTP/1.1 101 ");
    world_free(w);
    expect_refusal(own, "HTTP/1.1 403 ", false);
    expect_refusal("GET / HTTP/1.1\r\nHost: localhost:5070\r\n"
                   "Origin: https://localhost:5070\r\n" UPGRADE_LINES "\r\n",
                   "HTTP/1.1 403 ", true);
}

static void the_client_past_the_limit_gets_503(void **state)
{
    world *w = world_new(false);
    w->site.site.max_clients = 1;
    expect_answer(w, UPGRADE, "HTTP/1.1 101 ");
    ic__web second;
    uint8_t out[1024] = {0};
    ic__web_init_server(&second, &w->site.site, w->site.clock.now_ns);
    assert_int_equal(ic__web_recv(&second, (const uint8_t *)UPGRADE, strlen(UPGRADE),
                                  w->site.clock.now_ns),
                     strlen(UPGRADE));
    assert_true(ic__web_pull(&second, out, sizeof out - 1, w->site.clock.now_ns) > 0);
    assert_memory_equal(out, "HTTP/1.1 503 ", 13);
    assert_int_equal(w->site.site.stats.refused_full, 1);
    assert_int_equal(w->site.site.stats.clients, 1);
    ic__web_free(&second);
    world_free(w);
}

static void other_paths_than_the_bridges_get_404(void **state)
{
    world *w = world_new(true);
    char path[] = "/bridge";
    w->site.site.path = path;
    expect_answer(w, UPGRADE, "HTTP/1.1 404 ");
    w->site.site.path = NULL;
    world_free(w);
}

static void a_head_past_the_limit_gets_431(void **state)
{
    world *w = world_new(false);
    char text[9000];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = 0;
    memcpy(text, "GET /", 5);
    expect_answer(w, text, "HTTP/1.1 431 ");
    world_free(w);
}

static void the_page_is_served_with_its_type_and_policy(void **state)
{
    world *w = world_new(true);
    expect_answer(w, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 200 OK\r\n");
    assert_non_null(strstr(w->out, "\r\nContent-Type: text/html; charset=utf-8\r\n"));
    assert_non_null(strstr(w->out, "\r\nContent-Security-Policy: default-src 'none'; "
                                   "script-src 'self'; style-src 'self'; "
                                   "img-src 'self' data:; connect-src 'self' ws: wss:; "
                                   "base-uri 'none'; form-action 'none'; "
                                   "frame-ancestors 'none'\r\n"));
    assert_non_null(strstr(w->out, "\r\nX-Content-Type-Options: nosniff\r\n"));
    assert_non_null(strstr(w->out, "\r\nReferrer-Policy: no-referrer\r\n"));
    assert_non_null(strstr(w->out, "\r\nDate: "));
    assert_non_null(strstr(w->out, "\r\nConnection: keep-alive\r\n\r\n" WEB_SITE_INDEX));
    world_free(w);
}

static void requests_in_one_packet_are_answered_in_order(void **state)
{
    world *w = world_new(true);
    send_text(w, "HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n"
                 "GET /none HTTP/1.1\r\nHost: localhost\r\n\r\n"
                 "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
                 "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const char *head = strstr(w->out, "HTTP/1.1 200 OK");
    const char *none = strstr(w->out, "HTTP/1.1 404 Not Found");
    const char *health = strstr(w->out, "\r\n\r\n{\"ok\":true}");
    assert_true(head && none && health && head < none && none < health);
    assert_null(strstr(w->out, WEB_SITE_INDEX));
    assert_int_equal(w->web.state, IC__WEB_LINGER);
    world_free(w);
}

static void a_known_etag_gets_304_without_a_body(void **state)
{
    world *w = world_new(true);
    char request[256];
    send_text(w, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const char *etag = strstr(w->out, "ETag: ");
    assert_non_null(etag);
    (void)snprintf(request, sizeof request,
                   "GET / HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: %.*s\r\n\r\n",
                   IC__PAGE_ETAG_LEN, etag + 6);
    expect_answer(w, request, "HTTP/1.1 304 ");
    assert_null(strstr(w->out, "Content-Length"));
    assert_null(strstr(w->out, WEB_SITE_INDEX));
    world_free(w);
}

static void other_methods_bodies_and_hosts_are_refused(void **state)
{
    expect_refusal("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nab",
                   "HTTP/1.1 405 ", true);
    expect_refusal("GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nab",
                   "HTTP/1.1 413 ", true);
    expect_refusal(
        "GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 413 ", true);
    expect_refusal("GET / HTTP/1.1\r\nHost: rebound.example\r\n\r\n", "HTTP/1.1 403 ",
                   true);
    expect_refusal("GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 ", true);
}

static void without_the_token_there_is_no_page_and_no_socket(void **state)
{
    world *w = world_new(true);
    char token[] = "correct horse battery";
    w->site.site.policy.token = token;
    expect_answer(w, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 401 ");
    assert_non_null(strstr(w->out, "\r\nWWW-Authenticate: Basic realm=\"Intercom\""));
    assert_int_equal(w->site.site.stats.refused_policy, 1);
    ic__web_free(&w->web);
    ic__web_init_server(&w->web, &w->site.site, w->site.clock.now_ns);
    expect_answer(w, "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 200 ");
    expect_answer(w, UPGRADE, "HTTP/1.1 401 ");
    w->site.site.policy.token = NULL;
    world_free(w);
}

static void the_token_buys_a_cookie_and_the_cookie_the_socket(void **state)
{
    world *w = world_new(true);
    char request[512];
    char token[] = "secret";
    w->site.site.policy.token = token;
    expect_answer(w,
                  "GET / HTTP/1.1\r\nHost: localhost\r\n"
                  "Authorization: Basic dXNlcjpzZWNyZXQ=\r\n\r\n",
                  "HTTP/1.1 200 ");
    const char *cookie = strstr(w->out, "Set-Cookie: ");
    assert_non_null(cookie);
    assert_non_null(strstr(cookie, "; Path=/; HttpOnly; SameSite=Strict\r\n"));
    (void)snprintf(
        request, sizeof request,
        "GET / HTTP/1.1\r\nHost: localhost\r\nCookie: a=b; %.*s\r\n" UPGRADE_LINES "\r\n",
        (int)strcspn(cookie + 12, ";"), cookie + 12);
    expect_answer(w, request, "HTTP/1.1 101 ");
    assert_null(strstr(w->out, "Set-Cookie"));
    w->site.site.policy.token = NULL;
    world_free(w);
}

static void a_request_that_does_not_come_ends_the_connection(void **state)
{
    world *w = world_new(false);
    uint64_t deadline = ic__web_deadline(&w->web);
    assert_int_equal(deadline, w->site.clock.now_ns + 10 * IC__SEC);
    send_text(w, "GET / HTTP/1.1\r\nHo");
    assert_int_equal(ic__web_deadline(&w->web), deadline);
    ic__web_expire(&w->web, deadline - 1);
    assert_int_equal(w->web.state, IC__WEB_HEAD);
    ic__web_expire(&w->web, deadline);
    assert_int_equal(w->web.state, IC__WEB_DONE);
    assert_int_equal(w->site.site.stats.timed_out, 1);
    world_free(w);
}

static void a_close_that_is_not_answered_ends_after_its_time(void **state)
{
    world *w = world_new(false);
    ic__web_event event;
    send_text(w, UPGRADE);
    assert_true(ic__web_next(&w->web, &event));
    assert_int_equal(ic__web_deadline(&w->web), IC__NEVER);
    ic__web_close(&w->web, IC__WS_GOING_AWAY, "bye", w->site.clock.now_ns);
    w->out_len = 0;
    pull(w);
    assert_memory_equal(w->out,
                        "\x88\x05\x03\xe9"
                        "bye",
                        7);
    assert_false(ic__web_next(&w->web, &event));
    ic__web_expire(&w->web, w->site.clock.now_ns + 2 * IC__SEC);
    assert_true(ic__web_next(&w->web, &event));
    assert_int_equal(event.kind, IC__WEB_CLOSED);
    assert_int_equal(event.code, IC__WS_GOING_AWAY);
    assert_int_equal(w->web.state, IC__WEB_DONE);
    world_free(w);
}

static void a_lost_wire_is_told_once_as_1006(void **state)
{
    world *w = world_new(false);
    ic__web_event event;
    send_text(w, UPGRADE);
    ic__web_lost(&w->web);
    ic__web_lost(&w->web);
    assert_true(ic__web_next(&w->web, &event));
    assert_int_equal(event.kind, IC__WEB_OPENED);
    assert_true(ic__web_next(&w->web, &event));
    assert_int_equal(event.kind, IC__WEB_CLOSED);
    assert_int_equal(event.code, IC__WS_ABNORMAL);
    assert_false(ic__web_next(&w->web, &event));
    assert_int_equal(w->site.site.stats.clients, 0);
    world_free(w);
}

static void a_client_that_does_not_read_is_dropped(void **state)
{
    static uint8_t message[65536];
    world *w = world_new(false);
    ic__web_event event;
    int error = 0;
    size_t sent = 0;
    send_text(w, UPGRADE);
    while ((error = ic__web_send(&w->web, message, sizeof message, false)) == 0)
        sent += sizeof message;
    assert_int_equal(error, IC_ERR_LIMIT);
    assert_in_range(sent, 3u << 20, 4u << 20);
    assert_int_equal(ic__web_send(&w->web, message, 1, false), IC_ERR_CANCELED);
    assert_true(ic__web_next(&w->web, &event));
    assert_true(ic__web_next(&w->web, &event));
    assert_int_equal(event.kind, IC__WEB_CLOSED);
    assert_int_equal(w->site.site.stats.dropped_slow, 1);
    world_free(w);
}

static void a_client_that_pings_and_does_not_read_is_dropped(void **state)
{
    uint8_t ping[6 + 125] = {0x89, 0x80 | 125}; /* a mask of zeros: the text is zeros */
    world *w = world_new(false);
    ic__web_event event;
    send_text(w, UPGRADE);
    assert_true(ic__web_next(&w->web, &event));
    size_t most = 2 * (w->web.limits->max_queued_bytes / 125);
    while (w->web.state == IC__WEB_FRAMES && most--)
        assert_int_equal(ic__web_recv(&w->web, ping, sizeof ping, w->site.clock.now_ns),
                         sizeof ping);
    assert_int_equal(w->web.state, IC__WEB_DONE);
    assert_int_equal(w->site.site.stats.dropped_slow, 1);
    assert_true(ic__web_next(&w->web, &event));
    assert_int_equal(event.kind, IC__WEB_CLOSED);
    assert_int_equal(event.code, IC__WS_ABNORMAL);
    world_free(w);
}

static void every_cut_of_the_request_only_waits(void **state)
{
    for (size_t n = 0; n < strlen(UPGRADE); n++) {
        world *w = world_new(false);
        uint8_t *copy = malloc(n ? n : 1);
        assert_non_null(copy);
        memcpy(copy, UPGRADE, n);
        assert_int_equal(ic__web_recv(&w->web, copy, n, w->site.clock.now_ns), n);
        assert_int_equal(w->web.state, IC__WEB_HEAD);
        assert_int_equal(ic__web_queued(&w->web), 0);
        free(copy);
        world_free(w);
    }
}

static void serve_both(void *arg)
{
    web_site *site = arg;
    static const char text[] =
        "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" UPGRADE "\x81\x82\x01\x01\x01\x01ih";
    const uint8_t *at = (const uint8_t *)text;
    size_t left = sizeof text - 1;
    uint8_t out[4096];
    ic__web web;
    ic__web_event event;
    ic__web_init_server(&web, &site->site, site->clock.now_ns);
    while (left) {
        size_t n = ic__web_recv(&web, at, left, site->clock.now_ns);
        at += n;
        left -= n;
        while (ic__web_pull(&web, out, sizeof out, site->clock.now_ns) > 0)
            ;
    }
    while (ic__web_next(&web, &event))
        ;
    ic__web_free(&web);
}

static void survives_each_failed_allocation(void **state)
{
    web_site site;
    web_site_init(&site, true);
    fail_alloc_each(serve_both, &site);
    assert_int_equal(site.site.stats.clients, 0);
    web_site_free(&site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_upgrade_is_answered_as_the_reference_does),
        cmocka_unit_test(version_8_and_any_case_are_fine),
        cmocka_unit_test(frames_may_follow_in_the_same_packet),
        cmocka_unit_test(bad_upgrades_are_refused_cleanly),
        cmocka_unit_test(a_plain_request_gets_426_with_its_reason_as_text),
        cmocka_unit_test(an_allowed_origin_connects),
        cmocka_unit_test(the_pages_own_origin_connects_only_where_there_is_a_page),
        cmocka_unit_test(the_client_past_the_limit_gets_503),
        cmocka_unit_test(other_paths_than_the_bridges_get_404),
        cmocka_unit_test(a_head_past_the_limit_gets_431),
        cmocka_unit_test(the_page_is_served_with_its_type_and_policy),
        cmocka_unit_test(requests_in_one_packet_are_answered_in_order),
        cmocka_unit_test(a_known_etag_gets_304_without_a_body),
        cmocka_unit_test(other_methods_bodies_and_hosts_are_refused),
        cmocka_unit_test(without_the_token_there_is_no_page_and_no_socket),
        cmocka_unit_test(the_token_buys_a_cookie_and_the_cookie_the_socket),
        cmocka_unit_test(a_request_that_does_not_come_ends_the_connection),
        cmocka_unit_test(a_close_that_is_not_answered_ends_after_its_time),
        cmocka_unit_test(a_lost_wire_is_told_once_as_1006),
        cmocka_unit_test(a_client_that_does_not_read_is_dropped),
        cmocka_unit_test(a_client_that_pings_and_does_not_read_is_dropped),
        cmocka_unit_test(every_cut_of_the_request_only_waits),
        cmocka_unit_test(survives_each_failed_allocation),
    };
    return cmocka_run_group_tests_name("io/web", tests, NULL, NULL);
}
