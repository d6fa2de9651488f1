/* docs/spec/13-sc-bridge.md, section 7: who shares the ledger of a room. */
#include <stdlib.h>
#include <string.h>

#include "bridge_bench.h"
#include "unit.h"

#define BALANCE "{\"type\":\"expense_balance\",\"channel\":\"trip\"}"

static int setup(void **state)
{
    bench *b = malloc(sizeof *b);
    assert_non_null(b);
    bench_init(b);
    bench_open_book(b);
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    bench_free(*state);
    free(*state);
    return 0;
}

static bridge_company two_of_three(const char *room, void *user)
{
    assert_string_equal(room, "trip");
    return (bridge_company){.peers = 3, .same = 2};
}

/* fp, peers and same of a message */
static void expect_company(const ic__json *v, const char *fp, int64_t peers, int64_t same)
{
    int64_t n = -1;
    assert_string_equal(ic__json_cstring(ic__json_get(v, "fp")), fp);
    assert_true(ic__json_integer(ic__json_get(v, "peers"), &n));
    assert_int_equal(n, peers);
    assert_true(ic__json_integer(ic__json_get(v, "same"), &n));
    assert_int_equal(n, same);
}

static ic__json *balance_of(bench *b, unsigned n)
{
    bench_send(b, n, BALANCE);
    return bench_take(b, n);
}

static void a_balance_says_how_many_peers_have_the_same_ledger(void **state)
{
    bench *b = *state;
    b->host.company = two_of_three;
    bench_start(b, false);
    bench_enter(b, 0);
    ic__json *balance = balance_of(b, 0);
    expect_company(balance, "7f9c9e31ac8256ca2f258583df262dbc", 3, 2);
    ic__json_free(balance);
}

static uint32_t peer_count;

static bridge_company many(const char *room, void *user)
{
    return (bridge_company){.peers = peer_count, .same = peer_count};
}

/* Spec 16, section 4.4: of many some are silent. */
static void from_seven_on_it_is_said_that_there_may_be_more(void **state)
{
    bench *b = *state;
    b->host.company = many;
    bench_start(b, false);
    bench_enter(b, 0);
    for (peer_count = 0; peer_count < 12; peer_count++) {
        ic__json *balance = balance_of(b, 0);
        assert_int_equal(ic__json_truthy(ic__json_get(balance, "atLeast")),
                         peer_count >= 7);
        ic__json_free(balance);
    }
}

static void a_peer_without_network_has_no_company(void **state)
{
    bench *b = *state;
    bench_start(b, false);
    bench_enter(b, 0);
    ic__json *balance = balance_of(b, 0);
    expect_company(balance, "7f9c9e31ac8256ca2f258583df262dbc", 0, 0);
    ic__json_free(balance);
}

static void a_change_is_pushed_to_all_who_listen_to_the_room(void **state)
{
    bench *b = *state;
    b->host.company = two_of_three;
    bench_start(b, false);
    bench_enter(b, 0);
    bench_enter(b, 1);
    bench_send(b, 1, "{\"type\":\"subscribe\",\"channel\":\"elsewhere\"}");
    ic__json_free(bench_take(b, 1));
    bench_send(b, 0, "{\"type\":\"set_filter\",\"filter\":\"nothing like it\"}");
    ic__json_free(bench_take(b, 0));
    bridge_hub_company(b->hub, "trip");
    assert_null(bench_next(b, 1));
    ic__json *push = bench_take(b, 0);
    assert_string_equal(ic__json_cstring(ic__json_get(push, "type")), "expense_peers");
    assert_string_equal(ic__json_cstring(ic__json_get(push, "channel")), "trip");
    expect_company(push, "7f9c9e31ac8256ca2f258583df262dbc", 3, 2);
    assert_null(ic__json_get(push, "id"));
    ic__json_free(push);
}

#define BENCH_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(a_balance_says_how_many_peers_have_the_same_ledger),
        BENCH_TEST(from_seven_on_it_is_said_that_there_may_be_more),
        BENCH_TEST(a_peer_without_network_has_no_company),
        BENCH_TEST(a_change_is_pushed_to_all_who_listen_to_the_room),
    };
    return cmocka_run_group_tests_name("bridge/company", tests, NULL, NULL);
}
