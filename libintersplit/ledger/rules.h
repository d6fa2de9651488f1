/**
 * @file rules.h
 * The settings of a room: their event, who may write it, and what holds when.
 *
 *   room   cur? exp? default? policy{count? edit? unsigned? writers?}? presets? rotate?
 *
 * Spec     docs/spec/16-ledger.md, sections 2.2, 4.3 and 4.6
 */
#ifndef ISPLIT_RULES_H
#define ISPLIT_RULES_H

#include "intersplit/money.h"
#include "ledger/events.h"
#include "text/codec.h"

#define ISPLIT__OWNERS_MAX 16 /* of a room; the smallest keys count */
#define ISPLIT__WRITERS_MAX 48
#define ISPLIT__PRESETS_MAX 16
#define ISPLIT__PARTS_MAX 128 /* of all presets */

/** Settings with the memory for their lists and texts. */
typedef struct isplit__rules {
    isplit_settings shown;
    const char *writers[ISPLIT__WRITERS_MAX];
    isplit_preset presets[ISPLIT__PRESETS_MAX];
    isplit_share parts[ISPLIT__PARTS_MAX];
    size_t part_count;
    const char *owners[ISPLIT__OWNERS_MAX];
    char owner_hex[ISPLIT__OWNERS_MAX][2 * ISPLIT__ID_BYTES + 1];
    char currency[ISPLIT_CURRENCY_MAX];  /* that was pinned */
    char texts[ISPLIT__EVENT_MAX_BYTES]; /* no event holds more */
} isplit__rules;

/** Those of a room that nobody set anything in. */
void isplit__rules_init(isplit__rules *out);

/** The memory for settings that are to be written; false when they are too many. */
bool isplit__rules_of(const isplit_settings *s, isplit__rules *out);

/** Pass a body of this kind. */
void isplit__rules_pass(isplit__codec *c, isplit__rules *r);
/** Read canonical text; false when it says nothing to us. */
bool isplit__rules_load(const char *text, isplit__rules *out);

/** Does such a text let all members edit? */
bool isplit__rules_open(const char *text);

const isplit_preset *isplit__rules_preset(const isplit_settings *s, const char *name);

/** What an event finds in its past. */
typedef struct isplit__view {
    uint32_t rules; /* the node of the last settings, or ISPLIT__NONE */
    uint32_t owner_count;
    isplit__id owners[ISPLIT__OWNERS_MAX]; /* who set them, sorted */
} isplit__view;

bool isplit__view_owns(const isplit__view *view, const isplit__id *key);

#endif
