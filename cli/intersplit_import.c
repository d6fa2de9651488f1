/* Entries of other expense trackers: shown first, written when asked for. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "intercom/error.h"
#include "intercom/keyfile.h"
#include "intercom/sys/mem.h"
#include "intersplit.h"
#include "intersplit/import.h"
#include "intersplit_source.h"
#include "text/buf.h"

#define SHORT 500 /* rows that need no progress */

/* On a terminal only: how far it is. */
static bool show_progress(size_t done, size_t rows, void *user)
{
    (void)user;
    if (isatty(STDERR_FILENO) && rows > SHORT)
        (void)fprintf(stderr, "\r%zu of %zu%s", done, rows, done == rows ? "\n" : " ");
    return true;
}

static int read_import(const cli_args *args, isplit_import **out)
{
    isplit_import_format format = ISPLIT_IMPORT_GUESS;
    isplit_reason why = {{0}};
    size_t len = 0;

    if (args->format && isplit_import_format_read(args->format, &format, &why))
        return cli_fail(CLI_USAGE, "%s", why.text);
    char *text = cli_read_file(args->words[0], &len);
    if (!text)
        return CLI_FAILED;
    int err = isplit_import_read(text, len, format, out, &why);
    ic_mem_free(text);
    return err ? cli_fail_error(err, &why) : CLI_OK;
}

static void tell(const isplit_import *import, const isplit_imported *done, bool json,
                 bool written)
{
    isplit_import_info info;

    isplit_import_info_get(import, &info);
    if (json) {
        (void)printf("{\"format\":\"%s\",\"rows\":%zu,\"added\":%zu,\"known\":%zu,"
                     "\"passed\":%zu,\"rounded\":%zu,\"written\":%s}\n",
                     isplit_import_format_name(info.format), info.rows, done->added,
                     done->known, info.passed, info.rounded, written ? "true" : "false");
        return;
    }
    (void)printf("%s: %zu entries, %zu new, %zu there already; %zu rows passed over, %zu "
                 "amounts rounded\n",
                 isplit_import_format_name(info.format), info.rows, done->added,
                 done->known, info.passed, info.rounded);
    if (!written)
        (void)puts("Nothing was written; add --write to do it. The balances would be:\n");
}

/* The same on a copy: nothing can go wrong with what is shown. */
static int try_import(const cli_args *args, const isplit_import *import)
{
    cli_source s;
    isplit_imported done = {0};
    isplit_reason why = {{0}};

    int code = cli_source_open_new(&s, args);
    int err = 0;
    if (!code)
        err =
            isplit_import_apply(import, s.book, s.room, show_progress, NULL, &done, &why);
    if (!code && !err)
        err = isplit_book_state(s.book, s.room, &s.state);
    if (err)
        code = cli_fail_error(err, &why);
    if (!code) {
        tell(import, &done, args->json, false);
        code = args->json ? CLI_OK : cli_balance(&s, args);
    }
    cli_source_close(&s);
    return code;
}

/* "FOLDER/db/keypair.json" beside "FOLDER/ledger.db". */
static char *key_beside(const char *store)
{
    isplit__buf b = {0};
    const char *slash = strrchr(store, '/');
    size_t folder = slash ? (size_t)(slash - store) + 1 : 0;

    isplit__buf_add(&b, store, folder);
    isplit__buf_text(&b, "db/keypair.json");
    return isplit__buf_take(&b);
}

static int open_key(const cli_args *args, const char *store, ic_identity **out)
{
    ic_keyfile_options o;
    char *password = NULL;
    size_t len = 0;
    char *path = args->key ? NULL : key_beside(store);

    ic_keyfile_options_default(&o);
    o.flags = IC_KEYFILE_CACHE; /* a key that is not there is not made */
    if (args->password_file) {
        password = cli_read_file(args->password_file, &len);
        if (!password) {
            ic_mem_free(path);
            return CLI_FAILED;
        }
        o.password = password;
        o.password_len = strcspn(password, "\r\n");
    }
    const char *name = args->key ? args->key : path;
    int err = name ? ic_identity_open(out, name, &o, NULL) : IC_ERR_NOMEM;
    int code = err ? cli_fail(err == IC_ERR_NOT_FOUND ? CLI_NOT_FOUND : CLI_FAILED,
                              "the key %s: %s", name ? name : "", ic_strerror(err))
                   : CLI_OK;
    ic_mem_free(password);
    ic_mem_free(path);
    return code;
}

static int apply_to(const cli_args *args, const isplit_import *import, isplit_book *book)
{
    isplit_imported done = {0};
    isplit_reason why = {{0}};

    int err =
        isplit_import_apply(import, book, args->room, show_progress, NULL, &done, &why);
    if (err)
        return cli_fail_error(err, &why);
    tell(import, &done, args->json, true);
    return CLI_OK;
}

static int open_store(const char *store, const ic_identity *identity, isplit_book **out)
{
    isplit_book_options o;
    isplit_reason why = {{0}};

    isplit_book_options_default(&o);
    o.path = store;
    o.identity = identity;
    int err = isplit_book_open(&o, out, &why);
    if (err == IC_ERR_BUSY)
        return cli_fail(CLI_BUSY,
                        "a peer uses the store %s; stop it (/exit), import, and "
                        "start it again",
                        store);
    return err ? cli_fail_error(err, &why) : CLI_OK;
}

static int write_import(const cli_args *args, const isplit_import *import)
{
    ic_identity *identity = NULL;
    isplit_book *book = NULL;
    char *store = cli_store_path(args->store);

    int code =
        store ? open_key(args, store, &identity) : cli_fail(CLI_FAILED, "out of memory");
    if (!code)
        code = open_store(store, identity, &book);
    if (!code)
        code = apply_to(args, import, book);
    isplit_book_close(book);
    ic_identity_free(identity);
    ic_mem_free(store);
    return code;
}

static int run_import(const cli_command *command, const cli_args *args)
{
    isplit_import *import = NULL;

    if (!args->room)
        return cli_usage_error(command,
                               "--room is missing: where should the entries go?");
    if (args->write && !args->store)
        return cli_usage_error(command,
                               "--store is missing: where should they be written?");
    int code = read_import(args, &import);
    if (!code)
        code = args->write ? write_import(args, import) : try_import(args, import);
    isplit_import_free(import);
    return code;
}

const cli_command cli_import_commands[] = {
    {.name = "import",
     .summary = "entries of other expense trackers",
     .help =
         "import --room NAME [OPTIONS] FILE\n\n"
         "Read what Splitwise, Spliit, ihatemoney or Cospend exported, show what it "
         "would come to,\nand with --write sign the new entries and put them into the "
         "store, all or none. What was\nimported before is recognised.\n\n"
         "  --format NAME              splitwise, splitwise-json, spliit, spliit-json, "
         "ihatemoney, cospend\n",
     .options =
         CLI_STORE | CLI_ROOM | CLI_FORMAT | CLI_WRITE | CLI_KEY | CLI_JSON | CLI_COLOR,
     .words_min = 1,
     .words_max = 1,
     .run = run_import},
    {.name = NULL},
};
