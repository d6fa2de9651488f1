/*
 * docs/spec/06-hyperdht.md, section 4: one packet in, one packet out or silence, as in
 * tests/vectors/hyperdht.json "router"; and what a hostile one may not do.
 */
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "dht/dht_state.h"
#include "dht_addr.h"
#include "dht_json.h"
#include "dht_lone.h"
#include "fail_alloc.h"
#include "intercom/error.h"
#include "unit.h"
#include "vectors.h"

typedef struct local {
    ic__router_server server;
    ic__router *router;
    bool mute;
    size_t handshakes;
    size_t holepunches;
    ic__router_back back;
    ic__router_handshake handshake;
} local;

static void on_handshake(void *user, const ic__router_handshake *handshake)
{
    local *s = user;
    s->handshakes++;
    s->back = handshake->back;
    s->handshake = *handshake;
    if (!s->mute)
        ic__router_answer_handshake(s->router, &handshake->back, IC__DHT_ANY_SOCKET,
                                    (const uint8_t *)"\xfe\xed", 2);
}

static void on_holepunch(void *user, const ic__router_holepunch *holepunch)
{
    local *s = user;
    s->holepunches++;
    s->back = holepunch->back;
    if (!s->mute)
        ic__router_answer_holepunch(s->router, &holepunch->back, holepunch->sock,
                                    (const uint8_t *)"\xf0\x0d", 2);
}

static json_t *vectors;
static uint8_t server_key[IC__DHT_KEY_BYTES];
static uint8_t target[IC__DHT_KEY_BYTES];

static void open_server(dht_lone *l, local *s)
{
    *s = (local){.router = l->dht->router,
                 .server = {.on_handshake = on_handshake,
                            .on_holepunch = on_holepunch,
                            .user = s}};
    assert_int_equal(ic__router_listen(l->dht->router, &s->server, server_key), 0);
}

static void set_route(dht_lone *l, const ic__addr *relay)
{
    ic__dht_peer peer = {.relay_count = 0};
    memcpy(peer.public_key, server_key, sizeof peer.public_key);
    assert_int_equal(ic__router_set_route(l->dht->router, target, relay, &peer), 0);
}

static void prepare(dht_lone *l, local *s, const json_t *v)
{
    const json_t *route = json_object_get(v, "route");
    const ic__addr near = dht_addr("10.0.0.12", 49737);
    const ic__addr far = dht_addr("10.0.0.11", 49737);
    *s = (local){.mute = false};
    assert_int_equal(dht_lone_init(l, NULL), 0);
    dht_lone_meet(l, &near);
    dht_lone_meet(l, &far);
    if (json_is_string(route))
        open_server(l, s);
    else if (json_is_object(route)) {
        const ic__addr relay = dht_json_addr(json_object_get(route, "relay"));
        set_route(l, &relay);
    }
    dht_lone_forget(l);
}

static void every_rule_of_forwarding_gives_the_bytes_of_javascript(void **state)
{
    size_t i;
    json_t *v;
    json_array_foreach(json_object_get(vectors, "router"), i, v)
    {
        dht_lone l;
        local s;
        size_t len;
        uint8_t *in = vectors_bytes(v, "incoming", &len);
        const json_t *out = json_array_get(json_object_get(v, "outgoing"), 0);
        const ic__addr from = dht_json_addr(json_object_get(v, "from"));
        prepare(&l, &s, v);
        dht_lone_recv(&l, &from, in, len);
        if (l.sent_count != (out ? 1 : 0))
            fail_msg("%s: %zu datagrams", vectors_text(v, "name"), l.sent_count);
        if (out) {
            const ic__addr to = dht_json_addr(json_object_get(out, "to"));
            size_t expected_len;
            uint8_t *expected = vectors_bytes(out, "hex", &expected_len);
            assert_true(ic__addr_equal(&l.sent[0].to, &to));
            assert_int_equal(l.sent[0].len, expected_len);
            assert_memory_equal(l.sent[0].data, expected, expected_len);
            free(expected);
        }
        free(in);
        dht_lone_free(&l);
    }
    assert_int_equal(i, 17);
}

/* A request of either command, as decoded fields. */
static void send_handshake(dht_lone *l, const ic__addr *from, const ic__dht_handshake *m)
{
    uint8_t value[256];
    ic__wr w = ic__wr_of(value, sizeof value);
    uint8_t bytes[512];
    ic__dht_handshake_write(&w, m);
    const ic__rpc_message request = {.type = IC__RPC_REQUEST,
                                     .tid = 7,
                                     .to = l->address,
                                     .command = IC__DHT_PEER_HANDSHAKE,
                                     .target = target,
                                     .value = value,
                                     .value_len = w.len};
    dht_lone_forget(l);
    dht_lone_recv(l, from, bytes, ic__rpc_message_write(&request, bytes, sizeof bytes));
}

