/* Taking the store: the sentences that a user meets when something is in the way. */
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/buf.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "peer/folder.h"
#include "peer_program.h"

#define PASSWORD_TRIES 3

void peer_complain(const char *format, ...)
{
    va_list args;

    (void)fflush(stdout);
    va_start(args, format);
    (void)fputs("intercom-peer: ", stderr);
    (void)vfprintf(stderr, format, args);
    (void)fputc('\n', stderr);
    va_end(args);
}

static void complain_of_store(const ic_peer_options *o, int error)
{
    const char *dir = o->stores_directory;
    const char *name = o->store_name;

    if (error == IC_ERR_BUSY)
        peer_complain("the store %s/%s is in use: is another intercom-peer running with "
                      "--peer-store-name %s?",
                      dir, name, name);
    else if (error == IC_ERR_DENIED)
        peer_complain("cannot write to %s/%s: no permission, or a read-only file system; "
                      "choose another folder with --peer-stores-directory",
                      dir, name);
    else if (error == IC_ERR_FULL)
        peer_complain("no space left for the store %s/%s: make room on that disk, or "
                      "choose another folder with --peer-stores-directory",
                      dir, name);
    else if (error == IC_ERR_EXISTS)
        peer_complain("a file is in the way of the folder %s/%s: remove it, or choose "
                      "another name with --peer-store-name",
                      dir, name);
    else if (error == IC_ERR_CORRUPT)
        peer_complain(
            "the key file %s/%s/db/keypair.json is damaged: put a backup in its "
            "place, or move it away to start with a new key",
            dir, name);
    else if (error == IC_ERR_AUTH)
        peer_complain("the password does not open %s/%s/db/keypair.json: give the right "
                      "one with --key-password-file",
                      dir, name);
    else if (error == IC_ERR_UNSUPPORTED)
        peer_complain("the key file %s/%s/db/keypair.json is of a newer version: use a "
                      "newer intercom-peer",
                      dir, name);
    else if (error == IC_ERR_INVALID && !ic__folder_name_ok(name))
        peer_complain("'%s' is no name for a store: a name has no slash and no '..'",
                      name);
    else if (error != IC_ERR_INVALID) /* of other options, the log has told */
        peer_complain("cannot open the store %s/%s: %s", dir, name, ic_strerror(error));
}

/* One line from the terminal without showing it. */
static bool ask_password(char out[PEER_SECRET_MAX])
{
    struct termios shown;

    if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &shown) != 0)
        return false;
    struct termios hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    (void)fputs("Password of the key file: ", stderr);
    ssize_t n = read(STDIN_FILENO, out, PEER_SECRET_MAX - 1);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
    (void)fputc('\n', stderr);
    if (n <= 0)
        return false;
    out[n] = 0;
    out[strcspn(out, "\r\n")] = 0;
    return true;
}

static int open_peer(peer_program *program, peer_config *config)
{
    ic_peer_options *o = &config->peer;

    o->base = program->base;
    o->env = &program->env;
    if (config->has_password) {
        o->key_password = config->password;
        o->key_password_bytes = strlen(config->password);
    }
    int error = ic_peer_new(o, &program->peer);
    for (int i = 0; i < PASSWORD_TRIES && error == IC_ERR_AUTH && !config->has_password;
         i++) {
        if (!ask_password(config->password))
            break;
        o->key_password = config->password;
        o->key_password_bytes = strlen(config->password);
        error = ic_peer_new(o, &program->peer);
    }
    o->key_password = NULL;
    sodium_memzero(config->password, sizeof config->password);
    if (error)
        complain_of_store(o, error);
    return error;
}

static char *store_file(const peer_program *program, const char *name)
{
    ic__buf path = {0};

    ic__buf_printf(&path, "%s/%s", ic_peer_store(program->peer), name);
    return ic__buf_take(&path);
}

static int open_book(peer_program *program)
{
    isplit_book_options o;
    isplit_reason why = {{0}};
    char *path = store_file(program, "ledger.db");

    program->snapshot_path = store_file(program, "expense-split.snapshots.json");
    program->history_path = store_file(program, "history");
    if (!path || !program->snapshot_path || !program->history_path) {
        ic_mem_free(path);
        return IC_ERR_NOMEM;
    }
    isplit_book_options_default(&o);
    o.path = path;
    o.snapshot_path = program->snapshot_path;
    o.identity = ic_peer_identity(program->peer);
    int error = isplit_book_open(&o, &program->book, &why);
    if (error)
        peer_complain("cannot open the ledger %s: %s", path,
                      why.text[0] ? why.text : ic_strerror(error));
    ic_mem_free(path);
    return error;
}

int peer_program_open(peer_program *program, peer_config *config)
{
    int error = open_peer(program, config);

    return error ? error : open_book(program);
}
