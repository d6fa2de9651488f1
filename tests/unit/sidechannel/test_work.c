#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fail_alloc.h"
#include "intercom/error.h"
#include "sidechannel/work.h"
#include "unit.h"
#include "vectors.h"

#define ALL UINT64_MAX

/* A text around the nonce of a vector. */
typedef struct around {
    const char *head;
    size_t head_len;
    const char *tail;
} around;

static around split(const json_t *v)
{
    const char *text = vectors_text(v, "powBaseNonce0");
    const char *mark = strstr(text, ",\"nonce\":0,");
    assert_non_null(mark);
    size_t head_len = (size_t)(mark - text) + strlen(",\"nonce\":");
    return (around){text, head_len, text + head_len + 1};
}

static ic__work *work_of(const around *a, uint32_t bits)
{
    ic__work *w = NULL;
    assert_int_equal(
        ic__work_new(a->head, a->head_len, a->tail, strlen(a->tail), bits, &w), 0);
    return w;
}

/* spec/12, 4 */
static void finds_the_nonces_of_the_reference(void **state)
{
    json_t *doc = vectors_load("sidechannel.json");
    json_t *v;
    size_t i;
    json_array_foreach(json_object_get(doc, "payloads"), i, v)
    {
        uint32_t bits = (uint32_t)json_integer_value(json_object_get(v, "difficulty"));
        uint64_t expected = (uint64_t)json_integer_value(json_object_get(v, "nonce"));
        around a = split(v);
        ic__work *w = work_of(&a, bits);
        uint64_t nonce = 0;
        while (!ic__work_run(w, 1000))
            assert_int_equal(ic__work_nonce(w, &nonce), IC_ERR_CANCELED);
        assert_int_equal(ic__work_nonce(w, &nonce), 0);
        assert_int_equal(nonce, expected);
        ic__work_free(w);
        size_t tail_len = strlen(a.tail);
        assert_true(ic__work_check(a.head, a.head_len, a.tail, tail_len, nonce, bits));
        assert_false(ic__work_check(a.head, a.head_len, a.tail, tail_len - 1, nonce, 33));
        uint32_t has = (uint32_t)json_integer_value(json_object_get(v, "powZeroBits"));
        assert_true(ic__work_check(a.head, a.head_len, a.tail, tail_len, nonce, has));
        assert_false(
            ic__work_check(a.head, a.head_len, a.tail, tail_len, nonce, has + 1));
    }
    assert_true(i >= 9);
    json_decref(doc);
}

static uint64_t first_nonce(const char *head, size_t head_len, const char *tail,
                            size_t tail_len, uint32_t bits)
{
    uint64_t nonce = 0;
    while (!ic__work_check(head, head_len, tail, tail_len, nonce, bits))
        nonce++;
    return nonce;
}

/* Many nonces are tried at once, where the texts allow it; the first that does is found.
 */
static void texts_of_every_length_get_their_first_nonce(void **state)
{
    char text[300];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)('a' + i % 23);
    for (size_t head = 0; head < 70; head++) {
        for (size_t tail = 0; tail < 280; tail += 31) {
            ic__work *w = NULL;
            uint64_t nonce = 0;
            assert_int_equal(ic__work_new(text, head, text, tail, 7, &w), 0);
            assert_true(ic__work_run(w, ALL));
            assert_int_equal(ic__work_nonce(w, &nonce), 0);
            assert_int_equal(nonce, first_nonce(text, head, text, tail, 7));
            ic__work_free(w);
        }
    }
}

static void a_search_in_small_steps_finds_the_same(void **state)
{
    for (uint64_t step = 1; step < 20; step++) {
        ic__work *w = NULL;
        uint64_t nonce = 0;
        assert_int_equal(ic__work_new("head", 4, "tail", 4, 9, &w), 0);
        while (!ic__work_run(w, step))
            ;
        assert_int_equal(ic__work_nonce(w, &nonce), 0);
        assert_int_equal(nonce, first_nonce("head", 4, "tail", 4, 9));
        ic__work_free(w);
    }
}

static void zero_bits_are_counted_from_the_first_bit(void **state)
{
    json_t *doc = vectors_load("sidechannel.json");
    json_t *v;
    size_t i;
    json_array_foreach(json_object_get(doc, "zeroBits"), i, v)
    {
        uint8_t hash[IC__WORK_HASH_BYTES];
        char hex[2 * sizeof hash + 1];
        size_t len;
        const char *given = vectors_text(v, "hex");
        json_int_t expected = json_integer_value(json_object_get(v, "bits"));
        memset(hash, 0xff, sizeof hash);
        if (strlen(given) % 2) /* half a byte: what follows does not matter */
            (void)snprintf(hex, sizeof hex, "%sf", given);
        else
            (void)snprintf(hex, sizeof hex, "%s", given);
        uint8_t *bytes = vectors_unhex(hex, &len);
        memcpy(hash, bytes, len);
        free(bytes);
        assert_int_equal(ic__work_zero_bits(hash), expected);
    }
    assert_int_equal(i, 12);
    uint8_t none[IC__WORK_HASH_BYTES] = {0};
    assert_int_equal(ic__work_zero_bits(none), 256);
    json_decref(doc);
}

static void *search(void *work)
{
    return ic__work_run(work, ALL) ? work : NULL;
}

static void a_hopeless_search_is_canceled_from_another_thread(void **state)
{
    const around a = {"head", 4, "tail"};
    ic__work *w = work_of(&a, 257);
    pthread_t thread;
    void *result = NULL;
    uint64_t nonce = 7;
    assert_int_equal(pthread_create(&thread, NULL, search, w), 0);
    ic__work_cancel(w);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_ptr_equal(result, w);
    assert_int_equal(ic__work_nonce(w, &nonce), IC_ERR_CANCELED);
    assert_int_equal(nonce, 7);
    ic__work_free(w);
}

static void who_waits_is_remembered(void **state)
{
    const around a = {"", 0, ""};
    ic__work *w = work_of(&a, 0);
    assert_null(ic__work_user(w));
    ic__work_set_user(w, state);
    assert_ptr_equal(ic__work_user(w), state);
    assert_true(ic__work_run(w, 1));
    ic__work_free(w);
}

static void make_work(void *arg)
{
    ic__work *w;
    if (ic__work_new("a", 1, "b", 1, 1, &w) == 0)
        ic__work_free(w);
}

static void survives_each_failed_allocation(void **state)
{
    fail_alloc_each(make_work, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_nonces_of_the_reference),
        cmocka_unit_test(texts_of_every_length_get_their_first_nonce),
        cmocka_unit_test(a_search_in_small_steps_finds_the_same),
        cmocka_unit_test(zero_bits_are_counted_from_the_first_bit),
        cmocka_unit_test(a_hopeless_search_is_canceled_from_another_thread),
        cmocka_unit_test(who_waits_is_remembered),
        cmocka_unit_test(survives_each_failed_allocation),
    };
    return cmocka_run_group_tests_name("sidechannel/work", tests, NULL, NULL);
}
