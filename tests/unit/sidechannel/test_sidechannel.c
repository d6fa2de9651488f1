#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fail_alloc.h"
#include "fake_clock.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "people.h"
#include "sidechannel/sidechannel.h"
#include "solo.h"
#include "unit.h"

#define ISSUED 1700000000000 /* of the vectors' invites and welcomes */

typedef struct world {
    json_t *doc;
    ic_identity *alice;
    ic_identity *bob;
    fake_clock clock;
    ic__sidechannel_options options; /* bob's */
    ic_identity *carol;
    solo solo;
} world;

static int setup(void **state)
{
    world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->doc = vectors_load("sidechannel.json");
    w->alice = person(w->doc, "alice");
    w->bob = person(w->doc, "bob");
    w->carol = person(w->doc, "carol");
    fake_clock_init(&w->clock, 1);
    w->clock.wall_ms = ISSUED;
    ic__sidechannel_options_default(&w->options);
    w->options.identity = w->bob;
    w->options.env = fake_clock_env(&w->clock);
    w->options.policy.pow = false;
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    world *w = *state;
    ic_identity_free(w->alice);
    ic_identity_free(w->bob);
    ic_identity_free(w->carol);
    json_decref(w->doc);
    free(w);
    return 0;
}

static const char *key(const ic_identity *id)
{
    return ic_identity_public_key_hex(id);
}

/* A peer whose entry channel is open to carol. */
static ic__sidechannel *make(world *w)
{
    solo_init(&w->solo, &w->options, &w->clock);
    solo_link(&w->solo, 0, key(w->carol));
    solo_clear(&w->solo);
    return w->solo.sc;
}

/* What went out, a line each. */
static const char *sent(world *w)
{
    return solo_run(&w->solo);
}

static ic__json *parse(const char *text)
{
    ic__json *doc = NULL;
    assert_int_equal(ic__json_parse(text, strlen(text), &doc), 0);
    return doc;
}

/* Number `i` of the vectors' invites or welcomes. */
static ic__json *object(const world *w, const char *kind, size_t i)
{
    return parse(vectors_text(json_array_get(json_object_get(w->doc, kind), i), "json"));
}

static void expect_channels(const ic__sidechannel *sc, const char *names)
{
    ic__buf got = {0};
    ic__buf_text(&got, "");
    for (size_t i = 0; i < ic__sidechannel_channel_count(sc); i++)
        ic__buf_printf(&got, "%s ", ic__sidechannel_channel(sc, i));
    assert_string_equal(got.data, names);
    assert_null(ic__sidechannel_channel(sc, ic__sidechannel_channel_count(sc)));
    ic__buf_free(&got);
}

/* spec/12, 1: join, leave, the entry channel */
static void channels_are_joined_and_left(void **state)
{
    world *w = *state;
    w->options.policy.channels = "trip, 0000intercom";
    ic__sidechannel *sc = make(w);
    expect_channels(sc, "0000intercom trip ");
    assert_int_equal(ic__sidechannel_join(sc, "  new1\t", NULL, NULL), 0);
    assert_int_equal(ic__sidechannel_join(sc, "new1", NULL, NULL), 0);
    expect_channels(sc, "0000intercom trip new1 ");
    assert_string_equal(sent(w), "join new1\n");
    assert_true(ic__sidechannel_leave(sc, " new1"));
    assert_false(ic__sidechannel_leave(sc, "new1"));
    assert_false(ic__sidechannel_leave(sc, "0000intercom"));
    assert_false(ic__sidechannel_leave(sc, ""));
    expect_channels(sc, "0000intercom trip ");
    assert_int_equal(ic__sidechannel_join(sc, " ", NULL, NULL), IC_ERR_INVALID);
    assert_int_equal(ic__sidechannel_join(sc, NULL, NULL, NULL), IC_ERR_INVALID);
    assert_string_equal(sent(w), "join new1\nleave new1\n");
    solo_free(&w->solo);
}

