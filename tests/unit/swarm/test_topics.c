/* docs/spec/07-hyperswarm.md, sections 2, 3, 7, 8 and 9: topics, flush, life */
#include <string.h>

#include "base/env.h"
#include "intercom/error.h"
#include "swarm_steps.h"
#include "unit.h"

#define PEER 0x10 /* first byte of keys */
#define MINUTE (60 * IC__SEC)

static const uint8_t topic[32] = {1};

static int setup(void **state)
{
    static swarm_desk desk;

    swarm_prepare(&desk);
    swarm_open(&desk);
    *state = &desk;
    return 0;
}

static int teardown(void **state)
{
    swarm_shut(*state);
    return 0;
}

static ic__session *join_as(swarm_desk *d, bool server, bool client)
{
    ic__session *session = NULL;
    ic__session_options o;

    ic__session_options_default(&o);
    o.server = server;
    o.client = client;
    assert_int_equal(ic__swarm_join(d->s, topic, &o, d->clock.now_ns, &session), 0);
    return session;
}

static void done(swarm_desk *d, uint64_t query, int error)
{
    ic__swarm_query_done(d->s, query, error, d->clock.now_ns);
}

static void found(swarm_desk *d, uint64_t query, uint32_t number)
{
    uint8_t key[32];

    swarm_key(key, PEER, number);
    ic__swarm_found(d->s, query, key, NULL, 0, d->clock.now_ns);
}

static uint64_t announces(swarm_desk *d)
{
    swarm_expect(d, IC__SWARM_LISTEN);
    ic__swarm_listening(d->s, 0, d->clock.now_ns);
    return swarm_expect(d, IC__SWARM_ANNOUNCE).query;
}

/* Past the four looks that follow the first refresh. */
static void settle(swarm_desk *d)
{
    for (int i = 0; i < 4; i++) {
        swarm_wait(d, 6 * IC__SEC);
        done(d, swarm_expect(d, IC__SWARM_LOOKUP).query, 0);
    }
}

/* Section 2 */
static void a_session_needs_a_role(void **state)
{
    swarm_desk *d = *state;
    ic__session *session;
    const ic__session_options neither = {.limit = 3};
    assert_int_equal(ic__swarm_join(d->s, topic, &neither, 1, &session), IC_ERR_INVALID);
    session = join_as(d, true, false);
    assert_int_equal(ic__session_refresh(session, &neither, 1), IC_ERR_INVALID);
}

static void a_server_listens_once_and_clears_with_its_first_announce(void **state)
{
    swarm_desk *d = *state;
    ic__session *session = join_as(d, true, true);
    swarm_expect(d, IC__SWARM_LISTEN);
    swarm_expect(d, IC__SWARM_NOTHING);
    ic__swarm_listening(d->s, 0, d->clock.now_ns);
    ic__swarm_event e = swarm_expect(d, IC__SWARM_ANNOUNCE);
    assert_true(e.clear);
    assert_memory_equal(e.topic, topic, 32);
    done(d, e.query, 0);
    ic__session_options o;
    ic__session_options_default(&o);
    assert_int_equal(ic__session_refresh(session, &o, d->clock.now_ns), 0);
    e = swarm_expect(d, IC__SWARM_ANNOUNCE);
    assert_false(e.clear);
    swarm_expect(d, IC__SWARM_NOTHING);
    /* The same roles again while it runs: that one counts. */
    assert_int_equal(ic__session_refresh(session, &o, d->clock.now_ns), 0);
    swarm_expect(d, IC__SWARM_NOTHING);
}

static void a_server_that_cannot_listen_tries_again(void **state)
{
    swarm_desk *d = *state;
    (void)join_as(d, true, true);
    swarm_expect(d, IC__SWARM_LISTEN);
    ic__swarm_listening(d->s, IC_ERR_IO, d->clock.now_ns);
    swarm_expect(d, IC__SWARM_NOTHING);
    swarm_wait(d, 8 * IC__SEC);
    (void)announces(d);
}

