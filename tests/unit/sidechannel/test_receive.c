/* spec/12, 6 to 9 and 11: messages of others, gate by gate. */
#include <stdio.h>

#include "letters.h"
#include "sidechannel/incoming.h"

#define SECOND_MS 1000

static uint64_t blocks(const solo *s)
{
    return ic__sidechannel_get_stats(s->sc).blocks;
}

static void raw(letters *l, size_t link, const char *channel, const void *data,
                size_t len)
{
    ic__sc_port *port = solo_port_of(&l->solo, link, channel);
    assert_non_null(port);
    ic__sc_port_message(port, 0, data, len, l->clock.now_ns);
    (void)solo_run(&l->solo);
}

/* ---- bytes ---- */

static void an_honest_message_is_shown_and_handed_on(void **state)
{
    letters *l = *state;
    solo *s = letters_open(l);
    bring(l, 0, l->alice, "trip", "\"hello\"");
    assert_true(heard(l, "message trip signed {"));
    assert_true(heard(l, "send 1 trip {"));
    assert_false(heard(l, "send 0 trip {"));
    assert_true(heard(l, ",\"ttl\":2,"));
    ic__sidechannel_stats stats = ic__sidechannel_get_stats(s->sc);
    assert_int_equal(stats.received, 1);
    assert_int_equal(stats.delivered, 1);
    assert_int_equal(stats.relayed, 1);
    solo_free(s);
}

/* Each prefix of a good message, in a piece of memory of just that size. */
static void a_message_that_is_cut_off_is_refused(void **state)
{
    letters *l = *state;
    ic__buf json = {0};
    ic__buf message = {0};
    l->options.policy.max_strikes = UINT32_MAX;
    solo *s = letters_open(l);
    letter(l, l->alice, "trip", "[1,\"\xf0\x9f\x98\x80\"]", &json);
    ic__message_write(&message, json.data, json.len);
    for (size_t len = 0; len < message.len; len++) {
        uint8_t *piece = malloc(len ? len : 1);
        memcpy(piece, message.data, len);
        raw(l, 0, "trip", piece, len);
        free(piece);
        assert_null(solo_port_of(s, 0, "trip"));
        assert_true(ic__sc_link_asked(s->links[0], "sidechannel/trip"));
        (void)solo_run(s);
    }
    assert_int_equal(solo_drops(s, IC__SC_DROP_NOT_JSON), message.len);
    assert_string_equal(s->log.data, "");
    raw(l, 0, "trip", message.data, message.len);
    assert_true(heard(l, "message trip signed {"));
    ic__buf_free(&json);
    ic__buf_free(&message);
    solo_free(s);
}

/* 11: "close only the channel and count a strike" */
static void what_is_not_json_closes_its_channel_and_is_a_strike(void **state)
{
    letters *l = *state;
    solo *s = letters_open(l);
    s->verbose = true;
    raw(l, 0, "trip", "\x03{a}", 4);
    assert_string_equal(solo_run(s), "close 0 trip\n");
    assert_non_null(solo_port_of(s, 0, "0000intercom"));
    assert_int_equal(ic__sidechannel_get_stats(s->sc).strikes, 1);
    bring(l, 0, l->alice, "0000intercom", "\"still welcome\"");
    assert_true(heard(l, "message 0000intercom"));
    solo_free(s);
}

/* A relay hands on what it can read: depth is not its fault. */
static void what_is_too_deep_or_large_is_dropped(void **state)
{
    letters *l = *state;
    ic__buf text = {0};
    l->options.policy.rate_bytes_per_s = 0;
    solo *s = letters_open(l);
    for (int i = 0; i < 70; i++)
        ic__buf_char(&text, '[');
    for (int i = 0; i < 70; i++)
        ic__buf_char(&text, ']');
    solo_receive(s, 0, "trip", text.data, text.len);
    ic__buf_reset(&text);
    ic__buf_char(&text, '"');
    while (text.len < IC__JSON_MAX_BYTES)
        ic__buf_text(&text, "0123456789abcdef");
    ic__buf_char(&text, '"');
    solo_receive(s, 0, "trip", text.data, text.len);
    assert_int_equal(solo_drops(s, IC__SC_DROP_TOO_MUCH), 2);
    assert_int_equal(ic__sidechannel_get_stats(s->sc).strikes, 0);
    assert_non_null(solo_port_of(s, 0, "trip"));
    ic__buf_free(&text);
    solo_free(s);
}

