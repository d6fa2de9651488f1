/* docs/spec/06-hyperdht.md, section 11: pairs at a blind relay, seen from all three */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/env.h"
#include "dht/blind_relay.h"
#include "fail_alloc.h"
#include "fake_clock.h"
#include "intercom/error.h"

#define MOST 64

static const uint8_t TOKEN[IC__DHT_TOKEN_BYTES] = "between the two of us";

/* One channel between a client and the relay. */
typedef struct channel {
    struct bench *bench;
    ic__relay_session *session;
    ic__relay_ask *ask;
    size_t told;
    uint32_t local_id;
    int error;
    uint32_t remote_id;
    bool deaf; /* nothing reaches the relay */
} channel;

typedef struct bench {
    fake_clock luck;
    ic__clock clock;
    ic__relay *relay;
    channel channels[4];
    uint32_t streams[MOST]; /* alive, by local id: the number of the partner's client */
    uint32_t next_id;
    size_t alive;
    uint32_t joined[2];
    bool no_streams;
} bench;

static int stream_new(void *user, uint32_t remote_id, uint32_t *local_id)
{
    bench *b = user;
    if (b->no_streams)
        return IC_ERR_LIMIT;
    assert_true(b->next_id + 1 < MOST);
    *local_id = ++b->next_id;
    b->streams[*local_id] = remote_id;
    b->alive++;
    return 0;
}

static void stream_join(void *user, uint32_t a, uint32_t c)
{
    bench *b = user;
    b->joined[0] = a;
    b->joined[1] = c;
}

static void stream_free(void *user, uint32_t local_id)
{
    bench *b = user;
    assert_true(b->streams[local_id] != 0);
    b->streams[local_id] = 0;
    b->alive--;
}

static void to_client(void *user, void *session_user, unsigned type, const uint8_t *body,
                      size_t len)
{
    channel *ch = session_user;
    (void)user;
    assert_int_equal(ic__relay_ask_recv(ch->ask, type, body, len), 0);
}

static void to_relay(void *user, unsigned type, const uint8_t *body, size_t len)
{
    channel *ch = user;
    if (!ch->deaf && ch->session)
        assert_int_equal(ic__relay_recv(ch->session, type, body, len), 0);
}

static void on_paired(void *user, uint32_t local_id, int error, uint32_t remote_id)
{
    channel *ch = user;
    ch->told++;
    ch->local_id = local_id;
    ch->error = error;
    ch->remote_id = remote_id;
}

static int init(bench *b, const ic__relay_options *opts)
{
    const ic__relay_host host = {.stream_new = stream_new,
                                 .stream_join = stream_join,
                                 .stream_free = stream_free,
                                 .send = to_client,
                                 .user = b};
    int err;
    *b = (bench){.next_id = 0};
    fake_clock_init(&b->luck, 7);
    const ic_env env = fake_clock_env(&b->luck);
    b->clock.now = IC__SEC;
    err = ic__relay_new(&b->relay, &env, &b->clock, &host, opts);
    for (size_t i = 0; i < 4 && !err; i++) {
        channel *ch = &b->channels[i];
        const ic__relay_ask_events events = {
            .send = to_relay, .on_paired = on_paired, .user = ch};
        ch->bench = b;
        err = ic__relay_ask_new(&ch->ask, &b->clock, &events);
        if (!err)
            err = ic__relay_join(b->relay, ch, &ch->session);
    }
    return err;
}

static void done(bench *b)
{
    for (size_t i = 0; i < 4; i++)
        ic__relay_ask_free(b->channels[i].ask);
    ic__relay_free(b->relay);
    assert_int_equal(b->alive, 0);
    assert_int_equal(b->clock.added, 0);
    ic__clock_free(&b->clock);
}

static void wait(bench *b, uint64_t ns)
{
    const uint64_t until = b->clock.now + ns;
    for (uint64_t at; (at = ic__clock_deadline(&b->clock)) <= until;)
        ic__clock_run(&b->clock, at);
    b->clock.now = until;
}

static void pair(bench *b, size_t who, bool initiator, uint32_t id)
{
    assert_int_equal(ic__relay_ask_pair(b->channels[who].ask, TOKEN, initiator, id), 0);
}

static void two_that_name_the_same_token_are_joined(void **state)
{
    (void)state;
    bench b;
    assert_int_equal(init(&b, NULL), 0);
    pair(&b, 0, true, 100);
    assert_int_equal(b.alive, 0);
    assert_int_equal(ic__relay_get_stats(b.relay).waiting, 1);
    pair(&b, 1, false, 200);
    assert_int_equal(b.alive, 2);
    assert_int_equal(ic__relay_get_stats(b.relay).joined, 1);
    for (size_t i = 0; i < 2; i++) {
        const channel *ch = &b.channels[i];
        assert_int_equal(ch->told, 1);
        assert_int_equal(ch->error, 0);
        assert_int_equal(ch->local_id, 100 + 100 * i);
        /* The relay's stream for this side answers to the number of this side. */
        assert_int_equal(b.streams[ch->remote_id], ch->local_id);
    }
    assert_int_not_equal(b.joined[0], b.joined[1]);
    wait(&b, 60 * IC__SEC);
    assert_int_equal(b.alive, 2);
    assert_int_equal(b.channels[0].told, 1);
    done(&b);
}

