/**
 * @file import.h
 * What the readers of other programs' files have in common: they fill rows.
 */
#ifndef ISPLIT_IMPORT_H
#define ISPLIT_IMPORT_H

#include <jansson.h>

#include "intersplit/import.h"
#include "ledger/author.h"
#include "ledger/idmap.h"
#include "text/buf.h"
#include "text/csv.h"

/** A row on its way to an entry. A reader fills it from texts that it keeps. */
typedef struct isplit__import_row {
    size_t line; /* of CSV; the number of the expense of JSON; from 1 */
    isplit_entry_type type;
    bool payment;           /* it is one if one pays and another gets */
    isplit_split_mode mode; /* EQUAL, EXACT, WEIGHTS or PERCENT */
    const char *currency;   /* "" = the room's */
    unsigned exponent;
    const char *date; /* YYYY-MM-DD or "" */
    const char *note;
    const char *category;
    int64_t amount;
    isplit_share *paid; /* room for ISPLIT_SPLIT_MAX_MEMBERS, like the next */
    size_t paid_count;
    isplit_share *shares; /* minor: what the mode says */
    size_t share_count;
    uint8_t mark[ISPLIT__NONCE_BYTES]; /* it is known by; set when it is taken */
} isplit__import_row;

/** The lists of a row that is being filled. */
typedef struct isplit__import_lists {
    isplit_share paid[ISPLIT_SPLIT_MAX_MEMBERS];
    isplit_share shares[ISPLIT_SPLIT_MAX_MEMBERS];
} isplit__import_lists;

typedef struct isplit__import_text {
    struct isplit__import_text *next;
    char text[];
} isplit__import_text;

/** A name in the file and the one that its member has in the room. */
typedef struct isplit__import_name {
    const char *theirs;
    const char *ours;
} isplit__import_name;

struct isplit_import {
    isplit_import_info info;
    isplit__import_row **rows;
    size_t row_cap;
    isplit__import_text *texts;
    isplit__import_name names[ISPLIT__CSV_MAX_CELLS];
    size_t name_count;
    isplit__idmap seen; /* hash of a row's key -> how many rows had it */
    isplit__buf key;    /* what makes the row that is being read */
    isplit_reason why;
    bool unit; /* lines are called expenses */
};

/** Say what is wrong with a line; returns IC_ERR_INVALID. */
int isplit__import_fail(isplit_import *import, size_t line, const char *format, ...)
    IC_PRINTF(3, 4);

/** A copy that lives as long as the import; NULL without memory. */
const char *isplit__import_keep(isplit_import *import, const char *text, size_t len);

/** A name of theirs as one that an entry may have: at most 40 bytes, and a dash for what
 * has a meaning to us. */
void isplit__import_clean(const char *theirs, isplit__buf *out);

/** What their member is called in the room; the same name for the same name. */
int isplit__import_name_of(isplit_import *import, size_t line, const char *theirs,
                           const char **ours);

/** A decimal number with a sign, in minor units; more decimals are rounded, half away
 * from zero, and counted. */
int isplit__import_money(isplit_import *import, size_t line, const char *text,
                         unsigned exponent, int64_t *minor);

/** "EUR", or "" for a symbol and for no currency; its exponent. */
int isplit__import_currency(isplit_import *import, const char *text,
                            isplit__import_row *row);

/** The day that a text begins with, as YYYY-MM-DD. */
int isplit__import_date(isplit_import *import, size_t line, const char *text,
                        const char **date);

/** An empty row at a line; a reader has one at a time. */
isplit__import_row isplit__import_begin(isplit_import *import, size_t line,
                                        isplit__import_lists *lists);

/** Text that is part of what makes the row itself, whatever else the file holds. */
void isplit__import_key(isplit_import *import, const char *text);

/** Add somebody who paid, or who owes. */
int isplit__import_paid(isplit_import *import, isplit__import_row *row,
                        const char *theirs, int64_t minor);
int isplit__import_share(isplit_import *import, isplit__import_row *row,
                         const char *theirs, int64_t value);

/** Take a row whose keys and parts are there. What the parts come to is checked; an
 * amount below zero makes it a refund, zero passes it over. */
int isplit__import_take(isplit_import *import, isplit__import_row *row);

/** What a row is called, and behind it what more it says; NULL without memory. */
const char *isplit__import_note(isplit_import *import, const char *text,
                                const char *more);

/* import_csv.c: all that are tables; decides by the titles which one it is */
int isplit__import_tables(isplit_import *import, const char *text, size_t len);

/* import_json.c */
int isplit__import_json(isplit_import *import, const char *text, size_t len);

#endif
