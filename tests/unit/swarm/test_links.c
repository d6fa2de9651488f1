/* docs/spec/07-hyperswarm.md, sections 4, 5, 6, 10 and 11: connections */
#include <string.h>

#include "base/env.h"
#include "fail_alloc.h"
#include "intercom/error.h"
#include "swarm_steps.h"
#include "unit.h"
#include "vectors.h"

#define SMALLER 0x10 /* first bytes of keys: ours begins with 0x80 */
#define GREATER 0xf0

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

/* Until somebody waits for a dial; follow-ups of the announce find nobody. */
static void wait_for_queue(swarm_desk *d)
{
    while (!ic__swarm_get_stats(d->s).queued) {
        fake_clock_set(&d->clock, ic__swarm_deadline(d->s));
        ic__swarm_expire(d->s, d->clock.now_ns);
        ic__swarm_event e;
        while (!ic__swarm_get_stats(d->s).queued && ic__swarm_next(d->s, &e)) {
            if (e.what == IC__SWARM_LOOKUP)
                ic__swarm_query_done(d->s, e.query, 0, d->clock.now_ns);
        }
    }
}

/* Section 4 */
static void a_found_peer_is_dialled_and_reported_once(void **state)
{
    swarm_desk *d = *state;
    (void)swarm_join_finding(d, 1, SMALLER, 1);
    uint64_t id = swarm_dials(d, SMALLER, 0);
    swarm_expect(d, IC__SWARM_NOTHING);
    swarm_opens(d, id);
    ic__swarm_event e = swarm_expect(d, IC__SWARM_CONNECTED);
    assert_int_equal(e.id, id);
    assert_true(e.initiator);
    swarm_expect(d, IC__SWARM_NOTHING);
    swarm_opens(d, id); /* told twice: nothing new */
    swarm_expect(d, IC__SWARM_NOTHING);
    assert_int_equal(ic__swarm_get_stats(d->s).connections, 1);
}

static void our_own_record_is_ignored(void **state)
{
    swarm_desk *d = *state;
    (void)swarm_join_finding(d, 1, 0x80, 1);
    swarm_expect(d, IC__SWARM_NOTHING);
    assert_int_equal(ic__swarm_get_stats(d->s).peers, 0);
}

static void relay_hints_are_three_at_most_and_have_a_port(void **state)
{
    swarm_desk *d = *state;
    ic__addr relays[5] = {{.ip = {127, 0, 0, 1}, .family = 4}};
    ic__session *session;
    ic__session_options o;
    uint8_t key[32];
    for (uint16_t i = 1; i < 5; i++)
        relays[i] = (ic__addr){.ip = {127, 0, 0, 1}, .port = i, .family = 4};
    swarm_key(key, SMALLER, 0);
    ic__session_options_default(&o);
    o.server = false;
    assert_int_equal(ic__swarm_join(d->s, d->own, &o, d->clock.now_ns, &session), 0);
    ic__swarm_event e = swarm_expect(d, IC__SWARM_LOOKUP);
    ic__swarm_found(d->s, e.query, key, relays, 5, d->clock.now_ns);
    e = swarm_expect(d, IC__SWARM_DIAL);
    assert_int_equal(e.relay_count, 3);
    for (uint16_t i = 0; i < 3; i++)
        assert_int_equal(e.relays[i].port, i + 1);
}

static void three_dials_at_once_and_the_next_when_one_is_over(void **state)
{
    swarm_desk *d = *state;
    uint64_t id[3];
    (void)swarm_join_finding(d, 1, SMALLER, 5);
    for (int i = 0; i < 3; i++)
        id[i] = swarm_expect(d, IC__SWARM_DIAL).id;
    swarm_expect(d, IC__SWARM_NOTHING);
    swarm_opens(d, id[0]);
    swarm_expect(d, IC__SWARM_CONNECTED);
    swarm_expect(d, IC__SWARM_DIAL); /* an open one does not count... */
    swarm_expect(d, IC__SWARM_NOTHING);
    swarm_closes(d, id[1], IC_ERR_TIMEOUT); /* ...nor one that failed */
    swarm_expect(d, IC__SWARM_DIAL);
    swarm_expect(d, IC__SWARM_NOTHING);
}

