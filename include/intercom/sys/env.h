/**
 * @file intercom/sys/env.h
 * The floor that protocol code stands on: time, randomness, log.
 *
 * An embedder replaces any of them; a test replaces all. Whoever takes an ic_env copies
 * it.
 */
#ifndef INTERCOM_SYS_ENV_H
#define INTERCOM_SYS_ENV_H

#include <stddef.h>
#include <stdint.h>

#include "intercom/api.h"

IC_BEGIN_DECLS

typedef enum ic_log_level {
    IC_LOG_ERROR = 0, /* something of ours failed */
    IC_LOG_WARN = 1,  /* works, but somebody should know */
    IC_LOG_INFO = 2,  /* a life event */
    IC_LOG_DEBUG = 3  /* for whoever hunts a bug */
} ic_log_level;

typedef struct ic_env {
    /** Monotonic time, nanoseconds from any origin. */
    uint64_t (*now_ns)(void *user);
    /** Wall clock, milliseconds since 1970 UTC. */
    int64_t (*wall_ms)(void *user);
    /** Fill `out` with `len` bytes that nobody can guess. */
    void (*random)(void *out, size_t len, void *user);
    /** One line of UTF-8 without line feed, already free of control characters; NULL =
     * silence. */
    void (*log)(ic_log_level level, const char *room, const char *text, void *user);
    void *user;
} ic_env;

/** The system's clocks and random source, no log. */
IC_API void ic_env_system(ic_env *env);

IC_END_DECLS

#endif
