#include "text/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"

#define FIRST_CAP 64

bool isplit__grow(void *array, size_t need, size_t *cap, size_t size)
{
    void *old;

    if (need <= *cap)
        return true;
    size_t more = need + need / 2 + 4;
    memcpy(&old, array, sizeof old);
    void *grown = ic_mem_resize(old, more * size);
    if (!grown)
        return false;
    memcpy(array, &grown, sizeof grown);
    *cap = more;
    return true;
}

bool isplit__widen(void *array, size_t at, size_t *count, size_t *cap, size_t size)
{
    char *elements;

    if (!isplit__grow(array, *count + 1, cap, size))
        return false;
    memcpy(&elements, array, sizeof elements);
    memmove(elements + (at + 1) * size, elements + at * size, (*count - at) * size);
    ++*count;
    return true;
}

size_t isplit__search(const void *array, size_t count, size_t size, const void *wanted,
                      isplit__compare_cb compare)
{
    size_t low = 0;

    while (low < count) {
        size_t mid = (low + count) / 2;
        if (compare((const char *)array + mid * size, wanted) < 0)
            low = mid + 1;
        else
            count = mid;
    }
    return low;
}

/* Room for `more` bytes and the closing zero. */
static bool reserve(isplit__buf *b, size_t more)
{
    if (b->bad || more >= SIZE_MAX / 4 - b->len) {
        b->bad = true;
        return false;
    }
    size_t need = b->len + more + 1;
    if (need <= b->cap)
        return true;
    size_t cap = b->cap ? b->cap : FIRST_CAP;
    while (cap < need)
        cap *= 2;
    char *data = ic_mem_resize(b->data, cap);
    if (!data) {
        b->bad = true;
        return false;
    }
    b->data = data;
    b->cap = cap;
    return true;
}

void isplit__buf_add(isplit__buf *b, const void *data, size_t len)
{
    if (!reserve(b, len))
        return;
    if (len)
        memcpy(b->data + b->len, data, len);
    b->len += len;
    b->data[b->len] = 0;
}

void isplit__buf_text(isplit__buf *b, const char *text)
{
    isplit__buf_add(b, text, strlen(text));
}

void isplit__buf_printf(isplit__buf *b, const char *format, ...)
{
    va_list args;
    va_list again;

    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n < 0)
        b->bad = true;
    else if (reserve(b, (size_t)n)) {
        (void)vsnprintf(b->data + b->len, (size_t)n + 1, format, again);
        b->len += (size_t)n;
    }
    va_end(again);
}

void isplit__buf_hex(isplit__buf *b, const uint8_t *data, size_t len)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        const char pair[2] = {digits[data[i] >> 4], digits[data[i] & 15]};
        isplit__buf_add(b, pair, sizeof pair);
    }
}

static void add_escaped(isplit__buf *b, unsigned char c)
{
    static const char letters[] = "btn\0fr"; /* of 8 to 13; 11 has none */

    if (c == '"' || c == '\\')
        isplit__buf_printf(b, "\\%c", c);
    else if (c >= 8 && c <= 13 && c != 11)
        isplit__buf_printf(b, "\\%c", letters[c - 8]);
    else
        isplit__buf_printf(b, "\\u%04x", c);
}

void isplit__buf_json_text(isplit__buf *b, const char *text, size_t len)
{
    size_t from = 0;

    isplit__buf_text(b, "\"");
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        isplit__buf_add(b, text + from, i - from);
        add_escaped(b, c);
        from = i + 1;
    }
    isplit__buf_add(b, text + from, len - from);
    isplit__buf_text(b, "\"");
}

char *isplit__buf_take(isplit__buf *b)
{
    isplit__buf_add(b, "", 0);
    char *data = b->bad ? NULL : b->data;
    if (!data)
        ic_mem_free(b->data);
    *b = (isplit__buf){0};
    return data;
}

int isplit__buf_finish(isplit__buf *b, char **out)
{
    char *text = isplit__buf_take(b);

    if (!text)
        return IC_ERR_NOMEM;
    *out = text;
    return 0;
}

void isplit__buf_free(isplit__buf *b)
{
    ic_mem_free(b->data);
    *b = (isplit__buf){0};
}
