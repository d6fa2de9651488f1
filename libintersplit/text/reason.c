#include "text/reason.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "intercom/error.h"

/* Take away the first bytes of a character whose rest was cut off. */
static void drop_cut_character(char *text)
{
    size_t len = strlen(text);
    size_t at = len;

    while (at && ((unsigned char)text[at - 1] & 0xc0) == 0x80)
        at--;
    if (!at || (unsigned char)text[at - 1] < 0xc0)
        return;
    unsigned char lead = (unsigned char)text[at - 1];
    size_t want = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (len - (at - 1) < want)
        text[at - 1] = 0;
}

int isplit__refuse(isplit_reason *why, const char *format, ...)
{
    va_list args;

    if (!why)
        return IC_ERR_INVALID;
    va_start(args, format);
    int n = vsnprintf(why->text, sizeof why->text, format, args);
    va_end(args);
    if (n < 0)
        why->text[0] = 0;
    else if ((size_t)n >= sizeof why->text)
        drop_cut_character(why->text);
    for (char *at = why->text; *at; at++) {
        unsigned char c = (unsigned char)*at;
        if (c < 0x20 || c == 0x7f)
            *at = '?';
    }
    return IC_ERR_INVALID;
}
