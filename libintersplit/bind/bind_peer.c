/* Peers of a bind: what each may send and ask for, and what waits for it. */
#include <string.h>

#include "bind/binding.h"
#include "intercom/sys/mem.h"

/* How long it takes until so many come back. */
static uint64_t time_of(const isplit__bucket *b, uint64_t count)
{
    return count * ISPLIT__SECOND / b->rate;
}

uint64_t isplit__bucket_ready(const isplit__bucket *b, uint64_t count)
{
    uint64_t back_at = b->full_at + time_of(b, count);
    uint64_t all = time_of(b, b->burst);

    return back_at > all ? back_at - all : 0;
}

void isplit__bucket_drain(isplit__bucket *b, uint64_t count, uint64_t now)
{
    uint64_t least = now + time_of(b, b->burst); /* of an empty one */
    uint64_t full_at = (b->full_at > now ? b->full_at : now) + time_of(b, count);

    b->full_at = full_at < least ? full_at : least;
}

bool isplit__bucket_take(isplit__bucket *b, uint64_t count, uint64_t now)
{
    if (isplit__bucket_ready(b, count) > now)
        return false;
    isplit__bucket_drain(b, count, now);
    return true;
}

isplit__peer *isplit__peer_find(const isplit_bind *bind, const isplit__id *key)
{
    for (size_t i = 0; i < bind->peer_count; i++) {
        if (isplit__id_compare(&bind->peers[i].key, key) == 0)
            return &bind->peers[i];
    }
    return NULL;
}

static isplit__peer *silent_for_longest(isplit_bind *bind)
{
    isplit__peer *oldest = bind->peers;

    for (size_t i = 1; i < bind->peer_count; i++) {
        if (bind->peers[i].heard_at < oldest->heard_at)
            oldest = &bind->peers[i];
    }
    return oldest;
}

isplit__peer *isplit__peer_get(isplit_bind *bind, const isplit__id *key)
{
    isplit__peer *peer = isplit__peer_find(bind, key);

    if (!peer) {
        peer = bind->peer_count == bind->o.max_peers ? silent_for_longest(bind)
                                                     : &bind->peers[bind->peer_count++];
        isplit__peer_free(peer);
        *peer = (isplit__peer){
            .key = *key,
            .bytes = bind->bytes, /* as if it had heard what went to everybody */
            .asks = {.rate = ISPLIT__ASKS_RATE, .burst = ISPLIT__ASKS_BURST},
            .live = {.rate = ISPLIT__LIVE_RATE, .burst = ISPLIT__LIVE_BURST},
        };
    }
    peer->heard_at = bind->now;
    return peer;
}

void isplit__peer_free(isplit__peer *peer)
{
    for (size_t i = 0; i < peer->letter_count; i++)
        ic_mem_free(peer->letters[i].json);
}

bool isplit__peer_has_room(const isplit__peer *peer)
{
    return peer->letter_count < ISPLIT__MAX_LETTERS;
}

void isplit__peer_post(isplit__peer *peer, isplit__talk *t, isplit__buf *json)
{
    size_t len = json->len;
    bool room = isplit__peer_has_room(peer);
    char *text = room ? isplit__buf_take(json) : NULL;

    if (!room)
        t->bind->stats.dropped_full++;
    isplit__buf_free(json);
    if (text)
        peer->letters[peer->letter_count++] =
            (isplit__letter){.talk = t, .json = text, .len = len};
}

void isplit__peer_drop_letters(isplit__peer *peer, const isplit__talk *t)
{
    size_t kept = 0;

    for (size_t i = 0; i < peer->letter_count; i++) {
        if (peer->letters[i].talk == t)
            ic_mem_free(peer->letters[i].json);
        else
            peer->letters[kept++] = peer->letters[i];
    }
    peer->letter_count = kept;
}
