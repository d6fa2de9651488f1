/**
 * @file peer_flags.h
 * The flags of intercom-peer, their environment names and defaults.
 *
 * Spec     docs/spec/12-sidechannel.md, section 10; docs/spec/13-sc-bridge.md, section 1
 */
#ifndef PEER_FLAGS_H
#define PEER_FLAGS_H

#include <stdbool.h>
#include <stdio.h>

#include "base/buf.h"
#include "peer_flag_map.h"

#define PEER_REASON_MAX 512

typedef enum peer_flag {
#define PEER_FLAG_ENUM(id, name, env, kind, plane, group, fallback, hint, help)          \
    PEER_FLAG_##id,
    PEER_FLAG_MAP(PEER_FLAG_ENUM)
#undef PEER_FLAG_ENUM
        PEER_FLAG_COUNT
} peer_flag;

typedef enum peer_flag_kind {
    PEER_KIND_BOOL,
    PEER_KIND_TEXT,
    PEER_KIND_NUMBER
} peer_flag_kind;

/** What a flag is for; the ones that are not built yet get a line of warning. */
typedef enum peer_plane { PEER_PLANE_HERE, PEER_PLANE_SUBNET, PEER_PLANE_MSB } peer_plane;

typedef enum peer_origin {
    PEER_FROM_DEFAULT,
    PEER_FROM_ENVIRONMENT,
    PEER_FROM_COMMAND_LINE
} peer_origin;

typedef struct peer_flag_info {
    const char *name; /* without "--" */
    const char *env;  /* NULL = none */
    peer_flag_kind kind;
    peer_plane plane;
    const char *group;
    const char *fallback; /* NULL = none */
    const char *hint;     /* of the value, such as "NAME" */
    const char *help;
} peer_flag_info;

/** What was given; texts are borrowed from the command line and the environment. */
typedef struct peer_flags {
    const char *value[PEER_FLAG_COUNT]; /* NULL = neither given nor defaulted */
    peer_origin origin[PEER_FLAG_COUNT];
    bool help;
    bool version;
} peer_flags;

typedef const char *(*peer_getenv)(const char *name);

const peer_flag_info *peer_flag_get(peer_flag flag);

/**
 * Read command line and environment. A flag wins over the environment, that over the
 * default; a text that is empty counts as absent.
 *
 * @return 0; IC_ERR_INVALID with a sentence in `why`
 */
IC_CHECK int peer_flags_read(peer_flags *flags, int argc, char *const *argv,
                             peer_getenv getenv_fn, char why[PEER_REASON_MAX]);

/** 1, true, yes, on in any case; `fallback` when absent. */
bool peer_flags_bool(const peer_flags *flags, peer_flag flag, bool fallback);

/** A whole number in min..max into `out`, which stays as it is when the flag is absent.
 *
 * @return 0; IC_ERR_INVALID with a sentence in `why` */
IC_CHECK int peer_flags_number(const peer_flags *flags, peer_flag flag, long min,
                               long max, long *out, char why[PEER_REASON_MAX]);

/** One line for each flag that was given and whose plane is not built yet. */
void peer_flags_warnings(const peer_flags *flags, ic__buf *out);

void peer_usage(FILE *to);

#endif
