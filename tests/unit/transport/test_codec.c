/* docs/spec/01-compact-encoding.md; the golden vectors are in test_codec_vectors.c */
#include <stdlib.h>
#include <string.h>

#include "transport/codec.h"
#include "unit.h"

/* Section 2.1 */
static void the_shortest_form_is_written_at_each_border(void **state)
{
    static const struct {
        uint64_t value;
        size_t size;
    } borders[] = {
        {0, 1},       {0xfc, 1},       {0xfd, 3},        {0xffff, 3},
        {0x10000, 5}, {0xffffffff, 5}, {0x100000000, 9}, {IC__UINT_MAX, 9},
    };
    for (size_t i = 0; i < sizeof borders / sizeof borders[0]; i++) {
        uint8_t bytes[9];
        ic__wr w = ic__wr_of(bytes, sizeof bytes);
        ic__wr_uint(&w, borders[i].value);
        assert_int_equal(w.len, borders[i].size);
        assert_int_equal(ic__uint_size(borders[i].value), borders[i].size);
        for (size_t len = 0; len <= w.len; len++) {
            uint8_t *cut = malloc(len ? len : 1);
            assert_non_null(cut);
            memcpy(cut, bytes, len);
            ic__rd r = ic__rd_of(cut, len);
            assert_int_equal(ic__rd_uint(&r), len == w.len ? borders[i].value : 0);
            assert_int_equal(r.bad, len != w.len);
            free(cut);
        }
    }
}

/* Section 2.2: a value too wide is a bug of the caller, not bits that vanish. */
static void a_value_too_wide_turns_the_writer_bad(void **state)
{
    uint8_t bytes[9];
    for (size_t width = 1; width < 7; width++) {
        ic__wr w = ic__wr_of(bytes, sizeof bytes);
        ic__wr_uint_le(&w, (UINT64_C(1) << 8 * width) - 1, width);
        assert_int_equal(w.len, width);
        ic__wr_uint_le(&w, UINT64_C(1) << 8 * width, width);
        assert_true(w.bad);
    }
    ic__wr w = ic__wr_of(bytes, sizeof bytes);
    ic__wr_uint64be(&w, IC__UINT_MAX + 1);
    assert_true(w.bad);
    w = ic__wr_of(bytes, sizeof bytes);
    ic__wr_lexint(&w, UINT64_C(1) << 32);
    assert_true(w.bad);
    w = ic__wr_of(bytes, sizeof bytes);
    ic__wr_bitfield(&w, 8, 3);
    assert_true(w.bad);
    w = ic__wr_of(bytes, sizeof bytes);
    const ic__addr nowhere = {.family = 0};
    ic__wr_addr(&w, &nowhere);
    assert_true(w.bad);
}

/* Section 2.3 */
static void zigzag_maps_the_extremes(void **state)
{
    assert_int_equal(ic__zigzag(INT64_MIN), UINT64_MAX);
    assert_int_equal(ic__zigzag(INT64_MAX), UINT64_MAX - 1);
    assert_int_equal(ic__unzigzag(UINT64_MAX), INT64_MIN);
    assert_int_equal(ic__unzigzag(UINT64_MAX - 1), INT64_MAX);
    assert_int_equal(ic__zigzag(IC__INT_MIN), IC__UINT_MAX);
    assert_int_equal(ic__zigzag(IC__INT_MAX), IC__UINT_MAX - 1);
}

