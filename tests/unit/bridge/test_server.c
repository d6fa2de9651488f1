/* docs/spec/13-sc-bridge.md, sections 1, 6 and 7: the bridge over real sockets. */
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/env.h"
#include "bridge/server.h"
#include "bridge_bench.h"
#include "fail_alloc.h"
#include "intercom/error.h"
#include "io/loop.h"
#include "io/tls.h"
#include "make_cert.h"
#include "turn.h"
#include "unit.h"

#define CLIENTS 4

/* One end of a WebSocket and the last thing it heard. */
typedef struct ear {
    ic__ws_conn *conn;
    bool open;
    size_t messages;
    size_t closed;
    uint16_t code;
    ic__buf last;
} ear;

typedef struct world {
    bench bench; /* identity, side channel, ledger; its hub is not used */
    struct event_base *base;
    bridge_server_options options;
    bridge_server *server;
    size_t server_closed;
    ic__ws_dial_options dial;
    ear ears[CLIENTS];
} world;

static void on_open(ic__ws_conn *conn, void *user)
{
    ((ear *)user)->open = true;
}

static void on_message(ic__ws_conn *conn, const uint8_t *data, size_t len, bool binary,
                       void *user)
{
    ear *e = user;
    assert_false(binary);
    e->messages++;
    ic__buf_reset(&e->last);
    ic__buf_add(&e->last, data, len);
}

static void on_close(ic__ws_conn *conn, uint16_t code, void *user)
{
    ear *e = user;
    e->conn = NULL;
    e->open = false;
    e->closed++;
    e->code = code;
}

static const ic__ws_callbacks client_side = {
    .on_open = on_open, .on_message = on_message, .on_close = on_close};

static void tell_server(const isplit_change *change, void *user)
{
    const world *w = user;
    if (w->server)
        bridge_server_expense(w->server, change);
}

static int setup(void **state)
{
    world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    bench_init(&w->bench);
    ic_env_system(&w->bench.host.env);
    bench_open_book(&w->bench);
    bench_start(&w->bench, false);
    isplit_book_on_change(w->bench.book, tell_server, w);
    assert_int_equal(ic__loop_new(&w->base), 0);
    bridge_server_options_default(&w->options);
    w->options.settings.token = "tok";
    w->options.settings.wrong_token_ns = IC__MS;
    w->options.port = 0;
    ic__ws_dial_options_default(&w->dial);
    w->dial.host = "127.0.0.1";
    *state = w;
    return 0;
}

static void on_server_closed(void *user)
{
    ((world *)user)->server_closed++;
}

static int teardown(void **state)
{
    world *w = *state;
    bool served = w->server != NULL;
    bridge_server_close(w->server, on_server_closed, w);
    bridge_server_close(w->server, on_server_closed, w); /* again is fine */
    assert_int_equal(event_base_dispatch(w->base), 1);
    assert_int_equal(w->server_closed, served);
    for (size_t i = 0; i < CLIENTS; i++)
        ic__buf_free(&w->ears[i].last);
    event_base_free(w->base);
    bench_free(&w->bench);
    free(w);
    return 0;
}

static void serve(world *w)
{
    ic__buf why = {0};
    if (bridge_server_new(w->base, &w->options, &w->bench.host, &w->server, &why) != 0)
        fail_msg("%s", why.data);
    ic__buf_free(&why);
    w->dial.port = bridge_server_port(w->server);
}

static ear *dial(world *w, size_t n)
{
    ear *e = &w->ears[n];
    assert_int_equal(ic__ws_dial(w->base, &w->dial, &client_side, e, &e->conn), 0);
    turn_until(w->base, &e->messages, 1);
    assert_non_null(strstr(e->last.data, "\"type\":\"hello\""));
    return e;
}

static void ask(world *w, ear *e, const char *text)
{
    assert_int_equal(ic__ws_send_text(e->conn, text, strlen(text)), 0);
    turn_until(w->base, &e->messages, e->messages + 1);
}

