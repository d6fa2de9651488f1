/*
 * sidechannel-behaviour.json: what the reference decided about scripted input. Steps
 * where section 11 has us decide otherwise are listed with the rule.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "people.h"
#include "sidechannel/incoming.h"
#include "sidechannel/object.h"
#include "solo.h"
#include "unit.h"

#define BASE_MS 1700000000000

typedef struct other {
    const char *scenario;
    const char *note;
    bool delivered;
    int ttl; /* of what is handed on; -1 = nothing is */
    const char *rule;
} other;

static const other others[] = {
    {"entry-basic", "signature by somebody else is not looked at", false, -1, "9"},
    {"entry-basic", "payload names another channel", false, -1, "5"},
    {"ttl", "ttl 1.5", true, -1, "6: integers only"},
    {"ttl", "ttl 1000000000", true, 2, "6: at most ours"},
    {"odd-payloads", "string", false, -1, "7: an id is a text of 1 to 256 bytes"},
    {"odd-payloads", "id absent: fallback id from:ts:channel", false, -1, "7"},
    {"odd-payloads", "empty id is never remembered", false, -1, "7"},
    {"odd-payloads", "empty id again", false, -1, "7"},
    {"odd-payloads", "object id never matches", false, -1, "7"},
    {"odd-payloads", "object id again", false, -1, "7"},
    {"odd-payloads", "zero id", false, -1, "7"},
    {"odd-payloads", "zero id again", false, -1, "7"},
    {"odd-payloads", "number id", false, -1, "7"},
    {"odd-payloads", "string form of that id differs", false, -1, "2: no author"},
    {"work", "fractional nonce", false, -1, "4"},
    {"work", "negative nonce", false, -1, "4"},
    {"work", "ttl changed after the work", true, 2, "6"},
    {"welcome", "the early message stays lost: its id was remembered", true, 2, "7"},
    {"owner-only", "trailing text after the 128 hex digits (hex decoding stops there)",
     false, -1, "12"},
    {"owner-only", "a message signed for pub1 shown in pub2", false, -1, "5"},
};

typedef struct stage {
    json_t *doc;
    const json_t *people;
    ic_identity *self;
    fake_clock clock;
    ic__sidechannel_options options;
    ic__buf texts[6]; /* of options */
    solo solo;
    const json_t *connections;
} stage;

/* ---- from the config of the reference to ours ---- */

static void list(ic__buf *b, const json_t *array, const char **option)
{
    json_t *v;
    size_t i;
    json_array_foreach(array, i, v)
    {
        ic__buf_printf(b, "%s%s", i ? "," : "", json_string_value(v));
    }
    *option = b->data;
}

static void owners(ic__buf *b, const json_t *pairs, const char **option)
{
    json_t *v;
    size_t i;
    json_array_foreach(pairs, i, v)
    {
        ic__buf_printf(b, "%s:%s,", json_string_value(json_array_get(v, 0)),
                       json_string_value(json_array_get(v, 1)));
    }
    *option = b->data;
}

static void welcomes(ic__buf *b, const json_t *pairs, const char **option)
{
    json_t *v;
    size_t i;
    json_array_foreach(pairs, i, v)
    {
        char *text = json_dumps(json_array_get(v, 1), JSON_COMPACT);
        ic__buf_printf(b, "%s:b64:", json_string_value(json_array_get(v, 0)));
        ic__object_base64(b, text, strlen(text));
        ic__buf_char(b, ',');
        free(text);
    }
    *option = b->data;
}

static void set_bool(const json_t *config, const char *name, bool *option)
{
    const json_t *v = json_object_get(config, name);
    if (v)
        *option = json_is_true(v);
}

static void set_number(const json_t *config, const char *name, uint32_t *option)
{
    const json_t *v = json_object_get(config, name);
    if (v)
        *option = (uint32_t)json_integer_value(v);
}

