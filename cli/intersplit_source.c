#include "intersplit_source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "book/file.h"
#include "book/snapshot.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "intersplit_copy.h"
#include "intersplit_folder.h"
#include "text/buf.h"

#define INPUT_MAX ((size_t)256 << 20) /* bytes of a file or of standard input */
#define PIECE 65536
#define STORE_MAGIC "SQLite format 3"
#define STORE_FILE "ledger.db"

static char *read_standard_input(size_t *len)
{
    isplit__buf b = {0};
    char piece[PIECE];
    size_t n;

    while (b.len <= INPUT_MAX && (n = fread(piece, 1, sizeof piece, stdin)) > 0)
        isplit__buf_add(&b, piece, n);
    if (ferror(stdin) || b.len > INPUT_MAX || b.bad) {
        isplit__buf_free(&b);
        (void)cli_fail(CLI_FAILED, "cannot read at most %zu MiB from standard input",
                       INPUT_MAX >> 20);
        return NULL;
    }
    *len = b.len;
    char *text = isplit__buf_take(&b);
    if (!text)
        (void)cli_fail(CLI_FAILED, "out of memory");
    return text;
}

char *cli_read_file(const char *path, size_t *len)
{
    char *text = NULL;

    if (!path || strcmp(path, "-") == 0)
        return read_standard_input(len);
    int err = isplit__file_read(path, INPUT_MAX, &text, len);
    if (err)
        (void)cli_fail(CLI_FAILED, "%s: %s", path, ic_strerror(err));
    return text;
}

char *cli_store_path(const char *path)
{
    struct stat st;
    isplit__buf b = {0};

    isplit__buf_text(&b, path);
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        isplit__buf_text(&b, "/" STORE_FILE);
    return isplit__buf_take(&b);
}

static int open_book(cli_source *s, const char *store, const char *snapshots)
{
    isplit_book_options o;
    isplit_reason why = {{0}};

    isplit_book_options_default(&o);
    o.path = store;
    o.snapshot_path = snapshots;
    o.identity = s->identity;
    o.max_snapshot_bytes = INPUT_MAX;
    int err = isplit_book_open(&o, &s->book, &why);
    return err ? cli_fail_error(err, &why) : CLI_OK;
}

static int open_store(cli_source *s, const char *path)
{
    const char *copy = cli_folder_path(CLI_FOLDER_STORE);
    int err = cli_copy_store(path, copy);
    if (err == IC_ERR_BUSY)
        return cli_fail(CLI_BUSY, "%s is being written all the time; try again", path);
    if (err)
        return cli_fail(err == IC_ERR_NOT_FOUND ? CLI_NOT_FOUND : CLI_FAILED, "%s: %s",
                        path, ic_strerror(err));
    return open_book(s, copy, NULL);
}

static bool is_object(const char *text, size_t len)
{
    size_t blank = 0;

    while (blank < len && strchr(" \t\r\n", text[blank]) && text[blank])
        blank++;
    return blank < len && text[blank] == '{';
}

/* A snapshot becomes a store in memory. */
static int open_snapshot(cli_source *s, const char *name, const char *text, size_t len)
{
    const char *copy = cli_folder_path(CLI_FOLDER_SNAPSHOT);

    if (!is_object(text, len))
        return cli_fail(CLI_REFUSED, "%s is neither a ledger's store nor a snapshot",
                        name);
    int err = isplit__file_replace(copy, text, len);
    if (err)
        return cli_fail(CLI_FAILED, "%s: %s", copy, ic_strerror(err));
    return open_book(s, ":memory:", copy);
}

static bool is_store(const char *text, size_t len)
{
    return len >= sizeof STORE_MAGIC &&
           memcmp(text, STORE_MAGIC, sizeof STORE_MAGIC) == 0;
}

static int open_input(cli_source *s)
{
    const char *copy = cli_folder_path(CLI_FOLDER_STORE);
    size_t len = 0;
    char *text = cli_read_file(NULL, &len);
    int code = CLI_FAILED;

    if (!text)
        return CLI_FAILED;
    if (!is_store(text, len))
        code = open_snapshot(s, "standard input", text, len);
    else if (isplit__file_replace(copy, text, len) == 0)
        code = open_book(s, copy, NULL);
    else
        (void)cli_fail(CLI_FAILED, "cannot write %s", copy);
    ic_mem_free(text);
    return code;
}

static int open_file(cli_source *s, const char *path)
{
    char start[sizeof STORE_MAGIC];
    size_t len = 0;
    FILE *file = fopen(path, "rbe");

    if (!file)
        return cli_fail(errno == ENOENT ? CLI_NOT_FOUND : CLI_FAILED, "%s: %s", path,
                        strerror(errno));
    len = fread(start, 1, sizeof start, file);
    (void)fclose(file);
    if (is_store(start, len))
        return open_store(s, path);
    char *text = cli_read_file(path, &len);
    int code = text ? open_snapshot(s, path, text, len) : CLI_FAILED;
    ic_mem_free(text);
    return code;
}