static void with_64_peers_nobody_else_is_dialled(void **state)
{
    swarm_desk *d = *state;
    uint64_t id[67];
    (void)swarm_join_finding(d, 1, SMALLER, 70);
    size_t dials = 0;
    size_t opened = 0;
    while (opened < 64) {
        ic__swarm_event e;
        while (ic__swarm_next(d->s, &e)) {
            if (e.what == IC__SWARM_DIAL)
                id[dials++] = e.id;
        }
        swarm_opens(d, id[opened++]);
    }
    swarm_expect(d, IC__SWARM_CONNECTED);
    swarm_expect(d, IC__SWARM_NOTHING);
    assert_int_equal(dials, 64);
    assert_int_equal(ic__swarm_get_stats(d->s).queued, 6);
    swarm_closes(d, id[0], 0);
    swarm_expect(d, IC__SWARM_DIAL);
    swarm_expect(d, IC__SWARM_NOTHING);
}

/* Section 4: the delays of the classes, as they come out */
static void a_dial_that_fails_is_tried_four_times(void **state)
{
    static const uint64_t least_ms[] = {3300, 9900, 9900};
    static const uint64_t most_ms[] = {8580, 23100, 23100};
    swarm_desk *d = *state;
    (void)swarm_join_finding(d, 1, SMALLER, 1);
    for (int i = 0; i < 3; i++) {
        swarm_closes(d, swarm_dials(d, SMALLER, 0), IC_ERR_NOT_FOUND);
        swarm_expect(d, IC__SWARM_NOTHING);
        uint64_t from = d->clock.now_ns;
        wait_for_queue(d);
        uint64_t ms = (d->clock.now_ns - from) / IC__MS;
        assert_true(ms >= least_ms[i] && ms <= most_ms[i]);
    }
    swarm_closes(d, swarm_dials(d, SMALLER, 0), IC_ERR_NOT_FOUND);
    swarm_expect(d, IC__SWARM_NOTHING);
    assert_int_equal(ic__swarm_get_stats(d->s).peers, 0); /* forgotten */
}

static void an_explicit_peer_is_never_forgotten(void **state)
{
    swarm_desk *d = *state;
    uint8_t key[32];
    uint64_t longest = 0;
    swarm_key(key, SMALLER, 0);
    assert_int_equal(ic__swarm_join_peer(d->s, d->own, d->clock.now_ns), IC_ERR_INVALID);
    assert_int_equal(ic__swarm_join_peer(d->s, key, d->clock.now_ns), 0);
    for (int i = 0; i < 8; i++) {
        swarm_closes(d, swarm_dials(d, SMALLER, 0), IC_ERR_NOT_FOUND);
        swarm_expect(d, IC__SWARM_NOTHING);
        uint64_t from = d->clock.now_ns;
        swarm_wait(d, ic__swarm_deadline(d->s) - from);
        longest = d->clock.now_ns - from > longest ? d->clock.now_ns - from : longest;
    }
    assert_true(longest >= 396 * IC__SEC && longest <= 952 * IC__SEC);
    (void)swarm_dials(d, SMALLER, 0);
    ic__swarm_leave_peer(d->s, key, d->clock.now_ns);
    assert_int_equal(ic__swarm_get_stats(d->s).peers, 1); /* it is being dialled */
}

