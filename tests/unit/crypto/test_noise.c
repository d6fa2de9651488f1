/* docs/spec/03-secret-stream.md, sections 1 and 2 */
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/text.h"
#include "crypto/noise.h"
#include "intercom/error.h"
#include "unit.h"
#include "vectors.h"

#define MESSAGE_MAX 1024

static json_t *vectors[2]; /* IK, XX */

/* Random numbers that are the ephemeral seed of a vector. */
static void give_seed(void *out, size_t len, void *user)
{
    assert_int_equal(len, IC_SEED_BYTES);
    memcpy(out, user, len);
}

static uint8_t *bytes_of(const json_t *object, const char *a, const char *b,
                         const char *c)
{
    size_t len;
    const json_t *at = json_object_get(object, a);
    return vectors_bytes(c ? json_object_get(at, b) : at, c ? c : b, &len);
}

/* One end of a handshake in the vectors. */
static void begin(ic__noise *n, const json_t *handshake, bool initiator)
{
    size_t prologue_len;
    const char *name = initiator ? "initiator" : "responder";
    uint8_t *prologue = vectors_bytes(handshake, "prologue", &prologue_len);
    uint8_t *secret = bytes_of(handshake, name, "static", "secretKey");
    uint8_t *seed = bytes_of(handshake, name, "ephemeral", "seed");
    uint8_t *remote = bytes_of(handshake, "responder", "static", "publicKey");
    const ic_env env = {.random = give_seed, .user = seed};
    bool ik = strcmp(vectors_text(handshake, "pattern"), "IK") == 0;
    const ic__noise_setup setup = {
        .pattern = ik ? IC__NOISE_IK : IC__NOISE_XX,
        .initiator = initiator,
        .secret_key = secret,
        .remote_key = ik && initiator ? remote : NULL,
        .prologue = prologue,
        .prologue_len = prologue_len,
        .env = &env,
    };
    ic__noise_init(n, &setup);
    free(prologue);
    free(secret);
    free(seed);
    free(remote);
}

static void assert_hex(const uint8_t *bytes, size_t len, const json_t *object,
                       const char *key)
{
    char hex[2 * MESSAGE_MAX + 1];
    ic__hex_encode(hex, bytes, len);
    assert_string_equal(hex, vectors_text(object, key));
}

/* Write message `i` of the vector with one end, read it with the other. */
static void pass_message(ic__noise ends[2], const json_t *message, size_t i)
{
    uint8_t out[MESSAGE_MAX];
    uint8_t read[MESSAGE_MAX];
    size_t len;
    ic__wr w = ic__wr_of(out, sizeof out);
    ic__wr got = ic__wr_of(read, sizeof read);
    uint8_t *payload = vectors_bytes(message, "payload", &len);
    assert_true(ic__noise_must_write(&ends[i % 2]));
    assert_false(ic__noise_must_write(&ends[1 - i % 2]));
    assert_int_equal(ic__noise_write(&ends[i % 2], payload, len, &w), 0);
    assert_hex(out, w.len, message, "message");
    assert_int_equal(ic__noise_read(&ends[1 - i % 2], out, w.len, &got), 0);
    assert_int_equal(got.len, len);
    assert_memory_equal(read, payload, len);
    free(payload);
}

static void check_end(ic__noise *n, const json_t *handshake, bool initiator)
{
    ic__noise_result result;
    static const uint8_t zeros[sizeof *n];
    assert_true(ic__noise_done(n));
    ic__noise_finish(n, &result);
    assert_hex(result.hash, sizeof result.hash, handshake, "handshakeHash");
    assert_hex(result.tx, 32, handshake, initiator ? "initiatorTx" : "responderTx");
    assert_hex(result.rx, 32, handshake, initiator ? "initiatorRx" : "responderRx");
    const json_t *other =
        json_object_get(handshake, initiator ? "responder" : "initiator");
    assert_hex(result.remote_key, 32, json_object_get(other, "static"), "publicKey");
    assert_memory_equal(n, zeros, sizeof *n);
}

static void handshakes_give_the_reference_bytes(void **state)
{
    size_t count = 0;
    for (size_t v = 0; v < 2; v++) {
        size_t i;
        size_t m;
        json_t *handshake;
        json_t *message;
        json_array_foreach(json_object_get(vectors[v], "handshakes"), i, handshake)
        {
            ic__noise ends[2];
            begin(&ends[0], handshake, true);
            begin(&ends[1], handshake, false);
            json_array_foreach(json_object_get(handshake, "messages"), m, message)
                pass_message(ends, message, m);
            check_end(&ends[0], handshake, true);
            check_end(&ends[1], handshake, false);
            count++;
        }
    }
    assert_int_equal(count, 6);
}

