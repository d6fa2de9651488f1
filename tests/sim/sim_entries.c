/*
 * Random entries of every split mode, with 0 to 4 decimals, in rooms of 2 to 16 members:
 * expenses, refunds, payments, one payer or several, some converted by a frozen rate.
 * Shares and payers' parts sum to the amount and lie within a unit of what is exact,
 * balances sum to zero, plans clear them all, amounts are read as they are printed.
 *
 *   sim_entries [COUNT [FIRST]]     default 10 000 000 entries from room 1
 *
 * A failing run names its room: sim_entries 1 ROOM plays it again.
 *
 * Spec: docs/spec/16-ledger.md sections 2.2, 2.4 (properties) and 3
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "intersplit/money.h"
#include "intersplit/plan.h"
#include "intersplit/split.h"
#include "ledger/draft.h"
#include "ledgers.h"
#include "unit.h"

#define DEFAULT_ENTRIES 10000000
#define ENTRIES_A_ROOM 100
#define MEMBERS 16
#define ITEMS 6
#define PAYERS 4

__extension__ typedef __int128 wide;

static unsigned long long entries = DEFAULT_ENTRIES;
static unsigned long long first_room = 1;

typedef struct room {
    unsigned long long number;
    uint64_t seed;
    size_t count; /* of members */
    unsigned exponent;
    isplit_share balances[MEMBERS];
    /* the entry at hand */
    isplit_split split;
    int64_t values[MEMBERS];
    isplit_split_item items[ITEMS];
    size_t member[MEMBERS]; /* who they are in the room */
    int64_t shares[MEMBERS];
    int64_t original_minor; /* before it was converted; 0 = it was not */
} room;

