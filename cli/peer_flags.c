#include "peer_flags.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "intercom/error.h"
#include "peer_near.h"

static const peer_flag_info table[PEER_FLAG_COUNT] = {
#define PEER_FLAG_ROW(id, name, env, kind, plane, group, fallback, hint, help)           \
    [PEER_FLAG_##id] = {                                                                 \
        name, env, PEER_KIND_##kind, PEER_PLANE_##plane, group, fallback, hint, help},
    PEER_FLAG_MAP(PEER_FLAG_ROW)
#undef PEER_FLAG_ROW
};

const peer_flag_info *peer_flag_get(peer_flag flag)
{
    return &table[flag];
}

static bool find(const char *name, size_t len, peer_flag *out)
{
    for (int i = 0; i < PEER_FLAG_COUNT; i++) {
        if (strncmp(table[i].name, name, len) == 0 && table[i].name[len] == 0) {
            *out = (peer_flag)i;
            return true;
        }
    }
    return false;
}

static int refuse_unknown(const char *name, size_t len, char why[PEER_REASON_MAX])
{
    char typed[PEER_NEAR_MAX + 1];
    peer_near near = {0};

    if (len <= PEER_NEAR_MAX) {
        (void)snprintf(typed, sizeof typed, "%.*s", (int)len, name);
        for (int i = 0; i < PEER_FLAG_COUNT; i++)
            peer_near_offer(&near, typed, table[i].name);
    }
    if (near.name[0])
        (void)snprintf(why, PEER_REASON_MAX,
                       "unknown flag --%.*s; did you mean --%s? (--help lists all flags)",
                       len < 60 ? (int)len : 60, name, near.name);
    else
        (void)snprintf(why, PEER_REASON_MAX,
                       "unknown flag --%.*s (--help lists all flags)",
                       len < 60 ? (int)len : 60, name);
    return IC_ERR_INVALID;
}

/* One flag at argv[*at]; its value may be the next argument. */
static int take_flag(peer_flags *flags, int argc, char *const *argv, int *at,
                     char why[PEER_REASON_MAX])
{
    const char *name = argv[*at] + 2;
    size_t len = strcspn(name, "=");
    const char *value = "true"; /* what a bare flag means */
    peer_flag flag;

    if (!find(name, len, &flag))
        return refuse_unknown(name, len, why);
    if (name[len])
        value = name + len + 1;
    else if (*at + 1 < argc && strncmp(argv[*at + 1], "--", 2) != 0)
        value = argv[++*at];
    flags->value[flag] = value;
    flags->origin[flag] = PEER_FROM_COMMAND_LINE;
    return 0;
}

static int take_command_line(peer_flags *flags, int argc, char *const *argv,
                             char why[PEER_REASON_MAX])
{
    for (int i = 1; i < argc; i++) {
        const char *arg = argv[i];
        if (strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0) {
            flags->help = true;
        } else if (strcmp(arg, "--version") == 0 || strcmp(arg, "-V") == 0) {
            flags->version = true;
        } else if (strncmp(arg, "--", 2) == 0 && arg[2]) {
            int error = take_flag(flags, argc, argv, &i, why);
            if (error)
                return error;
        } else {
            (void)snprintf(why, PEER_REASON_MAX,
                           "'%.60s' stands alone; a flag begins with -- and a value with "
                           "blanks needs quotes (--help lists all flags)",
                           arg);
            return IC_ERR_INVALID;
        }
    }
    return 0;
}

static void fall_through(peer_flags *flags, peer_getenv getenv_fn)
{
    for (int i = 0; i < PEER_FLAG_COUNT; i++) {
        if (flags->value[i] && flags->value[i][0])
            continue;
        const char *env = table[i].env ? getenv_fn(table[i].env) : NULL;
        bool set = env && env[0];
        flags->value[i] = set ? env : table[i].fallback;
        flags->origin[i] = set ? PEER_FROM_ENVIRONMENT : PEER_FROM_DEFAULT;
    }
}

/* Two names of one setting: the command line in either name wins over the environment. */
static void merge(peer_flags *flags, peer_flag main, peer_flag other)
{
    if (flags->origin[main] >= flags->origin[other])
        return;
    flags->value[main] = flags->value[other];
    flags->origin[main] = flags->origin[other];
}

int peer_flags_read(peer_flags *flags, int argc, char *const *argv, peer_getenv getenv_fn,
                    char why[PEER_REASON_MAX])
{
    peer_flags read = {0};

    int error = take_command_line(&read, argc, argv, why);
    if (error)
        return error;
    fall_through(&read, getenv_fn);
    merge(&read, PEER_FLAG_SIDECHANNELS, PEER_FLAG_SIDECHANNEL);
    merge(&read, PEER_FLAG_PEER_DHT_BOOTSTRAP, PEER_FLAG_DHT_BOOTSTRAP);
    *flags = read;
    return 0;
}

bool peer_flags_bool(const peer_flags *flags, peer_flag flag, bool fallback)
{
    static const char *const yes[] = {"1", "true", "yes", "on"};
    const char *text = flags->value[flag];

    if (!text)
        return fallback;
    text += strspn(text, " \t");
    size_t len = strcspn(text, " \t");
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
        if (strlen(yes[i]) == len && strncasecmp(text, yes[i], len) == 0)
            return true;
    }
    return false;
}

int peer_flags_number(const peer_flags *flags, peer_flag flag, long min, long max,
                      long *out, char why[PEER_REASON_MAX])
{
    const char *text = flags->value[flag];
    char *end;

    if (!text)
        return 0;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (errno || end == text || *end || value < min || value > max) {
        (void)snprintf(why, PEER_REASON_MAX,
                       "--%s takes a whole number from %ld to %ld, not '%.60s'",
                       table[flag].name, min, max, text);
        return IC_ERR_INVALID;
    }
    *out = value;
    return 0;
}

static const char *plane_text(peer_plane plane)
{
    switch (plane) {
    case PEER_PLANE_SUBNET:
        return "the subnet plane";
    case PEER_PLANE_MSB:
        return "the settlement plane (MSB)";
    case PEER_PLANE_HERE:
        break;
    }
    return NULL;
}

void peer_flags_warnings(const peer_flags *flags, ic__buf *out)
{
    for (int i = 0; i < PEER_FLAG_COUNT; i++) {
        const char *plane = plane_text(table[i].plane);
        if (!plane || flags->origin[i] == PEER_FROM_DEFAULT)
            continue;
        bool env = flags->origin[i] == PEER_FROM_ENVIRONMENT;
        ic__buf_printf(out, "warning: %s%s has no effect yet: %s is not built\n",
                       env ? "" : "--", env ? table[i].env : table[i].name, plane);
    }
}
