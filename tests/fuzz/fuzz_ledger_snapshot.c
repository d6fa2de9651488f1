#include <stdlib.h>

#include "book/snapshot.h"
#include "intercom/init.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_room(const isplit__cut_room *cut, void *user)
{
    isplit__snapshot snapshot;
    isplit_reason why;

    if (isplit__snapshot_is_room(cut, "trip") &&
        isplit__snapshot_read(cut, user, &snapshot, &why) == 0)
        isplit__snapshot_free(&snapshot);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    isplit__room *room = NULL;
    isplit_reason why;
    const isplit__slice text = {.at = (const char *)data, .len = size};

    if (ic_init() != 0 || isplit__room_new("trip", "trac", &room) != 0)
        abort();
    (void)isplit__snapshot_cut(text, read_room, room, &why);
    isplit__room_free(room);
    return 0;
}
