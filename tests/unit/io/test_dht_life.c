/* docs/spec/05-dht-rpc.md, sections 7, 10 and 12: how a node on sockets comes and goes.
 */
#include <stdio.h>
#include <string.h>

#include "dht_talk.h"
#include "fail_alloc.h"
#include "intercom/error.h"
#include "unit.h"

static void closing_ends_what_is_under_way(void **state)
{
    dht_talk t;
    dht_talk_init(&t);
    dht_talk_listen(&t);
    dht_talk_connect(&t);
    const ic_dial_options opts = dht_talk_dial(&t);
    assert_int_equal(ic_dht_connect(t.client_node, &opts, NULL), 0);
    ic_dht_close(t.client_node, NULL, NULL);
    assert_int_equal(ic_dht_connect(t.client_node, &opts, NULL), IC_ERR_CLOSED);
    assert_int_equal(t.dialed, 1);
    assert_int_equal(t.hung_up, 0);
    dht_live_until(&t.net, &t.dialed, 2);
    assert_int_equal(t.dial_error, IC_ERR_CANCELED);
    dht_live_until(&t.net, &t.hung_up, 1);
    const ic_dht_options again = dht_live_options(&t.net);
    assert_int_equal(ic_dht_new(&again, &t.client_node), 0);
    dht_talk_done(&t);
}

static void a_server_wakes_up_at_its_port_and_is_found_again(void **state)
{
    dht_talk t;
    char address[32];
    dht_talk_init(&t);
    dht_talk_listen(&t);
    dht_talk_connect(&t);
    (void)snprintf(address, sizeof address, "%s", ic_dht_address(t.server_node));
    ic_dht_suspend(t.server_node);
    ic_dht_suspend(t.server_node);
    dht_live_until(&t.net, &t.server_streams_gone, 1);
    dht_live_until(&t.net, &t.hung_up, 1);
    const ic_server_options opts = dht_talk_server(&t);
    ic_server *other = NULL;
    assert_int_equal(ic_dht_listen(t.server_node, &opts, &other), IC_ERR_CLOSED);
    assert_int_equal(ic_dht_resume(t.server_node), 0);
    assert_int_equal(ic_dht_resume(t.server_node), 0);
    assert_string_equal(ic_dht_address(t.server_node), address);
    t.dial_error = IC_ERR_NOT_FOUND;
    while (t.dial_error) { /* until it has announced again */
        const ic_dial_options dial = dht_talk_dial(&t);
        int before = t.dialed;
        dht_live_run(&t.net, 20);
        assert_int_equal(ic_dht_connect(t.client_node, &dial, NULL), 0);
        dht_live_until(&t.net, &t.dialed, before + 1);
    }
    dht_live_until(&t.net, &t.echoes, 2);
    dht_talk_done(&t);
}

static void a_suspend_that_is_taken_back_at_once_changes_nothing(void **state)
{
    dht_talk t;
    dht_talk_init(&t);
    dht_talk_listen(&t);
    dht_talk_connect(&t);
    ic_dht_suspend(t.server_node);
    assert_int_equal(ic_dht_resume(t.server_node), 0);
    dht_live_run(&t.net, 50);
    assert_int_equal(t.hung_up, 0);
    ic_dht_suspend(t.server_node); /* and a node may be closed in its sleep */
    dht_talk_done(&t);
    assert_int_equal(t.hung_up, 1);
}

static void a_taken_port_is_followed_by_the_next_or_refused(void **state)
{
    dht_talk t;
    dht_talk_init(&t);
    ic_dht_options opts = dht_live_options(&t.net);
    ic_dht *other = NULL;
    unsigned port = 0;
    unsigned got = 0;
    assert_int_equal(sscanf(ic_dht_address(t.server_node), "127.0.0.1:%u", &port), 1);
    opts.port = (uint16_t)port;
    opts.any_port = false;
    assert_int_equal(ic_dht_new(&opts, &other), IC_ERR_IO);
    opts.any_port = true;
    assert_int_equal(ic_dht_new(&opts, &other), 0);
    assert_int_equal(sscanf(ic_dht_address(other), "127.0.0.1:%u", &got), 1);
    assert_in_range(got, port + 1, port + 4); /* or all of them were taken */
    dht_live_close(&t.net, other);
    dht_talk_done(&t);
}

static void options_that_make_no_sense_are_refused(void **state)
{
    dht_talk t;
    dht_talk_init(&t);
    static const char *const lists[] = {"127.0.0.1", "127.0.0.1:0", "a b:1", ",", "x:y"};
    ic_dht *dht = NULL;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        ic_dht_options opts = dht_live_options(&t.net);
        opts.bootstrap = lists[i];
        assert_int_equal(ic_dht_new(&opts, &dht), IC_ERR_INVALID);
    }
    ic_dht_options opts = dht_live_options(&t.net);
    opts.host = "nowhere";
    assert_int_equal(ic_dht_new(&opts, &dht), IC_ERR_INVALID);
    opts = dht_live_options(&t.net);
    opts.mode = IC_DHT_BOOTSTRAPPER;
    opts.host = "0.0.0.0";
    assert_int_equal(ic_dht_new(&opts, &dht), IC_ERR_INVALID);
    opts = dht_live_options(&t.net);
    opts.base = NULL;
    assert_int_equal(ic_dht_new(&opts, &dht), IC_ERR_INVALID);
    assert_null(dht);
    ic_dial_options dial = dht_talk_dial(&t);
    dial.nodes = "nonsense";
    assert_int_equal(ic_dht_connect(t.client_node, &dial, NULL), IC_ERR_INVALID);
    dial = dht_talk_dial(&t);
    dial.identity = NULL;
    assert_int_equal(ic_dht_connect(t.client_node, &dial, NULL), IC_ERR_INVALID);
    ic_server_options server = dht_talk_server(&t);
    server.on_connection = NULL;
    assert_int_equal(ic_dht_listen(t.server_node, &server, &t.server), IC_ERR_INVALID);
    dht_talk_done(&t);
}

