/* docs/spec/06-hyperdht.md, sections 2 and 3 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "dht/handshake.h"
#include "dht_addr.h"
#include "fake_clock.h"
#include "intercom/error.h"
#include "unit.h"
#include "vectors.h"

static json_t *file;

static void give(void *out, size_t len, void *user)
{
    memcpy(out, user, len);
}

static void assert_hex(const void *bytes, size_t len, const json_t *object,
                       const char *key)
{
    size_t want_len;
    uint8_t *want = vectors_bytes(object, key, &want_len);
    assert_int_equal(len, want_len);
    assert_memory_equal(bytes, want, len);
    free(want);
}

static uint8_t *key_of(const json_t *v, const char *who, const char *what)
{
    size_t len;
    return vectors_bytes(json_object_get(v, who), what, &len);
}

static ic__dht_noise_payload payload_of(const json_t *v, const char *key)
{
    size_t len;
    uint8_t *bytes = vectors_bytes(v, key, &len);
    ic__dht_noise_payload p;
    assert_int_equal(ic__dht_noise_payload_decode(&p, bytes, len), 0);
    free(bytes);
    return p;
}

static void assert_end(const json_t *end, ic__noise *n, const ic_env *env)
{
    ic__noise_result keys;
    ic__punch_key punch;
    ic__handshake_finish(n, env, &keys, &punch);
    assert_hex(keys.remote_key, sizeof keys.remote_key, end, "remotePublicKey");
    assert_hex(keys.hash, sizeof keys.hash, end, "hash");
    assert_hex(keys.tx, sizeof keys.tx, end, "tx");
    assert_hex(keys.rx, sizeof keys.rx, end, "rx");
    assert_hex(punch.shared, sizeof punch.shared, end, "holepunchSecret");
}

static void both_messages_and_all_keys_are_those_of_the_vector(void **state)
{
    const json_t *v = json_object_get(file, "noiseIK");
    size_t len;
    uint8_t *client_seed = vectors_bytes(v, "clientEphemeralSeed", &len);
    uint8_t *server_seed = vectors_bytes(v, "serverEphemeralSeed", &len);
    uint8_t *client_key = key_of(v, "clientStatic", "secretKey");
    uint8_t *server_key = key_of(v, "serverStatic", "secretKey");
    uint8_t *server_public = key_of(v, "serverStatic", "publicKey");
    const ic_env client_env = {.random = give, .user = client_seed};
    const ic_env server_env = {.random = give, .user = server_seed};
    uint8_t message[IC__HANDSHAKE_MESSAGE_MAX];
    ic__dht_noise_payload sent = payload_of(v, "payload1");
    ic__dht_noise_payload got;
    ic__noise client;
    ic__noise server;

    ic__handshake_begin(&client, &client_env, client_key, server_public);
    ic__handshake_await(&server, &server_env, server_key);
    ic__wr w = ic__wr_of(message, sizeof message);
    assert_int_equal(ic__handshake_send(&client, &sent, &w), 0);
    assert_hex(message, w.len, v, "message1");
    assert_int_equal(ic__handshake_recv(&server, message, w.len, &got), 0);
    assert_int_equal(got.udx_id, sent.udx_id);
    sent = payload_of(v, "payload2");
    w = ic__wr_of(message, sizeof message);
    assert_int_equal(ic__handshake_send(&server, &sent, &w), 0);
    assert_hex(message, w.len, v, "message2");
    assert_int_equal(ic__handshake_recv(&client, message, w.len, &got), 0);
    assert_int_equal(got.relay_count, sent.relay_count);
    assert_end(json_object_get(v, "client"), &client, &client_env);
    assert_end(json_object_get(v, "server"), &server, &server_env);
    free(client_seed);
    free(server_seed);
    free(client_key);
    free(server_key);
    free(server_public);
}

static ic__punch_key key_of_vector(const json_t *v)
{
    ic__punch_key key = {0};
    size_t len;
    uint8_t *secret = vectors_bytes(v, "secret", &len);
    assert_int_equal(len, sizeof key.shared);
    memcpy(key.shared, secret, len);
    free(secret);
    return key;
}

static void assert_sealed(const ic__punch_key *key, const json_t *one)
{
    size_t len;
    uint8_t *nonce = vectors_bytes(one, "nonce", &len);
    const ic_env env = {.random = give, .user = nonce};
    uint8_t sealed[IC__PUNCH_SEALED_MAX];
    ic__wr w = ic__wr_of(sealed, sizeof sealed);
    ic__dht_punch_payload p;
    uint8_t *plain = vectors_bytes(one, "plaintext", &len);
    assert_int_equal(ic__dht_punch_payload_decode(&p, plain, len), 0);
    ic__punch_seal(key, &env, &p, &w);
    assert_false(w.bad);
    assert_hex(sealed, w.len, one, "sealed");
    assert_true(ic__punch_open(key, sealed, w.len, &p));
    free(plain);
    free(nonce);
}

static void sealed_payloads_are_those_of_the_vectors(void **state)
{
    const json_t *v = json_object_get(file, "holepunchSecure");
    ic__punch_key key = key_of_vector(v);
    const json_t *one;
    size_t i;
    json_array_foreach(json_object_get(v, "sealed"), i, one)
    {
        assert_sealed(&key, one);
    }
    assert_true(i > 0);
}

static void a_sealed_payload_that_was_cut_or_changed_is_refused(void **state)
{
    fake_clock clock;
    fake_clock_init(&clock, 1);
    const ic_env env = fake_clock_env(&clock);
    const ic__punch_key key = {.shared = {7}};
    const ic__dht_punch_payload sent = {.firewall = 2, .has_token = true};
    ic__dht_punch_payload got;
    uint8_t sealed[IC__PUNCH_SEALED_MAX];
    ic__wr w = ic__wr_of(sealed, sizeof sealed);
    ic__punch_seal(&key, &env, &sent, &w);
    for (size_t len = 0; len < w.len; len++) {
        uint8_t *cut = malloc(len ? len : 1);
        memcpy(cut, sealed, len);
        assert_false(ic__punch_open(&key, cut, len, &got));
        free(cut);
    }
    assert_true(ic__punch_open(&key, sealed, w.len, &got));
    sealed[w.len - 1] ^= 1;
    assert_false(ic__punch_open(&key, sealed, w.len, &got));
    ic__wr small = ic__wr_of(sealed, 41);
    ic__punch_seal(&key, &env, &sent, &small);
    assert_true(small.bad);
}

static void a_token_is_that_of_the_vector_whatever_the_port(void **state)
{
    const json_t *v = json_object_get(file, "holepunchSecure");
    const json_t *one = json_object_get(v, "tokens");
    ic__punch_key key = {0};
    uint8_t token[IC__DHT_TOKEN_BYTES];
    size_t len;
    uint8_t *secret = vectors_bytes(one, "localSecret", &len);
    memcpy(key.local, secret, sizeof key.local);
    ic__addr host = dht_addr(vectors_text(one, "host"), 99);
    ic__punch_token(&key, &host, token);
    assert_hex(token, sizeof token, one, "token");
    host.port = 100;
    ic__punch_token(&key, &host, token);
    assert_hex(token, sizeof token, one, "otherPortSameToken");
    free(secret);
}

typedef struct pair {
    fake_clock clock;
    ic_env env;
    uint8_t secret[2][IC__NOISE_SECRET_BYTES];
    ic__noise client;
    ic__noise server;
    uint8_t message[IC__HANDSHAKE_MESSAGE_MAX];
    size_t len;
} pair;

static void pair_init(pair *p)
{
    const json_t *v = json_object_get(file, "noiseIK");
    uint8_t *client_key = key_of(v, "clientStatic", "secretKey");
    uint8_t *server_key = key_of(v, "serverStatic", "secretKey");
    const ic__dht_noise_payload hello = {.version = 1, .has_udx = true};

    fake_clock_init(&p->clock, 1);
    p->env = fake_clock_env(&p->clock);
    ic__handshake_begin(&p->client, &p->env, client_key, server_key + 32);
    ic__handshake_await(&p->server, &p->env, server_key);
    ic__wr w = ic__wr_of(p->message, sizeof p->message);
    assert_int_equal(ic__handshake_send(&p->client, &hello, &w), 0);
    p->len = w.len;
    free(client_key);
    free(server_key);
}

static void every_cut_first_message_is_refused(void **state)
{
    pair p;
    ic__dht_noise_payload got;
    pair_init(&p);
    for (size_t len = 0; len < p.len; len++) {
        ic__noise server = p.server;
        uint8_t *cut = malloc(len ? len : 1);
        memcpy(cut, p.message, len);
        assert_int_not_equal(ic__handshake_recv(&server, cut, len, &got), 0);
        free(cut);
    }
    assert_int_equal(ic__handshake_recv(&p.server, p.message, p.len, &got), 0);
}

/* Section 15: low order and invalid points. */
static void an_ephemeral_key_of_small_order_ends_the_handshake(void **state)
{
    pair p;
    ic__dht_noise_payload got;
    pair_init(&p);
    memset(p.message, 0, 32);
    p.message[0] = 1; /* the neutral element */
    assert_int_equal(ic__handshake_recv(&p.server, p.message, p.len, &got), IC_ERR_AUTH);
}

