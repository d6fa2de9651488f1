/**
 * @file name.h
 * Names of members as they are typed, sent and stored (section 4.3), and UTF-8.
 */
#ifndef ISPLIT_NAME_H
#define ISPLIT_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "intersplit/reason.h"

#define ISPLIT__NAME_MAX 40 /* bytes */
#define ISPLIT__NOTE_MAX 1000

/** The character at `at`, which has `left` bytes, and its length; 0 when it is not UTF-8.
 */
size_t isplit__utf8_next(const char *at, size_t left, uint32_t *code);
bool isplit__utf8_valid(const char *text, size_t len);
/** Is this UTF-8 without any character of this class? */
bool isplit__utf8_without(const char *text, size_t len, bool (*in_class)(uint32_t code));

/** The simple lower-case mapping. */
uint32_t isplit__lower(uint32_t code);

/** C0 and C1 controls, line and paragraph separators. */
bool isplit__is_control(uint32_t code);
/** Marks and overrides of writing direction. */
bool isplit__is_bidi(uint32_t code);
/** Either of these. */
bool isplit__is_trick(uint32_t code);

/** The part of `text` without white space around it, as JavaScript's trim() leaves it. */
const char *isplit__trim(const char *text, size_t *len);

/**
 * What a person typed as a name, trimmed and in lower case.
 *
 * @return 0, or IC_ERR_INVALID and the reason
 */
int isplit__name_typed(const char *text, size_t len, char out[ISPLIT__NAME_MAX + 1],
                       isplit_reason *why);

/** What a person says in his own words, trimmed; may be NULL. @return likewise */
int isplit__note_typed(const char *text, char out[ISPLIT__NOTE_MAX + 1],
                       isplit_reason *why);

/**
 * A name in an unsigned entry of the original: trimmed, in lower case, without control
 * characters; false when nothing is left or more than `cap - 1` bytes.
 */
bool isplit__name_legacy(const char *text, size_t len, char *out, size_t cap);

/** May an entry of a peer hold this name? Does not depend on a version of Unicode. */
bool isplit__name_allowed(const char *name, size_t len);

#endif
