/* docs/spec/16-ledger.md, sections 0 and 4.5: persist and restore. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "desk.h"
#include "fail_alloc.h"
#include "intercom/error.h"
#include "intersplit/ledger.h"
#include "text/scan.h"
#include "unit.h"

/* A file as the original writes it. */
static const char original[] =
    "{\"version\":1,\"updatedAt\":1735689600000,\"rooms\":["
    "{\"channel\":\"other\",\"version\":1,\"events\":[{\"txId\":\"o\",\"payer\":\"x\","
    "\"amountCents\":1,\"split\":[\"x\"],\"note\":\"\\u2028 \\\"q\\\"\",\"ts\":1.5,"
    "\"by\":null}]},"
    "{\"channel\":\"trip\",\"version\":1,\"events\":["
    "{\"txId\":\"ab12:1:x\",\"payer\":\"alice\",\"amountCents\":3000,\"split\":["
    "\"alice\",\"bob\"],\"note\":\"dinner\",\"ts\":1735689600123,\"by\":\"trac1q\"},"
    "{\"txId\":\"ab12:2:y\",\"payer\":\"bob\",\"amountCents\":1000,\"split\":["
    "\"alice\",\"bob\"],\"note\":\"\",\"ts\":1735689600456,\"by\":null},"
    "{\"txId\":\"\",\"payer\":\"bob\"},null,7]}]}\n";

static void write_original(const desk *d)
{
    desk_write_file(d->snapshot, original, sizeof original - 1);
}

static isplit_restored restore(desk *d, bool replace)
{
    isplit_restored r;
    isplit_reason why = {{0}};

    if (isplit_book_restore(d->book, "trip", replace, &r, &why) != 0)
        fail_msg("not restored: %s", why.text);
    return r;
}

static size_t persist(desk *d, const char *room)
{
    size_t count = 0;
    isplit_reason why = {{0}};

    if (isplit_book_persist(d->book, room, false, &count, &why) != 0)
        fail_msg("not persisted: %s", why.text);
    return count;
}

static json_t *read_snapshot(const desk *d)
{
    json_t *doc = json_load_file(d->snapshot, JSON_REJECT_DUPLICATES, NULL);

    assert_non_null(doc);
    return doc;
}

static const json_t *room_in(const json_t *doc, const char *channel)
{
    size_t i;
    json_t *room;

    json_array_foreach(json_object_get(doc, "rooms"), i, room)
    {
        if (strcmp(json_string_value(json_object_get(room, "channel")), channel) == 0)
            return room;
    }
    return NULL;
}

static void a_file_of_the_original_is_read(void **state)
{
    desk *d = *state;

    write_original(d);
    desk_open(d);
    isplit_restored r = restore(d, false);
    assert_true(r.found);
    assert_int_equal(r.added, 2);
    assert_int_equal(r.total, 2);
    const isplit_entry *e = isplit_state_entry(desk_state(d, "trip"), 0);
    assert_string_equal(e->id, "ab12:1:x");
    assert_string_equal(e->by, "trac1q");
    assert_null(e->author);
    assert_false(e->flags & ISPLIT_ENTRY_SIGNED);
    r = restore(d, false);
    assert_int_equal(r.added, 0);
    assert_int_equal(r.total, 2);
}

static void no_file_and_no_room_are_told_apart_from_an_empty_one(void **state)
{
    desk *d = *state;
    isplit_restored r = {0};
    size_t count = 0;

    desk_open(d);
    r = restore(d, false);
    assert_false(r.found);
    write_original(d);
    assert_int_equal(isplit_book_restore(d->book, "nowhere", false, &r, NULL), 0);
    assert_false(r.found);
    assert_int_equal(isplit_book_persist(d->book, "nowhere", false, &count, NULL),
                     IC_ERR_NOT_FOUND);
}

