#include "base/env.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

static bool is_plain(uint32_t code)
{
    return code != IC__UTF8_INVALID && !ic__utf8_surrogate(code) && code >= 0x20 &&
           (code < 0x7f || code > 0x9f);
}

/* What a terminal could obey, and what is no letter, like one that was cut off. */
static void make_plain(char *line)
{
    const char *end = line + strlen(line);
    char *to = line;

    for (const char *at = line; at < end;) {
        const char *from = at;
        if (is_plain(ic__utf8_next(&at, end))) {
            memmove(to, from, (size_t)(at - from));
            to += at - from;
        } else {
            *to++ = '?';
        }
    }
    *to = 0;
}

void ic__log(const ic_env *env, ic_log_level level, const char *room, const char *format,
             ...)
{
    char line[512];
    va_list args;

    if (!env->log)
        return;
    va_start(args, format);
    int n = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (n < 0)
        return;
    make_plain(line);
    env->log(level, room, line, env->user);
}
