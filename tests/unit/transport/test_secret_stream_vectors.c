/* docs/spec/03-secret-stream.md, sections 3 and 5, against secret-stream.json */
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/env.h"
#include "base/text.h"
#include "intercom/error.h"
#include "transport/secret_stream.h"
#include "unit.h"
#include "vectors.h"

static json_t *vectors;

/* Random bytes are those that the vectors were made with. */
typedef struct script {
    uint8_t bytes[32 + 8 + 24];
    size_t used;
} script;

static void give_bytes(void *out, size_t len, void *user)
{
    script *s = user;
    assert_in_range(s->used + len, 0, sizeof s->bytes);
    memcpy(out, s->bytes + s->used, len);
    s->used += len;
}

static void script_set(script *s, size_t at, const json_t *object, const char *key)
{
    size_t len;
    uint8_t *bytes = vectors_bytes(object, key, &len);
    memcpy(s->bytes + at, bytes, len);
    free(bytes);
}

static void copy_hex(void *out, size_t len, const json_t *object, const char *key)
{
    const char *hex = vectors_text(object, key);
    assert_true(ic__hex_decode(out, len, hex, strlen(hex)));
}

/* An end of the session that was made outside of the stream. */
static ic__ss *outside(const char *role, uint64_t keepalive_ns, script *random)
{
    const json_t *band = json_object_get(vectors, "outOfBand");
    const json_t *h = json_object_get(band, "handshake");
    bool initiator = strcmp(role, "initiator") == 0;
    const ic_env env = {.random = give_bytes, .user = random};
    ic__noise_result keys;
    ic__ss_options options;
    ic__ss *s = NULL;

    copy_hex(keys.hash, sizeof keys.hash, h, "handshakeHash");
    copy_hex(initiator ? keys.tx : keys.rx, 32, h, "initiatorTx");
    copy_hex(initiator ? keys.rx : keys.tx, 32, h, "initiatorRx");
    copy_hex(keys.remote_key, 32, h,
             initiator ? "responderPublicKey" : "initiatorPublicKey");
    random->used = 0;
    script_set(random, 0, json_object_get(band, "datagramCounterStart"), role);
    script_set(random, 8, json_object_get(band, "secretstreamHeaders"), role);
    ic__ss_options_default(&options);
    options.keepalive_ns = keepalive_ns;
    assert_int_equal(ic__ss_new_keyed(&s, &options, &env, initiator, &keys, 0), 0);
    assert_int_equal(random->used, 8 + 24);
    return s;
}

/* Pull everything; free() it. */
static uint8_t *pull_all(ic__ss *s, size_t *len)
{
    uint8_t *out = malloc(ic__ss_queued(s) + 1);
    assert_non_null(out);
    *len = 0;
    for (size_t n = 1; n; *len += n)
        n = ic__ss_pull(s, out + *len, 1000);
    return out;
}

static void expect_open(ic__ss *s)
{
    ic__ss_event event;
    assert_true(ic__ss_next(s, &event));
    assert_int_equal(event.what, IC__SS_OPEN);
}

static void assert_blake2b(const uint8_t *data, size_t len, const json_t *o,
                           const char *key)
{
    uint8_t hash[32];
    char hex[65];
    crypto_generichash(hash, sizeof hash, data, len, NULL, 0);
    ic__hex_encode(hex, hash, sizeof hash);
    assert_string_equal(hex, vectors_text(o, key));
}

static void the_header_is_the_reference_one(void **state)
{
    size_t i;
    json_t *entry;
    const json_t *band = json_object_get(vectors, "outOfBand");
    json_array_foreach(json_object_get(band, "headerMessages"), i, entry)
    {
        script random;
        size_t len;
        ic__ss *s = outside(vectors_text(entry, "from"), 0, &random);
        uint8_t *out = pull_all(s, &len);
        size_t want_len;
        uint8_t *want = vectors_bytes(entry, "bytes", &want_len);
        assert_int_equal(len, want_len);
        assert_memory_equal(out, want, len);
        free(out);
        free(want);
        ic__ss_free(s);
    }
    assert_int_equal(i, 2);
}

