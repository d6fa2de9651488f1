/**
 * @file peer_reply.h
 * Where a command's lines go: to the terminal, or into an answer of the bridge.
 */
#ifndef PEER_REPLY_H
#define PEER_REPLY_H

#include <stdbool.h>

#include "intercom/api.h"

#define PEER_ERROR_MAX 512
#define PEER_ROOM_MAX 256 /* bytes of a room's name */
#define PEER_SAY_MAX 5000 /* a path of the system and words around it */

typedef struct peer_reply {
    /** One line without line feed; UTF-8 that may hold control characters of others. */
    void (*line)(const char *text, void *user);
    void *user;
    char waits_for[PEER_ROOM_MAX + 1]; /* a room whose plan is searched for: nothing was
                                          said, run the line again when it is there */
    bool failed;
    char error[PEER_ERROR_MAX]; /* a sentence when failed */
} peer_reply;

/** A line of at most PEER_SAY_MAX - 1 bytes; what is longer is cut. */
void peer_say(peer_reply *reply, const char *format, ...) IC_PRINTF(2, 3);

/** The lines of a text, which is cut up at its line feeds. */
void peer_say_lines(peer_reply *reply, char *text);

void peer_fail(peer_reply *reply, const char *format, ...) IC_PRINTF(2, 3);

#endif
