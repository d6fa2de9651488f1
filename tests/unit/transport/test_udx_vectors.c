/*
 * What udx-native did, our stream must do: each recording of tests/vectors/udx.json is
 * played to one end, and what that end sends must be the recorded bytes.
 *
 * Spec: docs/spec/02-udx.md sections 1 to 7. Within one moment the order of packets is
 * not compared (the reference may retransmit before it acknowledges).
 */
#include <stdlib.h>
#include <string.h>

#include "fake_clock.h"
#include "intercom/error.h"
#include "transport/udx_packet.h"
#include "transport/udx_stream.h"
#include "unit.h"
#include "vectors.h"

#define MS UINT64_C(1000000)
#define START_NS (UINT64_C(100000) * MS)
#define MOST_PULLED 400

typedef struct datagram {
    size_t len;
    uint8_t bytes[IC__UDX_MAX_DATAGRAM];
} datagram;

/* One end, and what it has sent that was not compared yet. */
typedef struct player {
    fake_clock clock;
    ic_env env;
    ic__udx *s;
    uint64_t start_ns;
    datagram pulled[MOST_PULLED];
    size_t count;
    uint64_t bytes; /* of stream data handed up */
    size_t messages;
    int ends;
    int closed;
    int error;
} player;

static int64_t number(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static const char *name_of(const json_t *entry)
{
    const char *from = json_string_value(json_object_get(entry, "from"));
    return from ? from : "";
}

static void player_init(player *p, uint32_t id, uint32_t remote_id,
                        const ic__udx_options *opts)
{
    const ic__udx_path path = {.addr = {.family = 4, .port = 1}, .id = remote_id};

    memset(p, 0, sizeof *p);
    fake_clock_init(&p->clock, 1);
    fake_clock_set(&p->clock, START_NS);
    p->start_ns = START_NS;
    p->env = fake_clock_env(&p->clock);
    assert_int_equal(ic__udx_new(&p->s, &p->env, id, opts, START_NS), 0);
    assert_int_equal(ic__udx_connect(p->s, &path, START_NS), 0);
}

static void take_events(player *p)
{
    ic__udx_event event;

    while (ic__udx_next(p->s, &event)) {
        p->bytes += event.what == IC__UDX_GOT_DATA ? event.len : 0;
        p->messages += event.what == IC__UDX_GOT_MESSAGE;
        p->ends += event.what == IC__UDX_GOT_END;
        if (event.what == IC__UDX_CLOSED) {
            p->closed++;
            p->error = event.error;
        }
    }
}

static void pull_all(player *p)
{
    ic__udx_path to;

    for (;;) {
        assert_true(p->count < MOST_PULLED);
        datagram *d = &p->pulled[p->count];
        d->len = ic__udx_pull(p->s, d->bytes, sizeof d->bytes, &to, p->clock.now_ns);
        if (!d->len)
            break;
        p->count++;
    }
    take_events(p);
}

static void run_to(player *p, uint64_t until)
{
    pull_all(p);
    while (ic__udx_deadline(p->s) <= until) {
        fake_clock_set(&p->clock, ic__udx_deadline(p->s));
        ic__udx_expire(p->s, p->clock.now_ns);
        pull_all(p);
    }
    fake_clock_set(&p->clock, until);
}

/* Take the recorded packet out of those pulled; false when it is not among them. */
static bool take(player *p, const json_t *entry)
{
    bool whole = json_object_get(entry, "bytes") != NULL;
    size_t len;
    uint8_t *bytes = vectors_bytes(entry, whole ? "bytes" : "firstBytes", &len);
    size_t total = (size_t)number(entry, "length");
    bool found = false;

    for (size_t i = 0; i < p->count && !found; i++) {
        datagram *d = &p->pulled[i];
        size_t compared = whole ? len : IC__UDX_HEADER_BYTES;
        if (d->len != total || memcmp(d->bytes, bytes, compared) != 0)
            continue;
        memmove(d, d + 1, (p->count - i - 1) * sizeof *d);
        p->count--;
        found = true;
    }
    free(bytes);
    return found;
}

static void expect(player *p, const json_t *entry)
{
    if (!take(p, entry))
        fail_msg("at %lld ms: not sent: type %lld seq %lld ack %lld length %lld",
                 (long long)number(entry, "t"), (long long)number(entry, "type"),
                 (long long)number(entry, "seq"), (long long)number(entry, "ack"),
                 (long long)number(entry, "length"));
}

/* What the program of the recording did to make this run of packets appear. */
static void act(player *p, const json_t *list, size_t first, size_t end)
{
    uint8_t zeros[16384] = {0};
    const json_t *head = json_array_get(list, first);
    int64_t type = number(head, "type");
    uint8_t *bytes = NULL;
    size_t len = 0;

    if (type & IC__UDX_DESTROY)
        ic__udx_destroy(p->s);
    for (size_t i = first; i < end; i++) {
        const json_t *entry = json_array_get(list, i);
        type = number(entry, "type");
        size_t payload = (size_t)number(entry, "payloadLength");
        if (json_object_get(entry, "bytes"))
            bytes = vectors_bytes(entry, "bytes", &len);
        const uint8_t *data = bytes ? bytes + len - payload : zeros;
        if (type & IC__UDX_MESSAGE)
            assert_int_equal(ic__udx_send(p->s, data, payload), 0);
        if (type & IC__UDX_DATA)
            assert_int_equal(ic__udx_write(p->s, data, payload), 0);
        if (type & IC__UDX_END)
            assert_int_equal(ic__udx_end(p->s), 0);
        free(bytes);
        bytes = NULL;
    }
    pull_all(p);
}

/* A heartbeat at once means that something was written at a closed window. */
static void write_the_next_data(player *p, const json_t *list, size_t from)
{
    for (size_t i = from; i < json_array_size(list); i++) {
        if (number(json_array_get(list, i), "type") & IC__UDX_DATA &&
            strcmp(name_of(json_array_get(list, i)), "stream") == 0) {
            act(p, list, i, i + 1);
            return;
        }
    }
}

static size_t end_of_run(const json_t *list, size_t at, const char *who)
{
    int64_t t = number(json_array_get(list, at), "t");

    while (at < json_array_size(list) &&
           strcmp(name_of(json_array_get(list, at)), who) == 0 &&
           number(json_array_get(list, at), "t") <= t + 1)
        at++;
    return at;
}

static size_t play_run(player *p, const json_t *list, size_t at, const char *who)
{
    size_t end = end_of_run(list, at, who);

    if (!p->count && number(json_array_get(list, at), "type") & IC__UDX_HEARTBEAT)
        write_the_next_data(p, list, at);
    for (; at < end; at++) {
        if (take(p, json_array_get(list, at)))
            continue;
        act(p, list, at, end);
        expect(p, json_array_get(list, at));
    }
    return end;
}

static void play_in(player *p, const json_t *entry)
{
    bool whole = json_object_get(entry, "bytes") != NULL;
    size_t total = (size_t)number(entry, "length");
    size_t len;
    uint8_t *bytes = vectors_bytes(entry, whole ? "bytes" : "firstBytes", &len);
    uint8_t *padded = calloc(1, total);
    uint32_t id;

    assert_non_null(padded);
    memcpy(padded, bytes, len);
    if (ic__udx_packet_id(padded, total, &id) && id == ic__udx_id(p->s) &&
        !json_is_true(json_object_get(entry, "dropped")))
        (void)ic__udx_recv(p->s, padded, total, p->clock.now_ns);
    free(padded);
    free(bytes);
    pull_all(p);
}

static void play(player *p, const json_t *list, const char *who)
{
    for (size_t at = 0; at < json_array_size(list);) {
        const json_t *entry = json_array_get(list, at);
        /* A timer of the reference counts in milliseconds and comes late by a few. */
        run_to(p, p->start_ns + (uint64_t)number(entry, "t") * MS);
        if (strcmp(name_of(entry), who) == 0) {
            at = play_run(p, list, at, who);
            continue;
        }
        if (!json_object_get(entry, "event"))
            play_in(p, entry);
        at++;
    }
    if (p->count)
        fail_msg("sent and not in the recording: type %u", p->pulled[0].bytes[2]);
}

static json_t *capture_named(json_t *doc, const char *name)
{
    size_t i;
    json_t *capture;

    json_array_foreach(json_object_get(doc, "captures"), i, capture)
    {
        if (strcmp(vectors_text(capture, "name"), name) == 0)
            return capture;
    }
    fail_msg("no recording '%s'", name);
    return NULL;
}

static uint32_t first_seq(const json_t *list, const char *who)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (strcmp(name_of(json_array_get(list, i)), who) == 0)
            return (uint32_t)number(json_array_get(list, i), "seq");
    }
    return 0;
}

