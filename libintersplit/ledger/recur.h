/**
 * @file recur.h
 * Entries that come again and again, with an end.
 *
 *   recur   body every step until     a template; its first day is the date of its body
 *   occur   n ref                     its entry number n, from 0
 *
 * Spec     docs/spec/16-ledger.md, section 4.3
 */
#ifndef ISPLIT_RECUR_H
#define ISPLIT_RECUR_H

#include "intersplit/book.h"
#include "ledger/events.h"
#include "text/codec.h"

#define ISPLIT__DATE_BYTES 11
#define ISPLIT__OCCUR_MAX 1000 /* entries of one template */

typedef struct isplit__schedule {
    isplit_every every;
    uint32_t step;
    uint32_t number; /* of OCCUR */
    char until[ISPLIT__DATE_BYTES];
} isplit__schedule;

/** Pass "every", "step" and "until". */
void isplit__schedule_pass(isplit__codec *c, isplit__schedule *s);

/**
 * The day of entry number `n`; a month without that day has it on its last.
 *
 * @return false when it lies behind the end
 */
bool isplit__schedule_day(const isplit__schedule *s, const char *first, uint32_t n,
                          char out[ISPLIT__DATE_BYTES]);

/** The days from 1970-01-01 to a date. */
int64_t isplit__day_number(const char *date);

/** Is this a day of the calendar, YYYY-MM-DD? */
bool isplit__date_valid(const char *date);

/** The day of a time, in UTC. */
void isplit__date_of(int64_t at_ms, char out[ISPLIT__DATE_BYTES]);

#endif
