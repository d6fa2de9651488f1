/**
 * @file snapshot.h
 * The text of expense-split.snapshots.json: rooms in the original's form, which carry our
 * signed events along.
 *
 * Our room object has the live entries in "events", as the original expects, each signed
 * one with its event under "x". What the original must not count or cannot read stands
 * beside: "x" of the room holds {"events": [signed], "legacy": [unsigned], "live":
 * [signed entries that count]}. Read are this form, what the original writes, and a
 * single room of version 2.
 *
 * Spec     docs/spec/16-ledger.md, sections 0 and 4.5
 */
#ifndef ISPLIT_SNAPSHOT_H
#define ISPLIT_SNAPSHOT_H

#include "ledger/room.h"
#include "text/scan.h"

/** A room of the text, cut but not yet read. */
typedef struct isplit__cut_room {
    isplit__slice whole;
    isplit__slice channel; /* JSON text, quotes included; empty when there is none, as
                              the next ones are */
    isplit__slice events;
    isplit__slice more; /* {"events", "legacy"} beside them */
    isplit__slice version;
    isplit__slice rooms; /* of a file of several */
} isplit__cut_room;

/** Tell each room of the text, until the callback returns an error.
 *
 * @return 0; IC_ERR_CORRUPT (not a snapshot file), IC_ERR_UNSUPPORTED (a newer one)
 */
typedef int (*isplit__cut_cb)(const isplit__cut_room *room, void *user);
int isplit__snapshot_cut(isplit__slice text, isplit__cut_cb tell, void *user,
                         isplit_reason *why);

/** Is this the room of that name? */
bool isplit__snapshot_is_room(const isplit__cut_room *cut, const char *name);

/** The events of one room. */
typedef struct isplit__snapshot {
    isplit__item *items; /* new to the room, signatures checked, deps before dependents */
    size_t count;
    size_t cap;
    isplit__idmap live;   /* entries that were live when the snapshot was made */
    isplit__idmap clears; /* that the snapshot knew */
} isplit__snapshot;

/** Read the events of a room that `room` does not have yet.
 *
 * @return 0; IC_ERR_CORRUPT, IC_ERR_UNSUPPORTED, IC_ERR_LIMIT, IC_ERR_NOMEM
 */
int isplit__snapshot_read(const isplit__cut_room *cut, const isplit__room *room,
                          isplit__snapshot *out, isplit_reason *why);
void isplit__snapshot_free(isplit__snapshot *snapshot);

#endif
