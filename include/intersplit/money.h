/**
 * @file intersplit/money.h
 * Amounts between text and whole minor units (cents); never a floating point number.
 *
 * Spec     docs/spec/16-ledger.md, sections 2.2 and 2.3
 * Threads  pure functions
 * Errors   0 or a negative ic_error; outputs are written only on 0
 */
#ifndef INTERSPLIT_MONEY_H
#define INTERSPLIT_MONEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "intercom/api.h"
#include "intersplit/reason.h"

IC_BEGIN_DECLS

#define ISPLIT_MONEY_MAX_MINOR INT64_C(10000000000000) /* of one entry */
#define ISPLIT_MONEY_MAX_EXPONENT 9u
#define ISPLIT_CURRENCY_MAX 13   /* bytes of a code, with the final zero */
#define ISPLIT_MONEY_TEXT_MAX 48 /* bytes of any amount as text, with the final zero */

typedef enum isplit_money_flag {
    ISPLIT_MONEY_STRICT = 1u << 0, /* '.' is the only decimal mark and nothing groups */
    ISPLIT_MONEY_SIGNED = 1u << 1  /* format: "+" also before zero and positive amounts */
} isplit_money_flag;

/**
 * Read an amount that a person or a program wrote: "12,50", "(120+5)/4". What calculates
 * must come out exactly in the currency; nothing is rounded.
 *
 * @param exponent  decimals of the currency, 0 to 9
 * @param currency  the room's code such as "EUR", which may stand before or after the
 *                  digits, as may its symbol; NULL = none is accepted
 * @param flags     0, or ISPLIT_MONEY_STRICT, which calculates nothing
 * @return 0, or IC_ERR_INVALID and why: not an amount, ambiguous (the reason gives both
 *         readings), too many decimals, zero, above ISPLIT_MONEY_MAX_MINOR
 */
IC_API IC_CHECK int isplit_money_parse(const char *text, size_t len, unsigned exponent,
                                       const char *currency, unsigned flags,
                                       int64_t *minor, isplit_reason *why);

/** "1234.50", "-0.05", with ISPLIT_MONEY_SIGNED "+0.00"; returns `out`. */
IC_API const char *isplit_money_format(int64_t minor, unsigned exponent, unsigned flags,
                                       char out[ISPLIT_MONEY_TEXT_MAX]);

/**
 * A currency's code as it is kept: "eur" becomes "EUR".
 *
 * @return 0; IC_ERR_INVALID when it is not 2 to 12 letters and digits, letters among them
 */
IC_API IC_CHECK int isplit_currency_code(const char *text, size_t len,
                                         char out[ISPLIT_CURRENCY_MAX],
                                         isplit_reason *why);

/** Is this, in either case, a code of ISO 4217 in use? */
IC_API bool isplit_currency_known(const char *text, size_t len);

/** Decimals of a currency by ISO 4217: 2 unless the standard says otherwise. */
IC_API unsigned isplit_currency_exponent(const char *code);

/**
 * Convert an amount by a rate that is frozen with it, half a unit up.
 *
 * @param rate  what one of the amount's currency is worth, a decimal number such as
 *              "0.9215" with at most 15 digits
 * @return 0; IC_ERR_INVALID when the rate is none, or less than one unit or more than
 *         ISPLIT_MONEY_MAX_MINOR comes out
 */
IC_API IC_CHECK int isplit_money_convert(int64_t minor, unsigned exponent,
                                         const char *rate, unsigned to_exponent,
                                         int64_t *converted, isplit_reason *why);

IC_END_DECLS

#endif
