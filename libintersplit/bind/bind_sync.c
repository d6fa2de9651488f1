/* Fetching what is missing (section 4.4). Only who asks remembers anything: the ranges
 * that it still lacks, which it fetches from whoever has the same ledger as the one that
 * it asked first. */
#include <string.h>

#include "bind/bind_reply.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"

#define JOB_EVENTS 160   /* that fit on a page, more or less */
#define JOBS_UNDER_WAY 4 /* their events wait for those of the first: 1 024 at most */
#define JOBS_A_PEER 2
#define JOB_TRIES 4
#define JOB_PATIENCE (8 * ISPLIT__SECOND)
#define QUIET (5 * ISPLIT__SECOND)
#define FRESH (300 * ISPLIT__SECOND) /* a hello counts so long */
#define BARRED (30 * ISPLIT__SECOND)
#define LONGEST_REST 6 /* 2^6 seconds between comparisons that bring nothing */

static void drop_jobs(isplit__talk *t)
{
    ic_mem_free(t->jobs);
    t->jobs = NULL;
    t->job_count = 0;
}

static void remove_job(isplit__talk *t, size_t at)
{
    t->job_count--;
    memmove(&t->jobs[at], &t->jobs[at + 1], (t->job_count - at) * sizeof *t->jobs);
    if (!t->job_count)
        drop_jobs(t);
}

/* Neighbouring ranges are fetched together as long as they fit on a page. What does not
 * fit into the list comes with the next comparison. */
void isplit__sync_add_job(isplit__reply *r, const isplit__range *range, uint64_t count)
{
    isplit__talk *t = r->t;
    isplit__job *last = t->job_count ? &t->jobs[t->job_count - 1] : NULL;

    if (last && !last->deadline &&
        isplit__bound_compare(&last->range.hi, &range->lo) == 0 &&
        last->count + count <= JOB_EVENTS &&
        isplit__index_at(r->x, &range->hi) - isplit__index_at(r->x, &last->range.lo) <=
            ISPLIT__SPLIT) {
        last->range.hi = range->hi;
        last->count += count;
        return;
    }
    if (!t->jobs)
        t->jobs = ic_mem_calloc(ISPLIT__MAX_JOBS, sizeof *t->jobs);
    if (t->jobs && t->job_count < ISPLIT__MAX_JOBS)
        t->jobs[t->job_count++] = (isplit__job){.range = *range, .count = count};
}

static size_t under_way(const isplit__talk *t, const isplit__id *peer)
{
    size_t count = 0;

    for (size_t i = 0; i < t->job_count; i++)
        count += t->jobs[i].deadline &&
                 (!peer || isplit__id_compare(&t->jobs[i].peer, peer) == 0);
    return count;
}

static bool can_ask(const isplit__talk *t, const isplit__hello *h)
{
    const isplit__peer *peer = isplit__peer_find(t->bind, &h->key);

    return peer && peer->barred_until <= t->bind->now && isplit__peer_has_room(peer) &&
           under_way(t, &h->key) < JOBS_A_PEER;
}

/* The one with least to do of those who have what the partner has. */
static isplit__peer *choose_peer(const isplit__talk *t)
{
    const isplit__hello *best = can_ask(t, &t->with) ? &t->with : NULL;

    for (size_t i = 0; i < t->hello_count; i++) {
        const isplit__hello *h = &t->hellos[i];
        if (memcmp(h->fp, t->with.fp, sizeof h->fp) != 0 ||
            h->at + FRESH < t->bind->now || !can_ask(t, h))
            continue;
        if (!best || under_way(t, &h->key) < under_way(t, &best->key))
            best = h;
    }
    return best ? isplit__peer_find(t->bind, &best->key) : NULL;
}

/* Ask for one range by saying which events of it we have. */
static int send_job(isplit__talk *t, isplit__job *job, isplit__peer *peer)
{
    isplit__reply r;

    isplit__bind_sid(t->bind, job->sid);
    int err = isplit__reply_start(&r, t, peer, job->sid);
    if (err)
        return err;
    r.mine = true;
    isplit__reply_list(&r, &job->range);
    (void)isplit__reply_end(&r, 0);
    job->peer = peer->key;
    job->deadline = t->bind->now + JOB_PATIENCE;
    job->tries++;
    return 0;
}

/* What comes before its turn waits in the room: never ask for more than fits there. */
static bool may_send(const isplit__talk *t, size_t job)
{
    isplit__place *place = NULL;
    size_t asked = under_way(t, NULL);

    if (!job)
        return true;
    return asked < JOBS_UNDER_WAY && isplit__talk_place(t, &place) == 0 &&
           place->room->waiting_count + (asked + 1) * JOB_EVENTS <= ISPLIT__WAITING_MAX;
}

static void dispatch_jobs(isplit__talk *t)
{
    for (size_t i = 0; i < t->job_count; i++) {
        if (t->jobs[i].deadline)
            continue;
        isplit__peer *peer = may_send(t, i) ? choose_peer(t) : NULL;
        if (!peer || send_job(t, &t->jobs[i], peer) != 0)
            return;
    }
}

static void end(isplit__talk *t, bool equal)
{
    bool progress = t->bind->stats.new_events != t->new_before;

    drop_jobs(t);
    t->comparing = false;
    t->failures = equal || progress ? 0 : t->failures + (t->failures < LONGEST_REST);
    t->rest_until = t->bind->now + (t->failures ? ISPLIT__SECOND << t->failures : 0);
    if (progress)
        isplit__talk_hello_within(t, 500, 2000);
    if (progress && !equal)
        isplit__sync_plan(t, &t->with, 200);
    else if (!equal)
        isplit__talk_hello_within(t, 100, 1000);
}

