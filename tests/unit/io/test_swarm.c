/* docs/spec/07-hyperswarm.md on sockets: intercom/swarm.h, all of it in one loop. */
#include <string.h>

#include <event2/event.h>

#include "dht_live.h"
#include "fail_alloc.h"
#include "intercom/error.h"
#include "intercom/mux.h"
#include "intercom/swarm.h"
#include "unit.h"

#define MOST 8

typedef struct club club;

typedef struct member {
    club *club;
    ic_identity *id;
    ic_swarm *swarm;
    ic_topic *topic;
    ic_stream *stream; /* the newest */
    ic_mux *mux;
    int connections;
    int now; /* connected */
    int messages;
    int closed;
    int bans;
    int flushed;
    int flush_ok;
    int updates;
    int asked;
    int gone;
    int last_error;
    bool ignores; /* takes no callbacks */
    bool muxes;
    bool refuses;
    bool closes; /* its swarm, when somebody connects */
} member;

struct club {
    dht_live net;
    member members[MOST];
    int connections; /* of all */
    int messages;
};

static const uint8_t topic[IC_TOPIC_BYTES] = {5};

static void on_message(ic_stream *st, const uint8_t *data, size_t len, void *user)
{
    member *m = user;

    assert_int_equal(len, 5);
    assert_memory_equal(data, "hello", 5);
    m->messages++;
    m->club->messages++;
}

static void count_out(member *m, int error)
{
    m->closed++;
    m->now--;
    m->last_error = error;
    m->club->connections--;
}

static void on_closed(ic_stream *st, int error, void *user)
{
    member *m = user;

    if (m->stream == st)
        m->stream = NULL;
    count_out(m, error);
}

static void on_mux_closed(ic_mux *mux, int error, void *user)
{
    member *m = user;

    m->mux = NULL;
    count_out(m, error);
}

static void take_mux(member *m, ic_stream *st)
{
    ic_mux_options o;

    ic_mux_options_default(&o);
    o.on_closed = on_mux_closed;
    o.user = m;
    assert_int_equal(ic_mux_new_over(st, &o, &m->mux), 0);
}

static void take_stream(member *m, ic_stream *st)
{
    ic_stream_options o;

    ic_stream_options_default(&o);
    o.on_message = on_message;
    o.on_closed = on_closed;
    o.user = m;
    m->stream = st;
    assert_int_equal(ic_stream_use(st, &o), 0);
    assert_int_equal(ic_stream_send(st, (const uint8_t *)"hello", 5), 0);
}

static void on_gone(void *user)
{
    ((member *)user)->gone++;
}

static void on_connection(ic_swarm *swarm, ic_stream *st, const ic_swarm_peer *peer,
                          void *user)
{
    member *m = user;

    assert_ptr_equal(swarm, m->swarm);
    assert_memory_equal(peer->public_key, ic_stream_remote_key(st), IC_PUBLIC_KEY_BYTES);
    m->connections++;
    if (m->ignores)
        return;
    m->now++;
    m->club->connections++;
    if (m->muxes)
        take_mux(m, st);
    else
        take_stream(m, st);
    if (m->closes)
        ic_swarm_close(swarm, on_gone, m);
}

static bool firewall(ic_swarm *swarm, const uint8_t *remote_key, void *user)
{
    member *m = user;

    m->asked++;
    return m->refuses;
}

static void on_ban(ic_swarm *swarm, const uint8_t *remote_key, void *user)
{
    ((member *)user)->bans++;
}

static void on_update(ic_swarm *swarm, void *user)
{
    ((member *)user)->updates++;
}

static ic_swarm_options options_of(member *m)
{
    ic_swarm_options o;

    ic_swarm_options_default(&o);
    o.base = m->club->net.base;
    o.identity = m->id;
    o.bootstrap = m->club->net.bootstrap;
    o.host = "127.0.0.1";
    o.on_connection = on_connection;
    o.firewall = firewall;
    o.on_ban = on_ban;
    o.on_update = on_update;
    o.user = m;
    return o;
}

static member *enter(club *c, size_t i)
{
    member *m = &c->members[i];

    m->club = c;
    m->id = dht_live_identity((uint8_t)(i + 1));
    const ic_swarm_options o = options_of(m);
    assert_int_equal(ic_swarm_new(&o, &m->swarm), 0);
    return m;
}

static void join(member *m)
{
    assert_int_equal(ic_swarm_join(m->swarm, topic, NULL, &m->topic), 0);
}

static void on_flushed(ic_swarm *swarm, bool ok, void *user)
{
    member *m = user;

    assert_ptr_equal(swarm, m->swarm);
    m->flushed++;
    m->flush_ok += ok;
}

