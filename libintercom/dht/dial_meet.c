#include "dht/addresses.h"
#include "dht/dial_state.h"
#include "intercom/error.h"

#define LOCAL_CHANCE (300 * IC__MS)
#define PASSIVE_WAIT (10 * IC__SEC)
#define PINGS_MAX (2 * IC__DHT_ADDRESSES_MAX)

static ic__clock *clock_of(const ic__dht_dial *dial)
{
    return &dial->links->dht->clock;
}

/* It reads and answers there, whatever it advertised: a candidate. */
static void on_pong(void *user, int error, const ic__rpc_reply *reply)
{
    ic__dht_dial *dial = user;

    dial->pings--;
    if (error)
        return;
    const ic__way way = {.sock = reply->sock, .addr = reply->from};
    ic__dial_offer(dial, &way);
}

static void ping(ic__dht_dial *dial, const ic__addr *to)
{
    ic__rpc_call call = ic__rpc_call_to(to, true, IC__RPC_PING);

    call.sock = IC__DHT_SERVER_SOCKET;
    call.force = true;
    call.on_done = on_pong;
    call.user = dial;
    if (dial->pings < PINGS_MAX && ic__addr_is_sendable(to) &&
        ic__rpc_call_send(dial->links->dht->rpc, &call, NULL) == 0)
        dial->pings++;
}

/* Behind one NAT, or on one machine: each address that the server gave, and, when all
 * three of us are on one machine, its ports there. */
static void ping_local(ic__dht_dial *dial)
{
    const ic__dht_noise_payload *remote = &dial->remote;
    bool one_machine = ic__addr_is_loopback(&dial->server);

    if (!dial->lan || !dial->relayed || !ic__addr_same_host(&dial->client, &dial->server))
        return;
    for (size_t i = 0; i < remote->address4_count; i++) {
        ic__addr at_home = dial->server;
        at_home.port = remote->addresses4[i].port;
        ping(dial, &remote->addresses4[i]);
        if (one_machine && !ic__addr_is_loopback(&remote->addresses4[i]))
            ping(dial, &at_home);
    }
}

static void begin_relay(ic__dht_dial *dial)
{
    const ic__dht_noise_payload *remote = &dial->remote;
    int err = 0;

    if (remote->has_relay_through)
        err =
            ic__trail_relay(dial->stream, remote->relay_key, remote->relay_token, false);
    else if (dial->has_relay)
        err = ic__trail_relay(dial->stream, dial->relay_key, dial->relay_token, true);
    if (err)
        ic__log(&dial->links->dht->env, IC_LOG_DEBUG, "dht", "no relay: %s",
                ic_strerror(err));
}

/* Where an open server is: the first address that means something everywhere. */
static ic__addr open_address(const ic__dht_dial *dial)
{
    const ic__dht_noise_payload *remote = &dial->remote;

    for (size_t i = 0; i < remote->address4_count; i++) {
        const ic__addr *a = &remote->addresses4[i];
        if (!ic__addr_is_bogon(a) && ic__addr_is_sendable(a))
            return *a;
    }
    return dial->server;
}

/* Is one way so good that nothing else needs to be tried? */
static bool is_plain(const ic__dht_dial *dial, ic__way *way)
{
    bool no_punch = !dial->remote.has_holepunch || dial->remote.relay_count == 0;

    if (dial->early.addr.family) {
        *way = dial->early;
        return true;
    }
    if (!dial->relayed) {
        *way = (ic__way){.sock = dial->sock, .addr = dial->server};
        return true;
    }
    if (dial->remote.firewall != IC__DHT_FIREWALL_OPEN && !no_punch)
        return false;
    *way = (ic__way){.sock = ic__links_socket(dial->links), .addr = open_address(dial)};
    return true;
}

static void wait_for(ic__dht_dial *dial, uint64_t delay)
{
    ic__clock_set_in(clock_of(dial), &dial->alarm, delay);
}

void ic__dial_meet(ic__dht_dial *dial)
{
    ic__way way;
    bool plain = is_plain(dial, &way);

    if (dial->stream->refused) {
        /* It has let us in and thrown us out before it answered: a duplicate. */
        ic__dial_fail(dial, IC_ERR_CLOSED, "STREAM_CLOSED");
        return;
    }
    begin_relay(dial);
    if (!dial->early.addr.family)
        ping_local(dial);
    dial->wants_punch = !plain && !dial->said_open;
    if (plain)
        ic__dial_offer(dial, &way);
    else if (dial->said_open)
        wait_for(dial, PASSIVE_WAIT);
    else if (dial->pings > 0)
        wait_for(dial, LOCAL_CHANCE);
    else
        ic__dial_waited(dial);
}

void ic__dial_waited(ic__dht_dial *dial)
{
    if (!dial->wants_punch)
        ic__dial_fail(dial, IC_ERR_DENIED, "HOLEPUNCH_ABORTED");
    else if (!dial->holepunch)
        ic__dial_fail(dial, IC_ERR_DENIED, "CANNOT_HOLEPUNCH");
    else
        ic__dial_punch(dial);
}