static void other_types_and_odd_envelopes_are_dropped(void **state)
{
    letters *l = *state;
    static const char *const odd[] = {
        "null",
        "[]",
        "{}",
        "{\"id\":\"i\",\"from\":\"f\"}",
        "{\"id\":\"i\",\"from\":\"f\",\"channel\":{\"toString\":1}}",
        "{\"id\":{\"toString\":1},\"from\":\"f\",\"channel\":\"trip\"}",
        "{\"id\":\"i\",\"from\":[],\"channel\":\"trip\"}",
        "{\"id\":\"\",\"from\":\"f\",\"channel\":\"trip\"}",
    };
    solo *s = letters_open(l);
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++)
        solo_receive(s, 0, "trip", odd[i], strlen(odd[i]));
    assert_int_equal(solo_drops(s, IC__SC_DROP_SHAPE), sizeof odd / sizeof odd[0]);
    ic__sc_port_message(solo_port_of(s, 0, "trip"), 1, (const uint8_t *)"\2{}", 3,
                        l->clock.now_ns);
    assert_int_equal(solo_drops(s, IC__SC_DROP_TYPE), 1);
    assert_string_equal(solo_run(s), "");
    assert_int_equal(ic__sidechannel_get_stats(s->sc).strikes, 0);
    solo_free(s);
}

static void ids_have_at_most_256_bytes(void **state)
{
    letters *l = *state;
    solo *s = letters_open(l);
    for (int len = 255; len <= 257; len++) {
        ic__buf json = {0};
        ic__buf_printf(&json, "{\"id\":\"%0*d\",\"from\":\"f\",\"channel\":\"trip\"}",
                       len, 1);
        solo_receive(s, 0, "trip", json.data, json.len);
        ic__buf_free(&json);
    }
    assert_int_equal(ic__sidechannel_get_stats(s->sc).delivered, 2);
    assert_int_equal(solo_drops(s, IC__SC_DROP_SHAPE), 1);
    assert_true(heard(l, "message trip unsigned {"));
    solo_free(s);
}

/* ---- authors ---- */

/* Rule 9 */
static void signatures_are_checked_everywhere(void **state)
{
    letters *l = *state;
    ic__buf json = {0};
    solo *s = letters_open(l);
    letter(l, l->alice, "trip", "\"true\"", &json);
    char *at = strstr(json.data, "\"true\"");
    memcpy(at, "\"lies\"", 6);
    solo_receive(s, 0, "trip", json.data, json.len);
    assert_int_equal(solo_drops(s, IC__SC_DROP_SIGNATURE), 1);
    assert_int_equal(ic__sidechannel_get_stats(s->sc).strikes, 0); /* may be a relay */
    /* with the signature cut off it is shown, but as what it is */
    char *sig = strstr(json.data, ",\"sig\":");
    memcpy(sig, "}", 2);
    solo_receive(s, 0, "trip", json.data, strlen(json.data));
    assert_true(heard(l, "message trip unsigned {"));
    ic__buf_free(&json);
    solo_free(s);
}

static void only_the_owner_writes(void **state)
{
    letters *l = *state;
    ic__buf json = {0};
    l->options.policy.owner_write_channels = "pub1";
    l->options.policy.channels = "pub1";
    solo *s = letters_open(l);
    bring(l, 1, l->carol, "pub1", "\"me too\"");
    assert_int_equal(solo_drops(s, IC__SC_DROP_OWNER), 1);
    assert_int_equal(ic__sidechannel_get_stats(s->sc).strikes, 0);
    bring(l, 1, l->alice, "pub1", "\"by the owner\"");
    assert_true(heard(l, "message pub1 signed"));
    for (int i = 0; i < 3; i++) { /* carol forges */
        ic__buf_reset(&json);
        letter(l, l->alice, "pub1", "\"true\"", &json);
        memcpy(strstr(json.data, "\"true\""), "\"lies\"", 6);
        solo_receive(s, 1, "pub1", json.data, json.len);
    }
    assert_int_equal(solo_drops(s, IC__SC_DROP_BAD_OWNER), 3);
    assert_int_equal(blocks(s), 1);
    ic__buf_free(&json);
    solo_free(s);
}

