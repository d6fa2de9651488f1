/**
 * @file base/env.h
 * Units of time, and logging through an ic_env.
 */
#ifndef BASE_ENV_H
#define BASE_ENV_H

#include <stdint.h>

#include "intercom/sys/env.h"

#define IC__NEVER UINT64_MAX
#define IC__US UINT64_C(1000)
#define IC__MS UINT64_C(1000000)
#define IC__SEC UINT64_C(1000000000)

/** `interval` nanoseconds after `since`; what lies beyond the end of time is never. */
static inline uint64_t ic__after(uint64_t since, uint64_t interval)
{
    return interval < IC__NEVER - since ? since + interval : IC__NEVER;
}

/** Send one line to the log of `env`, at most 511 bytes; control characters and what is
 * not UTF-8 become '?'. Never a secret. */
void ic__log(const ic_env *env, ic_log_level level, const char *room, const char *format,
             ...) IC_PRINTF(4, 5);

#endif
