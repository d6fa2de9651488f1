/**
 * @file judge.h
 * Acks and disputes, and what the settings of a room mean for an entry.
 *
 * Spec     docs/spec/16-ledger.md, sections 4.3 and 4.6
 */
#ifndef ISPLIT_JUDGE_H
#define ISPLIT_JUDGE_H

#include "ledger/room.h"

/** An ack or a dispute. */
typedef struct isplit__word {
    uint32_t entry;
    const isplit__event *event;
} isplit__word;

/** All words about values that are shown, by entry and order. */
typedef struct isplit__said {
    isplit__word *words; /* ic_mem_free */
    size_t count;
    size_t at; /* those before it are of entries that were judged */
} isplit__said;

/** @return 0 or IC_ERR_NOMEM */
int isplit__words_collect(const isplit__room *room, isplit__said *out);

/** Does the entry name a member whose name this key holds? */
bool isplit__room_is_named(const isplit__room *room, uint32_t entry, const char *key);

/** Set the flags of an entry; entries come in the order of their nodes. */
void isplit__room_judge(const isplit__room *room, isplit__said *said, uint32_t entry);

#endif