static void a_server_hears_who_asks_and_how(void **state)
{
    dht_lone l;
    local s;
    const ic__addr client = dht_addr("5.5.5.5", 5001);
    const ic__addr relay = dht_addr("6.6.6.6", 6001);
    const ic__addr second = dht_addr("7.7.7.7", 7001);
    assert_int_equal(dht_lone_init(&l, NULL), 0);
    open_server(&l, &s);
    const ic__dht_handshake direct = {.mode = IC__DHT_FROM_CLIENT,
                                      .noise = target,
                                      .noise_len = 9,
                                      .peer_address = second};
    send_handshake(&l, &client, &direct);
    assert_int_equal(s.handshakes, 1);
    assert_int_equal(s.handshake.peer_address.family, 0);
    assert_true(ic__addr_equal(&s.handshake.from, &client));
    assert_true(ic__addr_equal(&s.handshake.to, &l.address));
    assert_int_equal(s.handshake.noise_len, 9);
    const ic__dht_handshake relayed = {.mode = IC__DHT_FROM_SECOND_RELAY,
                                       .noise = target,
                                       .noise_len = 9,
                                       .peer_address = client,
                                       .relay_address = relay};
    send_handshake(&l, &second, &relayed);
    assert_int_equal(s.handshakes, 2);
    assert_true(ic__addr_equal(&s.handshake.from, &second));
    assert_true(ic__addr_equal(&s.handshake.peer_address, &client));
    assert_true(ic__addr_equal(&s.handshake.relay_address, &relay));
    assert_true(ic__addr_equal(&l.sent[0].to, &relay));
    dht_lone_free(&l);
}

/* Field lesson 1: to a relay it is a request, first byte 0x03; from a puncher's socket
 * when the server names one. */
static void an_answer_may_come_late_and_from_another_socket(void **state)
{
    dht_lone l;
    local s;
    const ic__addr client = dht_addr("5.5.5.5", 5001);
    const ic__addr relay = dht_addr("6.6.6.6", 6001);
    assert_int_equal(dht_lone_init(&l, NULL), 0);
    open_server(&l, &s);
    s.mute = true;
    const ic__dht_handshake m = {.mode = IC__DHT_FROM_RELAY,
                                 .noise = target,
                                 .noise_len = 1,
                                 .peer_address = client};
    send_handshake(&l, &relay, &m);
    assert_int_equal(l.sent_count, 0);
    dht_lone_wait(&l, IC__SEC);
    dht_lone_forget(&l);
    ic__router_answer_handshake(l.dht->router, &s.back, 9, target, 3);
    assert_int_equal(l.sent_count, 1);
    assert_int_equal(l.sent[0].sock, 9);
    assert_int_equal(l.sent[0].data[0], IC__RPC_REQUEST);
    assert_true(ic__addr_equal(&l.sent[0].to, &relay));
    dht_lone_free(&l);
}

/* Field lesson 8: silence refuses; the node does not say for it that it lives here. */
static void a_server_that_refuses_is_silent(void **state)
{
    dht_lone l;
    local s;
    const ic__addr client = dht_addr("5.5.5.5", 5001);
    assert_int_equal(dht_lone_init(&l, NULL), 0);
    open_server(&l, &s);
    s.mute = true;
    const ic__dht_handshake m = {
        .mode = IC__DHT_FROM_CLIENT, .noise = target, .noise_len = 1};
    send_handshake(&l, &client, &m);
    assert_int_equal(s.handshakes, 1);
    dht_lone_wait(&l, 100 * IC__MS);
    assert_int_equal(l.sent_count, 0);
    dht_lone_free(&l);
}

/* Section 4: "local servers cannot be overwritten by an announce" */
static void a_route_never_takes_the_place_of_a_server_of_ours(void **state)
{
    dht_lone l;
    local s;
    local twin;
    const ic__addr elsewhere = dht_addr("6.6.6.6", 6001);
    const ic__dht_peer peer = {.relay_count = 0};
    ic__addr relay;
    assert_int_equal(dht_lone_init(&l, NULL), 0);
    open_server(&l, &s);
    assert_int_equal(ic__router_set_route(l.dht->router, target, &elsewhere, &peer),
                     IC_ERR_EXISTS);
    assert_false(ic__router_route(l.dht->router, target, &relay));
    twin = s;
    assert_int_equal(ic__router_listen(l.dht->router, &twin.server, server_key),
                     IC_ERR_EXISTS);
    ic__router_unlisten(l.dht->router, &twin.server);
    ic__dht_peer found;
    assert_true(ic__router_peer(l.dht->router, target, &found));
    ic__router_unlisten(l.dht->router, &s.server);
    assert_false(ic__router_peer(l.dht->router, target, &found));
    dht_lone_free(&l);
}

