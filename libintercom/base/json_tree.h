/**
 * @file base/json_tree.h
 * The inside of a JSON tree, for the json_*.c files.
 */
#ifndef BASE_JSON_TREE_H
#define BASE_JSON_TREE_H

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

/** The double that JavaScript reads from a number token of `len` characters. */
double ic__json_number_read(const char *token, size_t len);

#endif
