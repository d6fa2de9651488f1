/* docs/spec/06-hyperdht.md, section 9; docs/field-lessons.md, 14, 15, 18 */
#include "dht/nat.h"
#include "dht_addr.h"
#include "unit.h"
#include "vectors.h"

static bool add(ic__nat *nat, const char *host, uint16_t port, uint16_t witness)
{
    ic__addr us = dht_addr(host, port);
    ic__addr from = dht_addr("9.9.9.9", witness);
    return ic__nat_add(nat, &us, &from);
}

static void assert_addresses(const ic__nat *nat, const json_t *want)
{
    ic__addr got[IC__NAT_SAMPLES_MAX];
    size_t count = ic__nat_addresses(nat, got, IC__NAT_SAMPLES_MAX);
    assert_int_equal(count, json_array_size(want));
    for (size_t i = 0; i < count; i++) {
        const json_t *one = json_array_get(want, i);
        ic__addr a = dht_addr(vectors_text(one, "host"),
                              (uint16_t)json_integer_value(json_object_get(one, "port")));
        assert_true(ic__addr_equal(&got[i], &a));
    }
}

static void play(const json_t *one)
{
    ic__nat nat;
    const json_t *step;
    size_t i;
    bool firewalled = json_is_true(json_object_get(one, "dhtFirewalled"));
    ic__nat_init(&nat, firewalled);
    json_array_foreach(json_object_get(one, "steps"), i, step)
    {
        const json_t *sample = json_object_get(step, "add");
        const char *host = json_string_value(json_array_get(sample, 0));
        json_int_t port = json_integer_value(json_array_get(sample, 1));
        assert_true(add(&nat, host, (uint16_t)port, (uint16_t)(i + 1)));
        assert_int_equal(nat.sampled,
                         json_integer_value(json_object_get(step, "sampled")));
        assert_int_equal(nat.firewall,
                         json_integer_value(json_object_get(step, "firewall")));
        if (firewalled) /* lesson 18: an open one tells its addresses */
            assert_addresses(&nat, json_object_get(step, "addresses"));
    }
    assert_true(i > 0);
}

static void every_judgement_is_that_of_the_vectors(void **state)
{
    json_t *file = vectors_load("hyperdht.json");
    const json_t *one;
    size_t i;
    json_array_foreach(json_object_get(file, "nat"), i, one)
    {
        play(one);
    }
    assert_true(i > 0);
    json_decref(file);
}

static void a_witness_counts_once(void **state)
{
    ic__nat nat;
    ic__nat_init(&nat, true);
    assert_true(add(&nat, "5.5.5.5", 1, 7));
    assert_false(add(&nat, "5.5.5.5", 1, 7));
    assert_false(add(&nat, "6.6.6.6", 2, 7));
    assert_int_equal(nat.sampled, 1);
}

static void later_samples_demote_a_nat_that_varies(void **state)
{
    ic__nat nat;
    ic__nat_init(&nat, true);
    for (uint16_t i = 1; i <= 3; i++)
        assert_true(add(&nat, "5.5.5.5", 1000, i));
    assert_int_equal(nat.firewall, IC__DHT_FIREWALL_CONSISTENT);
    assert_false(ic__nat_settled(&nat));
    assert_true(add(&nat, "5.5.5.5", 2000, 4));
    assert_true(ic__nat_settled(&nat));
    assert_true(add(&nat, "5.5.5.5", 2001, 5));
    assert_int_equal(nat.firewall, IC__DHT_FIREWALL_CONSISTENT);
    assert_true(add(&nat, "5.5.5.5", 2002, 6));
    assert_int_equal(nat.firewall, IC__DHT_FIREWALL_RANDOM);
}

static void all_addresses_seen_twice_are_told(void **state)
{
    ic__nat nat;
    ic__addr got[IC__NAT_SAMPLES_MAX];
    ic__nat_init(&nat, true);
    for (uint16_t i = 0; i < 6; i++)
        assert_true(add(&nat, "5.5.5.5", (uint16_t)(1000 + i / 2), (uint16_t)(i + 1)));
    nat.firewall = IC__DHT_FIREWALL_CONSISTENT;
    assert_int_equal(ic__nat_addresses(&nat, got, IC__NAT_SAMPLES_MAX), 3);
    assert_int_equal(ic__nat_addresses(&nat, got, 1), 1);
    assert_int_equal(ic__nat_addresses(&nat, got, 0), 0);
}

static void an_open_one_tells_where_it_was_seen(void **state)
{
    ic__nat nat;
    ic__addr got[IC__NAT_SAMPLES_MAX];
    ic__nat_init(&nat, false);
    assert_true(ic__nat_settled(&nat));
    assert_true(add(&nat, "5.5.5.5", 1000, 1));
    assert_int_equal(nat.firewall, IC__DHT_FIREWALL_OPEN);
    assert_int_equal(ic__nat_addresses(&nat, got, IC__NAT_SAMPLES_MAX), 1);
    assert_int_equal(got[0].port, 1000);
    assert_true(ic__firewall_is_consistent(nat.firewall));
}

static void a_frozen_judgement_stays(void **state)
{
    ic__nat nat;
    ic__nat_init(&nat, true);
    for (uint16_t i = 1; i <= 3; i++)
        assert_true(add(&nat, "5.5.5.5", i, i));
    assert_int_equal(nat.firewall, IC__DHT_FIREWALL_RANDOM);
    ic__nat_freeze(&nat);
    for (uint16_t i = 4; i <= 6; i++)
        assert_true(add(&nat, "5.5.5.5", 1, i));
    assert_int_equal(nat.firewall, IC__DHT_FIREWALL_RANDOM);
}

static void more_samples_than_there_is_room_for_are_refused(void **state)
{
    ic__nat nat;
    ic__nat_init(&nat, true);
    for (uint16_t i = 1; i <= IC__NAT_SAMPLES_MAX; i++)
        assert_true(add(&nat, "5.5.5.5", i, i));
    assert_false(add(&nat, "5.5.5.5", 1, 999));
    assert_int_equal(nat.sampled, IC__NAT_SAMPLES_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_judgement_is_that_of_the_vectors),
        cmocka_unit_test(a_witness_counts_once),
        cmocka_unit_test(later_samples_demote_a_nat_that_varies),
        cmocka_unit_test(all_addresses_seen_twice_are_told),
        cmocka_unit_test(an_open_one_tells_where_it_was_seen),
        cmocka_unit_test(a_frozen_judgement_stays),
        cmocka_unit_test(more_samples_than_there_is_room_for_are_refused),
    };
    return cmocka_run_group_tests_name("dht/nat", tests, NULL, NULL);
}
