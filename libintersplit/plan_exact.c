/* The fewest transfers settle n members in n - g payments, g being the largest number of
 * groups that sum to zero each. most[m] is that number for the subset m, counted along
 * its best order of members: most[m] = max over i in m of most[m without i], plus one
 * when m itself sums to zero.
 *
 * The last member always stands in the last group, so subsets of the others suffice. */
#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "plan.h"

#define LOW_BITS 12

typedef struct search {
    const isplit_share *members;
    unsigned last; /* number of the last member, which no subset holds */
    uint8_t *most;
    int64_t *low; /* sums of the subsets of the first LOW_BITS members */
    int64_t *high;
} search;

static int64_t sum_of(const search *s, uint32_t set)
{
    return s->low[set & ((1u << LOW_BITS) - 1)] + s->high[set >> LOW_BITS];
}

static int64_t *subset_sums(const isplit_share *members, unsigned count)
{
    int64_t *sums = ic_mem_calloc((size_t)1 << count, sizeof *sums);

    if (!sums)
        return NULL;
    for (uint32_t set = 1; set < 1u << count; set++) {
        unsigned first = (unsigned)__builtin_ctz(set);
        sums[set] = sums[set & (set - 1)] + members[first].minor;
    }
    return sums;
}

static void count_groups(search *s)
{
    uint8_t *most = s->most;

    most[0] = 0;
    for (uint32_t set = 1; set < 1u << s->last; set++) {
        uint8_t best = 0;
        for (uint32_t rest = set; rest; rest &= rest - 1) {
            uint8_t m = most[set & ~(rest & (0u - rest))];
            best = m > best ? m : best;
        }
        most[set] = (uint8_t)(best + (sum_of(s, set) == 0));
    }
}

/* Pay within one group; the members keep the order of their names. */
static void settle(const search *s, uint32_t set, isplit_plan *plan)
{
    isplit_share group[ISPLIT__PLAN_EXACT];
    size_t count = 0;

    for (unsigned i = 0; i <= s->last; i++) {
        if (set >> i & 1)
            group[count++] = s->members[i];
    }
    isplit__plan_walk(group, count, plan);
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

/* Equal plans are told apart by the masks of their groups: the smallest come first. */
static void settle_groups(const search *s, isplit_plan *plan)
{
    uint32_t rest = (1u << s->last) - 1;
    uint32_t with_last = 1u << s->last;

    while (rest) {
        uint32_t set = first_group(s, rest);
        if (set) {
            settle(s, set, plan);
            rest &= ~set;
        } else {
            with_last |= rest & (0u - rest);
            rest &= rest - 1;
        }
    }
    settle(s, with_last, plan);
}

int isplit__plan_exact(const isplit__group *open, isplit_plan *plan)
{
    search s = {.members = open->members};

    if (!open->count)
        return 0;
    s.last = (unsigned)open->count - 1;
    unsigned low = s.last < LOW_BITS ? s.last : LOW_BITS;
    s.most = ic_mem_alloc((size_t)1 << s.last);
    s.low = subset_sums(s.members, low);
    s.high = subset_sums(s.members + low, s.last - low);
    int err = s.most && s.low && s.high ? 0 : IC_ERR_NOMEM;
    if (!err) {
        count_groups(&s);
        settle_groups(&s, plan);
    }
    ic_mem_free(s.most);
    ic_mem_free(s.low);
    ic_mem_free(s.high);
    return err;
}