/* The plaintext of a vector, whole or by its rule; free() it. */
static uint8_t *plain_of(const json_t *frame, size_t *len)
{
    const json_t *pattern = json_object_get(frame, "plainPattern");
    if (!pattern)
        return vectors_bytes(frame, "plain", len);
    *len = (size_t)json_integer_value(json_object_get(frame, "plainLength"));
    uint8_t *plain = malloc(*len);
    assert_non_null(plain);
    size_t mul = (size_t)json_integer_value(json_object_get(pattern, "mul"));
    size_t add = (size_t)json_integer_value(json_object_get(pattern, "add"));
    for (size_t i = 0; i < *len; i++)
        plain[i] = (uint8_t)(i * mul + add);
    return plain;
}

static void pass_frame(ic__ss *from, ic__ss *to, const json_t *frame)
{
    size_t plain_len;
    size_t len;
    ic__ss_event event;
    uint8_t *plain = plain_of(frame, &plain_len);
    assert_int_equal(ic__ss_write(from, plain, plain_len, 0), 0);
    uint8_t *out = pull_all(from, &len);
    assert_int_equal(len, json_integer_value(json_object_get(frame, "frameLength")));
    assert_blake2b(out, len, frame, "frameBlake2b");
    assert_int_equal(ic__ss_recv(to, out, len, 0), 0);
    assert_true(ic__ss_next(to, &event));
    assert_int_equal(event.what, IC__SS_MESSAGE);
    assert_int_equal(event.len, plain_len);
    assert_memory_equal(event.data, plain, plain_len);
    assert_false(ic__ss_next(to, &event));
    free(out);
    free(plain);
}

static void frames_are_the_reference_ones(void **state)
{
    size_t i;
    json_t *frame;
    script random[2];
    const json_t *band = json_object_get(vectors, "outOfBand");
    ic__ss *ends[2] = {outside("initiator", 0, &random[0]),
                       outside("responder", 0, &random[1])};
    for (i = 0; i < 2; i++) {
        size_t len;
        ic__ss_event event;
        uint8_t *header = pull_all(ends[i], &len);
        expect_open(ends[i]);
        assert_int_equal(ic__ss_recv(ends[1 - i], header, len, 0), 0);
        if (i)
            assert_false(ic__ss_next(ends[0], &event));
        free(header);
    }
    json_array_foreach(json_object_get(band, "frames"), i, frame)
    {
        size_t from = strcmp(vectors_text(frame, "from"), "initiator") == 0 ? 0 : 1;
        pass_frame(ends[from], ends[1 - from], frame);
    }
    assert_int_equal(i, 13);
    ic__ss_free(ends[0]);
    ic__ss_free(ends[1]);
}

static void datagrams_are_the_reference_ones(void **state)
{
    size_t i;
    json_t *entry;
    script random[2];
    ic__ss *ends[2] = {outside("initiator", 0, &random[0]),
                       outside("responder", 0, &random[1])};
    json_array_foreach(
        json_object_get(json_object_get(vectors, "outOfBand"), "datagrams"), i, entry)
    {
        uint8_t sealed[1200];
        uint8_t opened[1200];
        char hex[2 * sizeof sealed + 1];
        size_t len;
        size_t from = strcmp(vectors_text(entry, "from"), "initiator") == 0 ? 0 : 1;
        ic__wr w = ic__wr_of(sealed, sizeof sealed);
        ic__wr got = ic__wr_of(opened, sizeof opened);
        uint8_t *plain = vectors_bytes(entry, "plain", &len);
        assert_int_equal(ic__ss_seal_datagram(ends[from], plain, len, &w), 0);
        ic__hex_encode(hex, sealed, w.len);
        assert_string_equal(hex, vectors_text(entry, "datagram"));
        assert_int_equal(ic__ss_open_datagram(ends[1 - from], sealed, w.len, &got), 0);
        assert_int_equal(got.len, len);
        assert_memory_equal(opened, plain, len);
        free(plain);
    }
    assert_int_equal(i, 5);
    ic__ss_free(ends[0]);
    ic__ss_free(ends[1]);
}

