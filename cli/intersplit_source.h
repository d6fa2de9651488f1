/**
 * @file intersplit_source.h
 * Where a ledger is read from: a peer's store, a snapshot, or either on standard input.
 *
 * It is always a copy that is read, so a running peer is not disturbed, a store that may
 * not be written can be read, and nothing is left behind.
 */
#ifndef INTERSPLIT_SOURCE_H
#define INTERSPLIT_SOURCE_H

#include "intersplit.h"
#include "intersplit/book.h"

typedef struct cli_source {
    isplit_book *book;
    ic_identity *identity; /* of nobody: it never signs */
    char *room;            /* the one that was asked for, or the only one */
    const isplit_state *state;
} cli_source;

/** Open what --store and --room say. Returns CLI_OK, or another code after telling why;
 * close it in any case. */
int cli_source_open(cli_source *source, const cli_args *args);
void cli_source_close(cli_source *source);

/** As cli_source_open, but the room need not be there, nor the store: then both are
 * empty. */
int cli_source_open_new(cli_source *source, const cli_args *args);

/** Open, tell, close. Returns the exit code. */
typedef int (*cli_show_cb)(const cli_source *source, const cli_args *args);
int cli_show(const cli_args *args, cli_show_cb tell);

/** The balances of the room, as the command of that name shows them. */
int cli_balance(const cli_source *source, const cli_args *args);

/** All of a file, or of standard input for NULL and "-"; free with ic_mem_free. NULL
 * after telling why. */
char *cli_read_file(const char *path, size_t *len);

/** "PATH", or "PATH/ledger.db" for a folder; ic_mem_free, NULL without memory. */
char *cli_store_path(const char *path);

#endif
