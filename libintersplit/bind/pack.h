/**
 * @file pack.h
 * Many events in few bytes, for pages: most of an event follows from those before it.
 *
 * A pack is a function of the events alone and says nothing that they don't: what comes
 * out is judged as if it had come as JSON.
 *
 *   pack   = 1, event*
 *   event  = 0, at, by, lc, seq, nonce, deps, amount, payer, names, note, signature
 *          | 1, text, signature          signed, of any other form
 *          | 2, text                     unsigned
 *
 * Numbers are LEB128; at, lc and seq are zigzag differences to the event before (seq: of
 * the same author). Texts are a length and bytes. Keys, names and notes that were there
 * before are their number in a table, from 1; 0 and the thing itself adds it. A dep is
 * how many events it lies before, or 0 and the id.
 *
 * Spec     docs/spec/16-ledger.md, section 4.4
 */
#ifndef ISPLIT_PACK_H
#define ISPLIT_PACK_H

#include "book/store.h"
#include "text/buf.h"
#include "text/scan.h"

#define ISPLIT__PACK_MAX_EVENTS 512
#define ISPLIT__PACK_MAX_KEYS 64
#define ISPLIT__PACK_MAX_NAMES 128
#define ISPLIT__PACK_MAX_NOTES 256

/** What both ends remember of a pack. */
typedef struct isplit__pack_memory {
    isplit__id ids[ISPLIT__PACK_MAX_EVENTS];
    size_t id_count;
    isplit__id keys[ISPLIT__PACK_MAX_KEYS];
    uint32_t seqs[ISPLIT__PACK_MAX_KEYS]; /* the last of each key */
    size_t key_count;
    isplit__slice names[ISPLIT__PACK_MAX_NAMES];
    size_t name_count;
    isplit__slice notes[ISPLIT__PACK_MAX_NOTES];
    size_t note_count;
    int64_t at;
    int64_t lc;
} isplit__pack_memory;

typedef struct isplit__pack {
    isplit__buf bytes; /* what is written */
    bool reads;        /* instead, these bytes */
    const uint8_t *at;
    size_t left;
    bool bad; /* sticks: what is read later is zero */
    const char *room;
    isplit__pack_memory memory;
} isplit__pack;

/** A pack of events of this room, on the heap; NULL when there is no memory. */
isplit__pack *isplit__pack_new(const char *room);
void isplit__pack_free(isplit__pack *pack);

/** Add an event, whose texts must outlive the pack, with its row of the store.
 * @return 0; IC_ERR_LIMIT: too many; IC_ERR_NOMEM */
int isplit__pack_add(isplit__pack *pack, const isplit__event *event,
                     const isplit__row *row);

/** The events of a pack as JSON, appended to an array. @return 0; IC_ERR_PROTO;
 * IC_ERR_NOMEM */
int isplit__pack_read(const uint8_t *bytes, size_t len, const char *room, json_t *list);

#endif
