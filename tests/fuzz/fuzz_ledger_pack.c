/* A pack of made-up bytes; what it gives as events is packed again and must come out the
 * same. */
#include <stdlib.h>
#include <string.h>

#include "bind/pack.h"
#include "intercom/error.h"
#include "intercom/init.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const isplit__context context = {.room = "trip", .prefix = "trac"};

/* The items of the list that are events, into a new pack. */
static size_t pack_again(const json_t *list, isplit__item *items, isplit__pack *pack)
{
    size_t count = 0;

    for (size_t i = 0; i < json_array_size(list); i++) {
        isplit__item *item = &items[count];
        if (isplit__item_of(json_array_get(list, i), &context, item, NULL) != 0)
            continue;
        const isplit__row row = {
            .text = item->text,
            .len = item->len,
            .sig = item->event->kind == ISPLIT__KIND_LEGACY ? NULL : item->sig,
        };
        if (isplit__pack_add(pack, item->event, &row) != 0)
            abort();
        count++;
    }
    return count;
}

static void compare(const isplit__pack *pack, const isplit__item *items, size_t count)
{
    json_t *list = json_array();
    isplit__item item;

    if (!list ||
        isplit__pack_read((const uint8_t *)pack->bytes.data, pack->bytes.len, "trip",
                          list) != 0 ||
        json_array_size(list) != count)
        abort();
    for (size_t i = 0; i < count; i++) {
        if (isplit__item_of(json_array_get(list, i), &context, &item, NULL) != 0 ||
            item.len != items[i].len || memcmp(item.text, items[i].text, item.len) != 0)
            abort();
        isplit__item_free(&item);
    }
    json_decref(list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static isplit__item items[ISPLIT__PACK_MAX_EVENTS];
    json_t *list = json_array();
    isplit__pack *pack = isplit__pack_new("trip");

    if (ic_init() != 0 || !list || !pack)
        abort();
    if (isplit__pack_read(data, size, "trip", list) == 0) {
        size_t count = pack_again(list, items, pack);
        compare(pack, items, count);
        for (size_t i = 0; i < count; i++)
            isplit__item_free(&items[i]);
    }
    isplit__pack_free(pack);
    json_decref(list);
    return 0;
}
