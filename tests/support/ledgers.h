/**
 * @file ledgers.h
 * Several authors who write to one room in memory and hear of each other now and then.
 */
#ifndef LEDGERS_H
#define LEDGERS_H

#include <stddef.h>
#include <stdint.h>

#include "intercom/identity.h"
#include "intersplit/ledger.h"

#define LEDGERS_MAX 20

/** A random generator whose whole state is its seed. */
uint64_t ledgers_random(uint64_t *seed);

typedef struct ledgers {
    size_t count;
    ic_identity *identities[LEDGERS_MAX];
    isplit_ledger *of[LEDGERS_MAX];
    int64_t now_ms;
    uint64_t randoms;
} ledgers;

void ledgers_open(ledgers *l, size_t count);
void ledgers_close(ledgers *l);

/** Author `who` adds what must be taken; `split` by commas. */
void ledgers_add(ledgers *l, size_t who, const char *payer, const char *amount,
                 const char *split);
/** Let `to` take all events of `from`. */
void ledgers_sync(ledgers *l, size_t from, size_t to);

/** A signed "unvoid" of `ref` by author `who`, after all that it knows. */
void ledgers_unvoid(ledgers *l, size_t who, const char *ref);

/** An event of any kind and body by author `who`, taken by its own ledger. */
void ledgers_write(ledgers *l, size_t who, const char *kind, const char *body);

/** All events of a ledger as JSON; free each with ic_mem_free and the array with free. */
char **ledgers_events(const isplit_ledger *ledger, size_t *count);
void ledgers_free_events(char **events, size_t count);

/** Everything that a state shows, as one text on the heap (free): fingerprint, entries,
 * balances, plans, members, settings, histories, exports. */
char *ledgers_picture(const isplit_state *state);

/** The id of the newest event of this kind in a ledger. */
void ledgers_last_id(const isplit_ledger *ledger, const char *kind, char out[65]);

#define LEDGERS_HARD 40

/** Balance number `i` of LEDGERS_HARD that sum to zero: a search takes its time. */
int64_t ledgers_hard(size_t i);

/** The most groups, each of sum zero, of at most 16 numbers that sum to zero: by looking
 * at every set of them. */
size_t ledgers_most_groups(const int64_t *minor, size_t count);

#endif
