/* The ledger: plans, durable entries a second, restoring, and cold starts of a room of
 * 200 members with 50 000 entries and with 500 000. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "book/store.h"
#include "figure.h"
#include "intercom/intercom.h"
#include "intersplit/intersplit.h"
#include "ledgers.h"
#include "temp_folder.h"
#include "vectors.h"

#define DURABLE_ADDS 300
#define NEW_ENTRIES 100
#define CHANGES 180 /* the last entry of a member takes a look at all */
#define MEMBERS 200
#define EVENTS_A_KEY 5000 /* one key writes so many to a room at most */
#define EVENTS 50000
#define EVENTS_MOST 500000
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

/* A snapshot of one key's events, all of them signed. */
static void write_snapshot(const char *path)
{
    const isplit_part split[] = {{.name = "alice"}, {.name = "bob"}, {.name = "carol"}};
    const isplit_draft add = {
        .payer = "alice", .amount = "12.34", .parts = split, .part_count = 3};
    isplit_ledger *ledger = NULL;
    ic_identity *me = identity_of(2);
    FILE *file = fopen(path, "w");

    if (!file)
        exit(1);
    must(isplit_ledger_new("trip", me, NULL, &ledger), "ledger");
    (void)fputs("{\"version\":2,\"channel\":\"trip\",\"events\":[", file);
    for (size_t i = 0; i < EVENTS_A_KEY; i++) {
        const isplit_entry *entry = NULL;
        char *event = NULL;
        must(isplit_ledger_add(ledger, &add, &entry, NULL, NULL), "add");
        must(isplit_ledger_event(ledger, i, &event), "event");
        (void)fprintf(file, "%s%s", i ? "," : "", event);
        ic_mem_free(event);
    }
    (void)fputs("]}", file);
    (void)fclose(file);
    isplit_ledger_free(ledger);
    ic_identity_free(me);
}

/* Restoring checks every signature. */
static void bench_restore(const char *folder)
{
    char path[256];
    char snapshot[256];
    ic_identity *me = identity_of(1);
    isplit_book *book = NULL;
    isplit_book_options o;
    isplit_restored restored;

    (void)snprintf(path, sizeof path, "%s/restored.db", folder);
    (void)snprintf(snapshot, sizeof snapshot, "%s/room.json", folder);
    write_snapshot(snapshot);
    isplit_book_options_default(&o);
    o.path = path;
    o.snapshot_path = snapshot;
    o.identity = me;
    must(isplit_book_open(&o, &book, NULL), "open");
    uint64_t from = figure_now_ns();
    must(isplit_book_restore(book, "trip", false, &restored, NULL), "restore");
    double seconds = (double)(figure_now_ns() - from) / 1e9;
    figure("ledger_restore_signed", EVENTS_A_KEY / seconds, "events/s");
    isplit_book_close(book);
    ic_identity_free(me);
}

/* Who takes part in one entry: some of the members, in the order of their names. */
static unsigned choose_members(unsigned *out, uint64_t *seed)
{
    unsigned first = (unsigned)(ledgers_random(seed) % MEMBERS);
    unsigned count = (unsigned)(ledgers_random(seed) % 4) + 2;

    for (unsigned i = 0; i < count; i++)
        out[i] = (first + i * 7) % MEMBERS;
    for (unsigned i = 1; i < count; i++) {
        for (unsigned k = i; k && out[k - 1] > out[k]; k--) {
            unsigned swap = out[k];
            out[k] = out[k - 1];
            out[k - 1] = swap;
        }
    }
    return count;
}

/* The canonical bytes of an equal entry; `before` is the author's last one. */
static void write_event(isplit__buf *b, uint32_t number, const isplit__id *before,
                        uint64_t *seed)
{
    unsigned members[8];
    unsigned count = choose_members(members, seed);
    uint64_t amount = ledgers_random(seed) % 20000 + 100;
    uint32_t seq = number % EVENTS_A_KEY + 1;

    isplit__buf_printf(b, "{\"at\":%" PRIu64 ",\"body\":{\"amount\":%" PRIu64,
                       UINT64_C(1735689600000) + number, amount);
    for (unsigned i = 0; i < count; i++)
        isplit__buf_printf(b, "%s\"m%03u\"", i ? "," : ",\"mode\":{\"equal\":[",
                           members[i]);
    isplit__buf_printf(b, "]},\"note\":\"groceries\",\"paid\":{\"m%03u\":%" PRIu64 "}",
                       members[amount % count], amount);
    for (unsigned i = 0; i < count; i++)
        isplit__buf_printf(b, "%s\"m%03u\":%" PRIu64, i ? "," : ",\"shares\":{",
                           members[i], amount / count + (i < amount % count));
    isplit__buf_printf(b, "},\"type\":\"expense\"},\"by\":\"%064x\",\"deps\":[",
                       number / EVENTS_A_KEY + 1);
    for (unsigned i = 0; seq > 1 && i < sizeof before->b; i++)
        isplit__buf_printf(b, "%s%02x", i ? "" : "\"", before->b[i]);
    isplit__buf_printf(b,
                       "%s],\"k\":\"add\",\"lc\":%u,\"n\":\"%016x\",\"room\":\"trip\",",
                       seq > 1 ? "\"" : "", seq, number);
    isplit__buf_printf(b, "\"seq\":%u,\"v\":2}", seq);
}

