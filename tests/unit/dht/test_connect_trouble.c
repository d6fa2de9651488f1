/* docs/spec/06-hyperdht.md, sections 6, 7, 11 and 12, when things go wrong */
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "dht/trail.h"
#include "dht_meeting.h"
#include "dht_relay_site.h"
#include "intercom/error.h"
#include "unit.h"

static void dial(dht_meeting *m)
{
    dht_peer_dial(m->client, dht_peer_key(m->server), NULL);
}

static void a_key_that_nobody_has_is_not_found(void **state)
{
    dht_meeting m;
    dht_meeting_init(&m, 1, DHT_CONSISTENT, DHT_OPEN);
    dial(&m);
    dht_net_run(&m.net, 30 * IC__SEC);
    assert_int_equal(m.client->failures, 1);
    assert_int_equal(m.client->last_error, IC_ERR_NOT_FOUND);
    assert_string_equal(m.client->last_reason, "PEER_NOT_FOUND");
    dht_meeting_assert_clean(&m);
    dht_meeting_free(&m);
}

static void a_key_that_is_no_point_is_refused_at_once(void **state)
{
    dht_meeting m;
    ic__dht_dial_options opts;
    ic__dht_dial *out = NULL;
    uint8_t key[IC__DHT_KEY_BYTES] = {1};
    dht_meeting_init(&m, 1, DHT_OPEN, DHT_OPEN);
    ic__dht_dial_options_default(&opts);
    assert_int_equal(ic__dht_connect(m.client->dht, &opts, &out), IC_ERR_INVALID);
    opts.identity = m.client->identity;
    opts.remote_key = key;
    opts.on_done = (void (*)(void *, int, const ic__dht_connection *))abort;
    assert_int_equal(ic__dht_connect(m.client->dht, &opts, &out), IC_ERR_AUTH);
    assert_null(out);
    dht_meeting_assert_clean(&m);
    dht_meeting_free(&m);
}

static void peers_meet_though_most_announce_nodes_died(void **state)
{
    for (uint64_t seed = 1; seed <= 5; seed++) {
        dht_meeting m;
        ic__addr relays[IC__DHT_RELAYS_MAX];
        dht_meeting_init(&m, seed, DHT_CONSISTENT, DHT_CONSISTENT);
        dht_meeting_listen(&m);
        size_t count = ic__dht_server_relays(m.server->server, relays);
        assert_int_equal(count, IC__DHT_RELAYS_MAX);
        for (size_t i = 0; i < m.net.count; i++) {
            ic__addr a = dht_machine_address(m.net.nodes[i].machine);
            if (ic__addr_equal(&a, &relays[0]) || ic__addr_equal(&a, &relays[1]))
                dht_machine_detach(m.net.nodes[i].machine);
        }
        dial(&m);
        assert_true(dht_meeting_met(&m, 20 * IC__SEC));
        dht_meeting_free(&m);
    }
}

/* Field lesson 13. */
static void a_server_whose_nat_forgot_it_is_reached_again_soon(void **state)
{
    dht_meeting m;
    dht_meeting_init(&m, 1, DHT_CONSISTENT, DHT_CONSISTENT);
    dht_meeting_listen(&m);
    dht_machine_remap(m.server->machine);
    dht_net_run(&m.net, 10 * IC__SEC);
    dial(&m);
    assert_true(dht_meeting_met(&m, 5 * IC__SEC));
    dht_meeting_free(&m);
}

/* Field lesson 9: the same handshake by several nodes, each datagram perhaps twice. */
static void a_handshake_that_comes_often_is_one_connection(void **state)
{
    dht_meeting m;
    dht_meeting_init(&m, 1, DHT_CONSISTENT, DHT_CONSISTENT);
    dht_meeting_listen(&m);
    dht_world_weather(m.net.world)->duplicate_ppm = 900000;
    dht_world_weather(m.net.world)->jitter_ns = 5 * IC__MS;
    dial(&m);
    assert_true(dht_meeting_met(&m, 5 * IC__SEC));
    dht_net_run(&m.net, 5 * IC__SEC);
    assert_int_equal(m.server->connections, 1);
    assert_int_equal(m.client->connections, 1);
    dht_meeting_free(&m);
}