static void the_original_can_read_what_we_write(void **state)
{
    desk *d = *state;

    write_original(d);
    desk_open(d);
    (void)restore(d, false);
    desk_add(d, "trip", "carol", "5", "alice", "tea");
    assert_int_equal(persist(d, "trip"), 3);
    json_t *doc = read_snapshot(d);
    assert_int_equal(json_integer_value(json_object_get(doc, "version")), 1);
    const json_t *room = room_in(doc, "trip");
    assert_int_equal(json_integer_value(json_object_get(room, "version")), 1);
    const json_t *events = json_object_get(room, "events");
    assert_int_equal(json_array_size(events), 3);
    for (size_t i = 0; i < 3; i++) { /* what its normalizeEvent asks for */
        const json_t *e = json_array_get(events, i);
        assert_true(json_string_length(json_object_get(e, "txId")) > 0);
        assert_true(json_string_length(json_object_get(e, "payer")) > 0);
        assert_true(json_integer_value(json_object_get(e, "amountCents")) > 0);
        assert_true(json_array_size(json_object_get(e, "split")) > 0);
        assert_true(json_is_integer(json_object_get(e, "ts")));
    }
    json_decref(doc);
}

static void other_rooms_of_the_file_stay_byte_for_byte(void **state)
{
    desk *d = *state;
    size_t len = 0;
    const char *from = strstr(original, "{\"channel\":\"other\"");
    const char *end = strstr(original, ",{\"channel\":\"trip\"");
    char other[512] = "";

    write_original(d);
    desk_open(d);
    memcpy(other, from, (size_t)(end - from));
    desk_add(d, "the \"room", "carol", "5", "alice", "tea");
    (void)persist(d, "the \"room");
    char *text = desk_read_file(d->snapshot, &len);
    assert_non_null(strstr(text, other));
    free(text);
}

/* What one identity persisted, another store has again, clears and unknown kinds too. */
static void nothing_is_lost_between_persist_and_restore(void **state)
{
    desk *d = *state;
    size_t removed = 0;
    uint8_t before[16];
    uint8_t after[16];

    write_original(d);
    desk_open(d);
    (void)restore(d, false);
    desk_add(d, "trip", "alice", "1", "bob", "");
    assert_int_equal(isplit_book_clear(d->book, "trip", &removed, NULL), 0);
    assert_int_equal(removed, 3);
    desk_add(d, "trip", "alice", "2", "bob", "");
    (void)persist(d, "trip");
    isplit_state_fingerprint(desk_state(d, "trip"), before);
    desk_be(d, 9);
    desk_new_store(d);
    desk_open(d);
    isplit_restored r = restore(d, false);
    assert_int_equal(r.total, 1);
    isplit_state_fingerprint(desk_state(d, "trip"), after);
    assert_memory_equal(before, after, sizeof before);
    r = restore(d, true); /* the snapshot knew the clear: nothing to undo */
    assert_int_equal(r.total, 1);
}

static void a_room_of_version_2_is_read(void **state)
{
    desk *d = *state;
    char *event = NULL;
    char *file = NULL;
    isplit_ledger *l = NULL;
    const isplit_entry *entry = NULL;
    isplit_draft add = {.payer = "alice", .amount = "3"};

    desk_open(d);
    assert_int_equal(isplit_ledger_new("trip", d->identity, &d->env, &l), 0);
    assert_int_equal(isplit_ledger_add(l, &add, &entry, NULL, NULL), 0);
    assert_int_equal(isplit_ledger_event(l, 0, &event), 0);
    int len = asprintf(&file,
                       "{\"format\":\"intersplit-room\",\"version\":2,\"channel\":"
                       "\"trip\",\"count\":1,\"fp\":\"\",\"heads\":[],\"events\":[%s]}",
                       event);
    assert_true(len > 0);
    desk_write_file(d->snapshot, file, (size_t)len);
    assert_int_equal(restore(d, false).added, 1);
    assert_true(isplit_state_entry(desk_state(d, "trip"), 0)->flags &
                ISPLIT_ENTRY_SIGNED);
    free(file);
    ic_mem_free(event);
    isplit_ledger_free(l);
}

