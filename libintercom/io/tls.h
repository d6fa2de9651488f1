/**
 * @file io/tls.h
 * TLS 1.2 of one connection as a function of bytes: wire bytes in and out, plain bytes in
 * and out.
 *
 * Errors   IC_ERR_AUTH when the peer's certificate is not good for us, IC_ERR_PROTO for
 *          anything else the peer did, IC_ERR_CLOSED after its proper end, IC_ERR_NOMEM
 */
#ifndef IO_TLS_H
#define IO_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "intercom/api.h"

typedef struct ic__tls_config ic__tls_config; /* value: keys and trust, shared */
typedef struct ic__tls ic__tls;               /* value: one connection */

/**
 * A server's certificate chain and its key, both PEM.
 *
 * @param why  gets a sentence when this fails; why_size bytes
 * @return 0; IC_ERR_IO when a file cannot be read or is not PEM; IC_ERR_AUTH when the key
 * does not belong to the certificate; IC_ERR_NOMEM
 */
IC_CHECK int ic__tls_server_config_new(const char *cert_file, const char *key_file,
                                       ic__tls_config **out, char *why, size_t why_size);

/** A client that trusts the authorities in `ca_file`; NULL = those of the system. */
IC_CHECK int ic__tls_client_config_new(const char *ca_file, ic__tls_config **out,
                                       char *why, size_t why_size);
void ic__tls_config_free(ic__tls_config *config);

/** `host_name` is what the certificate must be made out to; a server passes NULL. The
 * config outlives it. A client's first bytes are ready to be pulled. */
IC_CHECK int ic__tls_new(const ic__tls_config *config, const char *host_name,
                         ic__tls **out);
void ic__tls_free(ic__tls *t);

/** Wire bytes in, all of them; moves the handshake on. An alert may wait to be pulled
 * also after an error. */
IC_CHECK int ic__tls_recv(ic__tls *t, const uint8_t *p, size_t n);

/** Wire bytes out. */
size_t ic__tls_pull(ic__tls *t, uint8_t *out, size_t cap);

/** The handshake is done: reading and writing can begin. */
bool ic__tls_ready(const ic__tls *t);

/** Plain bytes out; `*got` is 0 when more wire bytes are needed. */
IC_CHECK int ic__tls_read(ic__tls *t, uint8_t *out, size_t cap, size_t *got);

/** Plain bytes in, all of them; only when ready. */
IC_CHECK int ic__tls_write(ic__tls *t, const uint8_t *p, size_t n);

/** Tell the peer that nothing more follows. */
void ic__tls_finish(ic__tls *t);

/** Why the last call failed, for a log; a C string, empty when nothing did. */
const char *ic__tls_why(const ic__tls *t);

#endif
