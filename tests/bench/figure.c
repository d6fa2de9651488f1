#include "figure.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void figure(const char *name, double value, const char *unit)
{
    (void)printf("{\"figure\":\"%s\",\"value\":%.6g,\"unit\":\"%s\"}\n", name, value,
                 unit);
    (void)fflush(stdout);
}

static void with_limit(const char *name, double value, const char *unit, double limit,
                       bool ok)
{
    (void)printf("{\"figure\":\"%s\",\"value\":%.6g,\"unit\":\"%s\",\"limit\":%.6g,"
                 "\"ok\":%s}\n",
                 name, value, unit, limit, ok ? "true" : "false");
    (void)fflush(stdout);
}

void figure_at_most(const char *name, double value, const char *unit, double limit)
{
    with_limit(name, value, unit, limit, value <= limit);
}

void figure_at_least(const char *name, double value, const char *unit, double limit)
{
    with_limit(name, value, unit, limit, value >= limit);
}

static uint64_t read_clock(clockid_t clock)
{
    struct timespec now;

    (void)clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t figure_now_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

uint64_t figure_cpu_ns(void)
{
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

uint64_t figure_percentile(uint64_t *times, uint32_t count, unsigned percent)
{
    if (!count)
        return 0;
    qsort(times, count, sizeof *times, by_size);
    uint64_t at = (uint64_t)count * percent / 100;
    return times[at < count ? at : count - 1];
}

uint64_t figure_resident_kib(int pid)
{
    char path[64];
    char line[128];

    (void)snprintf(path, sizeof path, "/proc/%d/statm", pid ? pid : (int)getpid());
    FILE *file = fopen(path, "r");
    if (!file)
        return 0;
    const char *second = fgets(line, sizeof line, file) ? strchr(line, ' ') : NULL;
    (void)fclose(file);
    uint64_t pages = second ? strtoull(second, NULL, 10) : 0;
    return pages * (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
}
