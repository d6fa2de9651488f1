/**
 * @file sidechannel/seen.h
 * Which messages were seen already. What is remembered of one is a keyed hash, so that
 * nobody can aim at the place of another.
 *
 * Spec     docs/spec/12-sidechannel.md, sections 9 and 11 (7)
 */
#ifndef SIDECHANNEL_SEEN_H
#define SIDECHANNEL_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"
#include "base/queue.h"
#include "intercom/api.h"

#define IC__SEEN_KEY_BYTES 16

typedef struct ic__seen {
    ic__map map;
    ic__queue order; /* oldest first */
    uint32_t max;    /* count */
    uint64_t life_ns;
} ic__seen;

void ic__seen_init(ic__seen *seen, uint32_t max, uint64_t life_ns);
void ic__seen_free(ic__seen *seen);

/** What stands for the text; the key is a secret of this process. */
uint64_t ic__seen_hash(const uint8_t key[IC__SEEN_KEY_BYTES], const char *text,
                       size_t len);

bool ic__seen_has(const ic__seen *seen, uint64_t hash);

/**
 * Remember it; what is too old, or one too many, goes now and not earlier.
 *
 * @return 0 or IC_ERR_NOMEM
 */
IC_CHECK int ic__seen_add(ic__seen *seen, uint64_t hash, uint64_t now);

#endif
