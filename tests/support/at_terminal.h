/**
 * @file at_terminal.h
 * Somebody who types commands at the terminal of a peer without network; one at a time.
 */
#ifndef AT_TERMINAL_H
#define AT_TERMINAL_H

#include "base/buf.h"
#include "peer_command.h"

#define AT_TERMINAL_OWNER                                                                \
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"

typedef struct at_terminal_state {
    char stores[200];
    char snapshots[260]; /* the file of what is persisted */
    struct event_base *base;
    peer_app app;
    unsigned stops;   /* how often the program was told to */
    ic__buf said;     /* by the last command: its lines, each with '\n' */
    peer_reply reply; /* of it */
} at_terminal_state;

extern at_terminal_state at_terminal;

/** For a group of tests: a peer in "trip-nyc", and "closed", where AT_TERMINAL_OWNER
 * alone may write. */
int at_terminal_sit_down(void **state);
int at_terminal_get_up(void **state);

/** Run a line; what it said, until the next one. */
const char *typed(const char *line);
const char *typed_by(peer_asker asker, const char *line);

/** The sentence with which the line is refused. */
const char *refused(const char *line);

void assert_begins(const char *text, const char *want);

#endif