static void configure(stage *s, const json_t *config)
{
    ic__policy_options *p = &s->options.policy;
    ic__sidechannel_options_default(&s->options);
    s->options.identity = s->self;
    s->options.env = fake_clock_env(&s->clock);
    p->max_strikes = 1000; /* the scenarios heap up what is a strike with us (2) */
    list(&s->texts[0], json_object_get(config, "channels"), &p->channels);
    list(&s->texts[1], json_object_get(config, "powRequiredChannels"), &p->pow_channels);
    list(&s->texts[2], json_object_get(config, "inviteRequiredChannels"),
         &p->invite_channels);
    list(&s->texts[3], json_object_get(config, "inviterKeys"), &p->inviter_keys);
    owners(&s->texts[4], json_object_get(config, "ownerKeys"), &p->owners);
    welcomes(&s->texts[5], json_object_get(config, "welcomeByChannel"), &p->welcomes);
    set_bool(config, "powEnabled", &p->pow);
    set_bool(config, "powRequireEntry", &p->pow_entry_only);
    set_bool(config, "welcomeRequired", &p->welcome_required);
    set_bool(config, "inviteRequired", &p->invite_required);
    set_bool(config, "autoJoinOnOpen", &p->auto_join);
    set_bool(config, "allowRemoteOpen", &p->allow_remote_open);
    set_bool(config, "relayEnabled", &p->relay);
    set_number(config, "powDifficulty", &p->pow_difficulty);
    set_number(config, "rateBytesPerSecond", &p->rate_bytes_per_s);
    set_number(config, "rateBurstBytes", &p->rate_burst_bytes);
    set_number(config, "maxStrikes", &p->max_strikes);
    const json_t *only = json_object_get(config, "ownerWriteChannels");
    if (only)
        p->owner_write_channels = json_string_value(json_array_get(only, 0));
}

/* ---- the stage ---- */

static size_t link_of(const stage *s, const char *name)
{
    json_t *v;
    size_t i;
    json_array_foreach(s->connections, i, v)
    {
        if (strcmp(json_string_value(v), name) == 0)
            return i;
    }
    fail_msg("no connection with %s", name);
    return 0;
}

static void raise_curtain(stage *s, const json_t *scenario)
{
    json_t *v;
    size_t i;
    s->self = person(s->doc, vectors_text(scenario, "node"));
    fake_clock_init(&s->clock, 1);
    s->clock.wall_ms = BASE_MS;
    configure(s, json_object_get(scenario, "config"));
    solo_init(&s->solo, &s->options, &s->clock);
    s->connections = json_object_get(scenario, "connections");
    json_array_foreach(s->connections, i, v)
    {
        solo_link(
            &s->solo, i,
            vectors_text(json_object_get(s->people, json_string_value(v)), "publicKey"));
    }
}

static void lower_curtain(stage *s)
{
    solo_free(&s->solo);
    ic_identity_free(s->self);
    for (size_t i = 0; i < sizeof s->texts / sizeof s->texts[0]; i++)
        ic__buf_free(&s->texts[i]);
}

/* ---- steps ---- */

static void go_to(stage *s, const json_t *step)
{
    uint64_t at = (uint64_t)json_integer_value(json_object_get(step, "at"));
    uint64_t gone = (uint64_t)(s->clock.wall_ms - BASE_MS);
    if (at > gone)
        solo_wait(&s->solo, at - gone);
    solo_clear(&s->solo);
}

/* A line of the log that begins so, or NULL. */
static const char *line_of(const char *log, const char *start)
{
    const char *at = strncmp(log, start, strlen(start)) == 0 ? log : NULL;
    char inside[120];
    if (at)
        return at;
    (void)snprintf(inside, sizeof inside, "\n%s", start);
    at = strstr(log, inside);
    return at ? at + 1 : NULL;
}

/* What went to `name` over `channel`, parsed; NULL when nothing did. */
static json_t *sent_to(const stage *s, const char *name, const char *channel)
{
    char start[100];
    (void)snprintf(start, sizeof start, "send %zu %s ", link_of(s, name), channel);
    const char *at = line_of(s->solo.log.data, start);
    if (!at)
        return NULL;
    at += strlen(start);
    json_t *v = json_loadb(at, strcspn(at, "\n"), 0, NULL);
    assert_non_null(v);
    return v;
}

static size_t lines_of(const char *log, const char *start)
{
    size_t count = 0;
    for (const char *at = line_of(log, start); at; at = line_of(at + 1, start))
        count++;
    return count;
}

/* Messages that went out and were not ours. A guest's first invite is answered with the
 * owner's welcome, which the reference sends to those only who were guests before. */
