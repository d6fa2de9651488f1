#include "dht/tally.h"

#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"

void ic__tally_init(ic__tally *t, const ic_env *env, uint32_t max, uint32_t max_host)
{
    *t = (ic__tally){.max = max, .max_host = max_host};
    env->random(t->key, sizeof t->key, env->user);
}

void ic__tally_free(ic__tally *t)
{
    size_t at = 0;
    void *count;

    while ((count = ic__map_next(&t->hosts, &at)) != NULL)
        ic_mem_free(count);
    ic__map_free(&t->hosts);
}

/* Strangers choose hosts, but not where they land in the map. */
static uint64_t slot_of(const ic__tally *t, const ic__addr *host)
{
    uint8_t hash[crypto_shorthash_BYTES];
    uint64_t slot;

    crypto_shorthash(hash, host->ip, sizeof host->ip, t->key);
    memcpy(&slot, hash, sizeof slot);
    return slot;
}

static int add_host(ic__tally *t, uint64_t slot)
{
    uint32_t *count = ic_mem_alloc(sizeof *count);

    if (!count)
        return IC_ERR_NOMEM;
    *count = 1;
    int err = ic__map_put(&t->hosts, slot, count);
    if (err)
        ic_mem_free(count);
    return err;
}

int ic__tally_add(ic__tally *t, const ic__addr *host)
{
    uint64_t slot = slot_of(t, host);
    uint32_t *count = ic__map_get(&t->hosts, slot);
    int err = 0;

    if (count && t->max_host && *count >= t->max_host)
        return IC_ERR_LIMIT;
    if (t->count >= t->max)
        return IC_ERR_LIMIT;
    if (count)
        ++*count;
    else
        err = add_host(t, slot);
    if (!err)
        t->count++;
    return err;
}

void ic__tally_remove(ic__tally *t, const ic__addr *host)
{
    uint64_t slot = slot_of(t, host);
    uint32_t *count = ic__map_get(&t->hosts, slot);

    t->count--;
    if (--*count > 0)
        return;
    ic_mem_free(ic__map_take(&t->hosts, slot));
}
