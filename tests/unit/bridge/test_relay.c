/* docs/architecture.md, "Programs": a page, intercom-bridge, and an SC-Bridge. */
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "bridge/relay.h"
#include "intercom/error.h"
#include "io/loop.h"
#include "turn.h"
#include "unit.h"

#define PIECE 65536

typedef struct world {
    struct event_base *base;
    ic__ws_server *upstream;
    ic__ws_conn *upstream_conn;
    bridge_relay *relay;
    ic_env env;
    ic__ws_dial_options page;
    size_t upstream_opened;
    size_t upstream_closed;
    uint16_t upstream_code;
    size_t upstream_bytes;
    size_t page_messages;
    size_t page_bytes;
    size_t page_closed;
    size_t page_opened;
    size_t binaries;
    uint16_t page_code;
    size_t relay_closed;
} world;

static void on_upstream_open(ic__ws_conn *conn, void *user)
{
    world *w = user;
    w->upstream_opened++;
    w->upstream_conn = conn;
    assert_int_equal(ic__ws_send_text(conn, "hello", 5), 0);
}

static void on_upstream_message(ic__ws_conn *conn, const uint8_t *data, size_t len,
                                bool binary, void *user)
{
    world *w = user;
    w->upstream_bytes += len;
    assert_int_equal(binary ? ic__ws_send_binary(conn, data, len)
                            : ic__ws_send_text(conn, data, len),
                     0);
}

static void on_upstream_close(ic__ws_conn *conn, uint16_t code, void *user)
{
    world *w = user;
    w->upstream_closed++;
    w->upstream_code = code;
    w->upstream_conn = NULL;
}

static void on_page_open(ic__ws_conn *conn, void *user)
{
    world *w = user;
    w->page_opened++;
    assert_int_equal(ic__ws_send_binary(conn, "at once", 7), 0);
}

static void on_page_message(ic__ws_conn *conn, const uint8_t *data, size_t len,
                            bool binary, void *user)
{
    world *w = user;
    w->page_messages++;
    w->page_bytes += len;
    w->binaries += binary;
}

static void on_page_close(ic__ws_conn *conn, uint16_t code, void *user)
{
    world *w = user;
    w->page_closed++;
    w->page_code = code;
}

static void listen_upstream(world *w, uint16_t port)
{
    static const ic__ws_callbacks callbacks = {
        .on_open = on_upstream_open,
        .on_message = on_upstream_message,
        .on_close = on_upstream_close,
    };
    ic__ws_server_options options;
    ic__ws_server_options_default(&options);
    options.port = port;
    assert_int_equal(ic__ws_server_new(w->base, &options, &callbacks, w, &w->upstream),
                     0);
}

static void world_init(world *w)
{
    bridge_relay_options options = {.upstream = {.host = "127.0.0.1", .path = "/"}};
    *w = (world){0};
    assert_int_equal(ic__loop_new(&w->base), 0);
    ic_env_system(&w->env);
    listen_upstream(w, 0);
    ic__ws_server_options_default(&options.server);
    options.upstream.port = ic__ws_server_port(w->upstream);
    options.env = &w->env;
    assert_int_equal(bridge_relay_new(w->base, &options, &w->relay), 0);
    ic__ws_dial_options_default(&w->page);
    w->page.host = "127.0.0.1";
    w->page.port = bridge_relay_port(w->relay);
    w->page.path = "/bridge";
}

static ic__ws_conn *open_page(world *w)
{
    static const ic__ws_callbacks callbacks = {
        .on_open = on_page_open,
        .on_message = on_page_message,
        .on_close = on_page_close,
    };
    ic__ws_conn *conn = NULL;
    assert_int_equal(ic__ws_dial(w->base, &w->page, &callbacks, w, &conn), 0);
    return conn;
}

static void on_relay_closed(void *user)
{
    ((world *)user)->relay_closed++;
}

static void world_free(world *w)
{
    bridge_relay_close(w->relay, on_relay_closed, w);
    bridge_relay_close(w->relay, on_relay_closed, w);
    turn_until(w->base, &w->relay_closed, 1);
    ic__ws_server_close(w->upstream, NULL, NULL);
    assert_int_equal(event_base_dispatch(w->base), 1);
    assert_int_equal(w->relay_closed, 1);
    assert_int_equal(w->upstream_opened, w->upstream_closed);
    event_base_free(w->base);
}

