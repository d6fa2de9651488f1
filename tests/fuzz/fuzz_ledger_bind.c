/* Two books that talk, and a script of (verb, argument, bytes): what is lost, changed,
 * made up, added. Where nothing was made up, both are equal in the end. */
#include <stdlib.h>
#include <string.h>

#include "intercom/error.h"
#include "intercom/init.h"
#include "intersplit/bind.h"

#define ROOM "trip"
#define MOST_STEPS 200
#define MOST_ROUNDS 4000
#define SEC UINT64_C(1000000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct end {
    ic_identity *identity;
    isplit_book *book;
    isplit_bind *bind;
} end;

typedef struct world {
    end ends[2];
    uint64_t now;
    uint64_t random;
    bool honest; /* nobody has made anything up */
} world;

static uint64_t now_ns(void *user)
{
    return ((const world *)user)->now;
}

static int64_t wall_ms(void *user)
{
    return (int64_t)(((const world *)user)->now / 1000000);
}

static void fill(void *out, size_t len, void *user)
{
    world *w = user;
    uint8_t *bytes = out;

    for (size_t i = 0; i < len; i++) {
        w->random = w->random * UINT64_C(6364136223846793005) + 1442695040888963407u;
        bytes[i] = (uint8_t)(w->random >> 56);
    }
}

static void must(int err)
{
    if (err)
        abort();
}

static void open_end(world *w, end *e, uint8_t number)
{
    uint8_t seed[IC_SEED_BYTES];
    isplit_book_options book;
    isplit_bind_options bind;

    memset(seed, number, sizeof seed);
    must(ic_identity_from_seed(&e->identity, seed, IC_NETWORK_MAINNET));
    isplit_book_options_default(&book);
    book.path = ":memory:";
    book.identity = e->identity;
    book.env = (ic_env){.now_ns = now_ns, .wall_ms = wall_ms, .random = fill, .user = w};
    must(isplit_book_open(&book, &e->book, NULL));
    isplit_bind_options_default(&bind);
    bind.book = e->book;
    must(isplit_bind_new(&bind, &e->bind));
    must(isplit_bind_join(e->bind, ROOM, w->now));
}

static void close_end(end *e)
{
    isplit_bind_free(e->bind);
    isplit_book_close(e->book);
    ic_identity_free(e->identity);
}

static void give(world *w, size_t to, const char *json, size_t len)
{
    int err = isplit_bind_recv(w->ends[to].bind, ROOM,
                               ic_identity_public_key(w->ends[1 - to].identity), json,
                               len, w->now);

    if (err && (w->honest || (err != IC_ERR_PROTO && err != IC_ERR_AUTH &&
                              err != IC_ERR_LIMIT && err != IC_ERR_NOT_FOUND)))
        abort();
}

/* The next message of one end: delivered, lost, doubled or with one byte changed. */
static bool pass_on(world *w, size_t from, unsigned how, uint8_t arg)
{
    isplit_bind_message m;

    isplit_bind_expire(w->ends[from].bind, w->now);
    if (!isplit_bind_pull(w->ends[from].bind, w->now, &m))
        return false;
    char *copy = malloc(m.len + 1);
    if (!copy)
        abort();
    memcpy(copy, m.json, m.len + 1);
    if (how == 1) {
        copy[m.len * arg / 256] ^= (char)(1 + arg % 127);
        w->honest = false;
    }
    if (how != 2)
        give(w, 1 - from, copy, m.len);
    if (how == 3)
        give(w, 1 - from, copy, m.len);
    free(copy);
    return true;
}

static void add(const world *w, size_t at, uint8_t arg)
{
    static const char *const names[] = {"alice", "bob"};
    const isplit_part split[] = {{names[arg & 1], NULL}, {"carol", NULL}};
    const isplit_entry *entry = NULL;
    const isplit_draft one = {.payer = names[arg >> 1 & 1],
                              .amount = arg & 4 ? "3.01" : "20",
                              .parts = split,
                              .part_count = 1 + (arg >> 3 & 1),
                              .only = arg & 16,
                              .note = arg & 32 ? "a \"note\"" : NULL};

    must(isplit_book_add(w->ends[at].book, ROOM, &one, &entry, NULL, NULL));
}

static void clear(const world *w, size_t at)
{
    size_t removed = 0;
    int err = isplit_book_clear(w->ends[at].book, ROOM, &removed, NULL);

    if (err && err != IC_ERR_DENIED)
        abort();
}

static bool equal(const world *w)
{
    const isplit_state *a = NULL;
    const isplit_state *b = NULL;
    uint8_t fp[2][16];

    must(isplit_book_state(w->ends[0].book, ROOM, &a));
    must(isplit_book_state(w->ends[1].book, ROOM, &b));
    isplit_state_fingerprint(a, fp[0]);
    isplit_state_fingerprint(b, fp[1]);
    return memcmp(fp[0], fp[1], sizeof fp[0]) == 0;
}

/* Whatever happened: with a whole wire the two become one. */
static void finish(world *w)
{
    for (unsigned i = 0; i < MOST_ROUNDS && !equal(w); i++) {
        bool passed = pass_on(w, 0, 0, 0);
        passed = pass_on(w, 1, 0, 0) || passed;
        if (!passed)
            w->now += SEC / 2;
    }
    if (w->honest && !equal(w))
        abort();
}

/* One step; returns how many bytes it used. */
static size_t step(world *w, const uint8_t *data, size_t size)
{
    size_t at = data[0] >> 3 & 1;
    uint8_t arg = data[1];
    size_t len = size - 2 < (size_t)arg * 8 ? size - 2 : (size_t)arg * 8;

    switch (data[0] & 7) {
    case 0:
        w->now += arg * SEC / 16;
        break;
    case 1:
        add(w, at, arg);
        break;
    case 2:
        clear(w, at);
        break;
    case 3:
        w->honest = false;
        give(w, at, (const char *)data + 2, len);
        return 2 + len;
    default: /* most of the time, messages go their way */
        (void)pass_on(w, at, data[0] >> 4 & 3, arg);
        break;
    }
    return 2;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    world w = {.now = SEC, .honest = true};

    must(ic_init());
    open_end(&w, &w.ends[0], 1);
    open_end(&w, &w.ends[1], 2);
    for (unsigned i = 0; i < MOST_STEPS && size >= 2; i++) {
        size_t used = step(&w, data, size);
        data += used;
        size -= used;
    }
    finish(&w);
    close_end(&w.ends[0]);
    close_end(&w.ends[1]);
    return 0;
}
