/**
 * @file peer_plain.h
 * Lines from a pipe, a file, or a terminal that cannot be edited on.
 *
 * Threads  the thread that runs the event base
 */
#ifndef PEER_PLAIN_H
#define PEER_PLAIN_H

#include <stdbool.h>
#include <stddef.h>

#include "intercom/api.h"

struct event_base;

typedef struct peer_plain peer_plain;

typedef struct peer_plain_options {
    struct event_base *base;
    int fd; /* stays open */
    /** A line without its feed; one longer than PEER_LINE_MAX_BYTES comes cut to one byte
     * more, so that it is refused. */
    void (*on_line)(const char *text, size_t len, void *user);
    void (*on_end)(void *user); /* end of input or a read error; told once */
    void *user;
} peer_plain_options;

/** @return 0; IC_ERR_NOMEM; IC_ERR_IO */
IC_CHECK int peer_plain_new(const peer_plain_options *opts, peer_plain **out);
/** Read and tell nothing for a while; the end of input waits, too. */
void peer_plain_hold(peer_plain *plain, bool held);

void peer_plain_free(peer_plain *plain);

#endif