static void messages_pass_in_both_directions_with_their_kind(void **state)
{
    world w;
    world_init(&w);
    ic__ws_conn *page = open_page(&w);
    turn_until(w.base, &w.page_messages,
               2); /* hello, and the echo of what came at once */
    assert_int_equal(w.page_bytes, 5 + 7);
    assert_int_equal(w.binaries, 1);
    assert_int_equal(ic__ws_send_text(page, "{}", 2), 0);
    turn_until(w.base, &w.page_messages, 3);
    assert_int_equal(w.binaries, 1);
    assert_int_equal(bridge_relay_pairs(w.relay), 1);
    world_free(&w);
    assert_int_equal(w.page_code, IC__WS_GOING_AWAY);
}

static void a_page_that_leaves_closes_its_other_half(void **state)
{
    world w;
    world_init(&w);
    ic__ws_conn *page = open_page(&w);
    turn_until(w.base, &w.page_messages, 2);
    ic__ws_close(page, IC__WS_GOING_AWAY, NULL);
    turn_until(w.base, &w.upstream_closed, 1);
    assert_int_equal(w.upstream_code, IC__WS_NORMAL);
    world_free(&w);
}

static void a_code_of_the_bridge_reaches_the_page(void **state)
{
    world w;
    world_init(&w);
    (void)open_page(&w);
    turn_until(w.base, &w.page_messages, 2);
    ic__ws_close(w.upstream_conn, 4001, "five wrong tokens");
    turn_until(w.base, &w.page_closed, 1);
    assert_int_equal(w.page_code, 4001);
    world_free(&w);
}

static void a_bridge_that_is_down_is_told_as_try_later_and_works_again(void **state)
{
    world w;
    world_init(&w);
    uint16_t port = ic__ws_server_port(w.upstream);
    ic__ws_server_close(w.upstream, NULL, NULL);
    (void)open_page(&w);
    turn_until(w.base, &w.page_closed, 1);
    assert_int_equal(w.page_code, IC__WS_TRY_LATER);
    listen_upstream(&w, port);
    (void)open_page(&w);
    turn_until(w.base, &w.page_messages, 2);
    world_free(&w);
}

/* The page asks for more than its sockets hold and does not read: everybody waits, and
 * nothing is lost. */
static void a_slow_page_makes_the_bridge_wait(void **state)
{
    enum { PIECES = 300 };
    static uint8_t piece[PIECE];
    world w;
    world_init(&w);
    ic__ws_conn *page = open_page(&w);
    turn_until(w.base, &w.page_messages, 2);
    ic__ws_set_reading(page, false);
    size_t sent = 0;
    for (int turn = 0; turn < 3000 && sent < PIECES; turn++) {
        if (ic__ws_queued(w.upstream_conn) < 16 * PIECE) {
            assert_int_equal(ic__ws_send_binary(w.upstream_conn, piece, PIECE), 0);
            sent++;
        }
        assert_int_equal(event_base_loop(w.base, EVLOOP_NONBLOCK), 0);
    }
    assert_in_range(sent, 32, PIECES - 1); /* it had to stop */
    ic__ws_set_reading(page, true);
    turn_until(w.base, &w.page_messages, 2 + sent);
    assert_int_equal(w.page_bytes, 5 + 7 + sent * PIECE);
    world_free(&w);
}

static void other_paths_are_no_bridge(void **state)
{
    world w;
    world_init(&w);
    w.page.path = "/other";
    (void)open_page(&w);
    turn_until(w.base, &w.page_closed, 1);
    assert_int_equal(w.page_opened, 0);
    world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_pass_in_both_directions_with_their_kind),
        cmocka_unit_test(a_page_that_leaves_closes_its_other_half),
        cmocka_unit_test(a_code_of_the_bridge_reaches_the_page),
        cmocka_unit_test(a_bridge_that_is_down_is_told_as_try_later_and_works_again),
        cmocka_unit_test(a_slow_page_makes_the_bridge_wait),
        cmocka_unit_test(other_paths_are_no_bridge),
    };
    return cmocka_run_group_tests_name("bridge/relay", tests, NULL, NULL);
}
