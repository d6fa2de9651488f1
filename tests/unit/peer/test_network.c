/* Peers on a private network of real sockets: they meet, talk, and part. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "intercom/error.h"
#include "intercom/init.h"
#include "intercom/intercom.h"
#include "io/loop.h"
#include "peer/peer.h"
#include "sidechannel/state.h"
#include "temp_folder.h"
#include "unit.h"

#define NODES 3
#define PEERS 2
#define PATIENCE_S 60

typedef struct member {
    ic_peer *peer;
    char heard[200]; /* the last message */
    char author[80];
    bool is_signed;
    int up;
    int ups; /* so far */
    int lowest;
    int requests;
} member;

/* Of all tests: to make a key file takes half a second, to read it again nothing. */
static char stores[200];

typedef struct world {
    struct event_base *base;
    ic_dht *nodes[NODES];
    member members[PEERS];
    int closed;
    bool late;
    bool lazy; /* alice proves no work */
} world;

static void on_message(ic_peer *peer, const ic_peer_message *message, void *user)
{
    member *m = user;

    (void)snprintf(m->heard, sizeof m->heard, "%s %s", message->channel, message->json);
    (void)snprintf(m->author, sizeof m->author, "%s", message->from);
    m->is_signed = message->is_signed;
}

static void on_request(ic_peer *peer, const char *channel, const char *remote,
                       bool joined, void *user)
{
    ((member *)user)->requests++;
}

static void on_connection(ic_peer *peer, const char *remote, bool up, void *user)
{
    assert_int_equal(strlen(remote), 64);
    member *m = user;
    m->up += up ? 1 : -1;
    m->ups += up;
    m->lowest = m->up < m->lowest ? m->up : m->lowest;
}

static void on_closed(void *user)
{
    ((world *)user)->closed++;
}

static void start_node(world *w, size_t i)
{
    ic_dht_options o;

    ic_dht_options_default(&o);
    o.base = w->base;
    o.host = "127.0.0.1";
    o.port = 0;
    o.firewalled = false;
    o.mode = i ? IC_DHT_PERSISTENT : IC_DHT_BOOTSTRAPPER;
    o.bootstrap = i ? ic_dht_address(w->nodes[0]) : NULL;
    assert_int_equal(ic_dht_new(&o, &w->nodes[i]), 0);
}

static void start_peer(world *w, size_t i)
{
    static const char *const names[PEERS] = {"alice", "bob"};
    ic_peer_options o;

    ic_peer_options_default(&o);
    o.base = w->base;
    o.stores_directory = stores;
    o.store_name = names[i];
    o.channels = "trip";
    o.welcome_required = false;
    o.work_bits = 4;
    o.work_required = i || !w->lazy;
    o.network = true;
    o.dht_bootstrap = ic_dht_address(w->nodes[0]);
    o.dht_host = "127.0.0.1";
    o.on_message = on_message;
    o.on_request = on_request;
    o.on_connection = on_connection;
    o.user = &w->members[i];
    assert_int_equal(ic_peer_new(&o, &w->members[i].peer), 0);
}

static int make_world(void **state, bool lazy)
{
    world *w = calloc(1, sizeof *w);

    assert_non_null(w);
    w->lazy = lazy;
    if (ic_init() != 0 || ic__loop_new(&w->base) != 0)
        return -1;
    for (size_t i = 0; i < NODES; i++)
        start_node(w, i);
    for (size_t i = 0; i < PEERS; i++)
        start_peer(w, i);
    *state = w;
    return 0;
}

static int set_up(void **state)
{
    return make_world(state, false);
}

static int set_up_lazy(void **state)
{
    return make_world(state, true);
}

static void on_late(evutil_socket_t fd, short what, void *user)
{
    ((world *)user)->late = true;
}

/* Run the loop until it holds; a test that waits for ever fails. */
static void run_until(world *w, bool (*holds)(const world *w))
{
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    struct event *late = evtimer_new(w->base, on_late, w);

    assert_non_null(late);
    assert_int_equal(evtimer_add(late, &patience), 0);
    while (!holds(w) && !w->late)
        assert_int_equal(event_base_loop(w->base, EVLOOP_ONCE) < 0, 0);
    event_free(late);
    assert_false(w->late);
}

static bool all_are_connected(const world *w)
{
    return w->members[0].up == 1 && w->members[1].up == 1;
}

