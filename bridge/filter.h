/**
 * @file bridge/filter.h
 * Which messages a client wants to see, by the words in them.
 *
 * Spec     docs/spec/13-sc-bridge.md, section 4
 */
#ifndef BRIDGE_FILTER_H
#define BRIDGE_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "intercom/api.h"

#define BRIDGE_FILTER_MAX 4096 /* bytes of a filter text */

typedef struct bridge_word {
    size_t at; /* in `text`, ended by a zero byte */
    size_t group;
} bridge_word;

/** Groups of words; a text matches when it has all words of one group. Zero = matches
 * all. */
typedef struct bridge_filter {
    ic__buf text; /* the words, in lower case */
    bridge_word *words;
    size_t count;
} bridge_filter;

/**
 * Groups separated by '|', words by any run of '+', ',' and white space.
 *
 * @return 0; IC_ERR_LIMIT when longer than BRIDGE_FILTER_MAX; IC_ERR_NOMEM
 */
IC_CHECK int bridge_filter_parse(const char *text, size_t len, bridge_filter *out);
void bridge_filter_free(bridge_filter *filter);

/** `lowered` is a text made by bridge_lower. */
bool bridge_filter_matches(const bridge_filter *filter, const ic__buf *lowered);

/** Append the text in lower case, character by character. */
void bridge_lower(ic__buf *b, const char *text, size_t len);

#endif
