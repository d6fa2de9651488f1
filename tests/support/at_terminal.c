#include "at_terminal.h"

#include <stdio.h>
#include <string.h>

#include <event2/event.h>

#include "intercom/init.h"
#include "intercom/peer.h"
#include "peer/peer.h"
#include "temp_folder.h"
#include "unit.h"

at_terminal_state at_terminal;

static void keep_line(const char *text, void *user)
{
    ic__buf_text(&at_terminal.said, text);
    ic__buf_char(&at_terminal.said, '\n');
}

static void count_stop(void *user)
{
    at_terminal.stops++;
}

const char *typed_by(peer_asker asker, const char *line)
{
    at_terminal_state *t = &at_terminal;

    ic__buf_reset(&t->said);
    ic__buf_add(&t->said, "", 0);
    t->reply = (peer_reply){.line = keep_line};
    peer_command_run(&t->app, asker, line, strlen(line), &t->reply);
    assert_false(t->said.bad);
    return t->said.data;
}

const char *typed(const char *line)
{
    return typed_by(PEER_ASKER_TERMINAL, line);
}

const char *refused(const char *line)
{
    (void)typed(line);
    assert_true(at_terminal.reply.failed);
    return at_terminal.reply.error;
}

void assert_begins(const char *text, const char *want)
{
    if (strncmp(text, want, strlen(want)) != 0)
        fail_msg("\"%s\" does not begin with \"%s\"", text, want);
}

int at_terminal_sit_down(void **state)
{
    at_terminal_state *t = &at_terminal;
    ic_peer_options o;
    isplit_book_options book;

    temp_folder_make(t->stores, sizeof t->stores);
    (void)snprintf(t->snapshots, sizeof t->snapshots, "%.199s/snapshots.json", t->stores);
    t->base = event_base_new();
    if (!t->base || ic_init() != 0)
        return -1;
    ic_peer_options_default(&o);
    o.base = t->base;
    o.stores_directory = t->stores;
    o.channels = "trip-nyc";
    o.channel_owners = "closed:" AT_TERMINAL_OWNER;
    o.owner_write_channels = "closed";
    if (ic_peer_new(&o, &t->app.peer) != 0)
        return -1;
    isplit_book_options_default(&book);
    book.path = ":memory:";
    book.snapshot_path = t->snapshots;
    book.identity = ic_peer_identity(t->app.peer);
    if (isplit_book_open(&book, &t->app.book, NULL) != 0)
        return -1;
    ic_env_system(&t->app.env);
    t->app.channels = ic__peer_channels(t->app.peer);
    t->app.snapshot_path = t->snapshots;
    t->app.stop = count_stop;
    return 0;
}

int at_terminal_get_up(void **state)
{
    at_terminal_state *t = &at_terminal;

    isplit_book_close(t->app.book);
    ic_peer_close(t->app.peer, NULL, NULL);
    (void)event_base_dispatch(t->base);
    event_base_free(t->base);
    ic__buf_free(&t->said);
    temp_folder_remove(t->stores);
    return 0;
}
