/**
 * @file sidechannel/work.h
 * Proof of work: finding a nonce, on another thread if need be, and checking one.
 *
 * Work is done over a text with the nonce in its middle. What comes before the nonce is
 * hashed once, so that a try costs the same for short and long messages.
 *
 * Spec     docs/spec/12-sidechannel.md, section 4
 */
#ifndef SIDECHANNEL_WORK_H
#define SIDECHANNEL_WORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "intercom/api.h"

#define IC__WORK_NONCE_MAX ((UINT64_C(1) << 53) - 1)
#define IC__WORK_HASH_BYTES 32

/** A search. It belongs to one thread at a time, except ic__work_cancel. */
typedef struct ic__work ic__work; /* value: new, free */

/**
 * @param head  the text before the nonce
 * @param tail  the text behind it
 * @return 0; IC_ERR_NOMEM
 */
IC_CHECK int ic__work_new(const char *head, size_t head_len, const char *tail,
                          size_t tail_len, uint32_t bits, ic__work **out);
void ic__work_free(ic__work *work);

/**
 * Try at most `tries` more nonces, upwards from 0.
 *
 * @return true when there is nothing more to do: found, canceled, or no nonce is left
 */
bool ic__work_run(ic__work *work, uint64_t tries);

/** Let ic__work_run end soon. From any thread. */
void ic__work_cancel(ic__work *work);

/** The nonce that was found. @return 0; IC_ERR_CANCELED when none was */
IC_CHECK int ic__work_nonce(const ic__work *work, uint64_t *nonce);

/** A pointer of whoever waits for it, NULL at first. Not for the searching thread. */
void ic__work_set_user(ic__work *work, void *user);
void *ic__work_user(const ic__work *work);

/** Zero bits of a hash, from the first bit of its first byte. */
uint32_t ic__work_zero_bits(const uint8_t hash[IC__WORK_HASH_BYTES]);

/** Are there `bits` of work in this nonce? */
bool ic__work_check(const char *head, size_t head_len, const char *tail, size_t tail_len,
                    uint64_t nonce, uint32_t bits);

#endif