static void play_both_ends(const char *name)
{
    json_t *doc = vectors_load("udx.json");
    const json_t *list = json_object_get(capture_named(doc, name), "packets");
    uint32_t a = (uint32_t)number(json_object_get(doc, "ids"), "a");
    uint32_t b = (uint32_t)number(json_object_get(doc, "ids"), "b");
    ic__udx_options opts;
    static player p;

    ic__udx_options_default(&opts);
    opts.first_seq = first_seq(list, "a");
    opts.first_ack = first_seq(list, "b");
    player_init(&p, a, b, &opts);
    play(&p, list, "a");
    ic__udx_free(p.s);
    uint32_t swap = opts.first_seq;
    opts.first_seq = opts.first_ack;
    opts.first_ack = swap;
    player_init(&p, b, a, &opts);
    play(&p, list, "b");
    ic__udx_free(p.s);
    json_decref(doc);
}

static void play_scripted(player *p, const char *name)
{
    json_t *doc = vectors_load("udx.json");
    const json_t *capture = capture_named(doc, name);

    player_init(p, 77, 99, NULL);
    play(p, json_object_get(capture, "log"), "stream");
    json_decref(doc);
}

static void first_data(void **state)
{
    play_both_ends("first-data");
}

static void two_writes_make_one_packet(void **state)
{
    play_both_ends("two-writes-one-packet");
}

