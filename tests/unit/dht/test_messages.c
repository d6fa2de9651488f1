/*
 * docs/spec/06-hyperdht.md, section 2, the messages between peers, against
 * tests/vectors/hyperdht.json: each is read, compared, written, and cut at each byte.
 */
#include <string.h>

#include "codec_json.h"
#include "dht/messages.h"
#include "dht_json.h"
#include "intercom/error.h"
#include "unit.h"
#include "vectors.h"

static json_t *vectors;

static json_int_t number(const json_t *v, const char *key)
{
    return json_integer_value(json_object_get(v, key));
}

static bool is_set(const json_t *v, const char *key)
{
    return json_is_true(json_object_get(v, key));
}

static void expect_addr(const json_t *v, const char *key, const ic__addr *got)
{
    ic__addr expected = dht_json_addr(json_object_get(v, key));
    assert_true(ic__addr_equal(got, &expected));
}

static void expect_key(const json_t *v, const char *key, bool has, const uint8_t *got)
{
    assert_int_equal(has, vectors_has(v, key));
    if (has)
        vectors_expect_bytes(v, key, got, 32);
}

static size_t expect_handshake(const json_t *v, const void *message, size_t len)
{
    const json_t *fields = json_object_get(v, "decoded");
    const ic__dht_handshake *m = message;
    assert_int_equal(m->mode, number(fields, "mode"));
    vectors_expect_bytes(fields, "noise", m->noise, m->noise_len);
    expect_addr(fields, "peerAddress", &m->peer_address);
    expect_addr(fields, "relayAddress", &m->relay_address);
    return len;
}

DHT_CODEC(handshake, ic__dht_handshake);

static void handshakes_are_read_and_written_as_javascript_does(void **state)
{
    vectors_round(json_object_get(vectors, "handshakes"), "hex", &handshake, 20);
}

static size_t expect_holepunch(const json_t *v, const void *message, size_t len)
{
    const json_t *fields = json_object_get(v, "decoded");
    const ic__dht_holepunch *m = message;
    assert_int_equal(m->mode, number(fields, "mode"));
    assert_int_equal(m->id, number(fields, "id"));
    vectors_expect_bytes(fields, "payload", m->payload, m->payload_len);
    expect_addr(fields, "peerAddress", &m->peer_address);
    return len;
}

DHT_CODEC(holepunch, ic__dht_holepunch);

static void holepunch_messages_are_read_and_written_as_javascript_does(void **state)
{
    vectors_round(json_object_get(vectors, "holepunches"), "hex", &holepunch, 11);
}

static void expect_relays(const json_t *list, const ic__dht_noise_payload *m)
{
    assert_int_equal(m->relay_count, json_array_size(list));
    for (size_t i = 0; i < m->relay_count; i++) {
        expect_addr(json_array_get(list, i), "relayAddress", &m->relays[i].relay);
        expect_addr(json_array_get(list, i), "peerAddress", &m->relays[i].peer);
    }
}

static void expect_udx(const json_t *v, const ic__dht_noise_payload *m)
{
    const json_t *udx = json_object_get(v, "udx");
    assert_int_equal(m->has_udx, vectors_has(v, "udx"));
    assert_int_equal(m->udx_version, number(udx, "version"));
    assert_int_equal(m->udx_reusable, is_set(udx, "reusableSocket"));
    assert_int_equal(m->udx_id, number(udx, "id"));
    assert_int_equal(m->udx_seq, number(udx, "seq"));
}

static size_t expect_noise_payload(const json_t *example, const void *message, size_t len)
{
    const json_t *v = json_object_get(example, "decoded");
    const ic__dht_noise_payload *m = message;
    const json_t *punch = json_object_get(v, "holepunch");
    const json_t *relay = json_object_get(v, "relayThrough");
    assert_int_equal(m->version, number(v, "version"));
    assert_int_equal(m->error, number(v, "error"));
    assert_int_equal(m->firewall, number(v, "firewall"));
    assert_int_equal(m->has_holepunch, vectors_has(v, "holepunch"));
    assert_int_equal(m->holepunch_id, number(punch, "id"));
    expect_relays(json_object_get(punch, "relays"), m);
    dht_json_expect_addrs(json_object_get(v, "addresses4"), m->addresses4,
                          m->address4_count);
    /* IPv6 is written as text there: the bytes are compared when it is written again. */
    assert_int_equal(m->address6_count,
                     json_array_size(json_object_get(v, "addresses6")));
    expect_udx(v, m);
    assert_int_equal(m->has_secret_stream, vectors_has(v, "secretStream"));
    assert_int_equal(m->has_relay_through, vectors_has(v, "relayThrough"));
    expect_key(relay, "publicKey", m->has_relay_through, m->relay_key);
    expect_key(relay, "token", m->has_relay_through, m->relay_token);
    dht_json_expect_addrs(json_object_get(v, "relayAddresses"), m->relay_addresses,
                          m->relay_address_count);
    return m->version == 1 ? len : 0;
}

DHT_CODEC(noise_payload, ic__dht_noise_payload);

static void noise_payloads_are_read_and_written_as_javascript_does(void **state)
{
    vectors_round(json_object_get(vectors, "noisePayloads"), "hex", &noise_payload, 10);
}

