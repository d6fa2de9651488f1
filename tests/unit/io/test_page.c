/* docs/architecture.md, "Programs": the page that intercom-bridge serves. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fail_alloc.h"
#include "intercom/error.h"
#include "io/page.h"
#include "unit.h"

static char root[] = "/tmp/test-page-XXXXXX";

static const char *const folders[] = {"lib", ".git", "d", "d/d"};
static const char *const files[] = {"index.html", "app.js",     "style.css",
                                    ".hidden.js", "notes.md",   "lib/part.mjs",
                                    ".git/a.js",  "d/d/x.HTML", "empty.txt"};

static const char *in_root(const char *name)
{
    static char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", root, name);
    return path;
}

static void write_file(const char *name)
{
    FILE *file = fopen(in_root(name), "w");
    assert_non_null(file);
    if (strcmp(name, "empty.txt") != 0)
        assert_true(fputs(name, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int make_folder(void **state)
{
    assert_non_null(mkdtemp(root));
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        assert_int_equal(mkdir(in_root(folders[i]), 0700), 0);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        write_file(files[i]);
    assert_int_equal(symlink("/etc/passwd", in_root("link.txt")), 0);
    assert_int_equal(mkfifo(in_root("pipe.js"), 0600), 0);
    return 0;
}

static int remove_folder(void **state)
{
    (void)unlink(in_root("link.txt"));
    (void)unlink(in_root("pipe.js"));
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        (void)unlink(in_root(files[i]));
    for (size_t i = sizeof folders / sizeof *folders; i > 0; i--)
        (void)rmdir(in_root(folders[i - 1]));
    return rmdir(root);
}

static const ic__page_file *find(const ic__page *page, const char *target)
{
    return ic__page_find(page, (ic__span){target, strlen(target)});
}

static void listed_files_are_found_with_their_types(void **state)
{
    static const struct {
        const char *target;
        const char *type;
        const char *text;
    } cases[] = {
        {"/", "text/html; charset=utf-8", "index.html"},
        {"/index.html", "text/html; charset=utf-8", "index.html"},
        {"/index.html?a=/../b", "text/html; charset=utf-8", "index.html"},
        {"/?x", "text/html; charset=utf-8", "index.html"},
        {"/app.js", "text/javascript; charset=utf-8", "app.js"},
        {"/style.css", "text/css; charset=utf-8", "style.css"},
        {"/lib/part.mjs", "text/javascript; charset=utf-8", "lib/part.mjs"},
        {"/d/d/x.HTML", "text/html; charset=utf-8", "d/d/x.HTML"},
        {"/empty.txt", "text/plain; charset=utf-8", ""},
    };
    ic__page *page = NULL;
    assert_int_equal(ic__page_load(root, &page), 0);
    assert_int_equal(ic__page_count(page), 6);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const ic__page_file *file = find(page, cases[i].target);
        assert_non_null(file);
        assert_string_equal(file->content_type, cases[i].type);
        assert_int_equal(file->len, strlen(cases[i].text));
        assert_memory_equal(file->data, cases[i].text, file->len);
        assert_int_equal(strlen(file->etag), IC__PAGE_ETAG_LEN);
    }
    assert_string_not_equal(find(page, "/")->etag, find(page, "/app.js")->etag);
    ic__page_free(page);
}

static void nothing_else_is_found(void **state)
{
    static const char *const targets[] = {
        "",         "/.hidden.js", "/notes.md", "/.git/a.js",     "/link.txt",
        "/pipe.js", "/lib",        "/lib/",     "/lib/../app.js", "//app.js",
        "/app.js/", "/%61pp.js",   "/APP.JS",   "/app.js#x",      "/../../etc/passwd",
        "app.js"};
    ic__page *page = NULL;
    assert_int_equal(ic__page_load(root, &page), 0);
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        if (find(page, targets[i]))
            fail_msg("found: %s", targets[i]);
    }
    ic__page_free(page);
}

static void a_folder_that_is_no_page_is_refused(void **state)
{
    ic__page *page = NULL;
    assert_int_equal(ic__page_load(in_root("none"), &page), IC_ERR_NOT_FOUND);
    assert_int_equal(ic__page_load(in_root("app.js"), &page), IC_ERR_NOT_FOUND);
    assert_int_equal(ic__page_load(in_root("lib"), &page), IC_ERR_NOT_FOUND);
    assert_null(page);
}

static void a_text_of_the_program_is_served_like_a_file(void **state)
{
    char path[] = "/config.json";
    char text[] = "{\"bridge\":\"ws://127.0.0.1:49222\"}";
    ic__page *page = NULL;
    assert_int_equal(ic__page_load(root, &page), 0);
    assert_int_equal(ic__page_put(page, path, text), 0);
    path[1] = text[0] = 'x'; /* both were copied */
    const ic__page_file *file = find(page, "/config.json?now");
    assert_non_null(file);
    assert_string_equal(file->content_type, "application/json");
    assert_int_equal(file->len, strlen(text));
    assert_memory_equal(file->data + 1, text + 1, file->len - 1);
    assert_int_equal(strlen(file->etag), IC__PAGE_ETAG_LEN);
    assert_int_equal(ic__page_count(page), 7);
    ic__page_free(page);
}

