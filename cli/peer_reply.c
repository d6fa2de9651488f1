#include "peer_reply.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void peer_say(peer_reply *reply, const char *format, ...)
{
    char text[PEER_SAY_MAX];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    reply->line(text, reply->user);
}

void peer_say_lines(peer_reply *reply, char *text)
{
    for (char *at = text; *at;) {
        char *end = at + strcspn(at, "\n");
        bool more = *end == '\n';
        *end = 0;
        reply->line(at, reply->user);
        at = more ? end + 1 : end;
    }
}

void peer_fail(peer_reply *reply, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(reply->error, sizeof reply->error, format, args);
    va_end(args);
    reply->failed = true;
}
