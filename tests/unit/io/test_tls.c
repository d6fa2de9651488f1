/* docs/architecture.md, "Decisions": TLS is a function of bytes; both ends in memory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fail_alloc.h"
#include "intercom/error.h"
#include "io/tls.h"
#include "make_cert.h"
#include "unit.h"

#define NAME "bridge.example"

static make_cert cert;
static make_cert other;

typedef struct pair {
    ic__tls_config *server_config;
    ic__tls_config *client_config;
    ic__tls *server;
    ic__tls *client;
    int server_error;
    int client_error;
} pair;

static void pair_init(pair *p, const char *ca_file, const char *host_name)
{
    char why[200];
    *p = (pair){0};
    assert_int_equal(ic__tls_server_config_new(cert.cert_file, cert.key_file,
                                               &p->server_config, why, sizeof why),
                     0);
    assert_int_equal(
        ic__tls_client_config_new(ca_file, &p->client_config, why, sizeof why), 0);
    assert_int_equal(ic__tls_new(p->server_config, NULL, &p->server), 0);
    assert_int_equal(ic__tls_new(p->client_config, host_name, &p->client), 0);
}

static void pair_free(pair *p)
{
    ic__tls_free(p->server);
    ic__tls_free(p->client);
    ic__tls_config_free(p->server_config);
    ic__tls_config_free(p->client_config);
}

/* Carry what waits, `step` bytes at a time; true when something did. */
static bool carry(ic__tls *from, ic__tls *to, size_t step, int *error)
{
    uint8_t bytes[4096];
    bool any = false;
    size_t n;
    while ((n = ic__tls_pull(from, bytes, step)) > 0) {
        any = true;
        if (!*error)
            *error = ic__tls_recv(to, bytes, n);
    }
    return any;
}

static void carry_all(pair *p, size_t step)
{
    bool any = true;
    while (any) {
        any = carry(p->client, p->server, step, &p->server_error);
        any = carry(p->server, p->client, step, &p->client_error) || any;
    }
}

static void expect_text(ic__tls *t, const char *text)
{
    uint8_t out[64];
    size_t got = 0;
    assert_int_equal(ic__tls_read(t, out, sizeof out, &got), 0);
    assert_int_equal(got, strlen(text));
    assert_memory_equal(out, text, got);
}

static void both_ends_agree_and_talk(void **state)
{
    static const size_t steps[] = {4096, 1, 7};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        pair p;
        pair_init(&p, cert.cert_file, NAME);
        assert_false(ic__tls_ready(p.client));
        carry_all(&p, steps[i]);
        assert_int_equal(p.client_error, 0);
        assert_int_equal(p.server_error, 0);
        assert_true(ic__tls_ready(p.client));
        assert_true(ic__tls_ready(p.server));
        assert_int_equal(ic__tls_write(p.client, (const uint8_t *)"ping", 4), 0);
        assert_int_equal(ic__tls_write(p.server, (const uint8_t *)"pong", 4), 0);
        carry_all(&p, steps[i]);
        expect_text(p.server, "ping");
        expect_text(p.client, "pong");
        expect_text(p.client, "");
        pair_free(&p);
    }
}

static void a_megabyte_arrives_whole(void **state)
{
    const size_t size = 1u << 20;
    static uint8_t back[1u << 20];
    uint8_t *data = malloc(size);
    pair p;
    size_t got = 0;
    size_t n = 0;
    assert_non_null(data);
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)(i * 7);
    pair_init(&p, cert.cert_file, NAME);
    carry_all(&p, 4096);
    assert_int_equal(ic__tls_write(p.server, data, size), 0);
    carry_all(&p, 4096);
    while (got < size && ic__tls_read(p.client, back + got, size - got, &n) == 0 && n)
        got += n;
    assert_int_equal(got, size);
    assert_memory_equal(back, data, size);
    free(data);
    pair_free(&p);
}

static void the_end_is_told(void **state)
{
    pair p;
    uint8_t out[8];
    size_t got;
    pair_init(&p, cert.cert_file, NAME);
    carry_all(&p, 4096);
    assert_int_equal(ic__tls_write(p.client, (const uint8_t *)"last", 4), 0);
    ic__tls_finish(p.client);
    carry_all(&p, 4096);
    expect_text(p.server, "last");
    assert_int_equal(ic__tls_read(p.server, out, sizeof out, &got), IC_ERR_CLOSED);
    pair_free(&p);
}

