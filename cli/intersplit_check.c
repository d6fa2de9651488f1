#include "intersplit_check.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "book/book.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"

/* What was found. The book has read all events already: their shape and their order are
 * right, or it would not be open. It does not verify signatures of its own store. */
typedef struct findings {
    const isplit__room *room;
    size_t signed_count;
    size_t unsigned_count;
    size_t bad_count; /* signature wrong */
} findings;

static int verify_row(const isplit__row *row, void *user)
{
    findings *f = user;
    isplit__buf text = {0};
    isplit__item item = {.text = NULL};

    if (!row->sig) {
        f->unsigned_count++;
        return 0;
    }
    int err = isplit__event_load(row->text, row->len, &f->room->context, &item.event);
    if (err)
        return err;
    isplit__buf_add(&text, row->text, row->len);
    item.text = isplit__buf_take(&text);
    item.len = row->len;
    memcpy(item.sig, row->sig, sizeof item.sig);
    f->signed_count++;
    f->bad_count += item.text && !isplit__item_verify(&item);
    err = item.text ? 0 : IC_ERR_NOMEM;
    isplit__item_free(&item);
    return err;
}

static int verify(const cli_source *s, findings *f)
{
    isplit__place *place = NULL;

    int err = isplit__book_place(s->book, s->room, false, &place);
    if (err)
        return err;
    f->room = place->room;
    return isplit__store_each(s->book->store, place->number, verify_row, f);
}

static bool sums_to_zero(const isplit_state *state)
{
    int64_t sum = 0;
    size_t count = 0;
    const isplit_share *balances = isplit_state_balances(state, &count);

    for (size_t i = 0; i < count; i++)
        sum += balances[i].minor;
    return sum == 0;
}

static void print_hex(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        (void)printf("%02x", bytes[i]);
}

/* The two events that a key signed in the place of one. */
static int print_fork(const cli_source *s, const isplit__id *by, bool json, bool more)
{
    char key[2 * sizeof by->b + 1];
    char *pair[2] = {NULL, NULL};

    ic__hex_encode(key, by->b, sizeof by->b);
    int err = isplit_book_fork(s->book, s->room, key, &pair[0], &pair[1]);
    if (err)
        return err;
    if (json)
        (void)printf("%s{\"author\":\"%s\",\"events\":[%s,%s]}", more ? "," : "", key,
                     pair[0], pair[1]);
    else
        (void)printf("  %s signed two events in the place of one:\n  %s\n  %s\n", key,
                     pair[0], pair[1]);
    ic_mem_free(pair[0]);
    ic_mem_free(pair[1]);
    return 0;
}

/* A fork is no damage: the room comes to the same everywhere. It is the proof that its
 * author is no honest one. */
static int print_forks(const cli_source *s, const isplit__room *room, bool json)
{
    const isplit__idmap *keys = &room->forked;
    size_t shown = 0;
    int err = 0;

    if (json)
        (void)printf("\",\"forks\":[");
    else
        (void)printf("\nforks: %zu\n", keys->count);
    for (size_t i = 0; !err && i < keys->cap; i++) {
        if (keys->slots[i].used)
            err = print_fork(s, &keys->slots[i].id, json, shown++ > 0);
    }
    if (json)
        (void)puts("]}");
    return err ? cli_fail_error(err, NULL) : CLI_OK;
}

int cli_check(const cli_source *s, const cli_args *args)
{
    findings f = {.room = NULL};
    uint8_t print[ISPLIT__PRINT_BYTES];

    int err = verify(s, &f);
    if (err)
        return cli_fail_error(err, NULL);
    bool zero = sums_to_zero(s->state);
    bool good = zero && !f.bad_count;
    isplit_state_fingerprint(s->state, print);
    (void)printf(args->json ? "{\"good\":%s,\"events\":%zu,\"signed\":%zu,"
                              "\"unsigned\":%zu,\"badSignatures\":%zu,"
                              "\"balancesSumToZero\":%s,\"fingerprint\":\""
                            : "good: %s\nevents: %zu (%zu signed, %zu unsigned)\n"
                              "bad signatures: %zu\nbalances sum to zero: %s\n"
                              "fingerprint: ",
                 good ? "true" : "false", isplit_state_event_count(s->state),
                 f.signed_count, f.unsigned_count, f.bad_count, zero ? "true" : "false");
    print_hex(print, sizeof print);
    err = print_forks(s, f.room, args->json);
    return err || good ? err : CLI_REFUSED;
}