static bool bob_has_heard(const world *w)
{
    return w->members[1].heard[0] != 0;
}

static ic_peer_stats stats_of(const world *w, size_t i)
{
    ic_peer_stats s;

    ic_peer_get_stats(w->members[i].peer, &s, sizeof s);
    return s;
}

static bool bob_has_dropped(const world *w)
{
    return stats_of(w, 1).dropped_work != 0;
}

static bool alice_is_alone(const world *w)
{
    return w->members[0].up == 0;
}

static bool alice_was_turned_away(const world *w)
{
    return w->members[0].ups > 0 && w->members[0].up == 0;
}

static bool peers_are_closed(const world *w)
{
    return w->closed == PEERS;
}

static bool all_is_closed(const world *w)
{
    return w->closed == NODES + PEERS;
}

/* The nodes last: a peer takes its records back from them, and waits for answers. */

static int tear_down(void **state)
{
    world *w = *state;

    for (size_t i = 0; i < PEERS; i++)
        ic_peer_close(w->members[i].peer, on_closed, w);
    w->closed += w->members[1].peer ? 0 : 1;
    run_until(w, peers_are_closed);
    for (size_t i = 0; i < NODES; i++)
        ic_dht_close(w->nodes[i], on_closed, w);
    run_until(w, all_is_closed);
    event_base_free(w->base);
    free(w);
    return 0;
}

static void what_one_peer_says_the_other_hears_signed(void **state)
{
    world *w = *state;
    static const char said[] = "{\"text\":\"dinner\"}";

    run_until(w, all_are_connected);
    assert_memory_equal(ic_peer_connection(w->members[0].peer, 0),
                        ic_identity_public_key(ic_peer_identity(w->members[1].peer)),
                        IC_PUBLIC_KEY_BYTES);
    assert_null(ic_peer_connection(w->members[0].peer, 1));
    assert_int_equal(ic_peer_send(w->members[0].peer, "trip", said, sizeof said - 1), 0);
    run_until(w, bob_has_heard);
    assert_string_equal(w->members[1].heard, "trip {\"text\":\"dinner\"}");
    assert_true(w->members[1].is_signed);
    assert_string_equal(w->members[1].author,
                        ic_identity_public_key_hex(ic_peer_identity(w->members[0].peer)));
    assert_int_equal(stats_of(w, 0).sent, 1);
    assert_int_equal(stats_of(w, 0).works, 1);
    assert_int_equal(stats_of(w, 1).delivered, 1);
    assert_int_equal(stats_of(w, 1).connection_count, 1);
}

static void a_connection_that_is_refused_was_never_there(void **state)
{
    world *w = *state;

    w->members[1].peer->channels->limits.max_links = 0;
    run_until(w, alice_was_turned_away);
    assert_int_equal(w->members[1].ups, 0);
    assert_int_equal(w->members[1].lowest, 0);
    assert_null(ic_peer_connection(w->members[1].peer, 0));
}

static void a_message_that_is_dropped_is_counted_under_its_reason(void **state)
{
    world *w = *state;

    run_until(w, all_are_connected);
    assert_int_equal(ic_peer_send(w->members[0].peer, "trip", "1", 1), 0);
    run_until(w, bob_has_dropped);
    ic_peer_stats s = stats_of(w, 1);
    assert_int_equal(s.dropped_work, 1);
    assert_int_equal(s.received, 1);
    assert_int_equal(s.delivered, 0);
    assert_int_equal(s.strikes, 0);
}

static void who_leaves_is_missed(void **state)
{
    world *w = *state;

    run_until(w, all_are_connected);
    ic_peer_close(w->members[1].peer, NULL, NULL);
    w->members[1].peer = NULL;
    run_until(w, alice_is_alone);
    assert_null(ic_peer_connection(w->members[0].peer, 0));
}

static int make_stores(void **state)
{
    temp_folder_make(stores, sizeof stores);
    return 0;
}

static int remove_stores(void **state)
{
    temp_folder_remove(stores);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_one_peer_says_the_other_hears_signed, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            a_message_that_is_dropped_is_counted_under_its_reason, set_up_lazy,
            tear_down),
        cmocka_unit_test_setup_teardown(who_leaves_is_missed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_connection_that_is_refused_was_never_there,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests_name("peer/network", tests, make_stores, remove_stores);
}
