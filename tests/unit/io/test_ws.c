/* docs/spec/13-sc-bridge.md, sections 1 and 6: server and client over real sockets. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/env.h"
#include "fail_alloc.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "io/loop.h"
#include "io/tcp.h"
#include "io/ws.h"
#include "turn.h"
#include "unit.h"

typedef struct world {
    struct event_base *base;
    ic__ws_server *server;
    ic__ws_server_options server_options;
    ic__ws_dial_options dial_options;
    ic__ws_conn *served; /* the server's end of the newest client */
    size_t opened[2];    /* by server and client */
    size_t messages[2];
    size_t bytes[2];
    size_t closed[2];
    size_t drained;
    uint16_t code[2];
    bool server_closed;
    bool echo;
    void (*on_client_open)(struct world *w, ic__ws_conn *conn);
} world;

static world *world_of(void *user)
{
    return user;
}

static void on_served_open(ic__ws_conn *conn, void *user)
{
    world_of(user)->opened[0]++;
    world_of(user)->served = conn;
}

static void on_served_message(ic__ws_conn *conn, const uint8_t *data, size_t len,
                              bool binary, void *user)
{
    world *w = user;
    w->messages[0]++;
    w->bytes[0] += len;
    if (w->echo)
        assert_int_equal(binary ? ic__ws_send_binary(conn, data, len)
                                : ic__ws_send_text(conn, data, len),
                         0);
}

static void on_served_close(ic__ws_conn *conn, uint16_t code, void *user)
{
    world *w = user;
    w->closed[0]++;
    w->code[0] = code;
    if (w->served == conn)
        w->served = NULL;
}

static void on_client_open(ic__ws_conn *conn, void *user)
{
    world *w = user;
    w->opened[1]++;
    if (w->on_client_open)
        w->on_client_open(w, conn);
}

static void on_client_message(ic__ws_conn *conn, const uint8_t *data, size_t len,
                              bool binary, void *user)
{
    world_of(user)->messages[1]++;
    world_of(user)->bytes[1] += len;
}

static void on_client_drain(ic__ws_conn *conn, void *user)
{
    world_of(user)->drained++;
}

static void on_client_close(ic__ws_conn *conn, uint16_t code, void *user)
{
    world_of(user)->closed[1]++;
    world_of(user)->code[1] = code;
}

static const ic__ws_callbacks server_side = {
    .on_open = on_served_open,
    .on_message = on_served_message,
    .on_close = on_served_close,
};
static const ic__ws_callbacks client_side = {
    .on_open = on_client_open,
    .on_message = on_client_message,
    .on_drain = on_client_drain,
    .on_close = on_client_close,
};

static void world_init(world *w)
{
    *w = (world){.echo = true};
    assert_int_equal(ic__loop_new(&w->base), 0);
    ic__ws_server_options_default(&w->server_options);
    ic__ws_dial_options_default(&w->dial_options);
    w->dial_options.host = "127.0.0.1";
}

static void world_listen(world *w)
{
    assert_int_equal(
        ic__ws_server_new(w->base, &w->server_options, &server_side, w, &w->server), 0);
    w->dial_options.port = ic__ws_server_port(w->server);
    assert_int_not_equal(w->dial_options.port, 0);
}

static ic__ws_conn *world_dial(world *w)
{
    ic__ws_conn *conn = NULL;
    assert_int_equal(ic__ws_dial(w->base, &w->dial_options, &client_side, w, &conn), 0);
    return conn;
}

static uint64_t time_now(void)
{
    ic_env env;
    ic_env_system(&env);
    return env.now_ns(env.user);
}

static void on_server_closed(void *user)
{
    world_of(user)->server_closed = true;
}

static void world_free(world *w)
{
    ic__ws_server_close(w->server, on_server_closed, w);
    if (w->server)
        assert_false(w->server_closed);
    assert_int_equal(event_base_dispatch(w->base), 1); /* ends because nothing is left */
    assert_int_equal(w->server_closed, w->server != NULL);
    assert_int_equal(w->opened[0], w->closed[0]);
    event_base_free(w->base);
}

static void messages_go_there_and_back(void **state)
{
    world w;
    world_init(&w);
    world_listen(&w);
    ic__ws_conn *conn = world_dial(&w);
    assert_int_equal(ic__ws_send_text(conn, "early", 5), IC_ERR_CANCELED);
    turn_until(w.base, &w.opened[1], 1);
    ic__ws_set_data(conn, &w);
    assert_ptr_equal(ic__ws_data(conn), &w);
    assert_int_equal(ic__ws_send_text(conn, "hello", 5), 0);
    assert_int_equal(ic__ws_send_binary(conn, NULL, 0), 0);
    turn_until(w.base, &w.messages[1], 2);
    assert_int_equal(w.bytes[1], 5);
    assert_int_equal(ic__ws_server_get_stats(w.server)->clients, 1);
    ic__ws_close(conn, IC__WS_NORMAL, "done");
    ic__ws_close(conn, IC__WS_GOING_AWAY, NULL);
    turn_until(w.base, &w.closed[1], 1);
    turn_until(w.base, &w.closed[0], 1);
    assert_int_equal(w.code[0], IC__WS_NORMAL);
    assert_int_equal(w.code[1], IC__WS_NORMAL);
    world_free(&w);
}