/* Our own store is not verified when it is read, so these have no good signatures. */
static void write_store(const char *path, uint32_t events)
{
    isplit__store *store = NULL;
    isplit__id before = {{0}};
    int64_t room = 0;
    uint64_t seed = 1;
    const uint8_t sig[IC_SIGNATURE_BYTES] = {0};

    must(isplit__store_open(path, &store, NULL), "store");
    must(isplit__store_begin(store), "begin");
    must(isplit__store_add_room(store, "trip", &room), "room");
    for (uint32_t i = 0; i < events; i++) {
        isplit__buf text = {0};
        write_event(&text, i, &before, &seed);
        isplit__row row = {.position = i, .text = text.data, .len = text.len, .sig = sig};
        must(text.bad ? IC_ERR_NOMEM : isplit__store_append(store, room, &row), "append");
        isplit__id_of(&before, text.data, text.len);
        isplit__buf_free(&text);
    }
    must(isplit__store_commit(store), "commit");
    isplit__store_close(store);
}

/* An entry, which is on disk then, and after it the balances and the plan. What they cost
 * together is counted on the processor: the disk has no limit of ours. */
static void bench_new_entries(isplit_book *book)
{
    static uint64_t adds[NEW_ENTRIES];
    static uint64_t plans[NEW_ENTRIES];
    static uint64_t costs[NEW_ENTRIES];

    for (uint32_t i = 0; i < NEW_ENTRIES; i++) {
        const isplit_state *state = NULL;
        isplit_plan plan;
        uint64_t cost = figure_cpu_ns();
        uint64_t start = figure_now_ns();
        add_one(book, "trip");
        uint64_t added = figure_now_ns();
        must(isplit_book_state(book, "trip", &state), "state");
        must(isplit_state_plan(state, 0, NULL, &plan), "plan");
        plans[i] = figure_now_ns() - added;
        adds[i] = added - start;
        costs[i] = figure_cpu_ns() - cost;
        isplit_plan_free(&plan);
    }
    figure_at_most("ledger_add_to_50000_p99",
                   (double)figure_percentile(adds, NEW_ENTRIES, 99) / MS, "ms", 25);
    figure_at_most("ledger_entry_and_plan_cpu_p99",
                   (double)figure_percentile(costs, NEW_ENTRIES, 99) / MS, "ms", 5);
    figure_at_most("ledger_plan_of_200_p99",
                   (double)figure_percentile(plans, NEW_ENTRIES, 99) / MS, "ms", 5);
}

/* An entry becomes another, then void: what follows is known without a look at the rest.
 */
static void bench_changes(isplit_book *book)
{
    static uint64_t times[CHANGES];
    const isplit_part split[] = {{"alice", NULL}, {"bob", NULL}};
    const isplit_draft other = {
        .payer = "bob", .amount = "7", .parts = split, .part_count = 2};
    const isplit_deed deeds[] = {
        {.kind = ISPLIT_DEED_AMEND, .id = "last", .draft = &other},
        {.kind = ISPLIT_DEED_VOID, .id = "last"},
    };

    for (uint32_t i = 0; i < CHANGES; i++) {
        const isplit_state *state = NULL;
        const isplit_entry *entry = NULL;
        isplit_plan plan;
        uint64_t start = figure_now_ns();
        must(isplit_book_do(book, "trip", &deeds[i % 2], &entry, NULL, NULL), "change");
        must(isplit_book_state(book, "trip", &state), "state");
        must(isplit_state_plan(state, 0, NULL, &plan), "plan");
        times[i] = figure_now_ns() - start;
        isplit_plan_free(&plan);
    }
    figure("ledger_change_in_50000_p50",
           (double)figure_percentile(times, CHANGES, 50) / MS, "ms");
    figure_at_most("ledger_change_in_50000_p99",
                   (double)figure_percentile(times, CHANGES, 99) / MS, "ms", 30);
}

