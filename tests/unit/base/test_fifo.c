#include <string.h>

#include "base/fifo.h"
#include "fail_alloc.h"
#include "fake_random.h"
#include "unit.h"

static uint8_t pattern(uint64_t offset)
{
    return (uint8_t)(offset * 7 + offset / 251);
}

static bool add_pattern(ic__fifo *f, size_t len)
{
    uint8_t bytes[10000];
    for (size_t i = 0; i < len; i++)
        bytes[i] = pattern(f->tail + i);
    return ic__fifo_add(f, bytes, len);
}

static void check_pattern(const ic__fifo *f, uint64_t offset, size_t len)
{
    uint8_t bytes[10000];
    ic__fifo_copy(f, offset, bytes, len);
    for (size_t i = 0; i < len; i++)
        assert_int_equal(bytes[i], pattern(offset + i));
}

static void bytes_keep_their_offset_through_growing_and_wrapping(void **state)
{
    fake_random random;
    fake_random_init(&random, 1);
    ic__fifo f = {0};
    for (int i = 0; i < 2000; i++) {
        assert_true(add_pattern(&f, (size_t)fake_random_below(&random, 9000)));
        size_t len = ic__fifo_len(&f);
        size_t some = len < 10000 ? len : 10000;
        check_pattern(&f, f.tail - some, some);
        check_pattern(&f, f.head, some);
        size_t front;
        const uint8_t *p = ic__fifo_front(&f, &front);
        assert_true(len == 0 ? !p : p[0] == pattern(f.head) && front >= 1);
        ic__fifo_drop(&f, f.head + fake_random_below(&random, len + 1));
    }
    ic__fifo_free(&f);
}

static void a_buffer_gives_its_memory_back_when_empty(void **state)
{
    ic__fifo f = {0};
    for (int i = 0; i < 20; i++)
        assert_true(add_pattern(&f, 10000));
    assert_true(f.cap >= 200000);
    ic__fifo_trim(&f);
    assert_true(f.cap >= 200000); /* not while it holds something */
    ic__fifo_drop(&f, f.tail);
    assert_true(ic__fifo_is_idle(&f));
    ic__fifo_trim(&f);
    assert_false(ic__fifo_is_idle(&f));
    assert_int_equal(f.cap, 0);
    assert_int_equal(f.head, 200000);
    assert_true(add_pattern(&f, 10));
    check_pattern(&f, 200000, 10);
    ic__fifo_free(&f);
}

static void add_and_drop(void *arg)
{
    ic__fifo f = {0};

    for (int i = 0; i < 30; i++) {
        size_t before = ic__fifo_len(&f);
        bool added = add_pattern(&f, 1000);
        assert_int_equal(ic__fifo_len(&f), added ? before + 1000 : before);
        check_pattern(&f, f.head, before < 10000 ? before : 10000);
    }
    ic__fifo_free(&f);
}

static void survives_each_failed_allocation(void **state)
{
    fail_alloc_each(add_and_drop, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_keep_their_offset_through_growing_and_wrapping),
        cmocka_unit_test(a_buffer_gives_its_memory_back_when_empty),
        cmocka_unit_test(survives_each_failed_allocation),
    };
    return cmocka_run_group_tests_name("base/fifo", tests, NULL, NULL);
}
