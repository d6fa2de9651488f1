/**
 * @file dht/rpc_message.h
 * The two datagrams of the RPC layer: a request and its reply.
 *
 * Shape    a decoded message borrows from the datagram
 * Spec     docs/spec/05-dht-rpc.md, section 2
 */
#ifndef DHT_RPC_MESSAGE_H
#define DHT_RPC_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "dht/rpc.h"

/* First bytes: type and version. */
enum { IC__RPC_REQUEST = 0x03, IC__RPC_REPLY = 0x13 };

/** All that a message may have besides a value of IC__RPC_VALUE_MAX. */
#define IC__RPC_HEAD_MAX 256

typedef struct ic__rpc_message {
    uint8_t type; /* IC__RPC_REQUEST or IC__RPC_REPLY */
    bool internal;
    uint16_t tid;
    ic__addr to;
    uint32_t command; /* of a request; what does not fit is UINT32_MAX */
    uint32_t error;   /* of a reply; likewise */
    const uint8_t *id;
    const uint8_t *token;
    const uint8_t *target; /* of a request */
    const uint8_t *value;  /* not NULL when present, also when empty */
    size_t value_len;
    size_t closer_count; /* of a reply; what is above IC__RPC_K is passed over */
    ic__addr closer[IC__RPC_K];
} ic__rpc_message;

/** @return 0; IC_ERR_PROTO, and nobody may be told */
IC_CHECK int ic__rpc_message_read(ic__rpc_message *out, const uint8_t *data, size_t len);

/** @return how many bytes, or 0 when `cap` is too small */
size_t ic__rpc_message_write(const ic__rpc_message *m, uint8_t *out, size_t cap);

#endif