static void peers_meet_in_bad_weather(void **state)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        dht_meeting m;
        dht_meeting_init(&m, seed, DHT_CONSISTENT, DHT_CONSISTENT);
        dht_meeting_listen(&m);
        *dht_world_weather(m.net.world) = (dht_weather){.delay_ns = 20 * IC__MS,
                                                        .jitter_ns = 30 * IC__MS,
                                                        .loss_ppm = 100000,
                                                        .duplicate_ppm = 50000};
        dial(&m);
        assert_true(dht_meeting_met(&m, 30 * IC__SEC));
        dht_meeting_free(&m);
    }
}

/* Field lesson 8. */
static void a_refused_client_hears_nothing(void **state)
{
    dht_meeting m;
    dht_meeting_init(&m, 1, DHT_OPEN, DHT_OPEN);
    dht_meeting_listen(&m);
    m.server->refuse = true;
    dial(&m);
    dht_net_run(&m.net, 60 * IC__SEC);
    assert_true(m.server->firewalled > 0);
    assert_int_equal(m.server->connections, 0);
    assert_int_equal(m.client->failures, 1);
    assert_int_equal(m.client->last_error, IC_ERR_TIMEOUT);
    assert_string_equal(m.client->last_reason, "PEER_CONNECTION_FAILED");
    dht_meeting_assert_clean(&m);
    dht_meeting_free(&m);
}

static void a_dial_that_is_cancelled_leaves_nothing(void **state)
{
    for (uint64_t ms = 0; ms < 40; ms++) {
        dht_meeting m;
        dht_meeting_init(&m, 1, DHT_CONSISTENT, DHT_RANDOM);
        dht_meeting_listen(&m);
        dial(&m);
        dht_net_run(&m.net, ms * IC__MS);
        assert_int_equal(m.client->connections, 0);
        ic__dht_dial_cancel(m.client->dial);
        dht_net_run(&m.net, 60 * IC__SEC);
        assert_int_equal(m.client->failures, 0);
        dht_meeting_assert_clean(&m);
        dht_meeting_free(&m);
    }
}

static void a_node_that_sleeps_ends_its_dials(void **state)
{
    dht_meeting m;
    dht_meeting_init(&m, 1, DHT_CONSISTENT, DHT_RANDOM);
    dht_meeting_listen(&m);
    dial(&m);
    dht_net_run(&m.net, 5 * IC__MS);
    ic__dht_suspend(m.client->dht, dht_world_now(m.net.world));
    assert_int_equal(m.client->failures, 0);
    dht_net_run(&m.net, IC__SEC);
    assert_int_equal(m.client->failures, 1);
    assert_int_equal(m.client->last_error, IC_ERR_CANCELED);
    assert_string_equal(m.client->last_reason, "SUSPENDED");
    assert_int_equal(dht_machine_socket_count(m.client->machine), 2);
    assert_int_equal(dht_machine_stream_count(m.client->machine), 0);
    dht_meeting_free(&m);
}

static void a_server_that_slept_is_found_again(void **state)
{
    dht_meeting m;
    dht_meeting_init(&m, 1, DHT_CONSISTENT, DHT_CONSISTENT);
    dht_meeting_listen(&m);
    ic__dht_suspend(m.server->dht, dht_world_now(m.net.world));
    dht_net_run(&m.net, 60 * IC__SEC);
    assert_int_equal(ic__dht_resume(m.server->dht, dht_world_now(m.net.world)), 0);
    dht_net_run(&m.net, 10 * IC__SEC);
    dial(&m);
    assert_true(dht_meeting_met(&m, 5 * IC__SEC));
    dht_meeting_free(&m);
}

