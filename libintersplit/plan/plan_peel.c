/* Groups of three, then of four, five and six, as they come, by a table of the sums of
 * two: not the most groups, but many for little. */
#include <stdlib.h>
#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "plan/plan.h"

#define WINDOW 1024 /* members whose pairs are looked at together */
#define GROUP_MIN 3 /* pairs were cancelled before */
#define GROUP_MAX 6
#define WHOLE 60 /* divisible by 3, 4 and 5 */
#define NOBODY UINT32_MAX

typedef struct pair {
    uint16_t low;
    uint16_t high;
    uint32_t next; /* pair in the same chain */
} pair;

typedef struct ranked {
    uint64_t amount;
    uint32_t member;
} ranked;

typedef struct peel {
    isplit__split *split;
    isplit__effort *effort;
    ranked *order;           /* the largest amounts first */
    uint32_t window[WINDOW]; /* members that are looked at */
    int64_t minor[WINDOW];
    bool gone[WINDOW];
    unsigned count; /* members in the window */
    pair *pairs;
    uint32_t *chain; /* first pair of each hash */
    unsigned chain_bits;
    unsigned chosen[GROUP_MAX];
} peel;

static uint32_t *chain_of(const peel *p, int64_t sum)
{
    uint64_t hash = (uint64_t)sum * UINT64_C(0x9e3779b97f4a7c15);

    return &p->chain[hash >> (64 - p->chain_bits)];
}

/* All pairs of the window by their sum; a chain goes up. */
static bool fill_table(peel *p)
{
    uint32_t put = 0;

    memset(p->chain, 0xff, sizeof *p->chain << p->chain_bits);
    for (unsigned low = p->count; low-- > 0;) {
        for (unsigned high = p->count - 1; high > low; high--) {
            uint32_t *chain = chain_of(p, p->minor[low] + p->minor[high]);
            p->pairs[put] = (pair){(uint16_t)low, (uint16_t)high, *chain};
            *chain = put++;
        }
    }
    return isplit__effort_spend(p->effort, put);
}

/* A pair behind member `after` that brings `sum` to zero. */
static const pair *find_pair(const peel *p, int64_t sum, unsigned after)
{
    for (uint32_t at = *chain_of(p, -sum); at != NOBODY; at = p->pairs[at].next) {
        const pair *two = &p->pairs[at];
        if (two->low > after && !p->gone[two->low] && !p->gone[two->high] &&
            p->minor[two->low] + p->minor[two->high] + sum == 0)
            return two;
    }
    return NULL;
}

static bool complete_by_pair(peel *p, unsigned have, int64_t sum)
{
    const pair *two = find_pair(p, sum, p->chosen[have - 1]);

    if (!isplit__effort_spend(p->effort, 1) || !two)
        return false;
    p->chosen[have] = two->low;
    p->chosen[have + 1] = two->high;
    return true;
}

/* Complete a group of `size` that has `have` members with this sum. */
static bool complete(peel *p, unsigned size, unsigned have, int64_t sum)
{
    if (have + 2 == size)
        return complete_by_pair(p, have, sum);
    for (unsigned i = p->chosen[have - 1] + 1; i < p->count; i++) {
        if (p->gone[i])
            continue;
        p->chosen[have] = i;
        if (complete(p, size, have + 1, sum + p->minor[i]))
            return true;
        if (isplit__effort_spent(p->effort))
            return false;
    }
    return false;
}

static void take_group(peel *p, unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        p->gone[p->chosen[i]] = true;
        p->split->group[p->window[p->chosen[i]]] = (uint32_t)p->split->groups;
    }
    p->split->groups++;
}

static void take_groups_of(peel *p, unsigned size)
{
    for (unsigned i = 0; i < p->count; i++) {
        p->chosen[0] = i;
        if (!p->gone[i] && complete(p, size, 1, p->minor[i]))
            take_group(p, size);
    }
}

/* Those of the order from `from` on that are in the first group, which holds the rest.
 * @return where it ended */
static size_t open_window(peel *p, size_t from)
{
    p->count = 0;
    for (; from < p->split->count && p->count < WINDOW; from++) {
        uint32_t member = p->order[from].member;
        if (p->split->group[member])
            continue;
        p->window[p->count] = member;
        p->gone[p->count] = false;
        p->minor[p->count++] = p->split->minor[member];
    }
    return from;
}

