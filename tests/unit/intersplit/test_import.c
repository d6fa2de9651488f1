/* docs/spec/16-ledger.md, section 1.2. What each program's file comes to is tested from
 * outside, in tests/cli/test_intersplit_import.py. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "desk.h"
#include "fail_alloc.h"
#include "intercom/error.h"
#include "intersplit/import.h"
#include "unit.h"

static const char *const samples[] = {"cospend.csv", "ihatemoney.csv", "spliit.csv",
                                      "spliit.json", "splitwise.csv",  "splitwise.json"};

#define SAMPLES (sizeof samples / sizeof samples[0])

static const char table[] = "Date,Description,Category,Cost,Currency,a,b\n"
                            "2025-01-01,x,General,3.00,,1.50,-1.50\n"
                            "2025-01-02,y,General,5.00,,-2.50,2.50\n";

static char *read_sample(const char *name, size_t *len)
{
    char path[512];

    (void)snprintf(path, sizeof path, "%s/../cli/import/%s", getenv("TEST_VECTORS"),
                   name);
    return desk_read_file(path, len);
}

static isplit_import *read_text(const char *text)
{
    isplit_import *import = NULL;
    isplit_reason why = {{0}};

    assert_int_equal(
        isplit_import_read(text, strlen(text), ISPLIT_IMPORT_GUESS, &import, &why), 0);
    return import;
}

static isplit_imported apply(desk *d, const isplit_import *import, const char *room)
{
    isplit_imported done = {0};
    isplit_reason why = {{0}};

    assert_int_equal(isplit_import_apply(import, d->book, room, NULL, NULL, &done, &why),
                     0);
    return done;
}

static void each_prefix_of_a_file_is_read_or_refused(void **state)
{
    for (size_t i = 0; i < SAMPLES; i++) {
        size_t len = 0;
        char *text = read_sample(samples[i], &len);
        for (size_t cut = 0; cut <= len; cut++) {
            isplit_import *import = NULL;
            isplit_reason why = {{0}};
            char *copy = malloc(cut ? cut : 1);
            memcpy(copy, text, cut);
            int err = isplit_import_read(copy, cut, ISPLIT_IMPORT_GUESS, &import, &why);
            assert_true(err == 0 || (err == IC_ERR_INVALID && why.text[0]));
            assert_true(cut < len || err == 0);
            isplit_import_free(import);
            free(copy);
        }
        free(text);
    }
}

static void a_row_is_known_again_also_by_another_author(void **state)
{
    desk *d = *state;
    isplit_import *import = read_text(table);

    desk_open(d);
    assert_int_equal(apply(d, import, "trip").added, 2);
    assert_int_equal(apply(d, import, "trip").known, 2);
    desk_be(d, 7);
    desk_open(d);
    assert_int_equal(apply(d, import, "trip").known, 2);
    assert_int_equal(apply(d, import, "other").added, 2);
    isplit_import_free(import);
}

/* Another peer's store: what it imported before it had anything of the first, then all
 * that the first has. */
static void import_apart(desk *d, const isplit_import *import)
{
    isplit_reason why;
    isplit_restored done;
    size_t count = 0;

    desk_open(d);
    assert_int_equal(apply(d, import, "trip").added, 2);
    assert_int_equal(isplit_book_persist(d->book, "trip", false, &count, &why), 0);
    desk_close(d);
    desk_new_store(d);
    desk_be(d, 7);
    desk_open(d);
    assert_int_equal(apply(d, import, "trip").added, 2);
    assert_int_equal(isplit_book_restore(d->book, "trip", false, &done, &why), 0);
    assert_int_equal(isplit_state_event_count(desk_state(d, "trip")), 4);
}

static int change(desk *d, isplit_deed_kind kind, const char *id,
                  const isplit_draft *draft)
{
    const isplit_deed deed = {.kind = kind, .id = id, .draft = draft};
    const isplit_entry *entry = NULL;
    isplit_reason why = {{0}};

    return isplit_book_do(d->book, "trip", &deed, &entry, NULL, &why);
}