static void without_a_network_nothing_goes_out_and_stats_say_so(void **state)
{
    world *w = *state;
    ic__sidechannel *sc = make(w);
    ic__json *hello = parse("\"hello\"");
    assert_true(ic__sidechannel_started(sc));
    assert_int_equal(ic__sidechannel_connection_count(sc), 1);
    ic__sidechannel_stop(sc);
    assert_int_equal(ic__sidechannel_send(sc, "trip", hello, NULL, NULL), 0);
    assert_int_equal(ic__sidechannel_join(sc, "new", NULL, NULL), 0);
    assert_false(ic__sidechannel_started(sc));
    assert_false(ic__sidechannel_wants(sc));
    assert_int_equal(ic__sidechannel_connection_count(sc), 0);
    assert_string_equal(sent(w), "");
    expect_channels(sc, "0000intercom trip new ");
    ic__sidechannel_start(sc);
    assert_string_equal(sent(w), "join 0000intercom\njoin new\n");
    ic__json_free(hello);
    solo_free(&w->solo);
}

/* spec/12, 2 and 6 "Sending side" */
static void a_message_is_signed_and_registers_its_channel(void **state)
{
    world *w = *state;
    ic__sidechannel *sc = make(w);
    ic__json *hello = parse("\"hello\"");
    assert_int_equal(ic__sidechannel_send(sc, " trip ", hello, NULL, NULL), 0);
    expect_channels(sc, "0000intercom trip ");
    /* registered, not joined: no "join" line */
    assert_memory_equal(sent(w), "send 0 trip {", 13);
    ic__json *envelope = parse(sent(w) + 12);
    assert_string_equal(ic__json_cstring(ic__json_get(envelope, "from")), key(w->bob));
    assert_string_equal(ic__json_cstring(ic__json_get(envelope, "origin")), key(w->bob));
    assert_true(ic__json_number(ic__json_get(envelope, "ts")) == ISSUED);
    assert_true(ic__json_number(ic__json_get(envelope, "ttl")) == 3);
    assert_int_equal(strlen(ic__json_cstring(ic__json_get(envelope, "sig"))), 128);
    ic__json_free(envelope);
    ic__json_free(hello);
    solo_free(&w->solo);
}

static void only_the_owner_writes_where_configured(void **state)
{
    world *w = *state;
    ic__buf owners = {0};
    ic__buf_printf(&owners, "mine:%s,pub1:%s", key(w->bob), key(w->alice));
    w->options.policy.owners = owners.data;
    w->options.policy.owner_write_channels = "mine,pub1,nobody";
    ic__sidechannel *sc = make(w);
    assert_int_equal(ic__sidechannel_send(sc, "mine", NULL, NULL, NULL), 0);
    assert_int_equal(ic__sidechannel_send(sc, "pub1", NULL, NULL, NULL), IC_ERR_DENIED);
    assert_int_equal(ic__sidechannel_send(sc, "nobody", NULL, NULL, NULL), IC_ERR_DENIED);
    assert_true(ic__sidechannel_may_send(sc, "mine"));
    assert_false(ic__sidechannel_may_send(sc, " pub1 "));
    assert_false(ic__sidechannel_may_send(sc, "  "));
    expect_channels(sc, "0000intercom mine ");
    solo_free(&w->solo);
    ic__buf_free(&owners);
}

static void messages_above_the_limit_are_denied(void **state)
{
    world *w = *state;
    w->options.policy.max_message_bytes = 600;
    ic__sidechannel *sc = make(w);
    ic__buf text = {0};
    for (int size = 1; size < 600; size++) {
        ic__buf_reset(&text);
        ic__buf_printf(&text, "\"%0*d\"", size, 0);
        ic__json *message = parse(text.data);
        solo_clear(&w->solo);
        int error = ic__sidechannel_send(sc, "c", message, NULL, NULL);
        size_t envelope = strlen(sent(w)) - (error ? 0 : strlen("send 0 c \n"));
        assert_true(error ? error == IC_ERR_DENIED && envelope == 0 : envelope <= 600);
        assert_true(size > 5 || error == 0);
        assert_true(size < 595 || error == IC_ERR_DENIED);
        ic__json_free(message);
    }
    ic__buf_free(&text);
    solo_free(&w->solo);
}

