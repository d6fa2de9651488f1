#include <stdlib.h>
#include <string.h>

#include "intercom/init.h"
#include "intercom/sys/mem.h"
#include "intersplit/form.h"
#include "ledger/events.h"
#include "ledger/room.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same_shares(const isplit_share *a, const isplit_share *b, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(a[i].name, b[i].name) != 0 || a[i].minor != b[i].minor)
            return false;
    }
    return true;
}

static bool same_entry(const isplit_entry *a, const isplit_entry *b)
{
    if (!a || !b)
        return !a && !b;
    return strcmp(a->id, b->id) == 0 && strcmp(a->note, b->note) == 0 &&
           strcmp(a->by, b->by) == 0 && a->amount_minor == b->amount_minor &&
           a->at_ms == b->at_ms && a->flags == b->flags && a->type == b->type &&
           a->mode == b->mode && a->item_count == b->item_count &&
           strcmp(a->currency, b->currency) == 0 && a->exponent == b->exponent &&
           a->paid_count == b->paid_count && a->share_count == b->share_count &&
           same_shares(a->paid, b->paid, a->paid_count) &&
           same_shares(a->shares, b->shares, a->share_count);
}

/* The store is read in a quicker way than what comes from others. */
static bool same_event(const isplit__event *a, const isplit__event *b)
{
    return a->kind == b->kind && isplit__id_compare(&a->id, &b->id) == 0 &&
           isplit__id_compare(&a->by, &b->by) == 0 && a->seq == b->seq &&
           a->lc == b->lc && a->at == b->at && a->dep_count == b->dep_count &&
           memcmp(a->deps, b->deps, a->dep_count * sizeof *a->deps) == 0 &&
           same_entry(a->entry, b->entry);
}

/* Read what we stored of it: it must be the same event. */
static void load_again(const isplit__item *item, const isplit__context *context)
{
    isplit__event *again = NULL;
    int err = item->event->kind == ISPLIT__KIND_LEGACY
                  ? isplit__legacy_load(item->text, item->len, &again)
                  : isplit__event_load(item->text, item->len, context, &again);

    if (err ||
        (item->event->kind != ISPLIT__KIND_LEGACY && !same_event(again, item->event)) ||
        isplit__id_compare(&again->id, &item->event->id) != 0)
        abort();
    isplit__event_free(again);
}

/* Into a room without a look at the signature, which no fuzzer could make. */
static void take(isplit__item *item)
{
    isplit_taken taken;
    isplit__room *room = NULL;
    const isplit_state *state = NULL;
    char *text = NULL;

    if (isplit__room_new("trip", "trac", &room) != 0)
        abort();
    if (isplit__room_take(room, item, &taken) == 0 &&
        isplit__room_state(room, &state) == 0 && isplit_form_balance(state, &text) == 0)
        ic_mem_free(text);
    isplit__room_free(room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const isplit__context context = {.room = "trip", .prefix = "trac"};
    isplit__item item;
    isplit_reason why;

    if (ic_init() != 0 ||
        isplit__item_read((const char *)data, size, &context, &item, &why) != 0)
        return 0;
    load_again(&item, &context);
    (void)isplit__item_verify(&item);
    take(&item);
    return 0;
}
