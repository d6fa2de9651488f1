/* The most groups of up to 64 members: take sets that sum to zero one after the other,
 * and turn back where there cannot be more groups than the best so far.
 *
 * The bound gives every member a weight such that each set weighs at least a whole; then
 * there are at most as many groups as wholes. */
#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "plan/plan_sets.h"

#define SETS_MAX ((size_t)1 << 18)
#define DESK_MAX (8 * SETS_MAX) /* room for the sets of all depths */
#define WHOLE 720720            /* divisible by all sizes up to 16 */

typedef struct search {
    isplit__split *split;
    isplit__effort *effort;
    isplit__crowd crowd;
    isplit__sets sets;
    uint32_t *desk; /* numbers of sets that are still possible, depth by depth */
    uint64_t path[ISPLIT__PLAN_SEARCH];
    uint64_t best_path[ISPLIT__PLAN_SEARCH];
    unsigned best; /* groups that are had */
    unsigned open; /* groups that could not be ruled out */
    bool found;    /* best_path holds them */
    bool stopped;
} search;

/* What is to be done below one choice. */
typedef struct node {
    uint64_t left; /* members that are in no group yet; of a block the first ones */
    uint32_t *set; /* numbers, in order */
    size_t count;
    unsigned depth; /* groups so far */
    uint32_t weight[ISPLIT__PLAN_SEARCH];
} node;

static unsigned size_of(uint64_t set)
{
    return (unsigned)__builtin_popcountll(set);
}

static unsigned first_of(uint64_t set)
{
    return (unsigned)__builtin_ctzll(set);
}

static uint64_t set_of(const search *s, const node *n, size_t i)
{
    return s->sets.set[n->set[i]];
}

static uint32_t part_of_whole(unsigned size)
{
    return (WHOLE + size - 1) / size;
}

/* A member weighs its part of the smallest set in which it stands. */
static void weigh_members(const search *s, node *n)
{
    uint64_t seen = 0;

    for (unsigned i = 0; i < s->crowd.count; i++)
        n->weight[i] = part_of_whole(s->sets.full + 1);
    for (size_t i = 0; i < n->count && seen != n->left; i++) {
        uint64_t set = set_of(s, n, i);
        for (uint64_t k = set & ~seen; k; k &= ~s->crowd.block[first_of(k)]) {
            uint64_t block = s->crowd.block[first_of(k)];
            for (uint64_t b = block; b; b &= b - 1)
                n->weight[first_of(b)] = part_of_whole(size_of(set));
            seen |= block;
        }
    }
}

static uint64_t weight_of(const node *n, uint64_t set)
{
    uint64_t sum = 0;

    for (; set; set &= set - 1)
        sum += n->weight[first_of(set)];
    return sum;
}

/* There are at most so many groups more. */
static unsigned bound_of(const search *s, const node *n)
{
    unsigned owed = size_of(n->left & s->crowd.owed);
    unsigned owing = size_of(n->left & ~s->crowd.owed);
    unsigned most = (unsigned)(weight_of(n, n->left) / WHOLE);

    most = owed < most ? owed : most;
    return owing < most ? owing : most;
}

/* A set must leave enough for the groups that are needed after it. */
static void drop_heavy(const search *s, node *n)
{
    unsigned need = s->best - n->depth;
    unsigned owed = size_of(n->left & s->crowd.owed) - need;
    unsigned owing = size_of(n->left & ~s->crowd.owed) - need;
    uint64_t most = weight_of(n, n->left) - (uint64_t)need * WHOLE;
    size_t put = 0;

    for (size_t i = 0; i < n->count; i++) {
        uint64_t set = set_of(s, n, i);
        if (size_of(set & s->crowd.owed) <= owed &&
            size_of(set & ~s->crowd.owed) <= owing && weight_of(n, set) <= most)
            n->set[put++] = n->set[i];
    }
    n->count = put;
}

/* Can there be more groups than the best? Leaves only the sets that may stand in them. */
static bool is_worth_while(search *s, node *n)
{
    size_t before;

    do {
        s->stopped |= !isplit__effort_spend(s->effort, n->count + 8);
        weigh_members(s, n);
        if (s->stopped || n->depth + bound_of(s, n) <= s->best)
            return false;
        before = n->count;
        drop_heavy(s, n);
    } while (n->count < before);
    return true;
}

/* Of a block the first ones go, and those that stay become the first. */
static uint64_t leave(const search *s, uint64_t left, uint64_t set)
{
    uint64_t rest = left;

    for (uint64_t k = set; k; k &= ~s->crowd.block[first_of(k)]) {
        uint64_t block = s->crowd.block[first_of(k)];
        uint64_t stay = (left & block) >> size_of(set & block) & block;
        rest = (rest & ~block) | stay;
    }
    return rest;
}

/* What is left is a group by itself. */
static void take_path(search *s, const node *n)
{
    unsigned groups = n->depth + (n->left ? 1 : 0);

    if (groups <= s->best)
        return;
    s->path[n->depth] = n->left;
    memcpy(s->best_path, s->path, groups * sizeof *s->path);
    s->best = groups;
    s->found = true;
}

/* No set is left, and yet there may be several groups, each larger than all that are
 * listed. */
static void end_path(search *s, const node *n)
{
    unsigned most = n->depth + bound_of(s, n);

    s->open = most > s->open ? most : s->open;
}

