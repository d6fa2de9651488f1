/**
 * @file csv.h
 * Tables of comma separated values, as RFC 4180 writes them.
 */
#ifndef ISPLIT_CSV_H
#define ISPLIT_CSV_H

#include <stdbool.h>
#include <stddef.h>

#include "text/buf.h"

#define ISPLIT__CSV_MAX_CELLS 512
#define ISPLIT__CSV_MAX_ROW 65536 /* bytes of a row's cells */

/** A cell of text: quoted where that is needed, and never a formula. Numbers are written
 * as they are. */
void isplit__csv_put(isplit__buf *b, const char *text);

/** A row; the cells have no quotes and no guards any more. */
typedef struct isplit__csv_row {
    const char *cells[ISPLIT__CSV_MAX_CELLS]; /* each ends with a zero */
    size_t count;
    size_t line; /* where it begins, from 1 */
} isplit__csv_row;

typedef struct isplit__csv {
    const char *at;
    const char *end;
    size_t line;
    char *cells;       /* of the row */
    const char *wrong; /* what is wrong with the row at `line`; NULL = nothing */
} isplit__csv;

/** Read `text`, which must stay; a byte order mark is passed over. @return 0 or
 * IC_ERR_NOMEM */
int isplit__csv_open(isplit__csv *csv, const char *text, size_t len);
void isplit__csv_close(isplit__csv *csv);

/** The next row, also an empty one (no cells); false at the end and for a row that is
 * `wrong`. */
bool isplit__csv_next(isplit__csv *csv, isplit__csv_row *row);

/** The column of that title, or SIZE_MAX. */
size_t isplit__csv_find(const isplit__csv_row *head, const char *title);

/** The cell of a column; "" when the row is too short or the column SIZE_MAX. */
const char *isplit__csv_cell(const isplit__csv_row *row, size_t column);

#endif