/* Joined, announced, and asked. */
static void join_wholly(member *m)
{
    int before = m->flushed;

    join(m);
    assert_int_equal(ic_topic_flush(m->topic, on_flushed, m), 0);
    dht_live_until(&m->club->net, &m->flushed, before + 1);
    assert_int_equal(m->flush_ok, before + 1);
}

static void leave(member *m)
{
    if (!m->swarm)
        return;
    ic_swarm_close(m->swarm, on_gone, m);
    ic_swarm_close(m->swarm, on_gone, m); /* again is fine */
    dht_live_until(&m->club->net, &m->gone, 1);
    assert_int_equal(m->gone, 1);
    assert_int_equal(m->now, 0); /* streams had their last call before */
    m->swarm = NULL;
}

static int setup(void **state)
{
    static club c;

    memset(&c, 0, sizeof c);
    dht_live_init(&c.net);
    *state = &c;
    return 0;
}

static int teardown(void **state)
{
    club *c = *state;

    for (size_t i = 0; i < MOST; i++) {
        leave(&c->members[i]);
        ic_identity_free(c->members[i].id);
    }
    dht_live_free(&c->net);
    return 0;
}

/* Sections 3 and 4 */
static void two_of_one_topic_are_connected(void **state)
{
    club *c = *state;
    member *a = enter(c, 0);
    member *b = enter(c, 1);
    ic_swarm_stats stats;
    join_wholly(a);
    join(b);
    dht_live_until(&c->net, &c->messages, 2);
    assert_int_equal(a->connections, 1);
    assert_int_equal(b->connections, 1);
    ic_swarm_get_stats(b->swarm, &stats, sizeof stats);
    assert_int_equal(stats.connections, 1);
    assert_int_equal(stats.client_opened, 1);
    assert_int_equal(stats.topics, 1);
    assert_true(b->updates > 0);
}

static void a_topic_of_others_is_not_ours(void **state)
{
    club *c = *state;
    member *a = enter(c, 0);
    member *b = enter(c, 1);
    const uint8_t other[IC_TOPIC_BYTES] = {6};
    join_wholly(a);
    assert_int_equal(ic_swarm_join(b->swarm, other, NULL, &b->topic), 0);
    assert_int_equal(ic_swarm_flush(b->swarm, on_flushed, b), 0);
    dht_live_until(&c->net, &b->flushed, 1);
    dht_live_run(&c->net, 100);
    assert_int_equal(c->connections, 0);
}

static void eight_that_start_together_are_a_mesh(void **state)
{
    club *c = *state;
    for (size_t i = 0; i < MOST; i++)
        (void)enter(c, i);
    for (size_t i = 0; i < MOST; i++)
        join(&c->members[i]);
    dht_live_until(&c->net, &c->connections, MOST * (MOST - 1));
    dht_live_run(&c->net, 300);
    assert_int_equal(c->connections, MOST * (MOST - 1));
    for (size_t i = 0; i < MOST; i++)
        assert_int_equal(c->members[i].now, MOST - 1);
}

static void a_mux_can_have_the_stream(void **state)
{
    club *c = *state;
    member *a = enter(c, 0);
    member *b = enter(c, 1);
    a->muxes = true;
    b->muxes = true;
    join_wholly(a);
    join(b);
    dht_live_until(&c->net, &c->connections, 2);
    ic_mux_close(b->mux);
    dht_live_until(&c->net, &a->closed, 1);
    assert_int_equal(a->last_error, IC_ERR_CLOSED);
}

static void a_stream_that_nobody_takes_is_closed(void **state)
{
    club *c = *state;
    member *a = enter(c, 0);
    member *b = enter(c, 1);
    a->ignores = true;
    join_wholly(a);
    join(b);
    dht_live_until(&c->net, &b->closed, 1);
    assert_true(a->connections >= 1);
    assert_int_equal(a->now, 0);
}

static void a_connection_that_is_lost_comes_again_after_its_last_call(void **state)
{
    club *c = *state;
    member *a = enter(c, 0);
    member *b = enter(c, 1);
    join_wholly(a);
    join(b);
    dht_live_until(&c->net, &c->messages, 2);
    ic_stream_close(a->stream); /* to b it is lost, and hardly begun */
    dht_live_until(&c->net, &c->messages, 4);
    assert_int_equal(a->closed, 1);
    assert_int_equal(b->closed, 1);
    assert_int_equal(a->connections, 2);
}

static void who_must_not_reconnect_stays_away(void **state)
{
    club *c = *state;
    member *a = enter(c, 0);
    member *b = enter(c, 1);
    const ic_topic_options serve = {sizeof serve, IC_TOPIC_SERVER, UINT32_MAX};
    assert_int_equal(ic_swarm_join(a->swarm, topic, &serve, &a->topic), 0);
    assert_int_equal(ic_topic_flush(a->topic, on_flushed, a), 0);
    dht_live_until(&c->net, &a->flushed, 1);
    join(b);
    dht_live_until(&c->net, &c->messages, 2);
    ic_topic_leave(b->topic);
    ic_swarm_set_reconnect(b->swarm, ic_swarm_key(a->swarm), false);
    ic_stream_close(a->stream);
    dht_live_until(&c->net, &b->closed, 1);
    dht_live_run(&c->net, 500);
    assert_int_equal(b->connections, 1);
}