/* The block with the fewest sets; 0 when there is no set. */
static uint64_t choose_block(const search *s, const node *n, size_t *fewest)
{
    size_t sets[ISPLIT__PLAN_SEARCH] = {0};
    uint64_t best = 0;

    *fewest = SIZE_MAX;
    for (size_t i = 0; i < n->count; i++) {
        for (uint64_t k = set_of(s, n, i); k; k &= k - 1)
            sets[first_of(k)]++;
    }
    for (uint64_t k = n->left & ~s->crowd.again; k; k &= k - 1) {
        unsigned i = first_of(k);
        if (sets[i] && sets[i] < *fewest) {
            *fewest = sets[i];
            best = s->crowd.block[i];
        }
    }
    return best;
}

/* Among the groups that are needed one is no larger than their mean: how many sets are
 * that small? SIZE_MAX when not all of those are listed. */
static size_t count_small(const search *s, const node *n)
{
    unsigned mean = size_of(n->left) / (s->best + 1 - n->depth);
    size_t low = 0;
    size_t high = n->count;

    if (mean > s->sets.full)
        return SIZE_MAX;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (size_of(set_of(s, n, mid)) <= mean)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* No further group holds members of the block, but the last one. */
static void pass_block(const search *s, node *n, uint64_t block)
{
    size_t put = 0;

    for (size_t i = 0; i < n->count; i++) {
        if (!(set_of(s, n, i) & block))
            n->set[put++] = n->set[i];
    }
    n->count = put;
}

static void look_below(search *s, node *n);

/* Take set number i of the node, then go on with those from number `from` on. */
static void try_set(search *s, const node *n, size_t i, size_t from)
{
    uint64_t set = set_of(s, n, i);
    node child = {
        .left = leave(s, n->left, set),
        .set = n->set + n->count,
        .depth = n->depth + 1,
    };

    s->path[n->depth] = set;
    if (child.set + n->count > s->desk + DESK_MAX ||
        !isplit__effort_spend(s->effort, n->count - from)) {
        s->stopped = true;
        return;
    }
    for (size_t k = from; k < n->count; k++) {
        if (!(set_of(s, n, k) & ~child.left))
            child.set[child.count++] = n->set[k];
    }
    look_below(s, &child);
}

/* Take one set of the block after the other until the best is bettered: then there are
 * fewer to be looked at. */
static bool try_sets_of(search *s, const node *n, uint64_t block)
{
    unsigned best = s->best;

    for (size_t i = 0; i < n->count; i++) {
        if (set_of(s, n, i) & block)
            try_set(s, n, i, 0);
        if (s->stopped || s->best > best)
            return false;
    }
    return true;
}

/* One of the small sets is the first group, or there are no more groups. */
static bool try_small_sets(search *s, const node *n, size_t count)
{
    unsigned best = s->best;

    for (size_t i = 0; i < count; i++) {
        try_set(s, n, i, i);
        if (s->stopped || s->best > best)
            return false;
    }
    return true;
}

static void look_below(search *s, node *n)
{
    size_t fewest;

    take_path(s, n);
    while (is_worth_while(s, n)) {
        uint64_t block = choose_block(s, n, &fewest);
        if (!block) {
            end_path(s, n);
            return;
        }
        size_t small = count_small(s, n);
        if (small <= fewest) {
            if (try_small_sets(s, n, small))
                return;
        } else if (try_sets_of(s, n, block)) {
            pass_block(s, n, block);
        }
    }
}

/* Of a block the members stand in groups in the order of their names. */
static void take_best(search *s)
{
    unsigned next[ISPLIT__PLAN_SEARCH] = {0};

    for (unsigned g = 0; g < s->best; g++) {
        for (uint64_t k = s->best_path[g]; k; k &= k - 1) {
            uint64_t block = s->crowd.block[first_of(k)];
            unsigned at = first_of(block);
            s->split->group[s->crowd.member[at + next[at]++]] = g;
        }
    }
    s->split->groups = s->best;
}

static void look_at_all(search *s)
{
    node root = {.set = s->desk, .count = s->sets.count};

    for (uint32_t i = 0; i < root.count; i++)
        root.set[i] = i;
    root.left = UINT64_MAX >> (ISPLIT__PLAN_SEARCH - s->crowd.count);
    s->best = (unsigned)s->split->groups;
    weigh_members(s, &root);
    unsigned most = bound_of(s, &root);
    look_below(s, &root);
    if (s->found)
        take_best(s);
    if (!s->stopped)
        most = s->best > s->open ? s->best : s->open;
    if (most < s->split->most)
        s->split->most = most;
}

static int run(search *s)
{
    int err = isplit__sets_list(&s->crowd, SETS_MAX, s->effort, &s->sets);

    if (err)
        return err == IC_ERR_LIMIT ? 0 : err;
    s->desk = ic_mem_alloc(DESK_MAX * sizeof *s->desk);
    if (s->desk)
        look_at_all(s);
    else
        err = IC_ERR_NOMEM;
    ic_mem_free(s->sets.set);
    ic_mem_free(s->desk);
    return err;
}

int isplit__split_search(isplit__split *split, isplit__effort *effort)
{
    search s = {.split = split, .effort = effort};

    if (split->groups >= split->most || !isplit__crowd_make(&s.crowd, split))
        return 0;
    return run(&s);
}
