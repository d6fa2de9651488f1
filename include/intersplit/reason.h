/**
 * @file intersplit/reason.h
 * Why a user's input was refused, in a sentence that can be shown to that user.
 */
#ifndef INTERSPLIT_REASON_H
#define INTERSPLIT_REASON_H

#include "intercom/api.h"

IC_BEGIN_DECLS

#define ISPLIT_REASON_MAX 200

/**
 * Filled by functions that take an `isplit_reason *why` and fail; untouched when they
 * succeed. UTF-8, one line, without control characters. Functions accept NULL for "don't
 * care".
 */
typedef struct isplit_reason {
    char text[ISPLIT_REASON_MAX];
} isplit_reason;

IC_END_DECLS

#endif
