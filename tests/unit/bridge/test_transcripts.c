/* The reference's transcripts, sc-bridge-behaviour.json, replayed on sessions. */
#include <string.h>

#include "bridge_bench.h"
#include "sidechannel/link.h"
#include "unit.h"
#include "vectors.h"

/* The terminal answers as it did in the transcript: what it prints belongs to another
 * room, what is made of it belongs to this one. */
static ic__json *scripted;

static void run_script(const char *line, bridge_output *out, void *user)
{
    const ic__json *lines = ic__json_get(scripted, "output");

    assert_string_equal(line, ic__json_cstring(ic__json_get(scripted, "command")));
    for (size_t i = 0; i < ic__json_count(lines); i++) {
        size_t len;
        const char *text = ic__json_text(ic__json_at(lines, i), &len);
        bridge_output_line(out, text, len);
    }
    if (ic__json_cstring(ic__json_get(scripted, "error")))
        bridge_output_fail(out, ic__json_cstring(ic__json_get(scripted, "error")));
}

static void load_script(const char *reply)
{
    ic__json_free(scripted);
    scripted = NULL;
    assert_int_equal(ic__json_parse(reply, strlen(reply), &scripted), 0);
}

static void give_info(ic__buf *json, void *user)
{
    ic__buf_text(json, "{\"a\":1}");
}

/* "c1" to "c3" */
static unsigned number_of(const char *client)
{
    assert_int_equal(strlen(client), 2);
    return (unsigned)(client[1] - '1');
}

static void expect_texts(bench *b, unsigned n, const json_t *texts)
{
    json_t *v;
    size_t i;

    json_array_foreach(texts, i, v)
    {
        const char *got = bench_next(b, n);
        assert_string_equal(got ? got : "(nothing)", json_string_value(v));
    }
    assert_null(bench_next(b, n));
}

static void replay_incoming(bench *b, const json_t *step)
{
    const char *payload = vectors_text(step, "payload");
    ic__json *envelope = NULL;
    const char *client;
    json_t *texts;

    assert_int_equal(ic__json_parse(payload, strlen(payload), &envelope), 0);
    bridge_hub_message(b->hub, vectors_text(step, "incomingOnChannel"), envelope);
    ic__json_free(envelope);
    json_object_foreach(json_object_get(step, "events"), client, texts)
    {
        expect_texts(b, number_of(client), texts);
    }
}

static void replay_step(bench *b, const json_t *step)
{
    const json_t *replies = json_object_get(step, "replies");

    if (json_object_get(step, "incomingOnChannel")) {
        replay_incoming(b, step);
        return;
    }
    unsigned n = number_of(vectors_text(step, "client"));
    if (json_object_get(step, "connect")) {
        bench_connect(b, n);
    } else {
        load_script(json_string_value(json_array_get(replies, 0)));
        bench_send(b, n, vectors_text(step, "send"));
    }
    expect_texts(b, n, replies);
}

/* The peer that the transcripts were taken from. */
static void configure(bench *b, const json_t *config)
{
    static char owners[100];
    const json_t *people = json_object_get(b->doc, "identities");
    const char *bob = vectors_text(json_object_get(people, "bob"), "publicKey");

    (void)snprintf(owners, sizeof owners, "pub1:%s", bob);
    b->options.policy.channels = "trip-nyc";
    b->options.policy.owners = owners;
    b->options.policy.owner_write_channels = "pub1";
    b->options.policy.invite_required = true;
    b->options.policy.invite_channels = "priv1";
    b->options.policy.inviter_keys = bob;
    b->settings.filter = json_string_value(json_object_get(config, "filter"));
    b->settings.filter_channels = json_object_get(config, "filterChannels") ? "c1" : NULL;
    b->settings.cli = json_is_true(json_object_get(config, "cliEnabled"));
    b->host.info = json_object_get(config, "info") ? give_info : NULL;
    b->host.cli = run_script;
}

static void replay(const json_t *transcript)
{
    const json_t *config = json_object_get(transcript, "config");
    bool bare = json_is_false(json_object_get(config, "attach"));
    json_t *step;
    size_t i;
    bench b;

    bench_init(&b);
    configure(&b, config);
    bench_start(&b, bare);
    if (!bare)
        ic__sidechannel_start(b.sidechannel);
    json_array_foreach(json_object_get(transcript, "steps"), i, step)
    {
        replay_step(&b, step);
    }
    bench_free(&b);
    ic__json_free(scripted);
    scripted = NULL;
}

/* spec/13, 1 to 5 */
static void every_transcript_of_the_reference_is_answered_alike(void **state)
{
    json_t *doc = vectors_load("sc-bridge-behaviour.json");
    json_t *transcript;
    size_t i;

    json_array_foreach(json_object_get(doc, "transcripts"), i, transcript)
    {
        print_message("%s\n", vectors_text(transcript, "name"));
        replay(transcript);
    }
    assert_int_equal(i, 8);
    json_decref(doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_transcript_of_the_reference_is_answered_alike),
    };
    return cmocka_run_group_tests_name("bridge/transcripts", tests, NULL, NULL);
}