/* Rule 8 */
static void old_and_early_messages_of_owners_are_refused(void **state)
{
    letters *l = *state;
    static const struct {
        int64_t offset_ms;
        bool good;
    } table[] = {{0, true},      {-600000, true}, {-600001, false},
                 {120000, true}, {120001, false}, {-86400000, false}};
    l->options.policy.owner_write_channels = "pub1";
    l->options.policy.channels = "pub1,trip";
    solo *s = letters_open(l);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        ic__buf json = {0};
        solo_clear(s);
        letter_at(l, l->alice, "pub1", "1", LETTERS_MS + table[i].offset_ms, &json);
        solo_receive(s, 0, "pub1", json.data, json.len);
        assert_int_equal(heard(l, "message pub1"), table[i].good);
        ic__buf_reset(&json);
        letter_at(l, l->alice, "trip", "1", LETTERS_MS + table[i].offset_ms, &json);
        solo_receive(s, 0, "trip", json.data, json.len);
        assert_true(heard(l, "message trip"));
        ic__buf_free(&json);
    }
    assert_int_equal(solo_drops(s, IC__SC_DROP_STALE), 3);
    solo_free(s);
}

/* Rules 7 and 8: as long as a message is not too old, its copy is known */
static void a_message_of_the_owner_cannot_be_replayed(void **state)
{
    letters *l = *state;
    ic__buf json = {0};
    l->options.policy.owner_write_channels = "pub1";
    l->options.policy.channels = "pub1";
    solo *s = letters_open(l);
    letter_at(l, l->alice, "pub1", "1", LETTERS_MS + 119000, &json);
    solo_receive(s, 0, "pub1", json.data, json.len);
    assert_true(heard(l, "message pub1"));
    for (int minute = 0; minute < 15; minute++) {
        solo_wait(s, 60 * SECOND_MS);
        solo_clear(s);
        bring(l, 0, l->alice, "pub1", "\"news\""); /* what is old is forgotten now */
        assert_true(heard(l, "news"));
        solo_clear(s);
        solo_receive(s, 1, "pub1", json.data, json.len);
        assert_string_equal(s->log.data, "");
    }
    ic__buf_free(&json);
    solo_free(s);
}

static void only_so_many_messages_are_remembered(void **state)
{
    letters *l = *state;
    ic__buf json = {0};
    l->options.max_seen = 3;
    solo *s = letters_open(l);
    letter(l, l->alice, "trip", "\"first\"", &json);
    solo_receive(s, 0, "trip", json.data, json.len);
    for (int i = 0; i < 2; i++)
        bring(l, 0, l->alice, "trip", "1");
    solo_clear(s);
    solo_receive(s, 1, "trip", json.data, json.len);
    assert_string_equal(s->log.data, "");
    bring(l, 0, l->alice, "trip", "1");
    solo_receive(s, 1, "trip", json.data, json.len);
    assert_true(heard(l, "first"));
    ic__buf_free(&json);
    solo_free(s);
}

static void no_message_is_remembered_where_none_may_be(void **state)
{
    letters *l = *state;
    ic__buf json = {0};
    l->options.max_seen = 0;
    solo *s = letters_open(l);
    letter(l, l->alice, "trip", "\"again\"", &json);
    for (uint32_t i = 0; i < 2; i++) {
        solo_receive(s, i, "trip", json.data, json.len);
        assert_true(heard(l, "again"));
        solo_clear(s);
    }
    ic__buf_free(&json);
    solo_free(s);
}

static void our_own_messages_do_not_come_back(void **state)
{
    letters *l = *state;
    ic__json *body = letters_json("\"echo\"");
    solo *s = letters_open(l);
    assert_int_equal(ic__sidechannel_send(s->sc, "trip", body, NULL, NULL), 0);
    char *copy = strdup(strstr(solo_run(s), "{\"type\""));
    *strchr(copy, '\n') = 0;
    solo_clear(s);
    solo_receive(s, 0, "trip", copy, strlen(copy));
    assert_string_equal(s->log.data, "");
    assert_int_equal(solo_drops(s, IC__SC_DROP_DUPLICATE), 1);
    free(copy);
    ic__json_free(body);
    solo_free(s);
}

/* ---- work ---- */

/* A letter with this nonce. */
static void bring_work(letters *l, const char *pow)
{
    ic__buf json = {0};
    ic__buf worked = {0};
    letter(l, l->alice, "trip", "1", &json);
    const char *sig = strstr(json.data, ",\"sig\":");
    ic__buf_add(&worked, json.data, (size_t)(sig - json.data));
    ic__buf_printf(&worked, ",\"pow\":%s%s", pow, sig);
    solo_receive(&l->solo, 0, "trip", worked.data, worked.len);
    ic__buf_free(&json);
    ic__buf_free(&worked);
}

