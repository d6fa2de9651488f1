/**
 * @file admin_input.h
 * What intercom-admin reads: passwords, secrets and messages.
 */
#ifndef ADMIN_INPUT_H
#define ADMIN_INPUT_H

#include <stdbool.h>
#include <stddef.h>

#define ADMIN_SECRET_MAX 1024
#define ADMIN_MESSAGE_MAX ((size_t)16 << 20)

/** A line that is not shown; in guarded memory. */
typedef struct admin_secret {
    size_t len;
    char text[ADMIN_SECRET_MAX + 1]; /* with a closing zero */
} admin_secret;

/** NULL, after telling why, when there is no memory. Free with admin_secret_free. */
admin_secret *admin_secret_new(void);
void admin_secret_free(admin_secret *secret);

/** Ask on the terminal without showing what is typed; false, after telling why, when
 * there is no terminal or no line. */
bool admin_ask(admin_secret *secret, const char *prompt);

/** The first line of a file, or of standard input for "-"; false after telling why. */
bool admin_read_line(admin_secret *secret, const char *path);

/** All of standard input, free() it; NULL after telling why. */
char *admin_read_message(size_t *len);

#endif
