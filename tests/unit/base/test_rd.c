#include <string.h>

#include "base/rd.h"
#include "base/wr.h"
#include "unit.h"

static void numbers_come_back_as_written(void **state)
{
    uint8_t bytes[21];
    ic__wr w = ic__wr_of(bytes, sizeof bytes);
    ic__wr_u8(&w, 0xfe);
    ic__wr_u16le(&w, 0x1234);
    ic__wr_u32le(&w, 0xdeadbeef);
    ic__wr_u64le(&w, UINT64_C(0x0102030405060708));
    ic__wr_u32be(&w, 0xdeadbeef);
    ic__wr_bytes(&w, "ab", 2);
    assert_false(w.bad);
    assert_int_equal(w.len, sizeof bytes);
    assert_memory_equal(bytes + 1, "\x34\x12\xef\xbe\xad\xde\x08", 7);

    ic__rd r = ic__rd_of(bytes, sizeof bytes);
    assert_int_equal(ic__rd_u8(&r), 0xfe);
    assert_int_equal(ic__rd_u16le(&r), 0x1234);
    assert_int_equal(ic__rd_u32le(&r), 0xdeadbeef);
    assert_int_equal(ic__rd_u64le(&r), UINT64_C(0x0102030405060708));
    assert_int_equal(ic__rd_u32be(&r), 0xdeadbeef);
    assert_false(ic__rd_finish(&r));
    assert_memory_equal(ic__rd_bytes(&r, 2), "ab", 2);
    assert_true(ic__rd_finish(&r));
}

static void a_read_past_the_end_sticks(void **state)
{
    const uint8_t bytes[3] = {1, 2, 3};
    ic__rd r = ic__rd_of(bytes, sizeof bytes);
    assert_int_equal(ic__rd_u32le(&r), 0);
    assert_int_equal(ic__rd_u8(&r), 0);
    assert_null(ic__rd_bytes(&r, 0));
    assert_false(ic__rd_finish(&r));
}

static void a_cut_number_is_zero_not_half(void **state)
{
    const uint8_t bytes[7] = {1, 2, 3, 4, 5, 6, 7};
    ic__rd r = ic__rd_of(bytes, sizeof bytes);
    assert_int_equal(ic__rd_u64le(&r), 0);
    assert_true(r.bad);
}

static void huge_lengths_do_not_wrap(void **state)
{
    uint8_t bytes[4] = {0};
    ic__rd r = ic__rd_of(bytes, sizeof bytes);
    assert_int_equal(ic__rd_u8(&r), 0);
    assert_null(ic__rd_bytes(&r, SIZE_MAX));
    assert_true(r.bad);

    ic__wr w = ic__wr_of(bytes, sizeof bytes);
    ic__wr_u8(&w, 1);
    assert_null(ic__wr_room(&w, SIZE_MAX));
    assert_true(w.bad);
    assert_int_equal(w.len, 1);
    ic__wr_u8(&w, 2);
    assert_int_equal(w.len, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_come_back_as_written),
        cmocka_unit_test(a_read_past_the_end_sticks),
        cmocka_unit_test(a_cut_number_is_zero_not_half),
        cmocka_unit_test(huge_lengths_do_not_wrap),
    };
    return cmocka_run_group_tests_name("base/rd", tests, NULL, NULL);
}