/* "Duplicate pair for the same token and role is ignored" */
static void nobody_takes_a_place_that_is_taken(void **state)
{
    (void)state;
    bench b;
    assert_int_equal(init(&b, NULL), 0);
    pair(&b, 0, true, 100);
    pair(&b, 2, true, 666);
    assert_int_equal(ic__relay_get_stats(b.relay).duplicates, 1);
    pair(&b, 1, false, 200);
    pair(&b, 3, false, 667);
    assert_int_equal(b.channels[0].told, 1);
    assert_int_equal(b.channels[2].told, 0);
    assert_int_equal(b.channels[3].told, 0);
    assert_int_equal(b.alive, 2);
    assert_int_equal(ic__relay_ask_pair(b.channels[0].ask, TOKEN, true, 5),
                     IC_ERR_EXISTS);
    done(&b);
}

/* "Timeout 15 s" */
static void who_waits_in_vain_is_told_after_fifteen_seconds(void **state)
{
    (void)state;
    bench b;
    assert_int_equal(init(&b, NULL), 0);
    pair(&b, 0, true, 100);
    wait(&b, 15 * IC__SEC - 1);
    assert_int_equal(b.channels[0].told, 0);
    wait(&b, 1);
    assert_int_equal(b.channels[0].told, 1);
    assert_int_equal(b.channels[0].error, IC_ERR_TIMEOUT);
    assert_int_equal(ic__relay_get_stats(b.relay).waiting, 0);
    /* Too late for the other one. */
    pair(&b, 1, false, 200);
    assert_int_equal(b.alive, 0);
    done(&b);
}

static void a_relay_forgets_who_went_without_a_word(void **state)
{
    (void)state;
    bench b;
    assert_int_equal(init(&b, NULL), 0);
    pair(&b, 0, true, 100);
    b.channels[0].deaf = true;
    wait(&b, 16 * IC__SEC);
    const ic__relay_stats stats = ic__relay_get_stats(b.relay);
    assert_int_equal(stats.waiting, 0);
    assert_int_equal(stats.timeouts, 1);
    done(&b);
}

/* "unpair cancels": while it waits, and when it is joined; only for who takes part */
static void an_unpair_ends_a_pairing_of_ones_own(void **state)
{
    (void)state;
    bench b;
    uint8_t body[IC__RELAY_MESSAGE_MAX];
    ic__wr w = ic__wr_of(body, sizeof body);
    assert_int_equal(init(&b, NULL), 0);
    ic__dht_unpair_write(&w, TOKEN);
    pair(&b, 0, true, 100);
    ic__relay_ask_drop(b.channels[0].ask, 100);
    assert_int_equal(ic__relay_get_stats(b.relay).waiting, 0);
    pair(&b, 0, true, 101);
    pair(&b, 1, false, 200);
    assert_int_equal(ic__relay_recv(b.channels[3].session, IC__RELAY_UNPAIR, body, w.len),
                     0);
    assert_int_equal(b.alive, 2);
    ic__relay_ask_drop(b.channels[1].ask, 200);
    ic__relay_ask_drop(b.channels[1].ask, 200);
    assert_int_equal(b.alive, 0);
    done(&b);
}

static void a_stream_that_dies_takes_its_partner_along(void **state)
{
    (void)state;
    bench b;
    assert_int_equal(init(&b, NULL), 0);
    pair(&b, 0, true, 100);
    pair(&b, 1, false, 200);
    const uint32_t first = b.channels[0].remote_id;
    b.streams[first] = 0;
    b.alive--;
    ic__relay_stream_gone(b.relay, first);
    assert_int_equal(b.alive, 0);
    ic__relay_stream_gone(b.relay, first);
    ic__relay_stream_gone(b.relay, 999);
    done(&b);
}

static void a_closed_channel_ends_what_was_its_own(void **state)
{
    (void)state;
    bench b;
    assert_int_equal(init(&b, NULL), 0);
    pair(&b, 0, true, 100);
    pair(&b, 1, false, 200);
    channel *ch = &b.channels[1];
    ic__relay_leave(ch->session);
    ch->session = NULL;
    assert_int_equal(b.alive, 0);
    ic__relay_ask_closed(ch->ask);
    assert_int_equal(ch->told, 1); /* it was paired: no news */
    assert_int_equal(ic__relay_ask_pair(b.channels[2].ask,
                                        (const uint8_t *)"another token........... "
                                                         "........",
                                        true, 300),
                     0);
    ic__relay_ask_closed(b.channels[2].ask);
    assert_int_equal(b.channels[2].told, 1);
    assert_int_equal(b.channels[2].error, IC_ERR_CLOSED);
    ic__relay_leave(NULL);
    done(&b);
}

