/**
 * @file book.h
 * A book from inside: its rooms in memory, each with its place in the store.
 */
#ifndef ISPLIT_BOOK_H
#define ISPLIT_BOOK_H

#include "book/store.h"
#include "intersplit/book.h"
#include "ledger/author.h"
#include "ledger/room.h"

/** A room that has been read since the start. */
typedef struct isplit__place {
    struct isplit__place *next;
    isplit_book *book;
    isplit__room *room;
    int64_t number; /* in the store, once `stored` */
    bool stored;
} isplit__place;

/** Called for each event that goes to the store. What it belongs to may still be rolled
 * back: then the position holds another event later, or none. */
typedef void (*isplit__watch_cb)(const isplit__place *place, uint32_t position,
                                 void *user);

struct isplit_book {
    isplit__store *store;
    isplit__author author;
    ic_env env;
    const char *prefix;
    char *snapshot_path; /* NULL = none */
    size_t max_snapshot; /* bytes */
    isplit__place *places;
    isplit__room *unknown; /* the empty state of the last room that nobody used */
    isplit_change_cb on_change;
    void *user;
    isplit__watch_cb watch; /* the bind, if there is one */
    void *watch_user;
};

/** The room of that name; IC_ERR_NOT_FOUND unless `make`; IC_ERR_INVALID for a bad name.
 */
int isplit__book_place(isplit_book *book, const char *name, bool make,
                       isplit__place **out);
/** Drop the room from memory when it has no event: names alone must not fill it. */
void isplit__book_tidy(isplit_book *book, const char *name);

/** Run `change` in one transaction; after an error the place may be forgotten. */
typedef int (*isplit__change_cb)(isplit__room *room, void *user);
int isplit__book_change(isplit_book *book, isplit__place *place, isplit__change_cb change,
                        void *user);

void isplit__book_tell(isplit_book *book, isplit_change_kind kind, const char *room,
                       const isplit_entry *entry);

/** Hand on the reason for `error`, or in words what it means of a place or store.
 * @return `error` */
int isplit__book_explain(int error, const isplit_reason *ours, isplit_reason *why);

#endif
