/**
 * @file intersplit_folder.h
 * The folder with the copy of a ledger that is being read; there is one at a time.
 *
 * Money of people lies in it, so it goes away with the process, also when a signal ends
 * that: a key, or a reader that has seen enough.
 */
#ifndef INTERSPLIT_FOLDER_H
#define INTERSPLIT_FOLDER_H

typedef enum cli_folder_file {
    CLI_FOLDER_STORE = 0, /* and what SQLite puts beside it */
    CLI_FOLDER_SNAPSHOT
} cli_folder_file;

/** Make it, in TMPDIR or /tmp. Returns CLI_OK, or CLI_FAILED after telling why. */
int cli_folder_make(void);

/** The path of a file in it. */
const char *cli_folder_path(cli_folder_file file);

/** Remove it and what is in it; without one nothing happens. */
void cli_folder_remove(void);

#endif