static void count_close(void *user)
{
    ++*(int *)user;
}

static void a_closed_server_is_not_found_and_its_connections_stay(void **state)
{
    dht_meeting m;
    int closed = 0;
    dht_meeting_init(&m, 1, DHT_CONSISTENT, DHT_CONSISTENT);
    dht_meeting_listen(&m);
    dial(&m);
    assert_true(dht_meeting_met(&m, IC__SEC));
    ic__dht_set_now(m.server->dht, dht_world_now(m.net.world));
    ic__dht_server_close(m.server->server, count_close, &closed);
    ic__dht_server_close(m.server->server, count_close, &closed);
    assert_int_equal(closed, 0);
    dht_net_run(&m.net, 20 * IC__SEC);
    assert_int_equal(closed, 1);
    assert_int_equal(dht_peer_alive(m.server), 1);
    dial(&m);
    dht_net_run(&m.net, 20 * IC__SEC);
    assert_int_equal(m.client->last_error, IC_ERR_NOT_FOUND);
    dht_meeting_free(&m);
}

static void a_key_listens_once(void **state)
{
    dht_meeting m;
    ic__dht_server_options opts;
    const ic__dht_server_events events = {.firewall = NULL};
    ic__dht_server *second = NULL;
    int closed = 0;
    dht_meeting_init(&m, 1, DHT_OPEN, DHT_OPEN);
    dht_meeting_listen(&m);
    ic__dht_server_options_default(&opts);
    opts.identity = m.server->identity;
    assert_int_equal(ic__dht_listen(m.server->dht, &opts, &events, &second),
                     IC_ERR_EXISTS);
    assert_null(second);
    ic__dht_server_close(m.server->server, NULL, NULL);
    opts.announce = false;
    assert_int_equal(ic__dht_listen(m.server->dht, &opts, &events, &second), 0);
    assert_memory_equal(ic__dht_server_key(second), dht_peer_key(m.server),
                        IC__DHT_KEY_BYTES);
    ic__dht_server_close(second, count_close, &closed);
    dht_net_run(&m.net, 20 * IC__SEC);
    assert_int_equal(closed, 1);
    dht_meeting_free(&m);
}

/* Section 10, duty 7. */
static void a_server_without_announce_is_met_at_its_address(void **state)
{
    dht_meeting m;
    ic__dht_server_options opts;
    ic__dht_dial_options to;
    dht_meeting_init(&m, 1, DHT_CONSISTENT, DHT_OPEN);
    ic__dht_server_options_default(&opts);
    opts.announce = false;
    dht_peer_listen(m.server, &opts);
    ic__addr where = dht_machine_address(m.server->machine);
    ic__dht_dial_options_default(&to);
    to.relays = &where;
    to.relay_count = 1;
    dht_peer_dial(m.client, dht_peer_key(m.server), &to);
    assert_true(dht_meeting_met(&m, 100 * IC__MS));
    dht_meeting_free(&m);
}

/* docs/spec/07-hyperswarm.md, section 5: a peer that has us already throws the new stream
 * out at once, and the word of that may overtake its answer. */
static void a_stream_that_is_gone_before_the_answer_ends_the_dial(void **state)
{
    dht_meeting m;
    dht_meeting_init(&m, 1, DHT_OPEN, DHT_OPEN);
    dht_meeting_listen(&m);
    dial(&m);
    size_t at = 0;
    const ic__trail *stream = ic__map_next(&m.client->dht->links->streams, &at);
    assert_non_null(stream);
    ic__dht_stream_refused(m.client->dht, stream->local_id, dht_world_now(m.net.world));
    ic__dht_stream_refused(m.client->dht, ~stream->local_id, dht_world_now(m.net.world));
    assert_int_equal(m.client->failures, 0); /* who says so? */
    dht_net_run(&m.net, IC__SEC);
    assert_int_equal(m.client->failures, 1);
    assert_int_equal(m.client->last_error, IC_ERR_CLOSED);
    dht_meeting_free(&m);
}

