#include "count_alloc.h"

#include <malloc.h>
#include <stdlib.h>

#include "intercom/sys/mem.h"

static count_alloc_stats stats;

static void add(void *p)
{
    if (!p)
        return;
    stats.live_bytes += malloc_usable_size(p);
    if (stats.live_bytes > stats.peak_bytes)
        stats.peak_bytes = stats.live_bytes;
}

static void *counted_alloc(size_t size, void *user)
{
    void *p = malloc(size);

    (void)user;
    add(p);
    return p;
}

static void *counted_resize(void *old, size_t size, void *user)
{
    size_t before = old ? malloc_usable_size(old) : 0;
    void *p = realloc(old, size);

    (void)user;
    if (p) {
        stats.live_bytes -= before;
        add(p);
    }
    return p;
}

static void counted_release(void *p, void *user)
{
    (void)user;
    if (p)
        stats.live_bytes -= malloc_usable_size(p);
    free(p);
}

void count_alloc_start(void)
{
    static const ic_mem_functions counted = {
        .alloc = counted_alloc,
        .resize = counted_resize,
        .release = counted_release,
    };

    stats = (count_alloc_stats){0};
    ic_mem_set(&counted);
}

count_alloc_stats count_alloc_get(void)
{
    return stats;
}

count_alloc_stats count_alloc_stop(void)
{
    ic_mem_set(NULL);
    return stats;
}
