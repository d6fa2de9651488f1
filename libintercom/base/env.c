#include "base/env.h"

#include <stdarg.h>
#include <stdio.h>

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
    for (char *at = line; *at; at++) {
        unsigned char c = (unsigned char)*at;
        if (c < 0x20 || c == 0x7f)
            *at = '?';
    }
    env->log(level, room, line, env->user);
}
