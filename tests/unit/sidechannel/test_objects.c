#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fake_clock.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "people.h"
#include "sidechannel/envelope.h"
#include "sidechannel/invite.h"
#include "sidechannel/object.h"
#include "sidechannel/welcome.h"
#include "unit.h"

#define ISSUED 1700000000000

static ic__json *parse(const char *text)
{
    ic__json *doc = NULL;
    int error = ic__json_parse(text, strlen(text), &doc);
    if (error)
        fail_msg("%s: %.80s", ic_strerror(error), text);
    return doc;
}

static ic__json *parse_object(const char *text)
{
    ic__json *doc = NULL;
    int error = ic__object_parse(text, strlen(text), false, &doc);
    if (error)
        fail_msg("%s: %.80s", ic_strerror(error), text);
    return doc;
}

static ic__policy policy_of(ic__policy_options *options, const char *self)
{
    ic__policy p = {0};
    ic__buf why = {0};
    assert_int_equal(ic__policy_init(&p, options, self, &why), 0);
    ic__buf_free(&why);
    return p;
}

/* A policy in which `owner` owns `channel`. */
static ic__policy owned(const char *channel, const char *owner)
{
    ic__policy_options o;
    ic__buf owners = {0};
    ic__policy_options_default(&o);
    ic__buf_printf(&owners, "%s:%s", channel, owner);
    o.owners = owners.data;
    ic__policy p = policy_of(&o, owner);
    ic__buf_free(&owners);
    return p;
}

/* spec/12, 5: welcome, in all its text forms */
static void welcomes_of_the_reference_verify_and_ours_are_the_same(void **state)
{
    json_t *doc = vectors_load("sidechannel.json");
    ic_identity *alice = person(doc, "alice");
    json_t *v;
    size_t i;
    json_array_foreach(json_object_get(doc, "welcomes"), i, v)
    {
        const char *channel = vectors_text(v, "channel");
        ic__policy p = owned(channel, vectors_text(v, "owner"));
        ic__policy other =
            owned(channel,
                  vectors_text(json_object_get(json_object_get(doc, "identities"), "bob"),
                               "publicKey"));
        ic__json *w = parse_object(vectors_text(v, "json"));
        ic__json *same = parse_object(vectors_text(v, "base64"));
        ic__buf text = {0};
        assert_int_equal(ic__welcome_text(ic__object_payload(w), &text), 0);
        assert_string_equal(text.data, vectors_text(v, "canonical"));
        assert_int_equal(ic__welcome_verify(w, &p, channel), 0);
        assert_int_equal(ic__welcome_verify(same, &p, channel), 0);
        assert_int_equal(ic__welcome_verify(w, &p, "elsewhere"), IC_ERR_DENIED);
        assert_int_equal(ic__welcome_verify(w, &other, channel), IC_ERR_DENIED);
        ic__buf_reset(&text);
        const char *words =
            ic__json_text(ic__json_get(ic__object_payload(w), "text"), NULL);
        ic__welcome_write(&text, channel, words, ISSUED, alice);
        assert_string_equal(text.data, vectors_text(v, "json"));
        ic__buf_free(&text);
        ic__json_free(w);
        ic__json_free(same);
        ic__policy_free(&p);
        ic__policy_free(&other);
    }
    assert_int_equal(i, 3);
    ic_identity_free(alice);
    json_decref(doc);
}

static void check_invite(const json_t *doc, const json_t *v, const ic_identity *alice)
{
    const char *channel = vectors_text(v, "channel");
    const char *bob = vectors_text(v, "invitee");
    ic__policy_options o;
    ic__policy_options_default(&o);
    ic__policy p = policy_of(&o, bob);
    o.inviter_keys = bob;
    ic__policy distrusts = policy_of(&o, bob);
    ic__json *invite = parse_object(vectors_text(v, "json"));
    ic__json *same = parse_object(vectors_text(v, "base64"));
    const ic__json *payload = ic__object_payload(invite);
    int64_t expires = 0;
    int64_t until = 0;
    ic__buf text = {0};

    assert_true(ic__json_integer(ic__json_get(payload, "expiresAt"), &expires));
    assert_int_equal(ic__invite_text(payload, &text), 0);
    assert_string_equal(text.data, vectors_text(v, "canonical"));
    assert_int_equal(ic__invite_verify(invite, &p, channel, bob, expires - 1, &until), 0);
    assert_int_equal(until, expires);
    assert_int_equal(ic__invite_verify(same, &p, channel, bob, expires - 1, &until), 0);
    /* expiresAt > now is strict */
    assert_int_equal(ic__invite_verify(invite, &p, channel, bob, expires, &until),
                     IC_ERR_DENIED);
    assert_int_equal(ic__invite_verify(invite, &p, "x", bob, 0, &until), IC_ERR_DENIED);
    assert_int_equal(ic__invite_verify(invite, &p, channel,
                                       ic_identity_public_key_hex(alice), 0, &until),
                     IC_ERR_DENIED);
    assert_int_equal(ic__invite_verify(invite, &distrusts, channel, bob, 0, &until),
                     IC_ERR_DENIED);

    ic__invite_terms terms = {.channel = channel,
                              .invitee = bob,
                              .issued_ms = ISSUED,
                              .expires_ms = expires,
                              .nonce = "k3jx9q2z",
                              .welcome = ic__json_get(invite, "welcome")};
    ic__buf_reset(&text);
    ic__invite_write(&text, &terms, alice);
    assert_string_equal(text.data, vectors_text(v, "json"));
    ic__buf_free(&text);
    ic__json_free(invite);
    ic__json_free(same);
    ic__policy_free(&p);
    ic__policy_free(&distrusts);
}