/* ---- a handshake inside of the stream ---- */

static const json_t *wire_of(const json_t *session, const char *from, const char *kind)
{
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(session, "wire"), i, entry)
    {
        if (strcmp(vectors_text(entry, "from"), from) == 0 &&
            strcmp(vectors_text(entry, "kind"), kind) == 0)
            return entry;
    }
    fail_msg("no %s of %s", kind, from);
    return NULL;
}

static ic__ss *inside(const json_t *session, const char *role, script *random)
{
    bool initiator = strcmp(role, "initiator") == 0;
    const ic_env env = {.random = give_bytes, .user = random};
    uint8_t seed[32];
    uint8_t secret[64];
    uint8_t key[32];
    uint8_t remote[32];
    uint8_t header[59];
    ic__ss *s = NULL;

    copy_hex(remote, 32, session, "initiatorSeesRemote");
    copy_hex(seed, 32, json_object_get(session, role), "staticSeed");
    crypto_sign_seed_keypair(key, secret, seed);
    copy_hex(header, sizeof header, wire_of(session, role, "header"), "bytes");
    random->used = 0;
    script_set(random, 0, json_object_get(session, role), "ephemeralSeed");
    memcpy(random->bytes + 32 + 8, header + 3 + 32, 24);
    bool ik = strcmp(vectors_text(session, "pattern"), "IK") == 0;
    const ic__noise_setup setup = {
        .pattern = ik ? IC__NOISE_IK : IC__NOISE_XX,
        .initiator = initiator,
        .secret_key = secret,
        .remote_key = ik && initiator ? remote : NULL,
        .env = &env,
    };
    assert_int_equal(ic__ss_new(&s, NULL, &setup, 0), 0);
    return s;
}

/* Everything that `from` wants to send goes to `to`, and is kept in `wire`. */
static void carry(ic__ss *from, ic__ss *to, char *wire)
{
    size_t len;
    uint8_t *out = pull_all(from, &len);
    ic__hex_encode(wire + strlen(wire), out, len);
    assert_int_equal(ic__ss_recv(to, out, len, 0), 0);
    free(out);
}

static void expect_message(ic__ss *s, const char *text)
{
    ic__ss_event event;
    assert_true(ic__ss_next(s, &event));
    assert_int_equal(event.what, IC__SS_MESSAGE);
    assert_int_equal(event.len, strlen(text));
    assert_memory_equal(event.data, text, event.len);
}

static void assert_wire(const json_t *session, const char *from, const char *hex)
{
    size_t i;
    json_t *entry;
    char want[2048] = "";
    json_array_foreach(json_object_get(session, "wire"), i, entry)
    {
        if (strcmp(vectors_text(entry, "from"), from) == 0)
            memcpy(want + strlen(want), vectors_text(entry, "bytes"),
                   strlen(vectors_text(entry, "bytes")) + 1);
    }
    assert_string_equal(hex, want);
}

static void check_session(const json_t *session)
{
    script random[2];
    char wire[2][2048] = {"", ""};
    ic__ss_event event;
    ic__ss *a = inside(session, "initiator", &random[0]);
    ic__ss *b = inside(session, "responder", &random[1]);
    bool opened[2] = {false, false};

    for (int turn = 0; turn < 8; turn++) {
        if (ic__ss_next(a, &event)) {
            assert_int_equal(event.what, IC__SS_OPEN);
            opened[0] = true;
            assert_int_equal(ic__ss_write(a, (const uint8_t *)"ping", 4, 0), 0);
        }
        carry(a, b, wire[0]);
        if (!opened[1] && ic__ss_next(b, &event)) {
            assert_int_equal(event.what, IC__SS_OPEN);
            opened[1] = true;
            assert_int_equal(ic__ss_write(b, (const uint8_t *)"pong", 4, 0), 0);
        }
        carry(b, a, wire[1]);
        if (opened[0] && opened[1])
            break;
    }
    carry(a, b, wire[0]);
    expect_message(b, "ping");
    expect_message(a, "pong");
    assert_wire(session, "initiator", wire[0]);
    assert_wire(session, "responder", wire[1]);
    char hex[129];
    ic__hex_encode(hex, ic__ss_hash(a), 64);
    assert_string_equal(hex, vectors_text(session, "handshakeHash"));
    assert_memory_equal(ic__ss_hash(b), ic__ss_hash(a), 64);
    ic__hex_encode(hex, ic__ss_remote_key(a), 32);
    assert_string_equal(hex, vectors_text(session, "initiatorSeesRemote"));
    ic__hex_encode(hex, ic__ss_remote_key(b), 32);
    assert_string_equal(hex, vectors_text(session, "responderSeesRemote"));
    ic__ss_free(a);
    ic__ss_free(b);
}