static void writes_are_cut_like_the_reference_cuts(void **state)
{
    play_both_ends("segmentation");
}

static void losses_are_told_and_repaired(void **state)
{
    play_both_ends("loss-and-sack");
}

static void both_directions_end(void **state)
{
    play_both_ends("end");
}

static void data_and_end_share_a_packet(void **state)
{
    play_both_ends("end-with-data");
}

static void a_destroy_has_no_answer(void **state)
{
    play_both_ends("destroy");
}

static void messages_take_no_seq(void **state)
{
    play_both_ends("message");
}

static void seq_wraps(void **state)
{
    play_both_ends("sequence-wraparound");
}

static void heartbeats_come_and_are_answered(void **state)
{
    json_t *doc = vectors_load("udx.json");
    const json_t *list = json_object_get(capture_named(doc, "heartbeat"), "packets");
    static player p;

    player_init(&p, (uint32_t)number(json_object_get(doc, "ids"), "a"),
                (uint32_t)number(json_object_get(doc, "ids"), "b"), NULL);
    ic__udx_set_keepalive(p.s, 200 * MS, START_NS);
    p.start_ns = START_NS + 200 * MS; /* the recording starts with the first heartbeat */
    play(&p, list, "a");
    ic__udx_free(p.s);
    player_init(&p, (uint32_t)number(json_object_get(doc, "ids"), "b"),
                (uint32_t)number(json_object_get(doc, "ids"), "a"), NULL);
    play(&p, list, "b");
    ic__udx_free(p.s);
    json_decref(doc);
}

