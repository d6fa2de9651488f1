/* docs/spec/05-dht-rpc.md, section 11: how a node learns its address, and that it is
 * reached there. */
#include <string.h>

#include "dht_addr.h"
#include "rpc_solo.h"
#include "unit.h"

#define CLIENT IC__DHT_CLIENT_SOCKET
#define SERVER IC__DHT_SERVER_SOCKET

/* As others see our two sockets. */
static const ic__addr as_client = {.ip = {20, 0, 0, 1}, .port = 40001, .family = 4};
static const ic__addr as_server = {.ip = {20, 0, 0, 1}, .port = 40000, .family = 4};

static ic__addr node_addr(unsigned i)
{
    return (ic__addr){.ip = {30, 0, 0, (uint8_t)(i + 1)}, .port = 49737, .family = 4};
}

static void reply_to(rpc_solo *s, const rpc_datagram *request, uint32_t sock,
                     const ic__addr *to)
{
    ic__addr from = request->to;
    uint8_t id[32];
    ic__rpc_message m = {
        .type = IC__RPC_REPLY, .tid = rpc_solo_read(request).tid, .to = *to, .id = id};

    ic__rpc_id_of(id, &from);
    rpc_solo_tell(s, sock, &from, &m);
}

/* A ready node that knows `count` others, each of which has told it its address. */
static void begin(rpc_solo *s, unsigned count)
{
    assert_int_equal(rpc_solo_init(s, NULL, NULL), 0);
    assert_int_equal(ic__rpc_start(s->rpc), 0);
    rpc_solo_run(s, 1);
    for (unsigned i = 0; i < count; i++) {
        ic__addr addr = node_addr(i);
        uint8_t id[32];
        ic__rpc_id_of(id, &addr);
        ic__rpc_heard(s->rpc, &addr, id, &as_client);
    }
    assert_true(ic__rpc_is_ready(s->rpc));
}

/* Of the nodes that are asked, so many reach the server's socket. */
static void check(rpc_solo *s, unsigned asked, unsigned reaching, const ic__addr *to)
{
    rpc_datagram d[8];

    while (rpc_solo_take(s))
        continue;
    ic__rpc_reach_begin(s->rpc, false);
    for (unsigned i = 0; i < asked; i++) {
        d[i] = *rpc_solo_take(s);
        assert_int_equal(d[i].sock, CLIENT);
        assert_int_equal(rpc_solo_read(&d[i]).command, IC__RPC_PING_NAT);
        assert_memory_equal(rpc_solo_read(&d[i]).value, "\x40\x9c", 2);
    }
    assert_null(rpc_solo_take(s));
    for (unsigned i = 0; i < reaching; i++)
        reply_to(s, &d[i], SERVER, to);
    rpc_solo_run(s, 5 * IC__SEC);
    assert_false(s->rpc->reach.running);
}

static void three_of_five_must_reach_the_server_socket(void **state)
{
    rpc_solo s;
    begin(&s, 9);
    check(&s, 5, 2, &as_server);
    assert_true(ic__rpc_is_firewalled(s.rpc));
    assert_false(ic__rpc_is_persistent(s.rpc));
    check(&s, 5, 3, &as_server);
    assert_false(ic__rpc_is_firewalled(s.rpc));
    assert_true(ic__rpc_is_persistent(s.rpc));
    rpc_solo_free(&s);
}

/* Field lesson 6: the id is made of the port of the server's socket, not of the one that
 * requests had left by. */
static void the_id_is_made_of_the_server_port(void **state)
{
    rpc_solo s;
    uint8_t id[32];
    ic__addr address;
    begin(&s, 9);
    check(&s, 5, 5, &as_server);
    ic__rpc_id_of(id, &as_server);
    assert_memory_equal(ic__rpc_id(s.rpc), id, 32);
    address = ic__rpc_public_address(s.rpc);
    assert_true(ic__addr_equal(&address, &as_server));
    assert_int_equal(ic__rpc_own_socket(s.rpc), SERVER);
    assert_int_equal(ic__rpc_node_count(s.rpc), 9);
    rpc_solo_free(&s);
}

