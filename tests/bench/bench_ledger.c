/* The ledger: durable entries a second, a cold start of 50 000 events, plans. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "figure.h"
#include "intercom/intercom.h"
#include "intersplit/intersplit.h"
#include "temp_folder.h"

#define DURABLE_ADDS 300
#define KEYS 10 /* one key writes 5 000 events to a room at most */
#define EVENTS_A_KEY 5000
#define MS 1e6

static void must(int err, const char *what)
{
    if (err) {
        (void)fprintf(stderr, "%s: %s\n", what, ic_strerror(err));
        exit(1);
    }
}

static ic_identity *identity_of(uint8_t seed)
{
    ic_identity *identity = NULL;
    uint8_t bytes[IC_SEED_BYTES];

    memset(bytes, seed, sizeof bytes);
    must(ic_identity_from_seed(&identity, bytes, IC_NETWORK_MAINNET), "identity");
    return identity;
}

static isplit_book *open_book(const char *path, const ic_identity *identity)
{
    isplit_book *book = NULL;
    isplit_book_options o;

    isplit_book_options_default(&o);
    o.path = path;
    o.identity = identity;
    must(isplit_book_open(&o, &book, NULL), "open");
    return book;
}

static void add_one(isplit_book *book, const char *room)
{
    const isplit_part split[] = {{"alice", NULL}, {"bob", NULL}, {"carol", NULL}};
    const isplit_draft add = {.payer = "alice",
                              .amount = "12.34",
                              .parts = split,
                              .part_count = 3,
                              .note = "groceries"};
    const isplit_entry *entry = NULL;

    must(isplit_book_add(book, room, &add, &entry, NULL, NULL), "add");
}

static void bench_durable_adds(const char *folder)
{
    char path[256];
    static uint64_t times[DURABLE_ADDS];
    ic_identity *me = identity_of(1);

    (void)snprintf(path, sizeof path, "%s/durable.db", folder);
    isplit_book *book = open_book(path, me);
    uint64_t start = figure_now_ns();
    for (uint32_t i = 0; i < DURABLE_ADDS; i++) {
        uint64_t from = figure_now_ns();
        add_one(book, "trip");
        times[i] = figure_now_ns() - from;
    }
    double seconds = (double)(figure_now_ns() - start) / 1e9;
    figure("ledger_adds_durable", DURABLE_ADDS / seconds, "adds/s");
    figure("ledger_add_p99", (double)figure_percentile(times, DURABLE_ADDS, 99) / MS,
           "ms");
    isplit_book_close(book);
    ic_identity_free(me);
}

static void bench_add_to_large_room(isplit_book *book)
{
    static uint64_t times[100];

    for (uint32_t i = 0; i < 100; i++) {
        uint64_t from = figure_now_ns();
        add_one(book, "trip");
        times[i] = figure_now_ns() - from;
    }
    figure_at_most("ledger_add_to_50000_p99",
                   (double)figure_percentile(times, 100, 99) / MS, "ms", 25);
}

/* Append what one key writes to a room to a file of events. */
static void write_events(FILE *file, uint8_t key)
{
    const isplit_part split[] = {{"alice", NULL}, {"bob", NULL}, {"carol", NULL}};
    const isplit_draft add = {.payer = "alice",
                              .amount = "12.34",
                              .parts = split,
                              .part_count = 3,
                              .note = "groceries"};
    isplit_ledger *ledger = NULL;
    ic_identity *me = identity_of(key);

    must(isplit_ledger_new("trip", me, NULL, &ledger), "ledger");
    for (size_t i = 0; i < EVENTS_A_KEY; i++) {
        const isplit_entry *entry = NULL;
        char *event = NULL;
        must(isplit_ledger_add(ledger, &add, &entry, NULL, NULL), "add");
        must(isplit_ledger_event(ledger, i, &event), "event");
        (void)fprintf(file, "%s%s", key > 1 || i ? "," : "", event);
        ic_mem_free(event);
    }
    isplit_ledger_free(ledger);
    ic_identity_free(me);
}

/* A store of 50 000 events, from a snapshot that other keys wrote. */
static void fill(const char *folder, const char *path, const ic_identity *me)
{
    char snapshot[256];
    isplit_book *book = NULL;
    isplit_book_options o;
    isplit_restored restored;

    (void)snprintf(snapshot, sizeof snapshot, "%s/room.json", folder);
    FILE *file = fopen(snapshot, "w");
    if (!file)
        exit(1);
    (void)fputs("{\"version\":2,\"channel\":\"trip\",\"events\":[", file);
    for (uint8_t key = 1; key <= KEYS; key++)
        write_events(file, key);
    (void)fputs("]}", file);
    (void)fclose(file);
    isplit_book_options_default(&o);
    o.path = path;
    o.snapshot_path = snapshot;
    o.identity = me;
    must(isplit_book_open(&o, &book, NULL), "open");
    uint64_t from = figure_now_ns();
    must(isplit_book_restore(book, "trip", false, &restored, NULL), "restore");
    figure("ledger_restore_50000", (double)(figure_now_ns() - from) / MS, "ms");
    isplit_book_close(book);
}

static void bench_cold_start(const char *folder)
{
    char path[256];
    const isplit_state *state = NULL;
    char *text = NULL;
    ic_identity *me = identity_of(KEYS + 1);

    (void)snprintf(path, sizeof path, "%s/large.db", folder);
    fill(folder, path, me);
    uint64_t start = figure_now_ns();
    isplit_book *book = open_book(path, me);
    uint64_t opened = figure_now_ns();
    must(isplit_book_state(book, "trip", &state), "state");
    must(isplit_form_balance(state, &text), "balance");
    uint64_t ready = figure_now_ns();
    figure("ledger_cold_events", (double)isplit_state_event_count(state), "events");
    figure_at_most("ledger_cold_open", (double)(opened - start) / MS, "ms", 50);
    figure("ledger_cold_first_balance", (double)(ready - start) / MS, "ms");
    figure("ledger_cold_resident", (double)figure_resident_kib(0) / 1024, "MiB");
    bench_add_to_large_room(book);
    ic_mem_free(text);
    isplit_book_close(book);
    ic_identity_free(me);
}

/* The worst case: no two groups, so every subset is looked at. */
static void bench_plan(size_t members, const char *name, double limit_ms)
{
    char names[32][8];
    isplit_share balances[32];
    isplit_plan plan;

    for (size_t i = 0; i < members; i++) {
        (void)snprintf(names[i], sizeof names[i], "m%02zu", i);
        balances[i] = (isplit_share){.name = names[i], .minor = INT64_C(1) << i};
    }
    balances[members - 1].minor = -((INT64_C(1) << (members - 1)) - 1);
    uint64_t start = figure_now_ns();
    must(isplit_plan_make(balances, members, &plan), "plan");
    figure_at_most(name, (double)(figure_now_ns() - start) / MS, "ms", limit_ms);
    isplit_plan_free(&plan);
}

int main(void)
{
    char folder[160];

    must(ic_init(), "init");
    temp_folder_make(folder, sizeof folder);
    bench_plan(20, "ledger_plan_20_members", 50);
    bench_plan(24, "ledger_plan_24_members", 500);
    bench_durable_adds(folder);
    bench_cold_start(folder);
    temp_folder_remove(folder);
    return 0;
}