static void a_mebibyte_passes_whole(void **state)
{
    world w;
    const size_t size = 1u << 20;
    char *text = malloc(size);
    assert_non_null(text);
    memset(text, 'm', size);
    world_init(&w);
    world_listen(&w);
    ic__ws_conn *conn = world_dial(&w);
    turn_until(w.base, &w.opened[1], 1);
    assert_int_equal(ic__ws_send_text(conn, text, size), 0);
    turn_until(w.base, &w.messages[1], 1);
    assert_int_equal(w.bytes[1], size);
    assert_true(w.drained >= 1);
    assert_int_equal(ic__ws_queued(conn), 0);
    free(text);
    world_free(&w);
    assert_int_equal(w.code[1], IC__WS_GOING_AWAY);
}

static void one_byte_more_closes_with_1009(void **state)
{
    world w;
    const size_t size = (1u << 20) + 1;
    char *text = calloc(1, size);
    assert_non_null(text);
    world_init(&w);
    world_listen(&w);
    ic__ws_conn *conn = world_dial(&w);
    turn_until(w.base, &w.opened[1], 1);
    assert_int_equal(ic__ws_send_binary(conn, text, size), 0);
    turn_until(w.base, &w.closed[1], 1);
    assert_int_equal(w.code[1], IC__WS_TOO_BIG);
    assert_int_equal(w.messages[0], 0);
    free(text);
    world_free(&w);
}

static void a_reader_that_stops_gets_nothing_until_it_goes_on(void **state)
{
    world w;
    world_init(&w);
    world_listen(&w);
    ic__ws_conn *conn = world_dial(&w);
    turn_until(w.base, &w.opened[1], 1);
    turn_until(w.base, &w.opened[0], 1);
    ic__ws_set_reading(w.served, false);
    for (int i = 0; i < 10; i++)
        assert_int_equal(ic__ws_send_text(conn, "x", 1), 0);
    turn_until(w.base, &w.drained, 1);
    for (int i = 0; i < 20; i++)
        assert_int_equal(event_base_loop(w.base, EVLOOP_NONBLOCK), 0);
    assert_int_equal(w.messages[0], 0);
    ic__ws_set_reading(w.served, true);
    turn_until(w.base, &w.messages[0], 10);
    world_free(&w);
}

static void close_at_once(world *w, ic__ws_conn *conn)
{
    ic__ws_close(conn, IC__WS_NORMAL, NULL);
}

static void closing_inside_a_callback_is_fine(void **state)
{
    world w;
    world_init(&w);
    w.on_client_open = close_at_once;
    world_listen(&w);
    (void)world_dial(&w);
    turn_until(w.base, &w.closed[1], 1);
    world_free(&w);
}

static void closing_before_the_handshake_is_told_as_closed(void **state)
{
    world w;
    world_init(&w);
    world_listen(&w);
    ic__ws_conn *conn = world_dial(&w);
    ic__ws_close(conn, IC__WS_NORMAL, NULL);
    assert_int_equal(w.closed[1], 0);
    turn_until(w.base, &w.closed[1], 1);
    assert_int_equal(w.opened[1], 0);
    world_free(&w);
}

static void clients_past_the_limit_are_refused(void **state)
{
    enum { CLIENTS = 200, SERVED = 64 };
    world w;
    world_init(&w);
    world_listen(&w);
    for (int i = 0; i < CLIENTS; i++)
        (void)world_dial(&w);
    turn_until(w.base, &w.closed[1], CLIENTS - SERVED);
    turn_until(w.base, &w.opened[1], SERVED);
    const ic__ws_server_stats *stats = ic__ws_server_get_stats(w.server);
    assert_int_equal(stats->clients, SERVED);
    assert_int_equal(stats->refused_full, CLIENTS - SERVED);
    world_free(&w);
}

static void nobody_there_is_told_as_closed(void **state)
{
    world w;
    world_init(&w);
    world_listen(&w);
    ic__ws_server_close(w.server, on_server_closed, &w);
    w.server = NULL;
    assert_int_equal(event_base_dispatch(w.base), 1);
    assert_true(w.server_closed);
    w.server_closed = false;
    (void)world_dial(&w);
    turn_until(w.base, &w.closed[1], 1);
    assert_int_equal(w.code[1], IC__WS_ABNORMAL);
    world_free(&w);
}

