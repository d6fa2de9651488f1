/**
 * @file count_alloc.h
 * How much memory the libraries hold, now and at most.
 */
#ifndef COUNT_ALLOC_H
#define COUNT_ALLOC_H

#include <stddef.h>

typedef struct count_alloc_stats {
    size_t live_bytes;
    size_t peak_bytes;
} count_alloc_stats;

/** Count from now on; nothing of the libraries may be alive. */
void count_alloc_start(void);

/** What is held now, and the most since the start. */
count_alloc_stats count_alloc_get(void);

/** Back to normal. */
count_alloc_stats count_alloc_stop(void);

#endif