/* spec/12, 5 and 6: invites */
static void an_invite_opens_a_closed_channel_until_it_expires(void **state)
{
    world *w = *state;
    w->options.policy.invite_required = true;
    w->options.policy.inviter_keys = key(w->alice);
    w->options.policy.channels = "priv1,open?";
    w->options.policy.invite_channels = "priv1";
    ic__sidechannel *sc = make(w);
    ic__json *invite = object(w, "invites", 0);
    ic__json *elsewhere = object(w, "invites", 2);
    expect_channels(sc, "0000intercom open? ");
    assert_int_equal(ic__sidechannel_join(sc, "priv1", NULL, NULL), IC_ERR_DENIED);
    assert_int_equal(ic__sidechannel_join(sc, "priv1", elsewhere, NULL), IC_ERR_DENIED);
    assert_int_equal(ic__sidechannel_send(sc, "priv1", NULL, NULL, NULL), IC_ERR_DENIED);
    assert_false(ic__sidechannel_may_send(sc, "priv1"));
    assert_int_equal(ic__sidechannel_join(sc, "priv1", invite, NULL), 0);
    assert_true(ic__sidechannel_invited(sc, "priv1"));
    assert_true(ic__sidechannel_may_send(sc, "priv1"));
    w->clock.wall_ms = ISSUED + 604800000;
    assert_false(ic__sidechannel_invited(sc, "priv1"));
    assert_false(ic__sidechannel_may_send(sc, "priv1"));
    assert_true(ic__sidechannel_leave(sc, "priv1"));
    assert_int_equal(ic__sidechannel_join(sc, "priv1", invite, NULL), IC_ERR_DENIED);
    ic__json_free(invite);
    ic__json_free(elsewhere);
    solo_free(&w->solo);
}

static void leaving_forgets_the_invite(void **state)
{
    world *w = *state;
    w->options.policy.invite_required = true;
    w->options.policy.inviter_keys = key(w->alice);
    ic__sidechannel *sc = make(w);
    ic__json *invite = object(w, "invites", 0);
    assert_int_equal(ic__sidechannel_send(sc, "priv1", NULL, invite, NULL), 0);
    assert_true(ic__sidechannel_leave(sc, "priv1"));
    assert_int_equal(ic__sidechannel_join(sc, "priv1", NULL, NULL), IC_ERR_DENIED);
    ic__json_free(invite);
    solo_free(&w->solo);
}

static void an_inviter_needs_no_invite_and_signs_them(void **state)
{
    world *w = *state;
    w->options.identity = w->alice;
    w->options.policy.invite_required = true; /* no inviters named: oneself */
    ic__sidechannel *sc = make(w);
    ic__buf text = {0};
    assert_int_equal(ic__sidechannel_join(sc, "priv1", NULL, NULL), 0);
    assert_int_equal(ic__sidechannel_invite(sc, "priv1", key(w->bob), 60, NULL, &text),
                     0);
    solo_free(&w->solo);

    w->options.identity = w->bob;
    w->options.policy.inviter_keys = key(w->alice);
    ic__json *invite = parse(text.data);
    sc = make(w);
    assert_int_equal(ic__sidechannel_join(sc, "priv1", invite, NULL), 0);
    w->clock.wall_ms = ISSUED + 60000;
    assert_false(ic__sidechannel_invited(sc, "priv1"));
    ic__json_free(invite);
    ic__buf_free(&text);
    solo_free(&w->solo);
}

static void bad_terms_of_an_invite_are_refused(void **state)
{
    world *w = *state;
    w->options.policy.invite_ttl_s = 0;
    ic__sidechannel *sc = make(w);
    ic__buf text = {0};
    assert_int_equal(ic__sidechannel_invite(sc, "c", key(w->bob), 0, NULL, &text),
                     IC_ERR_INVALID);
    assert_int_equal(ic__sidechannel_invite(sc, "c", "abc", 60, NULL, &text),
                     IC_ERR_INVALID);
    assert_int_equal(ic__sidechannel_invite(sc, "c", NULL, 60, NULL, &text),
                     IC_ERR_INVALID);
    assert_int_equal(ic__sidechannel_invite(sc, " ", key(w->bob), 60, NULL, &text),
                     IC_ERR_INVALID);
    assert_int_equal(
        ic__sidechannel_invite(sc, "c", key(w->bob), UINT64_MAX, NULL, &text),
        IC_ERR_INVALID);
    assert_int_equal(text.len, 0);
    solo_free(&w->solo);
}

