#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/size.h"
#include "intercom/sys/mem.h"

#define FIRST_CAP 64

/* Room for `more` bytes and the closing zero. */
static bool reserve(ic__buf *b, size_t more)
{
    size_t need;

    if (b->bad)
        return false;
    if (!ic__add_size(b->len, more, &need) || (b->max && need > b->max) ||
        need == SIZE_MAX) {
        b->bad = true;
        return false;
    }
    if (need < b->cap)
        return true;
    size_t cap = b->cap ? b->cap : FIRST_CAP;
    while (cap <= need)
        cap = cap > SIZE_MAX / 2 ? need + 1 : cap * 2;
    char *data = ic_mem_resize(b->data, cap);
    if (!data) {
        b->bad = true;
        return false;
    }
    b->data = data;
    b->cap = cap;
    return true;
}

void ic__buf_add(ic__buf *b, const void *data, size_t len)
{
    if (!reserve(b, len))
        return;
    if (len)
        memcpy(b->data + b->len, data, len);
    b->len += len;
    b->data[b->len] = 0;
}

void ic__buf_text(ic__buf *b, const char *text)
{
    ic__buf_add(b, text, strlen(text));
}

void ic__buf_char(ic__buf *b, char c)
{
    ic__buf_add(b, &c, 1);
}

/* Most texts fit into what is there. */
void ic__buf_printf(ic__buf *b, const char *format, ...)
{
    size_t room = b->bad || !b->data ? 0 : b->cap - b->len;
    va_list args;
    va_list again;

    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(room ? b->data + b->len : NULL, room, format, args);
    va_end(args);
    if (n < 0)
        b->bad = true;
    else if (reserve(b, (size_t)n)) {
        if ((size_t)n >= room)
            (void)vsnprintf(b->data + b->len, (size_t)n + 1, format, again);
        b->len += (size_t)n;
    }
    va_end(again);
}

char *ic__buf_take(ic__buf *b)
{
    ic__buf_add(b, "", 0);
    char *data = b->bad ? NULL : b->data;
    if (!data)
        ic_mem_free(b->data);
    *b = (ic__buf){.max = b->max};
    return data;
}

void ic__buf_reset(ic__buf *b)
{
    b->len = 0;
    b->bad = false;
    if (b->data)
        b->data[0] = 0;
}

void ic__buf_free(ic__buf *b)
{
    ic_mem_free(b->data);
    *b = (ic__buf){.max = b->max};
}
