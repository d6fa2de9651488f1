/* docs/spec/06-hyperdht.md, section 5 (sizes and ages) and 15 (store exhaustion) */
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "dht/shelf.h"
#include "dht_addr.h"
#include "fail_alloc.h"
#include "fake_clock.h"
#include "intercom/error.h"
#include "unit.h"

#define AGE (20 * 60 * IC__SEC)

typedef struct thing {
    ic__shelf_item item;
    unsigned number;
} thing;

typedef struct bench {
    fake_clock clock;
    ic__shelf shelf;
    size_t dropped;
    unsigned last_dropped;
} bench;

static void drop(ic__shelf_item *item, void *user)
{
    bench *b = user;
    thing *t = IC__ELEMENT(item, thing, item);
    b->dropped++;
    b->last_dropped = t->number;
    free(t);
}

static void init(bench *b, const ic__shelf_limits *limits)
{
    *b = (bench){.dropped = 0};
    fake_clock_init(&b->clock, 7);
    const ic_env env = fake_clock_env(&b->clock);
    ic__shelf_init(&b->shelf, &env, limits, drop, b);
}

static void key_of(uint8_t key[IC__DHT_KEY_BYTES], unsigned number)
{
    memset(key, 0, IC__DHT_KEY_BYTES);
    memcpy(key, &number, sizeof number);
}

static int put(bench *b, unsigned number, const char *host, size_t bytes, uint64_t now)
{
    const ic__addr from = dht_addr(host, (uint16_t)(1000 + number % 1000));
    thing *t = calloc(1, sizeof *t);
    assert_non_null(t);
    t->number = number;
    t->item.bytes = bytes;
    key_of(t->item.key, number);
    int err = ic__shelf_put(&b->shelf, &t->item, &from, now);
    if (err)
        free(t);
    return err;
}

static thing *get(bench *b, unsigned number, uint64_t now)
{
    uint8_t key[IC__DHT_KEY_BYTES];
    key_of(key, number);
    ic__shelf_item *item = ic__shelf_get(&b->shelf, key, now);
    return item ? IC__ELEMENT(item, thing, item) : NULL;
}

static void what_was_put_is_found_until_its_time_is_over(void **state)
{
    bench b;
    init(&b, &(ic__shelf_limits){.max_items = 10, .age_ns = AGE});
    assert_int_equal(put(&b, 1, "10.0.0.1", 0, 5), 0);
    assert_int_equal(get(&b, 1, AGE + 4)->number, 1);
    assert_null(get(&b, 2, 5));
    assert_null(get(&b, 1, AGE + 5));
    ic__shelf_expire(&b.shelf, AGE + 4);
    assert_int_equal(b.dropped, 0);
    ic__shelf_expire(&b.shelf, AGE + 5);
    assert_int_equal(b.dropped, 1);
    ic__shelf_free(&b.shelf);
}

static void a_refresh_gives_a_whole_life_again(void **state)
{
    bench b;
    init(&b, &(ic__shelf_limits){.max_items = 10, .age_ns = AGE});
    assert_int_equal(put(&b, 1, "10.0.0.1", 0, 0), 0);
    assert_int_equal(put(&b, 2, "10.0.0.1", 0, 1), 0);
    ic__shelf_refresh(&b.shelf, &get(&b, 1, 2)->item, 2);
    ic__shelf_expire(&b.shelf, AGE + 1);
    assert_null(get(&b, 2, AGE + 1));
    assert_non_null(get(&b, 1, AGE + 1));
    ic__shelf_free(&b.shelf);
}

static void the_same_key_again_takes_the_place(void **state)
{
    bench b;
    init(&b, &(ic__shelf_limits){.max_items = 10, .max_items_host = 1, .age_ns = AGE});
    assert_int_equal(put(&b, 1, "10.0.0.1", 3, 0), 0);
    assert_int_equal(put(&b, 1, "10.0.0.1", 5, 1), 0);
    assert_int_equal(put(&b, 1, "10.0.0.2", 7, 2), 0);
    assert_int_equal(ic__shelf_count(&b.shelf), 1);
    assert_int_equal(b.dropped, 2);
    assert_int_equal(b.shelf.bytes, 7);
    assert_int_equal(b.shelf.owners.count, 1);
    ic__shelf_free(&b.shelf);
    assert_int_equal(b.dropped, 3);
}

/* Section 15: who has many addresses can push out the oldest, nobody more than that. */
static void a_full_shelf_lets_the_oldest_go(void **state)
{
    bench b;
    init(&b, &(ic__shelf_limits){.max_items = 100, .age_ns = AGE});
    for (unsigned i = 0; i < 1000; i++) {
        assert_int_equal(put(&b, i, "10.0.0.1", 0, i), 0);
        assert_true(ic__shelf_count(&b.shelf) <= 100);
        if (i >= 100)
            assert_int_equal(b.last_dropped, i - 100);
    }
    assert_null(get(&b, 899, 1000));
    assert_non_null(get(&b, 900, 1000));
    ic__shelf_free(&b.shelf);
    assert_int_equal(b.dropped, 1000);
}

