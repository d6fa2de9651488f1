/* The fewest transfers settle n members in n - g payments, g being the largest number of
 * groups that sum to zero each. most[m] is that number for the subset m, counted along
 * its best order of members: most[m] = max over i in m of most[m without i], plus one
 * when m itself sums to zero.
 *
 * The last member always stands in the last group, so subsets of the others suffice. */
#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "plan/plan.h"

#define LOW_BITS 12
#define LANE_BITS 4 /* subsets that are looked at together */
#define LANES (1u << LANE_BITS)

typedef struct search {
    const int64_t *minor;
    unsigned last; /* number of the last member, which no subset holds */
    uint8_t *most;
    int64_t *low; /* sums of the subsets of the first LOW_BITS members */
    int64_t *high;
} search;

static int64_t sum_of(const search *s, uint32_t set)
{
    return s->low[set & ((1u << LOW_BITS) - 1)] + s->high[set >> LOW_BITS];
}

static int64_t *subset_sums(const int64_t *minor, unsigned count)
{
    int64_t *sums = ic_mem_calloc((size_t)1 << count, sizeof *sums);

    if (!sums)
        return NULL;
    for (uint32_t set = 1; set < 1u << count; set++) {
        unsigned first = (unsigned)__builtin_ctz(set);
        sums[set] = sums[set & (set - 1)] + minor[first];
    }
    return sums;
}

/* From the subsets with one member less outside of the block: all lanes at once. */
static void take_larger(uint8_t *restrict block, const uint8_t *restrict from)
{
    for (size_t i = 0; i < LANES; i++)
        block[i] = from[i] > block[i] ? from[i] : block[i];
}

/* Then from those with one member less inside of it, from subset `first` on. `sum` is
 * that of the members outside. */
static void finish_block(const search *s, uint8_t *block, uint32_t first, int64_t sum)
{
    uint32_t lanes = s->last < LANE_BITS ? 1u << s->last : LANES;

    for (uint32_t set = first; set < lanes; set++) {
        uint8_t best = block[set];
        for (uint32_t rest = set; rest; rest &= rest - 1) {
            uint8_t m = block[set & ~(rest & (0u - rest))];
            best = m > best ? m : best;
        }
        block[set] = (uint8_t)(best + (s->low[set] + sum == 0));
    }
}

/* Subsets that differ in the first LANE_BITS members only stand in one block. */
static bool count_groups(search *s, isplit__effort *effort)
{
    uint32_t blocks = s->last < LANE_BITS ? 1 : (1u << s->last) / LANES;

    for (uint32_t outside = 0; outside < blocks; outside++) {
        uint8_t *block = s->most + (size_t)outside * LANES;
        memset(block, 0, LANES);
        for (uint32_t rest = outside; rest; rest &= rest - 1)
            take_larger(block,
                        s->most + (size_t)(outside & ~(rest & (0u - rest))) * LANES);
        /* the empty set is no group */
        finish_block(s, block, outside ? 0 : 1, sum_of(s, outside * LANES));
        if (!isplit__effort_spend(effort, LANES))
            return false;
    }
    return true;
}

static void take_group(isplit__split *split, uint32_t set)
{
    for (; set; set &= set - 1)
        split->group[__builtin_ctz(set)] = (uint32_t)split->groups;
    split->groups++;
}

/* The smallest set that holds the first member of `rest`, sums to zero and leaves all
 * other groups possible; 0 when that member must go with the last one. */
static uint32_t first_group(const search *s, uint32_t rest)
{
    uint32_t first = rest & (0u - rest);
    uint32_t others = rest & ~first;
    uint32_t more = 0;

    if (!s->most[rest])
        return 0;
    do {
        uint32_t set = first | more;
        if (s->most[set] == 1 && sum_of(s, set) == 0 &&
            s->most[rest & ~set] + 1 == s->most[rest])
            return set;
        more = (more - others) & others;
    } while (more);
    return 0;
}

/* Equal splits are told apart by the masks of their groups: the smallest come first. */
static void take_groups(const search *s, isplit__split *split)
{
    uint32_t rest = (1u << s->last) - 1;
    uint32_t with_last = 1u << s->last;

    split->groups = 0;
    while (rest) {
        uint32_t set = first_group(s, rest);
        if (set) {
            take_group(split, set);
            rest &= ~set;
        } else {
            with_last |= rest & (0u - rest);
            rest &= rest - 1;
        }
    }
    take_group(split, with_last);
    split->most = split->groups;
}

int isplit__split_exact(isplit__split *split, isplit__effort *effort)
{
    search s = {.minor = split->minor};

    if (!split->count)
        return 0;
    s.last = (unsigned)split->count - 1;
    unsigned low = s.last < LOW_BITS ? s.last : LOW_BITS;
    s.most = ic_mem_alloc(((size_t)1 << s.last) + LANES);
    s.low = subset_sums(s.minor, low);
    s.high = subset_sums(s.minor + low, s.last - low);
    int err = s.most && s.low && s.high ? 0 : IC_ERR_NOMEM;
    if (!err && count_groups(&s, effort))
        take_groups(&s, split);
    ic_mem_free(s.most);
    ic_mem_free(s.low);
    ic_mem_free(s.high);
    return err;
}