/* Blind relays. */

static void relayed_dial(dht_meeting *m, dht_relay_site *site)
{
    static const uint8_t relay_key[IC__DHT_KEY_BYTES] = {7};
    ic__dht_dial_options opts;

    m->server->relay = site;
    m->client->relay = site;
    ic__dht_dial_options_default(&opts);
    opts.relay_through = relay_key;
    dht_peer_dial(m->client, dht_peer_key(m->server), &opts);
}

static void relayed_free(dht_meeting *m, dht_relay_site *site)
{
    m->server->relay = NULL;
    m->client->relay = NULL;
    dht_relay_site_free(site);
    dht_meeting_free(m);
}

static void two_random_nats_stay_with_the_relay(void **state)
{
    dht_meeting m;
    dht_meeting_init(&m, 1, DHT_RANDOM, DHT_RANDOM);
    dht_relay_site *site = dht_relay_site_new(m.net.world);
    dht_meeting_listen(&m);
    relayed_dial(&m, site);
    assert_true(dht_meeting_met(&m, IC__SEC));
    dht_net_run(&m.net, 200 * IC__SEC);
    assert_int_equal(dht_peer_alive(m.client), 1);
    assert_int_equal(dht_peer_alive(m.server), 1);
    assert_int_equal(dht_relay_site_pairs(site), 1);
    assert_int_equal(dht_machine_socket_count(m.client->machine), 2);
    assert_int_equal(dht_machine_socket_count(m.server->machine), 2);
    relayed_free(&m, site);
}

/* Field lesson 16. */
static void
a_relayed_connection_moves_to_the_punched_way_and_then_drops_the_relay(void **state)
{
    for (uint64_t seed = 1; seed <= 5; seed++) {
        dht_meeting m;
        dht_meeting_init(&m, seed, DHT_RANDOM, DHT_CONSISTENT);
        dht_relay_site *site = dht_relay_site_new(m.net.world);
        dht_meeting_listen(&m);
        relayed_dial(&m, site);
        assert_true(dht_meeting_met(&m, IC__SEC));
        assert_true(m.client->links[0].relayed);
        dht_net_run(&m.net, 60 * IC__SEC);
        assert_int_equal(m.client->connections, 1);
        assert_int_equal(m.server->connections, 1);
        assert_int_equal(dht_peer_alive(m.client), 1);
        assert_int_equal(dht_peer_alive(m.server), 1);
        assert_int_equal(m.client->relay_drops, 1);
        assert_int_equal(m.server->relay_drops, 1);
        assert_int_equal(dht_machine_socket_count(m.client->machine), 3);
        relayed_free(&m, site);
    }
}

/* docs/spec/07-hyperswarm.md, section 4. */
static void a_server_may_name_its_relay_only_when_its_nat_is_random(void **state)
{
    static const uint8_t relay_key[IC__DHT_KEY_BYTES] = {7};
    const dht_nat_kind kinds[] = {DHT_CONSISTENT, DHT_RANDOM};
    for (size_t i = 0; i < 2; i++) {
        dht_meeting m;
        ic__dht_server_options opts;
        dht_meeting_init(&m, 1, DHT_CONSISTENT, kinds[i]);
        dht_relay_site *site = dht_relay_site_new(m.net.world);
        m.server->relay = site;
        m.client->relay = site;
        ic__dht_server_options_default(&opts);
        opts.relay_through = relay_key;
        opts.relay_if_random = true;
        dht_peer_listen(m.server, &opts);
        dht_net_run(&m.net, 10 * IC__SEC);
        assert_int_equal(ic__dht_is_randomized(m.server->dht), kinds[i] == DHT_RANDOM);
        dial(&m);
        assert_true(dht_meeting_met(&m, IC__SEC));
        assert_int_equal(m.client->links[0].relayed, kinds[i] == DHT_RANDOM);
        relayed_free(&m, site);
    }
}

