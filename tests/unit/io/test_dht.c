/* docs/spec/06-hyperdht.md, sections 6 and 7, on sockets: listen and connect. */
#include <string.h>

#include "dht_talk.h"
#include "intercom/error.h"
#include "intercom/mux.h"
#include "unit.h"

static void who_knows_the_key_connects_and_talks(void **state)
{
    dht_talk t;
    dht_talk_init(&t);
    dht_talk_listen(&t);
    dht_talk_connect(&t);
    assert_memory_equal(t.echo, "hello", 5);
    assert_int_equal(t.dialed, 1);
    assert_int_equal(t.opened, 1);
    assert_int_equal(t.connections, 1);
    assert_int_equal(t.proven, 1);
    assert_true(t.asked >= 1);
    ic_stream_end(t.client);
    dht_live_until(&t.net, &t.hung_up, 1);
    assert_int_equal(t.hung_up_error, 0);
    dht_live_until(&t.net, &t.server_streams_gone, 1);
    dht_talk_done(&t);
}

static void a_key_that_nobody_has_is_not_found(void **state)
{
    dht_talk t;
    dht_talk_init(&t);
    const ic_dial_options opts = dht_talk_dial(&t);
    assert_int_equal(ic_dht_connect(t.client_node, &opts, NULL), 0);
    assert_int_equal(t.dialed, 0);
    dht_live_until(&t.net, &t.dialed, 1);
    assert_int_equal(t.dial_error, IC_ERR_NOT_FOUND);
    dht_talk_done(&t);
}

static void a_refused_peer_hears_nothing(void **state)
{
    dht_talk t;
    dht_talk_init(&t);
    t.refuse = true;
    dht_talk_listen(&t);
    const ic_dial_options opts = dht_talk_dial(&t);
    ic_dial *dial = NULL;
    assert_int_equal(ic_dht_connect(t.client_node, &opts, &dial), 0);
    dht_live_until(&t.net, &t.asked, 1);
    dht_live_run(&t.net, 200);
    assert_int_equal(t.dialed, 0);
    assert_int_equal(t.connections, 0);
    ic_dial_cancel(dial);
    dht_live_run(&t.net, 100);
    assert_int_equal(t.dialed, 0);
    dht_talk_done(&t);
}

static void a_full_server_refuses_and_has_room_again(void **state)
{
    dht_talk t;
    ic_dht_stats stats;
    dht_talk_init(&t);
    ic_server_options opts = dht_talk_server(&t);
    opts.max_connections = 1;
    assert_int_equal(ic_dht_listen(t.server_node, &opts, &t.server), 0);
    dht_live_until(&t.net, &t.listening, 1);
    dht_talk_connect(&t);
    const ic_dial_options dial_opts = dht_talk_dial(&t);
    ic_dial *dial = NULL;
    assert_int_equal(ic_dht_connect(t.client_node, &dial_opts, &dial), 0);
    do {
        dht_live_run(&t.net, 20);
        ic_dht_get_stats(t.server_node, &stats, sizeof stats);
    } while (!stats.dropped_connections);
    assert_int_equal(t.connections, 1);
    assert_int_equal(t.dialed, 1);
    ic_dial_cancel(dial);
    ic_stream_close(t.client);
    dht_live_until(&t.net, &t.server_streams_gone, 1);
    dht_talk_connect(&t);
    assert_int_equal(t.connections, 2);
    dht_talk_done(&t);
}

static void a_stream_that_nobody_takes_is_closed(void **state)
{
    dht_talk t;
    dht_talk_init(&t);
    t.ignore = true;
    dht_talk_listen(&t);
    const ic_dial_options opts = dht_talk_dial(&t);
    assert_int_equal(ic_dht_connect(t.client_node, &opts, NULL), 0);
    dht_live_until(&t.net, &t.hung_up, 1);
    assert_int_equal(t.hung_up_error, IC_ERR_CLOSED);
    assert_int_equal(t.connections, 1);
    assert_int_equal(t.server_streams_gone, 0);
    dht_talk_done(&t);
}

static void server_gone(void *user)
{
    dht_talk *t = user;

    t->server = NULL;
    t->server_gone++;
}

static void a_closed_server_is_not_found_and_its_connections_stay(void **state)
{
    dht_talk t;
    dht_talk_init(&t);
    dht_talk_listen(&t);
    dht_talk_connect(&t);
    ic_server_close(t.server, server_gone, &t);
    ic_server_close(t.server, server_gone, &t);
    assert_int_equal(t.server_gone, 0);
    dht_live_until(&t.net, &t.server_gone, 1);
    assert_int_equal(ic_stream_send(t.client, (const uint8_t *)"again", 5), 0);
    dht_live_until(&t.net, &t.echoes, 2);
    ic_stream_close(t.client);
    dht_live_until(&t.net, &t.hung_up, 1);
    const ic_dial_options opts = dht_talk_dial(&t);
    assert_int_equal(ic_dht_connect(t.client_node, &opts, NULL), 0);
    dht_live_until(&t.net, &t.dialed, 2);
    assert_true(t.dial_error == IC_ERR_NOT_FOUND || t.dial_error == IC_ERR_TIMEOUT);
    assert_int_equal(t.server_gone, 1);
    dht_talk_done(&t);
}

static void two_servers_of_one_node_have_two_keys(void **state)
{
    dht_talk t;
    dht_talk_init(&t);
    dht_talk_listen(&t);
    ic_server_options opts = dht_talk_server(&t);
    ic_server *other = NULL;
    assert_int_equal(ic_dht_listen(t.server_node, &opts, &other), IC_ERR_EXISTS);
    assert_null(other);
    ic_identity *third = dht_live_identity(3);
    opts.identity = third;
    assert_int_equal(ic_dht_listen(t.server_node, &opts, &other), 0);
    dht_live_until(&t.net, &t.listening, 2);
    dht_talk_connect(&t);
    ic_identity_free(third);
    dht_talk_done(&t);
}

static void mux_opened(ic_mux *mux, void *user)
{
    ++*(int *)user;
}

static void dialed_for_mux(ic_dial *dial, int error, const char *reason, ic_stream *st,
                           void *user)
{
    ic_mux_options opts;
    ic_mux *mux = NULL;

    assert_int_equal(error, 0);
    ic_mux_options_default(&opts);
    opts.on_open = mux_opened;
    opts.user = user;
    assert_int_equal(ic_mux_new_over(st, &opts, &mux), 0);
}

static void a_mux_goes_over_a_connection(void **state)
{
    dht_talk t;
    int opened = 0;
    dht_talk_init(&t);
    dht_talk_listen(&t);
    ic_dial_options opts = dht_talk_dial(&t);
    opts.on_done = dialed_for_mux;
    opts.user = &opened;
    assert_int_equal(ic_dht_connect(t.client_node, &opts, NULL), 0);
    dht_live_until(&t.net, &opened, 1);
    dht_talk_done(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_knows_the_key_connects_and_talks),
        cmocka_unit_test(a_key_that_nobody_has_is_not_found),
        cmocka_unit_test(a_refused_peer_hears_nothing),
        cmocka_unit_test(a_full_server_refuses_and_has_room_again),
        cmocka_unit_test(a_stream_that_nobody_takes_is_closed),
        cmocka_unit_test(a_closed_server_is_not_found_and_its_connections_stay),
        cmocka_unit_test(two_servers_of_one_node_have_two_keys),
        cmocka_unit_test(a_mux_goes_over_a_connection),
    };
    return cmocka_run_group_tests_name("io/dht", tests, NULL, NULL);
}
