/**
 * @file intersplit_copy.h
 * A copy of a store that another process may be writing.
 */
#ifndef INTERSPLIT_COPY_H
#define INTERSPLIT_COPY_H

/**
 * Copy the SQLite file `from` and its write-ahead log to `to`.
 *
 * The database file changes only when the log is folded into it, and the log only grows
 * until it starts anew; a copy during which neither happened is one that a crash could
 * have left, which SQLite reads. Otherwise it is made again.
 *
 * @return 0; IC_ERR_BUSY when the store never held still, IC_ERR_NOT_FOUND,
 *         IC_ERR_DENIED, IC_ERR_FULL, IC_ERR_IO
 */
int cli_copy_store(const char *from, const char *to);

#endif
