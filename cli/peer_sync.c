#include "peer_sync.h"

#include <string.h>

#include "base/env.h"
#include "base/json.h"
#include "base/text.h"
#include "intercom/error.h"
#include "intercom/peer.h"
#include "intercom/sys/mem.h"
#include "io/deadline.h"

#define ROOM "sync"

typedef struct room {
    char *name;
    uint32_t peer_count; /* as it was told last */
    uint32_t same_count;
} room;

struct peer_sync {
    ic_env env;
    struct ic_peer *peer;
    isplit_bind *bind;
    ic__deadline *deadline;
    room *rooms; /* that the bind is in */
    size_t room_count;
    void (*on_company)(const char *room, void *user);
    void *user;
};

static uint64_t now_of(const peer_sync *s)
{
    return s->env.now_ns(s->env.user);
}

/* --- rooms follow the channels --- */

static bool is_channel(const peer_sync *s, const char *name)
{
    const char *channel;

    for (size_t i = 0; (channel = ic_peer_channel(s->peer, i)) != NULL; i++) {
        if (strcmp(channel, name) == 0)
            return true;
    }
    return false;
}

static bool is_room(const peer_sync *s, const char *name)
{
    for (size_t i = 0; i < s->room_count; i++) {
        if (strcmp(s->rooms[i].name, name) == 0)
            return true;
    }
    return false;
}

static void leave_rooms(peer_sync *s)
{
    for (size_t i = s->room_count; i-- > 0;) {
        char *name = s->rooms[i].name;
        if (is_channel(s, name))
            continue;
        isplit_bind_leave(s->bind, name);
        ic_mem_free(name);
        s->rooms[i] = s->rooms[--s->room_count];
    }
}

static int join_room(peer_sync *s, const char *channel)
{
    size_t size = strlen(channel) + 1;
    room *rooms = ic_mem_resize(s->rooms, (s->room_count + 1) * sizeof *rooms);

    if (!rooms)
        return IC_ERR_NOMEM;
    s->rooms = rooms;
    char *name = ic_mem_alloc(size);
    if (!name)
        return IC_ERR_NOMEM;
    memcpy(name, channel, size);
    int error = isplit_bind_join(s->bind, channel, now_of(s));
    if (error) {
        ic_mem_free(name);
        return error;
    }
    s->rooms[s->room_count++] = (room){.name = name};
    return 0;
}

static void follow_channels(peer_sync *s)
{
    const char *channel;

    leave_rooms(s);
    for (size_t i = 0; (channel = ic_peer_channel(s->peer, i)) != NULL; i++) {
        int error = is_room(s, channel) ? 0 : join_room(s, channel);
        if (error)
            ic__log(&s->env, IC_LOG_WARN, ROOM,
                    "the ledger of %s is not compared with others: %s", channel,
                    ic_strerror(error));
    }
}

/* --- messages --- */

/* What is for one peer goes past the others: relayed copies would count against the rate
 * of every neighbour. */
static int send_one(peer_sync *s, const isplit_bind_message *m)
{
    int error = IC_ERR_NOT_FOUND;

    if (m->to)
        error = ic_peer_send_to(s->peer, m->room, m->to, m->json, m->len);
    return error == IC_ERR_NOT_FOUND ? ic_peer_send(s->peer, m->room, m->json, m->len)
                                     : error;
}

static void send_all(peer_sync *s)
{
    isplit_bind_message m;

    while (isplit_bind_pull(s->bind, now_of(s), &m)) {
        int error = send_one(s, &m);
        if (error)
            ic__log(&s->env, IC_LOG_DEBUG, ROOM, "nothing is said on %s: %s", m.room,
                    ic_strerror(error));
    }
}

isplit_bind_room peer_sync_room(const peer_sync *s, const char *name)
{
    isplit_bind_room r;

    isplit_bind_get_room(s->bind, name, now_of(s), &r, sizeof r);
    return r;
}