static void a_payload_that_makes_no_sense_is_refused_though_authentic(void **state)
{
    pair p;
    ic__dht_noise_payload got;
    const uint8_t junk[] = {1, 255};
    pair_init(&p);
    pair q;
    pair_init(&q);
    const json_t *v = json_object_get(file, "noiseIK");
    uint8_t *client_key = key_of(v, "clientStatic", "secretKey");
    uint8_t *server_public = key_of(v, "serverStatic", "publicKey");
    ic__handshake_begin(&q.client, &q.env, client_key, server_public);
    ic__wr w = ic__wr_of(q.message, sizeof q.message);
    assert_int_equal(ic__noise_write(&q.client, junk, sizeof junk, &w), 0);
    assert_int_equal(ic__handshake_recv(&p.server, q.message, w.len, &got), IC_ERR_PROTO);
    free(client_key);
    free(server_public);
}

static void a_message_without_room_is_an_error(void **state)
{
    pair p;
    uint8_t small[100];
    ic__wr w = ic__wr_of(small, sizeof small);
    const ic__dht_noise_payload hello = {.version = 1, .has_udx = true};
    pair_init(&p);
    const json_t *v = json_object_get(file, "noiseIK");
    uint8_t *client_key = key_of(v, "clientStatic", "secretKey");
    ic__handshake_begin(&p.client, &p.env, client_key, client_key + 32);
    assert_int_equal(ic__handshake_send(&p.client, &hello, &w), IC_ERR_LIMIT);
    free(client_key);
}

static int load(void **state)
{
    file = vectors_load("hyperdht.json");
    return 0;
}

static int unload(void **state)
{
    json_decref(file);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_messages_and_all_keys_are_those_of_the_vector),
        cmocka_unit_test(sealed_payloads_are_those_of_the_vectors),
        cmocka_unit_test(a_sealed_payload_that_was_cut_or_changed_is_refused),
        cmocka_unit_test(a_token_is_that_of_the_vector_whatever_the_port),
        cmocka_unit_test(every_cut_first_message_is_refused),
        cmocka_unit_test(an_ephemeral_key_of_small_order_ends_the_handshake),
        cmocka_unit_test(a_payload_that_makes_no_sense_is_refused_though_authentic),
        cmocka_unit_test(a_message_without_room_is_an_error),
    };
    return cmocka_run_group_tests_name("dht/handshake", tests, load, unload);
}
