#include "intersplit_check.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "book/book.h"
#include "intercom/error.h"

/* What was found. The book has read all events already: their shape and their order are
 * right, or it would not be open. It does not verify signatures of its own store. */
typedef struct findings {
    const isplit__context *context;
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
    int err = isplit__event_load(row->text, row->len, f->context, &item.event);
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
    f->context = &place->room->context;
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

int cli_check(const cli_source *s, const cli_args *args)
{
    findings f = {.context = NULL};
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
    (void)puts(args->json ? "\"}" : "");
    return good ? CLI_OK : CLI_REFUSED;
}
