#include "fail_alloc.h"

#include <stdlib.h>

#include "intercom/sys/mem.h"
#include "unit.h"

#define MOST_ALLOCATIONS 100000

static size_t countdown; /* 0 = never fail */
static size_t alive;
static int hit;

static int must_fail(void)
{
    if (!countdown)
        return 0;
    if (countdown > 1) {
        countdown--;
        return 0;
    }
    hit = 1;
    return 1;
}

static void *counted_alloc(size_t size, void *user)
{
    if (must_fail())
        return NULL;
    void *p = malloc(size);
    if (p)
        alive++;
    return p;
}

static void *counted_resize(void *old, size_t size, void *user)
{
    if (must_fail())
        return NULL;
    void *p = realloc(old, size);
    if (p && !old)
        alive++;
    return p;
}

static void counted_release(void *p, void *user)
{
    alive--;
    free(p);
}

void fail_alloc_start(size_t nth)
{
    static const ic_mem_functions counted = {
        .alloc = counted_alloc,
        .resize = counted_resize,
        .release = counted_release,
    };

    countdown = nth;
    alive = 0;
    hit = 0;
    ic_mem_set(&counted);
}

size_t fail_alloc_stop(void)
{
    ic_mem_set(NULL);
    return alive;
}

int fail_alloc_hit(void)
{
    return hit;
}

void fail_alloc_each(void (*body)(void *arg), void *arg)
{
    for (size_t nth = 1; nth < MOST_ALLOCATIONS; nth++) {
        fail_alloc_start(nth);
        body(arg);
        if (fail_alloc_stop() != 0)
            fail_msg("allocation %zu failed and something stayed behind", nth);
        if (!hit)
            return;
    }
    fail_msg("still allocating after %d allocations", MOST_ALLOCATIONS);
}