/* Neither restore nor persist may touch a file that they cannot read. */
static void refused(desk *d, const char *content, size_t len, int error, const char *says)
{
    isplit_restored r;
    size_t count = 0;
    size_t after_len = 0;
    isplit_reason why[2] = {{{0}}, {{0}}};

    desk_write_file(d->snapshot, content, len);
    assert_int_equal(isplit_book_restore(d->book, "trip", false, &r, &why[0]), error);
    assert_int_equal(isplit_book_persist(d->book, "mine", false, &count, &why[1]), error);
    for (size_t i = 0; i < 2; i++) {
        if (!strstr(why[i].text, says))
            fail_msg("\"%s\" does not say \"%s\"", why[i].text, says);
    }
    char *after = desk_read_file(d->snapshot, &after_len);
    assert_int_equal(after_len, len);
    assert_memory_equal(after, content, len);
    free(after);
}

static void a_damaged_file_is_an_error_and_left_alone(void **state)
{
    static const char *const bad[] = {
        "{",
        "[]",
        "{}",
        "null",
        "{\"rooms\":[],}",
        "{\"rooms\":[{\"channel\":\"x\"}]} x",
        "{\"rooms\":[{\"version\":1}]}",
        "{\"rooms\":[{\"channel\":7}]}",
        "{\"rooms\":{}}",
        "{\"rooms\":[{\"channel\":\"x\",\"events\":[01]}]}",
        "{\"rooms\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"
        "]]]]"
        "]]]]]]]]]]}",
    };
    static const char *const newer[] = {
        "{\"version\":3,\"rooms\":[]}",
        "{\"version\":1,\"rooms\":[{\"channel\":\"trip\",\"version\":9}]}",
    };
    desk *d = *state;

    desk_open(d);
    desk_add(d, "mine", "alice", "1", "bob", "");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        refused(d, bad[i], strlen(bad[i]), IC_ERR_CORRUPT, "damaged");
    refused(d, newer[0], strlen(newer[0]), IC_ERR_UNSUPPORTED, "newer");
    refused(d, newer[1], strlen(newer[1]), IC_ERR_UNSUPPORTED, "newer");
}

static void every_prefix_of_a_file_is_damaged(void **state)
{
    desk *d = *state;

    desk_open(d);
    desk_add(d, "mine", "alice", "1", "bob", "");
    for (size_t n = 1; n < sizeof original - 2; n += 3)
        refused(d, original, n, IC_ERR_CORRUPT, "damaged");
}

static void a_changed_event_in_the_file_is_an_error(void **state)
{
    desk *d = *state;
    isplit_restored r;
    isplit_reason why = {{0}};
    size_t len = 0;

    desk_open(d);
    desk_add(d, "trip", "alice", "30", "bob", "");
    (void)persist(d, "trip");
    char *text = desk_read_file(d->snapshot, &len);
    char *at = strstr(text, "\"amount\":3000");
    assert_non_null(at);
    at[strlen("\"amount\":300")] = '1';
    desk_write_file(d->snapshot, text, len);
    free(text);
    desk_new_store(d);
    desk_open(d);
    assert_int_equal(isplit_book_restore(d->book, "trip", false, &r, &why),
                     IC_ERR_CORRUPT);
    assert_non_null(strstr(why.text, "signature"));
    assert_int_equal(isplit_state_event_count(desk_state(d, "trip")), 0);
}

static void a_stranger_cannot_replace_what_was_cleared(void **state)
{
    desk *d = *state;
    isplit_restored r;
    size_t removed = 0;
    size_t len = 0;
    isplit_reason why = {{0}};

    desk_open(d);
    desk_add(d, "trip", "alice", "30", "bob", "");
    (void)persist(d, "trip");
    char *early = desk_read_file(d->snapshot, &len);
    assert_int_equal(isplit_book_clear(d->book, "trip", &removed, NULL), 0);
    (void)persist(d, "trip");
    desk_be(d, 9);
    desk_new_store(d);
    desk_open(d);
    (void)restore(d, false);
    desk_write_file(d->snapshot, early, len);
    free(early);
    assert_int_equal(isplit_book_restore(d->book, "trip", true, &r, &why), IC_ERR_DENIED);
    assert_non_null(strstr(why.text, "undo"));
    assert_int_equal(isplit_state_event_count(desk_state(d, "trip")), 2);
}