/* Has the comparison come to its end? */
static void settle(isplit__talk *t)
{
    uint8_t fp[ISPLIT__PRINT_BYTES];
    isplit__place *place = NULL;

    if (!t->comparing || isplit__talk_place(t, &place) != 0)
        return;
    isplit__sum_fingerprint(&place->room->state.sum, fp);
    bool equal = memcmp(fp, t->with.fp, sizeof fp) == 0;
    if (equal || (!t->job_count && t->bind->now >= t->quiet_at))
        end(t, equal);
}

int isplit__sync_hear(isplit__talk *t, isplit__peer *peer, const char *sid,
                      const json_t *ranges)
{
    isplit__reply r;

    int err = isplit__reply_start(&r, t, peer, sid);
    if (!err)
        err = isplit__reply_ranges(&r, ranges);
    if (!isplit__reply_end(&r, err) && r.mine) {
        t->quiet_at = t->bind->now + QUIET;
        dispatch_jobs(t);
        settle(t);
    }
    return err;
}

void isplit__sync_got(isplit__talk *t, const isplit__peer *peer, const char *sid,
                      const isplit__bound *next)
{
    if (!t->comparing)
        return;
    if (strcmp(t->sid, sid) == 0) /* more than a page: the next comparison goes on */
        t->quiet_at = t->bind->now + (next ? 0 : QUIET);
    for (size_t i = 0; i < t->job_count; i++) {
        isplit__job *job = &t->jobs[i];
        if (!job->deadline || strcmp(job->sid, sid) != 0 ||
            isplit__id_compare(&job->peer, &peer->key) != 0)
            continue;
        t->quiet_at = t->bind->now + QUIET;
        if (next && isplit__bound_compare(next, &job->range.lo) > 0 &&
            isplit__bound_compare(next, &job->range.hi) < 0) {
            job->range.lo = *next;
            job->deadline = 0;
            job->tries = 0;
        } else {
            remove_job(t, i);
        }
        break;
    }
    dispatch_jobs(t);
    settle(t);
}

void isplit__sync_bar(isplit__talk *t, isplit__peer *peer)
{
    peer->barred_until = t->bind->now + BARRED;
    for (size_t i = 0; i < t->job_count; i++) {
        if (isplit__id_compare(&t->jobs[i].peer, &peer->key) == 0)
            t->jobs[i].deadline = 0;
    }
    if (t->comparing && isplit__id_compare(&t->with.key, &peer->key) == 0) {
        drop_jobs(t);
        t->comparing = false;
    }
}

void isplit__sync_plan(isplit__talk *t, const isplit__hello *with, uint64_t delay_ms)
{
    const isplit__peer *peer = isplit__peer_find(t->bind, &with->key);
    uint64_t at = t->bind->now + isplit__bind_random(t->bind, delay_ms + 1) * ISPLIT__MS;

    if (t->comparing || !peer || peer->barred_until > t->bind->now)
        return;
    if (at < t->rest_until)
        at = t->rest_until;
    if (t->start_at == ISPLIT_BIND_NEVER || with->count > t->with.count)
        t->with = *with;
    if (at < t->start_at)
        t->start_at = at;
}

static void begin(isplit__talk *t)
{
    isplit__reply r;
    static const isplit__range all = {.hi = {.lc = ISPLIT__BOUND_END}};
    isplit__peer *peer = isplit__peer_find(t->bind, &t->with.key);

    t->start_at = ISPLIT_BIND_NEVER;
    if (!peer || !isplit__peer_has_room(peer))
        return;
    isplit__bind_sid(t->bind, t->sid);
    t->comparing = true;
    if (isplit__reply_start(&r, t, peer, t->sid) != 0) {
        t->comparing = false;
        return;
    }
    t->new_before = t->bind->stats.new_events;
    t->quiet_at = t->bind->now + QUIET;
    t->bind->stats.rounds++;
    isplit__reply_compare(&r, &all, t->with.count, t->with.fp);
    (void)isplit__reply_end(&r, 0);
    dispatch_jobs(t);
    settle(t);
}

static void give_up(isplit__talk *t)
{
    drop_jobs(t);
    t->quiet_at = t->bind->now;
}

void isplit__sync_expire(isplit__talk *t)
{
    uint64_t now = t->bind->now;

    if (!t->comparing && t->start_at <= now)
        begin(t);
    for (size_t i = 0; i < t->job_count; i++) {
        isplit__job *job = &t->jobs[i];
        if (!job->deadline || job->deadline > now)
            continue;
        job->deadline = 0;
        if (job->tries >= JOB_TRIES) {
            give_up(t);
            break;
        }
    }
    dispatch_jobs(t);
    if (!under_way(t, NULL) && now >= t->quiet_at)
        drop_jobs(t); /* nobody is left who could be asked */
    settle(t);
}

uint64_t isplit__sync_deadline(const isplit__talk *t)
{
    uint64_t at = t->comparing ? ISPLIT_BIND_NEVER : t->start_at;

    if (t->comparing && !under_way(t, NULL))
        at = t->quiet_at;
    for (size_t i = 0; i < t->job_count; i++) {
        if (t->jobs[i].deadline && t->jobs[i].deadline < at)
            at = t->jobs[i].deadline;
    }
    return at;
}

uint64_t isplit__sync_to_come(const isplit__talk *t)
{
    uint64_t count = 0;

    for (size_t i = 0; i < t->job_count; i++)
        count += t->jobs[i].count;
    return count;
}
