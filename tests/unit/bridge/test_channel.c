/* docs/spec/13-sc-bridge.md, section 3: send, open and stats, where the reference is
 * silent. */
#include <stdlib.h>
#include <string.h>

#include "bridge_bench.h"
#include "sidechannel/link.h"
#include "unit.h"

#define SEND "{\"type\":\"send\",\"channel\":\"0000intercom\",\"message\":\"hi\"}"
#define OPEN "{\"type\":\"open\",\"channel\":\"trip\"}"
#define SENT "{\"type\":\"sent\",\"channel\":\"0000intercom\"}"
#define FULL                                                                             \
    "{\"type\":\"error\",\"error\":\"Send queue full (proof of work): try again in a "   \
    "second.\"}"

static int setup(void **state)
{
    bench *b = malloc(sizeof *b);
    assert_non_null(b);
    bench_init(b);
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    bench_free(*state);
    free(*state);
    return 0;
}

/* Somebody is there, so that messages are worked for and queued. */
static void meet(bench *b)
{
    const uint8_t key[IC_PUBLIC_KEY_BYTES] = {9};
    ic__sc_link *link;

    ic__sidechannel_start(b->sidechannel);
    assert_int_equal(
        ic__sc_link_attach(b->sidechannel, key, NULL, b->clock.now_ns, &link), 0);
}

static void a_full_queue_is_not_called_a_denial(void **state)
{
    bench *b = *state;
    b->options.max_drafts = 1;
    bench_start(b, false);
    meet(b);
    bench_enter(b, 0);
    bench_ask(b, 0, SEND, SENT);
    bench_ask(b, 0, SEND, FULL);
    bench_ask(b, 0, OPEN, FULL);
}

static void stats_have_counters_for_who_asks(void **state)
{
    bench *b = *state;
    b->options.policy.pow = false;
    bench_start(b, false);
    meet(b);
    bench_enter(b, 0);
    bench_ask(b, 0, SEND, SENT);
    bench_ask(b, 0, "{\"type\":\"stats\"}",
              "{\"type\":\"stats\",\"channels\":[\"0000intercom\"],\"connectionCount\":1,"
              "\"sidechannelStarted\":true}");
    bench_send(b, 0, "{\"type\":\"stats\",\"counters\":true}");
    ic__json *answer = bench_take(b, 0);
    const ic__json *counters = ic__json_get(answer, "counters");
    int64_t n = -1;
    assert_true(ic__json_integer(ic__json_get(counters, "sent"), &n));
    assert_int_equal(n, 1);
    assert_int_equal(ic__json_count(ic__json_get(counters, "dropped")),
                     IC__SC_DROP_COUNT);
    assert_null(ic__json_get(counters, "ledger"));
    ic__json_free(answer);
}

static bool sync_of(isplit_bind_stats *out, void *user)
{
    *out = (isplit_bind_stats){.received_count = 1,
                               .sent_count = 2,
                               .sent_bytes = 3,
                               .new_events = 4,
                               .known_events = 5,
                               .rounds = 6,
                               .forked = 7,
                               .dropped_bad = 8,
                               .dropped_limit = 9,
                               .dropped_full = 10};
    return true;
}

static void counters_have_the_ledger_where_there_is_a_network(void **state)
{
    bench *b = *state;
    b->host.sync = sync_of;
    bench_start(b, false);
    bench_enter(b, 0);
    bench_send(b, 0, "{\"type\":\"stats\",\"counters\":true}");
    assert_non_null(
        strstr(bench_next(b, 0),
               "},\"ledger\":{\"received\":1,\"sent\":2,\"sentBytes\":3,\"newEvents\":4,"
               "\"knownEvents\":5,\"rounds\":6,\"forked\":7,\"dropped\":{\"bad\":8,"
               "\"limit\":9,\"full\":10}}}}"));
}

static void what_is_dropped_is_counted_under_its_reason(void **state)
{
    bench *b = *state;
    b->options.policy.pow = false;
    b->options.max_queued_bytes = 10;
    bench_start(b, false);
    meet(b);
    bench_enter(b, 0);
    bench_ask(b, 0, SEND, SENT);
    bench_send(b, 0, "{\"type\":\"stats\",\"counters\":true}");
    ic__json *answer = bench_take(b, 0);
    const ic__json *dropped = ic__json_get(ic__json_get(answer, "counters"), "dropped");
    int64_t n = -1;
    assert_true(ic__json_integer(ic__json_get(dropped, "queue"), &n));
    assert_int_equal(n, 1);
    ic__json_free(answer);
}

#define BENCH_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(a_full_queue_is_not_called_a_denial),
        BENCH_TEST(stats_have_counters_for_who_asks),
        BENCH_TEST(counters_have_the_ledger_where_there_is_a_network),
        BENCH_TEST(what_is_dropped_is_counted_under_its_reason),
    };
    return cmocka_run_group_tests_name("bridge/channel", tests, NULL, NULL);
}