static bool stands_in_three(const peel *p, unsigned member)
{
    uint32_t at = *chain_of(p, -p->minor[member]);

    for (; at != NOBODY; at = p->pairs[at].next) {
        const pair *two = &p->pairs[at];
        if (two->low != member && two->high != member &&
            p->minor[two->low] + p->minor[two->high] + p->minor[member] == 0)
            return true;
    }
    return false;
}

static bool stand_in_four(const peel *p, const pair *two)
{
    int64_t sum = p->minor[two->low] + p->minor[two->high];

    for (uint32_t at = *chain_of(p, -sum); at != NOBODY; at = p->pairs[at].next) {
        const pair *more = &p->pairs[at];
        if (p->minor[more->low] + p->minor[more->high] + sum == 0 &&
            more->low != two->low && more->low != two->high && more->high != two->low &&
            more->high != two->high)
            return true;
    }
    return false;
}

/* How many members the smallest group has in which each may stand, as far as 5. */
static void find_smallest(const peel *p, uint8_t *smallest)
{
    for (unsigned i = 0; i < p->count; i++)
        smallest[i] = stands_in_three(p, i) ? 3 : 5;
    for (uint32_t i = 0; i < p->count * (p->count - 1) / 2; i++) {
        const pair *two = &p->pairs[i];
        uint8_t *low = &smallest[two->low];
        uint8_t *high = &smallest[two->high];
        if ((*low == 5 || *high == 5) && stand_in_four(p, two)) {
            *low = *low < 4 ? *low : 4;
            *high = *high < 4 ? *high : 4;
        }
    }
}

/* A member takes at least its part of the smallest group in which it can stand. */
static void bound_groups(peel *p)
{
    uint8_t smallest[WINDOW];
    size_t weight = 0;

    find_smallest(p, smallest);
    for (unsigned i = 0; i < p->count; i++)
        weight += WHOLE / smallest[i];
    if (weight / WHOLE < p->split->most)
        p->split->most = weight / WHOLE;
}

static void peel_groups(peel *p)
{
    for (size_t at = 0; at < p->split->count;) {
        at = open_window(p, at);
        if (!fill_table(p))
            return;
        if (p->count == p->split->count)
            bound_groups(p);
        for (unsigned size = GROUP_MIN; size <= GROUP_MAX; size++)
            take_groups_of(p, size);
    }
}

/* Large amounts find their group while there is a choice. */
static int larger_first(const void *a, const void *b)
{
    const ranked *x = a;
    const ranked *y = b;

    if (x->amount != y->amount)
        return x->amount > y->amount ? -1 : 1;
    return x->member < y->member ? -1 : x->member > y->member;
}

static void rank_members(peel *p)
{
    for (uint32_t i = 0; i < p->split->count; i++) {
        int64_t minor = p->split->minor[i];
        p->order[i].amount = minor < 0 ? 0 - (uint64_t)minor : (uint64_t)minor;
        p->order[i].member = i;
    }
    qsort(p->order, p->split->count, sizeof *p->order, larger_first);
}

/* The first group held the rest; when nobody is left in it the last one takes its
 * place. */
static void close_gap(isplit__split *split)
{
    for (size_t i = 0; i < split->count; i++) {
        if (!split->group[i])
            return;
    }
    split->groups--;
    for (size_t i = 0; i < split->count; i++) {
        if (split->group[i] == split->groups)
            split->group[i] = 0;
    }
}

int isplit__split_peel(isplit__split *split, isplit__effort *effort)
{
    peel *p = ic_mem_calloc(1, sizeof *p);
    size_t window = split->count < WINDOW ? split->count : WINDOW;

    if (!p)
        return IC_ERR_NOMEM;
    p->split = split;
    p->effort = effort;
    p->chain_bits = 4;
    while (((size_t)1 << p->chain_bits) < window * window / 2)
        p->chain_bits++;
    p->order = ic_mem_calloc(split->count, sizeof *p->order);
    p->pairs = ic_mem_calloc(window * window / 2, sizeof *p->pairs);
    p->chain = ic_mem_calloc((size_t)1 << p->chain_bits, sizeof *p->chain);
    int err = p->order && p->pairs && p->chain ? 0 : IC_ERR_NOMEM;
    if (!err) {
        rank_members(p);
        peel_groups(p);
        close_gap(split);
    }
    ic_mem_free(p->order);
    ic_mem_free(p->pairs);
    ic_mem_free(p->chain);
    ic_mem_free(p);
    return err;
}