static void count_ready(ic_dht *dht, void *user)
{
    ++*(int *)user;
}

static void a_name_is_looked_up_beside_the_loop(void **state)
{
    dht_talk t;
    char list[64];
    int ready = 0;
    dht_talk_init(&t);
    dht_talk_listen(&t);
    ic_dht_options opts = dht_live_options(&t.net);
    (void)snprintf(list, sizeof list, "localhost%s", strchr(t.net.bootstrap, ':'));
    opts.bootstrap = list;
    opts.on_ready = count_ready;
    opts.user = &ready;
    dht_live_close(&t.net, t.client_node);
    assert_int_equal(ic_dht_new(&opts, &t.client_node), 0);
    const ic_dial_options dial = dht_talk_dial(&t);
    assert_int_equal(ic_dht_connect(t.client_node, &dial, NULL), IC_ERR_AGAIN);
    dht_live_until(&t.net, &ready, 1);
    dht_talk_connect(&t);
    dht_live_close(&t.net, t.client_node);
    assert_int_equal(ic_dht_new(&opts, &t.client_node), 0);
    dht_talk_done(&t); /* closed while it looks */
}

static void new_node(void *arg)
{
    const dht_talk *t = arg;
    const ic_dht_options opts = dht_live_options(&t->net);
    ic_dht *dht = NULL;

    if (ic_dht_new(&opts, &dht) == 0)
        dht_live_close(&t->net, dht);
    else
        assert_null(dht);
}

static void streams_have_a_limit_that_a_dial_tells(void **state)
{
    dht_talk t;
    dht_talk_init(&t);
    dht_talk_listen(&t);
    dht_live_close(&t.net, t.client_node);
    ic_dht_options node = dht_live_options(&t.net);
    node.max_streams = 1;
    assert_int_equal(ic_dht_new(&node, &t.client_node), 0);
    dht_talk_connect(&t);
    const ic_dial_options opts = dht_talk_dial(&t);
    int err = ic_dht_connect(t.client_node, &opts, NULL);
    if (!err) {
        dht_live_until(&t.net, &t.dialed, 2);
        err = t.dial_error;
    }
    assert_int_equal(err, IC_ERR_LIMIT);
    dht_talk_done(&t);
}

static void a_node_without_memory_is_none(void **state)
{
    dht_talk t;
    dht_talk_init(&t);
    new_node(&t);
    /* The network's own nodes get no memory either, and must bear it. */
    int failed = 1;
    for (size_t nth = 1; failed; nth++) {
        fail_alloc_start(nth);
        new_node(&t);
        failed = fail_alloc_hit();
        (void)fail_alloc_stop();
        assert_true(nth < 2000);
    }
    dht_talk_done(&t);
}

static void a_server_or_dial_without_memory_is_none(void **state)
{
    dht_talk t;
    dht_talk_init(&t);
    for (size_t nth = 1; !t.server; nth++) {
        const ic_server_options opts = dht_talk_server(&t);
        fail_alloc_start(nth);
        int err = ic_dht_listen(t.server_node, &opts, &t.server);
        (void)fail_alloc_stop();
        assert_int_equal(!err, t.server != NULL);
        assert_true(!err || err == IC_ERR_NOMEM);
    }
    dht_live_until(&t.net, &t.listening, 1);
    /* Some of the memory is wanted later only, and then the dial ends. */
    t.dial_error = IC_ERR_NOMEM;
    for (size_t nth = 1; t.dial_error; nth++) {
        const ic_dial_options opts = dht_talk_dial(&t);
        int before = t.dialed;
        fail_alloc_start(nth);
        int err = ic_dht_connect(t.client_node, &opts, NULL);
        (void)fail_alloc_stop();
        assert_true(!err || err == IC_ERR_NOMEM);
        if (!err)
            dht_live_until(&t.net, &t.dialed, before + 1);
        assert_true(nth < 100);
    }
    dht_live_until(&t.net, &t.echoes, 1);
    dht_talk_done(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(closing_ends_what_is_under_way),
        cmocka_unit_test(a_server_wakes_up_at_its_port_and_is_found_again),
        cmocka_unit_test(a_suspend_that_is_taken_back_at_once_changes_nothing),
        cmocka_unit_test(a_taken_port_is_followed_by_the_next_or_refused),
        cmocka_unit_test(options_that_make_no_sense_are_refused),
        cmocka_unit_test(a_name_is_looked_up_beside_the_loop),
        cmocka_unit_test(streams_have_a_limit_that_a_dial_tells),
        cmocka_unit_test(a_node_without_memory_is_none),
        cmocka_unit_test(a_server_or_dial_without_memory_is_none),
    };
    return cmocka_run_group_tests_name("io/dht_life", tests, NULL, NULL);
}