static void a_file_past_its_limit_is_an_error(void **state)
{
    desk *d = *state;
    isplit_book_options o;
    isplit_restored r;
    size_t count = 0;
    isplit_reason why = {{0}};

    char large[4096];
    memset(large, ' ', sizeof large);
    desk_write_file(d->snapshot, large, sizeof large);
    isplit_book_options_default(&o);
    o.path = d->store;
    o.snapshot_path = d->snapshot;
    o.identity = d->identity;
    o.max_snapshot_bytes = sizeof large - 1;
    assert_int_equal(isplit_book_open(&o, &d->book, &why), 0);
    assert_int_equal(isplit_book_restore(d->book, "trip", false, &r, &why), IC_ERR_LIMIT);
    assert_non_null(strstr(why.text, "larger"));
    assert_int_equal(unlink(d->snapshot), 0);
    desk_add(d, "mine", "alice", "1", "bob", "");
    (void)persist(d, "mine");
    for (int i = 0; i < 8; i++)
        desk_add(d, "mine", "alice", "1", "bob", "one more");
    assert_int_equal(isplit_book_persist(d->book, "mine", false, &count, &why),
                     IC_ERR_LIMIT);
}

static void a_simulated_persist_only_counts(void **state)
{
    desk *d = *state;
    size_t count = 0;

    desk_open(d);
    desk_add(d, "trip", "alice", "1", "bob", "");
    assert_int_equal(isplit_book_persist(d->book, "trip", true, &count, NULL), 0);
    assert_int_equal(count, 1);
    assert_int_not_equal(access(d->snapshot, F_OK), 0);
}

/* In another process, since the limit stays and root may write everywhere. */
static int persist_in_child(desk *d, bool full, isplit_reason *why)
{
    size_t count = 0;

    if (full) {
        const struct rlimit none = {.rlim_cur = 600, .rlim_max = RLIM_INFINITY};
        if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR || setrlimit(RLIMIT_FSIZE, &none) != 0)
            _exit(98);
    } else if (geteuid() == 0 && setuid(65534) != 0) {
        _exit(99);
    }
    return isplit_book_persist(d->book, "trip", false, &count, why);
}

