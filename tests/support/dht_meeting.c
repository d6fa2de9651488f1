#include "dht_meeting.h"

#include <stdlib.h>

#include "base/env.h"
#include "unit.h"

#define NODES 6

void dht_meeting_init(dht_meeting *m, uint64_t seed, dht_nat_kind client,
                      dht_nat_kind server)
{
    dht_net_init(&m->net, seed, NODES);
    m->server = dht_net_join(&m->net, dht_world_add(m->net.world, server), 1);
    m->client = dht_net_join(&m->net, dht_world_add(m->net.world, client), 2);
}

void dht_meeting_free(dht_meeting *m)
{
    dht_peer_free(m->server);
    dht_peer_free(m->client);
    free(m->server);
    free(m->client);
    dht_net_free(&m->net);
}

void dht_meeting_listen(dht_meeting *m)
{
    dht_peer_listen(m->server, NULL);
    dht_net_run(&m->net, 10 * IC__SEC);
    assert_int_equal(m->server->listening, 1);
}

static bool not_met(void *user)
{
    const dht_meeting *m = user;
    return !(dht_peer_alive(m->server) && dht_peer_alive(m->client)) &&
           m->client->failures == 0;
}

bool dht_meeting_met(dht_meeting *m, uint64_t ns)
{
    uint64_t until = dht_world_now(m->net.world) + ns;
    return dht_world_run_while(m->net.world, not_met, m, until) &&
           m->client->failures == 0;
}

void dht_meeting_assert_clean(const dht_meeting *m)
{
    assert_int_equal(dht_machine_stream_count(m->client->machine), 0);
    assert_int_equal(dht_machine_stream_count(m->server->machine), 0);
    assert_int_equal(dht_machine_socket_count(m->client->machine), 2);
    assert_int_equal(dht_machine_socket_count(m->server->machine), 2);
}