static size_t expect_punch_payload(const json_t *v, const void *message, size_t len)
{
    const json_t *fields = json_object_get(v, "decoded");
    const ic__dht_punch_payload *m = message;
    assert_int_equal(m->error, number(fields, "error"));
    assert_int_equal(m->firewall, number(fields, "firewall"));
    assert_int_equal(m->round, number(fields, "round"));
    assert_int_equal(m->connected, is_set(fields, "connected"));
    assert_int_equal(m->punching, is_set(fields, "punching"));
    assert_int_equal(m->has_addresses, vectors_has(fields, "addresses"));
    dht_json_expect_addrs(json_object_get(fields, "addresses"), m->addresses,
                          m->address_count);
    expect_addr(fields, "remoteAddress", &m->remote_address);
    expect_key(fields, "token", m->has_token, m->token);
    expect_key(fields, "remoteToken", m->has_remote_token, m->remote_token);
    return len;
}

DHT_CODEC(punch_payload, ic__dht_punch_payload);

static void punch_payloads_are_read_and_written_as_javascript_does(void **state)
{
    vectors_round(json_object_get(vectors, "holepunchPayloads"), "hex", &punch_payload,
                  8);
}

static void modes_that_nobody_knows_are_refused(void **state)
{
    static const uint8_t bytes[] = {0, 5, 0, 0};
    ic__dht_handshake h;
    ic__dht_holepunch p;
    assert_int_equal(ic__dht_handshake_decode(&h, bytes, sizeof bytes), IC_ERR_PROTO);
    assert_int_equal(ic__dht_holepunch_decode(&p, bytes, sizeof bytes), IC_ERR_PROTO);
}

/* Section 15: unknown flags and trailing bytes are skipped. */
static void flags_and_bytes_of_the_future_are_skipped(void **state)
{
    static const uint8_t early[] = {0xfc, 0, 1, 0xee, 1, 2, 3};
    static const uint8_t payload[] = {1, 0xfd, 0x80, 0x80, 0, 2, 9, 9};
    ic__dht_handshake m;
    ic__dht_noise_payload p;
    assert_int_equal(ic__dht_handshake_decode(&m, early, sizeof early), 0);
    assert_int_equal(m.noise_len, 1);
    assert_int_equal(m.peer_address.family, 0);
    assert_int_equal(ic__dht_noise_payload_decode(&p, payload, sizeof payload), 0);
    assert_int_equal(p.firewall, IC__DHT_FIREWALL_CONSISTENT);
}

/* Section 15: address lists are capped, and what follows them is still found. */
static void of_a_list_that_is_too_long_the_front_is_kept(void **state)
{
    uint8_t bytes[1024];
    ic__wr w = ic__wr_of(bytes, sizeof bytes);
    ic__dht_noise_payload m;
    const size_t count = IC__DHT_ADDRESSES_MAX + 5;
    ic__wr_bytes(&w, "\x01\x5e\x00\x00", 4); /* addresses4, 6, udx, stream, relays */
    ic__wr_u8(&w, (uint8_t)count);
    memset(ic__wr_room(&w, count * 6), 7, count * 6);
    ic__wr_u8(&w, (uint8_t)count);
    memset(ic__wr_room(&w, count * 18), 8, count * 18);
    ic__wr_bytes(&w, "\x01\x01\x2a\x00\x01", 5);
    ic__wr_u8(&w, (uint8_t)count);
    memset(ic__wr_room(&w, count * 6), 9, count * 6);
    assert_false(w.bad);
    assert_int_equal(ic__dht_noise_payload_decode(&m, bytes, w.len), 0);
    assert_int_equal(m.address4_count, IC__DHT_ADDRESSES_MAX);
    assert_int_equal(m.address6_count, IC__DHT_ADDRESSES_MAX);
    assert_int_equal(m.relay_address_count, IC__DHT_ADDRESSES_MAX);
    assert_int_equal(m.udx_id, 42);
    assert_true(m.udx_reusable);
}

/* A stream id of more than 32 bits is no stream id. */
static void numbers_beyond_their_field_are_refused(void **state)
{
    static const uint8_t payload[] = {1, 8, 0, 0, 1, 0, 0xff, 0, 0, 0, 0, 1, 0, 0, 0, 0};
    static const uint8_t punch[] = {0, 0, 0xff, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0};
    ic__dht_noise_payload m;
    ic__dht_holepunch h;
    assert_int_equal(ic__dht_noise_payload_decode(&m, payload, sizeof payload),
                     IC_ERR_PROTO);
    assert_int_equal(ic__dht_holepunch_decode(&h, punch, sizeof punch), IC_ERR_PROTO);
}

static void a_writer_without_room_turns_bad(void **state)
{
    uint8_t out[8];
    const ic__dht_handshake m = {
        .noise = out, .noise_len = sizeof out, .peer_address = {.family = 4, .port = 1}};
    for (size_t cap = 0; cap <= sizeof out; cap++) {
        ic__wr w = ic__wr_of(out, cap);
        ic__dht_handshake_write(&w, &m);
        assert_true(w.bad);
    }
}

static int load(void **state)
{
    vectors = vectors_load("hyperdht.json");
    return 0;
}

static int unload(void **state)
{
    json_decref(vectors);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handshakes_are_read_and_written_as_javascript_does),
        cmocka_unit_test(holepunch_messages_are_read_and_written_as_javascript_does),
        cmocka_unit_test(noise_payloads_are_read_and_written_as_javascript_does),
        cmocka_unit_test(punch_payloads_are_read_and_written_as_javascript_does),
        cmocka_unit_test(modes_that_nobody_knows_are_refused),
        cmocka_unit_test(flags_and_bytes_of_the_future_are_skipped),
        cmocka_unit_test(of_a_list_that_is_too_long_the_front_is_kept),
        cmocka_unit_test(numbers_beyond_their_field_are_refused),
        cmocka_unit_test(a_writer_without_room_turns_bad),
    };
    return cmocka_run_group_tests_name("dht/messages", tests, load, unload);
}
