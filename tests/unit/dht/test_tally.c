/* docs/field-lessons.md, 20 */
#include "dht/tally.h"
#include "dht_addr.h"
#include "fail_alloc.h"
#include "fake_clock.h"
#include "intercom/error.h"
#include "unit.h"

static void init(ic__tally *t, uint32_t max, uint32_t max_host)
{
    fake_clock clock;
    fake_clock_init(&clock, 1);
    const ic_env env = fake_clock_env(&clock);
    ic__tally_init(t, &env, max, max_host);
}

static void a_host_is_refused_above_its_limit_and_others_are_not(void **state)
{
    ic__tally t;
    ic__addr a = dht_addr("10.0.0.1", 1);
    ic__addr b = dht_addr("10.0.0.2", 1);
    init(&t, 5, 2);
    assert_int_equal(ic__tally_add(&t, &a), 0);
    a.port = 2;
    assert_int_equal(ic__tally_add(&t, &a), 0);
    assert_int_equal(ic__tally_add(&t, &a), IC_ERR_LIMIT);
    assert_int_equal(ic__tally_add(&t, &b), 0);
    ic__tally_remove(&t, &a);
    assert_int_equal(ic__tally_add(&t, &a), 0);
    ic__tally_free(&t);
}

static void all_together_are_limited(void **state)
{
    ic__tally t;
    char ip[16] = "10.0.0.1";
    init(&t, 3, 0);
    for (int i = 0; i < 3; i++) {
        ip[7] = (char)('1' + i);
        const ic__addr a = dht_addr(ip, 1);
        assert_int_equal(ic__tally_add(&t, &a), 0);
    }
    const ic__addr last = dht_addr("10.0.0.9", 1);
    assert_int_equal(ic__tally_add(&t, &last), IC_ERR_LIMIT);
    assert_int_equal(t.count, 3);
    assert_int_equal(t.hosts.count, 3);
    const ic__addr first = dht_addr("10.0.0.1", 1);
    ic__tally_remove(&t, &first);
    assert_int_equal(t.hosts.count, 2);
    assert_int_equal(ic__tally_add(&t, &last), 0);
    ic__tally_free(&t);
}

static void add_some(void *arg)
{
    ic__tally t;
    uint32_t added = 0;
    init(&t, 100, 0);
    for (uint16_t i = 1; i < 40; i++) {
        const ic__addr a = {.family = 4, .ip = {10, 0, 0, (uint8_t)i}, .port = 1};
        int err = ic__tally_add(&t, &a);
        assert_true(err == 0 || err == IC_ERR_NOMEM);
        added += err == 0;
    }
    assert_int_equal(t.count, added);
    ic__tally_free(&t);
}

static void what_found_no_memory_is_not_counted(void **state)
{
    fail_alloc_each(add_some, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_is_refused_above_its_limit_and_others_are_not),
        cmocka_unit_test(all_together_are_limited),
        cmocka_unit_test(what_found_no_memory_is_not_counted),
    };
    return cmocka_run_group_tests_name("dht/tally", tests, NULL, NULL);
}