static void a_client_only_looks(void **state)
{
    swarm_desk *d = *state;
    (void)join_as(d, false, true);
    ic__swarm_event e = swarm_expect(d, IC__SWARM_LOOKUP);
    found(d, e.query, 1);
    swarm_expect(d, IC__SWARM_DIAL);
}

static void a_server_only_does_not_dial_whom_it_finds(void **state)
{
    swarm_desk *d = *state;
    (void)join_as(d, true, false);
    uint64_t query = announces(d);
    found(d, query, 1);
    done(d, query, 0);
    swarm_expect(d, IC__SWARM_NOTHING);
    assert_int_equal(ic__swarm_get_stats(d->s).peers, 0);
}

static void sessions_share_a_topic_and_its_roles(void **state)
{
    swarm_desk *d = *state;
    ic__session *client = join_as(d, false, true);
    uint64_t first = swarm_expect(d, IC__SWARM_LOOKUP).query;
    ic__session *server = join_as(d, true, false);
    /* A role more: the lookup gives way to an announce. */
    swarm_expect(d, IC__SWARM_LISTEN);
    assert_int_equal(swarm_expect(d, IC__SWARM_STOP).query, first);
    ic__swarm_listening(d->s, 0, d->clock.now_ns);
    ic__swarm_event e = swarm_expect(d, IC__SWARM_ANNOUNCE);
    done(d, first, 0); /* of a query that was stopped: ignored */
    done(d, e.query, 0);
    assert_int_equal(ic__swarm_get_stats(d->s).topics, 1);
    /* No server is left, but records of ours are. */
    ic__session_leave(server, d->clock.now_ns);
    e = swarm_expect(d, IC__SWARM_LOOKUP_UNANNOUNCE);
    done(d, e.query, 0);
    ic__session_leave(client, d->clock.now_ns);
    swarm_expect(d, IC__SWARM_FORGET); /* nothing to take back */
    swarm_expect(d, IC__SWARM_NOTHING);
    assert_int_equal(ic__swarm_get_stats(d->s).topics, 0);
}

static void topics_are_limited(void **state)
{
    swarm_desk d;
    ic__session *session;
    ic__session_options o;
    swarm_prepare(&d);
    d.options.max_topics = 1;
    swarm_open(&d);
    ic__session_options_default(&o);
    assert_int_equal(ic__swarm_join(d.s, topic, &o, 1, &session), 0);
    assert_int_equal(ic__swarm_join(d.s, d.own, &o, 1, &session), IC_ERR_LIMIT);
    assert_int_equal(ic__swarm_join(d.s, topic, &o, 1, &session), 0);
    swarm_shut(&d);
}

/* Section 3 */
static void a_refresh_comes_after_ten_to_twelve_minutes(void **state)
{
    swarm_desk *d = *state;
    (void)swarm_join_finding(d, 1, PEER, 0);
    settle(d);
    uint64_t wait = ic__swarm_deadline(d->s) - d->clock.now_ns;
    assert_true(wait >= 10 * MINUTE && wait <= 12 * MINUTE);
    swarm_wait(d, wait);
    swarm_expect(d, IC__SWARM_ANNOUNCE);
}

static void a_timer_that_slept_waits_a_little_more(void **state)
{
    swarm_desk *d = *state;
    (void)swarm_join_finding(d, 1, PEER, 0);
    settle(d);
    uint64_t late = ic__swarm_deadline(d->s) + 31 * IC__SEC;
    fake_clock_set(&d->clock, late);
    ic__swarm_expire(d->s, late);
    swarm_expect(d, IC__SWARM_NOTHING);
    assert_true(ic__swarm_deadline(d->s) - late <= 2 * MINUTE);
    swarm_wait(d, ic__swarm_deadline(d->s) - late);
    swarm_expect(d, IC__SWARM_ANNOUNCE);
}

static void a_query_that_fails_is_repeated_sooner(void **state)
{
    swarm_desk *d = *state;
    (void)join_as(d, false, true);
    for (uint64_t least = 5; least <= 20; least *= 2) {
        done(d, swarm_expect(d, IC__SWARM_LOOKUP).query, IC_ERR_TIMEOUT);
        uint64_t wait = ic__swarm_deadline(d->s) - d->clock.now_ns;
        assert_true(wait >= least * IC__SEC && wait <= 3 * least * IC__SEC / 2);
        swarm_wait(d, wait);
    }
}