static size_t handed_on(const char *log)
{
    size_t count = 0;
    for (const char *at = line_of(log, "send "); at; at = line_of(at + 1, "send ")) {
        const char *mark = strstr(at, "\"relayedBy\"");
        count += mark && mark < at + strcspn(at, "\n");
    }
    return count;
}

static const other *other_of(const json_t *scenario, const json_t *step)
{
    const json_t *note = json_object_get(step, "note");
    for (size_t i = 0; note && i < sizeof others / sizeof others[0]; i++) {
        if (strcmp(others[i].scenario, vectors_text(scenario, "name")) == 0 &&
            strcmp(others[i].note, json_string_value(note)) == 0)
            return &others[i];
    }
    return NULL;
}

static void expect_handed_on(const stage *s, const json_t *step, const char *to, int ttl)
{
    json_t *got = sent_to(s, to, vectors_text(step, "channel"));
    json_t *want = json_loads(vectors_text(step, "json"), 0, NULL);
    assert_non_null(got);
    json_object_set_new(want, "ttl", json_integer(ttl));
    json_object_set_new(want, "relayedBy",
                        json_string(ic_identity_public_key_hex(s->self)));
    assert_true(json_equal(got, want));
    json_decref(got);
    json_decref(want);
}

/* The one that is not the sender, among two connections. */
static const char *third(const stage *s, const json_t *step)
{
    const char *first = json_string_value(json_array_get(s->connections, 0));
    return strcmp(first, vectors_text(step, "from")) == 0
               ? json_string_value(json_array_get(s->connections, 1))
               : first;
}

static void expect_relays(const stage *s, const json_t *step, const other *o)
{
    const json_t *to = json_object_get(step, "relayedTo");
    size_t count = handed_on(s->solo.log.data);
    json_t *v;
    size_t i;
    if (o) {
        assert_int_equal(count, o->ttl >= 0);
        if (o->ttl >= 0)
            expect_handed_on(s, step, third(s, step), o->ttl);
        return;
    }
    assert_int_equal(count, json_array_size(to));
    json_array_foreach(to, i, v)
    {
        expect_handed_on(s, step, vectors_text(v, "to"),
                         (int)json_integer_value(json_object_get(v, "ttl")));
    }
}

/* The messages of "rate" were filled up after they were signed: alice signs again. */
static char *sign_again(const stage *s, const char *json)
{
    uint8_t signature[IC_SIGNATURE_BYTES];
    char hex[2 * IC_SIGNATURE_BYTES + 1];
    ic_identity *alice = person(s->doc, "alice");
    char *copy = strdup(json);
    ic__buf message = {0};
    ic__incoming in;
    ic__message_write(&message, json, strlen(json));
    assert_int_equal(ic__incoming_read(&in, (const uint8_t *)message.data, message.len),
                     0);
    assert_int_equal(ic__incoming_open(&in), 0);
    ic_identity_sign(alice, in.text.data, in.text.len, signature);
    ic__hex_encode(hex, signature, sizeof signature);
    memcpy(strstr(copy, "\"sig\":\"") + strlen("\"sig\":\""), hex, strlen(hex));
    ic__incoming_free(&in);
    ic__buf_free(&message);
    ic_identity_free(alice);
    return copy;
}

/* Returns whether the step was one of the others. */
static bool play_message(stage *s, const json_t *scenario, const json_t *step)
{
    bool unsigned_since = strcmp(vectors_text(scenario, "name"), "rate") == 0;
    char *json = unsigned_since ? sign_again(s, vectors_text(step, "json"))
                                : strdup(vectors_text(step, "json"));
    const json_t *joined = json_object_get(step, "joined");
    const other *o = other_of(scenario, step);
    bool wanted = o ? o->delivered : json_is_true(json_object_get(step, "delivered"));
    char line[100];
    size_t i;
    json_t *v;
    solo_receive(&s->solo, link_of(s, vectors_text(step, "from")),
                 vectors_text(step, "channel"), json, strlen(json));
    free(json);
    if ((lines_of(s->solo.log.data, "message ") == 1) != wanted)
        fail_msg("%s: %s", vectors_text(scenario, "name"),
                 json_string_value(json_object_get(step, "note")));
    expect_relays(s, step, o);
    assert_int_equal(lines_of(s->solo.log.data, "auto-joined "), json_array_size(joined));
    json_array_foreach(joined, i, v)
    {
        (void)snprintf(line, sizeof line, "join %s", json_string_value(v));
        assert_non_null(line_of(s->solo.log.data, line));
    }
    return o != NULL;
}