static void its_requests_and_replies_carry_the_id_by_that_socket_only(void **state)
{
    ic__addr from = node_addr(3);
    ic__rpc_message ping = {
        .type = IC__RPC_REQUEST, .internal = true, .command = IC__RPC_PING};
    rpc_solo s;
    ic__rpc_call call = ic__rpc_call_to(&from, true, IC__RPC_PING);
    begin(&s, 9);
    check(&s, 5, 5, &as_server);
    while (rpc_solo_take(&s))
        continue;
    ping.to = as_server;
    assert_int_equal(ic__rpc_call_send(s.rpc, &call, NULL), 0);
    assert_non_null(rpc_solo_read(rpc_solo_take(&s)).id);
    call.sock = CLIENT;
    assert_int_equal(ic__rpc_call_send(s.rpc, &call, NULL), 0);
    assert_null(rpc_solo_read(rpc_solo_take(&s)).id);
    rpc_solo_tell(&s, SERVER, &from, &ping);
    assert_non_null(rpc_solo_read(rpc_solo_take(&s)).id);
    rpc_solo_tell(&s, CLIENT, &from, &ping);
    assert_null(rpc_solo_read(rpc_solo_take(&s)).id);
    rpc_solo_free(&s);
}

static void with_fewer_than_five_one_is_enough(void **state)
{
    rpc_solo s;
    begin(&s, 4);
    check(&s, 4, 0, &as_server);
    assert_true(ic__rpc_is_firewalled(s.rpc));
    check(&s, 4, 1, &as_server);
    assert_true(ic__rpc_is_persistent(s.rpc));
    rpc_solo_free(&s);
}

/* A forwarding to another port is not accepted, nor another host, nor answers at the
 * wrong socket. */
static void another_port_or_host_is_not_open(void **state)
{
    rpc_solo s;
    ic__addr other = as_server;
    begin(&s, 9);
    other.port++;
    check(&s, 5, 5, &other);
    assert_true(ic__rpc_is_firewalled(s.rpc));
    other = dht_addr("20.0.0.2", as_server.port);
    check(&s, 5, 5, &other);
    assert_true(ic__rpc_is_firewalled(s.rpc));
    ic__rpc_reach_begin(s.rpc, false);
    for (const rpc_datagram *d; (d = rpc_solo_take(&s)) != NULL;) {
        rpc_datagram copy = *d;
        reply_to(&s, &copy, CLIENT, &as_server);
    }
    assert_false(s.rpc->reach.running);
    assert_true(ic__rpc_is_firewalled(s.rpc));
    rpc_solo_free(&s);
}

static void an_address_that_changed_meanwhile_is_not_settled_at(void **state)
{
    rpc_solo s;
    ic__addr moved = dht_addr("20.0.0.99", 40001);
    rpc_datagram d[5];
    begin(&s, 9);
    ic__rpc_reach_begin(s.rpc, false);
    for (unsigned i = 0; i < 5; i++)
        d[i] = *rpc_solo_take(&s);
    for (unsigned i = 0; i < 16; i++)
        (void)ic__sampler_add(&s.rpc->sampler, &moved);
    for (unsigned i = 0; i < 5; i++)
        reply_to(&s, &d[i], SERVER, &as_server);
    assert_false(s.rpc->reach.running);
    assert_false(ic__rpc_is_persistent(s.rpc));
    rpc_solo_free(&s);
}

static void without_an_address_or_a_steady_port_nobody_is_asked(void **state)
{
    rpc_solo s;
    ic__addr address;
    begin(&s, 0);
    ic__rpc_reach_begin(s.rpc, false);
    assert_null(rpc_solo_take(&s));
    for (uint16_t i = 0; i < 4; i++) {
        address = as_client;
        address.port = (uint16_t)(address.port + i);
        (void)ic__sampler_add(&s.rpc->sampler, &address);
    }
    address = ic__rpc_public_address(s.rpc);
    assert_int_equal(address.port, 0);
    assert_int_equal(address.family, 4);
    ic__rpc_reach_begin(s.rpc, false);
    assert_null(rpc_solo_take(&s));
    assert_false(s.rpc->reach.running);
    rpc_solo_free(&s);
}