/* The entry that stands for the first row. */
static const isplit_entry *row_x(desk *d)
{
    const isplit_entry *e = isplit_state_entry(desk_state(d, "trip"), 0);

    assert_string_equal(e->note, "x");
    return e;
}

static void a_row_that_two_imported_counts_once(void **state)
{
    desk *d = *state;
    isplit_import *import = read_text(table);

    import_apart(d, import);
    const isplit_state *s = desk_state(d, "trip");
    assert_int_equal(isplit_state_entry_count(s), 2);
    assert_int_equal(isplit_state_currency(s, 0)->balances[0].minor, 150 - 250);
    assert_int_equal(apply(d, import, "trip").known, 2);
    desk_open(d); /* folded from the store */
    assert_int_equal(isplit_state_entry_count(desk_state(d, "trip")), 2);
    isplit_import_free(import);
}

/* Or somebody could hide an entry behind a copy that he takes back. */
static void a_copy_that_was_changed_hides_nothing(void **state)
{
    desk *d = *state;
    isplit_import *import = read_text(table);
    const isplit_part split[] = {{.name = "a"}, {.name = "b"}};
    const isplit_draft other = {
        .payer = "a", .amount = "9.00", .parts = split, .part_count = 2, .only = true};

    import_apart(d, import);
    char id[65];
    (void)snprintf(id, sizeof id, "%s", row_x(d)->id);
    if (change(d, ISPLIT_DEED_VOID, id, NULL)) { /* the other one wrote the first */
        desk_be(d, 1);
        desk_open(d);
        assert_int_equal(change(d, ISPLIT_DEED_VOID, id, NULL), 0);
    }
    assert_int_equal(isplit_state_entry_count(desk_state(d, "trip")), 2);
    assert_string_not_equal(row_x(d)->id, id);
    assert_int_equal(change(d, ISPLIT_DEED_UNVOID, id, NULL), 0);
    assert_int_equal(isplit_state_entry_count(desk_state(d, "trip")), 2);
    assert_string_equal(row_x(d)->id, id);
    assert_int_equal(change(d, ISPLIT_DEED_AMEND, id, &other), 0);
    assert_int_equal(isplit_state_entry_count(desk_state(d, "trip")), 3);
    isplit_import_free(import);
}

static void what_a_clear_covers_comes_back(void **state)
{
    desk *d = *state;
    isplit_import *import = read_text(table);
    isplit_reason why;
    size_t removed = 0;

    desk_open(d);
    (void)apply(d, import, "trip");
    assert_int_equal(isplit_book_clear(d->book, "trip", &removed, &why), 0);
    assert_int_equal(apply(d, import, "trip").added, 2);
    assert_int_equal(apply(d, import, "trip").known, 2);
    assert_int_equal(isplit_state_entry_count(desk_state(d, "trip")), 2);
    isplit_import_free(import);
}

static void rows_keep_their_order_and_their_day(void **state)
{
    desk *d = *state;
    isplit_import *import = read_text(table);

    desk_open(d);
    (void)apply(d, import, "trip");
    const isplit_state *s = desk_state(d, "trip");
    assert_string_equal(isplit_state_entry(s, 0)->note, "x");
    assert_int_equal(isplit_state_entry(s, 0)->at_ms, INT64_C(1735732800000));
    assert_int_equal(isplit_state_entry(s, 1)->at_ms, INT64_C(1735819200001));
    isplit_import_free(import);
}

static bool stop_at_the_end(size_t done, size_t rows, void *user)
{
    size_t *calls = user;

    ++*calls;
    return done < rows;
}

static void progress_stops_an_import_and_nothing_stays(void **state)
{
    desk *d = *state;
    isplit_import *import = read_text(table);
    isplit_imported done = {0};
    isplit_reason why = {{0}};
    size_t calls = 0;

    desk_open(d);
    assert_int_equal(isplit_import_apply(import, d->book, "trip", stop_at_the_end, &calls,
                                         &done, &why),
                     IC_ERR_CANCELED);
    assert_int_equal(calls, 2);
    assert_int_equal(isplit_state_event_count(desk_state(d, "trip")), 0);
    desk_open(d);
    assert_int_equal(isplit_state_event_count(desk_state(d, "trip")), 0);
    isplit_import_free(import);
}