static ear *enter(world *w, size_t n)
{
    ear *e = dial(w, n);
    ask(w, e, "{\"type\":\"auth\",\"token\":\"tok\"}");
    assert_string_equal(e->last.data, "{\"type\":\"auth_ok\"}");
    return e;
}

static void clients_see_each_others_entries_at_once(void **state)
{
    world *w = *state;
    serve(w);
    ear *a = enter(w, 0);
    ear *b = enter(w, 1);
    ear *stranger = dial(w, 2);
    ask(w, a,
        "{\"type\":\"expense_add\",\"channel\":\"trip\",\"payer\":\"alice\",\"amount\":"
        "\"30\",\"split\":\"bob\"}");
    assert_non_null(strstr(a->last.data, "\"type\":\"expense_added\""));
    turn_until(w->base, &b->messages, 3);
    assert_non_null(strstr(b->last.data, "\"type\":\"expense_event\""));
    ask(w, b, "{\"type\":\"expense_balance\",\"channel\":\"trip\"}");
    assert_non_null(strstr(
        b->last.data,
        "\"settlements\":[{\"from\":\"bob\",\"to\":\"alice\",\"amountCents\":1500}]"));
    assert_int_equal(a->messages, 3);
    assert_int_equal(stranger->messages, 1);
}

static void messages_of_channels_are_passed_on(void **state)
{
    world *w = *state;
    ic__json *envelope = NULL;
    serve(w);
    ear *a = enter(w, 0);
    assert_int_equal(ic__json_parse("{\"message\":\"hi\"}", 16, &envelope), 0);
    bridge_server_message(w->server, "trip", envelope);
    ic__json_free(envelope);
    turn_until(w->base, &a->messages, 3);
    assert_non_null(
        strstr(a->last.data, "\"type\":\"sidechannel_message\",\"channel\":\"trip\""));
}

static void binary_frames_are_messages_too(void **state)
{
    world *w = *state;
    serve(w);
    ear *a = dial(w, 0);
    assert_int_equal(
        ic__ws_send_binary(a->conn, "{\"type\":\"auth\",\"token\":\"tok\"}", 29), 0);
    turn_until(w->base, &a->messages, 2);
    assert_string_equal(a->last.data, "{\"type\":\"auth_ok\"}");
}

static void guessing_tokens_ends_with_1008(void **state)
{
    world *w = *state;
    serve(w);
    ear *a = dial(w, 0);
    /* all at once: what comes while the client must wait is not lost, only later */
    for (int i = 0; i < 7; i++)
        assert_int_equal(
            ic__ws_send_text(a->conn, "{\"type\":\"auth\",\"token\":\"no\"}", 28), 0);
    turn_until(w->base, &a->closed, 1);
    assert_int_equal(a->code, IC__WS_POLICY);
    assert_int_equal(a->messages, 1 + 5);
}

static void who_stays_outside_is_closed_after_a_while(void **state)
{
    world *w = *state;
    w->options.settings.auth_timeout_ns = 50 * IC__MS;
    serve(w);
    ear *in = enter(w, 0);
    ear *out = dial(w, 1);
    turn_until(w->base, &out->closed, 1);
    assert_int_equal(out->code, IC__WS_POLICY);
    assert_int_equal(in->closed, 0);
}

static void clients_are_limited(void **state)
{
    world *w = *state;
    w->options.max_clients = 2;
    serve(w);
    (void)enter(w, 0);
    (void)enter(w, 1);
    ear *third = &w->ears[2];
    assert_int_equal(ic__ws_dial(w->base, &w->dial, &client_side, third, &third->conn),
                     0);
    turn_until(w->base, &third->closed, 1);
    assert_int_equal(third->messages, 0);
}

static void a_foreign_origin_gets_nothing(void **state)
{
    world *w = *state;
    serve(w);
    w->dial.origin = "http://evil.example";
    ear *e = &w->ears[0];
    assert_int_equal(ic__ws_dial(w->base, &w->dial, &client_side, e, &e->conn), 0);
    turn_until(w->base, &e->closed, 1);
    assert_int_equal(e->messages, 0);
}