/* spec/12, 5: "Effect: the channel becomes welcomed" */
static void a_welcome_by_the_owner_is_learned_and_kept(void **state)
{
    world *w = *state;
    ic__buf owners = {0};
    ic__buf_printf(&owners, "pub1:%s,mine:%s", key(w->alice), key(w->bob));
    w->options.policy.owners = owners.data;
    ic__sidechannel *sc = make(w);
    ic__json *welcome = object(w, "welcomes", 0);
    ic__json *foreign = object(w, "welcomes", 1);
    assert_true(ic__sidechannel_welcomed(sc, "mine")); /* one's own, from the start */
    assert_int_equal(ic__sidechannel_join(sc, "pub1", NULL, foreign), 0);
    assert_false(ic__sidechannel_welcomed(sc, "pub1"));
    assert_int_equal(ic__sidechannel_send(sc, "pub1", NULL, NULL, welcome), 0);
    assert_true(ic__sidechannel_welcomed(sc, " pub1"));
    assert_non_null(ic__sidechannel_kept_welcome(sc, "pub1"));
    ic__buf text = {0};
    assert_int_equal(ic__sidechannel_welcome(sc, "mine", "hi", &text), 0);
    assert_string_equal(ic__sidechannel_kept_welcome(sc, "mine"), text.data);
    ic__buf_reset(&text);
    /* not ours: written, as the reference does, but not kept */
    assert_int_equal(ic__sidechannel_welcome(sc, "else", "hi", &text), 0);
    assert_null(ic__sidechannel_kept_welcome(sc, "else"));
    ic__buf_free(&text);
    ic__json_free(welcome);
    ic__json_free(foreign);
    solo_free(&w->solo);
    ic__buf_free(&owners);
}

static void welcomes_of_the_command_line_are_verified(void **state)
{
    world *w = *state;
    const json_t *v = json_array_get(json_object_get(w->doc, "welcomes"), 0);
    ic__buf owners = {0};
    ic__buf welcomes = {0};
    ic__buf_printf(&owners, "pub1:%s", key(w->alice));
    ic__buf_printf(&welcomes, "pub1:b64:%s,pub2:%s", vectors_text(v, "base64"),
                   vectors_text(v, "base64"));
    w->options.policy.owners = owners.data;
    w->options.policy.welcomes = welcomes.data;
    ic__sidechannel *sc = make(w);
    assert_true(ic__sidechannel_welcomed(sc, "pub1"));
    assert_false(ic__sidechannel_welcomed(sc, "pub2"));
    solo_free(&w->solo);
    ic__buf_free(&owners);
    ic__buf_free(&welcomes);
}

static void a_command_line_that_makes_no_sense_is_explained(void **state)
{
    world *w = *state;
    static const struct {
        const char *welcomes;
        const char *channels;
        int error;
    } bad[] = {
        {"pub1", NULL, IC_ERR_INVALID},
        {"pub1:zzz", NULL, IC_ERR_INVALID},
        {"pub1:@/nowhere/at/all", NULL, IC_ERR_IO},
        {NULL, "a\x80z", IC_ERR_INVALID},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ic__sidechannel *sc = NULL;
        ic__buf why = {0};
        w->options.policy.welcomes = bad[i].welcomes;
        w->options.policy.channels = bad[i].channels;
        assert_int_equal(ic__sidechannel_new(&w->options, &sc, &why), bad[i].error);
        assert_null(sc);
        assert_true(why.len > 10);
        ic__buf_free(&why);
    }
}