static void whoever_announced_at_the_same_moment_is_found_by_another_look(void **state)
{
    swarm_desk *d = *state;
    (void)swarm_join_finding(d, 1, PEER, 0);
    swarm_wait(d, 150 * IC__MS);
    ic__swarm_event e = swarm_expect(d, IC__SWARM_LOOKUP);
    found(d, e.query, 5);
    uint64_t id = swarm_dials(d, PEER, 5);
    done(d, e.query, 0);
    /* Who has failed waits for its turn, though it is found again. */
    swarm_closes(d, id, IC_ERR_TIMEOUT);
    swarm_wait(d, 2 * IC__SEC);
    e = swarm_expect(d, IC__SWARM_LOOKUP);
    found(d, e.query, 5);
    swarm_expect(d, IC__SWARM_NOTHING);
}

static void a_limit_counts_new_peers_of_a_refresh(void **state)
{
    swarm_desk *d = *state;
    ic__session *session;
    ic__session_options o;
    ic__session_options_default(&o);
    o.server = false;
    o.limit = 2;
    assert_int_equal(ic__swarm_join(d->s, topic, &o, d->clock.now_ns, &session), 0);
    uint64_t query = swarm_expect(d, IC__SWARM_LOOKUP).query;
    for (uint32_t i = 0; i < 5; i++)
        found(d, query, i);
    assert_int_equal(ic__swarm_get_stats(d->s).peers, 2);
    swarm_opens(d, swarm_expect(d, IC__SWARM_DIAL).id);
    swarm_expect(d, IC__SWARM_DIAL);
    swarm_expect(d, IC__SWARM_CONNECTED);
    done(d, query, 0);
    /* One of the last round is connected: one more may come. */
    assert_int_equal(ic__session_refresh(session, &o, d->clock.now_ns), 0);
    query = swarm_expect(d, IC__SWARM_LOOKUP).query;
    for (uint32_t i = 10; i < 15; i++)
        found(d, query, i);
    assert_int_equal(ic__swarm_get_stats(d->s).peers, 3);
}

static void leaving_takes_back_what_was_announced(void **state)
{
    swarm_desk *d = *state;
    ic__session *session = swarm_join_finding(d, 1, PEER, 6);
    uint64_t id = swarm_expect(d, IC__SWARM_DIAL).id;
    swarm_expect(d, IC__SWARM_DIAL);
    swarm_expect(d, IC__SWARM_DIAL);
    ic__session_leave(session, d->clock.now_ns);
    ic__swarm_event e = swarm_expect(d, IC__SWARM_UNANNOUNCE);
    assert_int_equal(ic__swarm_get_stats(d->s).peers, 3); /* that are being dialled */
    /* Whoever joins again meanwhile waits for the end of it. */
    session = join_as(d, false, true);
    uint8_t same[32];
    swarm_key(same, 1, 0);
    ic__session_options o;
    ic__session_options_default(&o);
    assert_int_equal(ic__swarm_join(d->s, same, &o, d->clock.now_ns, &session), 0);
    swarm_expect(d, IC__SWARM_LOOKUP); /* of the other topic */
    swarm_expect(d, IC__SWARM_NOTHING);
    done(d, e.query, 0);
    swarm_expect(d, IC__SWARM_ANNOUNCE);
    /* A dial that was under way goes on; then nobody wants the peer. */
    swarm_closes(d, id, IC_ERR_TIMEOUT);
    assert_int_equal(ic__swarm_get_stats(d->s).peers, 2);
}

static void a_topic_that_was_left_can_be_joined_in_the_same_breath(void **state)
{
    swarm_desk *d = *state;
    ic__session *session = join_as(d, false, true);
    swarm_expect(d, IC__SWARM_LOOKUP);
    ic__session_leave(session, d->clock.now_ns);
    swarm_expect(d, IC__SWARM_STOP);
    swarm_expect(d, IC__SWARM_FORGET);
    (void)join_as(d, false, true);
    swarm_expect(d, IC__SWARM_LOOKUP);
    swarm_expect(d, IC__SWARM_NOTHING);
    assert_int_equal(ic__swarm_get_stats(d->s).topics, 1);
}

