/* docs/spec/06-hyperdht.md, section 5 (relay address cache) */
#include <string.h>

#include "dht/relay_cache.h"
#include "dht_addr.h"
#include "fail_alloc.h"
#include "unit.h"

static void key_of(uint32_t number, uint8_t key[IC__DHT_KEY_BYTES])
{
    memset(key, 7, IC__DHT_KEY_BYTES);
    memcpy(key, &number, sizeof number);
}

static void set(ic__relay_cache *c, uint32_t number, size_t relays)
{
    uint8_t key[IC__DHT_KEY_BYTES];
    ic__addr list[5];
    for (size_t i = 0; i < 5; i++)
        list[i] = dht_addr("20.0.0.1", (uint16_t)(number + i + 1));
    key_of(number, key);
    ic__relay_cache_set(c, key, list, relays);
}

static const ic__dht_peer *get(ic__relay_cache *c, uint32_t number)
{
    uint8_t key[IC__DHT_KEY_BYTES];
    key_of(number, key);
    return ic__relay_cache_get(c, key);
}

static void the_last_three_nodes_of_a_peer_are_remembered(void **state)
{
    ic__relay_cache c = {0};
    assert_null(get(&c, 1));
    set(&c, 1, 0);
    assert_null(get(&c, 1));
    set(&c, 1, 1);
    set(&c, 1, 5);
    assert_int_equal(get(&c, 1)->relay_count, IC__DHT_RELAYS_MAX);
    assert_int_equal(get(&c, 1)->relays[2].port, 4);
    assert_int_equal(c.count, 1);
    ic__relay_cache_free(&c);
}

static void the_peer_used_longest_ago_makes_room(void **state)
{
    ic__relay_cache c = {0};
    for (uint32_t i = 0; i < IC__RELAY_CACHE_MAX; i++)
        set(&c, i, 1);
    assert_non_null(get(&c, 0));
    set(&c, IC__RELAY_CACHE_MAX, 1);
    assert_int_equal(c.count, IC__RELAY_CACHE_MAX);
    assert_non_null(get(&c, 0));
    assert_null(get(&c, 1));
    assert_non_null(get(&c, IC__RELAY_CACHE_MAX));
    ic__relay_cache_free(&c);
}

static void remember_some(void *arg)
{
    ic__relay_cache c = {0};
    for (uint32_t i = 0; i < 40; i++)
        set(&c, i, 2);
    ic__relay_cache_free(&c);
}

static void without_memory_it_forgets(void **state)
{
    fail_alloc_each(remember_some, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_three_nodes_of_a_peer_are_remembered),
        cmocka_unit_test(the_peer_used_longest_ago_makes_room),
        cmocka_unit_test(without_memory_it_forgets),
    };
    return cmocka_run_group_tests_name("dht/relay_cache", tests, NULL, NULL);
}
