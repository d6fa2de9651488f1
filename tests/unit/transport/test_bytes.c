#include <string.h>

#include "fail_alloc.h"
#include "transport/bytes.h"
#include "unit.h"

static void add(ic__bytes *b, uint8_t value, size_t n)
{
    uint8_t *room = ic__bytes_room(b, n);
    assert_non_null(room);
    memset(room, value, n);
    ic__bytes_grow(b, n);
}

static void bytes_stay_in_order_and_in_one_piece(void **state)
{
    ic__bytes b = {.data = NULL};
    uint8_t next_in = 0;
    uint8_t next_out = 0;
    for (size_t round = 0; round < 5000; round++) {
        for (size_t i = 0; i < round * 7 % 90; i++)
            add(&b, next_in++, 1);
        size_t n = round * 11 % 89;
        for (size_t i = 0; i < n && b.len; i++) {
            assert_int_equal(*ic__bytes_front(&b), next_out++);
            ic__bytes_take(&b, 1);
        }
        for (size_t i = 0; i < b.len; i++)
            assert_int_equal(ic__bytes_front(&b)[i], (uint8_t)(next_out + i));
    }
    assert_in_range(b.cap, 512, 16384);
    ic__bytes_free(&b);
}

static void room_that_is_not_used_does_not_count(void **state)
{
    ic__bytes b = {.data = NULL};
    assert_null(ic__bytes_front(&b));
    assert_non_null(ic__bytes_room(&b, 0)); /* NULL would mean that memory is out */
    assert_non_null(ic__bytes_room(&b, 100));
    assert_int_equal(b.len, 0);
    add(&b, 7, 3);
    ic__bytes_take(&b, 3);
    assert_null(ic__bytes_front(&b));
    ic__bytes_free(&b);
}

static void a_large_buffer_goes_back_when_it_is_empty(void **state)
{
    ic__bytes b = {.data = NULL};
    add(&b, 1, 1 << 20);
    ic__bytes_trim(&b);
    assert_int_equal(b.len, 1 << 20);
    ic__bytes_take(&b, 1 << 20);
    ic__bytes_trim(&b);
    assert_int_equal(b.cap, 0);
    add(&b, 1, 100);
    ic__bytes_take(&b, 100);
    ic__bytes_trim(&b);
    assert_int_not_equal(b.cap, 0);
    ic__bytes_free(&b);
}

static void what_cannot_be_had_changes_nothing(void **state)
{
    ic__bytes b = {.data = NULL};
    add(&b, 5, 10);
    assert_null(ic__bytes_room(&b, SIZE_MAX));
    assert_null(ic__bytes_room(&b, SIZE_MAX / 2));
    fail_alloc_start(1);
    assert_null(ic__bytes_room(&b, 4096));
    (void)fail_alloc_stop();
    assert_int_equal(b.len, 10);
    assert_int_equal(*ic__bytes_front(&b), 5);
    ic__bytes_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_stay_in_order_and_in_one_piece),
        cmocka_unit_test(room_that_is_not_used_does_not_count),
        cmocka_unit_test(a_large_buffer_goes_back_when_it_is_empty),
        cmocka_unit_test(what_cannot_be_had_changes_nothing),
    };
    return cmocka_run_group_tests_name("transport/bytes", tests, NULL, NULL);
}