static void a_relay_that_fails_is_told_when_there_is_no_other_way(void **state)
{
    dht_meeting m;
    dht_meeting_init(&m, 1, DHT_RANDOM, DHT_RANDOM);
    dht_relay_site *site = dht_relay_site_new(m.net.world);
    dht_relay_site_break(site);
    dht_meeting_listen(&m);
    relayed_dial(&m, site);
    dht_net_run(&m.net, 60 * IC__SEC);
    assert_int_equal(m.client->failures, 1);
    assert_int_equal(m.client->last_error, IC_ERR_DENIED);
    dht_meeting_assert_clean(&m);
    relayed_free(&m, site);
}

static void a_broken_relay_does_not_stop_the_punching(void **state)
{
    dht_meeting m;
    dht_meeting_init(&m, 1, DHT_CONSISTENT, DHT_CONSISTENT);
    dht_relay_site *site = dht_relay_site_new(m.net.world);
    dht_relay_site_break(site);
    dht_meeting_listen(&m);
    relayed_dial(&m, site);
    assert_true(dht_meeting_met(&m, IC__SEC));
    assert_false(m.client->links[0].relayed);
    relayed_free(&m, site);
}

static uint64_t requests_of(const dht_meeting *m)
{
    return ic__rpc_get_stats(ic__dht_rpc(m->client->dht)).requests_out;
}

/* Section 12. */
static void a_second_connection_goes_by_the_way_of_the_first(void **state)
{
    const dht_nat_kind kinds[] = {DHT_OPEN, DHT_CONSISTENT};
    for (size_t i = 0; i < 2; i++) {
        dht_meeting m;
        dht_meeting_init(&m, 1, kinds[i], DHT_CONSISTENT);
        dht_meeting_listen(&m);
        dial(&m);
        assert_true(dht_meeting_met(&m, IC__SEC));
        dht_net_run(&m.net, 100 * IC__MS);
        uint64_t before = requests_of(&m);
        dial(&m);
        dht_net_run(&m.net, 20 * IC__MS);
        assert_int_equal(dht_peer_alive(m.client), 2);
        assert_int_equal(dht_peer_alive(m.server), 2);
        assert_int_equal(requests_of(&m) - before, 1);
        dht_meeting_free(&m);
    }
}

static void an_ended_connection_leaves_its_way_open_for_three_seconds(void **state)
{
    for (uint64_t sec = 1; sec <= 5; sec += 4) {
        dht_meeting m;
        dht_meeting_init(&m, 1, DHT_CONSISTENT, DHT_CONSISTENT);
        dht_meeting_listen(&m);
        dial(&m);
        assert_true(dht_meeting_met(&m, IC__SEC));
        dht_net_run(&m.net, 100 * IC__MS);
        dht_peer_hang_up(m.client);
        dht_peer_hang_up(m.server);
        dht_net_run(&m.net, sec * IC__SEC);
        assert_int_equal(dht_machine_socket_count(m.client->machine), sec < 3 ? 3 : 2);
        uint64_t before = requests_of(&m);
        dial(&m);
        dht_net_run(&m.net, 50 * IC__MS);
        assert_int_equal(dht_peer_alive(m.client), 1);
        assert_true((requests_of(&m) - before == 1) == (sec < 3));
        dht_meeting_free(&m);
    }
}

static void a_node_that_sleeps_keeps_no_ways(void **state)
{
    dht_meeting m;
    dht_meeting_init(&m, 1, DHT_CONSISTENT, DHT_CONSISTENT);
    dht_meeting_listen(&m);
    dial(&m);
    assert_true(dht_meeting_met(&m, IC__SEC));
    dht_net_run(&m.net, 100 * IC__MS);
    dht_peer_hang_up(m.client);
    assert_int_equal(dht_machine_socket_count(m.client->machine), 3);
    ic__dht_suspend(m.client->dht, dht_world_now(m.net.world));
    assert_int_equal(dht_machine_socket_count(m.client->machine), 2);
    ic__dht_suspend(m.server->dht, dht_world_now(m.net.world));
    dht_peer_hang_up(m.server);
    assert_int_equal(dht_machine_socket_count(m.server->machine), 2);
    dht_meeting_free(&m);
}