/* Spec section 6. One round trip of 1 ms is known before the silence begins. */
static void a_silent_peer_is_given_up_on_time(void **state)
{
    json_t *doc = vectors_load("udx.json");
    const json_t *capture = capture_named(doc, "retransmission-timing");
    const json_t *list = json_object_get(capture, "packets");
    static player p;
    uint8_t ack[IC__UDX_HEADER_BYTES];
    player_init(&p, (uint32_t)number(json_object_get(doc, "ids"), "a"),
                (uint32_t)number(json_object_get(doc, "ids"), "b"), NULL);
    ic__wr w = ic__wr_of(ack, sizeof ack);
    const ic__udx_packet packet = {.id = ic__udx_id(p.s), .rwnd = 4194304, .ack = 1};
    ic__udx_packet_write(&w, &packet);
    assert_int_equal(ic__udx_write(p.s, (const uint8_t *)"hello", 5), 0);
    pull_all(&p);
    run_to(&p, START_NS + MS);
    assert_int_equal(ic__udx_recv(p.s, ack, sizeof ack, p.clock.now_ns), 0);
    p.count = 0;
    p.start_ns = p.clock.now_ns;
    play(&p, list, "a");
    run_to(&p, p.start_ns + 12900 * MS);
    assert_int_equal(p.closed, 0);
    run_to(&p, p.start_ns + 13017 * MS);
    assert_int_equal(p.closed, 1);
    assert_int_equal(p.error, IC_ERR_TIMEOUT);
    assert_int_equal(p.count, 0);
    ic__udx_free(p.s);
    json_decref(doc);
}

static void a_closed_window_is_probed_with_heartbeats(void **state)
{
    static player p;
    play_scripted(&p, "zero-window");
    ic__udx_free(p.s);
}

static void an_impossible_acknowledgement_gets_no_answer(void **state)
{
    static player p;
    play_scripted(&p, "acknowledgement-out-of-range");
    assert_int_equal(p.bytes, 6);
    ic__udx_free(p.s);
}

static void an_old_destroy_is_ignored_and_a_new_one_obeyed(void **state)
{
    static player p;
    play_scripted(&p, "destroy-sequence");
    assert_int_equal(p.closed, 1);
    assert_int_equal(p.error, IC_ERR_CLOSED);
    ic__udx_free(p.s);
}

static void padding_is_skipped(void **state)
{
    static player p;
    play_scripted(&p, "data-offset");
    assert_int_equal(p.bytes, 5);
    assert_int_equal(ic__udx_get_stats(p.s).dropped_bad, 1);
    ic__udx_free(p.s);
}

static void flags_may_be_mixed(void **state)
{
    static player p;
    play_scripted(&p, "flag-mixes");
    assert_int_equal(p.bytes, 5);
    assert_int_equal(p.messages, 2);
    ic__udx_free(p.s);
}

static void blocks_and_data_share_a_packet(void **state)
{
    static player p;
    play_scripted(&p, "sack-with-data");
    assert_int_equal(p.bytes, 3);
    ic__udx_free(p.s);
}

static void senseless_blocks_are_skipped(void **state)
{
    static player p;
    play_scripted(&p, "bad-sacks");
    assert_int_equal(ic__udx_get_stats(p.s).dropped_blocks, 5);
    ic__udx_free(p.s);
}

static void an_end_waits_for_the_data_before_it(void **state)
{
    static player p;
    play_scripted(&p, "end-out-of-order");
    assert_int_equal(p.bytes, 10);
    assert_int_equal(p.ends, 1);
    assert_int_equal(p.closed, 1);
    assert_int_equal(p.error, 0);
    ic__udx_free(p.s);
}

/* Each probe of the recording has the size that ours has, in the same order. */
static void probes_have_the_sizes_of_the_reference(void **state)
{
    json_t *doc = vectors_load("udx.json");
    const json_t *list = json_object_get(capture_named(doc, "mtu-search"), "packets");
    static player p;
    uint8_t zeros[65536] = {0};
    size_t at = 0;
    player_init(&p, 1, 2, NULL);
    for (int i = 0; i < 20; i++)
        assert_int_equal(ic__udx_write(p.s, zeros, sizeof zeros), 0);
    for (uint32_t acked = 0; at < json_array_size(list);) {
        uint8_t ack[IC__UDX_HEADER_BYTES];
        ic__wr w = ic__wr_of(ack, sizeof ack);
        run_to(&p, p.clock.now_ns + 10 * MS);
        for (size_t i = 0; i < p.count; i++) {
            while (at < json_array_size(list) &&
                   !number(json_array_get(list, at), "dataOffset"))
                at++;
            ic__udx_packet sent;
            assert_int_equal(
                ic__udx_packet_decode(&sent, p.pulled[i].bytes, p.pulled[i].len), 0);
            acked = sent.seq + 1;
            if (sent.padding && at < json_array_size(list))
                assert_int_equal(p.pulled[i].len,
                                 number(json_array_get(list, at++), "length"));
        }
        assert_true(p.count > 0);
        p.count = 0;
        const ic__udx_packet packet = {.id = 1, .rwnd = 40000, .ack = acked};
        ic__udx_packet_write(&w, &packet);
        assert_int_equal(ic__udx_recv(p.s, ack, sizeof ack, p.clock.now_ns), 0);
    }
    ic__udx_free(p.s);
    json_decref(doc);
}

