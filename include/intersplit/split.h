/**
 * @file intersplit/split.h
 * Who owes how much of an amount: whole minor units in, whole minor units out.
 *
 * What does not come out even goes, a unit each, to those with the largest remainder; of
 * equal remainders the one that is listed first, or at `rotate_at`, comes first.
 *
 * Spec     docs/spec/16-ledger.md, sections 2.2 and 2.4
 * Threads  pure functions
 * Errors   0 or a negative ic_error; shares are written only on 0
 */
#ifndef INTERSPLIT_SPLIT_H
#define INTERSPLIT_SPLIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "intercom/api.h"
#include "intersplit/reason.h"

IC_BEGIN_DECLS

#define ISPLIT_SPLIT_MAX_MEMBERS 64
#define ISPLIT_SPLIT_MAX_ITEMS 64
#define ISPLIT_SPLIT_MAX_WEIGHT INT64_C(1000000)
#define ISPLIT_SPLIT_WHOLE INT64_C(10000) /* basis points in 100 percent */

typedef enum isplit_split_mode {
    ISPLIT_SPLIT_EQUAL = 0,
    ISPLIT_SPLIT_EXACT,   /* a value is the share in minor units */
    ISPLIT_SPLIT_WEIGHTS, /* 1 to ISPLIT_SPLIT_MAX_WEIGHT parts */
    ISPLIT_SPLIT_PERCENT, /* basis points, ISPLIT_SPLIT_WHOLE of them in all */
    ISPLIT_SPLIT_ADJUST,  /* minor units on top of an equal part of the rest */
    ISPLIT_SPLIT_ITEMS    /* each item equally among its members; tax and tip follow */
} isplit_split_mode;

/** One line of a bill. */
typedef struct isplit_split_item {
    int64_t amount_minor;
    uint64_t members; /* bit i stands for member number i */
} isplit_split_item;

/** A split as it is asked for; zeros are an equal split among nobody. */
typedef struct isplit_split {
    isplit_split_mode mode;
    int64_t amount_minor; /* 1 to ISPLIT_MONEY_MAX_MINOR */
    unsigned exponent;    /* of the currency: how a reason prints money */
    size_t count;         /* of members, in listed order */
    int64_t *values;      /* one for each; NULL for EQUAL and ITEMS */
    const isplit_split_item *items;
    size_t item_count;
    int64_t extra_minor; /* of ITEMS: tax and tip, in proportion to what each had */
    size_t rotate_at;    /* who is the first among equals, below count */
    size_t rest_to;      /* 1 = the first member takes what is left over; 0 = nobody */
    /** Result, also of a refusal: what the parts lack to make up the amount, negative
     * when they are over. Minor units; of PERCENT basis points. What `rest_to` took is in
     * his value too, and in ITEMS it counts as an item of his own. */
    int64_t left_over;
} isplit_split;

/**
 * Compute the shares.
 *
 * @param shares  `count` of them, in listed order; they sum to the amount
 * @return 0; IC_ERR_INVALID with the reason. When the parts do not add up the reason
 *         begins with "0.01 over" or "3.20 left" and left_over is not 0: ask for other
 *         parts, or set rest_to
 */
IC_API IC_CHECK int isplit_split_compute(isplit_split *split, int64_t *shares,
                                         isplit_reason *why);

/**
 * Are these shares what such a split may come to, whoever got what was over? They sum to
 * the amount and none is negative; of EQUAL, WEIGHTS and PERCENT each is less than one
 * unit from its exact part, of EXACT it is its value. For who hears of a split that
 * somebody else computed.
 */
IC_API bool isplit_split_fits(const isplit_split *split, const int64_t *shares);

IC_END_DECLS

#endif