static void a_text_of_the_program_replaces_a_file(void **state)
{
    ic__page *page = NULL;
    assert_int_equal(ic__page_load(root, &page), 0);
    assert_int_equal(ic__page_put(page, "/app.js", "one"), 0);
    assert_int_equal(ic__page_put(page, "/app.js", "three"), 0);
    assert_int_equal(ic__page_count(page), 6);
    assert_int_equal(find(page, "/app.js")->len, 5);
    ic__page_free(page);
}

static void a_text_that_is_no_file_of_a_page_is_refused(void **state)
{
    ic__page *page = NULL;
    assert_int_equal(ic__page_load(root, &page), 0);
    assert_int_equal(ic__page_put(page, "/config", "{}"), IC_ERR_INVALID);
    assert_int_equal(ic__page_put(page, "/config.exe", "{}"), IC_ERR_INVALID);
    assert_int_equal(ic__page_count(page), 6);
    ic__page_free(page);
}

static void too_many_texts_are_refused(void **state)
{
    char name[32];
    ic__page *page = NULL;
    assert_int_equal(ic__page_load(root, &page), 0);
    for (size_t i = ic__page_count(page); i < IC__PAGE_MAX_FILES; i++) {
        (void)snprintf(name, sizeof name, "/%zu.json", i);
        assert_int_equal(ic__page_put(page, name, "{}"), 0);
    }
    assert_int_equal(ic__page_put(page, "/last.json", "{}"), IC_ERR_LIMIT);
    ic__page_free(page);
}

static void too_many_files_are_refused(void **state)
{
    char name[32];
    ic__page *page = NULL;
    for (int i = 0; i < IC__PAGE_MAX_FILES; i++) {
        (void)snprintf(name, sizeof name, "lib/%d.css", i);
        write_file(name);
    }
    assert_int_equal(ic__page_load(root, &page), IC_ERR_LIMIT);
    for (int i = 0; i < IC__PAGE_MAX_FILES; i++) {
        (void)snprintf(name, sizeof name, "lib/%d.css", i);
        assert_int_equal(unlink(in_root(name)), 0);
    }
}

static void too_many_bytes_are_refused(void **state)
{
    ic__page *page = NULL;
    write_file("lib/big.png");
    assert_int_equal(truncate(in_root("lib/big.png"), IC__PAGE_MAX_BYTES), 0);
    assert_int_equal(ic__page_load(root, &page), IC_ERR_LIMIT);
    assert_int_equal(unlink(in_root("lib/big.png")), 0);
}

static void load_and_free(void *arg)
{
    ic__page *page = NULL;
    int error = ic__page_load(root, &page);
    if (!error)
        error = ic__page_put(page, "/config.json", "{}");
    assert_true(error == 0 || error == IC_ERR_NOMEM);
    ic__page_free(page);
}

static void survives_each_failed_allocation(void **state)
{
    fail_alloc_each(load_and_free, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(listed_files_are_found_with_their_types),
        cmocka_unit_test(nothing_else_is_found),
        cmocka_unit_test(a_folder_that_is_no_page_is_refused),
        cmocka_unit_test(a_text_of_the_program_is_served_like_a_file),
        cmocka_unit_test(a_text_of_the_program_replaces_a_file),
        cmocka_unit_test(a_text_that_is_no_file_of_a_page_is_refused),
        cmocka_unit_test(too_many_texts_are_refused),
        cmocka_unit_test(too_many_files_are_refused),
        cmocka_unit_test(too_many_bytes_are_refused),
        cmocka_unit_test(survives_each_failed_allocation),
    };
    return cmocka_run_group_tests_name("io/page", tests, make_folder, remove_folder);
}