/* Section 8: a length near 2^53 is compared with the bytes left, never added to. */
static void a_length_beyond_the_input_or_its_ceiling_is_refused(void **state)
{
    static const uint8_t huge[] = {0xff, 0xff, 0xff, 0xff, 0xff,
                                   0xff, 0xff, 0x1f, 0,    'x'};
    static const uint8_t five[] = {5, 'h', 'e', 'l', 'l', 'o'};
    size_t len = 77;
    ic__rd r = ic__rd_of(huge, sizeof huge);
    assert_null(ic__rd_buffer(&r, SIZE_MAX, &len));
    assert_int_equal(len, 0);
    assert_true(r.bad);
    r = ic__rd_of(huge, sizeof huge);
    (void)ic__rd_frame(&r);
    assert_true(r.bad);
    r = ic__rd_of(five, sizeof five);
    assert_null(ic__rd_buffer(&r, 4, &len));
    assert_true(r.bad);
    r = ic__rd_of(five, sizeof five);
    assert_memory_equal(ic__rd_buffer(&r, 5, &len), "hello", 5);
    assert_int_equal(len, 5);
}

/* Section 8: nobody allocates for elements that are not there. */
static void a_count_that_the_input_cannot_hold_is_refused(void **state)
{
    static const uint8_t bytes[] = {3, 1, 2, 3, 4, 5, 6};
    ic__rd r = ic__rd_of(bytes, sizeof bytes);
    assert_int_equal(ic__rd_count(&r, 2, IC__ARRAY_MAX), 3);
    r = ic__rd_of(bytes, sizeof bytes);
    assert_int_equal(ic__rd_count(&r, 3, IC__ARRAY_MAX), 0);
    assert_true(r.bad);
    r = ic__rd_of(bytes, sizeof bytes);
    assert_int_equal(ic__rd_count(&r, 0, 2), 0);
    assert_true(r.bad);
}

/* Section 5 */
static void a_frame_narrows_and_its_rest_is_skipped(void **state)
{
    static const uint8_t bytes[] = {3, 7, 8, 9, 42};
    ic__rd r = ic__rd_of(bytes, sizeof bytes);
    ic__rd inside = ic__rd_frame(&r);
    assert_int_equal(ic__rd_uint(&inside), 7);
    assert_int_equal(inside.left, 2);
    assert_int_equal(ic__rd_uint(&r), 42);
    assert_true(ic__rd_finish(&r));
}

/* Section 6: address in network order, port little-endian */
static void addresses_come_back_as_written(void **state)
{
    uint8_t bytes[64];
    ic__addr four = {.ip = {127, 0, 0, 1}, .port = 49737, .family = 4};
    ic__addr six = {.ip = {0x20, 1, [15] = 1}, .port = 80, .family = 6};
    ic__addr back;
    ic__wr w = ic__wr_of(bytes, sizeof bytes);
    ic__wr_addr(&w, &four);
    ic__wr_addr(&w, &six);
    ic__wr_ip_addr(&w, &four);
    ic__wr_ip_addr(&w, &six);
    assert_int_equal(w.len, 6 + 18 + 7 + 19);
    assert_memory_equal(bytes, "\x7f\x00\x00\x01\x49\xc2", 6);
    ic__rd r = ic__rd_of(bytes, w.len);
    ic__rd_ipv4_addr(&r, &back);
    assert_true(ic__addr_equal(&back, &four));
    ic__rd_ipv6_addr(&r, &back);
    assert_true(ic__addr_equal(&back, &six));
    ic__rd_ip_addr(&r, &back);
    assert_true(ic__addr_equal(&back, &four));
    ic__rd_ip_addr(&r, &back);
    assert_true(ic__addr_equal(&back, &six));
    assert_true(ic__rd_finish(&r));
    ic__rd_ip_addr(&r, &back);
    assert_true(r.bad);
    assert_int_equal(back.family, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shortest_form_is_written_at_each_border),
        cmocka_unit_test(a_value_too_wide_turns_the_writer_bad),
        cmocka_unit_test(zigzag_maps_the_extremes),
        cmocka_unit_test(a_length_beyond_the_input_or_its_ceiling_is_refused),
        cmocka_unit_test(a_count_that_the_input_cannot_hold_is_refused),
        cmocka_unit_test(a_frame_narrows_and_its_rest_is_skipped),
        cmocka_unit_test(addresses_come_back_as_written),
    };
    return cmocka_run_group_tests_name("transport/codec", tests, NULL, NULL);
}
