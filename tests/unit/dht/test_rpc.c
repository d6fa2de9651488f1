#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/env.h"
#include "dht/query.h"
#include "dht/rpc.h"
#include "dht_world.h"
#include "intercom/error.h"

#define MOST 64

typedef struct net {
    dht_world *world;
    dht_rpc_node nodes[MOST];
    size_t count;
} net;

/* One bootstrap node, and `others` persistent ones in the open. */
static void net_init(net *n, uint64_t seed, size_t others)
{
    ic__rpc_options opts;
    ic__addr first;

    *n = (net){.world = dht_world_new(seed)};
    for (size_t i = 0; i <= others; i++) {
        dht_machine *m = dht_world_add(n->world, DHT_OPEN);
        ic__rpc_options_default(&opts);
        if (i == 0) {
            first = dht_machine_address(m);
            opts.public_address = first;
        } else {
            opts.bootstrap = &first;
            opts.bootstrap_count = 1;
            opts.mode = IC__RPC_PERSISTENT;
        }
        assert_int_equal(dht_rpc_node_init(&n->nodes[i], n->world, m, &opts, NULL), 0);
        n->count++;
        assert_int_equal(ic__rpc_start(n->nodes[i].rpc), 0);
        dht_world_run_until(n->world, dht_world_now(n->world) + 10 * IC__SEC);
    }
}

static void net_free(net *n)
{
    for (size_t i = 0; i < n->count; i++)
        dht_rpc_node_free(&n->nodes[i]);
    dht_world_free(n->world);
}

static void nodes_in_the_open_become_persistent_and_know_each_other(void **state)
{
    (void)state;
    net n;
    net_init(&n, 1, 9);
    dht_world_run_until(n.world, dht_world_now(n.world) + 600 * IC__SEC);
    for (size_t i = 0; i < n.count; i++) {
        assert_true(ic__rpc_is_ready(n.nodes[i].rpc));
        assert_true(ic__rpc_is_persistent(n.nodes[i].rpc));
        assert_false(ic__rpc_is_firewalled(n.nodes[i].rpc));
        assert_int_equal(ic__rpc_node_count(n.nodes[i].rpc), n.count - 1);
    }
    net_free(&n);
}

typedef struct outcome {
    int calls;
    int error;
    uint32_t code;
} outcome;

static void on_done(void *user, int error, const ic__rpc_reply *reply)
{
    outcome *o = user;

    o->calls++;
    o->error = error;
    o->code = reply ? reply->error : 0;
}

static void an_unknown_command_is_answered_with_its_error(void **state)
{
    (void)state;
    net n;
    net_init(&n, 2, 1);
    outcome o = {0};
    ic__addr to = dht_machine_address(n.nodes[0].machine);
    ic__rpc_call call = ic__rpc_call_to(&to, false, 77);
    call.on_done = on_done;
    call.user = &o;
    assert_int_equal(ic__rpc_call_send(n.nodes[1].rpc, &call, NULL), 0);
    dht_world_run_until(n.world, dht_world_now(n.world) + IC__SEC);
    assert_int_equal(o.calls, 1);
    assert_int_equal(o.error, 0);
    assert_int_equal(o.code, IC__RPC_UNKNOWN_COMMAND);
    net_free(&n);
}

static void a_silent_node_is_asked_four_times_and_given_up(void **state)
{
    (void)state;
    net n;
    net_init(&n, 3, 1);
    outcome o = {0};
    ic__addr to = {.ip = {1, 2, 3, 4}, .port = 5, .family = 4};
    ic__rpc_call call = ic__rpc_call_to(&to, true, IC__RPC_PING);
    ic__rpc_stats before = ic__rpc_get_stats(n.nodes[1].rpc);
    call.on_done = on_done;
    call.user = &o;
    assert_int_equal(ic__rpc_call_send(n.nodes[1].rpc, &call, NULL), 0);
    dht_world_run_until(n.world, dht_world_now(n.world) + 3999 * IC__MS);
    assert_int_equal(o.calls, 0);
    dht_world_run_until(n.world, dht_world_now(n.world) + 2 * IC__MS);
    assert_int_equal(o.calls, 1);
    assert_int_equal(o.error, IC_ERR_TIMEOUT);
    assert_int_equal(ic__rpc_get_stats(n.nodes[1].rpc).retransmits,
                     before.retransmits + 3);
    net_free(&n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_in_the_open_become_persistent_and_know_each_other),
        cmocka_unit_test(an_unknown_command_is_answered_with_its_error),
        cmocka_unit_test(a_silent_node_is_asked_four_times_and_given_up),
    };
    return cmocka_run_group_tests_name("dht/rpc", tests, NULL, NULL);
}
