/*
 * Books of two to eight peers in one room, seed by seed: loss, duplicates, delays,
 * partitions, restarts, peers of the original, one liar. Once the wires are whole, all
 * honest peers have one ledger, and nothing that a book said yes to is lost.
 *
 *   sim_ledger [COUNT [FIRST]]     or SIM_SEEDS=COUNT; default 400 from seed 1
 *
 * A failing run names its seed: sim_ledger 1 SEED plays it again.
 *
 * Spec: docs/spec/16-ledger.md sections 4.4 to 4.7
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bind_world.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "liar.h"
#include "temp_folder.h"
#include "unit.h"

#define DEFAULT_SEEDS 400
#define SEC UINT64_C(1000000000)
#define MOST_ADDS 64
#define ON_DISK 16 /* every so many seeds */
#define HEALED_WITHIN (1800 * SEC)

typedef struct story {
    unsigned long long seed;
    fake_random random;
    bind_world w;
    size_t honest; /* the ends before this one */
    liar liar;
    bool lies;
    char added[MOST_ADDS][65]; /* ids of what a book acknowledged */
    size_t added_count;
    unsigned old_entries;
} story;

static unsigned long long first_seed = 1;
static unsigned long long seeds = DEFAULT_SEEDS;

static bool chance(story *t, unsigned percent)
{
    return fake_random_below(&t->random, 100) < percent;
}

static size_t any_honest(story *t)
{
    return fake_random_below(&t->random, t->honest);
}

static void begin(story *t, unsigned long long seed, const char *folder)
{
    t->seed = seed;
    t->added_count = 0;
    t->old_entries = 0;
    fake_random_init(&t->random, ~seed);
    t->lies = chance(t, 50);
    t->honest = 2 + fake_random_below(&t->random, t->lies ? 6 : 7);
    bind_world_open(&t->w, t->honest + t->lies, seed, folder);
    t->w.loss_ppm = (uint32_t)fake_random_below(&t->random, 500001);
    t->w.duplicate_ppm = (uint32_t)fake_random_below(&t->random, 200000);
    t->w.delay_ns = fake_random_below(&t->random, SEC / 5);
    t->w.jitter_ns = fake_random_below(&t->random, SEC);
    t->w.flood = chance(t, 30);
    for (size_t i = 0; i < t->honest; i++)
        t->w.ends[i].skew_ms = (int64_t)fake_random_below(&t->random, 7200000) - 3600000;
    if (t->lies)
        liar_init(&t->liar, &t->w, t->honest, seed);
}

/* --- what happens --- */

static void add(story *t)
{
    static const char *const names[] = {"alice", "bob", "carol"};
    static const char *const splits[] = {"alice,bob", "carol,bob,alice", "bob"};
    char amount[32];
    const isplit_entry *entry = NULL;
    const char *split = splits[fake_random_below(&t->random, 3)];
    isplit_part list[3];
    char copy[64];
    char *rest = copy;
    isplit_draft one = {.payer = names[fake_random_below(&t->random, 3)],
                        .amount = amount,
                        .parts = list};

    if (t->added_count == MOST_ADDS)
        return;
    (void)snprintf(copy, sizeof copy, "%s", split);
    for (char *name; (name = strsep(&rest, ",")) != NULL && *name;)
        list[one.part_count++] = (isplit_part){.name = name};
    (void)snprintf(amount, sizeof amount, "%u.%02u",
                   (unsigned)fake_random_below(&t->random, 90) + 1,
                   (unsigned)fake_random_below(&t->random, 100));
    assert_int_equal(isplit_book_add(t->w.ends[any_honest(t)].book, BIND_WORLD_ROOM, &one,
                                     &entry, NULL, NULL),
                     0);
    (void)snprintf(t->added[t->added_count++], 65, "%s", entry->id);
}

/* Who has nothing in the room may not clear it; that is an answer, too. */
static void clear(story *t)
{
    size_t removed = 0;
    int err =
        isplit_book_clear(t->w.ends[any_honest(t)].book, BIND_WORLD_ROOM, &removed, NULL);

    assert_true(err == 0 || err == IC_ERR_DENIED);
}