static void run_step(ic__sym *s, const json_t *step)
{
    size_t len;
    const char *op = vectors_text(step, "op");
    if (strcmp(op, "encryptAndHash") == 0) {
        uint8_t out[MESSAGE_MAX];
        ic__wr w = ic__wr_of(out, sizeof out);
        uint8_t *plain = vectors_bytes(step, "input", &len);
        ic__sym_seal(s, plain, len, &w);
        assert_hex(out, w.len, step, "output");
        free(plain);
    } else if (strcmp(op, "mixKey") == 0) {
        uint8_t *dh = vectors_bytes(step, "dh", &len);
        ic__sym_mix_key(s, dh, len);
        free(dh);
    } else {
        assert_string_equal(op, "mixHash");
        uint8_t *data = vectors_bytes(step, "data", &len);
        ic__sym_mix_hash(s, data, len);
        free(data);
    }
    assert_hex(s->h, sizeof s->h, step, "h");
    assert_hex(s->ck, sizeof s->ck, step, "ck");
    assert_int_equal(s->n, json_integer_value(json_object_get(step, "n")));
    assert_int_equal(s->has_key, !json_is_null(json_object_get(step, "k")));
    if (s->has_key)
        assert_hex(s->k, sizeof s->k, step, "k");
}

static void every_step_leaves_the_reference_state(void **state)
{
    size_t steps = 0;
    for (size_t v = 0; v < 2; v++) {
        size_t i;
        size_t m;
        size_t k;
        json_t *handshake;
        json_t *message;
        json_t *step;
        json_array_foreach(json_object_get(vectors[v], "handshakes"), i, handshake)
        {
            ic__sym s;
            ic__sym_init(&s, vectors_text(handshake, "protocol"));
            json_array_foreach(json_object_get(handshake, "initialiseSteps"), k, step)
                run_step(&s, step);
            json_array_foreach(json_object_get(handshake, "messages"), m, message)
                json_array_foreach(json_object_get(message, "senderSteps"), k, step)
            {
                run_step(&s, step);
                steps++;
            }
        }
    }
    assert_int_equal(steps, 4 * 9 + 2 * 10);
}

static void shared_secrets_are_the_reference_ones(void **state)
{
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(vectors[0], "dh"), i, entry)
    {
        size_t len;
        uint8_t scalar[32];
        uint8_t shared[32];
        const json_t *a = json_object_get(entry, "a");
        const json_t *b = json_object_get(entry, "b");
        uint8_t *seed = vectors_bytes(a, "seed", &len);
        uint8_t *key = vectors_bytes(b, "publicKey", &len);
        ic__noise_scalar(scalar, seed);
        assert_hex(scalar, sizeof scalar, a, "scalar");
        assert_int_equal(ic__noise_dh(shared, scalar, key), 0);
        assert_hex(shared, sizeof shared, entry, "shared");
        free(seed);
        free(key);
    }
    assert_int_equal(i, 4);
}

static void improper_points_are_refused(void **state)
{
    size_t i;
    json_t *entry;
    static const uint8_t seed[IC_SEED_BYTES] = {1};
    json_array_foreach(json_object_get(vectors[0], "invalidPoints"), i, entry)
    {
        size_t len;
        uint8_t scalar[32];
        uint8_t shared[32];
        uint8_t *point = vectors_bytes(entry, "point", &len);
        ic__noise_scalar(scalar, seed);
        if (ic__noise_dh(shared, scalar, point) != IC_ERR_AUTH)
            fail_msg("accepted: %s", vectors_text(entry, "note"));
        free(point);
    }
    assert_int_equal(i, 11);
}

/* Two ends of the vectors' first handshake, when message `index` is about to be read. */
static ic__noise *before_message(ic__noise ends[2], const json_t *handshake, size_t index)
{
    const json_t *messages = json_object_get(handshake, "messages");
    begin(&ends[0], handshake, true);
    begin(&ends[1], handshake, false);
    for (size_t i = 0; i < index; i++)
        pass_message(ends, json_array_get(messages, i), i);
    return &ends[1 - index % 2];
}

static void refuse_or_not(const json_t *handshake, const json_t *entry)
{
    size_t len;
    ic__noise ends[2];
    uint8_t payload[MESSAGE_MAX];
    ic__wr w = ic__wr_of(payload, sizeof payload);
    uint8_t *message = vectors_bytes(entry, "message", &len);
    size_t index = (size_t)json_integer_value(json_object_get(entry, "messageIndex"));
    int err = ic__noise_read(before_message(ends, handshake, index), message, len, &w);
    if ((err != 0) != json_is_true(json_object_get(entry, "rejected")))
        fail_msg("message %zu, %s: %d", index, vectors_text(entry, "note"), err);
    if (err)
        assert_int_equal(w.len, 0);
    free(message);
}

