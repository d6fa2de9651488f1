/* Meet in the middle: all sums of either half of the members in order, then one goes up
 * while the other goes down. */
#include "plan/plan_sets.h"

#include <stdlib.h>
#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"

#define HALF_MAX ((size_t)1 << 20) /* different subsets of half the members */

#define STEPS 4 /* that each of them costs */

typedef struct block {
    int64_t minor;
    unsigned member[ISPLIT__PLAN_SEARCH];
    unsigned count;
} block;

static int larger_first(const void *a, const void *b)
{
    const block *x = a;
    const block *y = b;

    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return x->minor < y->minor ? -1 : x->minor > y->minor;
}

static unsigned find_blocks(block *blocks, const isplit__split *split)
{
    unsigned count = 0;

    for (unsigned i = 0; i < split->count; i++) {
        unsigned at = 0;
        while (at < count && blocks[at].minor != split->minor[i])
            at++;
        if (at == count)
            blocks[count++] = (block){.minor = split->minor[i]};
        blocks[at].member[blocks[at].count++] = i;
    }
    qsort(blocks, count, sizeof *blocks, larger_first);
    return count;
}

static void append_block(isplit__crowd *crowd, const block *b)
{
    uint64_t mask = UINT64_MAX >> (ISPLIT__PLAN_SEARCH - b->count) << crowd->count;

    crowd->again |= mask & (mask - 1);
    crowd->owed |= b->minor > 0 ? mask : 0;
    for (unsigned i = 0; i < b->count; i++) {
        crowd->block[crowd->count] = mask;
        crowd->minor[crowd->count] = b->minor;
        crowd->member[crowd->count++] = b->member[i];
    }
}

/* A block of k has k + 1 different subsets; the halves get about as many each. */
bool isplit__crowd_make(isplit__crowd *crowd, const isplit__split *split)
{
    block blocks[ISPLIT__PLAN_SEARCH];
    bool second[ISPLIT__PLAN_SEARCH];
    size_t sets[2] = {1, 1};

    *crowd = (isplit__crowd){0};
    if (split->count > ISPLIT__PLAN_SEARCH)
        return false;
    unsigned count = find_blocks(blocks, split);
    for (unsigned i = 0; i < count; i++) {
        second[i] = sets[1] < sets[0];
        sets[second[i]] *= blocks[i].count + 1;
        if (sets[second[i]] > HALF_MAX)
            return false;
        if (!second[i])
            append_block(crowd, &blocks[i]);
    }
    crowd->cut = crowd->count;
    crowd->subsets = sets[0] + sets[1];
    for (unsigned i = 0; i < count; i++) {
        if (second[i])
            append_block(crowd, &blocks[i]);
    }
    return true;
}

typedef struct subset {
    int64_t sum;
    uint64_t set;
} subset;

typedef struct half {
    subset *at; /* by sum, then size */
    size_t count;
} half;

static unsigned size_of(const subset *s)
{
    return (unsigned)__builtin_popcountll(s->set);
}

static bool is_below(const subset *s, const subset *than)
{
    return s->sum != than->sum ? s->sum < than->sum : size_of(s) < size_of(than);
}

/* Beside each subset the same with one member more: a merge from the end, in place, for
 * what is written lies above what is still to be read. */
static void add_member(half *h, unsigned member, int64_t minor)
{
    subset *s = h->at;
    uint64_t own = UINT64_C(1) << member;
    size_t without = h->count;
    size_t with = h->count;

    for (size_t put = 2 * h->count; put-- > 0;) {
        subset more = {0};
        if (with)
            more = (subset){s[with - 1].sum + minor, s[with - 1].set | own};
        if (with && !(without && is_below(&more, &s[without - 1]))) {
            s[put] = more;
            with--;
        } else {
            s[put] = s[--without];
        }
    }
    h->count *= 2;
}

/* Only the first members of a block stand in a set. */
static void keep_first_of_block(half *h, unsigned member)
{
    size_t put = 0;

    for (size_t i = 0; i < h->count; i++) {
        if ((h->at[i].set >> (member - 1) & 3) != 2)
            h->at[put++] = h->at[i];
    }
    h->count = put;
}