/* A peer of the original adds an entry: whoever hears it, hears it once. */
static void add_old(story *t)
{
    char json[512];
    size_t from = any_honest(t);
    int n = snprintf(json, sizeof json,
                     "{\"app\":\"expense_split_v1\",\"type\":\"expense_add\",\"event\":{"
                     "\"txId\":\"old-%u\",\"payer\":\"Dave \",\"amountCents\":%u,"
                     "\"split\":[\"dave\",\"Alice\"],\"note\":\"\",\"ts\":%u,"
                     "\"by\":\"trac1old\"}}",
                     t->old_entries % 3, (unsigned)fake_random_below(&t->random, 500) + 1,
                     t->old_entries);

    t->old_entries++;
    for (size_t i = 0; i < t->honest; i++)
        bind_world_send(&t->w, from, i, json, (size_t)n);
}

static void cut(story *t)
{
    unsigned groups = 1 + (unsigned)fake_random_below(&t->random, 3);

    for (size_t i = 0; i < t->w.count; i++)
        t->w.ends[i].group = (unsigned)fake_random_below(&t->random, groups);
}

static void restart(story *t)
{
    bind_world_restart(&t->w, any_honest(t));
}

static void switch_off_or_on(story *t)
{
    bind_end *end = &t->w.ends[any_honest(t)];

    end->off = !end->off;
}

static void one_deed(story *t)
{
    unsigned r = (unsigned)fake_random_below(&t->random, 100);

    if (r < 45)
        add(t);
    else if (r < 52)
        clear(t);
    else if (r < 58)
        add_old(t);
    else if (r < 70)
        cut(t);
    else if (r < 76)
        restart(t);
    else if (r < 82)
        switch_off_or_on(t);
    else if (t->lies)
        liar_deed(&t->liar);
}

/* --- what must hold --- */

static void heal(story *t)
{
    t->w.loss_ppm /= 5;
    for (size_t i = 0; i < t->w.count; i++) {
        t->w.ends[i].group = 0;
        t->w.ends[i].off = i >= t->honest;
    }
}

static void check_pictures(const story *t)
{
    char *first = bind_world_picture(&t->w, 0);

    for (size_t i = 1; i < t->honest; i++) {
        char *other = bind_world_picture(&t->w, i);
        if (strcmp(first, other) != 0)
            fail_msg("seed %llu: end 0 sees\n%s\nend %zu sees\n%s", t->seed, first, i,
                     other);
        free(other);
    }
    free(first);
}

/* Every acknowledged entry is there: live, or covered by a clear. */
static void check_acknowledged(story *t)
{
    for (size_t end = 0; end < t->honest; end++) {
        for (size_t i = 0; i < t->added_count; i++) {
            if (!bind_world_has(&t->w, end, t->added[i]))
                fail_msg("seed %llu: end %zu has not %s", t->seed, end, t->added[i]);
        }
    }
}

static void run_story(unsigned long long seed)
{
    static story t;
    char folder[256];
    bool on_disk = seed % ON_DISK == 0;

    if (on_disk)
        temp_folder_make(folder, sizeof folder);
    begin(&t, seed, on_disk ? folder : NULL);
    size_t deeds = 5 + fake_random_below(&t.random, 40);
    for (size_t i = 0; i < deeds; i++) {
        one_deed(&t);
        bind_world_run(&t.w, t.w.now + fake_random_below(&t.random, 6 * SEC));
    }
    heal(&t);
    if (!bind_world_converge(&t.w, t.w.now + HEALED_WITHIN))
        fail_msg("seed %llu: not equal after the wires were whole", seed);
    check_pictures(&t);
    check_acknowledged(&t);
    if (bind_world_strikes(&t.w))
        fail_msg("seed %llu: a strike of the rate limiter", seed);
    bind_world_close(&t.w);
    if (on_disk)
        temp_folder_remove(folder);
}

static void all_honest_peers_end_with_one_ledger(void **state)
{
    for (unsigned long long i = 0; i < seeds; i++)
        run_story(first_seed + i);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_honest_peers_end_with_one_ledger),
    };
    const char *many = getenv("SIM_SEEDS");

    if (many)
        seeds = strtoull(many, NULL, 10);
    if (argc > 1)
        seeds = strtoull(argv[1], NULL, 10);
    if (argc > 2)
        first_seed = strtoull(argv[2], NULL, 10);
    (void)printf("seeds %llu to %llu\n", first_seed, first_seed + seeds - 1);
    return cmocka_run_group_tests_name("sim/ledger", tests, NULL, NULL);
}
