/**
 * @file base/opts.h
 * Option structs whose first member is `size_t struct_size`, passed between an old
 * program and a new library or the other way round.
 */
#ifndef BASE_OPTS_H
#define BASE_OPTS_H

#include <stddef.h>

/** Copy the first min(caller_size, our_size) bytes of `defaults` to `opts` and store
 * caller_size. */
void ic__opts_init(void *opts, size_t caller_size, const void *defaults, size_t our_size);

/**
 * Read what a caller passed into a struct of our size: missing members come from
 * `defaults`.
 *
 * @return 0; IC_ERR_INVALID when struct_size is too small to be ours; IC_ERR_UNSUPPORTED
 * when the caller set a member that this library does not have
 */
int ic__opts_read(void *out, size_t our_size, const void *defaults, const void *opts);

#endif