static void another_network_is_looked_at_anew(void **state)
{
    swarm_desk *d = *state;
    (void)swarm_join_finding(d, 1, PEER, 1);
    uint64_t id = swarm_dials(d, PEER, 0);
    swarm_opens(d, id);
    swarm_expect(d, IC__SWARM_CONNECTED);
    ic__swarm_network_changed(d->s, d->clock.now_ns);
    assert_int_equal(swarm_expect(d, IC__SWARM_KEEPALIVE).id, id);
    swarm_expect(d, IC__SWARM_ANNOUNCE);
    swarm_expect(d, IC__SWARM_NOTHING);
}

/* Section 7 */
static void expect_flush(swarm_desk *d, uint64_t flush, bool ok)
{
    ic__swarm_event e = swarm_expect(d, IC__SWARM_FLUSHED);

    assert_int_equal(e.flush, flush);
    assert_int_equal(e.ok, ok);
}

static void a_flush_waits_for_queries_and_for_one_try_of_each_peer(void **state)
{
    swarm_desk *d = *state;
    uint64_t flush;
    uint64_t query_only;
    ic__session *session = join_as(d, true, true);
    uint64_t query = announces(d);
    assert_int_equal(ic__swarm_flush(d->s, d->clock.now_ns, &flush), 0);
    assert_int_equal(ic__session_flush(session, d->clock.now_ns, &query_only), 0);
    swarm_expect(d, IC__SWARM_NOTHING);
    for (uint32_t i = 0; i < 4; i++)
        found(d, query, i);
    uint64_t id[4];
    for (int i = 0; i < 3; i++)
        id[i] = swarm_expect(d, IC__SWARM_DIAL).id;
    swarm_expect(d, IC__SWARM_NOTHING);
    done(d, query, 0);
    expect_flush(d, query_only, true);
    swarm_opens(d, id[0]);
    swarm_expect(d, IC__SWARM_CONNECTED);
    id[3] = swarm_expect(d, IC__SWARM_DIAL).id;
    swarm_closes(d, id[1], IC_ERR_TIMEOUT);
    swarm_closes(d, id[2], IC_ERR_TIMEOUT);
    swarm_expect(d, IC__SWARM_NOTHING);
    swarm_closes(d, id[3], IC_ERR_TIMEOUT);
    expect_flush(d, flush, true);
}

static void peers_that_come_later_do_not_delay_a_flush(void **state)
{
    swarm_desk *d = *state;
    uint64_t flush;
    (void)swarm_join_finding(d, 1, PEER, 1);
    uint64_t id = swarm_dials(d, PEER, 0);
    assert_int_equal(ic__swarm_flush(d->s, d->clock.now_ns, &flush), 0);
    (void)swarm_join_finding(d, 2, PEER, 3);
    swarm_expect(d, IC__SWARM_DIAL);
    swarm_expect(d, IC__SWARM_DIAL);
    swarm_opens(d, id);
    swarm_expect(d, IC__SWARM_CONNECTED);
    expect_flush(d, flush, true);
}

static void a_flush_of_a_swarm_that_is_full_is_done(void **state)
{
    swarm_desk d;
    uint64_t flush;
    swarm_prepare(&d);
    d.options.max_peers = 1;
    swarm_open(&d);
    (void)swarm_join_finding(&d, 1, PEER, 3);
    uint64_t id = swarm_expect(&d, IC__SWARM_DIAL).id;
    assert_int_equal(ic__swarm_flush(d.s, d.clock.now_ns, &flush), 0);
    swarm_expect(&d, IC__SWARM_NOTHING);
    swarm_opens(&d, id);
    swarm_expect(&d, IC__SWARM_CONNECTED);
    expect_flush(&d, flush, true);
    swarm_shut(&d);
}

