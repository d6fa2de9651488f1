/**
 * @file quick.h
 * The commonest event of our own store, read without a tree of JSON.
 *
 * Spec     docs/spec/16-ledger.md, section 4.3
 */
#ifndef ISPLIT_QUICK_H
#define ISPLIT_QUICK_H

#include "ledger/events.h"

/**
 * Read canonical bytes of an equal entry of one payer into an empty event whose id is
 * set; the entry included.
 *
 * @return 0; IC_ERR_NOT_FOUND: anything else, which the long way must judge, and the
 *         event is as it was; IC_ERR_NOMEM
 */
int isplit__quick_read(const char *text, size_t len, const isplit__context *context,
                       isplit__event *event);

#endif