/* spec/12, 5: invite */
static void invites_of_the_reference_verify_and_ours_are_the_same(void **state)
{
    json_t *doc = vectors_load("sidechannel.json");
    ic_identity *alice = person(doc, "alice");
    json_t *v;
    size_t i;
    json_array_foreach(json_object_get(doc, "invites"), i, v)
    {
        check_invite(doc, v, alice);
    }
    assert_int_equal(i, 3);
    ic_identity_free(alice);
    json_decref(doc);
}

/* spec/12, 5 and 11: where the reference converts, we refuse */
static void odd_types_are_refused_instead_of_converted(void **state)
{
    json_t *doc = vectors_load("sidechannel.json");
    json_t *v;
    size_t i;
    json_array_foreach(json_object_get(doc, "coercions"), i, v)
    {
        ic__json *payload = parse(vectors_text(v, "text"));
        ic__buf text = {0};
        assert_int_equal(ic__invite_text(payload, &text), IC_ERR_PROTO);
        assert_int_equal(ic__welcome_text(payload, &text), IC_ERR_PROTO);
        assert_int_equal(text.len, 0);
        ic__json_free(payload);
    }
    assert_int_equal(i, 5);
    json_decref(doc);
}

static void flat_form_and_signature_alias_are_accepted(void **state)
{
    json_t *doc = vectors_load("sidechannel.json");
    const json_t *v = json_array_get(json_object_get(doc, "welcomes"), 0);
    ic__policy p = owned("pub1", vectors_text(v, "owner"));
    ic__buf flat = {0};
    ic__buf_text(&flat, vectors_text(v, "canonical"));
    flat.len--; /* the closing brace */
    ic__buf_printf(&flat, ",\"sig\":\"\",\"signature\":\"%s\"}", vectors_text(v, "sig"));
    ic__json *w = parse_object(flat.data);
    assert_int_equal(ic__welcome_verify(w, &p, "pub1"), 0);
    ic__json_free(w);
    /* 130 digits: the reference ignores what follows 128, we do not */
    flat.len--;
    ic__buf_text(&flat, ",\"sig\":\"");
    ic__buf_text(&flat, vectors_text(v, "sig"));
    ic__buf_text(&flat, "00\"}");
    w = parse_object(flat.data);
    assert_int_equal(ic__welcome_verify(w, &p, "pub1"), IC_ERR_AUTH);
    ic__json_free(w);
    ic__buf_free(&flat);
    ic__policy_free(&p);
    json_decref(doc);
}

/* Each member in turn gets another value; nothing signed may change. */
static void a_changed_member_breaks_the_signature(void **state)
{
    static const char *const changes[][2] = {
        {"\"version\":1", "\"version\":2"},
        {"\"nonce\":\"k3jx9q2z\"", "\"nonce\":\"k3jx9q2y\""},
        {"1700000000000", "1700000000001"},
        {"\"trac1", "\"tracl"},
        {"\"sig\":\"2c", "\"sig\":\"2d"},
    };
    json_t *doc = vectors_load("sidechannel.json");
    const json_t *v = json_array_get(json_object_get(doc, "invites"), 0);
    const char *bob = vectors_text(v, "invitee");
    ic__policy_options o;
    ic__policy_options_default(&o);
    ic__policy p = policy_of(&o, bob);
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        const char *json = vectors_text(v, "json");
        const char *at = strstr(json, changes[i][0]);
        ic__buf text = {0};
        int64_t until;
        assert_non_null(at);
        ic__buf_add(&text, json, (size_t)(at - json));
        ic__buf_text(&text, changes[i][1]);
        ic__buf_text(&text, at + strlen(changes[i][0]));
        ic__json *invite = parse_object(text.data);
        assert_int_equal(ic__invite_verify(invite, &p, "priv1", bob, ISSUED, &until),
                         IC_ERR_AUTH);
        ic__json_free(invite);
        ic__buf_free(&text);
    }
    ic__policy_free(&p);
    json_decref(doc);
}

