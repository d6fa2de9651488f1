#include <sodium.h>
#include <time.h>

#include "intercom/sys/env.h"

static uint64_t system_now_ns(void *user)
{
    struct timespec t;

    (void)user;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int64_t system_wall_ms(void *user)
{
    struct timespec t;

    (void)user;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void system_random(void *out, size_t len, void *user)
{
    (void)user;
    randombytes_buf(out, len);
}

void ic_env_system(ic_env *env)
{
    *env = (ic_env){
        .now_ns = system_now_ns,
        .wall_ms = system_wall_ms,
        .random = system_random,
    };
}
