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

typedef struct isplit__import_list {
    isplit_share *of;
    size_t count;
} isplit__import_list;

/** A row on its way to an entry. A reader fills it from texts that the import keeps. */
typedef struct isplit__import_row {
    struct isplit__import_row *next;
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
    isplit__import_list paid;
    isplit__import_list shares;        /* minor: what the mode says */
    uint8_t mark[ISPLIT__NONCE_BYTES]; /* it is known by; set when it is taken */
} isplit__import_row;

/** A piece of memory that lives as long as the import. */
typedef struct isplit__import_piece {
    struct isplit__import_piece *next;
    _Alignas(8) char bytes[];
} isplit__import_piece;

/** A name in the file and the one that its member has in the room. */
typedef struct isplit__import_name {
    const char *theirs;
    const char *ours;
} isplit__import_name;

struct isplit_import {
    isplit_import_info info;
    isplit__import_row *rows; /* in order */
    isplit__import_row *last;
    isplit__import_piece *pieces;
    isplit__import_name names[ISPLIT__CSV_MAX_CELLS];
    size_t name_count;
    isplit__idmap seen; /* hash of a row's key -> how many rows had it */
    isplit_reason why;
    bool unit; /* lines are called expenses */

    isplit__import_row row; /* that is being read */
    isplit__buf key;        /* what makes it */
    isplit_share paid[ISPLIT_SPLIT_MAX_MEMBERS];
    isplit_share shares[ISPLIT_SPLIT_MAX_MEMBERS];
};

/* --- what a reader does; each of these is about the row that is being read --- */

/** Begin the row of this line. */
void isplit__import_begin(isplit_import *import, size_t line);

/** Say what is wrong with it; returns IC_ERR_INVALID. */
int isplit__import_fail(isplit_import *import, const char *format, ...) IC_PRINTF(2, 3);

/** A copy that lives as long as the import; NULL without memory. */
const char *isplit__import_keep(isplit_import *import, const char *text);
const char *isplit__import_keep_part(isplit_import *import, const char *text, size_t len);

/** A name of theirs as one that an entry may have: at most 40 bytes, and a dash for what
 * has a meaning to us. */
void isplit__import_clean(const char *theirs, isplit__buf *out);

/** A decimal number with a sign, in units of so many decimals; more of them are rounded,
 * half away from zero. */
int isplit__import_number(isplit_import *import, const char *text, unsigned decimals,
                          int64_t *value, bool *exact);
/** The same of an amount in the row's currency. */
int isplit__import_money(isplit_import *import, const char *text, int64_t *minor);

/** "EUR", or a symbol or nothing for the room's. */
int isplit__import_currency(isplit_import *import, const char *text);
/** The day that a text begins with, as YYYY-MM-DD. */
int isplit__import_date(isplit_import *import, const char *text);
/** What it is called, and behind it what more it says. */
int isplit__import_note(isplit_import *import, const char *text, const char *more);

/** Text that is part of what makes the row itself, whatever else the file holds. */
void isplit__import_key(isplit_import *import, const char *text);

/** Add somebody who paid, or who owes, to a list of the row. */
int isplit__import_add(isplit_import *import, isplit__import_list *list,
                       const char *theirs, int64_t value);

/** Take a row whose keys and parts are there. What the parts come to is checked; an
 * amount below zero makes it a refund, zero passes it over. */
int isplit__import_take(isplit_import *import);

/* import_csv.c: all that are tables; decides by the titles which one it is */
int isplit__import_tables(isplit_import *import, const char *text, size_t len);

/* import_json.c */
int isplit__import_json(isplit_import *import, const char *text, size_t len);

#endif