static void after_15_seconds_a_lost_connection_is_dialled_as_if_new(void **state)
{
    swarm_desk *d = *state;
    (void)swarm_join_finding(d, 1, SMALLER, 1);
    uint64_t id = swarm_dials(d, SMALLER, 0);
    swarm_opens(d, id);
    swarm_expect(d, IC__SWARM_CONNECTED);
    swarm_wait(d, 15 * IC__SEC);
    swarm_expect(d, IC__SWARM_LOOKUP); /* it goes on, so no other timer runs */
    swarm_closes(d, id, IC_ERR_TIMEOUT);
    swarm_expect(d, IC__SWARM_NOTHING);
    uint64_t ms = (ic__swarm_deadline(d->s) - d->clock.now_ns) / IC__MS;
    assert_true(ms >= 660 && ms <= 2640); /* class S */
    assert_int_equal(ic__swarm_get_stats(d->s).redialled, 0);
}

static void whoever_must_not_reconnect_is_not_dialled_again(void **state)
{
    swarm_desk *d = *state;
    uint8_t key[32];
    swarm_key(key, SMALLER, 0);
    (void)swarm_join_finding(d, 1, SMALLER, 1);
    ic__swarm_set_reconnect(d->s, key, false);
    uint64_t id = swarm_dials(d, SMALLER, 0);
    swarm_opens(d, id);
    swarm_expect(d, IC__SWARM_CONNECTED);
    swarm_closes(d, id, 0);
    assert_int_equal(ic__swarm_get_stats(d->s).peers, 0);
}

/* Section 5: each row of the table, with a connection that opened long ago; but a peer
 * that dials again has lost what it dialled before (section 12) */
static void decide(bool own_greater, bool initiator, bool used, bool keeps_new)
{
    swarm_desk d;
    uint64_t existing;
    uint64_t new = 0;
    uint8_t first = own_greater ? SMALLER : GREATER;
    swarm_prepare(&d);
    swarm_open(&d);
    if (initiator) {
        (void)swarm_join_finding(&d, 1, first, 1);
        existing = swarm_dials(&d, first, 0);
        swarm_opens(&d, existing);
    } else {
        assert_int_equal(swarm_comes(&d, first, 0, false, &existing), 0);
    }
    swarm_expect(&d, IC__SWARM_CONNECTED);
    fake_clock_set(&d.clock, d.clock.now_ns + 3 * IC__SEC);
    int err = swarm_comes(&d, first, 0, used, &new);
    if (keeps_new) {
        assert_int_equal(err, 0);
        ic__swarm_event e = swarm_expect(&d, IC__SWARM_DESTROY);
        assert_int_equal(e.id, existing);
        assert_int_equal(e.error, IC_ERR_EXISTS);
        swarm_expect(&d, IC__SWARM_NOTHING); /* not before the other has closed */
        swarm_closes(&d, existing, 0);
        assert_int_equal(swarm_expect(&d, IC__SWARM_CONNECTED).id, new);
    } else {
        assert_int_equal(err, IC_ERR_EXISTS);
        assert_int_equal(swarm_expect(&d, IC__SWARM_KEEPALIVE).id, existing);
    }
    swarm_expect(&d, IC__SWARM_NOTHING);
    swarm_shut(&d);
}

static void duplicates_are_decided_as_the_table_says(void **state)
{
    json_t *all = vectors_load("hyperswarm.json");
    const json_t *rows = json_object_get(all, "dedup");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        bool read = json_integer_value(json_object_get(row, "existingRawBytesRead")) > 0;
        bool written =
            json_integer_value(json_object_get(row, "existingRawBytesWritten")) > 0;
        bool initiator = json_is_true(json_object_get(row, "existingIsInitiator"));
        decide(json_is_true(json_object_get(row, "localKeyIsGreater")), initiator,
               read && written,
               !initiator || strcmp(vectors_text(row, "survivor"), "new") == 0);
    }
    json_decref(all);
}

