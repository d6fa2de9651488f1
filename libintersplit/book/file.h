/**
 * @file file.h
 * Whole files: read with a limit, replaced so that a crash leaves the old or the new.
 */
#ifndef ISPLIT_FILE_H
#define ISPLIT_FILE_H

#include <stddef.h>

/** What a number of errno means: IC_ERR_NOT_FOUND, IC_ERR_DENIED, IC_ERR_FULL, IC_ERR_IO.
 */
int isplit__file_error(int number);

/** @return 0 (free `out` with ic_mem_free); IC_ERR_NOT_FOUND, IC_ERR_LIMIT (more than
 * `max` bytes), IC_ERR_DENIED, IC_ERR_IO, IC_ERR_NOMEM */
int isplit__file_read(const char *path, size_t max, char **out, size_t *len);

/** @return 0 (the new content is durable); IC_ERR_FULL, IC_ERR_DENIED, IC_ERR_IO,
 * IC_ERR_NOMEM, and the old content is there */
int isplit__file_replace(const char *path, const char *data, size_t len);

#endif
