#include "peer_text.h"

#include <stdbool.h>
#include <string.h>
#include <wchar.h>

#include "base/utf8.h"

static bool steers(uint32_t code)
{
    if (code < 0x20)
        return code != '\t';
    return (code >= 0x7f && code <= 0x9f) || code == 0x061c || code == 0x200e ||
           code == 0x200f || (code >= 0x2028 && code <= 0x202e) ||
           (code >= 0x2066 && code <= 0x2069) || code == IC__UTF8_INVALID ||
           ic__utf8_surrogate(code);
}

void peer_text_safe(ic__buf *out, const char *text)
{
    const char *end = text + strlen(text);

    while (text < end) {
        uint32_t code = ic__utf8_next(&text, end);
        ic__utf8_add(out, steers(code) ? IC__UTF8_REPLACEMENT : code);
    }
}

size_t peer_text_columns(const char *text, const char *end)
{
    size_t sum = 0;

    while (text < end) {
        uint32_t code = ic__utf8_next(&text, end);
        int width = steers(code) ? -1 : wcwidth((wchar_t)code);
        sum += width < 0 ? 1 : (size_t)width; /* what is replaced has one */
    }
    return sum;
}
