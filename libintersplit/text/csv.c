#include "text/csv.h"

#include <stdint.h>
#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "text/name.h"

#define FORMULA "=+-@\t\r" /* what spreadsheets calculate */

void isplit__csv_put(isplit__buf *b, const char *text)
{
    bool formula = *text && strchr(FORMULA, *text);
    bool quote = text[strcspn(text, ",\"\r\n")] != 0;

    isplit__buf_text(b, quote ? "\"" : "");
    isplit__buf_text(b, formula ? "'" : "");
    for (; *text; text++)
        isplit__buf_add(b, *text == '"' ? "\"\"" : text, *text == '"' ? 2 : 1);
    isplit__buf_text(b, quote ? "\"" : "");
}

int isplit__csv_open(isplit__csv *csv, const char *text, size_t len)
{
    static const char mark[] = "\xef\xbb\xbf";
    size_t skip = len >= 3 && memcmp(text, mark, 3) == 0 ? 3 : 0;

    *csv = (isplit__csv){.at = text + skip, .end = text + len, .line = 1};
    csv->cells = ic_mem_alloc(ISPLIT__CSV_MAX_ROW);
    return csv->cells ? 0 : IC_ERR_NOMEM;
}

void isplit__csv_close(isplit__csv *csv)
{
    ic_mem_free(csv->cells);
    csv->cells = NULL;
}

/* A row while it is read: `used` bytes of the cells, `lines` that it goes over. */
typedef struct reading {
    isplit__csv *csv;
    isplit__csv_row *row;
    size_t used;
    size_t lines;
} reading;

static bool fail(reading *r, const char *wrong)
{
    r->csv->wrong = wrong;
    return false;
}

static bool put(reading *r, char c)
{
    if (r->used == ISPLIT__CSV_MAX_ROW)
        return fail(r, "the row is too long");
    if (!c)
        return fail(r, "there is a zero byte");
    r->csv->cells[r->used++] = c;
    return true;
}

static bool read_quoted(reading *r)
{
    isplit__csv *csv = r->csv;

    for (csv->at++; csv->at < csv->end; csv->at++) {
        if (*csv->at == '"' && (++csv->at == csv->end || *csv->at != '"'))
            return true;
        r->lines += *csv->at == '\n';
        if (!put(r, *csv->at))
            return false;
    }
    return fail(r, "a quote is not closed");
}

static bool at_end_of_cell(const isplit__csv *csv)
{
    return csv->at == csv->end || *csv->at == ',' || *csv->at == '\n' ||
           (*csv->at == '\r' && (csv->at + 1 == csv->end || csv->at[1] == '\n'));
}

/* "'=1" was guarded by whoever wrote it. */
static const char *without_guard(const char *cell)
{
    return cell[0] == '\'' && cell[1] && strchr(FORMULA, cell[1]) ? cell + 1 : cell;
}

static bool read_cell(reading *r)
{
    isplit__csv *csv = r->csv;
    const char *cell = csv->cells + r->used;

    if (r->row->count == ISPLIT__CSV_MAX_CELLS)
        return fail(r, "the row has too many cells");
    if (csv->at < csv->end && *csv->at == '"' && !read_quoted(r))
        return false;
    for (; !at_end_of_cell(csv); csv->at++) {
        if (!put(r, *csv->at))
            return false;
    }
    size_t len = (size_t)(csv->cells + r->used - cell);
    if (!isplit__utf8_valid(cell, len))
        return fail(r, "it is not UTF-8");
    if (r->used == ISPLIT__CSV_MAX_ROW)
        return fail(r, "the row is too long");
    csv->cells[r->used++] = 0;
    r->row->cells[r->row->count++] = without_guard(cell);
    return true;
}

/* Step over the line end; a row of one empty cell is an empty row. */
static void end_row(reading *r)
{
    isplit__csv *csv = r->csv;

    csv->at += csv->at < csv->end && *csv->at == '\r';
    csv->at += csv->at < csv->end && *csv->at == '\n';
    csv->line += r->lines + 1;
    if (r->row->count == 1 && !*r->row->cells[0])
        r->row->count = 0;
}

bool isplit__csv_next(isplit__csv *csv, isplit__csv_row *row)
{
    reading r = {.csv = csv, .row = row};

    if (csv->at == csv->end || csv->wrong)
        return false;
    row->count = 0;
    row->line = csv->line;
    while (read_cell(&r)) {
        if (csv->at < csv->end && *csv->at == ',') {
            csv->at++;
            continue;
        }
        end_row(&r);
        return true;
    }
    return false;
}

size_t isplit__csv_find(const isplit__csv_row *head, const char *title)
{
    for (size_t i = 0; i < head->count; i++) {
        if (strcmp(head->cells[i], title) == 0)
            return i;
    }
    return SIZE_MAX;
}

const char *isplit__csv_cell(const isplit__csv_row *row, size_t column)
{
    return column < row->count ? row->cells[column] : "";
}
