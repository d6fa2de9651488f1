#include <stdlib.h>
#include <string.h>

#include "events.h"
#include "intercom/init.h"
#include "intercom/sys/mem.h"
#include "intersplit/form.h"
#include "room.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Read what we stored of it: it must be the same event. */
static void load_again(const isplit__item *item, const isplit__context *context)
{
    isplit__event *again = NULL;
    int err = item->event->kind == ISPLIT__KIND_LEGACY
                  ? isplit__legacy_load(item->text, item->len, &again)
                  : isplit__event_load(item->text, item->len, context, &again);

    if (err || again->kind != item->event->kind ||
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
