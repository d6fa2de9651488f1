#include "intersplit/bind.h"

#include <stddef.h>
#include <string.h>

#include <sodium.h>

#include "bind/binding.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"

#define HASTY_BURST 5    /* hellos before their time, then one in ... */
#define HASTY_SECONDS 10 /* ... that many */
#define CALM_MAX 4       /* the time between hellos doubles so often */
#define AGREED_ENOUGH 8  /* peers that said what we would say */

_Static_assert(offsetof(isplit_bind_options, max_peers) + sizeof(uint32_t) ==
                   sizeof(isplit_bind_options),
               "padding at the end would be read as a member");

void isplit_bind_options_init(isplit_bind_options *opts, size_t struct_size)
{
    const isplit_bind_options o = {
        .struct_size = struct_size,
        .hello_min_ns = 30 * ISPLIT__SECOND,
        .hello_max_ns = 90 * ISPLIT__SECOND,
        .rate_bytes = 56000,
        .burst_bytes = 224000,
        .envelope_bytes = 1000,
        .page_bytes = 24576,
        .max_rooms = 256,
        .max_peers = 64,
    };

    memset(opts, 0, struct_size);
    memcpy(opts, &o, struct_size < sizeof o ? struct_size : sizeof o);
}

/* What the caller's version of the options says, in our version of them. */
static int read_options(const isplit_bind_options *opts, isplit_bind_options *out)
{
    size_t size = opts->struct_size;
    const uint8_t *bytes = (const uint8_t *)opts;

    isplit_bind_options_default(out);
    if (size < offsetof(isplit_bind_options, on_clear_asked))
        return IC_ERR_INVALID;
    for (size_t i = sizeof *out; i < size; i++) {
        if (bytes[i])
            return IC_ERR_UNSUPPORTED;
    }
    memcpy(out, opts, size < sizeof *out ? size : sizeof *out);
    out->struct_size = sizeof *out;
    bool has_all = out->book && out->rate_bytes && out->burst_bytes && out->page_bytes &&
                   out->max_rooms && out->max_peers && out->hello_min_ns &&
                   out->hello_max_ns >= out->hello_min_ns;
    return has_all ? 0 : IC_ERR_INVALID;
}

isplit__talk *isplit__talk_find(const isplit_bind *bind, const char *room)
{
    for (size_t i = 0; i < bind->talk_count; i++) {
        if (strcmp(bind->talks[i]->name, room) == 0)
            return bind->talks[i];
    }
    return NULL;
}

/* Something new of ours: tell it to everybody. When it is too much at once, the next
 * hello leads the others to it. */
static void on_stored(const isplit__place *place, uint32_t position, void *user)
{
    isplit_bind *bind = user;
    isplit__talk *t = isplit__talk_find(bind, place->room->context.room);

    if (!t || bind->taking)
        return;
    t->calm = 0;
    isplit__talk_hello_within(t, 1500, 3000);
    if (t->live_count < ISPLIT__MAX_LIVE)
        t->live[t->live_count++] = position;
}

int isplit_bind_new(const isplit_bind_options *opts, isplit_bind **out)
{
    isplit_bind_options o;

    int err = read_options(opts, &o);
    if (err)
        return err;
    if (o.book->watch)
        return IC_ERR_EXISTS;
    isplit_bind *bind = ic_mem_calloc(1, sizeof *bind);
    if (!bind)
        return IC_ERR_NOMEM;
    bind->o = o;
    bind->book = o.book;
    bind->bytes = (isplit__bucket){.rate = o.rate_bytes, .burst = o.burst_bytes};
    bind->talks = ic_mem_calloc(o.max_rooms, sizeof *bind->talks);
    bind->peers = ic_mem_calloc(o.max_peers, sizeof *bind->peers);
    if (!bind->talks || !bind->peers) {
        isplit_bind_free(bind);
        return IC_ERR_NOMEM;
    }
    memcpy(bind->key.b, ic_identity_public_key(o.book->author.identity),
           sizeof bind->key.b);
    o.book->watch = on_stored;
    o.book->watch_user = bind;
    *out = bind;
    return 0;
}