static void expect_sends(const stage *s, const json_t *sends)
{
    json_t *v;
    size_t i;
    assert_int_equal(lines_of(s->solo.log.data, "send "), json_array_size(sends));
    json_array_foreach(sends, i, v)
    {
        const json_t *want = json_object_get(v, "payload");
        const char *channel = strchr(vectors_text(v, "protocol"), '/') + 1;
        json_t *got = sent_to(s, vectors_text(v, "to"), channel);
        assert_non_null(got);
        /* ids, and what is signed with them, are drawn */
        assert_true(json_equal(json_object_get(got, "message"),
                               json_object_get(want, "message")));
        assert_int_equal(json_object_size(got), json_object_size(want));
        json_decref(got);
    }
}

static ic__json *tree(const char *text, size_t len)
{
    ic__json *v = NULL;
    assert_int_equal(ic__json_parse(text, len, &v), 0);
    return v;
}

/* The calls of "invite-as-invitee"; the invite is the one that its auth shows. */
static void play_call(stage *s, const json_t *steps, const json_t *step)
{
    const char *call = vectors_text(step, "call");
    bool wanted = json_is_true(json_object_get(step, "returns"));
    ic__sidechannel *sc = s->solo.sc;
    int error = 0;
    if (strcmp(call, "acceptInvite") == 0) {
        const json_t *after = json_array_get(steps, 2);
        const json_t *send = json_array_get(json_object_get(after, "sends"), 0);
        const json_t *message =
            json_object_get(json_object_get(send, "payload"), "message");
        char *text = json_dumps(json_object_get(message, "invite"), JSON_COMPACT);
        ic__json *invite = tree(text, strlen(text));
        /* a request learns the invite, and has nobody to go to */
        error = ic__sidechannel_open(sc, "priv1", "nobody", invite, NULL);
        solo_clear(&s->solo);
        ic__json_free(invite);
        free(text);
    } else if (strcmp(call, "broadcast") == 0) {
        ic__json *body = tree("\"only to the inviter\"", 21);
        error = ic__sidechannel_send(sc, "priv1", body, NULL, NULL);
        ic__json_free(body);
    } else {
        error = ic__sidechannel_join(sc, "priv1", NULL, NULL);
    }
    assert_int_equal(error == 0, wanted);
    (void)solo_run(&s->solo);
    expect_sends(s, json_object_get(step, "sends"));
}

static size_t play(stage *s, const json_t *scenario)
{
    const json_t *steps = json_object_get(scenario, "steps");
    size_t count = 0;
    json_t *step;
    size_t i;
    raise_curtain(s, scenario);
    expect_sends(s, json_object_get(scenario, "opening"));
    json_array_foreach(steps, i, step)
    {
        go_to(s, step);
        if (json_object_get(step, "call"))
            play_call(s, steps, step);
        else
            count += play_message(s, scenario, step);
    }
    lower_curtain(s);
    return count;
}

/* spec/12, 6 to 9 and 11 */
static void every_scenario_is_decided_as_in_the_reference(void **state)
{
    json_t *behaviour = vectors_load("sidechannel-behaviour.json");
    stage *s = calloc(1, sizeof *s);
    json_t *scenario;
    size_t i;
    size_t differ = 0;
    assert_non_null(s);
    s->doc = vectors_load("sidechannel.json");
    s->people = json_object_get(s->doc, "identities");
    json_array_foreach(json_object_get(behaviour, "scenarios"), i, scenario)
    {
        json_t *doc = s->doc;
        const json_t *people = s->people;
        if (strcmp(vectors_text(scenario, "name"), "open-request-outgoing") == 0)
            continue; /* in sidechannel/sidechannel */
        print_message("%s\n", vectors_text(scenario, "name"));
        memset(s, 0, sizeof *s);
        s->doc = doc;
        s->people = people;
        differ += play(s, scenario);
    }
    assert_true(i >= 20);
    assert_int_equal(differ, sizeof others / sizeof others[0]);
    json_decref(s->doc);
    json_decref(behaviour);
    free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_scenario_is_decided_as_in_the_reference),
    };
    return cmocka_run_group_tests_name("sidechannel/behaviour", tests, NULL, NULL);
}