#define HOLDS(r, condition)                                                              \
    do {                                                                                 \
        if (!(condition))                                                                \
            fail_msg("room %llu: %s", (r)->number, #condition);                          \
    } while (0)

static uint64_t below(room *r, uint64_t limit)
{
    return ledgers_random(&r->seed) % limit;
}

/* Small and large amounts alike. */
static int64_t random_amount(room *r)
{
    uint64_t most = 1;

    for (uint64_t digits = below(r, 13); digits; digits--)
        most *= 10;
    return (int64_t)below(r, most * 10) + 1;
}

static wide power_of_ten(unsigned n)
{
    return n ? 10 * power_of_ten(n - 1) : 1;
}

/* An amount of another currency by a frozen rate: at most half a unit off. */
static int64_t convert(room *r)
{
    char rate[32];
    int64_t minor = 0;
    unsigned exponent = (unsigned)below(r, 5);
    unsigned decimals = (unsigned)below(r, 7) + 1;
    uint64_t digits = below(r, (uint64_t)power_of_ten(decimals + 2)) + 1;
    uint64_t one = (uint64_t)power_of_ten(decimals);

    r->original_minor = random_amount(r);
    (void)snprintf(rate, sizeof rate, "%llu.%0*llu", (unsigned long long)(digits / one),
                   (int)decimals, (unsigned long long)(digits % one));
    if (isplit_money_convert(r->original_minor, exponent, rate, r->exponent, &minor,
                             NULL) != 0) {
        r->original_minor = 0; /* too little or too much for an entry */
        return random_amount(r);
    }
    wide exact = (wide)r->original_minor * (wide)digits * power_of_ten(r->exponent);
    wide unit = (wide)one * power_of_ten(exponent);
    wide off = (minor * unit - exact) * 2;
    HOLDS(r, off <= unit && off > -unit); /* half a unit goes up */
    return minor;
}

static void choose_members(room *r)
{
    size_t first = below(r, r->count);

    r->split.count = below(r, r->count) + 1;
    for (size_t i = 0; i < r->split.count; i++)
        r->member[i] = (first + i) % r->count;
}

/* Numbers that sum to `whole`, none below zero. */
static void random_parts(room *r, int64_t *parts, size_t count, int64_t whole)
{
    for (size_t i = 0; i + 1 < count; i++) {
        parts[i] = (int64_t)below(r, (uint64_t)whole / (count - i) * 2 + 1);
        parts[i] = parts[i] < whole ? parts[i] : whole;
        whole -= parts[i];
    }
    parts[count - 1] = whole;
}

static void ask_by_items(room *r)
{
    int64_t parts[ITEMS + 1];
    uint64_t all = (UINT64_C(1) << r->split.count) - 1;

    random_parts(r, parts, ITEMS + 1, r->split.amount_minor);
    r->split.items = r->items;
    r->split.extra_minor = parts[ITEMS];
    for (size_t i = 0; i < ITEMS; i++) {
        uint64_t members = ledgers_random(&r->seed) & all;
        if (!parts[i])
            continue;
        r->items[r->split.item_count++] =
            (isplit_split_item){parts[i], members ? members : all};
    }
    if (r->split.item_count) /* tax and tip follow what somebody had */
        return;
    r->items[0] = (isplit_split_item){r->split.amount_minor, all};
    r->split.item_count = 1;
    r->split.extra_minor = 0;
}

static void ask_by_adjustments(room *r)
{
    random_parts(r, r->values, r->split.count, r->split.amount_minor);
    for (size_t i = 0; i < r->split.count; i++)
        r->values[i] /= 1 + (int64_t)below(r, 3);
}

static void ask(room *r)
{
    isplit_split *s = &r->split;

    r->original_minor = 0;
    *s = (isplit_split){.mode = (isplit_split_mode)below(r, ISPLIT_SPLIT_ITEMS + 1),
                        .amount_minor = below(r, 8) ? random_amount(r) : convert(r),
                        .exponent = r->exponent};
    choose_members(r);
    s->rotate_at = below(r, 2) ? below(r, s->count) : 0;
    s->values = r->values;
    switch (s->mode) {
    case ISPLIT_SPLIT_EQUAL:
        s->values = NULL;
        break;
    case ISPLIT_SPLIT_EXACT:
        random_parts(r, r->values, s->count, s->amount_minor);
        break;
    case ISPLIT_SPLIT_WEIGHTS:
        for (size_t i = 0; i < s->count; i++)
            r->values[i] =
                (int64_t)below(r, below(r, 2) ? 5 : ISPLIT_SPLIT_MAX_WEIGHT) + 1;
        break;
    case ISPLIT_SPLIT_PERCENT:
        random_parts(r, r->values, s->count, ISPLIT_SPLIT_WHOLE);
        break;
    case ISPLIT_SPLIT_ADJUST:
        ask_by_adjustments(r);
        break;
    case ISPLIT_SPLIT_ITEMS:
        s->values = NULL;
        ask_by_items(r);
        break;
    }
}

/* Is the share less than `units` from amount * part / whole? */
static bool is_near(int64_t share, int64_t amount, wide part, wide whole, int64_t units)
{
    wide off = share * whole - amount * part;

    return (off < 0 ? -off : off) < units * whole;
}

static void check_items(room *r)
{
    const isplit_split *s = &r->split;
    int64_t had = s->amount_minor - s->extra_minor;

    for (size_t i = 0; i < s->count; i++) {
        int64_t least = 0;
        int64_t lines = 0;
        for (size_t k = 0; k < s->item_count; k++) {
            int members = __builtin_popcountll(s->items[k].members);
            if (!(s->items[k].members >> i & 1))
                continue;
            least += s->items[k].amount_minor / members;
            lines++;
        }
        /* a unit for each line, and one for tax and tip on top of it */
        int64_t tip = (int64_t)((wide)s->extra_minor * least / had);
        HOLDS(r, r->shares[i] >= least + tip - 1);
        HOLDS(r, r->shares[i] <=
                     least + lines + 1 +
                         (int64_t)((wide)s->extra_minor * (least + lines) / had));
    }
}

static void check_mode(room *r)
{
    const isplit_split *s = &r->split;
    const int64_t *share = r->shares;
    int64_t n = (int64_t)s->count;
    wide whole = 0;

    for (size_t i = 0; s->values && i < s->count; i++)
        whole += s->values[i];
    for (size_t i = 0; i < s->count; i++) {
        switch (s->mode) {
        case ISPLIT_SPLIT_EQUAL:
            HOLDS(r, is_near(share[i], s->amount_minor, 1, n, 1));
            break;
        case ISPLIT_SPLIT_EXACT:
            HOLDS(r, share[i] == s->values[i]);
            break;
        case ISPLIT_SPLIT_WEIGHTS:
        case ISPLIT_SPLIT_PERCENT:
            HOLDS(r, is_near(share[i], s->amount_minor, s->values[i], whole, 1));
            break;
        case ISPLIT_SPLIT_ADJUST:
            HOLDS(r, is_near(share[i] - s->values[i], s->amount_minor - (int64_t)whole, 1,
                             n, 1));
            break;
        case ISPLIT_SPLIT_ITEMS:
            break;
        }
        for (size_t k = 0; s->mode == ISPLIT_SPLIT_WEIGHTS && k < i; k++)
            HOLDS(r, s->values[i] == s->values[k] ||
                         (s->values[i] > s->values[k] ? share[i] >= share[k]
                                                      : share[i] <= share[k]));
    }
    if (s->mode == ISPLIT_SPLIT_ITEMS)
        check_items(r);
}

static void check_text(room *r)
{
    char text[ISPLIT_MONEY_TEXT_MAX];
    int64_t again = 0;

    (void)isplit_money_format(r->split.amount_minor, r->exponent, 0, text);
    HOLDS(r, isplit_money_parse(text, strlen(text), r->exponent, NULL,
                                ISPLIT_MONEY_STRICT, &again, NULL) == 0);
    HOLDS(r, again == r->split.amount_minor);
}

/* Some paid, each a part: of what was converted, in proportion to what he gave. */
static void count_payers(room *r, int64_t amount, int64_t sign)
{
    isplit_share paid[PAYERS];
    int64_t given[PAYERS];
    int64_t from = r->original_minor ? r->original_minor : amount;
    size_t count = below(r, 4) ? 1 : below(r, PAYERS) + 1;
    int64_t sum = 0;

    random_parts(r, given, count, from);
    for (size_t i = 0; i < count; i++)
        paid[i].minor = given[i];
    if (r->original_minor)
        (void)isplit__scale(paid, count, from, amount);
    for (size_t i = 0; i < count; i++) {
        HOLDS(r, paid[i].minor >= 0);
        HOLDS(r, is_near(paid[i].minor, amount, given[i], from, 1));
        sum += paid[i].minor;
        r->balances[below(r, r->count)].minor += sign * paid[i].minor;
    }
    HOLDS(r, sum == amount);
}

/* One gives another money. */
static void count_payment(room *r)
{
    size_t from = below(r, r->count);
    size_t to = (from + 1 + below(r, r->count - 1)) % r->count;
    int64_t amount = random_amount(r);

    r->balances[from].minor += amount;
    r->balances[to].minor -= amount;
}

/* Some paid for them, or got it back for them. */
static void count_entry(room *r)
{
    int64_t sign = below(r, 8) ? 1 : -1;
    int64_t sum = 0;

    for (size_t i = 0; i < r->split.count; i++) {
        HOLDS(r, r->shares[i] >= 0);
        sum += r->shares[i];
        r->balances[r->member[i]].minor -= sign * r->shares[i];
    }
    HOLDS(r, sum == r->split.amount_minor);
    count_payers(r, sum, sign);
}

static void play_entry(room *r)
{
    isplit_reason why = {{0}};

    if (below(r, 16) == 0) {
        count_payment(r);
        return;
    }
    ask(r);
    int err = isplit_split_compute(&r->split, r->shares, &why);
    if (err)
        fail_msg("room %llu: %s", r->number, why.text);
    HOLDS(r, isplit_split_fits(&r->split, r->shares));
    check_mode(r);
    check_text(r);
    count_entry(r);
}

static isplit_share *member_of(room *r, const char *name)
{
    for (size_t i = 0; i < r->count; i++) {
        if (strcmp(r->balances[i].name, name) == 0)
            return &r->balances[i];
    }
    fail_msg("room %llu: %s is a stranger", r->number, name);
    return NULL;
}

static void settle(room *r)
{
    isplit_plan plan;
    int64_t sum = 0;
    int64_t owed = 0;

    for (size_t i = 0; i < r->count; i++) {
        sum += r->balances[i].minor;
        owed += r->balances[i].minor > 0 ? r->balances[i].minor : 0;
    }
    HOLDS(r, sum == 0);
    HOLDS(r, isplit_plan_make(r->balances, r->count, &plan) == 0);
    HOLDS(r, plan.optimal && plan.count < r->count);
    for (size_t i = 0; i < plan.count; i++) {
        const isplit_transfer *t = &plan.transfers[i];
        HOLDS(r, t->amount_minor > 0);
        owed -= t->amount_minor;
        member_of(r, t->from)->minor += t->amount_minor;
        member_of(r, t->to)->minor -= t->amount_minor;
    }
    HOLDS(r, owed == 0);
    for (size_t i = 0; i < r->count; i++)
        HOLDS(r, r->balances[i].minor == 0);
    isplit_plan_free(&plan);
}

static void play_room(unsigned long long number)
{
    static const char names[MEMBERS][2] = {"a", "b", "c", "d", "e", "f", "g", "h",
                                           "i", "j", "k", "l", "m", "n", "o", "p"};
    static room r;

    r = (room){.number = number, .seed = number * 1000003};
    r.count = below(&r, number % 16 ? 9 : MEMBERS - 1) + 2;
    r.exponent = (unsigned)below(&r, 5);
    for (size_t i = 0; i < r.count; i++)
        r.balances[i].name = names[i];
    for (int i = 0; i < ENTRIES_A_ROOM; i++)
        play_entry(&r);
    settle(&r);
}

static void no_unit_is_lost_or_found(void **state)
{
    for (unsigned long long i = 0; i < (entries + ENTRIES_A_ROOM - 1) / ENTRIES_A_ROOM;
         i++)
        play_room(first_room + i);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_unit_is_lost_or_found),
    };

    if (argc > 1)
        entries = strtoull(argv[1], NULL, 10);
    if (argc > 2)
        first_room = strtoull(argv[2], NULL, 10);
    (void)printf("%llu entries from room %llu\n", entries, first_room);
    return cmocka_run_group_tests_name("sim/entries", tests, NULL, NULL);
}