static void persist_fails_in_child(desk *d, bool full, int error)
{
    int status = 0;
    size_t before_len = 0;
    size_t after_len = 0;
    char *before = desk_read_file(d->snapshot, &before_len);
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        isplit_reason why = {{0}};
        int err = persist_in_child(d, full, &why);
        _exit(err == error && why.text[0] ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    char *after = desk_read_file(d->snapshot, &after_len);
    assert_int_equal(before_len, after_len);
    assert_memory_equal(before, after, after_len);
    free(before);
    free(after);
}

static void a_full_disk_or_folder_without_rights_leaves_the_old_file(void **state)
{
    desk *d = *state;

    desk_open(d);
    desk_add(d, "trip", "alice", "1", "bob", "");
    (void)persist(d, "trip");
    desk_add(d, "trip", "alice", "2", "bob", "");
    persist_fails_in_child(d, true, IC_ERR_FULL);
    assert_int_equal(chmod(d->snapshot, 0444), 0);
    assert_int_equal(chmod(d->folder, 0555), 0);
    persist_fails_in_child(d, false, IC_ERR_DENIED);
    assert_int_equal(chmod(d->folder, 0755), 0);
}

static desk *alloc_desk;

static void restore_and_persist(void *arg)
{
    isplit_restored r;
    size_t count = 0;
    desk *d = alloc_desk;

    if (desk_try_open(d, NULL) != 0)
        return;
    if (isplit_book_restore(d->book, "trip", true, &r, NULL) == 0)
        (void)(isplit_book_persist(d->book, "trip", false, &count, NULL) == 0);
    desk_close(d);
}

static void survives_each_failed_allocation(void **state)
{
    desk *d = *state;

    (void)snprintf(d->store, sizeof d->store, ":memory:");
    alloc_desk = d;
    write_original(d);
    fail_alloc_each(restore_and_persist, NULL);
}

static isplit__slice whole(const char *text)
{
    return (isplit__slice){.at = text, .len = strlen(text)};
}

static bool scans(const char *text)
{
    size_t len = strlen(text);
    char *copy = malloc(len ? len : 1);

    assert_non_null(copy);
    memcpy(copy, text, len);
    isplit__scan s = isplit__scan_of((isplit__slice){.at = copy, .len = len});
    (void)isplit__scan_value(&s);
    bool good = isplit__scan_finish(&s);
    free(copy);
    return good;
}

static void the_scanner_knows_the_grammar(void **state)
{
    static const char *const good[] = {
        "0", "-1.5e+3", " true ", "\"a\\\"b\"", "[]", "[1,2]", "{\"a\":{},\"b\":[null]}",
    };
    static const char *const bad[] = {
        "",     "01",   "1.",        "-",       "1e",       "tru",   "\"a",
        "\"\\", "[1,]", "[1 2]",     "{\"a\"}", "{\"a\":}", "{a:1}", "{\"a\":1,}",
        "[",    "[1}",  "{\"a\":1]", "1 2",     "\"\x01\"", "nul",   "[,1]",
    };

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(scans(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (scans(bad[i]))
            fail_msg("taken: %s", bad[i]);
    }
    assert_true(isplit__slice_is(whole("x"), "x"));
    assert_false(isplit__slice_is(whole("xy"), "x"));
}

#define WITH_DESK(test) cmocka_unit_test_setup_teardown(test, desk_setup, desk_teardown)

/* CPU time of a restore of so many entries whose times are in no order. */
static clock_t time_of_restore(desk *d, uint32_t entries)
{
    desk_new_store(d);
    desk_open(d);
    FILE *file = fopen(d->snapshot, "w");
    assert_non_null(file);
    (void)fputs("{\"channel\":\"trip\",\"version\":1,\"events\":[null", file);
    for (uint32_t i = 0; i < entries; i++)
        (void)fprintf(file,
                      ",{\"txId\":\"%" PRIu32 "\",\"payer\":\"bob\","
                      "\"amountCents\":1,\"split\":[\"bob\"],\"ts\":%" PRIu32 "}",
                      i, i * UINT32_C(2654435761));
    (void)fputs("]}", file);
    assert_int_equal(fclose(file), 0);
    clock_t start = clock();
    assert_int_equal(restore(d, false).added, entries);
    return clock() - start + 1;
}

/* Eight times as many take eight times as long, and sorting; not sixty-four times. */
static void a_large_room_is_restored_in_a_moment(void **state)
{
    assert_true(time_of_restore(*state, 32000) < 30 * time_of_restore(*state, 4000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DESK(a_file_of_the_original_is_read),
        WITH_DESK(no_file_and_no_room_are_told_apart_from_an_empty_one),
        WITH_DESK(the_original_can_read_what_we_write),
        WITH_DESK(other_rooms_of_the_file_stay_byte_for_byte),
        WITH_DESK(nothing_is_lost_between_persist_and_restore),
        WITH_DESK(a_room_of_version_2_is_read),
        WITH_DESK(a_damaged_file_is_an_error_and_left_alone),
        WITH_DESK(every_prefix_of_a_file_is_damaged),
        WITH_DESK(a_changed_event_in_the_file_is_an_error),
        WITH_DESK(a_stranger_cannot_replace_what_was_cleared),
        WITH_DESK(a_file_past_its_limit_is_an_error),
        WITH_DESK(a_large_room_is_restored_in_a_moment),
        WITH_DESK(a_simulated_persist_only_counts),
        WITH_DESK(a_full_disk_or_folder_without_rights_leaves_the_old_file),
        WITH_DESK(survives_each_failed_allocation),
        cmocka_unit_test(the_scanner_knows_the_grammar),
    };
    return cmocka_run_group_tests_name("intersplit/snapshot", tests, NULL, NULL);
}
