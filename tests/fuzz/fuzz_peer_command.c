/* Lines of the terminal, one input a session: first as arguments alone, then run as
 * commands of terminal and bridge on a ledger in memory. */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "intercom/init.h"
#include "intercom/peer.h"
#include "peer/peer.h"
#include "peer_command.h"
#include "peer_complete.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[] = "/tmp/fuzz-peer-XXXXXX";
static char snapshots[64];
static peer_app app;

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void drop_line(const char *text, void *user)
{
    *(size_t *)user += strlen(text);
}

static void drop_stop(void *user)
{
    (void)user;
}

static void remove_folder(void)
{
    char line[100];

    (void)snprintf(line, sizeof line, "rm -rf %s", folder);
    (void)!system(line);
}

/* One peer for all inputs: its key takes half a second. */
static void set_up(void)
{
    ic_peer_options o;

    must(ic_init() == 0 && mkdtemp(folder) && atexit(remove_folder) == 0);
    (void)snprintf(snapshots, sizeof snapshots, "%s/snapshots.json", folder);
    ic_peer_options_default(&o);
    o.base = event_base_new();
    o.stores_directory = folder;
    must(ic_peer_new(&o, &app.peer) == 0);
    ic_env_system(&app.env);
    app.channels = ic__peer_channels(app.peer);
    app.snapshot_path = snapshots;
    app.stop = drop_stop;
}

static void open_book(void)
{
    isplit_book_options o;

    isplit_book_options_default(&o);
    o.path = ":memory:";
    o.snapshot_path = snapshots;
    o.identity = ic_peer_identity(app.peer);
    must(isplit_book_open(&o, &app.book, NULL) == 0);
}

/* What the parser found lies in its own memory, and is no longer than the line. */
static void check_arguments(const char *text, size_t len)
{
    peer_line line;

    if (peer_line_parse(&line, text, len) != 0)
        return;
    for (size_t i = 0; i < line.arg_count; i++) {
        must(strlen(line.args[i].name) <= len);
        must(!line.args[i].value || strlen(line.args[i].value) <= len);
    }
    (void)peer_line_any(&line, "channel ch room");
    peer_line_free(&line);
}

static void run_line(const char *text, size_t len)
{
    size_t said = 0;
    peer_reply reply = {.line = drop_line, .user = &said};

    check_arguments(text, len);
    (void)peer_complete(&app, text, len, drop_line, &said);
    if (memchr(text, '@', len)) /* would read a file of that name */
        return;
    peer_command_run(&app, len & 1 ? PEER_ASKER_BRIDGE : PEER_ASKER_TERMINAL, text, len,
                     &reply);
    must(reply.failed == (reply.error[0] != 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *at = (const char *)data;
    const char *end = at + size;

    if (!app.peer)
        set_up();
    open_book();
    while (at < end) {
        const char *feed = memchr(at, '\n', (size_t)(end - at));
        size_t len = (size_t)((feed ? feed : end) - at);
        char *line =
            malloc(len ? len : 1); /* exactly as long, so that a step too far shows */
        must(line != NULL);
        memcpy(line, at, len);
        run_line(line, len);
        free(line);
        at += len + 1;
    }
    isplit_book_close(app.book);
    return 0;
}