static void a_silent_server_times_out(void **state)
{
    world w;
    ic__tcp_address address;
    int fd;
    world_init(&w);
    assert_int_equal(ic__tcp_address_parse("127.0.0.1", 0, &address), 0);
    assert_int_equal(ic__tcp_listen(&address, &fd, &w.dial_options.port), 0);
    w.dial_options.limits.handshake_timeout_ns = 50 * IC__MS;
    (void)world_dial(&w);
    turn_until(w.base, &w.closed[1], 1);
    assert_int_equal(w.code[1], IC__WS_ABNORMAL);
    assert_int_equal(evutil_closesocket(fd), 0);
    world_free(&w);
}

static void a_server_that_cannot_listen_leaves_nothing(void **state)
{
    static const struct {
        const char *host;
        int error;
    } cases[] = {{"127.0.0.1", IC_ERR_BUSY},
                 {"not.an.address", IC_ERR_INVALID},
                 {"192.0.2.1", IC_ERR_NOT_FOUND}};
    world w;
    world_init(&w);
    world_listen(&w);
    w.server_options.port = w.dial_options.port;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ic__ws_server *second = NULL;
        w.server_options.host = cases[i].host;
        assert_int_equal(
            ic__ws_server_new(w.base, &w.server_options, &server_side, &w, &second),
            cases[i].error);
        assert_null(second);
    }
    world_free(&w);
}

static void both_families_and_localhost_are_listened_on(void **state)
{
    static const char *const hosts[] = {"localhost", "::1"};
    for (size_t i = 0; i < 2; i++) {
        world w;
        world_init(&w);
        w.server_options.host = hosts[i];
        w.dial_options.host = i ? "::1" : "127.0.0.1";
        world_listen(&w);
        (void)world_dial(&w);
        turn_until(w.base, &w.opened[1], 1);
        world_free(&w);
    }
}

/* valgrind counts descriptors itself, and closes what accept gave past the limit. */
static bool under_valgrind(void)
{
    const char *preloaded = getenv("LD_PRELOAD");
    return preloaded && strstr(preloaded, "vgpreload");
}

/* Without file descriptors accept fails; the server waits and takes the client later. */
static void a_server_without_descriptors_recovers(void **state)
{
    struct rlimit before;
    world w;
    if (under_valgrind())
        skip();
    world_init(&w);
    world_listen(&w);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    int next = dup(0);
    assert_true(next >= 0);
    assert_int_equal(close(next), 0);
    const struct rlimit tight = {.rlim_cur = (rlim_t)next + 1,
                                 .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
    (void)world_dial(&w); /* takes the last one */
    const uint64_t start = time_now();
    while (time_now() - start < 50 * IC__MS)
        assert_int_equal(event_base_loop(w.base, EVLOOP_ONCE | EVLOOP_NONBLOCK), 0);
    assert_int_equal(w.opened[1], 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    turn_until(w.base, &w.opened[1], 1);
    world_free(&w);
}

static void listen_and_dial(void *arg)
{
    world *w = arg;
    ic__ws_server *server = NULL;
    ic__ws_conn *conn = NULL;
    int error = ic__ws_server_new(w->base, &w->server_options, &server_side, w, &server);
    assert_true(error == 0 || error == IC_ERR_NOMEM);
    if (error)
        return;
    w->dial_options.port = ic__ws_server_port(server);
    error = ic__ws_dial(w->base, &w->dial_options, &client_side, w, &conn);
    assert_true(error == 0 || error == IC_ERR_NOMEM);
    if (!error)
        ic__ws_close(conn, IC__WS_NORMAL, NULL);
    ic__ws_server_close(server, NULL, NULL);
    assert_int_equal(event_base_dispatch(w->base), 1);
}

static void constructors_survive_each_failed_allocation(void **state)
{
    static const char *const list[] = {"http://a.example", "b", NULL};
    world w;
    world_init(&w);
    w.server_options.origins = list;
    w.server_options.hosts = list;
    w.server_options.path = "/bridge";
    w.server_options.access_token = "secret";
    fail_alloc_each(listen_and_dial, &w);
    event_base_free(w.base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_go_there_and_back),
        cmocka_unit_test(a_mebibyte_passes_whole),
        cmocka_unit_test(one_byte_more_closes_with_1009),
        cmocka_unit_test(a_reader_that_stops_gets_nothing_until_it_goes_on),
        cmocka_unit_test(closing_inside_a_callback_is_fine),
        cmocka_unit_test(closing_before_the_handshake_is_told_as_closed),
        cmocka_unit_test(clients_past_the_limit_are_refused),
        cmocka_unit_test(nobody_there_is_told_as_closed),
        cmocka_unit_test(a_silent_server_times_out),
        cmocka_unit_test(a_server_that_cannot_listen_leaves_nothing),
        cmocka_unit_test(both_families_and_localhost_are_listened_on),
        cmocka_unit_test(a_server_without_descriptors_recovers),
        cmocka_unit_test(constructors_survive_each_failed_allocation),
    };
    return cmocka_run_group_tests_name("io/ws", tests, NULL, NULL);
}