static void free_talk(isplit__talk *t)
{
    ic_mem_free(t->jobs);
    ic_mem_free(t);
}

void isplit_bind_free(isplit_bind *bind)
{
    if (!bind)
        return;
    if (bind->book->watch_user == bind) {
        bind->book->watch = NULL;
        bind->book->watch_user = NULL;
    }
    for (size_t i = 0; i < bind->talk_count; i++)
        free_talk(bind->talks[i]);
    for (size_t i = 0; i < bind->peer_count; i++)
        isplit__peer_free(&bind->peers[i]);
    ic_mem_free(bind->talks);
    ic_mem_free(bind->peers);
    ic_mem_free(bind->sent);
    ic_mem_free(bind);
}

uint64_t isplit__bind_random(const isplit_bind *bind, uint64_t below)
{
    uint64_t r = 0;
    const ic_env *env = &bind->book->env;

    env->random(&r, sizeof r, env->user);
    return below ? r % below : 0;
}

void isplit__bind_sid(const isplit_bind *bind, char sid[ISPLIT__SID_HEX + 1])
{
    uint8_t bytes[ISPLIT__SID_HEX / 2];
    const ic_env *env = &bind->book->env;

    env->random(bytes, sizeof bytes, env->user);
    sodium_bin2hex(sid, ISPLIT__SID_HEX + 1, bytes, sizeof bytes);
}

int isplit__talk_place(const isplit__talk *t, isplit__place **out)
{
    return isplit__book_place(t->bind->book, t->name, true, out);
}

static uint64_t between(const isplit_bind *bind, uint64_t least, uint64_t most)
{
    return bind->now + least + isplit__bind_random(bind, most - least + 1);
}

static void forget_agreed(isplit__talk *t)
{
    t->agreed = 0;
    t->agreed_from = t->bind->now;
}

void isplit__talk_hello_within(isplit__talk *t, uint64_t least_ms, uint64_t most_ms)
{
    uint64_t at = between(t->bind, least_ms * ISPLIT__MS, most_ms * ISPLIT__MS);

    if (at >= t->hello_at)
        return;
    if (!isplit__bucket_take(&t->hasty, HASTY_SECONDS, t->bind->now))
        at += HASTY_SECONDS * ISPLIT__SECOND;
    if (at < t->hello_at)
        t->hello_at = at;
    forget_agreed(t); /* who agreed before may not know what is new */
}

/* The regular hello: rarer and rarer while all agree. */
static void plan_hello(isplit__talk *t)
{
    const isplit_bind_options *o = &t->bind->o;

    t->hello_at =
        between(t->bind, o->hello_min_ns << t->calm, o->hello_max_ns << t->calm);
    t->calm += t->calm < CALM_MAX;
    forget_agreed(t);
}

int isplit_bind_join(isplit_bind *bind, const char *room, uint64_t now)
{
    isplit__place *place = NULL;

    bind->now = now;
    if (isplit__talk_find(bind, room))
        return 0;
    if (bind->talk_count == bind->o.max_rooms)
        return IC_ERR_LIMIT;
    int err = isplit__book_place(bind->book, room, true, &place);
    if (err)
        return err;
    isplit__talk *t = ic_mem_alloc(sizeof *t + strlen(room) + 1);
    if (!t)
        return IC_ERR_NOMEM;
    *t = (isplit__talk){
        .bind = bind,
        .hasty = {.rate = 1, .burst = (uint64_t)HASTY_BURST * HASTY_SECONDS},
        .hello_at = ISPLIT_BIND_NEVER,
        .start_at = ISPLIT_BIND_NEVER};
    memcpy(t->name, room, strlen(room) + 1);
    bind->talks[bind->talk_count++] = t;
    isplit__talk_hello_within(t, 50, 300);
    return 0;
}

