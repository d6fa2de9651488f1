/**
 * @file money.h
 * Numbers as people write them, before they are amounts.
 *
 * Spec     docs/spec/16-ledger.md, section 2.3
 */
#ifndef ISPLIT_MONEY_H
#define ISPLIT_MONEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "intersplit/reason.h"

#define ISPLIT__DIGITS_MAX INT64_C(1000000000000000000) /* a number has fewer */

/** digits * 10^-decimals */
typedef struct isplit__number {
    int64_t digits;
    unsigned decimals;
} isplit__number;

#define ISPLIT__NUMBER_OF_SUM (1u << 8) /* a flag: decimals are no money yet */

/** Read digits and marks without white space around them; `exponent` tells grouping from
 * decimals. */
int isplit__number_read(const char *text, size_t len, unsigned exponent, unsigned flags,
                        isplit__number *out, isplit_reason *why);

/** Is this one of the codes, which have blanks between? */
bool isplit__code_listed(const char *codes, const char *code);

/** 10^exponent, of at most 18. */
int64_t isplit__power_of_ten(unsigned exponent);

/** Does it calculate? "(120+5)/4", not a number with a sign. */
bool isplit__sum_is(const char *text, size_t len);
/** Then this is what comes out, to the last decimal or not at all. */
int isplit__sum_read(const char *text, size_t len, unsigned exponent, int64_t *minor,
                     isplit_reason *why);

/** Parts that do not make up the whole, in minor units. */
typedef struct isplit__gap {
    int64_t left; /* negative = over */
    int64_t whole;
    unsigned exponent;
    const char *unit;       /* "%", or "" */
    const char *parts_make; /* "the parts make" */
    const char *way_out;    /* what to do about it */
} isplit__gap;

/** "0.01 over: the parts make 524.35 of 524.34; ..." @return IC_ERR_INVALID */
int isplit__refuse_gap(const isplit__gap *gap, isplit_reason *why);

#endif