static void too_much_at_once_ends_with_1009(void **state)
{
    world *w = *state;
    char *text = calloc(1, (1u << 20) + 1);
    assert_non_null(text);
    serve(w);
    ear *a = enter(w, 0);
    assert_int_equal(ic__ws_send_text(a->conn, text, (1u << 20) + 1), 0);
    free(text);
    turn_until(w->base, &a->closed, 1);
    assert_int_equal(a->code, IC__WS_TOO_BIG);
}

static void a_taken_port_is_a_sentence(void **state)
{
    world *w = *state;
    bridge_server *second = NULL;
    ic__buf why = {0};
    serve(w);
    w->options.port = bridge_server_port(w->server);
    assert_int_equal(
        bridge_server_new(w->base, &w->options, &w->bench.host, &second, &why),
        IC_ERR_BUSY);
    assert_non_null(strstr(why.data, "in use"));
    ic__buf_reset(&why);
    w->options.host = "not an address";
    assert_int_equal(
        bridge_server_new(w->base, &w->options, &w->bench.host, &second, &why),
        IC_ERR_INVALID);
    assert_non_null(strstr(why.data, "not an address"));
    ic__buf_reset(&why);
    w->options.settings.token = NULL;
    assert_int_equal(
        bridge_server_new(w->base, &w->options, &w->bench.host, &second, &why),
        IC_ERR_INVALID);
    assert_non_null(strstr(why.data, "--sc-bridge-token"));
    assert_null(second);
    ic__buf_free(&why);
}

static void a_certificate_makes_it_wss(void **state)
{
    world *w = *state;
    make_cert cert;
    ic__tls_config *trust = NULL;
    char why[200];
    make_cert_init(&cert, "localhost");
    assert_int_equal(ic__tls_server_config_new(cert.cert_file, cert.key_file,
                                               &w->options.tls, why, sizeof why),
                     0);
    assert_int_equal(ic__tls_client_config_new(cert.cert_file, &trust, why, sizeof why),
                     0);
    serve(w);
    w->dial.host = "localhost";
    w->dial.tls = trust;
    ear *a = enter(w, 0);
    ask(w, a, "{\"type\":\"stats\"}");
    assert_non_null(strstr(a->last.data, "\"channels\":[\"0000intercom\"]"));
    ic__ws_close(a->conn, IC__WS_NORMAL, NULL);
    turn_until(w->base, &a->closed, 1);
    bridge_server_close(w->server, on_server_closed, w);
    turn_until(w->base, &w->server_closed, 1);
    w->server = NULL;
    w->server_closed = 0;
    ic__tls_config_free(trust);
    ic__tls_config_free(w->options.tls);
    make_cert_free(&cert);
}

static void start_and_stop(void *arg)
{
    world *w = arg;
    ic__buf why = {0};
    bridge_server *server = NULL;
    int error = bridge_server_new(w->base, &w->options, &w->bench.host, &server, &why);
    assert_true(error == 0 || error == IC_ERR_NOMEM);
    bridge_server_close(server, NULL, NULL);
    (void)event_base_dispatch(w->base);
    ic__buf_free(&why);
}

static void survives_each_failed_allocation(void **state)
{
    fail_alloc_each(start_and_stop, *state);
}

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(clients_see_each_others_entries_at_once),
        WORLD_TEST(messages_of_channels_are_passed_on),
        WORLD_TEST(binary_frames_are_messages_too),
        WORLD_TEST(guessing_tokens_ends_with_1008),
        WORLD_TEST(who_stays_outside_is_closed_after_a_while),
        WORLD_TEST(clients_are_limited),
        WORLD_TEST(a_foreign_origin_gets_nothing),
        WORLD_TEST(too_much_at_once_ends_with_1009),
        WORLD_TEST(a_taken_port_is_a_sentence),
        WORLD_TEST(a_certificate_makes_it_wss),
        WORLD_TEST(survives_each_failed_allocation),
    };
    return cmocka_run_group_tests_name("bridge/server", tests, NULL, NULL);
}