static void a_flush_fails_with_its_query_and_when_the_swarm_closes(void **state)
{
    swarm_desk *d = *state;
    uint64_t flush[3];
    ic__session *session = join_as(d, true, true);
    uint64_t query = announces(d);
    assert_int_equal(ic__session_flush(session, d->clock.now_ns, &flush[0]), 0);
    done(d, query, IC_ERR_TIMEOUT);
    expect_flush(d, flush[0], false);
    swarm_wait(d, 8 * IC__SEC);
    swarm_expect(d, IC__SWARM_ANNOUNCE);
    assert_int_equal(ic__session_flush(session, d->clock.now_ns, &flush[0]), 0);
    assert_int_equal(ic__swarm_flush(d->s, d->clock.now_ns, &flush[1]), 0);
    ic__session_leave(session, d->clock.now_ns);
    swarm_expect(d, IC__SWARM_STOP);
    swarm_expect(d, IC__SWARM_UNANNOUNCE);
    expect_flush(d, flush[0], false);
    swarm_expect(d, IC__SWARM_NOTHING);
    (void)join_as(d, false, true);
    assert_int_equal(ic__swarm_flush(d->s, d->clock.now_ns, &flush[2]), 0);
    ic__swarm_close(d->s, false, d->clock.now_ns);
    expect_flush(d, flush[1], false);
    expect_flush(d, flush[2], false);
    assert_int_equal(ic__swarm_flush(d->s, 1, &flush[0]), IC_ERR_CLOSED);
}

/* Section 9 */
static void suspended_it_takes_back_and_ends_everything_then_resumes(void **state)
{
    swarm_desk *d = *state;
    uint64_t id[2];
    (void)swarm_join_finding(d, 1, PEER, 2);
    id[0] = swarm_expect(d, IC__SWARM_DIAL).id;
    id[1] = swarm_expect(d, IC__SWARM_DIAL).id;
    swarm_opens(d, id[0]);
    swarm_expect(d, IC__SWARM_CONNECTED);
    ic__swarm_suspend(d->s, d->clock.now_ns);
    swarm_expect(d, IC__SWARM_DESTROY);
    swarm_expect(d, IC__SWARM_DESTROY);
    uint64_t query = swarm_expect(d, IC__SWARM_UNANNOUNCE).query;
    uint64_t incoming;
    assert_int_equal(swarm_comes(d, PEER, 9, false, &incoming), IC_ERR_CLOSED);
    swarm_closes(d, id[0], 0);
    swarm_closes(d, id[1], 0);
    swarm_expect(d, IC__SWARM_NOTHING);
    done(d, query, 0);
    swarm_expect(d, IC__SWARM_QUIET);
    swarm_expect(d, IC__SWARM_NOTHING);
    assert_int_equal(ic__swarm_deadline(d->s), IC__NEVER);
    ic__swarm_resume(d->s, d->clock.now_ns);
    query = swarm_expect(d, IC__SWARM_ANNOUNCE).query;
    found(d, query, 0);
    (void)swarm_dials(d, PEER, 0);
}

/* Two of five are waiting for a dial that will not come, and a flush for them. */
static void suspended_it_forgets_whom_it_meant_to_dial(void **state)
{
    swarm_desk *d = *state;
    uint64_t flush;
    (void)swarm_join_finding(d, 1, PEER, 5);
    for (int i = 0; i < 3; i++)
        swarm_expect(d, IC__SWARM_DIAL);
    assert_int_equal(ic__swarm_flush(d->s, d->clock.now_ns, &flush), 0);
    assert_int_equal(ic__swarm_get_stats(d->s).queued, 2);
    ic__swarm_suspend(d->s, d->clock.now_ns);
    assert_int_equal(ic__swarm_get_stats(d->s).queued, 0);
    assert_int_equal(ic__swarm_get_stats(d->s).peers, 3);
}

