#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fail_alloc.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "peer/folder.h"
#include "temp_folder.h"
#include "unit.h"

#define PATH_SIZE 200

static char stores[PATH_SIZE];

static int make_stores(void **state)
{
    temp_folder_make(stores, sizeof stores);
    return 0;
}

static int remove_stores(void **state)
{
    temp_folder_remove(stores);
    return 0;
}

/* docs/spec/14-trac-peer.md, section 1 */
static void a_store_is_made_for_its_owner_alone(void **state)
{
    ic__folder folder;
    struct stat st;
    char deep[PATH_SIZE + 8];

    (void)snprintf(deep, sizeof deep, "%s/a/b//", stores);
    assert_int_equal(ic__folder_open(&folder, deep, "demo 2"), 0);
    assert_non_null(strstr(folder.path, "/a/b/demo 2"));
    assert_int_equal(stat(folder.path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    ic__folder_close(&folder);
    ic__folder_close(&folder); /* again is fine */
}

static void names_do_not_lead_out_of_the_stores(void **state)
{
    static const char *const bad[] = {"",     ".",    "..",   "../x", "a/b",    "/a",
                                      "a\\b", "a..b", "x\ny", "\x7f", "\x1b[2J"};
    static const char *const good[] = {"peer", "demo2-msb", "a.b", ".hidden",
                                       "caf\xc3\xa9"};
    char longest[IC__STORE_NAME_MAX + 2];
    ic__folder folder;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(ic__folder_open(&folder, stores, bad[i]), IC_ERR_INVALID);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(ic__folder_name_ok(good[i]));
    memset(longest, 'x', sizeof longest);
    longest[IC__STORE_NAME_MAX] = 0;
    assert_true(ic__folder_name_ok(longest));
    longest[IC__STORE_NAME_MAX] = 'x';
    longest[IC__STORE_NAME_MAX + 1] = 0;
    assert_false(ic__folder_name_ok(longest));
}

static void a_store_is_held_once(void **state)
{
    ic__folder first;
    ic__folder second;

    assert_int_equal(ic__folder_open(&first, stores, "one"), 0);
    assert_int_equal(ic__folder_open(&second, stores, "one"), IC_ERR_BUSY);
    assert_int_equal(ic__folder_open(&second, stores, "two"), 0);
    ic__folder_close(&second);
    ic__folder_close(&first);
    assert_int_equal(ic__folder_open(&first, stores, "one"), 0);
    ic__folder_close(&first);
}

static void a_file_in_the_way_is_named_as_such(void **state)
{
    char path[PATH_SIZE + 16];
    ic__folder folder;

    (void)snprintf(path, sizeof path, "%s/file", stores);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(ic__folder_open(&folder, stores, "file"), IC_ERR_EXISTS);
    assert_int_equal(ic__folder_open(&folder, path, "x"), IC_ERR_EXISTS);
}

static void a_lock_that_is_a_link_is_not_followed(void **state)
{
    char path[PATH_SIZE + 32];
    ic__folder folder;

    (void)snprintf(path, sizeof path, "%s/trap", stores);
    assert_int_equal(mkdir(path, 0700), 0);
    (void)snprintf(path, sizeof path, "%s/trap/peer.lock", stores);
    assert_int_equal(symlink("elsewhere", path), 0);
    assert_int_equal(ic__folder_open(&folder, stores, "trap"), IC_ERR_DENIED);
}

static void open_once(void *arg)
{
    ic__folder folder;
    if (ic__folder_open(&folder, stores, "nth") == 0) {
        ic_mem_free(ic__folder_file(&folder, "ledger.db"));
        ic__folder_close(&folder);
    }
}

static void survives_each_failed_allocation(void **state)
{
    fail_alloc_each(open_once, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_store_is_made_for_its_owner_alone),
        cmocka_unit_test(names_do_not_lead_out_of_the_stores),
        cmocka_unit_test(a_store_is_held_once),
        cmocka_unit_test(a_file_in_the_way_is_named_as_such),
        cmocka_unit_test(a_lock_that_is_a_link_is_not_followed),
        cmocka_unit_test(survives_each_failed_allocation),
    };
    return cmocka_run_group_tests_name("peer/folder", tests, make_stores, remove_stores);
}