static void a_file_has_a_most_of_rows(void **state)
{
    static const char head[] = "Date,Description,Category,Cost,Currency,a,b\n";
    static const char row[] = "2025-01-01,x,G,1,,1,-1\n";
    size_t rows = ISPLIT_IMPORT_MAX_ROWS + 1;
    size_t len = sizeof head - 1 + rows * (sizeof row - 1);
    char *text = malloc(len);
    isplit_import *import = NULL;
    isplit_reason why = {{0}};

    memcpy(text, head, sizeof head - 1);
    for (size_t i = 0; i < rows; i++)
        memcpy(text + sizeof head - 1 + i * (sizeof row - 1), row, sizeof row - 1);
    assert_int_equal(isplit_import_read(text, len, ISPLIT_IMPORT_GUESS, &import, &why),
                     IC_ERR_LIMIT);
    assert_non_null(strstr(why.text, "100000 rows"));
    free(text);
}

static void formats_have_names(void **state)
{
    isplit_import_format format;
    isplit_reason why;

    for (int i = ISPLIT_IMPORT_GUESS; i <= ISPLIT_IMPORT_COSPEND; i++) {
        const char *name = isplit_import_format_name((isplit_import_format)i);
        assert_int_equal(isplit_import_format_read(name, &format, &why), 0);
        assert_int_equal(format, i);
    }
    assert_int_equal(isplit_import_format_read("xls", &format, &why), IC_ERR_INVALID);
}

static void read_all_samples(void *arg)
{
    for (size_t i = 0; i < SAMPLES; i += 3) { /* a table and a JSON */
        size_t len = 0;
        char *text = read_sample(samples[i], &len);
        isplit_import *import = NULL;
        int err = isplit_import_read(text, len, ISPLIT_IMPORT_GUESS, &import, NULL);
        assert_true(err == 0 || err == IC_ERR_NOMEM || err == IC_ERR_INVALID);
        isplit_import_free(import);
        free(text);
    }
}

static void without_memory_reading_leaves_nothing_behind(void **state)
{
    fail_alloc_each(read_all_samples, NULL);
}

typedef struct attempt {
    desk *d;
    isplit_import *import;
} attempt;

static void apply_once(void *arg)
{
    attempt *a = arg;
    isplit_imported done;

    desk_close(a->d);
    desk_new_store(a->d);
    if (desk_try_open(a->d, NULL) == 0) {
        int err =
            isplit_import_apply(a->import, a->d->book, "trip", NULL, NULL, &done, NULL);
        assert_true(err == 0 || err == IC_ERR_NOMEM || err == IC_ERR_IO);
    }
    desk_close(a->d);
}

static void without_memory_a_room_gets_all_rows_or_none(void **state)
{
    attempt a = {.d = *state, .import = read_text(table)};

    fail_alloc_each(apply_once, &a);
    isplit_import_free(a.import);
}

#define WITH_DESK(test) cmocka_unit_test_setup_teardown(test, desk_setup, desk_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_prefix_of_a_file_is_read_or_refused),
        WITH_DESK(a_row_is_known_again_also_by_another_author),
        WITH_DESK(a_row_that_two_imported_counts_once),
        WITH_DESK(a_copy_that_was_changed_hides_nothing),
        WITH_DESK(what_a_clear_covers_comes_back),
        WITH_DESK(rows_keep_their_order_and_their_day),
        WITH_DESK(progress_stops_an_import_and_nothing_stays),
        cmocka_unit_test(a_file_has_a_most_of_rows),
        cmocka_unit_test(formats_have_names),
        cmocka_unit_test(without_memory_reading_leaves_nothing_behind),
        WITH_DESK(without_memory_a_room_gets_all_rows_or_none),
    };
    return cmocka_run_group_tests_name("intersplit/import", tests, NULL, NULL);
}