static void false_claims_of_work_are_strikes_and_honest_ones_are_not(void **state)
{
    letters *l = *state;
    l->options.policy.pow = true;
    l->options.policy.pow_difficulty = 60;
    solo *s = letters_open(l);
    bring(l, 0, l->alice, "trip", "1");
    bring_work(l, "{\"nonce\":1,\"difficulty\":8}");
    bring_work(l, "{\"nonce\":1.5,\"difficulty\":60}");
    bring_work(l, "{\"nonce\":-1,\"difficulty\":60}");
    bring_work(l, "{\"nonce\":9007199254740992,\"difficulty\":60}");
    bring_work(l, "null");
    assert_int_equal(solo_drops(s, IC__SC_DROP_WORK), 6);
    assert_int_equal(ic__sidechannel_get_stats(s->sc).strikes, 0);
    for (int i = 0; i < 3; i++)
        bring_work(l, "{\"nonce\":1,\"difficulty\":60}");
    assert_int_equal(solo_drops(s, IC__SC_DROP_BAD_WORK), 3);
    assert_int_equal(blocks(s), 1);
    assert_string_equal(s->log.data, "");
    solo_free(s);
}

/* spec/12, 4: "Defect to work around" */
static void requests_of_the_reference_with_their_odd_work_are_heeded(void **state)
{
    letters *l = *state;
    json_t *doc = vectors_load("sidechannel-behaviour.json");
    json_t *scenario;
    json_t *step;
    size_t i;
    size_t k = 0;
    ic__buf owners = {0};
    ic__buf_printf(&owners, "pub9:%s", key_of(l->alice));
    l->options.policy.owners = owners.data;
    l->options.policy.pow = true;
    l->options.policy.pow_difficulty = 4;
    solo *s = letters_open(l);
    json_array_foreach(json_object_get(doc, "scenarios"), i, scenario)
    {
        if (strcmp(vectors_text(scenario, "name"), "open-request-outgoing") != 0)
            continue;
        json_array_foreach(json_object_get(scenario, "steps"), k, step)
        {
            const json_t *sent = json_array_get(json_object_get(step, "sends"), 0);
            char *json = json_dumps(json_object_get(sent, "payload"), JSON_COMPACT);
            solo_clear(s);
            solo_receive(s, 0, "0000intercom", json, strlen(json));
            assert_true(heard(l, "requested pub9\n"));
            assert_true(heard(l, "send 1 0000intercom"));
            free(json);
        }
    }
    assert_int_equal(k, 3);
    json_decref(doc);
    ic__buf_free(&owners);
    solo_free(s);
}

static void each_drop_has_a_text(void **state)
{
    (void)state;
    for (int i = 0; i < IC__SC_DROP_COUNT; i++)
        assert_true(strlen(ic__sc_drop_text((ic__sc_drop)i)) > 3);
    assert_string_equal(ic__sc_drop_text(IC__SC_DROP_COUNT), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LETTERS_TEST(an_honest_message_is_shown_and_handed_on),
        LETTERS_TEST(a_message_that_is_cut_off_is_refused),
        LETTERS_TEST(what_is_not_json_closes_its_channel_and_is_a_strike),
        LETTERS_TEST(what_is_too_deep_or_large_is_dropped),
        LETTERS_TEST(other_types_and_odd_envelopes_are_dropped),
        LETTERS_TEST(ids_have_at_most_256_bytes),
        LETTERS_TEST(signatures_are_checked_everywhere),
        LETTERS_TEST(only_the_owner_writes),
        LETTERS_TEST(old_and_early_messages_of_owners_are_refused),
        LETTERS_TEST(a_message_of_the_owner_cannot_be_replayed),
        LETTERS_TEST(only_so_many_messages_are_remembered),
        LETTERS_TEST(no_message_is_remembered_where_none_may_be),
        LETTERS_TEST(our_own_messages_do_not_come_back),
        LETTERS_TEST(false_claims_of_work_are_strikes_and_honest_ones_are_not),
        LETTERS_TEST(requests_of_the_reference_with_their_odd_work_are_heeded),
        cmocka_unit_test(each_drop_has_a_text),
    };
    return cmocka_run_group_tests_name("sidechannel/receive", tests, NULL, NULL);
}
