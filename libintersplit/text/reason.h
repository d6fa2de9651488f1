/**
 * @file reason.h
 * Filling in an isplit_reason.
 */
#ifndef ISPLIT_REASON_H
#define ISPLIT_REASON_H

#include "intersplit/reason.h"

/**
 * Write the sentence, cut between characters when too long; control characters become
 * '?'.
 *
 * @param why  may be NULL
 * @return IC_ERR_INVALID, for who refuses
 */
int isplit__refuse(isplit_reason *why, const char *format, ...) IC_PRINTF(2, 3);

#endif