static void bytes_are_counted_and_bounded(void **state)
{
    bench b;
    init(&b, &(ic__shelf_limits){.max_items = 100, .max_bytes = 1000, .age_ns = AGE});
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(put(&b, i, "10.0.0.1", 300, i), 0);
    assert_int_equal(ic__shelf_count(&b.shelf), 3);
    assert_int_equal(b.shelf.bytes, 900);
    assert_int_equal(put(&b, 20, "10.0.0.1", 1001, 20), IC_ERR_LIMIT);
    assert_int_equal(ic__shelf_count(&b.shelf), 3);
    assert_int_equal(put(&b, 21, "10.0.0.1", 1000, 21), 0);
    assert_int_equal(ic__shelf_count(&b.shelf), 1);
    ic__shelf_free(&b.shelf);
}

/* Section 15: quotas per source, whatever the port. */
static void a_host_gets_no_more_than_its_share(void **state)
{
    bench b;
    init(&b, &(ic__shelf_limits){.max_items = 100,
                                 .max_items_host = 10,
                                 .max_bytes_host = 50,
                                 .age_ns = AGE});
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(put(&b, i, "10.0.0.1", 1, i), 0);
    assert_int_equal(put(&b, 10, "10.0.0.1", 1, 10), IC_ERR_LIMIT);
    assert_int_equal(put(&b, 9, "10.0.0.1", 1, 10), 0);
    assert_int_equal(put(&b, 10, "10.0.0.2", 51, 10), IC_ERR_LIMIT);
    assert_int_equal(put(&b, 10, "10.0.0.2", 50, 10), 0);
    assert_int_equal(put(&b, 11, "10.0.0.2", 1, 10), IC_ERR_LIMIT);
    assert_int_equal(b.shelf.owners.count, 2);
    /* Its time over, it may come again. */
    assert_int_equal(put(&b, 10, "10.0.0.1", 1, AGE + 8), 0);
    ic__shelf_free(&b.shelf);
}

static void a_shelf_of_no_items_refuses(void **state)
{
    bench b;
    init(&b, &(ic__shelf_limits){.age_ns = AGE});
    assert_int_equal(put(&b, 1, "10.0.0.1", 0, 0), IC_ERR_LIMIT);
    assert_null(get(&b, 1, 0));
    ic__shelf_free(&b.shelf);
}

static void remove_and_put_at_random_agree_with_a_plain_list(void **state)
{
    enum { NUMBERS = 512, STEPS = 20000 };
    static uint64_t put_at[NUMBERS];
    bench b;
    init(&b, &(ic__shelf_limits){.max_items = NUMBERS, .age_ns = 1000});
    memset(put_at, 0, sizeof put_at);
    for (uint64_t now = 1; now < STEPS; now++) {
        unsigned n = (unsigned)fake_random_below(&b.clock.random, NUMBERS);
        bool lives = put_at[n] && put_at[n] + 1000 > now;
        thing *t = get(&b, n, now);
        assert_int_equal(t != NULL, lives);
        if (lives && now % 3 == 0) {
            ic__shelf_remove(&b.shelf, &t->item);
            put_at[n] = 0;
        } else {
            assert_int_equal(put(&b, n, "10.0.0.1", n, now), 0);
            put_at[n] = now;
        }
    }
    ic__shelf_free(&b.shelf);
    assert_int_equal(b.shelf.bytes, 0);
    assert_int_equal(b.shelf.owners.count, 0);
}

static void fill(void *arg)
{
    bench b;
    init(&b, &(ic__shelf_limits){.max_items = 300, .age_ns = AGE});
    size_t stored = 0;
    for (unsigned i = 0; i < 200; i++) {
        int err = put(&b, i, i % 2 ? "10.0.0.1" : "10.0.0.2", 1, i);
        assert_true(err == 0 || err == IC_ERR_NOMEM);
        stored += err == 0;
        assert_int_equal(get(&b, i, i) != NULL, err == 0);
    }
    assert_int_equal(ic__shelf_count(&b.shelf), stored);
    ic__shelf_free(&b.shelf);
}

static void without_memory_nothing_changes(void **state)
{
    fail_alloc_each(fill, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_is_found_until_its_time_is_over),
        cmocka_unit_test(a_refresh_gives_a_whole_life_again),
        cmocka_unit_test(the_same_key_again_takes_the_place),
        cmocka_unit_test(a_full_shelf_lets_the_oldest_go),
        cmocka_unit_test(bytes_are_counted_and_bounded),
        cmocka_unit_test(a_host_gets_no_more_than_its_share),
        cmocka_unit_test(a_shelf_of_no_items_refuses),
        cmocka_unit_test(remove_and_put_at_random_agree_with_a_plain_list),
        cmocka_unit_test(without_memory_nothing_changes),
    };
    return cmocka_run_group_tests_name("dht/shelf", tests, NULL, NULL);
}
