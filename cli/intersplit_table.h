/**
 * @file intersplit_table.h
 * Aligned columns for people.
 */
#ifndef INTERSPLIT_TABLE_H
#define INTERSPLIT_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "text/buf.h"

#define CLI_COLUMNS_MAX 8

typedef enum cli_tone {
    CLI_PLAIN,
    CLI_GOOD, /* green: money that comes */
    CLI_BAD,  /* red: money that goes */
    CLI_DIM
} cli_tone;

typedef struct cli_cell {
    char *text;
    cli_tone tone;
} cli_cell;

typedef struct cli_table {
    size_t columns;
    bool right[CLI_COLUMNS_MAX]; /* aligned at the right, as numbers are */
    bool color;
    cli_cell *cells;
    size_t count;
    size_t cap;
    isplit__buf cell; /* the one that is being written */
    bool bad;         /* out of memory; cli_table_print tells */
} cli_table;

/** Should output be coloured? `when` is the option, NULL = on a terminal unless NO_COLOR
 * is set. */
bool cli_color(const char *when);

/** `columns` is such as "Name >Balance": a '>' before a title aligns at the right. */
void cli_table_init(cli_table *table, const char *const *columns, size_t count,
                    bool color);
/** End a cell, whose text was put into table->cell. */
void cli_table_end(cli_table *table, cli_tone tone);
/** A whole cell; text from people is escaped. */
void cli_table_text(cli_table *table, const char *text, cli_tone tone);
/** Print and release; false, after telling, when there was no memory. */
bool cli_table_print(cli_table *table);

#endif
