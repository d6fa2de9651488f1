#include "intersplit_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include "form/form.h"
#include "intercom/sys/mem.h"
#include "intersplit.h"
#include "text/name.h"

#define GAP 2

static const char *const tones[] = {
    [CLI_PLAIN] = "",
    [CLI_GOOD] = "\033[32m",
    [CLI_BAD] = "\033[31m",
    [CLI_DIM] = "\033[2m",
};

bool cli_color(const char *when)
{
    const char *no = getenv("NO_COLOR");

    if (when && strcmp(when, "always") == 0)
        return true;
    if (when && strcmp(when, "never") == 0)
        return false;
    return isatty(STDOUT_FILENO) && !(no && *no);
}

void cli_table_init(cli_table *table, const char *const *columns, size_t count,
                    bool color)
{
    *table = (cli_table){.columns = count, .color = color};
    for (size_t i = 0; i < count; i++) {
        table->right[i] = columns[i][0] == '>';
        cli_table_text(table, columns[i] + table->right[i], CLI_DIM);
    }
}

void cli_table_end(cli_table *t, cli_tone tone)
{
    char *text = isplit__buf_take(&t->cell);

    if (t->count == t->cap && text) {
        size_t cap = t->cap ? t->cap * 2 : 64;
        cli_cell *cells = ic_mem_resize(t->cells, cap * sizeof *cells);
        if (cells) {
            t->cells = cells;
            t->cap = cap;
        }
    }
    if (!text || t->count == t->cap) {
        ic_mem_free(text);
        t->bad = true;
        return;
    }
    t->cells[t->count++] = (cli_cell){.text = text, .tone = tone};
}

void cli_table_text(cli_table *table, const char *text, cli_tone tone)
{
    isplit__form_text(&table->cell, "", text);
    cli_table_end(table, tone);
}

/* Columns on the screen; what has no known width counts as one. */
static size_t width_of(const char *text)
{
    size_t width = 0;
    size_t left = strlen(text);

    while (left) {
        uint32_t code = 0;
        size_t n = isplit__utf8_next(text, left, &code);
        int w = n ? wcwidth((wchar_t)code) : 1;
        width += w < 0 ? 1 : (size_t)w;
        n = n ? n : 1;
        text += n;
        left -= n;
    }
    return width;
}

static void measure(const cli_table *t, size_t widths[CLI_COLUMNS_MAX])
{
    memset(widths, 0, CLI_COLUMNS_MAX * sizeof *widths);
    for (size_t i = 0; i < t->count; i++) {
        size_t width = width_of(t->cells[i].text);
        if (width > widths[i % t->columns])
            widths[i % t->columns] = width;
    }
}

/* A column without any text takes no place, and no line ends with blanks. */
static void print_row(const cli_table *t, size_t first,
                      const size_t widths[CLI_COLUMNS_MAX])
{
    size_t blanks = 0;

    for (size_t i = 0; i < t->columns; i++) {
        const cli_cell *c = &t->cells[first + i];
        size_t pad = widths[i] - width_of(c->text);
        bool color = t->color && *tones[c->tone];
        blanks += t->right[i] ? pad : 0;
        if (*c->text) {
            (void)printf("%*s%s%s%s", (int)blanks, "", color ? tones[c->tone] : "",
                         c->text, color ? "\033[0m" : "");
            blanks = 0;
        }
        blanks += (t->right[i] ? 0 : pad) + (widths[i] ? GAP : 0);
    }
    (void)putchar('\n');
}

bool cli_table_print(cli_table *t)
{
    size_t widths[CLI_COLUMNS_MAX];
    bool good = !t->bad;

    measure(t, widths);
    for (size_t i = 0; good && i < t->count; i += t->columns)
        print_row(t, i, widths);
    for (size_t i = 0; i < t->count; i++)
        ic_mem_free(t->cells[i].text);
    ic_mem_free(t->cells);
    isplit__buf_free(&t->cell);
    if (!good)
        (void)cli_fail(CLI_FAILED, "out of memory");
    return good;
}
