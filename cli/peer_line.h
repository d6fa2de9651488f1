/**
 * @file peer_line.h
 * One line of the terminal: a command and its named arguments.
 *
 * Spec     docs/spec/14-trac-peer.md, section 9 (arguments)
 */
#ifndef PEER_LINE_H
#define PEER_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "intercom/api.h"

#define PEER_LINE_MAX_BYTES 65536
#define PEER_LINE_MAX_ARGS 64

typedef struct peer_arg {
    const char *name;  /* without its leading "--" */
    const char *value; /* NULL when the line ended before it */
    bool bare;         /* the name had no "--" */
} peer_arg;

typedef struct peer_line {
    char *text;          /* the tokens, each ended by a zero byte */
    const char *command; /* the first token; "" for a blank line */
    peer_arg args[PEER_LINE_MAX_ARGS];
    size_t arg_count;
} peer_line;

/**
 * Split a line.
 *
 * @return 0 (free with peer_line_free); IC_ERR_INVALID for a quote that is not closed or
 * a zero byte; IC_ERR_LIMIT past 64 KiB or 64 arguments; IC_ERR_NOMEM
 */
IC_CHECK int peer_line_parse(peer_line *line, const char *text, size_t len);
void peer_line_free(peer_line *line);

/** The value of `name`, the last one when it stands twice; NULL when absent or without
 * value. */
const char *peer_line_value(const peer_line *line, const char *name);

/** The first value that is not empty among the names in `names`, which are separated by
 * spaces; NULL = none. */
const char *peer_line_any(const peer_line *line, const char *names);

/** Length in bytes of the white space (JavaScript's set) at `text`; 0 = there is none. */
size_t peer_space_at(const char *text, size_t len);

/** `text` without white space at both ends, in place of its own bytes. */
char *peer_trim(char *text);

#endif