/* Asking for its own address again, an ephemeral node waits for an hour. */
static void a_host_that_was_found_wanting_is_not_checked_again_soon(void **state)
{
    rpc_solo s;
    begin(&s, 9);
    check(&s, 5, 0, &as_server);
    s.rpc->stable_ticks = 1;
    s.rpc->refresh_ticks = 1000;
    while (rpc_solo_take(&s))
        continue;
    rpc_solo_run(&s, IC__RPC_TICK_NS);
    for (const rpc_datagram *d; (d = rpc_solo_take(&s)) != NULL;)
        assert_int_not_equal(rpc_solo_read(d).command, IC__RPC_PING_NAT);
    assert_int_equal(s.rpc->stable_ticks, IC__RPC_MORE_STABLE_TICKS);
    rpc_solo_free(&s);
}

/* Section 11: samples are few and far between. */
static void a_node_tells_our_address_once_in_half_an_hour(void **state)
{
    rpc_solo s;
    ic__addr addr = node_addr(0);
    uint8_t id[32];
    begin(&s, 1);
    ic__rpc_id_of(id, &addr);
    for (int i = 0; i < 10; i++)
        ic__rpc_heard(s.rpc, &addr, id, &as_client);
    assert_int_equal(s.rpc->sampler.size, 1);
    s.rpc->tick += IC__RPC_OLD_TICKS;
    ic__rpc_heard(s.rpc, &addr, id, NULL);
    assert_int_equal(s.rpc->sampler.size, 1);
    ic__rpc_heard(s.rpc, &addr, id, &as_client);
    assert_int_equal(s.rpc->sampler.size, 2);
    rpc_solo_free(&s);
}

static void
nodes_without_id_are_believed_as_often_as_there_are_bootstrap_nodes(void **state)
{
    for (unsigned bootstraps = 0; bootstraps < 4; bootstraps++) {
        ic__addr list[4];
        ic__rpc_options opts;
        rpc_solo s;
        for (unsigned i = 0; i < 4; i++)
            list[i] = node_addr(i);
        ic__rpc_options_default(&opts);
        opts.bootstrap = list;
        opts.bootstrap_count = bootstraps;
        assert_int_equal(rpc_solo_init(&s, &opts, NULL), 0);
        for (unsigned i = 0; i < 100; i++) {
            ic__addr addr = node_addr(i / 2);
            ic__rpc_heard(s.rpc, &addr, NULL, &as_client);
        }
        assert_int_equal(s.rpc->sampler.size, bootstraps ? bootstraps : 1);
        assert_int_equal(ic__rpc_node_count(s.rpc), 0);
        rpc_solo_free(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_of_five_must_reach_the_server_socket),
        cmocka_unit_test(the_id_is_made_of_the_server_port),
        cmocka_unit_test(its_requests_and_replies_carry_the_id_by_that_socket_only),
        cmocka_unit_test(with_fewer_than_five_one_is_enough),
        cmocka_unit_test(another_port_or_host_is_not_open),
        cmocka_unit_test(an_address_that_changed_meanwhile_is_not_settled_at),
        cmocka_unit_test(without_an_address_or_a_steady_port_nobody_is_asked),
        cmocka_unit_test(a_host_that_was_found_wanting_is_not_checked_again_soon),
        cmocka_unit_test(a_node_tells_our_address_once_in_half_an_hour),
        cmocka_unit_test(
            nodes_without_id_are_believed_as_often_as_there_are_bootstrap_nodes),
    };
    return cmocka_run_group_tests_name("dht/rpc_reach", tests, NULL, NULL);
}
