/**
 * @file admin.h
 * intercom-admin: one program of many small commands.
 *
 * A command lives in its own file and is listed in a table there; admin.c knows the
 * tables.
 */
#ifndef ADMIN_H
#define ADMIN_H

/** What the program ends with; documented in intercom-admin(1). */
enum { ADMIN_OK = 0, ADMIN_FAILED = 1, ADMIN_USAGE = 2, ADMIN_NOT_VERIFIED = 3 };

typedef struct admin_command {
    const char *name;    /* one or two words, such as "key new"; NULL ends a table */
    const char *summary; /* for the list of commands */
    const char *help;    /* the lines below "Usage: intercom-admin " */

    /** `argv[0]` is the last word of the name. Returns the exit code. */
    int (*run)(const struct admin_command *command, int argc, char **argv);
} admin_command;

extern const admin_command admin_key_commands[];

/** Say what is wrong with the command line on stderr; returns ADMIN_USAGE. */
int admin_usage_error(const admin_command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** Print the command's help on stdout; returns ADMIN_OK. */
int admin_print_help(const admin_command *command);

/** "intercom-admin: " and one line on stderr; returns ADMIN_FAILED. */
int admin_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