void isplit_bind_leave(isplit_bind *bind, const char *room)
{
    for (size_t i = 0; i < bind->talk_count; i++) {
        isplit__talk *t = bind->talks[i];
        if (strcmp(t->name, room) != 0)
            continue;
        for (size_t k = 0; k < bind->peer_count; k++)
            isplit__peer_drop_letters(&bind->peers[k], t);
        bind->talks[i] = bind->talks[--bind->talk_count];
        isplit__book_tidy(bind->book, t->name);
        free_talk(t);
        return;
    }
}

void isplit_bind_lost(isplit_bind *bind, const uint8_t peer[ISPLIT_BIND_KEY_BYTES])
{
    for (size_t i = 0; i < bind->talk_count; i++) {
        isplit__talk *t = bind->talks[i];
        for (size_t k = 0; k < t->hello_count; k++) {
            if (memcmp(t->hellos[k].key.b, peer, sizeof t->hellos[k].key.b) != 0)
                continue;
            t->hellos[k] = t->hellos[--t->hello_count];
            break;
        }
    }
}

void isplit_bind_greet(isplit_bind *bind, const char *room, uint64_t now)
{
    isplit__talk *t = isplit__talk_find(bind, room);

    bind->now = now;
    if (t)
        isplit__talk_hello_within(t, 50, 500);
}

/* --- out --- */

/* Bytes that everybody gets count for each of them. */
static void charge_all(isplit_bind *bind, size_t count)
{
    isplit__bucket_drain(&bind->bytes, count, bind->now);
    for (size_t i = 0; i < bind->peer_count; i++)
        isplit__bucket_drain(&bind->peers[i].bytes, count, bind->now);
}

/* Most messages to all are smaller than the largest event; a larger one is charged for
 * when it is made. */
static uint64_t may_tell_at(const isplit_bind *bind)
{
    return isplit__bucket_ready(&bind->bytes,
                                ISPLIT__EVENT_MAX_BYTES + bind->o.envelope_bytes);
}

static bool may_tell_all(isplit_bind *bind)
{
    if (may_tell_at(bind) > bind->now)
        return false;
    charge_all(bind, ISPLIT__EVENT_MAX_BYTES + bind->o.envelope_bytes);
    return true;
}

static bool hand_out(isplit_bind *bind, const isplit__talk *t, char *json, size_t len,
                     const isplit__id *to, isplit_bind_message *out)
{
    ic_mem_free(bind->sent);
    bind->sent = json;
    if (to)
        bind->sent_to = *to;
    *out = (isplit_bind_message){
        .room = t->name, .to = to ? bind->sent_to.b : NULL, .json = json, .len = len};
    bind->stats.sent_count++;
    bind->stats.sent_bytes += len;
    return true;
}

/* What everybody gets; what cannot be made (memory, a broken disk) the next hello makes
 * good. */
static bool tell_all(isplit__talk *t, isplit__buf *b, int err, isplit_bind_message *out)
{
    size_t len = b->len;
    char *json = err ? NULL : isplit__buf_take(b);

    isplit__buf_free(b);
    if (json && len > ISPLIT__EVENT_MAX_BYTES)
        charge_all(t->bind, len - ISPLIT__EVENT_MAX_BYTES);
    return json && hand_out(t->bind, t, json, len, NULL, out);
}

static bool pull_live(isplit__talk *t, isplit_bind_message *out)
{
    while (t->live_count && may_tell_all(t->bind)) {
        isplit__buf b = {0};
        uint32_t position = t->live[0];
        memmove(t->live, t->live + 1, --t->live_count * sizeof *t->live);
        if (tell_all(t, &b, isplit__say_live(t, position, &b), out))
            return true;
    }
    return false;
}

/* When enough others have said the same since the last time, silence says it as well. */
static bool pull_hello(isplit__talk *t, isplit_bind_message *out)
{
    isplit__buf b = {0};
    isplit__place *place = NULL;
    bool silent = t->agreed >= AGREED_ENOUGH;

    if (t->hello_at > t->bind->now || (!silent && !may_tell_all(t->bind)))
        return false;
    plan_hello(t);
    if (isplit__talk_place(t, &place) != 0)
        return false;
    isplit__sum_fingerprint(&place->room->state.sum, t->said);
    if (silent)
        return false;
    isplit__say_hello(t, place->room, &b);
    return tell_all(t, &b, b.bad ? IC_ERR_NOMEM : 0, out);
}

