/* docs/spec/16-ledger.md, section 4.3: recurring entries are made when their day has
 * come.
 */
#include <event2/event.h>
#include <stdio.h>
#include <string.h>

#include "fail_alloc.h"
#include "intercom/init.h"
#include "intercom/peer.h"
#include "peer_due.h"
#include "temp_folder.h"
#include "unit.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)
#define FIRST_MS INT64_C(1796083200000) /* 2026-12-01 */

static char stores[200];
static struct event_base *base;
static ic_peer *peer;
static isplit_book *book;
static int64_t now_ms;
static unsigned warnings;

static int64_t read_clock(void *user)
{
    return now_ms;
}

static void on_log(ic_log_level level, const char *room, const char *text, void *user)
{
    if (strcmp(room, "due") != 0)
        return;
    assert_int_equal(level, IC_LOG_WARN);
    assert_non_null(strstr(text, "recurring entries of trip were not made: "));
    warnings++;
}

static ic_env env_of_test(void)
{
    ic_env env;

    ic_env_system(&env);
    env.wall_ms = read_clock;
    env.log = on_log;
    return env;
}

/* Somebody's rent, each day of four. */
static void add_rent(const char *room)
{
    const isplit_part with[] = {{.name = "bob"}};
    const isplit_draft draft = {.payer = "alice",
                                .amount = "8",
                                .parts = with,
                                .part_count = 1,
                                .date = "2026-12-01"};
    const isplit_repeat daily = {ISPLIT_EVERY_DAY, 1, "2026-12-04"};
    const isplit_entry *entry = NULL;

    assert_int_equal(
        isplit_book_do(
            book, room,
            &(isplit_deed){.kind = ISPLIT_DEED_RECUR, .draft = &draft, .repeat = &daily},
            &entry, NULL, NULL),
        0);
}

static size_t entries_of(const char *room)
{
    const isplit_state *state = NULL;

    assert_int_equal(isplit_book_state(book, room, &state), 0);
    return isplit_state_entry_count(state);
}

static int setup(void **state)
{
    ic_peer_options o;
    isplit_book_options b;

    warnings = 0;
    now_ms = FIRST_MS - DAY_MS / 2;
    temp_folder_make(stores, sizeof stores);
    base = event_base_new();
    if (!base || ic_init() != 0)
        return -1;
    ic_peer_options_default(&o);
    o.base = base;
    o.stores_directory = stores;
    o.channels = "trip";
    if (ic_peer_new(&o, &peer) != 0)
        return -1;
    isplit_book_options_default(&b);
    b.path = ":memory:";
    b.identity = ic_peer_identity(peer);
    b.env = env_of_test();
    return isplit_book_open(&b, &book, NULL);
}

static int teardown(void **state)
{
    isplit_book_close(book);
    ic_peer_close(peer, NULL, NULL);
    (void)event_base_dispatch(base);
    event_base_free(base);
    temp_folder_remove(stores);
    return 0;
}

static peer_due *due_now(void)
{
    const ic_env env = env_of_test();
    peer_due *due = NULL;

    assert_int_equal(peer_due_new(base, &env, peer, book, &due), 0);
    (void)event_base_loop(base, EVLOOP_ONCE);
    return due;
}

static void what_is_due_is_made_at_the_start(void **state)
{
    add_rent("trip");
    peer_due *due = due_now();
    assert_int_equal(entries_of("trip"), 0); /* tomorrow */
    peer_due_free(due);
    now_ms += 2 * DAY_MS;
    due = due_now();
    assert_int_equal(entries_of("trip"), 2);
    peer_due_free(due);
    due = due_now();
    assert_int_equal(entries_of("trip"), 2); /* once each */
    peer_due_free(due);
    now_ms += 100 * DAY_MS;
    peer_due_free(due_now());
    assert_int_equal(entries_of("trip"), 4); /* the last day is over */
    assert_int_equal(warnings, 0);
}

static void only_rooms_of_our_channels_are_looked_into(void **state)
{
    add_rent("elsewhere");
    now_ms += DAY_MS;
    peer_due_free(due_now());
    assert_int_equal(entries_of("elsewhere"), 0);
}

static void it_goes_on_looking(void **state)
{
    peer_due *due = due_now();
    assert_int_equal(event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED), 1);
    peer_due_free(due);
    assert_int_equal(event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED), 0);
    peer_due_free(NULL);
}

static void what_cannot_be_made_is_told_and_tried_again(void **state)
{
    const ic_env env = env_of_test();
    peer_due *due = NULL;

    add_rent("trip");
    now_ms += DAY_MS;
    assert_int_equal(peer_due_new(base, &env, peer, book, &due), 0);
    fail_alloc_start(1);
    (void)event_base_loop(base, EVLOOP_ONCE);
    (void)fail_alloc_stop();
    assert_int_equal(warnings, 1);
    assert_int_equal(entries_of("trip"), 0);
    assert_int_equal(event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED), 1);
    peer_due_free(due);
}

static void new_once(void *arg)
{
    const ic_env env = env_of_test();
    peer_due *due = NULL;

    if (peer_due_new(base, &env, peer, book, &due) == 0)
        peer_due_free(due);
}

static void survives_each_failed_allocation(void **state)
{
    fail_alloc_each(new_once, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_due_is_made_at_the_start, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(only_rooms_of_our_channels_are_looked_into, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(it_goes_on_looking, setup, teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_made_is_told_and_tried_again,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(survives_each_failed_allocation, setup, teardown),
    };
    return cmocka_run_group_tests_name("cli/peer_due", tests, NULL, NULL);
}
