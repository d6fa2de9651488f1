/* Peers of a bind: what each may send and ask for, and what waits for it. */
#include <string.h>

#include "bind/binding.h"
#include "intercom/sys/mem.h"

/* The level as it is now. `at` moves only by the time that made whole tokens. */
static void refill(isplit__bucket *b, uint64_t rate, uint64_t burst, uint64_t now)
{
    uint64_t elapsed = now > b->at ? now - b->at : 0;
    uint64_t full = (burst - b->level) * ISPLIT__SECOND / rate;

    if (elapsed >= full) {
        b->level = burst;
        b->at = now;
        return;
    }
    uint64_t more = elapsed * rate / ISPLIT__SECOND;
    b->level += more;
    b->at += more * ISPLIT__SECOND / rate;
}

bool isplit__bucket_take(isplit__bucket *b, uint64_t count, uint64_t rate, uint64_t burst,
                         uint64_t now)
{
    refill(b, rate, burst, now);
    if (b->level < count)
        return false;
    b->level -= count;
    return true;
}

void isplit__bucket_drain(isplit__bucket *b, uint64_t count, uint64_t rate,
                          uint64_t burst, uint64_t now)
{
    refill(b, rate, burst, now);
    b->level -= count < b->level ? count : b->level;
}

uint64_t isplit__bucket_ready(const isplit__bucket *b, uint64_t count, uint64_t rate,
                              uint64_t burst)
{
    if (b->level >= count || count > burst)
        return b->at;
    return b->at + ((count - b->level) * ISPLIT__SECOND + rate - 1) / rate;
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

/* It has heard what went to everybody before we knew of it. */
static isplit__peer new_peer(const isplit_bind *bind, const isplit__id *key)
{
    return (isplit__peer){
        .key = *key,
        .bytes = bind->bytes,
        .asks = {.level = ISPLIT__ASKS_BURST, .at = bind->now},
        .live = {.level = ISPLIT__LIVE_BURST, .at = bind->now},
    };
}

isplit__peer *isplit__peer_get(isplit_bind *bind, const isplit__id *key)
{
    isplit__peer *peer = isplit__peer_find(bind, key);

    if (!peer && bind->peer_count < bind->o.max_peers) {
        peer = &bind->peers[bind->peer_count++];
        *peer = new_peer(bind, key);
    } else if (!peer) {
        peer = silent_for_longest(bind);
        isplit__peer_free(peer);
        *peer = new_peer(bind, key);
    }
    peer->heard_at = bind->now;
    return peer;
}

isplit__letter isplit__peer_next_letter(isplit__peer *peer)
{
    isplit__letter letter = peer->letters[peer->first_letter];

    peer->first_letter = (peer->first_letter + 1) % ISPLIT__MAX_LETTERS;
    peer->letter_count--;
    return letter;
}

void isplit__peer_free(isplit__peer *peer)
{
    while (peer->letter_count)
        ic_mem_free(isplit__peer_next_letter(peer).json);
}

bool isplit__peer_has_room(const isplit__peer *peer)
{
    return peer->letter_count < ISPLIT__MAX_LETTERS;
}

static void put_letter(isplit__peer *peer, isplit__letter letter)
{
    size_t at = (peer->first_letter + peer->letter_count++) % ISPLIT__MAX_LETTERS;

    peer->letters[at] = letter;
}

bool isplit__peer_post(isplit__peer *peer, isplit__talk *t, isplit__buf *json)
{
    size_t len = json->len;
    bool room = isplit__peer_has_room(peer);
    char *text = room ? isplit__buf_take(json) : NULL;

    if (!room)
        t->bind->stats.dropped_full++;
    isplit__buf_free(json);
    if (text)
        put_letter(peer, (isplit__letter){.talk = t, .json = text, .len = len});
    return text != NULL;
}

void isplit__peer_drop_letters(isplit__peer *peer, const isplit__talk *t)
{
    for (size_t left = peer->letter_count; left; left--) {
        isplit__letter letter = isplit__peer_next_letter(peer);
        if (letter.talk == t)
            ic_mem_free(letter.json);
        else
            put_letter(peer, letter);
    }
}
