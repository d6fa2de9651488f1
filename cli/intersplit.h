/**
 * @file intersplit.h
 * intersplit-cli: one program of small commands that read a ledger and end.
 *
 * A command lives in its own file and is listed in a table there; intersplit.c knows the
 * tables.
 */
#ifndef INTERSPLIT_CLI_H
#define INTERSPLIT_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "intersplit/reason.h"

/** What the program ends with; documented in intersplit-cli(1). */
enum {
    CLI_OK = 0,
    CLI_FAILED = 1,    /* a file, the disk or memory */
    CLI_USAGE = 2,     /* the command line */
    CLI_REFUSED = 3,   /* what was read is wrong: a file's content, balances, a damage */
    CLI_BUSY = 4,      /* another process holds the store */
    CLI_NOT_FOUND = 5, /* no such store, room, entry or payment */
};

/** The options; a command says which of them it takes. */
enum {
    CLI_STORE = 1u << 0,
    CLI_ROOM = 1u << 1,
    CLI_JSON = 1u << 2,
    CLI_JSONL = 1u << 3,
    CLI_FORMAT = 1u << 4,
    CLI_WHAT = 1u << 5,
    CLI_MODE = 1u << 6,
    CLI_WRITE = 1u << 7,
    CLI_KEY = 1u << 8,
    CLI_COLOR = 1u << 9,
    CLI_ALL = 1u << 10,
};

#define CLI_WORDS_MAX 8

typedef struct cli_args {
    const char *store; /* NULL = standard input */
    const char *room;
    const char *format;
    const char *what;
    const char *mode;
    const char *key;
    const char *password_file;
    const char *color; /* "auto", "always" or "never" */
    bool json;
    bool jsonl;
    bool write;
    bool all;
    const char *words[CLI_WORDS_MAX];
    size_t word_count;
} cli_args;

typedef struct cli_command {
    const char *name;    /* NULL ends a table */
    const char *summary; /* for the list of commands */
    const char *help;    /* the lines below "Usage: intersplit-cli " */
    unsigned options;
    size_t words_min;
    size_t words_max;

    /** Returns the exit code. */
    int (*run)(const struct cli_command *command, const cli_args *args);
} cli_command;

extern const cli_command cli_export_commands[];
extern const cli_command cli_history_commands[];
extern const cli_command cli_import_commands[];
extern const cli_command cli_room_commands[];
extern const cli_command cli_settle_commands[];
extern const cli_command cli_why_commands[];

/** Say what is wrong with the command line on stderr; returns CLI_USAGE. */
int cli_usage_error(const cli_command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** "intersplit-cli: " and one line on stderr; returns `code`. */
int cli_fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** The same for an error of the libraries, with its reason if it gave one. */
int cli_fail_error(int error, const isplit_reason *why);

#endif
