/**
 * @file peer_edit.h
 * Lines edited on a TTY with libedit: history, completion, and a line that other output
 * does not mangle.
 *
 * Threads  the thread that runs the event base
 */
#ifndef PEER_EDIT_H
#define PEER_EDIT_H

#include "peer_terminal.h"

typedef struct peer_edit peer_edit;

/** @return 0; IC_ERR_NOMEM; IC_ERR_IO */
IC_CHECK int peer_edit_new(const peer_terminal_options *opts, peer_edit **out);
void peer_edit_free(peer_edit *edit);

/** Take the edited line off the screen, and put it back below what was printed. */
void peer_edit_hide(peer_edit *edit);
void peer_edit_show(peer_edit *edit);

#endif