/* "20 min; reading refreshes" */
static void a_route_that_is_used_stays(void **state)
{
    dht_lone l;
    const uint64_t minutes = 60 * IC__SEC;
    const ic__addr server = dht_addr("6.6.6.6", 6001);
    const ic__addr client = dht_addr("5.5.5.5", 5001);
    const ic__dht_handshake m = {
        .mode = IC__DHT_FROM_CLIENT, .noise = target, .noise_len = 1};
    assert_int_equal(dht_lone_init(&l, NULL), 0);
    set_route(&l, &server);
    dht_lone_wait(&l, 19 * minutes);
    send_handshake(&l, &client, &m);
    assert_true(ic__addr_equal(&l.sent[0].to, &server));
    dht_lone_wait(&l, 19 * minutes);
    send_handshake(&l, &client, &m);
    assert_true(ic__addr_equal(&l.sent[0].to, &server));
    dht_lone_wait(&l, 20 * minutes);
    send_handshake(&l, &client, &m);
    assert_true(ic__addr_equal(&l.sent[0].to, &client));
    dht_lone_wait(&l, 2 * minutes);
    assert_int_equal(ic__router_route_count(l.dht->router), 0);
    dht_lone_free(&l);
}

/* Section 15: nobody is made to receive what no machine can ask for. */
static void nothing_is_passed_on_to_addresses_that_nobody_has(void **state)
{
    static const struct {
        const char *ip;
        uint16_t port;
    } nowhere[] = {
        {"9.9.9.9", 0}, {"224.0.0.1", 5}, {"255.255.255.255", 5}, {"0.0.0.0", 5}};
    dht_lone l;
    const ic__addr from = dht_addr("5.5.5.5", 5001);
    assert_int_equal(dht_lone_init(&l, NULL), 0);
    for (size_t i = 0; i < sizeof nowhere / sizeof nowhere[0]; i++) {
        const ic__addr to = dht_addr(nowhere[i].ip, nowhere[i].port);
        const ic__dht_handshake reply = {.mode = IC__DHT_FROM_SERVER,
                                         .noise = target,
                                         .noise_len = 1,
                                         .peer_address = to};
        const ic__dht_handshake onward = {.mode = IC__DHT_FROM_CLIENT,
                                          .noise = target,
                                          .noise_len = 1,
                                          .relay_address = to};
        send_handshake(&l, &from, &reply);
        assert_int_equal(l.sent_count, 0);
        send_handshake(&l, &from, &onward);
        assert_int_equal(l.sent_count, 1);
        assert_true(ic__addr_equal(&l.sent[0].to, &from));
    }
    dht_lone_free(&l);
}

/* Section 15: "a node forwards one packet to any address": one for one, no larger but
 * for two addresses and our id. */
static void a_forwarded_packet_is_hardly_larger_than_it_came(void **state)
{
    dht_lone l;
    uint8_t noise[200] = {0};
    const ic__addr from = dht_addr("5.5.5.5", 5001);
    const ic__addr victim = dht_addr("8.8.8.8", 53);
    const ic__dht_handshake m = {.mode = IC__DHT_FROM_CLIENT,
                                 .noise = noise,
                                 .noise_len = sizeof noise,
                                 .relay_address = victim};
    assert_int_equal(dht_lone_init(&l, NULL), 0);
    send_handshake(&l, &from, &m);
    assert_int_equal(l.sent_count, 1);
    assert_true(ic__addr_equal(&l.sent[0].to, &victim));
    /* As it came, and our id. */
    const size_t head = 1 + 1 + 2 + 6 + 1 + IC__DHT_KEY_BYTES;
    const size_t value = 1 + 1 + 1 + 1 + sizeof noise + 6;
    assert_int_equal(l.sent[0].len, head + value + IC__DHT_KEY_BYTES);
    dht_lone_free(&l);
}

/* Section 15: a flood of routes from one host stays within its share, and the table
 * within its size. */
