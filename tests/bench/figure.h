/**
 * @file figure.h
 * What a benchmark prints: one JSON line a figure, gathered by scripts/bench.
 *
 *   {"figure":"plan_100_members","value":4.2,"unit":"ms","limit":50,"ok":true}
 */
#ifndef FIGURE_H
#define FIGURE_H

#include <stdint.h>

/** A figure that has no limit. `name` and `unit` are plain words. */
void figure(const char *name, double value, const char *unit);

/** A figure that should not pass `limit` (times, sizes). */
void figure_at_most(const char *name, double value, const char *unit, double limit);

/** A figure that should reach `limit` (throughput). */
void figure_at_least(const char *name, double value, const char *unit, double limit);

/** Monotonic nanoseconds. */
uint64_t figure_now_ns(void);

/** Nanoseconds of this thread on a processor: a disk or a neighbour has no part in them.
 */
uint64_t figure_cpu_ns(void);

/** Order `times` and return the value below which `percent` of them lie. */
uint64_t figure_percentile(uint64_t *times, uint32_t count, unsigned percent);

/** Resident memory of process `pid` (0 = this one) in KiB; 0 when it cannot be read. */
uint64_t figure_resident_kib(int pid);

#endif
