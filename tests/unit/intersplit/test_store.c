/* docs/spec/16-ledger.md, section 4.5: what a disk and other programs can do to a store.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>

#include "desk.h"
#include "fail_alloc.h"
#include "fault_vfs.h"
#include "intercom/error.h"
#include "unit.h"

/* Opening must fail with this error and leave the file as it is. */
static void refused(desk *d, int error, const char *says)
{
    size_t before_len = 0;
    size_t after_len = 0;
    isplit_reason why = {{0}};
    char *before = desk_read_file(d->store, &before_len);

    assert_int_equal(desk_try_open(d, &why), error);
    if (!strstr(why.text, says))
        fail_msg("\"%s\" does not say \"%s\"", why.text, says);
    char *after = desk_read_file(d->store, &after_len);
    assert_int_equal(before_len, after_len);
    assert_memory_equal(before, after, before_len);
    free(before);
    free(after);
}

static void run_sql(desk *d, const char *sql)
{
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(d->store, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void fill(desk *d, int entries)
{
    char note[900];

    memset(note, 'n', sizeof note - 1);
    note[sizeof note - 1] = 0;
    desk_open(d);
    for (int i = 0; i < entries; i++)
        desk_add(d, "trip", "alice", "30", "alice,bob", note);
    desk_close(d);
}

static void a_foreign_file_is_left_alone(void **state)
{
    desk *d = *state;

    desk_write_file(d->store, "hello", 5);
    refused(d, IC_ERR_CORRUPT, "not a ledger");
    char big[5000];
    memset(big, 'x', sizeof big);
    desk_write_file(d->store, big, sizeof big);
    refused(d, IC_ERR_CORRUPT, "not a ledger");
}

static void a_database_of_another_program_is_left_alone(void **state)
{
    desk *d = *state;

    run_sql(d, "CREATE TABLE t (x); INSERT INTO t VALUES (1);");
    refused(d, IC_ERR_CORRUPT, "not a ledger");
}

static void a_store_of_a_newer_version_is_left_alone(void **state)
{
    desk *d = *state;

    fill(d, 1);
    run_sql(d, "PRAGMA user_version = 2");
    refused(d, IC_ERR_UNSUPPORTED, "newer version");
}

static void an_empty_file_becomes_a_store(void **state)
{
    desk *d = *state;

    desk_write_file(d->store, "", 0);
    fill(d, 1);
    desk_open(d);
    assert_int_equal(isplit_state_entry_count(desk_state(d, "trip")), 1);
}

/* Whatever is cut off or flipped: an error or good entries, never a crash. */
static int open_and_read(desk *d)
{
    const isplit_state *s = NULL;
    isplit_reason why = {{0}};

    int err = desk_try_open(d, &why);
    if (err)
        assert_true(why.text[0] != 0);
    else
        err = isplit_book_state(d->book, "trip", &s);
    desk_close(d);
    return err;
}

static void a_truncated_store_is_an_error_at_every_length(void **state)
{
    desk *d = *state;
    size_t len = 0;

    fill(d, 12);
    char *whole = desk_read_file(d->store, &len);
    assert_true(len > 8192);
    /* SQLite takes one byte for an empty file */
    for (size_t cut = 2; cut < len; cut += cut < 200 ? 7 : 512) {
        desk_write_file(d->store, whole, cut);
        assert_int_equal(open_and_read(d), IC_ERR_CORRUPT);
    }
    desk_write_file(d->store, whole, len);
    assert_int_equal(open_and_read(d), 0);
    free(whole);
}

static void flipped_bytes_never_crash(void **state)
{
    desk *d = *state;
    size_t len = 0;

    fill(d, 6);
    char *whole = desk_read_file(d->store, &len);
    for (size_t at = 0; at < len; at += 97) {
        whole[at] = (char)(whole[at] ^ 0x55);
        desk_write_file(d->store, whole, len);
        (void)open_and_read(d);
        whole[at] = (char)(whole[at] ^ 0x55);
    }
    free(whole);
}

static void an_event_that_was_changed_is_an_error(void **state)
{
    desk *d = *state;
    const isplit_state *s = NULL;
    isplit_reason why;

    fill(d, 3);
    run_sql(d, "DELETE FROM event WHERE key & 4294967295 = 1");
    assert_int_equal(desk_try_open(d, &why), 0);
    assert_int_equal(isplit_book_state(d->book, "trip", &s), IC_ERR_CORRUPT);
    desk_close(d);
    desk_new_store(d);
    fill(d, 3);
    run_sql(d, "UPDATE event SET text = CAST(replace(text, '\"amount\":3000', "
               "'\"amount\":3001') AS BLOB) WHERE key & 4294967295 = 0");
    assert_int_equal(desk_try_open(d, &why), 0);
    assert_int_equal(isplit_book_state(d->book, "trip", &s), IC_ERR_CORRUPT);
}

/* Another process, started before we open anything: SQLite knows its own process's books
 * without any lock of the system. */
typedef struct rival {
    pid_t pid;
    int go; /* a byte in here lets it open the store */
} rival;

static rival start_rival(desk *d, int expected)
{
    int ends[2];
    char byte = 0;

    assert_int_equal(pipe(ends), 0);
    rival r = {.pid = fork(), .go = ends[1]};
    assert_true(r.pid >= 0);
    if (r.pid == 0) {
        isplit_reason why = {{0}};
        if (read(ends[0], &byte, 1) != 1)
            _exit(2);
        int err = desk_try_open(d, &why);
        _exit(err == expected && (!err || why.text[0]) ? 0 : 1);
    }
    (void)close(ends[0]);
    return r;
}

static void let_rival_open(const rival *r)
{
    int status = 0;

    assert_int_equal(write(r->go, "x", 1), 1);
    (void)close(r->go);
    assert_int_equal(waitpid(r->pid, &status, 0), r->pid);
    assert_int_equal(status, 0);
}

static void a_second_process_is_refused_at_once(void **state)
{
    desk *d = *state;
    rival early = start_rival(d, IC_ERR_BUSY);
    rival late = start_rival(d, 0);

    desk_open(d);
    let_rival_open(&early);
    desk_add(d, "trip", "alice", "1", "bob", "");
    desk_close(d);
    let_rival_open(&late);
}

static void a_second_book_in_this_process_is_refused_too(void **state)
{
    desk *d = *state;
    isplit_reason why;
    rival r = start_rival(d, IC_ERR_BUSY);

    desk_open(d);
    isplit_book *first = d->book;
    assert_int_equal(desk_try_open(d, &why), IC_ERR_BUSY);
    d->book = first;
    let_rival_open(&r); /* the attempt did not cost the first one its lock */
}

/* Run `body` as somebody without rights, since root may write everywhere. */
static void as_nobody(desk *d, int (*body)(desk *d))
{
    int status = 0;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        if (geteuid() == 0 && setuid(65534) != 0)
            _exit(99);
        _exit(body(d));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static int open_is_denied(desk *d)
{
    isplit_reason why = {{0}};

    return desk_try_open(d, &why) == IC_ERR_DENIED && strstr(why.text, "written") ? 0 : 1;
}

static void a_folder_that_cannot_be_written_is_an_error(void **state)
{
    desk *d = *state;

    assert_int_equal(chmod(d->folder, 0555), 0);
    as_nobody(d, open_is_denied); /* nothing there yet */
    assert_int_equal(chmod(d->folder, 0755), 0);
    fill(d, 1);
    assert_int_equal(chmod(d->store, 0444), 0);
    assert_int_equal(chmod(d->folder, 0555), 0);
    as_nobody(d, open_is_denied);
    assert_int_equal(chmod(d->folder, 0755), 0);
}

static void a_folder_that_does_not_exist_is_an_error(void **state)
{
    desk *d = *state;
    isplit_reason why = {{0}};

    (void)snprintf(d->store, sizeof d->store, "%s/no/such/ledger.db", d->folder);
    assert_int_equal(desk_try_open(d, &why), IC_ERR_DENIED);
}

/* Deeds until one fails; returns how many entries were acknowledged. */
static size_t work_until_it_breaks(desk *d, size_t known)
{
    const isplit_entry *entry = NULL;
    const isplit_part split[] = {{"bob", NULL}};
    isplit_reason why = {{0}};
    isplit_draft add = {.payer = "alice", .amount = "1", .parts = split, .part_count = 1};

    if (!d->book && desk_try_open(d, &why) != 0)
        return known;
    for (int i = 0; i < 3; i++) {
        why.text[0] = 0;
        if (isplit_book_add(d->book, "trip", &add, &entry, NULL, &why) != 0) {
            assert_true(why.text[0] != 0);
            return known;
        }
        known++;
    }
    return known;
}

static void check_after_fault(desk *d, size_t known, unsigned nth)
{
    desk_close(d);
    desk_open(d);
    size_t count = isplit_state_entry_count(desk_state(d, "trip"));
    if (count < known || count > known + 1)
        fail_msg("fault %u: %zu entries, %zu acknowledged", nth, count, known);
    desk_add(d, "trip", "alice", "1", "bob", "");
    desk_close(d);
}

static void break_each_call(desk *d, fault_kind kind, bool open_before)
{
    for (unsigned nth = 1; nth < 1000; nth++) {
        desk_new_store(d);
        if (open_before) {
            fault_vfs_start(0, kind);
            desk_open(d);
            desk_add(d, "trip", "alice", "1", "bob", "");
        }
        fault_vfs_start(nth, kind);
        size_t known = work_until_it_breaks(d, open_before ? 1 : 0);
        int was_hit = fault_vfs_stop();
        check_after_fault(d, known, nth);
        if (!was_hit)
            return;
    }
    fail_msg("still writing after 1000 calls");
}

static void a_full_disk_loses_nothing_and_the_store_opens_again(void **state)
{
    break_each_call(*state, FAULT_FULL, true);
    break_each_call(*state, FAULT_FULL, false);
}

static void a_broken_device_loses_nothing_and_the_store_opens_again(void **state)
{
    break_each_call(*state, FAULT_IO, true);
    break_each_call(*state, FAULT_IO, false);
}

static void the_same_book_goes_on_when_there_is_space_again(void **state)
{
    desk *d = *state;
    const isplit_entry *entry = NULL;
    const isplit_part split[] = {{"bob", NULL}};
    isplit_reason why = {{0}};
    isplit_draft add = {.payer = "alice", .amount = "1", .parts = split, .part_count = 1};

    fault_vfs_start(0, FAULT_FULL);
    desk_open(d);
    desk_add(d, "trip", "alice", "1", "bob", "");
    fault_vfs_start(1, FAULT_FULL);
    assert_int_equal(isplit_book_add(d->book, "trip", &add, &entry, NULL, &why),
                     IC_ERR_FULL);
    assert_non_null(strstr(why.text, "full"));
    assert_int_equal(isplit_state_entry_count(desk_state(d, "trip")), 1);
    fault_vfs_start(0, FAULT_FULL);
    desk_add(d, "trip", "alice", "2", "bob", "");
    (void)fault_vfs_stop();
    desk_open(d);
    assert_int_equal(isplit_state_total_minor(desk_state(d, "trip")), 300);
}

static desk *alloc_desk;

static void open_add_close(void *arg)
{
    isplit_draft add = {.payer = "alice", .amount = "1"};
    const isplit_entry *entry = NULL;
    const isplit_state *s = NULL;
    desk *d = alloc_desk;

    if (desk_try_open(d, NULL) != 0)
        return;
    if (isplit_book_add(d->book, "trip", &add, &entry, NULL, NULL) == 0)
        (void)(isplit_book_state(d->book, "nowhere", &s) == 0);
    desk_close(d);
}

static void survives_each_failed_allocation(void **state)
{
    desk *d = *state;

    (void)snprintf(d->store, sizeof d->store, ":memory:");
    alloc_desk = d;
    fail_alloc_each(open_add_close, NULL);
}

#define WITH_DESK(test) cmocka_unit_test_setup_teardown(test, desk_setup, desk_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DESK(a_foreign_file_is_left_alone),
        WITH_DESK(a_database_of_another_program_is_left_alone),
        WITH_DESK(a_store_of_a_newer_version_is_left_alone),
        WITH_DESK(an_empty_file_becomes_a_store),
        WITH_DESK(a_truncated_store_is_an_error_at_every_length),
        WITH_DESK(flipped_bytes_never_crash),
        WITH_DESK(an_event_that_was_changed_is_an_error),
        WITH_DESK(a_second_process_is_refused_at_once),
        WITH_DESK(a_second_book_in_this_process_is_refused_too),
        WITH_DESK(a_folder_that_cannot_be_written_is_an_error),
        WITH_DESK(a_folder_that_does_not_exist_is_an_error),
        WITH_DESK(a_full_disk_loses_nothing_and_the_store_opens_again),
        WITH_DESK(a_broken_device_loses_nothing_and_the_store_opens_again),
        WITH_DESK(the_same_book_goes_on_when_there_is_space_again),
        WITH_DESK(survives_each_failed_allocation),
    };
    return cmocka_run_group_tests_name("intersplit/store", tests, NULL, NULL);
}