/* Section 6 */
static void the_firewall_bans(void **state)
{
    club *c = *state;
    member *a = enter(c, 0);
    member *b = enter(c, 1);
    a->refuses = true;
    join_wholly(a);
    join(b);
    dht_live_until(&c->net, &a->bans, 1);
    dht_live_run(&c->net, 200);
    assert_int_equal(c->connections, 0);
    assert_int_equal(a->asked, 1); /* the ban answers from now on */
    assert_int_equal(ic_swarm_ban(a->swarm, ic_swarm_key(a->swarm)), IC_ERR_INVALID);
    a->refuses = false;
    ic_swarm_unban(a->swarm, ic_swarm_key(b->swarm));
    assert_int_equal(ic_swarm_join_peer(a->swarm, ic_swarm_key(b->swarm)), 0);
    dht_live_until(&c->net, &c->messages, 2);
    ic_swarm_leave_peer(a->swarm, ic_swarm_key(b->swarm));
    assert_int_equal(ic_swarm_ban(a->swarm, ic_swarm_key(b->swarm)), 0);
    dht_live_until(&c->net, &a->bans, 2);
    assert_int_equal(a->now, 1); /* a connection that is there stays */
}

/* Section 8 */
static void a_peer_is_joined_by_key(void **state)
{
    club *c = *state;
    member *a = enter(c, 0);
    member *b = enter(c, 1);
    assert_int_equal(ic_swarm_join_peer(a->swarm, ic_swarm_key(a->swarm)),
                     IC_ERR_INVALID);
    join_wholly(b);
    assert_int_equal(ic_swarm_join_peer(a->swarm, ic_swarm_key(b->swarm)), 0);
    dht_live_until(&c->net, &c->messages, 2);
    assert_true(a->connections == 1 && b->connections == 1);
}

static void roles_are_checked(void **state)
{
    club *c = *state;
    member *a = enter(c, 0);
    ic_topic_options o;
    ic_topic_options_default(&o);
    o.role = (ic_topic_role)0;
    assert_int_equal(ic_swarm_join(a->swarm, topic, &o, &a->topic), IC_ERR_INVALID);
    o.role = (ic_topic_role)4;
    assert_int_equal(ic_swarm_join(a->swarm, topic, &o, &a->topic), IC_ERR_INVALID);
    o.role = IC_TOPIC_CLIENT;
    assert_int_equal(ic_swarm_join(a->swarm, topic, &o, &a->topic), 0);
    o.role = (ic_topic_role)4;
    assert_int_equal(ic_topic_refresh(a->topic, &o), IC_ERR_INVALID);
    assert_int_equal(ic_topic_refresh(a->topic, NULL), 0);
    ic_topic_leave(a->topic);
    ic_topic_leave(NULL);
}

/* Section 9 */
static void suspended_it_is_away_and_resumed_it_is_back(void **state)
{
    club *c = *state;
    member *a = enter(c, 0);
    member *b = enter(c, 1);
    join_wholly(a);
    join(b);
    dht_live_until(&c->net, &c->messages, 2);
    ic_swarm_suspend(b->swarm);
    ic_swarm_suspend(b->swarm);
    dht_live_until(&c->net, &a->closed, 1);
    dht_live_run(&c->net, 300);
    assert_int_equal(c->connections, 0);
    assert_int_equal(ic_swarm_resume(b->swarm), 0);
    assert_int_equal(ic_swarm_resume(b->swarm), 0);
    dht_live_until(&c->net, &c->messages, 4);
}

static void a_network_that_changed_keeps_what_works(void **state)
{
    club *c = *state;
    member *a = enter(c, 0);
    member *b = enter(c, 1);
    join_wholly(a);
    join(b);
    dht_live_until(&c->net, &c->messages, 2);
    ic_swarm_network_changed(a->swarm);
    dht_live_run(&c->net, 200);
    assert_int_equal(c->connections, 2);
}

static void it_may_be_closed_inside_of_a_callback(void **state)
{
    club *c = *state;
    member *a = enter(c, 0);
    member *b = enter(c, 1);
    b->closes = true;
    join_wholly(a);
    join(b);
    assert_int_equal(ic_swarm_flush(b->swarm, on_flushed, b), 0);
    dht_live_until(&c->net, &b->gone, 1);
    assert_int_equal(b->now, 0);
    assert_int_equal(b->flushed, 1); /* one way or the other */
    b->swarm = NULL;
}

