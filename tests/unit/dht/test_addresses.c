/* docs/spec/06-hyperdht.md, sections 6 and 10 */
#include <stdio.h>

#include "dht/addresses.h"
#include "dht_addr.h"
#include "unit.h"
#include "vectors.h"

#define LIST_MAX 8

static void every_address_of_the_vectors_is_in_its_class(void **state)
{
    json_t *file = vectors_load("hyperdht.json");
    const json_t *one;
    size_t i;
    json_array_foreach(json_object_get(file, "bogons"), i, one)
    {
        ic__addr a = dht_addr(vectors_text(one, "ip"), 1);
        assert_int_equal(ic__addr_is_private(&a),
                         json_is_true(json_object_get(one, "private")));
        assert_int_equal(ic__addr_is_reserved(&a),
                         json_is_true(json_object_get(one, "reserved")));
        assert_int_equal(ic__addr_is_bogon(&a),
                         json_is_true(json_object_get(one, "bogon")));
    }
    assert_true(i > 0);
    json_decref(file);
}

static size_t list_of(const json_t *texts, ic__addr out[LIST_MAX])
{
    for (size_t i = 0; i < json_array_size(texts); i++)
        out[i] = dht_addr(json_string_value(json_array_get(texts, i)), 1);
    return json_array_size(texts);
}

static void the_best_match_is_that_of_the_vectors(void **state)
{
    json_t *file = vectors_load("hyperdht.json");
    const json_t *one;
    size_t i;
    json_array_foreach(json_object_get(file, "matchAddress"), i, one)
    {
        ic__addr mine[LIST_MAX];
        ic__addr theirs[LIST_MAX];
        size_t mine_count = list_of(json_object_get(one, "mine"), mine);
        size_t theirs_count = list_of(json_object_get(one, "theirs"), theirs);
        const char *match = json_string_value(json_object_get(one, "match"));
        const ic__addr *got = ic__addr_match(mine, mine_count, theirs, theirs_count);
        if (!match) {
            assert_null(got);
            continue;
        }
        ic__addr want = dht_addr(match, 1);
        assert_non_null(got);
        assert_true(ic__addr_equal(got, &want));
    }
    assert_true(i > 0);
    json_decref(file);
}

static void a_peer_cannot_make_us_send_to_what_is_no_host(void **state)
{
    const char *const no_hosts[] = {"0.0.0.0", "0.1.2.3", "224.0.0.1", "255.255.255.255"};
    for (size_t i = 0; i < sizeof no_hosts / sizeof no_hosts[0]; i++) {
        ic__addr a = dht_addr(no_hosts[i], 1000);
        assert_false(ic__addr_is_sendable(&a));
    }
    ic__addr good = dht_addr("127.0.0.1", 1000);
    assert_true(ic__addr_is_sendable(&good));
    good.port = 0;
    assert_false(ic__addr_is_sendable(&good));
    ic__addr six = {.family = 6, .port = 1};
    assert_false(ic__addr_is_sendable(&six));
    assert_false(ic__addr_is_bogon(&six));
}

typedef struct floor_of {
    ic__addr bound;
    ic__addr interfaces[2];
} floor_of;

static ic__addr bound_to(void *user, uint32_t sock)
{
    assert_int_equal(sock, IC__DHT_SERVER_SOCKET);
    return ((floor_of *)user)->bound;
}

static size_t interfaces_of(void *user, ic__addr *out, size_t cap)
{
    assert_true(cap >= 2);
    memcpy(out, ((floor_of *)user)->interfaces, 2 * sizeof *out);
    return 2;
}

static void a_socket_bound_anywhere_offers_every_interface(void **state)
{
    floor_of f = {
        .bound = dht_addr("0.0.0.0", 500),
        .interfaces = {dht_addr("10.0.0.1", 0), dht_addr("192.0.2.2", 0)},
    };
    const ic__dht_host host = {
        .socket_address = bound_to, .interfaces = interfaces_of, .user = &f};
    ic__addr out[LIST_MAX];
    assert_int_equal(ic__local_addresses(&host, out, LIST_MAX), 2);
    assert_int_equal(out[0].port, 500);
    assert_true(ic__addr_same_host(&out[1], &f.interfaces[1]));
    assert_int_equal(ic__local_addresses(&host, out, 0), 0);
}

static void a_socket_bound_to_one_address_offers_that_one(void **state)
{
    floor_of f = {.bound = dht_addr("127.0.0.1", 500)};
    const ic__dht_host host = {
        .socket_address = bound_to, .interfaces = interfaces_of, .user = &f};
    ic__addr out[LIST_MAX];
    assert_int_equal(ic__local_addresses(&host, out, LIST_MAX), 1);
    assert_true(ic__addr_equal(&out[0], &f.bound));
    assert_true(ic__addr_is_loopback(&out[0]));
    assert_true(ic__addr_host_in(&f.bound, out, 1));
    assert_false(ic__addr_host_in(&f.interfaces[0], out, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_address_of_the_vectors_is_in_its_class),
        cmocka_unit_test(the_best_match_is_that_of_the_vectors),
        cmocka_unit_test(a_peer_cannot_make_us_send_to_what_is_no_host),
        cmocka_unit_test(a_socket_bound_anywhere_offers_every_interface),
        cmocka_unit_test(a_socket_bound_to_one_address_offers_that_one),
    };
    return cmocka_run_group_tests_name("dht/addresses", tests, NULL, NULL);
}
