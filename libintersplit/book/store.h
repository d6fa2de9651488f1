/**
 * @file store.h
 * Events on disk: one SQLite file, one process.
 *
 * An append is durable when it returns; inside begin and commit, when commit returns.
 *
 * Spec     docs/spec/16-ledger.md, section 4.5
 */
#ifndef ISPLIT_STORE_H
#define ISPLIT_STORE_H

#include "ledger/events.h"

typedef struct isplit__store isplit__store;

/** Open or make the file; ":memory:" keeps nothing. A file that is not ours is left
 * untouched. Errors as isplit_book_open. */
int isplit__store_open(const char *path, isplit__store **out, isplit_reason *why);
void isplit__store_close(isplit__store *store);

/** The number of a room; IC_ERR_NOT_FOUND when the store has none of that name. */
int isplit__store_find_room(isplit__store *store, const char *name, int64_t *number);
int isplit__store_add_room(isplit__store *store, const char *name, int64_t *number);

/** One event as it is stored; `sig` is NULL for a legacy entry. */
typedef struct isplit__row {
    uint32_t position; /* in the order of delivery, from 0 */
    const char *text;
    size_t len;
    const uint8_t *sig;
} isplit__row;

int isplit__store_append(isplit__store *store, int64_t room, const isplit__row *row);

/** Each row of a room in order, until the callback returns an error. */
typedef int (*isplit__row_cb)(const isplit__row *row, void *user);
int isplit__store_each(isplit__store *store, int64_t room, isplit__row_cb tell,
                       void *user);

/** One row; IC_ERR_NOT_FOUND when there is none, or what the callback returned. */
int isplit__store_one(isplit__store *store, int64_t room, uint32_t position,
                      isplit__row_cb tell, void *user);

/** The name of each room in byte order, until the callback returns an error. */
typedef int (*isplit__room_cb)(const char *name, void *user);
int isplit__store_each_room(isplit__store *store, isplit__room_cb tell, void *user);

int isplit__store_begin(isplit__store *store);
int isplit__store_commit(isplit__store *store);
void isplit__store_rollback(isplit__store *store);

/** A sentence for an error of the above. */
void isplit__store_explain(int error, isplit_reason *why);

#endif