static void of_two_crossed_dials_that_of_the_greater_key_survives(void **state)
{
    swarm_desk *d = *state;
    uint64_t id;
    (void)swarm_join_finding(d, 1, SMALLER, 1);
    uint64_t dial = swarm_dials(d, SMALLER, 0);
    assert_int_equal(ic__swarm_existing(d->s, d->own), 0);
    assert_int_equal(swarm_comes(d, SMALLER, 0, false, &id), IC_ERR_EXISTS);
    swarm_expect(d, IC__SWARM_NOTHING); /* there is nothing to keep alive yet */
    swarm_opens(d, dial);
    swarm_expect(d, IC__SWARM_CONNECTED);
    /* Open with bytes both ways, but just now: still a crossing. */
    assert_int_equal(swarm_comes(d, SMALLER, 0, true, &id), IC_ERR_EXISTS);
    swarm_expect(d, IC__SWARM_KEEPALIVE);
    fake_clock_set(&d->clock, d->clock.now_ns + 2 * IC__SEC);
    assert_int_equal(swarm_comes(d, SMALLER, 0, true, &id), 0);
}

static void our_dial_gives_way_to_that_of_a_greater_key(void **state)
{
    swarm_desk *d = *state;
    uint64_t id;
    (void)swarm_join_finding(d, 1, GREATER, 1);
    uint64_t dial = swarm_dials(d, GREATER, 0);
    assert_int_equal(swarm_comes(d, GREATER, 0, false, &id), 0);
    assert_int_equal(swarm_expect(d, IC__SWARM_DESTROY).id, dial);
    swarm_opens(d, dial); /* too late */
    swarm_expect(d, IC__SWARM_NOTHING);
    swarm_closes(d, dial, IC_ERR_CANCELED);
    assert_int_equal(swarm_expect(d, IC__SWARM_CONNECTED).id, id);
    swarm_expect(d, IC__SWARM_NOTHING);
}

static void a_newcomer_that_closes_while_it_waits_is_not_reported(void **state)
{
    swarm_desk *d = *state;
    uint64_t id;
    (void)swarm_join_finding(d, 1, GREATER, 1);
    uint64_t dial = swarm_dials(d, GREATER, 0);
    assert_int_equal(swarm_comes(d, GREATER, 0, false, &id), 0);
    swarm_expect(d, IC__SWARM_DESTROY);
    swarm_closes(d, id, IC_ERR_CLOSED);
    swarm_closes(d, dial, IC_ERR_CANCELED);
    swarm_expect(d, IC__SWARM_NOTHING);
    /* Both are lost: it is dialled again within a moment. */
    swarm_wait(d, 300 * IC__MS);
    (void)swarm_dials(d, GREATER, 0);
    assert_int_equal(ic__swarm_get_stats(d->s).redialled, 1);
}

static void a_third_newcomer_takes_the_place_of_the_second(void **state)
{
    swarm_desk *d = *state;
    uint64_t id[3];
    assert_int_equal(swarm_comes(d, GREATER, 0, false, &id[0]), 0);
    swarm_expect(d, IC__SWARM_CONNECTED);
    assert_int_equal(swarm_comes(d, GREATER, 0, true, &id[1]), 0);
    assert_int_equal(swarm_comes(d, GREATER, 0, true, &id[2]), 0);
    assert_int_equal(swarm_expect(d, IC__SWARM_DESTROY).id, id[0]);
    assert_int_equal(swarm_expect(d, IC__SWARM_DESTROY).id, id[1]);
    swarm_closes(d, id[0], 0);
    assert_int_equal(swarm_expect(d, IC__SWARM_CONNECTED).id, id[2]);
    swarm_closes(d, id[1], 0);
    swarm_closes(d, id[2], 0);
    swarm_expect(d, IC__SWARM_NOTHING);
    assert_int_equal(ic__swarm_get_stats(d->s).peers, 0);
}

static void
both_of_two_crossed_ones_lost_are_redialled_soon_and_not_for_ever(void **state)
{
    swarm_desk *d = *state;
    (void)swarm_join_finding(d, 1, SMALLER, 1);
    uint64_t from = d->clock.now_ns;
    for (int i = 0; i < 6; i++) {
        uint64_t id = swarm_dials(d, SMALLER, 0);
        swarm_opens(d, id);
        swarm_expect(d, IC__SWARM_CONNECTED);
        swarm_closes(d, id, IC_ERR_CLOSED);
        swarm_expect(d, IC__SWARM_NOTHING);
        if (i < 5)
            wait_for_queue(d);
    }
    assert_true(d->clock.now_ns - from < 4 * IC__SEC);
    assert_int_equal(ic__swarm_get_stats(d->s).redialled, 5);
}

