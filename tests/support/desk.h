/**
 * @file desk.h
 * A ledger on a folder of its own, for tests: store, snapshot file, identity, fake clock.
 */
#ifndef DESK_H
#define DESK_H

#include <stddef.h>
#include <stdint.h>

#include "intercom/identity.h"
#include "intercom/sys/env.h"
#include "intercom/sys/mem.h"
#include "intersplit/book.h"

typedef struct desk {
    char folder[128];
    char store[192];
    char snapshot[192];
    ic_identity *identity;
    ic_env env;
    int64_t now_ms;    /* goes on by one second with each reading */
    uint64_t randoms;  /* counts the pieces of randomness */
    isplit_book *book; /* NULL = closed */
    unsigned stores;
} desk;

/** cmocka setup and teardown: *state is the desk. */
int desk_setup(void **state);
int desk_teardown(void **state);

/** Open, after a close when it is open. */
void desk_open(desk *d);
int desk_try_open(desk *d, isplit_reason *why);
void desk_close(desk *d);

/** From now on another store file, in the same folder. */
void desk_new_store(desk *d);

/** Another identity; closes the book. */
void desk_be(desk *d, uint8_t seed);

/** Add an entry that must be taken; `split` by commas, "" = none. */
const isplit_entry *desk_add(desk *d, const char *room, const char *payer,
                             const char *amount, const char *split, const char *note);
const isplit_state *desk_state(desk *d, const char *room);

/** Fill `bytes` from a seed, for an identity. */
ic_identity *desk_identity(uint8_t seed);

void desk_write_file(const char *path, const void *data, size_t len);
char *desk_read_file(const char *path, size_t *len);

#endif