static void refusals_are_the_reference_ones(void **state)
{
    size_t count = 0;
    for (size_t v = 0; v < 2; v++) {
        size_t i;
        json_t *entry;
        const json_t *first =
            json_array_get(json_object_get(vectors[v], "handshakes"), 0);
        json_array_foreach(json_object_get(vectors[v], "refusals"), i, entry)
        {
            refuse_or_not(first, entry);
            count++;
        }
    }
    assert_int_equal(count, 14 + 21);
}

static void every_prefix_of_every_message_is_refused(void **state)
{
    for (size_t v = 0; v < 2; v++) {
        size_t i;
        json_t *message;
        const json_t *first =
            json_array_get(json_object_get(vectors[v], "handshakes"), 0);
        json_array_foreach(json_object_get(first, "messages"), i, message)
        {
            size_t len;
            uint8_t *data = vectors_bytes(message, "message", &len);
            for (size_t cut = 0; cut < len; cut++) {
                ic__noise ends[2];
                uint8_t payload[MESSAGE_MAX];
                ic__wr w = ic__wr_of(payload, sizeof payload);
                uint8_t *part = malloc(cut ? cut : 1);
                assert_non_null(part);
                memcpy(part, data, cut);
                ic__noise *end = before_message(ends, first, i);
                assert_int_not_equal(ic__noise_read(end, part, cut, &w), 0);
                assert_int_equal(w.len, 0);
                free(part);
            }
            free(data);
        }
    }
}

static void another_prologue_or_another_responder_ends_the_handshake(void **state)
{
    const json_t *all = json_object_get(vectors[0], "handshakes");
    json_t *other = json_deep_copy(json_array_get(all, 0));
    uint8_t out[MESSAGE_MAX];
    uint8_t payload[MESSAGE_MAX];
    static const char *const members[] = {"prologue", "responder"};
    for (size_t i = 0; i < 2; i++) {
        ic__noise a;
        ic__noise b;
        ic__wr w = ic__wr_of(out, sizeof out);
        ic__wr got = ic__wr_of(payload, sizeof payload);
        begin(&a, json_array_get(all, 0), true);
        json_object_set(other, members[i],
                        json_object_get(json_array_get(all, i ? 0 : 2), members[i]));
        if (i) /* the static key of the initiator in its place */
            json_object_set(other, "responder",
                            json_object_get(json_array_get(all, 0), "initiator"));
        begin(&b, other, false);
        assert_int_equal(ic__noise_write(&a, NULL, 0, &w), 0);
        assert_int_equal(ic__noise_read(&b, out, w.len, &got), IC_ERR_AUTH);
    }
    json_decref(other);
}

static void a_payload_that_does_not_fit_is_told(void **state)
{
    const json_t *first = json_array_get(json_object_get(vectors[1], "handshakes"), 0);
    uint8_t out[40];
    uint8_t small[7];
    static const uint8_t large[IC__NOISE_MESSAGE_MAX + 1];
    ic__noise a;
    ic__noise b;
    ic__wr w = ic__wr_of(out, sizeof out);
    ic__wr got = ic__wr_of(small, sizeof small);
    begin(&a, first, true);
    begin(&b, first, false);
    assert_int_equal(ic__noise_write(&a, large, sizeof large, &w), IC_ERR_LIMIT);
    assert_int_equal(ic__noise_write(&a, large, 8, &w), 0);
    assert_int_equal(ic__noise_read(&b, out, w.len, &got), IC_ERR_LIMIT);
    begin(&b, first, false);
    assert_int_equal(ic__noise_read(&b, large, sizeof large, &got), IC_ERR_LIMIT);
    begin(&a, first, true);
    w = ic__wr_of(out, 31);
    assert_int_equal(ic__noise_write(&a, NULL, 0, &w), IC_ERR_LIMIT);
}

static int load(void **state)
{
    vectors[0] = vectors_load("noise-ik.json");
    vectors[1] = vectors_load("noise-xx.json");
    return sodium_init() < 0;
}

static int unload(void **state)
{
    json_decref(vectors[0]);
    json_decref(vectors[1]);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handshakes_give_the_reference_bytes),
        cmocka_unit_test(every_step_leaves_the_reference_state),
        cmocka_unit_test(shared_secrets_are_the_reference_ones),
        cmocka_unit_test(improper_points_are_refused),
        cmocka_unit_test(refusals_are_the_reference_ones),
        cmocka_unit_test(every_prefix_of_every_message_is_refused),
        cmocka_unit_test(another_prologue_or_another_responder_ends_the_handshake),
        cmocka_unit_test(a_payload_that_does_not_fit_is_told),
    };
    return cmocka_run_group_tests_name("crypto/noise", tests, load, unload);
}
