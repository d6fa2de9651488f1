#include "io/tls.h"

#include <mbedtls/error.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"

#define SYSTEM_CA_FILE "/etc/ssl/certs/ca-certificates.crt"

struct ic__tls_config {
    mbedtls_ssl_config ssl;
    mbedtls_x509_crt chain; /* the server's own, or the authorities a client trusts */
    mbedtls_pk_context key;
};

struct ic__tls {
    mbedtls_ssl_context ssl;
    ic__buf in; /* wire bytes that mbedTLS has not read yet, from in_at */
    size_t in_at;
    ic__buf out; /* wire bytes for the peer, from out_at */
    size_t out_at;
    bool ready;
    int error; /* sticks */
    char why[160];
};

static int random_bytes(void *user, unsigned char *out, size_t len)
{
    (void)user;
    randombytes_buf(out, len);
    return 0;
}

static void say(char *why, size_t size, const char *what, int number)
{
    char text[100];

    mbedtls_strerror(number, text, sizeof text);
    (void)snprintf(why, size, "%s: %s", what, text);
}

void ic__tls_config_free(ic__tls_config *config)
{
    if (!config)
        return;
    mbedtls_ssl_config_free(&config->ssl);
    mbedtls_x509_crt_free(&config->chain);
    mbedtls_pk_free(&config->key);
    ic_mem_free(config);
}

static int config_new(int endpoint, ic__tls_config **out)
{
    ic__tls_config *config = ic_mem_calloc(1, sizeof *config);

    if (!config)
        return IC_ERR_NOMEM;
    mbedtls_ssl_config_init(&config->ssl);
    mbedtls_x509_crt_init(&config->chain);
    mbedtls_pk_init(&config->key);
    if (mbedtls_ssl_config_defaults(&config->ssl, endpoint, MBEDTLS_SSL_TRANSPORT_STREAM,
                                    MBEDTLS_SSL_PRESET_DEFAULT) != 0) {
        ic__tls_config_free(config);
        return IC_ERR_NOMEM;
    }
    mbedtls_ssl_conf_rng(&config->ssl, random_bytes, NULL);
    mbedtls_ssl_conf_min_version(&config->ssl, MBEDTLS_SSL_MAJOR_VERSION_3,
                                 MBEDTLS_SSL_MINOR_VERSION_3);
    *out = config;
    return 0;
}

/* A positive result is the number of certificates that could not be read. */
static int load_chain(ic__tls_config *config, const char *file, char *why, size_t size)
{
    int number = mbedtls_x509_crt_parse_file(&config->chain, file);

    if (number >= 0 && config->chain.version)
        return 0;
    if (number >= 0)
        (void)snprintf(why, size, "%s: no certificate in it", file);
    else
        say(why, size, file, number);
    return number == MBEDTLS_ERR_X509_ALLOC_FAILED ? IC_ERR_NOMEM : IC_ERR_IO;
}

static int load_key(ic__tls_config *config, const char *cert_file, const char *key_file,
                    char *why, size_t size)
{
    int number = mbedtls_pk_parse_keyfile(&config->key, key_file, NULL);

    if (number != 0) {
        say(why, size, key_file, number);
        return number == MBEDTLS_ERR_PK_ALLOC_FAILED ? IC_ERR_NOMEM : IC_ERR_IO;
    }
    if (mbedtls_pk_check_pair(&config->chain.pk, &config->key) != 0) {
        (void)snprintf(why, size, "%s: not the key of %s", key_file, cert_file);
        return IC_ERR_AUTH;
    }
    number = mbedtls_ssl_conf_own_cert(&config->ssl, &config->chain, &config->key);
    return number ? IC_ERR_NOMEM : 0;
}

int ic__tls_server_config_new(const char *cert_file, const char *key_file,
                              ic__tls_config **out, char *why, size_t why_size)
{
    ic__tls_config *config;
    int error = config_new(MBEDTLS_SSL_IS_SERVER, &config);

    (void)snprintf(why, why_size, "%s", ic_strerror(IC_ERR_NOMEM));
    if (error)
        return error;
    error = load_chain(config, cert_file, why, why_size);
    if (!error)
        error = load_key(config, cert_file, key_file, why, why_size);
    if (error) {
        ic__tls_config_free(config);
        return error;
    }
    why[0] = 0;
    *out = config;
    return 0;
}

