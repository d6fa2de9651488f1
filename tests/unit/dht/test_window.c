/* docs/spec/05-dht-rpc.md, section 6 (window), against tests/vectors/dht-rpc.json. */
#include <stdlib.h>
#include <string.h>

#include "dht/window.h"
#include "unit.h"
#include "vectors.h"

static void apply(ic__window *w, const char *op)
{
    unsigned times = 1;

    if (strcmp(op, "drain") == 0) {
        ic__window_drain(w);
        return;
    }
    if (strcmp(op, "recv") == 0) {
        ic__window_settle(w);
        return;
    }
    if (op[4])
        times = (unsigned)strtoul(op + 6, NULL, 10); /* "send x79" */
    while (times--)
        ic__window_send(w);
}

static void the_window_counts_as_that_of_javascript(void **state)
{
    json_t *root = vectors_load("dht-rpc.json");
    const json_t *trace = json_object_get(json_object_get(root, "congestion"), "trace");
    ic__window w = {0};
    size_t i;
    json_t *v;
    json_array_foreach(trace, i, v)
    {
        const json_t *slots = json_object_get(v, "slots");
        apply(&w, vectors_text(v, "op"));
        for (size_t k = 0; k < IC__WINDOW_SLOTS; k++)
            assert_int_equal(w.slots[k], json_integer_value(json_array_get(slots, k)));
        assert_int_equal(w.current, json_integer_value(json_object_get(v, "current")));
        assert_int_equal(w.total, json_integer_value(json_object_get(v, "total")));
        assert_int_equal(ic__window_is_full(&w),
                         json_is_true(json_object_get(v, "full")));
    }
    json_decref(root);
}

static void time_that_passed_unseen_drains_it(void **state)
{
    ic__window w = {.drained_ns = 1000};
    for (unsigned i = 0; i < IC__WINDOW_MAX; i++)
        ic__window_send(&w);
    ic__window_advance(&w, 1000 + IC__WINDOW_DRAIN_NS - 1);
    assert_true(ic__window_is_full(&w));
    ic__window_advance(&w, 1000 + IC__WINDOW_DRAIN_NS);
    assert_false(ic__window_is_full(&w));
    assert_int_equal(w.total, IC__WINDOW_MAX);
    ic__window_advance(&w, 1000 + 1000000 * IC__WINDOW_DRAIN_NS + 5);
    assert_int_equal(w.total, 0);
    assert_int_equal(w.drained_ns, 1000 + 1000000 * IC__WINDOW_DRAIN_NS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_window_counts_as_that_of_javascript),
        cmocka_unit_test(time_that_passed_unseen_drains_it),
    };
    return cmocka_run_group_tests_name("dht/window", tests, NULL, NULL);
}