/* Section 6 */
static void the_banned_are_neither_dialled_nor_let_in(void **state)
{
    swarm_desk *d = *state;
    uint8_t key[32];
    uint64_t id;
    swarm_key(key, SMALLER, 0);
    assert_false(ic__swarm_admits(d->s, d->own));
    assert_true(ic__swarm_admits(d->s, key));
    assert_int_equal(ic__swarm_ban(d->s, d->own, d->clock.now_ns), IC_ERR_INVALID);
    assert_int_equal(ic__swarm_ban(d->s, key, d->clock.now_ns), 0);
    assert_int_equal(ic__swarm_ban(d->s, key, d->clock.now_ns), 0);
    assert_memory_equal(swarm_expect(d, IC__SWARM_BANNED).key, key, 32);
    swarm_expect(d, IC__SWARM_NOTHING);
    assert_false(ic__swarm_admits(d->s, key));
    assert_int_equal(swarm_comes(d, SMALLER, 0, false, &id), IC_ERR_DENIED);
    assert_int_equal(swarm_comes(d, 0x80, 0, false, &id), IC_ERR_DENIED);
    (void)swarm_join_finding(d, 1, SMALLER, 1);
    swarm_expect(d, IC__SWARM_NOTHING);
    assert_int_equal(ic__swarm_join_peer(d->s, key, d->clock.now_ns), 0);
    swarm_expect(d, IC__SWARM_NOTHING);
    ic__swarm_unban(d->s, key, d->clock.now_ns);
    assert_int_equal(swarm_comes(d, SMALLER, 0, false, &id), 0);
    assert_int_equal(ic__swarm_get_stats(d->s).refused_denied, 2);
}

static void a_dial_that_our_firewall_refuses_is_not_repeated(void **state)
{
    swarm_desk *d = *state;
    uint8_t key[32];
    (void)swarm_join_finding(d, 1, SMALLER, 1);
    uint64_t id = swarm_dials(d, SMALLER, 0);
    swarm_key(key, SMALLER, 0);
    assert_int_equal(ic__swarm_ban(d->s, key, d->clock.now_ns), 0);
    swarm_closes(d, id, IC_ERR_DENIED);
    swarm_expect(d, IC__SWARM_BANNED);
    swarm_wait(d, 300 * IC__MS);
    swarm_expect(d, IC__SWARM_LOOKUP);
    swarm_expect(d, IC__SWARM_NOTHING);
}

static void bans_are_limited_and_the_oldest_is_forgotten(void **state)
{
    swarm_desk d;
    uint8_t key[32];
    swarm_prepare(&d);
    d.options.max_bans = 3;
    swarm_open(&d);
    for (uint32_t i = 0; i < 5; i++) {
        swarm_key(key, SMALLER, i);
        assert_int_equal(ic__swarm_ban(d.s, key, d.clock.now_ns), 0);
    }
    assert_int_equal(ic__swarm_get_stats(d.s).peers, 3);
    swarm_key(key, SMALLER, 1);
    assert_true(ic__swarm_admits(d.s, key));
    swarm_key(key, SMALLER, 2);
    assert_false(ic__swarm_admits(d.s, key));
    swarm_shut(&d);
}