int ic__tls_client_config_new(const char *ca_file, ic__tls_config **out, char *why,
                              size_t why_size)
{
    ic__tls_config *config;
    int error = config_new(MBEDTLS_SSL_IS_CLIENT, &config);

    (void)snprintf(why, why_size, "%s", ic_strerror(IC_ERR_NOMEM));
    if (error)
        return error;
    error = load_chain(config, ca_file ? ca_file : SYSTEM_CA_FILE, why, why_size);
    if (error) {
        ic__tls_config_free(config);
        return error;
    }
    mbedtls_ssl_conf_authmode(&config->ssl, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_ca_chain(&config->ssl, &config->chain, NULL);
    why[0] = 0;
    *out = config;
    return 0;
}

static int on_send(void *user, const unsigned char *p, size_t n)
{
    ic__tls *t = user;

    ic__buf_add(&t->out, p, n);
    return t->out.bad ? MBEDTLS_ERR_SSL_ALLOC_FAILED : (int)n;
}

static int on_recv(void *user, unsigned char *out, size_t cap)
{
    ic__tls *t = user;
    size_t left = t->in.len - t->in_at;
    size_t n = left < cap ? left : cap;

    if (!n)
        return MBEDTLS_ERR_SSL_WANT_READ;
    memcpy(out, t->in.data + t->in_at, n);
    t->in_at += n;
    return (int)n;
}

static int fail(ic__tls *t, int number)
{
    uint32_t flags = mbedtls_ssl_get_verify_result(&t->ssl);

    if (number == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
        t->error = IC_ERR_CLOSED;
    } else if (number == MBEDTLS_ERR_SSL_ALLOC_FAILED) {
        t->error = IC_ERR_NOMEM;
    } else if (number == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED) {
        t->error = IC_ERR_AUTH;
        (void)mbedtls_x509_crt_verify_info(t->why, sizeof t->why, "", flags);
        t->why[strcspn(t->why, "\n")] = 0;
        return t->error;
    } else {
        t->error = IC_ERR_PROTO;
    }
    mbedtls_strerror(number, t->why, sizeof t->why);
    return t->error;
}

static bool is_waiting(int number)
{
    return number == MBEDTLS_ERR_SSL_WANT_READ || number == MBEDTLS_ERR_SSL_WANT_WRITE;
}

static int shake_hands(ic__tls *t)
{
    int number = mbedtls_ssl_handshake(&t->ssl);

    if (is_waiting(number))
        return 0;
    if (number != 0)
        return fail(t, number);
    t->ready = true;
    return 0;
}

int ic__tls_new(const ic__tls_config *config, const char *host_name, ic__tls **out)
{
    ic__tls *t = ic_mem_calloc(1, sizeof *t);

    if (!t)
        return IC_ERR_NOMEM;
    mbedtls_ssl_init(&t->ssl);
    if (mbedtls_ssl_setup(&t->ssl, &config->ssl) != 0 ||
        (host_name && mbedtls_ssl_set_hostname(&t->ssl, host_name) != 0)) {
        ic__tls_free(t);
        return IC_ERR_NOMEM;
    }
    mbedtls_ssl_set_bio(&t->ssl, t, on_send, on_recv, NULL);
    int error = shake_hands(t);
    if (error) {
        ic__tls_free(t);
        return error;
    }
    *out = t;
    return 0;
}

void ic__tls_free(ic__tls *t)
{
    if (!t)
        return;
    mbedtls_ssl_free(&t->ssl);
    ic__buf_free(&t->in);
    ic__buf_free(&t->out);
    ic_mem_free(t);
}

int ic__tls_recv(ic__tls *t, const uint8_t *p, size_t n)
{
    if (t->error)
        return t->error;
    if (t->in_at == t->in.len) {
        ic__buf_reset(&t->in);
        t->in_at = 0;
    }
    ic__buf_add(&t->in, p, n);
    if (t->in.bad)
        return fail(t, MBEDTLS_ERR_SSL_ALLOC_FAILED);
    return t->ready ? 0 : shake_hands(t);
}

size_t ic__tls_pull(ic__tls *t, uint8_t *out, size_t cap)
{
    size_t left = t->out.len - t->out_at;
    size_t n = left < cap ? left : cap;

    if (n)
        memcpy(out, t->out.data + t->out_at, n);
    t->out_at += n;
    if (t->out_at == t->out.len) {
        ic__buf_reset(&t->out);
        t->out_at = 0;
    }
    return n;
}

bool ic__tls_ready(const ic__tls *t)
{
    return t->ready;
}

int ic__tls_read(ic__tls *t, uint8_t *out, size_t cap, size_t *got)
{
    *got = 0;
    if (t->error)
        return t->error;
    if (!t->ready || !cap)
        return 0;
    int n = mbedtls_ssl_read(&t->ssl, out, cap);
    if (is_waiting(n))
        return 0;
    if (n <= 0)
        return fail(t, n ? n : MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY);
    *got = (size_t)n;
    return 0;
}

int ic__tls_write(ic__tls *t, const uint8_t *p, size_t n)
{
    while (!t->error && n) {
        int took = mbedtls_ssl_write(&t->ssl, p, n);
        if (took <= 0)
            return fail(t, took);
        p += took;
        n -= (size_t)took;
    }
    return t->error;
}

void ic__tls_finish(ic__tls *t)
{
    if (t->ready && !t->error)
        (void)mbedtls_ssl_close_notify(&t->ssl);
}

const char *ic__tls_why(const ic__tls *t)
{
    return t->why;
}
