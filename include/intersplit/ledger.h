/**
 * @file intersplit/ledger.h
 * One room in memory, for embedders who bring their own storage and network.
 *
 * Events go in and out as JSON; the state depends on the set of events alone, not on the
 * order in which they came.
 *
 * Spec     docs/spec/16-ledger.md, sections 0 and 4.3 to 4.6
 * Threads  a ledger belongs to one thread
 * Errors   0 or a negative ic_error; outputs are written only on 0
 */
#ifndef INTERSPLIT_LEDGER_H
#define INTERSPLIT_LEDGER_H

#include <stddef.h>

#include "intercom/api.h"
#include "intercom/identity.h"
#include "intercom/sys/env.h"
#include "intersplit/book.h"
#include "intersplit/entry.h"
#include "intersplit/reason.h"

IC_BEGIN_DECLS

#define ISPLIT_LEDGER_MAX_EVENT_BYTES 131072 /* of one event as JSON */

typedef struct isplit_ledger isplit_ledger; /* value: new, free */

/**
 * An empty room.
 *
 * @param identity  signs; must outlive the ledger; NULL for one that only reads
 * @param env       copied; NULL = the system's
 * @return 0; IC_ERR_INVALID for a bad name of a room; IC_ERR_NOMEM
 */
IC_API IC_CHECK int isplit_ledger_new(const char *room, const ic_identity *identity,
                                      const ic_env *env, isplit_ledger **out);
IC_API void isplit_ledger_free(isplit_ledger *ledger);

typedef enum isplit_taken {
    ISPLIT_TAKEN_NEW = 1, /* part of the room, with those that waited for it */
    ISPLIT_TAKEN_KNOWN,   /* was there already */
    ISPLIT_TAKEN_WAITS    /* for events that it builds on; 1 024 wait at most */
} isplit_taken;

/**
 * Take in one event: a signed one of version 2, or an entry of the original (the object
 * "event" of its message, with or without the signed one as "x").
 *
 * @return 0; IC_ERR_PROTO (no event, or one that does not follow from those it names),
 *         IC_ERR_AUTH (signature), IC_ERR_UNSUPPORTED (of a later version), IC_ERR_LIMIT,
 *         IC_ERR_NOMEM
 */
IC_API IC_CHECK int isplit_ledger_take(isplit_ledger *ledger, const char *json,
                                       size_t len, isplit_taken *taken,
                                       isplit_reason *why);

/** As isplit_book_do, isplit_book_due, isplit_book_add and isplit_book_clear;
 * IC_ERR_DENIED without an identity. */
IC_API IC_CHECK int isplit_ledger_do(isplit_ledger *ledger, const isplit_deed *deed,
                                     const isplit_entry **out, isplit_field *field,
                                     isplit_reason *why);
IC_API IC_CHECK int isplit_ledger_due(isplit_ledger *ledger, size_t *made,
                                      isplit_reason *why);
IC_API IC_CHECK int isplit_ledger_add(isplit_ledger *ledger, const isplit_draft *draft,
                                      const isplit_entry **out, isplit_field *field,
                                      isplit_reason *why);
IC_API IC_CHECK int isplit_ledger_clear(isplit_ledger *ledger, size_t *removed,
                                        isplit_reason *why);

/** The room as it is now, borrowed until it changes. */
IC_API IC_CHECK int isplit_ledger_state(isplit_ledger *ledger, const isplit_state **out);

/**
 * Event number `index` below isplit_state_event_count, in an order in which another
 * ledger can take them.
 *
 * @param out  JSON text, ic_mem_free
 * @return 0; IC_ERR_NOT_FOUND; IC_ERR_NOMEM
 */
IC_API IC_CHECK int isplit_ledger_event(const isplit_ledger *ledger, size_t index,
                                        char **out);

/** As isplit_book_fork; `pair` are numbers for isplit_ledger_event. */
IC_API IC_CHECK int isplit_ledger_fork(const isplit_ledger *ledger, const char *key,
                                       size_t pair[2]);

IC_END_DECLS

#endif
