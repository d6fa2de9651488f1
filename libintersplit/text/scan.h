/**
 * @file scan.h
 * A walk over JSON text that finds the pieces of a large document without building it.
 *
 * The walk checks the whole grammar except what is inside of texts; a piece that is used
 * goes through jansson. A scanner that met a mistake turns bad and stays bad.
 */
#ifndef ISPLIT_SCAN_H
#define ISPLIT_SCAN_H

#include <stdbool.h>
#include <stddef.h>

typedef struct isplit__slice {
    const char *at;
    size_t len;
} isplit__slice;

typedef struct isplit__scan {
    const char *at;
    const char *end;
    bool bad;
} isplit__scan;

isplit__scan isplit__scan_of(isplit__slice text);

/** Step into an object ('{') or array ('['); false, and not bad, when the next value is
 * something else. */
bool isplit__scan_enter(isplit__scan *s, char open);
/** Is there another member or element? Steps over what stands between; else steps out. */
bool isplit__scan_next(isplit__scan *s, char close, bool *first);
/** The key of a member, quotes included, and the colon behind it. */
isplit__slice isplit__scan_key(isplit__scan *s);
/** Step over one value. */
isplit__slice isplit__scan_value(isplit__scan *s);
/** Nothing but white space is left and nothing was bad. */
bool isplit__scan_finish(isplit__scan *s);

bool isplit__slice_is(isplit__slice slice, const char *text);

#endif
