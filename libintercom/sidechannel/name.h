/**
 * @file sidechannel/name.h
 * Names of channels, and what follows from a name.
 *
 * Spec     docs/spec/12-sidechannel.md, section 1
 */
#ifndef SIDECHANNEL_NAME_H
#define SIDECHANNEL_NAME_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "intercom/api.h"

#define IC__CHANNEL_NAME_MAX 243 /* bytes, trimmed: a protocol's name may have 255 */
#define IC__TOPIC_BYTES 32

/** The part of `text` without JavaScript's white space at both ends; borrowed. */
const char *ic__trim(const char *text, size_t len, size_t *trimmed_len);

/**
 * A copy of the trimmed name; free with ic_mem_free.
 *
 * @return 0; IC_ERR_INVALID when nothing is left or it is not UTF-8 without zero bytes;
 * IC_ERR_LIMIT when it is longer than IC__CHANNEL_NAME_MAX; IC_ERR_NOMEM
 */
IC_CHECK int ic__channel_name_new(const char *text, size_t len, char **out);

/** The swarm topic of a trimmed name. */
void ic__channel_name_topic(const char *name, uint8_t topic[IC__TOPIC_BYTES]);

/** The Protomux protocol of a trimmed name. */
void ic__channel_name_protocol(ic__buf *b, const char *name);

#endif
