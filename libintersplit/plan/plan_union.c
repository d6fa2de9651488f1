/* Groups that were found quickly get better: some of them are put together and split
 * anew, by the searches that find the best. */
#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "plan/plan.h"

#define PAIR_MAX 20  /* members of two groups */
#define UNION_MAX 32 /* members of several */
#define BETTER_MIN 9 /* members of three groups: two have no use for fewer */
#define STEP 16      /* from one part of a large group to the next */
#define OTHERS UINT32_MAX

typedef struct unions {
    isplit__split *split;
    isplit__effort *effort;
    uint32_t *first; /* member of each group */
    uint32_t *next;  /* member of the same group; itself at the end */
    uint32_t *size;  /* of each group */
    uint32_t member[ISPLIT__PLAN_SEARCH];
    int64_t minor[ISPLIT__PLAN_SEARCH];
    uint32_t group[ISPLIT__PLAN_SEARCH];
    uint32_t joined[ISPLIT__PLAN_SEARCH]; /* the groups that were put together */
    size_t joined_count;
    size_t count; /* members */
} unions;

static void list_members(unions *u)
{
    memset(u->size, 0, u->split->count * sizeof *u->size);
    for (uint32_t i = (uint32_t)u->split->count; i-- > 0;) {
        uint32_t group = u->split->group[i];
        u->next[i] = u->size[group] ? u->first[group] : i;
        u->first[group] = i;
        u->size[group]++;
    }
}

static void join_member(unions *u, uint32_t member, int64_t minor)
{
    u->member[u->count] = member;
    u->minor[u->count] = minor;
    u->group[u->count++] = (uint32_t)u->joined_count;
}

static void join(unions *u, uint32_t group)
{
    uint32_t member = u->first[group];

    for (uint32_t i = 0; i < u->size[group]; i++) {
        join_member(u, member, u->split->minor[member]);
        member = u->next[member];
    }
    u->joined[u->joined_count++] = group;
}

/* Members of a large group from number `from` on; one that stands for all others makes
 * them sum to zero. */
static void join_part(unions *u, uint32_t group, uint32_t from)
{
    uint32_t member = u->first[group];
    int64_t sum = 0;

    for (uint32_t i = 0; i < u->size[group] && u->count + 1 < UNION_MAX; i++) {
        if (i >= from) {
            join_member(u, member, u->split->minor[member]);
            sum += u->split->minor[member];
        }
        member = u->next[member];
    }
    if (sum)
        join_member(u, OTHERS, -sum);
    u->joined[u->joined_count++] = group;
}

/* The group with the one who stands for all others stays the large group. */
static void keep_others(unions *u)
{
    for (size_t i = 0; i < u->count; i++) {
        if (u->member[i] == OTHERS) {
            uint32_t first = u->joined[0];
            u->joined[0] = u->joined[u->group[i]];
            u->joined[u->group[i]] = first;
        }
    }
}

static void take_groups(unions *u, size_t groups)
{
    while (u->joined_count < groups)
        u->joined[u->joined_count++] = (uint32_t)u->split->groups++;
    keep_others(u);
    for (size_t i = 0; i < u->count; i++) {
        if (u->member[i] != OTHERS)
            u->split->group[u->member[i]] = u->joined[u->group[i]];
    }
    list_members(u);
}

/* Split what was joined; is it better, if it makes more groups than before. */
static int split_union(unions *u, bool *better)
{
    size_t before = u->joined_count;
    isplit__split part = {.minor = u->minor,
                          .count = u->count,
                          .group = u->group,
                          .groups = before,
                          .most = u->count / 2};

    int err = u->count <= PAIR_MAX ? isplit__split_exact(&part, u->effort)
                                   : isplit__split_search(&part, u->effort);
    if (err || part.groups <= before)
        return err;
    take_groups(u, part.groups);
    *better = true;
    return 0;
}

static void join_none(unions *u)
{
    u->joined_count = 0;
    u->count = 0;
}

/* Two groups each. */
static int split_pairs(unions *u, bool *better)
{
    int err = 0;

    for (uint32_t a = 1; !err && a < u->split->groups; a++) {
        for (uint32_t b = 0; !err && b < a; b++) {
            uint32_t size = u->size[a] + u->size[b];
            if (size < BETTER_MIN || size > PAIR_MAX)
                continue;
            join_none(u);
            join(u, a);
            join(u, b);
            err = split_union(u, better);
            if (!isplit__effort_spend(u->effort, 1))
                return err;
        }
    }
    return err;
}

/* Each group with those that follow, and what is too large for that by parts. */
static int split_many(unions *u, bool *better)
{
    int err = 0;

    for (uint32_t a = 0; !err && a < u->split->groups; a++) {
        uint32_t from = 0;
        join_none(u);
        for (uint32_t i = 0; i < u->split->groups; i++) {
            uint32_t group = (uint32_t)((a + i) % u->split->groups);
            if (u->count + u->size[group] <= UNION_MAX)
                join(u, group);
        }
        err = split_union(u, better);
        for (; !err && u->size[a] > UNION_MAX && from < u->size[a]; from += STEP) {
            join_none(u);
            join_part(u, a, from);
            err = split_union(u, better);
        }
        if (!isplit__effort_spend(u->effort, 1))
            return err;
    }
    return err;
}

static int improve(unions *u)
{
    int err = 0;
    bool better = true;

    while (!err && better && u->split->groups < u->split->most) {
        better = false;
        err = split_pairs(u, &better);
        if (!err && !better)
            err = split_many(u, &better);
        better &= !isplit__effort_spent(u->effort);
    }
    return err;
}

int isplit__split_unions(isplit__split *split, isplit__effort *effort)
{
    unions *u = ic_mem_calloc(1, sizeof *u);

    if (!u)
        return IC_ERR_NOMEM;
    u->split = split;
    u->effort = effort;
    u->first = ic_mem_calloc(split->count, sizeof *u->first);
    u->next = ic_mem_calloc(split->count, sizeof *u->next);
    u->size = ic_mem_calloc(split->count, sizeof *u->size);
    int err = u->first && u->next && u->size ? 0 : IC_ERR_NOMEM;
    if (!err) {
        list_members(u);
        err = improve(u);
    }
    ic_mem_free(u->first);
    ic_mem_free(u->next);
    ic_mem_free(u->size);
    ic_mem_free(u);
    return err;
}
