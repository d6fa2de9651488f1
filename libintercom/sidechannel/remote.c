#include "sidechannel/remote.h"

#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"

void ic__remotes_init(ic__remotes *remotes)
{
    *remotes = (ic__remotes){0};
    ic__queue_init(&remotes->all);
}

void ic__remotes_free(ic__remotes *remotes)
{
    for (ic__link *at = ic__queue_pop(&remotes->all); at;
         at = ic__queue_pop(&remotes->all))
        ic_mem_free(IC__ELEMENT(at, ic__remote, link));
    remotes->gone_count = 0;
}

static ic__remote *find(ic__remotes *remotes, const char *key)
{
    for (ic__link *at = remotes->all.ends.next; at != &remotes->all.ends; at = at->next) {
        ic__remote *r = IC__ELEMENT(at, ic__remote, link);
        if (strcmp(r->key, key) == 0)
            return r;
    }
    return NULL;
}

int ic__remote_use(ic__remotes *remotes, const char *key,
                   const ic__policy_options *settings, uint64_t now, ic__remote **out)
{
    ic__remote *r = find(remotes, key);

    if (!r) {
        r = ic_mem_calloc(1, sizeof *r);
        if (!r)
            return IC_ERR_NOMEM;
        memcpy(r->key, key, sizeof r->key);
        ic__limiter_init(&r->limiter, settings, now);
        ic__bucket_init(&r->relay, settings->relay_burst_bytes, now);
        ic__queue_push(&remotes->all, &r->link);
    } else if (!r->links) {
        remotes->gone_count--;
    }
    r->links++;
    *out = r;
    return 0;
}

static void forget(ic__remotes *remotes, ic__remote *r)
{
    ic__queue_remove(&remotes->all, &r->link);
    remotes->gone_count--;
    ic_mem_free(r);
}

/* Those of the past that are like new peers by now; else the one that will be first. */
static void make_room(ic__remotes *remotes, const ic__policy_options *settings,
                      uint32_t max_gone, uint64_t now)
{
    ic__remote *least = NULL;
    uint64_t least_until = 0;
    ic__link *next;

    for (ic__link *at = remotes->all.ends.next; at != &remotes->all.ends; at = next) {
        ic__remote *r = IC__ELEMENT(at, ic__remote, link);
        uint64_t until = ic__limiter_matters_until(&r->limiter, settings);
        next = at->next;
        if (r->links)
            continue;
        if (until <= now) {
            forget(remotes, r);
        } else if (!least || until < least_until) {
            least = r;
            least_until = until;
        }
    }
    if (least && remotes->gone_count > max_gone)
        forget(remotes, least);
}

void ic__remote_leave(ic__remotes *remotes, ic__remote *remote,
                      const ic__policy_options *settings, uint32_t max_gone, uint64_t now)
{
    if (--remote->links)
        return;
    remotes->gone_count++;
    make_room(remotes, settings, max_gone, now);
}