static void expect_unreadable(const char *text, bool at_terminal, int error)
{
    ic__json *doc = NULL;
    int got = ic__object_parse(text, strlen(text), at_terminal, &doc);
    if (got != error)
        fail_msg("%s instead of %s for: %.40s", ic_strerror(got), ic_strerror(error),
                 text);
    assert_null(doc);
}

static void what_is_no_object_is_refused(void **state)
{
    expect_unreadable("", false, IC_ERR_PROTO);
    expect_unreadable("zzz", false, IC_ERR_PROTO);
    expect_unreadable("{bad", false, IC_ERR_PROTO);
    expect_unreadable("[]", false, IC_ERR_PROTO);
    expect_unreadable("W10=", false, IC_ERR_PROTO); /* [] */
    expect_unreadable("NQ==", false, IC_ERR_PROTO); /* 5 */
    expect_unreadable("b64:e30=", false, IC_ERR_PROTO);
    expect_unreadable("@/nowhere/to/be/found", false, IC_ERR_PROTO);
    expect_unreadable("@/nowhere/to/be/found", true, IC_ERR_IO);
    ic__buf big = {0};
    for (size_t i = 0; i < IC__OBJECT_MAX_BYTES * 2 + 1; i++)
        ic__buf_char(&big, 'A');
    expect_unreadable(big.data, false, IC_ERR_LIMIT);
    big.data[0] = '{';
    expect_unreadable(big.data, false, IC_ERR_LIMIT);
    ic__buf_free(&big);
}

static void base64_comes_in_both_alphabets_with_and_without_padding(void **state)
{
    static const char *const same[] = {"eyJhIjoiPj4+In0=", "eyJhIjoiPj4+In0",
                                       "eyJhIjoiPj4-In0",
                                       " eyJhIjoi\nPj4-In0= ", "{\"a\":\">>>\"}"};
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        ic__json *doc = parse_object(same[i]);
        assert_string_equal(ic__json_cstring(ic__json_get(doc, "a")), ">>>");
        ic__json_free(doc);
    }
    ic__buf b = {0};
    ic__object_base64(&b, same[4], strlen(same[4]));
    assert_string_equal(b.data, same[0]);
    ic__buf_free(&b);
}

static void every_prefix_of_an_invite_is_refused(void **state)
{
    json_t *doc = vectors_load("sidechannel.json");
    const char *json =
        vectors_text(json_array_get(json_object_get(doc, "invites"), 1), "json");
    for (size_t len = 0; len < strlen(json); len++) {
        ic__json *object = NULL;
        char *copy = malloc(len ? len : 1);
        assert_non_null(copy);
        memcpy(copy, json, len);
        assert_int_equal(ic__object_parse(copy, len, false, &object), IC_ERR_PROTO);
        free(copy);
    }
    json_decref(doc);
}

static void the_terminal_reads_files_and_the_b64_prefix(void **state)
{
    char path[] = "@object-XXXXXX";
    ic__json *doc = NULL;
    int fd = mkstemp(path + 1);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, " {\"a\":1}\n", 9), 9);
    assert_int_equal(ic__object_parse(path, strlen(path), true, &doc), 0);
    assert_int_equal(ic__json_count(doc), 1);
    ic__json_free(doc);
    assert_int_equal(ftruncate(fd, (off_t)IC__OBJECT_MAX_BYTES + 1), 0);
    expect_unreadable(path, true, IC_ERR_LIMIT);
    (void)close(fd);
    (void)unlink(path + 1);
    assert_int_equal(ic__object_parse("b64:e30=", 8, true, &doc), 0);
    ic__json_free(doc);
}

