#include "base/env.h"
#include "sidechannel/limiter.h"
#include "unit.h"
#include "vectors.h"

#define BASE (1000 * IC__SEC) /* where the traces' clock starts */

static uint64_t number(const json_t *object, const char *name)
{
    return (uint64_t)json_integer_value(json_object_get(object, name));
}

static uint64_t at_ms(uint64_t ms)
{
    return ms ? BASE + ms * IC__MS : 0;
}

static ic__policy_options read_settings(const json_t *config)
{
    ic__policy_options o;
    ic__policy_options_default(&o);
    o.rate_bytes_per_s = (uint32_t)number(config, "rate");
    o.rate_burst_bytes = (uint32_t)number(config, "burst");
    o.max_strikes = (uint32_t)number(config, "maxStrikes");
    o.strike_window_ms = (uint32_t)number(config, "strikeWindowMs");
    o.block_ms = (uint32_t)number(config, "blockMs");
    return o;
}

/* spec/12, 8 */
static void every_trace_of_the_reference_is_followed(void **state)
{
    json_t *doc = vectors_load("sidechannel.json");
    json_t *trace;
    json_t *step;
    size_t i;
    size_t k;
    json_array_foreach(json_object_get(doc, "rateTraces"), i, trace)
    {
        ic__policy_options o = read_settings(json_object_get(trace, "config"));
        ic__limiter l;
        ic__limiter_init(&l, &o, BASE + number(trace, "createdAt") * IC__MS);
        json_array_foreach(json_object_get(trace, "steps"), k, step)
        {
            uint64_t now = BASE + number(step, "t") * IC__MS;
            bool taken = ic__limiter_take(&l, &o, number(step, "bytes"), now);
            double tokens = json_number_value(json_object_get(step, "tokens"));
            if (taken != json_is_true(json_object_get(step, "accepted")))
                fail_msg("trace %zu, step %zu", i, k);
            assert_true(l.tokens - tokens < 1e-6 && tokens - l.tokens < 1e-6);
            assert_int_equal(l.strikes, number(step, "strikes"));
            assert_int_equal(l.blocked_until_ns, at_ms(number(step, "blockedUntil")));
        }
    }
    assert_int_equal(i, 3);
    json_decref(doc);
}

static void without_a_rate_everything_passes_but_strikes_still_block(void **state)
{
    ic__policy_options o;
    ic__limiter l;
    ic__policy_options_default(&o);
    o.rate_bytes_per_s = 0;
    ic__limiter_init(&l, &o, BASE);
    assert_true(ic__limiter_take(&l, &o, UINT32_MAX, BASE));
    for (uint32_t i = 0; i < o.max_strikes; i++) {
        assert_false(ic__limiter_blocked(&l, BASE));
        ic__limiter_strike(&l, &o, BASE);
    }
    assert_true(ic__limiter_blocked(&l, BASE));
    assert_false(ic__limiter_take(&l, &o, 1, BASE));
    assert_false(ic__limiter_blocked(&l, BASE + o.block_ms * IC__MS));
}

static void strikes_apart_do_not_block(void **state)
{
    ic__policy_options o;
    ic__limiter l;
    uint64_t now = BASE;
    ic__policy_options_default(&o);
    ic__limiter_init(&l, &o, now);
    for (int i = 0; i < 100; i++) {
        ic__limiter_strike(&l, &o, now);
        assert_false(ic__limiter_blocked(&l, now));
        now += o.strike_window_ms * IC__MS + 1;
    }
}

/* spec/12, 11, rule 14: what a peer that comes back must not get rid of */
static void a_limiter_matters_until_it_is_like_new(void **state)
{
    ic__policy_options o;
    ic__limiter l;
    ic__policy_options_default(&o);
    ic__limiter_init(&l, &o, BASE);
    assert_true(ic__limiter_matters_until(&l, &o) <= BASE);
    assert_true(ic__limiter_take(&l, &o, 128000, BASE));
    assert_int_equal(ic__limiter_matters_until(&l, &o), BASE + 2 * IC__SEC);
    ic__limiter_strike(&l, &o, BASE);
    assert_int_equal(ic__limiter_matters_until(&l, &o), BASE + 5 * IC__SEC);
    ic__limiter_strike(&l, &o, BASE);
    ic__limiter_strike(&l, &o, BASE);
    assert_int_equal(ic__limiter_matters_until(&l, &o), BASE + 30 * IC__SEC);
}

/* spec/12, 11, rule 15 */
static void a_bucket_empties_and_fills_up_again(void **state)
{
    ic__bucket b;
    ic__bucket_init(&b, 100, BASE);
    assert_true(ic__bucket_take(&b, 10, 100, 100, BASE));
    assert_false(ic__bucket_take(&b, 10, 100, 1, BASE));
    assert_false(ic__bucket_take(&b, 10, 100, 11, BASE + IC__SEC));
    assert_true(ic__bucket_take(&b, 10, 100, 10, BASE + IC__SEC));
    assert_false(ic__bucket_take(&b, 10, 100, 101, BASE + 1000 * IC__SEC));
    assert_true(ic__bucket_take(&b, 0, 100, 101, BASE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_trace_of_the_reference_is_followed),
        cmocka_unit_test(without_a_rate_everything_passes_but_strikes_still_block),
        cmocka_unit_test(strikes_apart_do_not_block),
        cmocka_unit_test(a_limiter_matters_until_it_is_like_new),
        cmocka_unit_test(a_bucket_empties_and_fills_up_again),
    };
    return cmocka_run_group_tests_name("sidechannel/limiter", tests, NULL, NULL);
}