static void a_peer_that_nobody_looks_for_any_more_is_not_tried_again(void **state)
{
    swarm_desk *d = *state;
    ic__session *session = swarm_join_finding(d, 1, PEER, 1);
    swarm_closes(d, swarm_dials(d, PEER, 0), IC_ERR_TIMEOUT);
    assert_int_equal(ic__swarm_get_stats(d->s).peers, 1);
    ic__session_leave(session, d->clock.now_ns);
    assert_int_equal(ic__swarm_get_stats(d->s).peers, 0);
}

static void resumed_at_once_it_waits_for_what_is_taken_back(void **state)
{
    swarm_desk *d = *state;
    (void)swarm_join_finding(d, 1, PEER, 0);
    ic__swarm_suspend(d->s, d->clock.now_ns);
    ic__swarm_resume(d->s, d->clock.now_ns);
    uint64_t query = swarm_expect(d, IC__SWARM_UNANNOUNCE).query;
    swarm_expect(d, IC__SWARM_NOTHING);
    done(d, query, 0);
    swarm_expect(d, IC__SWARM_ANNOUNCE);
}

static void closing_is_polite_unless_forced(void **state)
{
    swarm_desk *d = *state;
    uint64_t id;
    ic__session *session;
    ic__session_options o;
    ic__session_options_default(&o);
    (void)swarm_join_finding(d, 1, PEER, 0);
    (void)swarm_join_finding(d, 2, PEER, 0);
    assert_int_equal(swarm_comes(d, PEER, 0, false, &id), 0);
    swarm_expect(d, IC__SWARM_CONNECTED);
    ic__swarm_close(d->s, false, d->clock.now_ns);
    assert_int_equal(ic__swarm_join(d->s, topic, &o, 1, &session), IC_ERR_CLOSED);
    assert_int_equal(swarm_expect(d, IC__SWARM_DESTROY).id, id);
    uint64_t first = swarm_expect(d, IC__SWARM_UNANNOUNCE).query;
    uint64_t second = swarm_expect(d, IC__SWARM_UNANNOUNCE).query;
    swarm_closes(d, id, 0);
    done(d, first, 0);
    swarm_expect(d, IC__SWARM_FORGET);
    swarm_expect(d, IC__SWARM_NOTHING);
    ic__swarm_close(d->s, true, d->clock.now_ns); /* enough of that */
    assert_int_equal(swarm_expect(d, IC__SWARM_STOP).query, second);
    swarm_expect(d, IC__SWARM_FORGET);
    swarm_expect(d, IC__SWARM_QUIET);
    swarm_expect(d, IC__SWARM_NOTHING);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_session_needs_a_role),
        TEST(a_server_listens_once_and_clears_with_its_first_announce),
        TEST(a_server_that_cannot_listen_tries_again),
        TEST(a_client_only_looks),
        TEST(a_server_only_does_not_dial_whom_it_finds),
        TEST(sessions_share_a_topic_and_its_roles),
        TEST(topics_are_limited),
        TEST(a_refresh_comes_after_ten_to_twelve_minutes),
        TEST(a_timer_that_slept_waits_a_little_more),
        TEST(a_query_that_fails_is_repeated_sooner),
        TEST(whoever_announced_at_the_same_moment_is_found_by_another_look),
        TEST(a_limit_counts_new_peers_of_a_refresh),
        TEST(leaving_takes_back_what_was_announced),
        TEST(a_topic_that_was_left_can_be_joined_in_the_same_breath),
        TEST(another_network_is_looked_at_anew),
        TEST(a_flush_waits_for_queries_and_for_one_try_of_each_peer),
        TEST(peers_that_come_later_do_not_delay_a_flush),
        TEST(a_flush_of_a_swarm_that_is_full_is_done),
        TEST(a_flush_fails_with_its_query_and_when_the_swarm_closes),
        TEST(suspended_it_takes_back_and_ends_everything_then_resumes),
        TEST(suspended_it_forgets_whom_it_meant_to_dial),
        TEST(a_peer_that_nobody_looks_for_any_more_is_not_tried_again),
        TEST(resumed_at_once_it_waits_for_what_is_taken_back),
        TEST(closing_is_polite_unless_forced),
    };

    return cmocka_run_group_tests_name("swarm/topics", tests, NULL, NULL);
}
