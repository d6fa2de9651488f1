/* docs/spec/05-dht-rpc.md, section 11 (sampler), against tests/vectors/dht-rpc.json. */
#include "dht/sampler.h"
#include "dht_addr.h"
#include "fake_random.h"
#include "unit.h"
#include "vectors.h"

static void expect_trace(const json_t *trace)
{
    ic__sampler s = {0};
    size_t i;
    json_t *v;

    json_array_foreach(trace, i, v)
    {
        const json_t *add = json_object_get(v, "add");
        const json_t *host = json_object_get(v, "host");
        ic__addr sample = dht_addr(json_string_value(json_array_get(add, 0)),
                                   (uint16_t)json_integer_value(json_array_get(add, 1)));
        assert_int_equal(ic__sampler_add(&s, &sample),
                         json_integer_value(json_object_get(v, "hits")));
        assert_int_equal(s.size, json_integer_value(json_object_get(v, "size")));
        assert_int_equal(s.address.port, json_integer_value(json_object_get(v, "port")));
        assert_int_equal(s.address.family, json_is_null(host) ? 0 : 4);
        if (!json_is_null(host)) {
            ic__addr expected = dht_addr(json_string_value(host), s.address.port);
            assert_true(ic__addr_equal(&s.address, &expected));
        }
    }
}

static void samples_are_believed_as_in_javascript(void **state)
{
    json_t *root = vectors_load("dht-rpc.json");
    const char *name;
    json_t *trace;
    json_object_foreach(json_object_get(root, "natSampler"), name, trace)
        expect_trace(trace);
    json_decref(root);
}

/* Section 13: whoever lies alone is not believed. */
static void thirteen_of_sixteen_must_agree(void **state)
{
    ic__addr truth = dht_addr("5.5.5.5", 1000);
    ic__addr lie = dht_addr("6.6.6.6", 1000);
    ic__sampler s = {0};
    for (int i = 0; i < 16; i++)
        (void)ic__sampler_add(&s, i % 5 == 1 ? &lie : &truth); /* 3 lies */
    assert_true(ic__addr_equal(&s.address, &truth));
    (void)ic__sampler_add(&s, &lie);
    assert_int_equal(s.address.family, 0);
}

static void samples_of_any_kind_stay_in_their_ring(void **state)
{
    ic__sampler s = {0};
    fake_random random;
    fake_random_init(&random, 9);
    for (int i = 0; i < 100000; i++) {
        ic__addr sample = {.family = 4};
        unsigned hits = 0;
        sample.ip[0] = (uint8_t)fake_random_below(&random, 4);
        sample.port = (uint16_t)fake_random_below(&random, 6);
        (void)ic__sampler_add(&s, &sample);
        for (size_t k = 0; k < IC__SAMPLER_SIZE + 2; k++)
            hits += s.cells[0][k].hits;
        assert_int_equal(hits, s.size);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_are_believed_as_in_javascript),
        cmocka_unit_test(thirteen_of_sixteen_must_agree),
        cmocka_unit_test(samples_of_any_kind_stay_in_their_ring),
    };
    return cmocka_run_group_tests_name("dht/sampler", tests, NULL, NULL);
}