void peer_sync_on_company(peer_sync *s, void (*on_company)(const char *room, void *user),
                          void *user)
{
    s->on_company = on_company;
    s->user = user;
}

/* Whoever is told changes no rooms. */
static void tell_company(peer_sync *s)
{
    for (size_t i = 0; s->on_company && i < s->room_count; i++) {
        room *r = &s->rooms[i];
        isplit_bind_room now = peer_sync_room(s, r->name);
        if (r->peer_count == now.peer_count && r->same_count == now.same_count)
            continue;
        r->peer_count = now.peer_count;
        r->same_count = now.same_count;
        s->on_company(r->name, s->user);
    }
}

static void drive(void *user)
{
    peer_sync *s = user;

    isplit_bind_expire(s->bind, now_of(s));
    follow_channels(s);
    send_all(s);
    tell_company(s);
    ic__deadline_set(s->deadline, isplit_bind_deadline(s->bind), now_of(s));
}

void peer_sync_wake(peer_sync *s)
{
    ic__deadline_now(s->deadline);
}

static int take_text(peer_sync *s, const char *channel, const char *author,
                     const ic__json *message)
{
    uint8_t key[ISPLIT_BIND_KEY_BYTES];
    ic__buf text = {0};
    int error = IC_ERR_NOMEM;

    if (!ic__hex_decode(key, sizeof key, author, strlen(author)))
        return IC_ERR_NOT_FOUND;
    ic__json_write(&text, message);
    if (!text.bad)
        error = isplit_bind_recv(s->bind, channel, key, (const char *)text.data, text.len,
                                 now_of(s));
    ic__buf_free(&text);
    return error;
}

bool peer_sync_take(peer_sync *s, const char *channel, const char *author,
                    const ic__json *message)
{
    int error;

    if (!ic__json_is(message, IC__JSON_OBJECT))
        return false;
    error = take_text(s, channel, author, message);
    if (error == IC_ERR_NOT_FOUND)
        return false;
    if (error)
        ic__log(&s->env, IC_LOG_DEBUG, ROOM, "%.8s says on %s what is not taken: %s",
                author, channel, ic_strerror(error));
    peer_sync_wake(s);
    return true;
}

void peer_sync_greet(peer_sync *s)
{
    for (size_t i = 0; i < s->room_count; i++)
        isplit_bind_greet(s->bind, s->rooms[i].name, now_of(s));
    peer_sync_wake(s);
}

void peer_sync_lost(peer_sync *s, const char *remote)
{
    uint8_t key[ISPLIT_BIND_KEY_BYTES];

    if (!ic__hex_decode(key, sizeof key, remote, strlen(remote)))
        return;
    isplit_bind_lost(s->bind, key);
    peer_sync_wake(s);
}

/* --- life --- */

int peer_sync_new(struct event_base *base, const ic_env *env, struct ic_peer *peer,
                  isplit_book *book, peer_sync **out)
{
    isplit_bind_options opts;
    peer_sync *s = ic_mem_calloc(1, sizeof *s);

    if (!s)
        return IC_ERR_NOMEM;
    s->env = *env;
    s->peer = peer;
    isplit_bind_options_default(&opts);
    opts.book = book;
    int error = isplit_bind_new(&opts, &s->bind);
    if (!error)
        error = ic__deadline_new(base, drive, s, &s->deadline);
    if (error) {
        peer_sync_free(s);
        return error;
    }
    peer_sync_wake(s);
    *out = s;
    return 0;
}

isplit_bind_stats peer_sync_stats(const peer_sync *sync)
{
    isplit_bind_stats stats;

    isplit_bind_get_stats(sync->bind, &stats, sizeof stats);
    return stats;
}

void peer_sync_free(peer_sync *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->room_count; i++)
        ic_mem_free(s->rooms[i].name);
    ic_mem_free(s->rooms);
    ic__deadline_free(s->deadline);
    isplit_bind_free(s->bind);
    ic_mem_free(s);
}
