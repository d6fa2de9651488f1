/**
 * @file scribe_body.h
 * Random bodies of events that say something to a ledger.
 *
 * Spec     docs/spec/16-ledger.md, section 4.3
 */
#ifndef SCRIBE_BODY_H
#define SCRIBE_BODY_H

#include <jansson.h>

#include "scribe.h"

/** An entry of any mode; `date` may be NULL. */
json_t *scribe_body_add(scribe *s, const char *date);
json_t *scribe_body_pay(scribe *s);
json_t *scribe_body_member(scribe *s, size_t who);
json_t *scribe_body_room(scribe *s);

#endif
