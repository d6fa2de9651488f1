/**
 * @file judge.h
 * Acks and disputes, and what the settings of a room mean for an entry.
 *
 * Spec     docs/spec/16-ledger.md, sections 4.3 and 4.6
 */
#ifndef ISPLIT_JUDGE_H
#define ISPLIT_JUDGE_H

#include "ledger/room.h"

/** Does the entry name a member whose name this key holds? */
bool isplit__room_is_named(const isplit__room *room, uint32_t entry, const char *key);

/** Is it an ack or a dispute? */
bool isplit__event_is_word(const isplit__event *event);

/** Set the flags of an entry whose values are set. */
void isplit__room_judge(const isplit__room *room, uint32_t entry);

#endif