/* Section 11 */
static void incoming_connections_are_limited_globally_and_by_address(void **state)
{
    swarm_desk d;
    uint64_t id;
    swarm_prepare(&d);
    d.options.max_server_per_ip = 3;
    d.options.max_server_connections = 4;
    swarm_open(&d);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(swarm_comes(&d, SMALLER, i, false, &id), 0);
    assert_int_equal(swarm_comes(&d, SMALLER, 3, false, &id), IC_ERR_LIMIT);
    assert_int_equal(ic__swarm_get_stats(d.s).refused_ip, 1);
    uint8_t key[32];
    ic__addr from = {.ip = {0x20, 1, 2, 3, 4, 5, 6, 7, 8}, .port = 1, .family = 6};
    swarm_key(key, SMALLER, 4);
    assert_int_equal(ic__swarm_incoming(d.s, key, &from, false, d.clock.now_ns, &id), 0);
    swarm_key(key, SMALLER, 5);
    from.ip[15] = 1;
    assert_int_equal(ic__swarm_incoming(d.s, key, &from, false, d.clock.now_ns, &id),
                     IC_ERR_LIMIT);
    assert_int_equal(ic__swarm_get_stats(d.s).refused_limit, 1);
    /* Who is in may come again: its old connection makes room. */
    assert_int_equal(swarm_comes(&d, SMALLER, 0, true, &id), 0);
    swarm_shut(&d);
}

static void replacements_of_one_key_are_limited(void **state)
{
    swarm_desk *d = *state;
    uint64_t current;
    uint64_t id = 0;
    assert_int_equal(swarm_comes(d, SMALLER, 0, false, &current), 0);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(swarm_comes(d, SMALLER, 0, true, &id), 0);
        swarm_closes(d, current, 0);
        current = id;
    }
    assert_int_equal(swarm_comes(d, SMALLER, 0, true, &id), IC_ERR_LIMIT);
    assert_int_equal(ic__swarm_get_stats(d->s).refused_rate, 1);
    fake_clock_set(&d->clock, d->clock.now_ns + 10 * IC__SEC);
    assert_int_equal(swarm_comes(d, SMALLER, 0, true, &id), 0);
}

static void thousands_of_fake_keys_are_bounded(void **state)
{
    swarm_desk *d = *state;
    (void)swarm_join_finding(d, 1, SMALLER, 3000);
    ic__swarm_stats stats = ic__swarm_get_stats(d->s);
    assert_int_equal(stats.peers, 1024);
    assert_int_equal(stats.dropped_found, 3000 - 1024);
    for (int i = 0; i < 3; i++)
        swarm_expect(d, IC__SWARM_DIAL);
    for (uint8_t n = 2; n < 8; n++)
        (void)swarm_join_finding(d, n, (uint8_t)(SMALLER + n), 1000);
    stats = ic__swarm_get_stats(d->s);
    assert_int_equal(stats.peers, 4096);
    assert_true(stats.queued <= 4096);
}

static void a_peer_is_remembered_on_so_many_topics(void **state)
{
    swarm_desk d;
    swarm_prepare(&d);
    d.options.max_peer_topics = 2;
    swarm_open(&d);
    ic__session *first = swarm_join_finding(&d, 1, SMALLER, 1);
    swarm_dials(&d, SMALLER, 0);
    ic__session *second = swarm_join_finding(&d, 2, SMALLER, 1);
    (void)swarm_join_finding(&d, 3, SMALLER, 1);
    assert_int_equal(ic__swarm_get_stats(d.s).dropped_found, 0);
    ic__session_leave(first, d.clock.now_ns);
    ic__session_leave(second, d.clock.now_ns);
    assert_int_equal(ic__swarm_get_stats(d.s).peers, 1); /* it is being dialled */
    swarm_shut(&d);
}

static bool second_dial_is_relayed(bool has_relay, bool no_punch)
{
    swarm_desk d;

    swarm_prepare(&d);
    d.options.has_relay = has_relay;
    swarm_open(&d);
    (void)swarm_join_finding(&d, 1, SMALLER, 1);
    const ic__swarm_end end = {.error = IC_ERR_DENIED, .no_punch = no_punch};
    ic__swarm_event e = swarm_expect(&d, IC__SWARM_DIAL);
    assert_false(e.force_relay);
    ic__swarm_closed(d.s, e.id, &end, d.clock.now_ns);
    swarm_expect(&d, IC__SWARM_NOTHING);
    wait_for_queue(&d);
    e = swarm_expect(&d, IC__SWARM_DIAL);
    swarm_shut(&d);
    return e.force_relay;
}

