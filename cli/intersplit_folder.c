#include "intersplit_folder.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "intersplit.h"

#define FOLDER_MAX 1024 /* bytes of its path */

static const char *const names[] = {
    [CLI_FOLDER_STORE] = "ledger.db",
    [CLI_FOLDER_SNAPSHOT] = "snapshots.json",
    "ledger.db-wal",
    "ledger.db-shm",
};

#define FILES (sizeof names / sizeof names[0])

/* Here, so that a handler of signals finds them; "" = there is none. */
static char folder[FOLDER_MAX];
static char files[FILES][FOLDER_MAX + 32];

static void on_signal(int number)
{
    cli_folder_remove();
    (void)raise(number); /* its own action is back: the process ends of it */
}

static void remove_when_ended(void)
{
    static const int numbers[] = {SIGHUP, SIGINT, SIGPIPE, SIGTERM};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    struct sigaction before;

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler == SIG_DFL)
            (void)sigaction(numbers[i], &action, NULL);
    }
}

int cli_folder_make(void)
{
    const char *base = getenv("TMPDIR");

    base = base && *base ? base : "/tmp";
    remove_when_ended();
    int n = snprintf(folder, sizeof folder, "%s/intersplit-XXXXXX", base);
    errno = ENAMETOOLONG;
    if (n < 0 || (size_t)n >= sizeof folder || !mkdtemp(folder)) {
        folder[0] = 0;
        return cli_fail(CLI_FAILED, "cannot make a folder in %s: %s", base,
                        strerror(errno));
    }
    for (size_t i = 0; i < FILES; i++)
        (void)snprintf(files[i], sizeof files[i], "%s/%s", folder, names[i]);
    return CLI_OK;
}

const char *cli_folder_path(cli_folder_file file)
{
    return files[file];
}

void cli_folder_remove(void)
{
    if (!folder[0])
        return;
    for (size_t i = 0; i < FILES; i++)
        (void)unlink(files[i]);
    (void)rmdir(folder);
    folder[0] = 0;
}
