/* docs/spec/11-wallet.md, section 6: atomic write, mode 0600, nothing overwritten */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "crypto/private_file.h"
#include "fail_alloc.h"
#include "intercom/error.h"
#include "temp_folder.h"
#include "unit.h"

static char folder[200];
static char path[240];

/* The calls that put a file on the disk stand here instead of in the C library, so that
 * the Nth of them can fail. */
static size_t fail_at; /* 0 = never */
static size_t calls;
static bool short_writes;

static bool fails(void)
{
    calls++;
    if (calls != fail_at)
        return false;
    errno = EIO;
    return true;
}

ssize_t write(int fd, const void *data, size_t len)
{
    if (fd > 2 && fails())
        return -1;
    return syscall(SYS_write, fd, data, short_writes && len ? (size_t)1 : len);
}

int fsync(int fd)
{
    return fails() ? -1 : (int)syscall(SYS_fsync, fd);
}

int rename(const char *from, const char *to)
{
    return fails() ? -1 : renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int link(const char *from, const char *to)
{
    return fails() ? -1 : linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

static int setup(void **state)
{
    temp_folder_make(folder, sizeof folder);
    (void)snprintf(path, sizeof path, "%s/file", folder);
    fail_at = 0;
    calls = 0;
    short_writes = false;
    return 0;
}

static int teardown(void **state)
{
    temp_folder_remove(folder);
    return 0;
}

static size_t files_in_folder(void)
{
    size_t count = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
        count += entry->d_name[0] != '.';
    (void)closedir(dir);
    return count;
}

static void assert_content(const char *want)
{
    char data[64];
    size_t len;
    bool exposed;
    assert_int_equal(ic__private_read(path, true, data, sizeof data, &len, &exposed), 0);
    assert_int_equal(len, strlen(want));
    assert_memory_equal(data, want, len);
    assert_false(exposed);
}

static void what_was_written_is_read_and_private(void **state)
{
    struct stat info;
    mode_t old = umask(0);
    assert_int_equal(ic__private_write(path, "secret", 6, false), 0);
    (void)umask(old);
    assert_content("secret");
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    assert_int_equal(files_in_folder(), 1);
}

static void an_existing_file_is_replaced_only_when_asked(void **state)
{
    assert_false(ic__private_exists(path));
    assert_int_equal(ic__private_write(path, "old", 3, false), 0);
    assert_true(ic__private_exists(path));
    assert_int_equal(ic__private_write(path, "new", 3, false), IC_ERR_EXISTS);
    assert_content("old");
    assert_int_equal(ic__private_write(path, "newer", 5, true), 0);
    assert_content("newer");
    assert_int_equal(files_in_folder(), 1);
}

static void short_writes_are_continued(void **state)
{
    short_writes = true;
    assert_int_equal(ic__private_write(path, "byte by byte", 12, false), 0);
    assert_content("byte by byte");
}

/* write, fsync, rename fail with the old file in place; the folder's fsync after it. */
static void each_failing_call_leaves_the_old_file_or_the_new_one(void **state)
{
    assert_int_equal(ic__private_write(path, "old", 3, false), 0);
    for (fail_at = 1; fail_at <= 4; fail_at++) {
        calls = 0;
        assert_int_equal(ic__private_write(path, "new", 3, true), IC_ERR_IO);
        assert_content(fail_at < 4 ? "old" : "new");
        assert_int_equal(files_in_folder(), 1);
    }
    calls = 0;
    assert_int_equal(ic__private_write(path, "last", 4, true), 0);
    assert_int_equal(calls, 4);
}

static void a_first_write_that_fails_leaves_no_file(void **state)
{
    for (fail_at = 1; fail_at <= 3; fail_at++) {
        calls = 0;
        assert_int_equal(ic__private_write(path, "new", 3, false), IC_ERR_IO);
        assert_int_equal(files_in_folder(), 0);
    }
}

static void a_missing_folder_is_told(void **state)
{
    char data[4];
    size_t len;
    bool exposed;
    (void)snprintf(path, sizeof path, "%s/a/b/file", folder);
    assert_int_equal(ic__private_write(path, "x", 1, true), IC_ERR_NOT_FOUND);
    assert_int_equal(ic__private_read(path, true, data, sizeof data, &len, &exposed),
                     IC_ERR_NOT_FOUND);
}

static void missing_folders_are_made_for_the_owner_alone(void **state)
{
    struct stat info;
    char above[240];
    (void)snprintf(path, sizeof path, "%s/a/b/file", folder);
    (void)snprintf(above, sizeof above, "%s/a/b", folder);
    assert_int_equal(ic__private_folders(path), 0);
    assert_int_equal(ic__private_folders(path), 0);
    assert_int_equal(stat(above, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0700);
    assert_int_equal(ic__private_write(path, "x", 1, false), 0);
    (void)snprintf(above, sizeof above, "%s/a/b/file/c/d", folder);
    assert_int_equal(ic__private_folders(above), IC_ERR_EXISTS);
    assert_int_equal(ic__private_folders("file"), 0);
    assert_int_equal(ic__private_folders("/file"), 0);
}

static void a_file_for_others_is_exposed(void **state)
{
    static const mode_t modes[] = {0640, 0604, 0620, 0602, 0610};
    char data[4];
    size_t len;
    bool exposed;
    assert_int_equal(ic__private_write(path, "x", 1, false), 0);
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        assert_int_equal(chmod(path, modes[i]), 0);
        exposed = false;
        assert_int_equal(ic__private_read(path, true, data, sizeof data, &len, &exposed),
                         0);
        assert_true(exposed);
    }
}

static void what_is_no_small_file_is_refused(void **state)
{
    char data[3];
    size_t len = 77;
    bool exposed;
    char other[240];
    assert_int_equal(ic__private_write(path, "1234", 4, false), 0);
    assert_int_equal(ic__private_read(path, true, data, sizeof data, &len, &exposed),
                     IC_ERR_CORRUPT);
    assert_int_equal(ic__private_read(folder, true, data, sizeof data, &len, &exposed),
                     IC_ERR_CORRUPT);
    (void)snprintf(other, sizeof other, "%s/pipe", folder);
    assert_int_equal(mkfifo(other, 0600), 0);
    assert_int_equal(ic__private_read(other, true, data, sizeof data, &len, &exposed),
                     IC_ERR_CORRUPT);
    (void)snprintf(other, sizeof other, "%s/link", folder);
    assert_int_equal(symlink(path, other), 0);
    assert_int_equal(ic__private_read(other, false, data, sizeof data, &len, &exposed),
                     IC_ERR_DENIED);
    assert_int_equal(len, 77);
}

static void write_once(void *arg)
{
    int err = ic__private_write(path, "x", 1, true);
    assert_true(err == 0 || err == IC_ERR_NOMEM);
    err = ic__private_folders(path);
    assert_true(err == 0 || err == IC_ERR_NOMEM);
}

static void running_out_of_memory_leaves_nothing(void **state)
{
    fail_alloc_each(write_once, NULL);
    assert_int_equal(files_in_folder(), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_written_is_read_and_private, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_existing_file_is_replaced_only_when_asked,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(short_writes_are_continued, setup, teardown),
        cmocka_unit_test_setup_teardown(
            each_failing_call_leaves_the_old_file_or_the_new_one, setup, teardown),
        cmocka_unit_test_setup_teardown(a_first_write_that_fails_leaves_no_file, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_missing_folder_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(missing_folders_are_made_for_the_owner_alone,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_for_others_is_exposed, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_small_file_is_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(running_out_of_memory_leaves_nothing, setup,
                                        teardown),
    };
    return cmocka_run_group_tests_name("crypto/private_file", tests, NULL, NULL);
}