/* Section 4: relaying */
static void who_cannot_be_punched_is_dialled_over_a_relay(void **state)
{
    assert_true(second_dial_is_relayed(true, true));
    assert_false(second_dial_is_relayed(true, false));
    assert_false(second_dial_is_relayed(false, true));
}

static void fill_and_free(void *arg)
{
    swarm_desk d;
    uint64_t id;
    swarm_prepare(&d);
    if (ic__swarm_new(&d.s, &d.options, d.clock.now_ns) != 0)
        return;
    ic__session_options o;
    ic__session *session;
    ic__session_options_default(&o);
    o.limit = 10;
    o.server = false;
    uint8_t key[32];
    swarm_key(key, SMALLER, 0);
    if (ic__swarm_join(d.s, key, &o, d.clock.now_ns, &session) == 0) {
        ic__swarm_event e = swarm_expect(&d, IC__SWARM_LOOKUP);
        ic__swarm_found(d.s, e.query, key, NULL, 0, d.clock.now_ns);
        while (ic__swarm_next(d.s, &e))
            ;
        (void)!ic__swarm_flush(d.s, d.clock.now_ns, &id);
        (void)!ic__session_flush(session, d.clock.now_ns, &id);
    }
    (void)!swarm_comes(&d, GREATER, 0, false, &id);
    (void)!swarm_comes(&d, GREATER, 0, true, &id);
    swarm_key(key, GREATER, 1);
    (void)!ic__swarm_ban(d.s, key, d.clock.now_ns);
    (void)!ic__swarm_join_peer(d.s, key, d.clock.now_ns);
    ic__swarm_event e;
    while (ic__swarm_next(d.s, &e))
        ;
    swarm_shut(&d);
}

static void memory_that_runs_out_is_an_error_and_nothing_else(void **state)
{
    fail_alloc_each(fill_and_free, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_found_peer_is_dialled_and_reported_once),
        TEST(our_own_record_is_ignored),
        TEST(relay_hints_are_three_at_most_and_have_a_port),
        TEST(three_dials_at_once_and_the_next_when_one_is_over),
        TEST(with_64_peers_nobody_else_is_dialled),
        TEST(a_dial_that_fails_is_tried_four_times),
        TEST(an_explicit_peer_is_never_forgotten),
        TEST(after_15_seconds_a_lost_connection_is_dialled_as_if_new),
        TEST(whoever_must_not_reconnect_is_not_dialled_again),
        TEST(duplicates_are_decided_as_the_table_says),
        TEST(of_two_crossed_dials_that_of_the_greater_key_survives),
        TEST(our_dial_gives_way_to_that_of_a_greater_key),
        TEST(a_newcomer_that_closes_while_it_waits_is_not_reported),
        TEST(a_third_newcomer_takes_the_place_of_the_second),
        TEST(both_of_two_crossed_ones_lost_are_redialled_soon_and_not_for_ever),
        TEST(the_banned_are_neither_dialled_nor_let_in),
        TEST(a_dial_that_our_firewall_refuses_is_not_repeated),
        TEST(bans_are_limited_and_the_oldest_is_forgotten),
        TEST(incoming_connections_are_limited_globally_and_by_address),
        TEST(replacements_of_one_key_are_limited),
        TEST(thousands_of_fake_keys_are_bounded),
        TEST(a_peer_is_remembered_on_so_many_topics),
        TEST(who_cannot_be_punched_is_dialled_over_a_relay),
        TEST(memory_that_runs_out_is_an_error_and_nothing_else),
    };

    return cmocka_run_group_tests_name("swarm/links", tests, NULL, NULL);
}