static uint64_t cost_of_letter(const isplit_bind *bind, const isplit__peer *peer)
{
    return peer->letters[0].len + bind->o.envelope_bytes;
}

static bool pull_letter(isplit_bind *bind, isplit__peer *peer, isplit_bind_message *out)
{
    if (!peer->letter_count ||
        !isplit__bucket_take(&peer->bytes, cost_of_letter(bind, peer), bind->now))
        return false;
    const isplit__letter letter = peer->letters[0];
    memmove(peer->letters, peer->letters + 1, --peer->letter_count * sizeof letter);
    return hand_out(bind, letter.talk, letter.json, letter.len, &peer->key, out);
}

bool isplit_bind_pull(isplit_bind *bind, uint64_t now, isplit_bind_message *out)
{
    bind->now = now;
    for (size_t i = 0; i < bind->talk_count; i++) {
        if (pull_live(bind->talks[i], out) || pull_hello(bind->talks[i], out))
            return true;
    }
    for (size_t i = 0; i < bind->peer_count; i++) {
        size_t at = (bind->next_peer + i) % bind->peer_count;
        if (pull_letter(bind, &bind->peers[at], out)) {
            bind->next_peer = at + 1;
            return true;
        }
    }
    return false;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t talk_deadline(const isplit__talk *t)
{
    uint64_t all = may_tell_at(t->bind);
    uint64_t hello = t->hello_at > all ? t->hello_at : all;

    return earlier(earlier(hello, isplit__sync_deadline(t)),
                   t->live_count ? all : ISPLIT_BIND_NEVER);
}

uint64_t isplit_bind_deadline(const isplit_bind *bind)
{
    uint64_t at = ISPLIT_BIND_NEVER;

    for (size_t i = 0; i < bind->talk_count; i++)
        at = earlier(at, talk_deadline(bind->talks[i]));
    for (size_t i = 0; i < bind->peer_count; i++) {
        const isplit__peer *p = &bind->peers[i];
        if (p->letter_count)
            at = earlier(at, isplit__bucket_ready(&p->bytes, cost_of_letter(bind, p)));
    }
    return at;
}

void isplit_bind_expire(isplit_bind *bind, uint64_t now)
{
    bind->now = now;
    for (size_t i = 0; i < bind->talk_count; i++)
        isplit__sync_expire(bind->talks[i]);
}

/* --- figures --- */

/* A quarter longer than the longest time between two hellos. */
bool isplit__hello_counts(const isplit_bind *bind, const isplit__hello *h, uint64_t now)
{
    uint64_t longest = bind->o.hello_max_ns << CALM_MAX;

    return h->at && now - h->at <= longest + longest / 4;
}

void isplit_bind_get_room(const isplit_bind *bind, const char *room, uint64_t now,
                          isplit_bind_room *out, size_t size)
{
    uint8_t fp[ISPLIT__PRINT_BYTES];
    isplit__place *place = NULL;
    isplit_bind_room r = {.to_come = 0};
    const isplit__talk *t = isplit__talk_find(bind, room);

    if (t && isplit__talk_place(t, &place) == 0) {
        isplit__sum_fingerprint(&place->room->state.sum, fp);
        for (size_t i = 0; i < t->hello_count; i++) {
            const isplit__hello *h = &t->hellos[i];
            bool counts = isplit__hello_counts(bind, h, now);
            r.peer_count += counts;
            r.same_count += counts && memcmp(h->fp, fp, sizeof fp) == 0;
        }
        r.to_come = isplit__sync_to_come(t);
    }
    memset(out, 0, size);
    memcpy(out, &r, size < sizeof r ? size : sizeof r);
}

void isplit_bind_get_stats(const isplit_bind *bind, isplit_bind_stats *out, size_t size)
{
    memset(out, 0, size);
    memcpy(out, &bind->stats, size < sizeof *out ? size : sizeof *out);
}