/* spec/12, 2, 4 and 5 */
static void envelopes_are_signed_and_worked_over_as_in_the_reference(void **state)
{
    json_t *doc = vectors_load("sidechannel.json");
    ic_identity *alice = person(doc, "alice");
    json_t *v;
    size_t i;
    json_array_foreach(json_object_get(doc, "payloads"), i, v)
    {
        ic__json *p = parse(vectors_text(v, "json"));
        ic__json *body = parse(vectors_text(v, "bodyText"));
        ic__buf text = {0};
        ic__envelope e = {
            .channel = ic__json_cstring(ic__json_get(p, "channel")),
            .id = ic__json_cstring(ic__json_get(p, "id")),
            .from = ic_identity_public_key_hex(alice),
            .message = body,
            .ttl = 3,
        };
        uint64_t nonce = (uint64_t)json_integer_value(json_object_get(v, "nonce"));
        uint32_t bits = (uint32_t)json_integer_value(json_object_get(v, "difficulty"));
        ic__buf tail = {0};
        ic__buf json = {0};
        assert_true(ic__json_integer(ic__json_get(p, "ts"), &e.ts_ms));
        ic__envelope_signed_text(&text, &e);
        assert_string_equal(text.data, vectors_text(v, "sigBase"));
        ic__envelope_write(&json, &e, &text, alice);
        ic__buf_reset(&text);
        ic__envelope_work_texts(&text, &tail, &e);
        ic__buf_printf(&text, "%llu%s", (unsigned long long)nonce, tail.data);
        assert_string_equal(text.data, vectors_text(v, "powBase"));
        ic__buf_reset(&text);
        ic__envelope_add_work(&text, json.data, json.len, nonce, bits);
        assert_string_equal(text.data, vectors_text(v, "json"));
        ic__buf_free(&json);
        ic__buf_free(&tail);
        ic__buf_free(&text);
        ic__json_free(p);
        ic__json_free(body);
    }
    assert_int_equal(i, 9);
    ic_identity_free(alice);
    json_decref(doc);
}

static void expect_invite(const char *invite, const char *welcome, const char *written)
{
    fake_clock clock;
    fake_clock_init(&clock, 1);
    ic_identity *id = NULL;
    ic__json *i = parse(invite);
    ic__json *w = parse(welcome);
    ic__buf text = {0};
    ic__buf signed_text = {0};
    assert_int_equal(
        ic_identity_from_seed(&id, (const uint8_t[32]){1}, IC_NETWORK_MAINNET), 0);
    ic__envelope e = {.channel = "c", .id = "i", .from = "f", .invite = i, .welcome = w};
    ic__envelope_signed_text(&signed_text, &e);
    ic__envelope_write(&text, &e, &signed_text, id);
    ic__buf_free(&signed_text);
    const char *at = strstr(text.data, "\"invite\":");
    assert_non_null(at);
    assert_memory_equal(at + 9, written, strlen(written));
    assert_null(strstr(text.data, "\"message\"")); /* absent stays absent */
    ic__buf_free(&text);
    ic__json_free(i);
    ic__json_free(w);
    ic_identity_free(id);
}

/* spec/13, 3: "the welcome is put into the invite (unless it has one)" */
static void a_welcome_travels_inside_the_invite(void **state)
{
    expect_invite("{}", "{\"w\":1}", "{\"welcome\":{\"w\":1}},");
    expect_invite("{\"a\":1}", "{\"w\":1}", "{\"a\":1,\"welcome\":{\"w\":1}},");
    expect_invite("{\"welcome\":null,\"a\":1}", "{\"w\":1}",
                  "{\"welcome\":{\"w\":1},\"a\":1},");
    expect_invite("{\"welcome\":2}", "{\"w\":1}", "{\"welcome\":2},");
}

static void ids_are_base36(void **state)
{
    fake_clock clock;
    fake_clock_init(&clock, 7);
    ic_env env = fake_clock_env(&clock);
    bool seen[128] = {false};
    size_t kinds = 0;
    for (int i = 0; i < 500; i++) {
        char text[9];
        ic__base36_random(&env, text, 8);
        assert_int_equal(strspn(text, "0123456789abcdefghijklmnopqrstuvwxyz"), 8);
        for (int k = 0; k < 8; k++)
            seen[(uint8_t)text[k]] = true;
    }
    for (size_t i = 0; i < sizeof seen; i++)
        kinds += seen[i];
    assert_int_equal(kinds, 36);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(welcomes_of_the_reference_verify_and_ours_are_the_same),
        cmocka_unit_test(invites_of_the_reference_verify_and_ours_are_the_same),
        cmocka_unit_test(odd_types_are_refused_instead_of_converted),
        cmocka_unit_test(flat_form_and_signature_alias_are_accepted),
        cmocka_unit_test(a_changed_member_breaks_the_signature),
        cmocka_unit_test(what_is_no_object_is_refused),
        cmocka_unit_test(base64_comes_in_both_alphabets_with_and_without_padding),
        cmocka_unit_test(every_prefix_of_an_invite_is_refused),
        cmocka_unit_test(the_terminal_reads_files_and_the_b64_prefix),
        cmocka_unit_test(envelopes_are_signed_and_worked_over_as_in_the_reference),
        cmocka_unit_test(a_welcome_travels_inside_the_invite),
        cmocka_unit_test(ids_are_base36),
    };
    return cmocka_run_group_tests_name("sidechannel/objects", tests, NULL, NULL);
}
