#include <string.h>

#include "base/json.h"
#include "base/json_tree.h"
#include "base/utf8.h"

static void write_escape(ic__buf *b, uint32_t code)
{
    static const char letter[] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f',
                                  ['\r'] = 'r', ['"'] = '"',  ['\\'] = '\\'};

    if (code < sizeof letter && letter[code]) {
        ic__buf_char(b, '\\');
        ic__buf_char(b, letter[code]);
    } else {
        ic__buf_printf(b, "\\u%04x", (unsigned)code);
    }
}

void ic__json_write_text(ic__buf *b, const char *text, size_t len)
{
    const char *end = text + len;
    const char *plain = text; /* everything from here to `at` goes out as it is */
    const char *at = text;

    ic__buf_char(b, '"');
    while ((at = ic__json_skip_plain(at, end)) < end) {
        const char *start = at;
        uint32_t code = ic__utf8_next(&at, end);
        if (code == IC__UTF8_INVALID) {
            ic__buf_add(b, plain, (size_t)(start - plain));
            ic__utf8_add(b, IC__UTF8_REPLACEMENT);
            plain = at;
        } else if (code < 0x20 || code == '"' || code == '\\' ||
                   ic__utf8_surrogate(code)) {
            ic__buf_add(b, plain, (size_t)(start - plain));
            write_escape(b, code);
            plain = at;
        }
    }
    ic__buf_add(b, plain, (size_t)(end - plain));
    ic__buf_char(b, '"');
}

void ic__json_write_cstring(ic__buf *b, const char *text)
{
    if (text)
        ic__json_write_text(b, text, strlen(text));
    else
        ic__buf_text(b, "null");
}

static void write_value(ic__buf *b, const ic__json *v, bool canonical);

/* Recursion ends at IC__JSON_MAX_DEPTH: deeper trees are never built. */
static void write_items(ic__buf *b, const ic__json *v, bool canonical)
{
    bool named = v->kind == IC__JSON_OBJECT;
    ic__json **items = named && canonical ? v->sorted : v->items;

    ic__buf_char(b, named ? '{' : '[');
    for (size_t i = 0; i < v->count; i++) {
        if (i)
            ic__buf_char(b, ',');
        if (named) {
            ic__json_write_text(b, items[i]->name.data, items[i]->name.len);
            ic__buf_char(b, ':');
        }
        write_value(b, items[i], canonical);
    }
    ic__buf_char(b, named ? '}' : ']');
}

static void write_value(ic__buf *b, const ic__json *v, bool canonical)
{
    switch (ic__json_type(v)) {
    case IC__JSON_NOTHING:
    case IC__JSON_NULL:
        ic__buf_text(b, "null");
        break;
    case IC__JSON_BOOL:
        ic__buf_text(b, v->truth ? "true" : "false");
        break;
    case IC__JSON_NUMBER:
        ic__json_write_number(b, v->number);
        break;
    case IC__JSON_TEXT:
        ic__json_write_text(b, v->text.data, v->text.len);
        break;
    case IC__JSON_ARRAY:
    case IC__JSON_OBJECT:
        write_items(b, v, canonical);
        break;
    }
}

void ic__json_write(ic__buf *b, const ic__json *v)
{
    write_value(b, v, false);
}

void ic__json_write_canonical(ic__buf *b, const ic__json *v)
{
    write_value(b, v, true);
}
