/**
 * @file base/json_tree.h
 * The inside of a JSON tree, for the json_*.c files.
 */
#ifndef BASE_JSON_TREE_H
#define BASE_JSON_TREE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/json.h"

typedef struct ic__json_piece { /* text of known length, zero byte behind it */
    const char *data;
    size_t len;
} ic__json_piece;

struct ic__json {
    ic__json_kind kind;
    bool truth;
    double number;
    ic__json_piece text; /* content of a text, characters of a number */
    ic__json_piece name; /* of a member */
    size_t place;        /* among its siblings in the source */
    size_t count;
    ic__json **items;  /* elements, or members in property order */
    ic__json **sorted; /* members by UTF-16 code units */
    ic__json *before;  /* while parsing: the element or member before this one */
};

/** Does this byte of a text stand for itself? */
static inline bool ic__json_is_plain(char c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/** One such answer for eight bytes at once: each of them is in a lane of its own. Where a
 * lane borrows from the next, it was odd itself. */
static inline bool ic__json_are_plain(const char *at)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t tops = ones << 7; /* set in a lane whose byte is odd */
    uint64_t x;

    memcpy(&x, at, sizeof x);
    uint64_t quote = x ^ ones * '"'; /* a lane of zero is one: minus 1 has its top set */
    uint64_t slash = x ^ ones * '\\';
    uint64_t rubout = x ^ ones * 0x7f;
    uint64_t odd =
        x | (x - ones * 0x20) | (quote - ones) | (slash - ones) | (rubout - ones);
    return !(odd & tops);
}

/** Behind the bytes that stand for themselves, as most do. */
static inline const char *ic__json_skip_plain(const char *at, const char *end)
{
    while (end - at >= (ptrdiff_t)sizeof(uint64_t) && ic__json_are_plain(at))
        at += sizeof(uint64_t);
    while (at < end && ic__json_is_plain(*at))
        at++;
    return at;
}

/** The double that JavaScript reads from a number token of `len` characters. */
double ic__json_number_read(const char *token, size_t len);

#endif