static void a_closing_swarm_takes_no_more_requests(void **state)
{
    club *c = *state;
    member *a = enter(c, 0);
    join_wholly(a);
    ic_swarm_close(a->swarm, on_gone, a);
    assert_int_equal(ic_swarm_join(a->swarm, topic, NULL, &a->topic), IC_ERR_CLOSED);
    assert_int_equal(ic_topic_refresh(a->topic, NULL), IC_ERR_CLOSED);
    assert_int_equal(ic_topic_flush(a->topic, on_flushed, a), IC_ERR_CLOSED);
    assert_int_equal(ic_swarm_flush(a->swarm, on_flushed, a), IC_ERR_CLOSED);
    ic_topic_leave(a->topic); /* still ours */
    ic_swarm_close(NULL, NULL, NULL);
    dht_live_until(&c->net, &a->gone, 1);
    a->swarm = NULL;
}

static void swarms_can_share_a_node(void **state)
{
    club *c = *state;
    ic_dht *dht = NULL;
    const ic_dht_options shared = dht_live_options(&c->net);
    assert_int_equal(ic_dht_new(&shared, &dht), 0);
    for (size_t i = 0; i < 2; i++) {
        member *m = &c->members[i];
        m->club = c;
        m->id = dht_live_identity((uint8_t)(i + 1));
        ic_swarm_options o = options_of(m);
        o.dht = dht;
        assert_int_equal(ic_swarm_new(&o, &m->swarm), 0);
        assert_ptr_equal(ic_swarm_dht(m->swarm), dht);
        join_wholly(m);
    }
    dht_live_until(&c->net, &c->messages, 2);
    leave(&c->members[0]);
    leave(&c->members[1]);
    dht_live_close(&c->net, dht);
}

static void options_are_checked(void **state)
{
    club *c = *state;
    member m = {.club = c, .id = dht_live_identity(1)};
    ic_swarm_options o = options_of(&m);
    o.base = NULL;
    assert_int_equal(ic_swarm_new(&o, &m.swarm), IC_ERR_INVALID);
    o = options_of(&m);
    o.identity = NULL;
    assert_int_equal(ic_swarm_new(&o, &m.swarm), IC_ERR_INVALID);
    o = options_of(&m);
    o.port = 65536;
    assert_int_equal(ic_swarm_new(&o, &m.swarm), IC_ERR_INVALID);
    o = options_of(&m);
    o.bootstrap = "nowhere at all";
    assert_int_equal(ic_swarm_new(&o, &m.swarm), IC_ERR_INVALID);
    ic_identity_free(m.id);
}

static void make_and_close(void *arg)
{
    club *c = arg;
    member m = {.club = c, .id = NULL};
    const uint8_t seed[IC_SEED_BYTES] = {9};
    const ic_topic_options look = {sizeof look, IC_TOPIC_CLIENT, UINT32_MAX};

    if (ic_identity_from_seed(&m.id, seed, IC_NETWORK_DEVELOPMENT) != 0)
        return;
    ic_swarm_options o = options_of(&m);
    o.dht = c->net.nodes[1];
    if (ic_swarm_new(&o, &m.swarm) == 0) {
        /* Left before the loop turns: the node, which lives on, never hears of it. */
        if (ic_swarm_join(m.swarm, topic, &look, &m.topic) == 0) {
            (void)!ic_topic_flush(m.topic, on_flushed, &m);
            ic_topic_leave(m.topic);
        }
        ic_swarm_close(m.swarm, on_gone, &m);
        dht_live_until(&c->net, &m.gone, 1);
    }
    ic_identity_free(m.id);
}

static void memory_that_runs_out_is_an_error_and_nothing_else(void **state)
{
    fail_alloc_each(make_and_close, *state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(two_of_one_topic_are_connected),
        TEST(a_topic_of_others_is_not_ours),
        TEST(eight_that_start_together_are_a_mesh),
        TEST(a_mux_can_have_the_stream),
        TEST(a_stream_that_nobody_takes_is_closed),
        TEST(a_connection_that_is_lost_comes_again_after_its_last_call),
        TEST(who_must_not_reconnect_stays_away),
        TEST(the_firewall_bans),
        TEST(a_peer_is_joined_by_key),
        TEST(roles_are_checked),
        TEST(suspended_it_is_away_and_resumed_it_is_back),
        TEST(a_network_that_changed_keeps_what_works),
        TEST(it_may_be_closed_inside_of_a_callback),
        TEST(a_closing_swarm_takes_no_more_requests),
        TEST(swarms_can_share_a_node),
        TEST(options_are_checked),
        TEST(memory_that_runs_out_is_an_error_and_nothing_else),
    };

    return cmocka_run_group_tests_name("io/swarm", tests, NULL, NULL);
}