/* spec/12, 7.3 */
static void an_open_request_goes_to_the_entry_channel_or_via_another(void **state)
{
    world *w = *state;
    ic__buf owners = {0};
    ic__buf_printf(&owners, "pub1:%s", key(w->alice));
    w->options.policy.owners = owners.data;
    ic__sidechannel *sc = make(w);
    ic__json *welcome = object(w, "welcomes", 0);
    assert_int_equal(ic__sidechannel_open(sc, " pub1 ", NULL, NULL, NULL), 0);
    assert_memory_equal(sent(w), "send 0 0000intercom {", 21);
    assert_non_null(strstr(
        sent(w), "\"message\":{\"control\":\"open_channel\",\"channel\":\"pub1\"},"));
    solo_clear(&w->solo);
    assert_int_equal(ic__sidechannel_open(sc, "pub1", "trip", NULL, welcome), 0);
    assert_memory_equal(sent(w), "send 0 trip {", 13);
    assert_non_null(strstr(sent(w), "\"channel\":\"pub1\",\"welcome\":{\"payload\""));
    assert_true(ic__sidechannel_welcomed(sc, "pub1")); /* accepted locally first */
    expect_channels(sc, "0000intercom trip ");
    assert_int_equal(ic__sidechannel_open(sc, "", NULL, NULL, NULL), IC_ERR_INVALID);
    assert_int_equal(ic__sidechannel_open(sc, "x", " ", NULL, NULL), IC_ERR_INVALID);
    ic__json_free(welcome);
    solo_free(&w->solo);
    ic__buf_free(&owners);
}

/* A member of `object` as our tree; NULL when it is not there. */
static ic__json *tree_of(const json_t *object, const char *name)
{
    const json_t *member = json_object_get(object, name);
    if (!member)
        return NULL;
    char *text = json_dumps(member, JSON_COMPACT | JSON_ENCODE_ANY);
    assert_non_null(text);
    ic__json *doc = parse(text);
    free(text);
    return doc;
}

static void expect_same_request(world *w, ic__sidechannel *sc, const json_t *step)
{
    const json_t *first = json_array_get(json_object_get(step, "sends"), 0);
    const json_t *payload = json_object_get(first, "payload");
    const json_t *message = json_object_get(payload, "message");
    ic__json *invite = tree_of(message, "invite");
    ic__json *welcome = tree_of(message, "welcome");
    ic__json *want = tree_of(payload, "message");
    ic__buf b = {0};

    solo_clear(&w->solo);
    assert_int_equal(ic__sidechannel_open(sc, "pub9", NULL, invite, welcome), 0);
    ic__buf_text(&b, "\"message\":");
    ic__json_write(&b, want);
    ic__buf_text(&b, ",\"ts\":1700000000000,\"ttl\":3,");
    assert_non_null(strstr(sent(w), b.data));
    ic__buf_free(&b);
    ic__json_free(invite);
    ic__json_free(welcome);
    ic__json_free(want);
}

/* sidechannel-behaviour.json, "open-request-outgoing" */
static void open_requests_are_those_of_the_reference(void **state)
{
    world *w = *state;
    json_t *doc = vectors_load("sidechannel-behaviour.json");
    json_t *scenario;
    json_t *step;
    size_t i;
    size_t k = 0;
    ic__buf owners = {0};
    ic__buf_printf(&owners, "pub9:%s", key(w->alice));
    w->options.identity = w->alice;
    w->options.policy.owners = owners.data;
    ic__sidechannel *sc = make(w);
    json_array_foreach(json_object_get(doc, "scenarios"), i, scenario)
    {
        if (strcmp(vectors_text(scenario, "name"), "open-request-outgoing") != 0)
            continue;
        json_array_foreach(json_object_get(scenario, "steps"), k, step)
        {
            expect_same_request(w, sc, step);
        }
    }
    assert_int_equal(k, 3);
    solo_free(&w->solo);
    ic__buf_free(&owners);
    json_decref(doc);
}

static void channels_are_counted_and_limited(void **state)
{
    world *w = *state;
    ic__sidechannel *sc = make(w);
    char name[16];
    for (int i = 1; i < 256; i++) {
        (void)snprintf(name, sizeof name, "c%d", i);
        assert_int_equal(ic__sidechannel_join(sc, name, NULL, NULL), 0);
    }
    assert_int_equal(ic__sidechannel_join(sc, "more", NULL, NULL), IC_ERR_LIMIT);
    assert_int_equal(ic__sidechannel_send(sc, "more", NULL, NULL, NULL), IC_ERR_LIMIT);
    assert_int_equal(ic__sidechannel_send(sc, "c9", NULL, NULL, NULL), 0);
    assert_true(ic__sidechannel_leave(sc, "c7"));
    assert_int_equal(ic__sidechannel_join(sc, "more", NULL, NULL), 0);
    solo_free(&w->solo);
}