static int make_half(half *h, const isplit__crowd *crowd, unsigned from, unsigned to)
{
    size_t sets = 1;
    size_t most = 1;

    for (unsigned i = from, alike = 1; i < to; i++) {
        alike = crowd->again >> i & 1 ? alike + 1 : 1;
        most = 2 * sets > most ? 2 * sets : most;
        sets = sets / alike * (alike + 1);
    }
    h->at = ic_mem_alloc(most * sizeof *h->at);
    if (!h->at)
        return IC_ERR_NOMEM;
    h->at[0] = (subset){0};
    h->count = 1;
    for (unsigned i = from; i < to; i++) {
        add_member(h, i - from, crowd->minor[i]);
        if (crowd->again >> i & 1)
            keep_first_of_block(h, i - from);
    }
    return 0;
}

/* Runs of equal sums in both halves that sum to zero. */
typedef struct runs {
    half h[2];
    size_t low[2]; /* first of the run */
    size_t end[2]; /* behind its last */
} runs;

static size_t run_end(const half *h, size_t low)
{
    size_t end = low;

    while (end < h->count && h->at[end].sum == h->at[low].sum)
        end++;
    return end;
}

static size_t run_start(const half *h, size_t end)
{
    size_t low = end;

    while (low && h->at[low - 1].sum == h->at[end - 1].sum)
        low--;
    return low;
}

static void first_runs(runs *r)
{
    r->end[0] = 0;
    r->low[1] = r->h[1].count;
}

static bool next_runs(runs *r)
{
    size_t up = r->end[0];
    size_t down = r->low[1];

    while (up < r->h[0].count && down) {
        int64_t sum = r->h[0].at[up].sum + r->h[1].at[down - 1].sum;
        if (sum == 0) {
            r->low[0] = up;
            r->end[0] = run_end(&r->h[0], up);
            r->end[1] = down;
            r->low[1] = run_start(&r->h[1], down);
            return true;
        }
        if (sum < 0)
            up++;
        else
            down--;
    }
    return false;
}

/* How many sets have each size. */
static void count_sizes(runs *r, size_t *of_size)
{
    first_runs(r);
    while (next_runs(r)) {
        size_t sizes[ISPLIT__PLAN_SEARCH + 1] = {0};
        unsigned most = size_of(&r->h[1].at[r->end[1] - 1]);
        for (size_t i = r->low[1]; i < r->end[1]; i++)
            sizes[size_of(&r->h[1].at[i])]++;
        for (size_t i = r->low[0]; i < r->end[0]; i++) {
            for (unsigned k = size_of(&r->h[1].at[r->low[1]]); k <= most; k++)
                of_size[size_of(&r->h[0].at[i]) + k] += sizes[k];
        }
    }
    of_size[0] = 0;
}

/* Put each set of at most out->full members where its size belongs. */
static void write_sets(runs *r, unsigned cut, size_t *place, isplit__sets *out)
{
    first_runs(r);
    while (next_runs(r)) {
        for (size_t i = r->low[0]; i < r->end[0]; i++) {
            const subset *a = &r->h[0].at[i];
            for (size_t k = r->low[1]; k < r->end[1]; k++) {
                const subset *b = &r->h[1].at[k];
                unsigned size = size_of(a) + size_of(b);
                if (size > out->full)
                    break;
                if (size)
                    out->set[place[size]++] = a->set | b->set << cut;
            }
        }
    }
}

static int collect(runs *r, const isplit__crowd *crowd, size_t max, isplit__sets *out)
{
    size_t of_size[ISPLIT__PLAN_SEARCH + 1] = {0};
    size_t place[ISPLIT__PLAN_SEARCH + 1] = {0};

    count_sizes(r, of_size);
    out->count = 0;
    out->full = 0;
    /* of two groups one has at most half of the members */
    for (unsigned size = 1; size <= crowd->count / 2; size++) {
        if (of_size[size] > max - out->count)
            break;
        place[size] = out->count;
        out->count += of_size[size];
        out->full = size;
    }
    out->set = ic_mem_alloc((out->count + 1) * sizeof *out->set);
    if (!out->set)
        return IC_ERR_NOMEM;
    write_sets(r, crowd->cut, place, out);
    return 0;
}

int isplit__sets_list(const isplit__crowd *crowd, size_t max, isplit__effort *effort,
                      isplit__sets *out)
{
    runs r = {0};

    if (!isplit__effort_spend(effort, STEPS * crowd->subsets))
        return IC_ERR_LIMIT;
    int err = make_half(&r.h[0], crowd, 0, crowd->cut);
    if (!err)
        err = make_half(&r.h[1], crowd, crowd->cut, crowd->count);
    if (!err)
        err = collect(&r, crowd, max, out);
    ic_mem_free(r.h[0].at);
    ic_mem_free(r.h[1].at);
    return err;
}
