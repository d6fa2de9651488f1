/* docs/spec/07-hyperswarm.md, sections 4 and 5; tests/vectors/hyperswarm.json */
#include <string.h>

#include "base/env.h"
#include "swarm/rules.h"
#include "unit.h"
#include "vectors.h"

static bool flag(const json_t *row, const char *name)
{
    const json_t *value = json_object_get(row, name);

    assert_true(json_is_boolean(value));
    return json_is_true(value);
}

static json_int_t number(const json_t *row, const char *name)
{
    const json_t *value = json_object_get(row, name);

    assert_true(json_is_integer(value));
    return json_integer_value(value);
}

static void each_row_of_the_decision_table_is_ours(void **state)
{
    json_t *all = vectors_load("hyperswarm.json");
    const json_t *rows = json_object_get(all, "dedup");
    assert_int_equal(json_array_size(rows), 16);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        bool used = number(row, "existingRawBytesRead") > 0 &&
                    number(row, "existingRawBytesWritten") > 0;
        bool kept = ic__swarm_keeps_new(used, flag(row, "localKeyIsGreater"),
                                        flag(row, "newIsInitiator"));
        assert_string_equal(vectors_text(row, "survivor"), kept ? "new" : "existing");
    }
    json_decref(all);
}

static void retry_row(const json_t *row)
{
    static const char *const names[] = {"S", "M", "L", "X"};
    bool is_explicit = flag(row, "explicit");
    uint32_t attempts = (uint32_t)number(row, "attempts");
    const json_t *bucket = json_object_get(row, "bucket");
    const json_t *priority = json_object_get(row, "priority");

    ic__swarm_class class =
        ic__swarm_retry_class(attempts, flag(row, "proven"), is_explicit);
    if (json_is_null(bucket))
        assert_int_equal(class, IC__SWARM_RETRY_NEVER);
    else
        assert_string_equal(json_string_value(bucket), names[class]);
    /* Who may not be queued has no priority; explicit peers are put back first. */
    if (flag(row, "canQueue"))
        assert_int_equal(json_integer_value(priority),
                         ic__swarm_priority((uint32_t)number(row, "attemptsAfter")));
    else
        assert_true(attempts > IC__SWARM_MOST_ATTEMPTS);
}

static void each_retry_has_the_class_and_priority_of_the_reference(void **state)
{
    json_t *all = vectors_load("hyperswarm.json");
    const json_t *rows = json_object_get(json_object_get(all, "retry"), "table");
    assert_int_equal(json_array_size(rows), 24);
    for (size_t i = 0; i < json_array_size(rows); i++)
        retry_row(json_array_get(rows, i));
    json_decref(all);
}

static void the_room_for_peers_shrinks_with_explicit_ones(void **state)
{
    json_t *all = vectors_load("hyperswarm.json");
    const json_t *rows = json_object_get(all, "withinMaxPeers");
    assert_true(json_array_size(rows) > 50);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        bool may = ic__swarm_has_room((uint32_t)number(row, "maxPeers"),
                                      (size_t)number(row, "connections"),
                                      (size_t)number(row, "explicitPeers"));
        assert_int_equal(may, flag(row, "mayConnect"));
    }
    json_decref(all);
}

/* "a tick every floor(0.66 * t), two phases, so the real delay is 0.66 t .. 1.32 t" */
static void a_retry_comes_with_the_second_beat(void **state)
{
    ic__swarm_beat b;
    uint64_t start = 5 * IC__SEC;
    ic__swarm_beat_init(&b, 1234);
    assert_int_equal(b.every_ns, 814 * IC__MS); /* floor(814.44) */
    assert_int_equal(ic__swarm_beat_due(&b, start), start + 2 * b.every_ns);
    assert_int_equal(ic__swarm_beat_due(&b, start + 1), start + 2 * b.every_ns);
    assert_int_equal(ic__swarm_beat_due(&b, start + b.every_ns - 1),
                     start + 2 * b.every_ns);
    assert_int_equal(ic__swarm_beat_due(&b, start + b.every_ns), start + 3 * b.every_ns);
    for (uint64_t late = 0; late < 100 * b.every_ns; late += 77 * IC__MS) {
        uint64_t delay = ic__swarm_beat_due(&b, start + late) - (start + late);
        assert_true(delay > b.every_ns && delay <= 2 * b.every_ns);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_of_the_decision_table_is_ours),
        cmocka_unit_test(each_retry_has_the_class_and_priority_of_the_reference),
        cmocka_unit_test(the_room_for_peers_shrinks_with_explicit_ones),
        cmocka_unit_test(a_retry_comes_with_the_second_beat),
    };

    return cmocka_run_group_tests_name("swarm/rules", tests, NULL, NULL);
}
