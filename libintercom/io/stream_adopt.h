/**
 * @file io/stream_adopt.h
 * An ordinary ic_stream whose carrier is connected and whose keys exist: what a DHT's
 * handshake ends with.
 *
 * Spec     docs/spec/03-secret-stream.md, section 3; docs/spec/06-hyperdht.md, section 3
 * Threads  as ic_stream
 */
#ifndef IO_STREAM_ADOPT_H
#define IO_STREAM_ADOPT_H

#include "crypto/noise.h"
#include "io/stream_state.h"

typedef struct ic__stream_adoption {
    ic__udp_stream *carrier; /* of the same ic__udp as the socket's; reads nothing yet */
    const ic__noise_result *keys;
    bool initiator;
    uint64_t keepalive_ns;
    ic__stream_host host; /* copied; all three are needed */
} ic__stream_adoption;

/**
 * The stream is open, but calls nobody before ic_stream_use. Its carrier is its own from
 * now on.
 *
 * @return 0; IC_ERR_NOMEM: the carrier is as it was
 */
IC_CHECK int ic__stream_adopt(ic_socket *sock, const ic__stream_adoption *from,
                              ic_stream **out);

/** Has ic_stream_use been called? */
bool ic__stream_used(const ic_stream *st);

#endif
