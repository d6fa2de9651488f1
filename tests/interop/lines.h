/**
 * @file lines.h
 * What a test types at one of these programs: lines of standard input, one by one.
 */
#ifndef LINES_H
#define LINES_H

struct event_base;

/** A line without its end. NULL, once and last: "quit", or the end of the input. */
typedef void (*lines_cb)(void *user, char *line);

/** From now on. @return 0 or an ic_error */
int lines_open(struct event_base *base, lines_cb obey, void *user);

/** Before its base is freed. */
void lines_free(void);

#endif