/* The recording lists the last answer only; what was sent to get it is in its note. */
static void an_answer_lists_fifty_blocks_at_most(void **state)
{
    json_t *doc = vectors_load("udx.json");
    const json_t *log = json_object_get(capture_named(doc, "fifty-sack-blocks"), "log");
    static player p;
    player_init(&p, 77, 99, NULL);
    for (uint32_t seq = 1; seq < 120; seq += 2) {
        uint8_t bytes[32];
        ic__wr w = ic__wr_of(bytes, sizeof bytes);
        const ic__udx_packet packet = {.type = IC__UDX_DATA,
                                       .id = 77,
                                       .rwnd = 4194304,
                                       .seq = seq,
                                       .payload = (const uint8_t *)"x",
                                       .payload_len = 1};
        ic__udx_packet_write(&w, &packet);
        assert_int_equal(ic__udx_recv(p.s, bytes, w.len, p.clock.now_ns), 0);
        p.count = 0;
        pull_all(&p);
    }
    expect(&p, json_array_get(log, json_array_size(log) - 1));
    assert_int_equal(p.pulled[0].len, 420);
    ic__udx_free(p.s);
    json_decref(doc);
}

/* The reference cuts at 2048 and takes the rest for good; we drop it (section 11). */
static void a_datagram_that_is_too_long_is_kept_out(void **state)
{
    static player p;
    uint8_t big[3000] = {0xff, 1, IC__UDX_DATA, 0, 77};
    player_init(&p, 77, 99, NULL);
    big[12] = 1; /* seq 1: it would have to be kept until seq 0 comes */
    assert_int_equal(ic__udx_recv(p.s, big, sizeof big, p.clock.now_ns), 0);
    assert_int_equal(ic__udx_get_stats(p.s).dropped_full, 1);
    ic__udx_free(p.s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_data),
        cmocka_unit_test(two_writes_make_one_packet),
        cmocka_unit_test(writes_are_cut_like_the_reference_cuts),
        cmocka_unit_test(losses_are_told_and_repaired),
        cmocka_unit_test(both_directions_end),
        cmocka_unit_test(data_and_end_share_a_packet),
        cmocka_unit_test(a_destroy_has_no_answer),
        cmocka_unit_test(messages_take_no_seq),
        cmocka_unit_test(seq_wraps),
        cmocka_unit_test(heartbeats_come_and_are_answered),
        cmocka_unit_test(a_silent_peer_is_given_up_on_time),
        cmocka_unit_test(a_closed_window_is_probed_with_heartbeats),
        cmocka_unit_test(an_impossible_acknowledgement_gets_no_answer),
        cmocka_unit_test(an_old_destroy_is_ignored_and_a_new_one_obeyed),
        cmocka_unit_test(padding_is_skipped),
        cmocka_unit_test(flags_may_be_mixed),
        cmocka_unit_test(blocks_and_data_share_a_packet),
        cmocka_unit_test(senseless_blocks_are_skipped),
        cmocka_unit_test(an_end_waits_for_the_data_before_it),
        cmocka_unit_test(probes_have_the_sizes_of_the_reference),
        cmocka_unit_test(an_answer_lists_fifty_blocks_at_most),
        cmocka_unit_test(a_datagram_that_is_too_long_is_kept_out),
    };
    return cmocka_run_group_tests_name("transport/udx_vectors", tests, NULL, NULL);
}