static void handshakes_inside_give_the_reference_wire(void **state)
{
    size_t i;
    json_t *session;
    json_array_foreach(json_object_get(vectors, "inBand"), i, session)
        check_session(session);
    assert_int_equal(i, 2);
}

/* ---- the list of cases ---- */

typedef struct outcome {
    json_t *data;
    json_t *datagrams;
    int error;
} outcome;

static void note(json_t *list, const uint8_t *data, size_t len)
{
    char hex[512];
    ic__hex_encode(hex, data, len);
    json_array_append_new(list, json_string(hex));
}

static void drain(ic__ss *s, outcome *o)
{
    ic__ss_event event;
    while (ic__ss_next(s, &event)) {
        if (event.what == IC__SS_MESSAGE)
            note(o->data, event.data, event.len);
        else if (event.what == IC__SS_FAILED)
            o->error = event.error;
    }
}

static void feed(ic__ss *s, const json_t *input, outcome *o)
{
    size_t len;
    const char *kind = json_object_get(input, "stream") ? "stream" : "datagram";
    uint8_t *bytes = vectors_bytes(input, kind, &len);
    if (*kind == 's') {
        int err = ic__ss_recv(s, bytes, len, 0);
        assert_true(err == 0 || (err == IC_ERR_CLOSED && o->error));
        drain(s, o);
    } else {
        uint8_t opened[256];
        ic__wr w = ic__wr_of(opened, sizeof opened);
        if (ic__ss_open_datagram(s, bytes, len, &w) == 0)
            note(o->datagrams, opened, w.len);
    }
    free(bytes);
}

static void check_case(const json_t *entry)
{
    size_t i;
    json_t *input;
    script random;
    outcome o = {.data = json_array(), .datagrams = json_array()};
    const char *name = vectors_text(entry, "note");
    bool keepalive = strstr(name, "keepAlive is on") != NULL;
    ic__ss *s = outside("responder", keepalive ? IC__SEC : 0, &random);
    expect_open(s);
    json_array_foreach(json_object_get(entry, "input"), i, input) feed(s, input, &o);
    if ((o.error != 0) != json_is_true(json_object_get(entry, "destroyed")) ||
        !json_equal(o.data, json_object_get(entry, "data")) ||
        !json_equal(o.datagrams, json_object_get(entry, "datagrams")))
        fail_msg("differs: %s", name);
    json_decref(o.data);
    json_decref(o.datagrams);
    ic__ss_free(s);
}

static void every_case_ends_as_in_the_reference(void **state)
{
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(json_object_get(vectors, "cases"), "list"), i,
                       entry) check_case(entry);
    assert_int_equal(i, 23);
}

static int load(void **state)
{
    vectors = vectors_load("secret-stream.json");
    return sodium_init() < 0;
}

static int unload(void **state)
{
    json_decref(vectors);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_header_is_the_reference_one),
        cmocka_unit_test(frames_are_the_reference_ones),
        cmocka_unit_test(datagrams_are_the_reference_ones),
        cmocka_unit_test(handshakes_inside_give_the_reference_wire),
        cmocka_unit_test(every_case_ends_as_in_the_reference),
    };
    return cmocka_run_group_tests_name("transport/secret_stream_vectors", tests, load,
                                       unload);
}
