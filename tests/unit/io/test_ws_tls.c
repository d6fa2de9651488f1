/* docs/spec/13-sc-bridge.md, section 1, inside TLS: wss from end to end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/env.h"
#include "intercom/error.h"
#include "io/loop.h"
#include "io/tcp.h"
#include "io/tls.h"
#include "io/ws.h"
#include "make_cert.h"
#include "turn.h"
#include "unit.h"

static make_cert cert;  /* for localhost */
static make_cert other; /* for somebody else */

typedef struct world {
    struct event_base *base;
    ic__tls_config *server_tls;
    ic__tls_config *client_tls;
    ic__ws_server *server;
    ic__ws_dial_options dial;
    ic_env env;
    size_t opened;
    size_t messages;
    size_t bytes;
    size_t closed;
    uint16_t code;
    size_t warned;
} world;

static void on_served_message(ic__ws_conn *conn, const uint8_t *data, size_t len,
                              bool binary, void *user)
{
    assert_int_equal(ic__ws_send_text(conn, data, len), 0);
}

static void on_open(ic__ws_conn *conn, void *user)
{
    ((world *)user)->opened++;
}

static void on_message(ic__ws_conn *conn, const uint8_t *data, size_t len, bool binary,
                       void *user)
{
    world *w = user;
    w->messages++;
    w->bytes += len;
}

static void on_close(ic__ws_conn *conn, uint16_t code, void *user)
{
    world *w = user;
    w->closed++;
    w->code = code;
}

static void on_log(ic_log_level level, const char *room, const char *text, void *user)
{
    ((world *)user)->warned += strstr(text, "TLS: ") != NULL;
}

/* `patience_ns` of the server, for a handshake; 0 = the default. */
static void world_init(world *w, const make_cert *served, uint64_t patience_ns)
{
    static const ic__ws_callbacks callbacks = {.on_message = on_served_message};
    ic__ws_server_options options;
    char why[200];
    *w = (world){0};
    assert_int_equal(ic__loop_new(&w->base), 0);
    assert_int_equal(ic__tls_server_config_new(served->cert_file, served->key_file,
                                               &w->server_tls, why, sizeof why),
                     0);
    assert_int_equal(
        ic__tls_client_config_new(served->cert_file, &w->client_tls, why, sizeof why), 0);
    ic__ws_server_options_default(&options);
    options.tls = w->server_tls;
    if (patience_ns)
        options.limits.handshake_timeout_ns = patience_ns;
    assert_int_equal(ic__ws_server_new(w->base, &options, &callbacks, NULL, &w->server),
                     0);
    ic_env_system(&w->env);
    w->env.log = on_log;
    w->env.user = w;
    ic__ws_dial_options_default(&w->dial);
    w->dial.host = "localhost";
    w->dial.port = ic__ws_server_port(w->server);
    w->dial.tls = w->client_tls;
    w->dial.env = &w->env;
}

static void world_free(world *w)
{
    ic__ws_server_close(w->server, NULL, NULL);
    assert_int_equal(event_base_dispatch(w->base), 1);
    ic__tls_config_free(w->server_tls);
    ic__tls_config_free(w->client_tls);
    event_base_free(w->base);
}

static ic__ws_conn *dial(world *w)
{
    static const ic__ws_callbacks callbacks = {
        .on_open = on_open, .on_message = on_message, .on_close = on_close};
    ic__ws_conn *conn = NULL;
    assert_int_equal(ic__ws_dial(w->base, &w->dial, &callbacks, w, &conn), 0);
    return conn;
}

static void messages_of_all_sizes_come_back(void **state)
{
    static const size_t sizes[] = {0, 1, 125, 126, 4096, 16384, 16385, 65536, 1u << 20};
    const size_t count = sizeof sizes / sizeof *sizes;
    char *text = malloc(1u << 20);
    size_t sum = 0;
    world w;
    assert_non_null(text);
    memset(text, 't', 1u << 20);
    world_init(&w, &cert, 0);
    ic__ws_conn *conn = dial(&w);
    turn_until(w.base, &w.opened, 1);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(ic__ws_send_text(conn, text, sizes[i]), 0);
        sum += sizes[i];
    }
    turn_until(w.base, &w.messages, count);
    assert_int_equal(w.bytes, sum);
    ic__ws_close(conn, IC__WS_NORMAL, NULL);
    turn_until(w.base, &w.closed, 1);
    assert_int_equal(w.code, IC__WS_NORMAL);
    free(text);
    world_free(&w);
}

static void a_certificate_for_somebody_else_is_refused_and_logged(void **state)
{
    world w;
    world_init(&w, &other, 0);
    (void)dial(&w);
    turn_until(w.base, &w.closed, 1);
    assert_int_equal(w.opened, 0);
    assert_int_equal(w.code, IC__WS_ABNORMAL);
    assert_int_equal(w.warned, 1);
    world_free(&w);
}

static void a_plain_client_is_ended_and_counted(void **state)
{
    world w;
    world_init(&w, &cert, 0);
    w.dial.tls = NULL;
    w.dial.host = "127.0.0.1";
    (void)dial(&w);
    turn_until(w.base, &w.closed, 1);
    assert_int_equal(w.opened, 0);
    assert_int_equal(ic__ws_server_get_stats(w.server)->tls_failed, 1);
    world_free(&w);
}

static void a_client_that_does_not_begin_tls_times_out(void **state)
{
    world w;
    ic__tcp_address address;
    int fd;
    world_init(&w, &cert, 200 * IC__MS);
    assert_int_equal(ic__tcp_address_parse("127.0.0.1", w.dial.port, &address), 0);
    assert_int_equal(ic__tcp_connect(&address, &fd), 0);
    while (ic__ws_server_get_stats(w.server)->timed_out == 0)
        assert_int_equal(event_base_loop(w.base, EVLOOP_ONCE), 0);
    assert_int_equal(close(fd), 0);
    world_free(&w);
}

static int make_certs(void **state)
{
    make_cert_init(&cert, "localhost");
    make_cert_init(&other, "somebody.example");
    return 0;
}

static int free_certs(void **state)
{
    make_cert_free(&cert);
    make_cert_free(&other);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_of_all_sizes_come_back),
        cmocka_unit_test(a_certificate_for_somebody_else_is_refused_and_logged),
        cmocka_unit_test(a_plain_client_is_ended_and_counted),
        cmocka_unit_test(a_client_that_does_not_begin_tls_times_out),
    };
    return cmocka_run_group_tests_name("io/ws_tls", tests, make_certs, free_certs);
}
