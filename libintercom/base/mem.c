#include "intercom/sys/mem.h"

#include <stdlib.h>
#include <string.h>

#include "base/size.h"

static void *system_alloc(size_t size, void *user)
{
    (void)user;
    return malloc(size);
}

static void *system_resize(void *p, size_t size, void *user)
{
    (void)user;
    return realloc(p, size);
}

static void system_release(void *p, void *user)
{
    (void)user;
    free(p);
}

static const ic_mem_functions system_functions = {
    .alloc = system_alloc,
    .resize = system_resize,
    .release = system_release,
};

static ic_mem_functions current = {
    .alloc = system_alloc,
    .resize = system_resize,
    .release = system_release,
};

void ic_mem_set(const ic_mem_functions *functions)
{
    current = functions ? *functions : system_functions;
}

void *ic_mem_alloc(size_t size)
{
    return current.alloc(size ? size : 1, current.user);
}

void *ic_mem_calloc(size_t count, size_t size)
{
    size_t bytes;

    if (!ic__mul_size(count, size, &bytes))
        return NULL;
    void *p = ic_mem_alloc(bytes);
    if (p)
        memset(p, 0, bytes);
    return p;
}

void *ic_mem_resize(void *p, size_t size)
{
    return current.resize(p, size ? size : 1, current.user);
}

void ic_mem_free(void *p)
{
    if (p)
        current.release(p, current.user);
}