static void learned_names_are_limited(void **state)
{
    world *w = *state;
    w->options.max_learned = 1;
    ic__sidechannel *sc = make(w);
    ic__json *first = object(w, "invites", 0);
    ic__json *other = object(w, "invites", 2);
    assert_int_equal(ic__sidechannel_open(sc, "priv1", NULL, first, NULL), 0);
    assert_int_equal(ic__sidechannel_open(sc, "swap-\xf0\x9f\x98\x80", NULL, other, NULL),
                     IC_ERR_LIMIT);
    assert_int_equal(ic__sidechannel_open(sc, "priv1", NULL, first, NULL), 0);
    /* joining makes room again */
    assert_int_equal(ic__sidechannel_join(sc, "priv1", NULL, NULL), 0);
    assert_int_equal(ic__sidechannel_open(sc, "swap-\xf0\x9f\x98\x80", NULL, other, NULL),
                     0);
    ic__json_free(first);
    ic__json_free(other);
    solo_free(&w->solo);
}

static void use_everything(void *arg)
{
    world *w = arg;
    ic__sidechannel *sc = NULL;
    ic__json *invite = NULL;
    ic__buf why = {0};
    ic__buf text = {0};
    const char *json =
        vectors_text(json_array_get(json_object_get(w->doc, "invites"), 0), "json");
    int error = ic__sidechannel_new(&w->options, &sc, &why);
    if (!error)
        error = ic__json_parse(json, strlen(json), &invite);
    if (!error)
        error = ic__sidechannel_join(sc, "priv1", invite, NULL);
    if (!error)
        error = ic__sidechannel_send(sc, "priv1", invite, invite, NULL);
    if (!error)
        error = ic__sidechannel_open(sc, "x", NULL, invite, NULL);
    if (!error)
        error = ic__sidechannel_welcome(sc, "mine", "hello", &text);
    if (!error)
        error = ic__sidechannel_invite(sc, "x", key(w->bob), 5, NULL, &text);
    assert_true(error == 0 || error == IC_ERR_NOMEM);
    ic__json_free(invite);
    ic__sidechannel_free(sc);
    ic__buf_free(&why);
    ic__buf_free(&text);
}

static void survives_each_failed_allocation(void **state)
{
    world *w = *state;
    ic__buf owners = {0};
    ic__buf_printf(&owners, "mine:%s", key(w->bob));
    w->options.policy.owners = owners.data;
    w->options.policy.channels = "a,b";
    w->options.policy.invite_required = true;
    w->options.policy.invite_channels = "priv1";
    w->options.policy.inviter_keys = key(w->alice);
    fail_alloc_each(use_everything, w);
    ic__buf_free(&owners);
}

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(channels_are_joined_and_left),
        WORLD_TEST(without_a_network_nothing_goes_out_and_stats_say_so),
        WORLD_TEST(a_message_is_signed_and_registers_its_channel),
        WORLD_TEST(only_the_owner_writes_where_configured),
        WORLD_TEST(messages_above_the_limit_are_denied),
        WORLD_TEST(an_invite_opens_a_closed_channel_until_it_expires),
        WORLD_TEST(leaving_forgets_the_invite),
        WORLD_TEST(an_inviter_needs_no_invite_and_signs_them),
        WORLD_TEST(bad_terms_of_an_invite_are_refused),
        WORLD_TEST(a_welcome_by_the_owner_is_learned_and_kept),
        WORLD_TEST(welcomes_of_the_command_line_are_verified),
        WORLD_TEST(a_command_line_that_makes_no_sense_is_explained),
        WORLD_TEST(an_open_request_goes_to_the_entry_channel_or_via_another),
        WORLD_TEST(open_requests_are_those_of_the_reference),
        WORLD_TEST(channels_are_counted_and_limited),
        WORLD_TEST(learned_names_are_limited),
        WORLD_TEST(survives_each_failed_allocation),
    };
    return cmocka_run_group_tests_name("sidechannel/sidechannel", tests, NULL, NULL);
}