static void routes_are_bounded_by_host_and_in_all(void **state)
{
    dht_lone l;
    ic__dht_options opts;
    ic__dht_options_default(&opts);
    opts.max_routes = 100;
    opts.max_stored_host = 10;
    assert_int_equal(dht_lone_init(&l, &opts), 0);
    for (unsigned i = 0; i < 1000; i++) {
        uint8_t key[IC__DHT_KEY_BYTES] = {(uint8_t)i, (uint8_t)(i >> 8)};
        const ic__addr from = {
            .ip = {10, 1, 0, (uint8_t)(i % 40)}, .port = 1, .family = 4};
        const ic__dht_peer peer = {.relay_count = 0};
        int err = ic__router_set_route(l.dht->router, key, &from, &peer);
        assert_true(err == 0 || err == IC_ERR_LIMIT);
        assert_true(ic__router_route_count(l.dht->router) <= 100);
    }
    for (unsigned i = 0; i < 20; i++) {
        uint8_t key[IC__DHT_KEY_BYTES] = {1, 2, 3, (uint8_t)i};
        const ic__addr from = dht_addr("10.2.0.1", (uint16_t)(1 + i));
        const ic__dht_peer peer = {.relay_count = 0};
        assert_int_equal(ic__router_set_route(l.dht->router, key, &from, &peer),
                         i < 10 ? 0 : IC_ERR_LIMIT);
    }
    dht_lone_free(&l);
}

/* Section 15, relay floods: one host has so much passed on in a second, another one is
 * still served. */
static void a_flood_is_passed_on_only_in_part(void **state)
{
    dht_lone l;
    ic__dht_options opts;
    const ic__addr flooder = dht_addr("5.5.5.5", 5001);
    const ic__addr honest = dht_addr("5.5.5.6", 5001);
    const ic__dht_handshake m = {.mode = IC__DHT_FROM_CLIENT,
                                 .noise = target,
                                 .noise_len = 1,
                                 .relay_address = dht_addr("8.8.8.8", 53)};
    size_t sent = 0;
    ic__dht_options_default(&opts);
    opts.rpc.max_replies_per_second = 50;
    assert_int_equal(dht_lone_init(&l, &opts), 0);
    for (size_t i = 0; i < 500; i++) {
        send_handshake(&l, &flooder, &m);
        sent += l.sent_count;
    }
    assert_int_equal(sent, 50);
    send_handshake(&l, &honest, &m);
    assert_int_equal(l.sent_count, 1);
    dht_lone_wait(&l, IC__SEC);
    send_handshake(&l, &flooder, &m);
    assert_int_equal(l.sent_count, 1);
    dht_lone_free(&l);
}

static void garbage_is_counted_and_dropped(void **state)
{
    dht_lone l;
    const ic__addr from = dht_addr("5.5.5.5", 5001);
    static const uint8_t bad[] = {0, 0, 200, 1};
    assert_int_equal(dht_lone_init(&l, NULL), 0);
    for (uint32_t command = 0; command <= 1; command++) {
        const ic__rpc_message no_target = {
            .command = command, .value = bad, .value_len = sizeof bad};
        const ic__rpc_message no_value = {.command = command, .target = target};
        const ic__rpc_message cut = {
            .command = command, .target = target, .value = bad, .value_len = sizeof bad};
        assert_null(dht_lone_ask(&l, &from, &no_target));
        assert_null(dht_lone_ask(&l, &from, &no_value));
        assert_null(dht_lone_ask(&l, &from, &cut));
    }
    assert_int_equal(ic__router_get_stats(l.dht->router).dropped_malformed, 6);
    dht_lone_free(&l);
}

static int load(void **state)
{
    vectors = vectors_load("hyperdht.json");
    const json_t *server = json_object_get(json_object_get(vectors, "keys"), "server");
    dht_json_key(server, "publicKey", server_key, sizeof server_key);
    dht_json_key(server, "hash", target, sizeof target);
    return 0;
}

static int unload(void **state)
{
    json_decref(vectors);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_of_forwarding_gives_the_bytes_of_javascript),
        cmocka_unit_test(a_server_hears_who_asks_and_how),
        cmocka_unit_test(an_answer_may_come_late_and_from_another_socket),
        cmocka_unit_test(a_server_that_refuses_is_silent),
        cmocka_unit_test(a_route_never_takes_the_place_of_a_server_of_ours),
        cmocka_unit_test(a_route_that_is_used_stays),
        cmocka_unit_test(nothing_is_passed_on_to_addresses_that_nobody_has),
        cmocka_unit_test(a_forwarded_packet_is_hardly_larger_than_it_came),
        cmocka_unit_test(routes_are_bounded_by_host_and_in_all),
        cmocka_unit_test(a_flood_is_passed_on_only_in_part),
        cmocka_unit_test(garbage_is_counted_and_dropped),
    };
    return cmocka_run_group_tests_name("dht/router", tests, load, unload);
}
