#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fail_alloc.h"
#include "intercom/error.h"
#include "peer_history.h"
#include "temp_folder.h"
#include "unit.h"

static char folder[200];
static char path[260];

typedef struct told {
    size_t count;
    char first[64];
    char last[64];
} told;

static void count_line(const char *text, void *user)
{
    told *t = user;

    if (t->count++ == 0)
        (void)snprintf(t->first, sizeof t->first, "%s", text);
    (void)snprintf(t->last, sizeof t->last, "%s", text);
}

static int make(void **state)
{
    temp_folder_make(folder, sizeof folder);
    (void)snprintf(path, sizeof path, "%s/history", folder);
    return 0;
}

static int clean(void **state)
{
    temp_folder_remove(folder);
    return 0;
}

static void lines_come_back_in_order_from_a_private_file(void **state)
{
    told t = {0};
    struct stat st;

    assert_int_equal(peer_history_read(path, count_line, &t), 0);
    assert_int_equal(t.count, 0);
    assert_int_equal(peer_history_add(path, "/stats", 6), 0);
    assert_int_equal(peer_history_add(path, "/help", 5), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(peer_history_read(path, count_line, &t), 0);
    assert_int_equal(t.count, 2);
    assert_string_equal(t.first, "/stats");
    assert_string_equal(t.last, "/help");
}

static void only_the_last_lines_are_told(void **state)
{
    told t = {0};
    char line[32];

    for (int i = 0; i < PEER_HISTORY_LINES + 10; i++) {
        int n = snprintf(line, sizeof line, "line %d", i);
        assert_int_equal(peer_history_add(path, line, (size_t)n), 0);
    }
    assert_int_equal(peer_history_read(path, count_line, &t), 0);
    assert_int_equal(t.count, PEER_HISTORY_LINES);
    assert_string_equal(t.first, "line 10");
    assert_string_equal(t.last, "line 509");
}

static void a_long_file_is_cut_down_to_its_tail(void **state)
{
    told t = {0};
    struct stat st;
    char line[2000];

    memset(line, 'x', sizeof line);
    for (int i = 0; i < 140; i++)
        assert_int_equal(peer_history_add(path, line, sizeof line), 0);
    assert_int_equal(peer_history_read(path, count_line, &t), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_true(st.st_size <= PEER_HISTORY_MAX_BYTES);
    assert_true(t.count >= 130 && t.count < 140);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void a_line_that_a_crash_cut_off_is_left_out(void **state)
{
    told t = {0};
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs("/stats\n\n/hel", file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(peer_history_read(path, count_line, &t), 0);
    assert_int_equal(t.count, 1);
    assert_string_equal(t.last, "/stats");
}

static void what_is_no_file_is_an_error(void **state)
{
    told t = {0};

    assert_int_equal(peer_history_read(folder, count_line, &t), IC_ERR_IO);
    assert_int_equal(peer_history_add(folder, "x", 1), IC_ERR_IO);
    assert_int_equal(peer_history_read("/dev/null", count_line, &t), IC_ERR_IO);
}

static void read_once(void *arg)
{
    told t = {0};

    if (peer_history_add(path, "/help", 5) == 0)
        (void)!peer_history_read(path, count_line, &t);
}

static void survives_each_failed_allocation(void **state)
{
    fail_alloc_each(read_once, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lines_come_back_in_order_from_a_private_file,
                                        make, clean),
        cmocka_unit_test_setup_teardown(only_the_last_lines_are_told, make, clean),
        cmocka_unit_test_setup_teardown(a_long_file_is_cut_down_to_its_tail, make, clean),
        cmocka_unit_test_setup_teardown(a_line_that_a_crash_cut_off_is_left_out, make,
                                        clean),
        cmocka_unit_test_setup_teardown(what_is_no_file_is_an_error, make, clean),
        cmocka_unit_test_setup_teardown(survives_each_failed_allocation, make, clean),
    };
    return cmocka_run_group_tests_name("cli/peer_history", tests, NULL, NULL);
}