static void without_streams_both_wait_for_nothing(void **state)
{
    (void)state;
    bench b;
    assert_int_equal(init(&b, NULL), 0);
    b.no_streams = true;
    pair(&b, 0, true, 100);
    pair(&b, 1, false, 200);
    assert_int_equal(b.alive, 0);
    assert_int_equal(ic__relay_get_stats(b.relay).waiting, 0);
    wait(&b, 15 * IC__SEC);
    assert_int_equal(b.channels[0].error, IC_ERR_TIMEOUT);
    assert_int_equal(b.channels[1].error, IC_ERR_TIMEOUT);
    done(&b);
}

/* Section 15: no client fills the table, and all together not more than there is. */
static void pairings_are_bounded_by_session_and_in_all(void **state)
{
    (void)state;
    bench b;
    const ic__relay_options opts = {
        .max_pairings = 10, .max_pairings_session = 6, .timeout_ns = IC__SEC};
    assert_int_equal(init(&b, &opts), 0);
    for (uint8_t i = 0; i < 40; i++) {
        const uint8_t token[IC__DHT_TOKEN_BYTES] = {i};
        assert_int_equal(
            ic__relay_ask_pair(b.channels[i % 2].ask, token, true, 1000u + i), 0);
    }
    assert_int_equal(ic__relay_get_stats(b.relay).waiting, 10);
    assert_int_equal(ic__relay_get_stats(b.relay).dropped_limit, 30);
    wait(&b, IC__SEC);
    assert_int_equal(ic__relay_get_stats(b.relay).waiting, 0);
    done(&b);
}

static void broken_messages_end_the_channel(void **state)
{
    (void)state;
    bench b;
    uint8_t body[IC__RELAY_MESSAGE_MAX];
    ic__wr w = ic__wr_of(body, sizeof body);
    const ic__dht_pair m = {.id = 7};
    assert_int_equal(init(&b, NULL), 0);
    ic__relay_session *session = b.channels[0].session;
    ic__relay_ask *ask = b.channels[0].ask;
    ic__dht_pair_write(&w, &m);
    for (size_t cut = 0; cut < w.len; cut++) {
        assert_int_equal(ic__relay_recv(session, IC__RELAY_PAIR, body, cut),
                         IC_ERR_PROTO);
        assert_int_equal(ic__relay_ask_recv(ask, IC__RELAY_PAIR, body, cut),
                         IC_ERR_PROTO);
    }
    assert_int_equal(ic__relay_recv(session, IC__RELAY_UNPAIR, body, 32), IC_ERR_PROTO);
    assert_int_equal(ic__relay_recv(session, 2, body, w.len), IC_ERR_PROTO);
    assert_int_equal(ic__relay_ask_recv(ask, 2, body, w.len), IC_ERR_PROTO);
    /* An answer to nothing is nothing. */
    assert_int_equal(ic__relay_ask_recv(ask, IC__RELAY_PAIR, body, w.len), 0);
    assert_int_equal(b.channels[0].told, 0);
    done(&b);
}

static void try_to_pair(void *arg)
{
    bench b;
    (void)arg;
    int err = init(&b, NULL);
    assert_true(err == 0 || err == IC_ERR_NOMEM);
    for (size_t i = 0; i < 2 && !err; i++) {
        int paired = ic__relay_ask_pair(b.channels[i].ask, TOKEN, i == 0, 100);
        assert_true(paired == 0 || paired == IC_ERR_NOMEM);
    }
    wait(&b, 20 * IC__SEC);
    done(&b);
}

static void without_memory_nothing_is_left_over(void **state)
{
    (void)state;
    fail_alloc_each(try_to_pair, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_that_name_the_same_token_are_joined),
        cmocka_unit_test(nobody_takes_a_place_that_is_taken),
        cmocka_unit_test(who_waits_in_vain_is_told_after_fifteen_seconds),
        cmocka_unit_test(a_relay_forgets_who_went_without_a_word),
        cmocka_unit_test(an_unpair_ends_a_pairing_of_ones_own),
        cmocka_unit_test(a_stream_that_dies_takes_its_partner_along),
        cmocka_unit_test(a_closed_channel_ends_what_was_its_own),
        cmocka_unit_test(without_streams_both_wait_for_nothing),
        cmocka_unit_test(pairings_are_bounded_by_session_and_in_all),
        cmocka_unit_test(broken_messages_end_the_channel),
        cmocka_unit_test(without_memory_nothing_is_left_over),
    };
    return cmocka_run_group_tests_name("dht/blind_relay", tests, NULL, NULL);
}
