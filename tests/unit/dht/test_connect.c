/* docs/spec/06-hyperdht.md, sections 6 to 10: two peers meet through every pair of NATs
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "dht_meeting.h"
#include "intercom/error.h"
#include "unit.h"

static void assert_met_within(dht_meeting *m, uint64_t ns)
{
    bool met = dht_meeting_met(m, ns);
    if (!met)
        print_message("%s\n", m->client->last_reason);
    assert_true(met);
    assert_int_equal(m->client->connections, 1);
    assert_int_equal(m->server->connections, 1);
    assert_memory_equal(m->client->links[0].remote_key, dht_peer_key(m->server),
                        IC__DHT_KEY_BYTES);
    assert_memory_equal(m->server->links[0].remote_key, dht_peer_key(m->client),
                        IC__DHT_KEY_BYTES);
}

static void pair_meets(dht_nat_kind client, dht_nat_kind server, uint64_t ns)
{
    dht_meeting m;
    dht_meeting_init(&m, 1, client, server);
    dht_meeting_listen(&m);
    dht_peer_dial(m.client, dht_peer_key(m.server), NULL);
    assert_met_within(&m, ns);
    dht_net_run(&m.net, 100 * IC__SEC);
    assert_int_equal(dht_peer_alive(m.client), 1);
    assert_int_equal(dht_peer_alive(m.server), 1);
    assert_true(dht_machine_socket_count(m.client->machine) <= 3);
    assert_true(dht_machine_socket_count(m.server->machine) <= 3);
    dht_meeting_free(&m);
}

static void two_in_the_open_meet(void **state)
{
    pair_meets(DHT_OPEN, DHT_OPEN, 100 * IC__MS);
}

static void a_consistent_client_meets_an_open_server(void **state)
{
    pair_meets(DHT_CONSISTENT, DHT_OPEN, 100 * IC__MS);
}

static void an_open_client_meets_a_consistent_server(void **state)
{
    pair_meets(DHT_OPEN, DHT_CONSISTENT, 100 * IC__MS);
}

static void two_behind_consistent_nats_meet(void **state)
{
    pair_meets(DHT_CONSISTENT, DHT_CONSISTENT, 100 * IC__MS);
}

static void a_random_client_meets_a_consistent_server(void **state)
{
    pair_meets(DHT_RANDOM, DHT_CONSISTENT, 40 * IC__SEC);
}

static void a_consistent_client_meets_a_random_server(void **state)
{
    pair_meets(DHT_CONSISTENT, DHT_RANDOM, 40 * IC__SEC);
}

static void a_random_client_meets_an_open_server(void **state)
{
    pair_meets(DHT_RANDOM, DHT_OPEN, 100 * IC__MS);
}

static void an_open_client_meets_a_random_server(void **state)
{
    pair_meets(DHT_OPEN, DHT_RANDOM, 5 * IC__SEC);
}

static void a_consistent_client_meets_a_forwarded_server(void **state)
{
    pair_meets(DHT_CONSISTENT, DHT_FORWARDED, 100 * IC__MS);
}

static void two_behind_random_nats_are_told_so(void **state)
{
    dht_meeting m;
    dht_meeting_init(&m, 1, DHT_RANDOM, DHT_RANDOM);
    dht_meeting_listen(&m);
    dht_peer_dial(m.client, dht_peer_key(m.server), NULL);
    dht_net_run(&m.net, 30 * IC__SEC);
    assert_int_equal(m.client->failures, 1);
    assert_int_equal(m.client->last_error, IC_ERR_DENIED);
    assert_string_equal(m.client->last_reason, "HOLEPUNCH_DOUBLE_RANDOMIZED_NATS");
    dht_meeting_assert_clean(&m);
    dht_meeting_free(&m);
}

static void two_behind_one_nat_meet_in_their_own_network(void **state)
{
    dht_meeting m;
    dht_net_init(&m.net, 1, 6);
    dht_machine *a = dht_world_add(m.net.world, DHT_CONSISTENT);
    m.server = dht_net_join(&m.net, a, 1);
    m.client = dht_net_join(&m.net, dht_world_add_behind(m.net.world, a), 2);
    dht_meeting_listen(&m);
    dht_peer_dial(m.client, dht_peer_key(m.server), NULL);
    assert_met_within(&m, 100 * IC__MS);
    const dht_stream *s =
        dht_machine_stream(m.client->machine, m.client->links[0].local_id);
    assert_int_equal(s->to.ip[0], 192);
    dht_meeting_free(&m);
}

static void a_blocked_server_is_not_found(void **state)
{
    dht_meeting m;
    dht_meeting_init(&m, 1, DHT_CONSISTENT, DHT_BLOCKED);
    dht_peer_listen(m.server, NULL);
    dht_peer_dial(m.client, dht_peer_key(m.server), NULL);
    dht_net_run(&m.net, 30 * IC__SEC);
    assert_int_equal(m.client->failures, 1);
    assert_int_equal(m.client->last_error, IC_ERR_NOT_FOUND);
    assert_string_equal(m.client->last_reason, "PEER_NOT_FOUND");
    dht_meeting_free(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_in_the_open_meet),
        cmocka_unit_test(a_consistent_client_meets_an_open_server),
        cmocka_unit_test(an_open_client_meets_a_consistent_server),
        cmocka_unit_test(two_behind_consistent_nats_meet),
        cmocka_unit_test(a_random_client_meets_a_consistent_server),
        cmocka_unit_test(a_consistent_client_meets_a_random_server),
        cmocka_unit_test(a_random_client_meets_an_open_server),
        cmocka_unit_test(an_open_client_meets_a_random_server),
        cmocka_unit_test(a_consistent_client_meets_a_forwarded_server),
        cmocka_unit_test(two_behind_random_nats_are_told_so),
        cmocka_unit_test(two_behind_one_nat_meet_in_their_own_network),
        cmocka_unit_test(a_blocked_server_is_not_found),
    };
    return cmocka_run_group_tests_name("dht/connect", tests, NULL, NULL);
}