static int open_path(cli_source *s, const char *store)
{
    if (!store && isatty(STDIN_FILENO))
        return cli_fail(
            CLI_USAGE,
            "there is nothing to read: name a store with --store, or pipe one in");
    if (!store || strcmp(store, "-") == 0)
        return open_input(s);
    char *path = cli_store_path(store);
    int code = path ? open_file(s, path) : cli_fail(CLI_FAILED, "out of memory");
    ic_mem_free(path);
    return code;
}

/* The names of all rooms, for a choice. */
typedef struct rooms {
    isplit__buf names; /* with ", " between them */
    char *first;
    size_t count;
} rooms;

static int add_room(const char *name, void *user)
{
    rooms *r = user;
    isplit__buf copy = {0};

    if (!r->count++) {
        isplit__buf_text(&copy, name);
        r->first = isplit__buf_take(&copy);
    } else
        isplit__buf_text(&r->names, ", ");
    isplit__buf_text(&r->names, name);
    return r->first && !r->names.bad ? 0 : IC_ERR_NOMEM;
}

static int add_cut_room(const isplit__cut_room *cut, void *user)
{
    json_t *name = json_loadb(cut->channel.at, cut->channel.len, JSON_DECODE_ANY, NULL);
    int err = json_is_string(name) ? add_room(json_string_value(name), user) : 0;

    json_decref(name);
    return err;
}

static int list_rooms(const cli_source *s, rooms *r, isplit_reason *why)
{
    char *text = NULL;
    size_t len = 0;

    int err =
        isplit__file_read(cli_folder_path(CLI_FOLDER_SNAPSHOT), INPUT_MAX, &text, &len);
    if (err == IC_ERR_NOT_FOUND)
        return isplit_book_each_room(s->book, add_room, r);
    if (!err)
        err = isplit__snapshot_cut((isplit__slice){.at = text, .len = len}, add_cut_room,
                                   r, why);
    ic_mem_free(text);
    return err;
}

static int choose_room(cli_source *s, const char *asked, const rooms *r)
{
    isplit__buf copy = {0};

    if (!asked && r->count != 1)
        return cli_fail(r->count ? CLI_USAGE : CLI_NOT_FOUND,
                        r->count ? "there are several rooms; choose one with --room: %s"
                                 : "there is no room in it%s",
                        r->count ? r->names.data : "");
    isplit__buf_text(&copy, asked ? asked : r->first);
    s->room = isplit__buf_take(&copy);
    return s->room ? CLI_OK : cli_fail(CLI_FAILED, "out of memory");
}

static int open_room(cli_source *s, const rooms *r, bool may_be_new)
{
    isplit_restored back = {0};
    isplit_reason why = {{0}};
    int err = 0;

    if (access(cli_folder_path(CLI_FOLDER_SNAPSHOT), F_OK) == 0)
        err = isplit_book_restore(s->book, s->room, false, &back, &why);
    if (!err)
        err = isplit_book_state(s->book, s->room, &s->state);
    if (err)
        return cli_fail_error(err, &why);
    if (!may_be_new && !isplit_state_event_count(s->state))
        return cli_fail(CLI_NOT_FOUND, "there is no room '%s'%s%s", s->room,
                        r->count ? "; there are: " : "", r->count ? r->names.data : "");
    return CLI_OK;
}

static int open_source(cli_source *s, const cli_args *args, bool may_be_new)
{
    rooms r = {.count = 0};
    isplit_reason why = {{0}};

    *s = (cli_source){.book = NULL};
    int err = ic_identity_generate(&s->identity, IC_NETWORK_MAINNET);
    if (err)
        return cli_fail_error(err, NULL);
    int code = cli_folder_make();
    if (!code)
        code = may_be_new && !args->store ? open_book(s, ":memory:", NULL)
                                          : open_path(s, args->store);
    if (!code) {
        err = list_rooms(s, &r, &why);
        code = err ? cli_fail_error(err, &why) : choose_room(s, args->room, &r);
    }
    if (!code)
        code = open_room(s, &r, may_be_new);
    isplit__buf_free(&r.names);
    ic_mem_free(r.first);
    return code;
}

int cli_source_open(cli_source *s, const cli_args *args)
{
    return open_source(s, args, false);
}

int cli_source_open_new(cli_source *s, const cli_args *args)
{
    return open_source(s, args, true);
}

void cli_source_close(cli_source *s)
{
    isplit_book_close(s->book);
    ic_identity_free(s->identity);
    ic_mem_free(s->room);
    cli_folder_remove();
}

int cli_show(const cli_args *args, cli_show_cb tell)
{
    cli_source s;

    int code = cli_source_open(&s, args);
    if (!code)
        code = tell(&s, args);
    cli_source_close(&s);
    return code;
}