/* @return milliseconds from nothing to the balances and the plan of a room */
static double bench_cold_start(const char *folder, uint32_t events, bool whole)
{
    char path[256];
    const isplit_state *state = NULL;
    char *text = NULL;
    ic_identity *me = identity_of(1);

    (void)snprintf(path, sizeof path, "%s/%u.db", folder, events);
    write_store(path, events);
    uint64_t before = figure_resident_kib(0);
    uint64_t start = figure_now_ns();
    isplit_book *book = open_book(path, me);
    uint64_t opened = figure_now_ns();
    must(isplit_book_state(book, "trip", &state), "state");
    must(isplit_form_balance(state, &text), "balance");
    double ready = (double)(figure_now_ns() - start) / MS;
    double resident = (double)(figure_resident_kib(0) - before) / 1024;
    if (isplit_state_event_count(state) != events)
        exit(1);
    if (whole) {
        figure_at_most("ledger_cold_open", (double)(opened - start) / MS, "ms", 50);
        figure_at_most("ledger_cold_first_balance", ready, "ms", 1000);
        figure_at_most("ledger_cold_resident", resident, "MiB", 100);
        bench_new_entries(book);
        bench_changes(book);
    } else {
        figure("ledger_cold_500000_first_balance", ready, "ms");
        figure("ledger_cold_500000_resident", resident, "MiB");
    }
    ic_mem_free(text);
    isplit_book_close(book);
    ic_identity_free(me);
    return ready;
}

/* Few sets sum to zero, and none of them is small. */
static void bench_plan(size_t members, const char *name, double limit_ms)
{
    char names[LEDGERS_HARD][8];
    isplit_share balances[LEDGERS_HARD];
    isplit_plan plan;
    int64_t sum = 0;

    for (size_t i = 0; i < members; i++) {
        (void)snprintf(names[i], sizeof names[i], "m%02zu", i);
        balances[i] = (isplit_share){.name = names[i], .minor = ledgers_hard(i)};
        sum += i + 1 < members ? balances[i].minor : 0;
    }
    balances[members - 1].minor = -sum;
    uint64_t start = figure_now_ns();
    must(isplit_plan_make(balances, members, &plan), "plan");
    figure_at_most(name, (double)(figure_now_ns() - start) / MS, "ms", limit_ms);
    isplit_plan_free(&plan);
}

/* One instance. @return whether its plan is as short as can be */
static bool plan_instance(const json_t *instance)
{
    isplit_share balances[64];
    size_t count = 0;
    size_t i;
    json_t *row;
    isplit_plan plan;

    json_array_foreach(json_object_get(instance, "balances"), i, row)
    {
        balances[count++] = (isplit_share){json_string_value(json_array_get(row, 0)),
                                           json_integer_value(json_array_get(row, 1))};
    }
    must(isplit_plan_make(balances, count, &plan), "plan");
    bool best = plan.optimal && plan.count == (size_t)json_integer_value(
                                                  json_object_get(instance, "optimum"));
    isplit_plan_free(&plan);
    return best;
}

static void bench_vectors(void)
{
    size_t i;
    json_t *instance;
    size_t missed = 0;
    uint64_t longest = 0;
    json_t *doc = vectors_load("settlement.json");
    uint64_t start = figure_now_ns();

    json_array_foreach(json_object_get(doc, "instances"), i, instance)
    {
        uint64_t from = figure_now_ns();
        missed += !plan_instance(instance);
        uint64_t took = figure_now_ns() - from;
        if (json_integer_value(json_object_get(instance, "n")) <= 20)
            longest = took > longest ? took : longest;
    }
    figure_at_most("settlement_file", (double)(figure_now_ns() - start) / MS, "ms", 2000);
    figure_at_most("settlement_20_members_longest", (double)longest / MS, "ms", 20);
    figure_at_most("settlement_not_best", (double)missed, "instances", 0);
    json_decref(doc);
}

int main(void)
{
    char folder[160];

    must(ic_init(), "init");
    temp_folder_make(folder, sizeof folder);
    bench_vectors();
    bench_plan(20, "ledger_plan_20_members", 20);
    bench_plan(24, "ledger_plan_24_members", 100);
    bench_plan(40, "ledger_plan_40_members", 2000);
    bench_durable_adds(folder);
    bench_restore(folder);
    double small = bench_cold_start(folder, EVENTS, true);
    double large = bench_cold_start(folder, EVENTS_MOST, false);
    figure_at_most("ledger_growth_to_500000", large / small, "times", 15);
    temp_folder_remove(folder);
    return 0;
}
