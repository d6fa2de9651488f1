/**
 * @file peer_terminal.h
 * The terminal on standard input and output: edited lines on a TTY, plain lines
 * otherwise.
 *
 * Threads  the thread that runs the event base
 */
#ifndef PEER_TERMINAL_H
#define PEER_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

#include "intercom/api.h"

struct event_base;

typedef struct peer_terminal peer_terminal;

/** Offer the words that may stand at the end of `text`; they begin at the returned
 * offset.
 */
typedef size_t (*peer_complete_cb)(const char *text, size_t len,
                                   void (*offer)(const char *word, void *to), void *to,
                                   void *user);

typedef struct peer_terminal_options {
    struct event_base *base;
    const char *history_path; /* lines of earlier runs, mode 0600; NULL = none */
    void (*on_line)(const char *text, size_t len, void *user);
    void (*on_end)(void *user); /* end of input; told once */
    peer_complete_cb complete;
    void *user;
} peer_terminal_options;

/** Is standard input a terminal with which lines can be edited? */
bool peer_terminal_can_edit(void);

/**
 * Start reading. Lines come from the loop; a callback may end the program but not free
 * the terminal.
 *
 * @return 0; IC_ERR_NOMEM; IC_ERR_IO
 */
IC_CHECK int peer_terminal_new(const peer_terminal_options *opts, peer_terminal **out);

/** Give the TTY back as it was found. */
void peer_terminal_free(peer_terminal *terminal);

/** Lines from a pipe wait until they are wanted again. Whoever types goes on typing. */
void peer_terminal_hold(peer_terminal *terminal, bool held);

/** Print one line, above the line that is being edited. What could steer a terminal is
 * replaced. */
void peer_terminal_print(peer_terminal *terminal, const char *text);

#endif
