#include "desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "intercom/init.h"
#include "temp_folder.h"
#include "unit.h"

#define FIRST_MS INT64_C(1735689600000) /* 2025-01-01 */

static uint64_t desk_now_ns(void *user)
{
    const desk *d = user;

    return (uint64_t)d->now_ms * 1000000u;
}

static int64_t desk_wall_ms(void *user)
{
    desk *d = user;

    return d->now_ms += 1000;
}

static void desk_random(void *out, size_t len, void *user)
{
    desk *d = user;

    memset(out, 0, len);
    d->randoms++;
    memcpy(out, &d->randoms, len < sizeof d->randoms ? len : sizeof d->randoms);
}

ic_identity *desk_identity(uint8_t seed)
{
    ic_identity *identity = NULL;
    uint8_t bytes[IC_SEED_BYTES];

    assert_int_equal(ic_init(), 0);
    memset(bytes, seed, sizeof bytes);
    assert_int_equal(ic_identity_from_seed(&identity, bytes, IC_NETWORK_MAINNET), 0);
    return identity;
}

void desk_new_store(desk *d)
{
    (void)snprintf(d->store, sizeof d->store, "%s/ledger%u.db", d->folder, ++d->stores);
}

int desk_setup(void **state)
{
    desk *d = calloc(1, sizeof *d);

    assert_non_null(d);
    temp_folder_make(d->folder, sizeof d->folder);
    (void)snprintf(d->snapshot, sizeof d->snapshot, "%s/expense-split.snapshots.json",
                   d->folder);
    desk_new_store(d);
    d->identity = desk_identity(1);
    d->now_ms = FIRST_MS;
    d->env = (ic_env){
        .now_ns = desk_now_ns, .wall_ms = desk_wall_ms, .random = desk_random, .user = d};
    *state = d;
    return 0;
}

int desk_teardown(void **state)
{
    desk *d = *state;

    desk_close(d);
    ic_identity_free(d->identity);
    temp_folder_remove(d->folder);
    free(d);
    return 0;
}

int desk_try_open(desk *d, isplit_reason *why)
{
    isplit_book_options o;

    isplit_book_options_default(&o);
    o.path = d->store;
    o.snapshot_path = d->snapshot;
    o.identity = d->identity;
    o.env = d->env;
    return isplit_book_open(&o, &d->book, why);
}

void desk_open(desk *d)
{
    isplit_reason why = {{0}};

    desk_close(d);
    if (desk_try_open(d, &why) != 0)
        fail_msg("cannot open: %s", why.text);
}

void desk_close(desk *d)
{
    isplit_book_close(d->book);
    d->book = NULL;
}

void desk_be(desk *d, uint8_t seed)
{
    desk_close(d);
    ic_identity_free(d->identity);
    d->identity = desk_identity(seed);
}

const isplit_entry *desk_add(desk *d, const char *room, const char *payer,
                             const char *amount, const char *split, const char *note)
{
    char names[4096];
    isplit_part list[128];
    char *rest = names;
    const isplit_entry *entry = NULL;
    isplit_reason why = {{0}};
    isplit_draft add = {.payer = payer, .amount = amount, .parts = list, .note = note};

    (void)snprintf(names, sizeof names, "%s", split);
    for (char *name; (name = strsep(&rest, ",")) != NULL && *name;)
        list[add.part_count++] = (isplit_part){.name = name};
    if (isplit_book_add(d->book, room, &add, &entry, NULL, &why) != 0)
        fail_msg("not added: %s", why.text);
    return entry;
}

const isplit_state *desk_state(desk *d, const char *room)
{
    const isplit_state *state = NULL;

    assert_int_equal(isplit_book_state(d->book, room, &state), 0);
    return state;
}

void desk_write_file(const char *path, const void *data, size_t len)
{
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

char *desk_read_file(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    size_t cap = 1u << 24;
    char *data = malloc(cap);

    assert_non_null(f);
    assert_non_null(data);
    *len = fread(data, 1, cap - 1, f);
    data[*len] = 0;
    (void)fclose(f);
    return data;
}
