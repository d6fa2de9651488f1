#include "make_cert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mbedtls/x509_crt.h>
#include <sodium.h>

#include "unit.h"

static int random_bytes(void *user, unsigned char *out, size_t len)
{
    randombytes_buf(out, len);
    return 0;
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void make_key(mbedtls_pk_context *key, const char *path)
{
    char pem[4096];

    mbedtls_pk_init(key);
    assert_int_equal(mbedtls_pk_setup(key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)),
                     0);
    assert_int_equal(mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(*key),
                                         random_bytes, NULL),
                     0);
    assert_int_equal(mbedtls_pk_write_key_pem(key, (unsigned char *)pem, sizeof pem), 0);
    write_text(path, pem);
}

static void sign(mbedtls_pk_context *key, const char *host_name, const char *path)
{
    char pem[4096];
    char subject[128];
    mbedtls_x509write_cert cert;
    mbedtls_mpi serial;

    (void)snprintf(subject, sizeof subject, "CN=%s", host_name);
    mbedtls_x509write_crt_init(&cert);
    mbedtls_mpi_init(&serial);
    mbedtls_x509write_crt_set_md_alg(&cert, MBEDTLS_MD_SHA256);
    mbedtls_x509write_crt_set_subject_key(&cert, key);
    mbedtls_x509write_crt_set_issuer_key(&cert, key);
    assert_int_equal(mbedtls_mpi_lset(&serial, 1), 0);
    assert_int_equal(mbedtls_x509write_crt_set_serial(&cert, &serial), 0);
    assert_int_equal(mbedtls_x509write_crt_set_subject_name(&cert, subject), 0);
    assert_int_equal(mbedtls_x509write_crt_set_issuer_name(&cert, subject), 0);
    assert_int_equal(
        mbedtls_x509write_crt_set_validity(&cert, "20200101000000", "20491231235959"), 0);
    assert_int_equal(mbedtls_x509write_crt_pem(&cert, (unsigned char *)pem, sizeof pem,
                                               random_bytes, NULL),
                     0);
    mbedtls_mpi_free(&serial);
    mbedtls_x509write_crt_free(&cert);
    write_text(path, pem);
}

void make_cert_init(make_cert *c, const char *host_name)
{
    mbedtls_pk_context key;

    (void)snprintf(c->folder, sizeof c->folder, "%s", "/tmp/make-cert-XXXXXX");
    assert_non_null(mkdtemp(c->folder));
    (void)snprintf(c->cert_file, sizeof c->cert_file, "%s/cert.pem", c->folder);
    (void)snprintf(c->key_file, sizeof c->key_file, "%s/key.pem", c->folder);
    make_key(&key, c->key_file);
    sign(&key, host_name, c->cert_file);
    mbedtls_pk_free(&key);
}

void make_cert_free(make_cert *c)
{
    assert_int_equal(unlink(c->cert_file), 0);
    assert_int_equal(unlink(c->key_file), 0);
    assert_int_equal(rmdir(c->folder), 0);
}