static void a_way_that_died_is_not_waited_for(void **state)
{
    dht_meeting m;
    dht_meeting_init(&m, 1, DHT_CONSISTENT, DHT_CONSISTENT);
    dht_meeting_listen(&m);
    dial(&m);
    assert_true(dht_meeting_met(&m, IC__SEC));
    dht_peer_hang_up(m.server);
    dht_machine_remap(m.server->machine);
    dht_net_run(&m.net, 10 * IC__SEC);
    dial(&m);
    dht_net_run(&m.net, 3 * IC__SEC);
    assert_int_equal(dht_peer_alive(m.server), 1);
    dht_meeting_free(&m);
}

/* Section 10: three nodes on one machine, of which two are persistent. */
static void peers_on_loopback_meet_whatever_the_size_of_the_net(void **state)
{
    for (size_t nodes = 1; nodes <= 4; nodes++) {
        dht_meeting m;
        dht_net_init_loopback(&m.net, nodes, nodes);
        m.server = dht_net_join(&m.net, dht_world_add_loopback(m.net.world), 1);
        m.client = dht_net_join(&m.net, dht_world_add_loopback(m.net.world), 2);
        dht_meeting_listen(&m);
        dial(&m);
        assert_true(dht_meeting_met(&m, 100 * IC__MS));
        dht_net_run(&m.net, 30 * IC__SEC);
        assert_int_equal(dht_peer_alive(m.server), 1);
        dht_meeting_free(&m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_that_nobody_has_is_not_found),
        cmocka_unit_test(a_key_that_is_no_point_is_refused_at_once),
        cmocka_unit_test(peers_meet_though_most_announce_nodes_died),
        cmocka_unit_test(a_server_whose_nat_forgot_it_is_reached_again_soon),
        cmocka_unit_test(a_handshake_that_comes_often_is_one_connection),
        cmocka_unit_test(peers_meet_in_bad_weather),
        cmocka_unit_test(a_refused_client_hears_nothing),
        cmocka_unit_test(a_dial_that_is_cancelled_leaves_nothing),
        cmocka_unit_test(a_node_that_sleeps_ends_its_dials),
        cmocka_unit_test(a_server_that_slept_is_found_again),
        cmocka_unit_test(a_closed_server_is_not_found_and_its_connections_stay),
        cmocka_unit_test(a_key_listens_once),
        cmocka_unit_test(a_server_without_announce_is_met_at_its_address),
        cmocka_unit_test(a_stream_that_is_gone_before_the_answer_ends_the_dial),
        cmocka_unit_test(two_random_nats_stay_with_the_relay),
        cmocka_unit_test(
            a_relayed_connection_moves_to_the_punched_way_and_then_drops_the_relay),
        cmocka_unit_test(a_server_may_name_its_relay_only_when_its_nat_is_random),
        cmocka_unit_test(a_relay_that_fails_is_told_when_there_is_no_other_way),
        cmocka_unit_test(a_broken_relay_does_not_stop_the_punching),
        cmocka_unit_test(a_second_connection_goes_by_the_way_of_the_first),
        cmocka_unit_test(an_ended_connection_leaves_its_way_open_for_three_seconds),
        cmocka_unit_test(a_node_that_sleeps_keeps_no_ways),
        cmocka_unit_test(a_way_that_died_is_not_waited_for),
        cmocka_unit_test(peers_on_loopback_meet_whatever_the_size_of_the_net),
    };
    return cmocka_run_group_tests_name("dht/connect_trouble", tests, NULL, NULL);
}