static void a_wrong_host_name_is_refused(void **state)
{
    pair p;
    pair_init(&p, cert.cert_file, "evil.example");
    carry_all(&p, 4096);
    assert_int_equal(p.client_error, IC_ERR_AUTH);
    assert_non_null(strstr(ic__tls_why(p.client), "does not match"));
    assert_false(ic__tls_ready(p.client));
    assert_false(ic__tls_ready(p.server));
    assert_int_equal(p.server_error, IC_ERR_PROTO);
    pair_free(&p);
}

static void an_unknown_authority_is_refused(void **state)
{
    pair p;
    pair_init(&p, other.cert_file, NAME);
    carry_all(&p, 4096);
    assert_int_equal(p.client_error, IC_ERR_AUTH);
    assert_false(ic__tls_ready(p.client));
    pair_free(&p);
}

static void something_else_than_tls_is_refused(void **state)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    pair p;
    uint8_t out[64];
    size_t got;
    pair_init(&p, cert.cert_file, NAME);
    assert_int_equal(ic__tls_recv(p.server, (const uint8_t *)request, strlen(request)),
                     IC_ERR_PROTO);
    assert_true(strlen(ic__tls_why(p.server)) > 0);
    assert_int_equal(ic__tls_read(p.server, out, sizeof out, &got), IC_ERR_PROTO);
    assert_int_equal(ic__tls_recv(p.server, (const uint8_t *)"x", 1), IC_ERR_PROTO);
    pair_free(&p);
}

static void a_flipped_bit_is_refused(void **state)
{
    pair p;
    uint8_t bytes[256];
    uint8_t out[64];
    size_t got;
    pair_init(&p, cert.cert_file, NAME);
    carry_all(&p, 4096);
    assert_int_equal(ic__tls_write(p.client, (const uint8_t *)"secret", 6), 0);
    size_t n = ic__tls_pull(p.client, bytes, sizeof bytes);
    assert_true(n > 10);
    bytes[n - 1] ^= 1;
    assert_int_equal(ic__tls_recv(p.server, bytes, n), 0);
    assert_int_equal(ic__tls_read(p.server, out, sizeof out, &got), IC_ERR_PROTO);
    assert_int_equal(got, 0);
    pair_free(&p);
}

static void missing_and_wrong_files_are_a_sentence(void **state)
{
    ic__tls_config *config = NULL;
    char why[200];
    assert_int_equal(ic__tls_server_config_new("/none/cert.pem", cert.key_file, &config,
                                               why, sizeof why),
                     IC_ERR_IO);
    assert_memory_equal(why, "/none/cert.pem: ", 16);
    assert_int_equal(ic__tls_server_config_new(cert.cert_file, cert.cert_file, &config,
                                               why, sizeof why),
                     IC_ERR_IO);
    assert_int_equal(ic__tls_server_config_new(cert.cert_file, other.key_file, &config,
                                               why, sizeof why),
                     IC_ERR_AUTH);
    assert_non_null(strstr(why, "not the key of"));
    assert_int_equal(ic__tls_client_config_new(cert.key_file, &config, why, sizeof why),
                     IC_ERR_IO);
    assert_null(config);
}

static void shake_hands(void *arg)
{
    char why[200];
    pair p = {0};
    if (ic__tls_server_config_new(cert.cert_file, cert.key_file, &p.server_config, why,
                                  sizeof why) == 0 &&
        ic__tls_client_config_new(cert.cert_file, &p.client_config, why, sizeof why) ==
            0 &&
        ic__tls_new(p.server_config, NULL, &p.server) == 0 &&
        ic__tls_new(p.client_config, NAME, &p.client) == 0) {
        carry_all(&p, 4096);
        assert_true(ic__tls_ready(p.client) || p.client_error || p.server_error);
    }
    pair_free(&p);
}

static void survives_each_failed_allocation(void **state)
{
    fail_alloc_each(shake_hands, NULL);
}

static int make_certs(void **state)
{
    make_cert_init(&cert, NAME);
    make_cert_init(&other, "other.example");
    return 0;
}

static int free_certs(void **state)
{
    make_cert_free(&cert);
    make_cert_free(&other);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ends_agree_and_talk),
        cmocka_unit_test(a_megabyte_arrives_whole),
        cmocka_unit_test(the_end_is_told),
        cmocka_unit_test(a_wrong_host_name_is_refused),
        cmocka_unit_test(an_unknown_authority_is_refused),
        cmocka_unit_test(something_else_than_tls_is_refused),
        cmocka_unit_test(a_flipped_bit_is_refused),
        cmocka_unit_test(missing_and_wrong_files_are_a_sentence),
        cmocka_unit_test(survives_each_failed_allocation),
    };
    return cmocka_run_group_tests_name("io/tls", tests, make_certs, free_certs);
}
