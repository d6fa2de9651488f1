#include "bind_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "book/book.h"
#include "desk.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "intersplit/form.h"
#include "ledgers.h"
#include "unit.h"

#define SEC UINT64_C(1000000000)
#define RATE 64000.0
#define BURST 256000.0

struct bind_flight {
    uint64_t at;
    uint64_t order;
    size_t from;
    size_t to;
    char *json;
    size_t len;
};

/* --- the carrier --- */

static bool sooner(const struct bind_flight *a, const struct bind_flight *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void push(bind_world *w, struct bind_flight f)
{
    if (w->flight_count == w->flight_cap) {
        w->flight_cap = w->flight_cap ? 2 * w->flight_cap : 64;
        w->flights = realloc(w->flights, w->flight_cap * sizeof *w->flights);
        assert_non_null(w->flights);
    }
    size_t at = w->flight_count++;
    for (; at && sooner(&f, &w->flights[(at - 1) / 2]); at = (at - 1) / 2)
        w->flights[at] = w->flights[(at - 1) / 2];
    w->flights[at] = f;
}

static struct bind_flight pop(bind_world *w)
{
    struct bind_flight first = w->flights[0];
    struct bind_flight last = w->flights[--w->flight_count];
    size_t at = 0;

    for (size_t child = 1; child < w->flight_count; child = 2 * at + 1) {
        child += child + 1 < w->flight_count &&
                 sooner(&w->flights[child + 1], &w->flights[child]);
        if (!sooner(&w->flights[child], &last))
            break;
        w->flights[at] = w->flights[child];
        at = child;
    }
    if (w->flight_count)
        w->flights[at] = last;
    return first;
}

void bind_world_send(bind_world *w, size_t from, size_t to, const char *json, size_t len)
{
    unsigned copies = 1 + fake_random_ppm(&w->random, w->duplicate_ppm);

    while (copies--) {
        struct bind_flight f = {.from = from, .to = to, .len = len, .order = w->order++};
        if (fake_random_ppm(&w->random, w->loss_ppm))
            continue;
        f.at = w->now + w->delay_ns + fake_random_below(&w->random, w->jitter_ns + 1);
        f.json = malloc(len + 1);
        assert_non_null(f.json);
        memcpy(f.json, json, len);
        f.json[len] = 0;
        push(w, f);
    }
}

/* Rules 3 to 5 of the limiter; a refusal counts as a strike. */
static bool limiter_admits(bind_limiter *l, size_t len, uint64_t now)
{
    double more = (double)(now - l->refilled_at) / 1e9 * RATE;

    l->tokens = l->tokens + more < BURST ? l->tokens + more : BURST;
    l->refilled_at = now;
    if ((double)len > l->tokens) {
        l->strikes++;
        return false;
    }
    l->tokens -= (double)len;
    return true;
}

static void deliver(bind_world *w, struct bind_flight *f)
{
    bind_end *from = &w->ends[f->from];
    bind_end *to = &w->ends[f->to];

    if (!from->off && !to->off && from->group == to->group &&
        limiter_admits(&to->limiters[f->from], f->len + BIND_WORLD_ENVELOPE, w->now)) {
        int err = isplit_bind_recv(to->bind, BIND_WORLD_ROOM,
                                   ic_identity_public_key(from->identity), f->json,
                                   f->len, w->now);
        assert_true(err == 0 || err == IC_ERR_NOT_FOUND || err == IC_ERR_PROTO ||
                    err == IC_ERR_AUTH || err == IC_ERR_LIMIT);
    }
    free(f->json);
}

static bool is_for(const bind_end *end, const isplit_bind_message *m, bool flood)
{
    return !m->to || flood ||
           memcmp(m->to, ic_identity_public_key(end->identity), ISPLIT_BIND_KEY_BYTES) ==
               0;
}

static void pull(bind_world *w, size_t number)
{
    isplit_bind_message m;
    bind_end *end = &w->ends[number];

    while (!end->off && isplit_bind_pull(end->bind, w->now, &m)) {
        assert_string_equal(m.room, BIND_WORLD_ROOM);
        assert_int_equal(strlen(m.json), m.len);
        if (w->look)
            w->look(w, number, &m, w->user);
        for (size_t i = 0; i < w->count; i++) {
            if (i == number || !is_for(&w->ends[i], &m, w->flood))
                continue;
            end->sent_messages++;
            end->sent_bytes += m.len + BIND_WORLD_ENVELOPE;
            bind_world_send(w, number, i, m.json, m.len);
        }
    }
}

/* --- its ends --- */

static uint64_t now_ns(void *user)
{
    const bind_end *end = user;

    return end->world->now;
}

static int64_t wall_ms(void *user)
{
    const bind_end *end = user;

    return INT64_C(1735689600000) + (int64_t)(end->world->now / 1000000) + end->skew_ms;
}

static void fill(void *out, size_t len, void *user)
{
    const bind_end *end = user;

    fake_random_fill(&end->world->random, out, len);
}

static void wish(const char *room, const uint8_t from[ISPLIT_BIND_KEY_BYTES], void *user)
{
    bind_end *end = user;

    assert_string_equal(room, BIND_WORLD_ROOM);
    end->clear_wishes++;
}

static void open_book(bind_end *end)
{
    isplit_book_options o;
    isplit_reason why = {{0}};

    isplit_book_options_default(&o);
    o.path = end->path;
    o.identity = end->identity;
    o.env = (ic_env){.now_ns = now_ns, .wall_ms = wall_ms, .random = fill, .user = end};
    if (isplit_book_open(&o, &end->book, &why) != 0)
        fail_msg("%s: %s", end->path, why.text);
}

static void open_bind(bind_end *end)
{
    isplit_bind_options o;

    isplit_bind_options_default(&o);
    o.book = end->book;
    o.on_clear_asked = wish;
    o.user = end;
    assert_int_equal(isplit_bind_new(&o, &end->bind), 0);
    assert_int_equal(isplit_bind_join(end->bind, BIND_WORLD_ROOM, end->world->now), 0);
}

void bind_world_open(bind_world *w, size_t count, uint64_t seed, const char *folder)
{
    memset(w, 0, sizeof *w);
    w->count = count;
    w->now = SEC;
    w->delay_ns = SEC / 100;
    fake_random_init(&w->random, seed);
    for (size_t i = 0; i < count; i++) {
        bind_end *end = &w->ends[i];
        end->world = w;
        end->number = i;
        end->identity = desk_identity((uint8_t)(i + 1));
        (void)snprintf(end->path, sizeof end->path,
                       folder ? "%s/%zu.db" : ":memory:", folder, i);
        for (size_t k = 0; k < BIND_WORLD_MAX; k++)
            end->limiters[k].tokens = BURST;
        open_book(end);
        open_bind(end);
    }
}

void bind_world_close(bind_world *w)
{
    for (size_t i = 0; i < w->count; i++) {
        isplit_bind_free(w->ends[i].bind);
        isplit_book_close(w->ends[i].book);
        ic_identity_free(w->ends[i].identity);
    }
    while (w->flight_count)
        free(w->flights[--w->flight_count].json);
    free(w->flights);
}

void bind_world_restart(bind_world *w, size_t number)
{
    bind_end *end = &w->ends[number];

    isplit_bind_free(end->bind);
    if (strcmp(end->path, ":memory:") != 0) {
        isplit_book_close(end->book);
        open_book(end);
    }
    open_bind(end);
}

/* --- time --- */

static uint64_t next_event(const bind_world *w)
{
    uint64_t at = w->flight_count ? w->flights[0].at : UINT64_MAX;

    for (size_t i = 0; i < w->count; i++) {
        uint64_t deadline =
            w->ends[i].off ? UINT64_MAX : isplit_bind_deadline(w->ends[i].bind);
        at = deadline < at ? deadline : at;
    }
    return at > w->now ? at : w->now;
}

/* Everything that happens at this moment. */
static void turn(bind_world *w)
{
    while (w->flight_count && w->flights[0].at <= w->now) {
        struct bind_flight f = pop(w);
        deliver(w, &f);
    }
    for (size_t i = 0; i < w->count; i++) {
        if (w->ends[i].off)
            continue;
        isplit_bind_expire(w->ends[i].bind, w->now);
        pull(w, i);
    }
}

void bind_world_run(bind_world *w, uint64_t until)
{
    unsigned still = 0;

    for (uint64_t at = next_event(w); at <= until; at = next_event(w)) {
        still = at == w->now ? still + 1 : 0;
        if (still > 10000)
            fail_msg("time stands still at %llu ms",
                     (unsigned long long)(w->now / 1000000));
        w->now = at;
        turn(w);
    }
    w->now = until;
}

bool bind_world_equal(const bind_world *w)
{
    uint8_t first[16];
    uint8_t fp[16];
    bool have = false;

    for (size_t i = 0; i < w->count; i++) {
        const isplit_state *state = NULL;
        if (w->ends[i].off)
            continue;
        assert_int_equal(isplit_book_state(w->ends[i].book, BIND_WORLD_ROOM, &state), 0);
        isplit_state_fingerprint(state, have ? fp : first);
        if (have && memcmp(fp, first, sizeof fp) != 0)
            return false;
        have = true;
    }
    return true;
}

bool bind_world_converge(bind_world *w, uint64_t until)
{
    while (!bind_world_equal(w)) {
        uint64_t at = next_event(w);
        if (at > until)
            return false;
        bind_world_run(w, at);
    }
    return true;
}

int bind_world_add(bind_world *w, size_t number, const char *payer, const char *amount,
                   const char *split)
{
    char names[256];
    isplit_part list[16];
    char *rest = names;
    const isplit_entry *entry = NULL;
    isplit_draft add = {.payer = payer, .amount = amount, .parts = list};

    (void)snprintf(names, sizeof names, "%s", split);
    for (char *name; (name = strsep(&rest, ",")) != NULL && *name;)
        list[add.part_count++] = (isplit_part){.name = name};
    return isplit_book_add(w->ends[number].book, BIND_WORLD_ROOM, &add, &entry, NULL,
                           NULL);
}

char *bind_world_picture(const bind_world *w, size_t number)
{
    char *export = NULL;
    char *all = NULL;
    const isplit_state *state = NULL;

    assert_int_equal(isplit_book_state(w->ends[number].book, BIND_WORLD_ROOM, &state), 0);
    char *picture = ledgers_picture(state);
    assert_int_equal(isplit_form_export(state, ISPLIT_EXPORT_TEXT, 0, &export), 0);
    assert_true(asprintf(&all, "%s\n%s", picture, export) > 0);
    free(picture);
    ic_mem_free(export);
    return all;
}

bool bind_world_has(const bind_world *w, size_t number, const char *id)
{
    isplit__id wanted;
    isplit__place *place = NULL;

    assert_true(isplit__id_parse(&wanted, id, strlen(id)));
    assert_int_equal(
        isplit__book_place(w->ends[number].book, BIND_WORLD_ROOM, true, &place), 0);
    return isplit__room_find(place->room, &wanted) != ISPLIT__NONE;
}

uint64_t bind_world_strikes(const bind_world *w)
{
    uint64_t strikes = 0;

    for (size_t i = 0; i < w->count; i++) {
        for (size_t k = 0; k < w->count; k++)
            strikes += w->ends[i].limiters[k].strikes;
    }
    return strikes;
}
