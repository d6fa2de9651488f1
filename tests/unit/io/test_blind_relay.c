/* docs/spec/06-hyperdht.md, sections 11 and 15: a blind relay and its clients. */
#include <string.h>

#include <event2/event.h>

#include "dht/messages.h"
#include "dht_live.h"
#include "fail_alloc.h"
#include "intercom/error.h"
#include "intercom/mux.h"
#include "io/blind_relay.h"
#include "io/dht_state.h"
#include "unit.h"

#define PROTOCOL IC__DHT_RELAY_PROTOCOL

/* A peer at the relay: a channel, and raw streams that it asks for. */
typedef struct guest {
    struct site *site;
    ic_identity *me;
    ic_mux *mux;
    ic_channel *channel;
    int opened;
    int closed;
    int answers;
    ic__dht_pair last;
    ic__udp_stream *raw;
    int heard;
    int raw_gone;
} guest;

typedef struct site {
    dht_live net;
    ic_dht *relay_node;
    ic_dht *guest_node;
    ic_identity *relay_key;
    ic_server *server;
    int listening;
    guest guests[2];
} site;

static void on_listening(ic_server *server, void *user)
{
    ((site *)user)->listening++;
}

static void on_open(ic_channel *ch, const uint8_t *data, size_t len, void *user)
{
    ((guest *)user)->opened++;
}

static void on_message(ic_channel *ch, uint64_t type, const uint8_t *data, size_t len,
                       void *user)
{
    guest *g = user;

    assert_int_equal(type, IC__DHT_RELAY_PAIR);
    assert_int_equal(ic__dht_pair_decode(&g->last, data, len), 0);
    g->answers++;
}

static void on_closed(ic_channel *ch, int error, void *user)
{
    guest *g = user;

    g->channel = NULL;
    g->closed++;
}

static void on_dialed(ic_dial *dial, int error, const char *reason, ic_stream *st,
                      void *user)
{
    guest *g = user;
    ic_mux_options mux;
    ic_channel_options opts;

    assert_int_equal(error, 0);
    ic_mux_options_default(&mux);
    assert_int_equal(ic_mux_new_over(st, &mux, &g->mux), 0);
    ic_channel_options_default(&opts);
    opts.protocol = PROTOCOL;
    opts.id = ic_identity_public_key(g->me);
    opts.id_len = IC_PUBLIC_KEY_BYTES;
    opts.on_open = on_open;
    opts.on_message = on_message;
    opts.on_closed = on_closed;
    opts.user = g;
    assert_int_equal(ic_channel_new(g->mux, &opts, &g->channel), 0);
}

static void visit(site *s, guest *g)
{
    ic_dial_options opts;

    ic_dial_options_default(&opts);
    opts.identity = g->me;
    opts.remote_key = ic_identity_public_key(s->relay_key);
    opts.on_done = on_dialed;
    opts.user = g;
    assert_int_equal(ic_dht_connect(s->guest_node, &opts, NULL), 0);
    dht_live_until(&s->net, &g->opened, 1);
}

static void init_patient(site *s, size_t max_pairs, uint64_t patience_ns)
{
    ic_server_options opts;

    memset(s, 0, sizeof *s);
    dht_live_init(&s->net);
    s->relay_key = dht_live_identity(1);
    const ic_dht_options node = dht_live_options(&s->net);
    assert_int_equal(ic_dht_new(&node, &s->relay_node), 0);
    assert_int_equal(ic_dht_new(&node, &s->guest_node), 0);
    ic_server_options_default(&opts);
    opts.identity = s->relay_key;
    opts.on_listening = on_listening;
    opts.relay = true;
    opts.user = s;
    assert_int_equal(ic_dht_listen(s->relay_node, &opts, &s->server), 0);
    ic__blind_relay_close(s->server->relay);
    assert_int_equal(ic__blind_relay_new(&s->relay_node->home, max_pairs, patience_ns,
                                         &s->server->relay),
                     0);
    dht_live_until(&s->net, &s->listening, 1);
    for (size_t i = 0; i < 2; i++) {
        s->guests[i].site = s;
        s->guests[i].me = dht_live_identity((uint8_t)(i + 2));
        visit(s, &s->guests[i]);
    }
}

static void init(site *s, size_t max_pairs)
{
    init_patient(s, max_pairs, IC__BLIND_RELAY_PATIENCE_NS);
}

static void done(site *s)
{
    dht_live_close(&s->net, s->guest_node);
    dht_live_close(&s->net, s->relay_node);
    dht_live_free(&s->net);
    ic_identity_free(s->relay_key);
    for (size_t i = 0; i < 2; i++)
        ic_identity_free(s->guests[i].me);
}

static void ask(guest *g, uint8_t number, bool initiator, uint32_t id)
{
    ic__dht_pair m = {.initiator = initiator, .id = id};
    uint8_t bytes[64];
    ic__wr w = ic__wr_of(bytes, sizeof bytes);

    memset(m.token, number, sizeof m.token);
    ic__dht_pair_write(&w, &m);
    assert_int_equal(ic_channel_send(g->channel, IC__DHT_RELAY_PAIR, bytes, w.len), 0);
}

static void forget(guest *g, uint8_t number)
{
    uint8_t token[IC__DHT_TOKEN_BYTES];
    uint8_t bytes[64];
    ic__wr w = ic__wr_of(bytes, sizeof bytes);

    memset(token, number, sizeof token);
    ic__dht_unpair_write(&w, token);
    assert_int_equal(ic_channel_send(g->channel, IC__DHT_RELAY_UNPAIR, bytes, w.len), 0);
}

static uint64_t relayed(const site *s)
{
    ic_dht_stats stats;

    ic_dht_get_stats(s->relay_node, &stats, sizeof stats);
    return stats.relayed;
}

static void raw_data(ic__udp_stream *st, const uint8_t *data, size_t len, void *user)
{
    ((guest *)user)->heard += (int)len;
}

static void raw_closed(ic__udp_stream *st, int error, void *user)
{
    ((guest *)user)->raw_gone++;
}

static void open_raw(guest *g, uint32_t id)
{
    const ic__udp_stream_events events = {.data = raw_data, .closed = raw_closed};

    assert_int_equal(
        ic__udp_stream_new(g->site->guest_node->home.udp, &g->raw, id, NULL, &events, g),
        0);
}

/* Through the socket of the connection to the relay, as section 11 has it. */
static void connect_raw(guest *g)
{
    ic__udp_socket *sock = NULL;
    ic__addr to;

    assert_true(ic__udp_stream_path(ic_mux_stream(g->mux)->carrier, &sock, &to));
    assert_int_equal(ic__udp_stream_connect(g->raw, sock, g->last.id, &to), 0);
}

static void pair_both(site *s, uint8_t number)
{
    int before[2] = {s->guests[0].answers, s->guests[1].answers};

    ask(&s->guests[0], number, false, 100);
    ask(&s->guests[1], number, true, 101);
    for (size_t i = 0; i < 2; i++)
        dht_live_until(&s->net, &s->guests[i].answers, before[i] + 1);
}

static void two_who_know_a_token_hear_each_other(void **state)
{
    static const uint8_t bytes[10000];
    site s;
    init(&s, 8);
    for (size_t i = 0; i < 2; i++)
        open_raw(&s.guests[i], 100 + (uint32_t)i);
    pair_both(&s, 7);
    assert_int_equal(relayed(&s), 1);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(s.guests[i].last.initiator, i == 1);
        connect_raw(&s.guests[i]);
        assert_int_equal(ic__udp_stream_write(s.guests[i].raw, bytes, sizeof bytes), 0);
    }
    for (size_t i = 0; i < 2; i++)
        dht_live_until(&s.net, &s.guests[i].heard, sizeof bytes);
    ic__udp_stream_close(s.guests[0].raw);
    dht_live_until(&s.net, &s.guests[1].raw_gone, 1);
    while (relayed(&s))
        dht_live_run(&s.net, 10);
    done(&s);
}

static void one_alone_waits_and_may_change_its_mind(void **state)
{
    site s;
    init(&s, 8);
    ask(&s.guests[0], 1, false, 5);
    ask(&s.guests[0], 1, false, 6); /* again: was heard */
    forget(&s.guests[1], 1);        /* is not its to forget */
    forget(&s.guests[0], 1);
    forget(&s.guests[0], 2); /* was never asked for */
    dht_live_run(&s.net, 50);
    ask(&s.guests[1], 1, true, 7);
    dht_live_run(&s.net, 50);
    assert_int_equal(relayed(&s), 0);
    ask(&s.guests[0], 1, false, 5);
    dht_live_until(&s.net, &s.guests[0].answers, 1);
    dht_live_until(&s.net, &s.guests[1].answers, 1);
    assert_int_equal(relayed(&s), 1);
    forget(&s.guests[1], 1);
    while (relayed(&s))
        dht_live_run(&s.net, 10);
    done(&s);
}

static void who_leaves_takes_its_pairs_along(void **state)
{
    site s;
    init(&s, 8);
    pair_both(&s, 1);
    pair_both(&s, 2);
    assert_int_equal(relayed(&s), 2);
    ic_mux_close(s.guests[0].mux);
    while (relayed(&s))
        dht_live_run(&s.net, 10);
    assert_int_equal(s.guests[1].closed, 0);
    done(&s);
}

static void half_a_pair_is_forgotten_in_the_end(void **state)
{
    site s;
    init_patient(&s, 1, 100 * UINT64_C(1000000));
    ask(&s.guests[0], 1, false, 5);
    while (!s.guests[0].answers || !s.guests[1].answers) {
        ask(&s.guests[0], 2, false, 5); /* refused, while the first one fills it */
        ask(&s.guests[1], 2, true, 7);
        dht_live_run(&s.net, 20);
    }
    assert_int_equal(relayed(&s), 1);
    dht_live_run(&s.net, 200); /* whole ones stay */
    assert_int_equal(relayed(&s), 1);
    done(&s);
}

/* The relay knows where both are before either has sent a packet by it. */
static void the_first_packet_is_passed_on(void **state)
{
    site s;
    init(&s, 8);
    for (size_t i = 0; i < 2; i++)
        open_raw(&s.guests[i], 100 + (uint32_t)i);
    pair_both(&s, 7);
    connect_raw(&s.guests[0]);
    assert_int_equal(ic__udp_stream_write(s.guests[0].raw, (const uint8_t *)"first", 5),
                     0);
    connect_raw(&s.guests[1]); /* says nothing */
    dht_live_until(&s.net, &s.guests[1].heard, 5);
    assert_int_equal(ic__udp_stream_get_stats(s.guests[0].raw).timeouts, 0);
    assert_int_equal(ic__udp_get_stats(s.relay_node->home.udp).dropped_relay, 0);
    done(&s);
}

static void a_relay_has_so_many_pairs_and_a_client_so_many(void **state)
{
    site s;
    init(&s, 2);
    for (uint8_t n = 1; n <= 3; n++)
        ask(&s.guests[0], n, false, n);
    for (uint8_t n = 1; n <= 3; n++)
        ask(&s.guests[1], n, true, n);
    dht_live_until(&s.net, &s.guests[1].answers, 2);
    dht_live_run(&s.net, 50);
    assert_int_equal(relayed(&s), 2);
    done(&s);
    init(&s, 1000);
    for (int n = 0; n <= IC__BLIND_RELAY_CLIENT_MAX; n++)
        ask(&s.guests[0], (uint8_t)n, false, (uint32_t)n);
    ask(&s.guests[1], IC__BLIND_RELAY_CLIENT_MAX, true, 1);
    ask(&s.guests[1], IC__BLIND_RELAY_CLIENT_MAX - 1, true, 1);
    dht_live_until(&s.net, &s.guests[1].answers, 1);
    dht_live_run(&s.net, 50);
    assert_int_equal(relayed(&s), 1);
    done(&s);
}

static void nonsense_is_ignored_and_other_channels_are_refused(void **state)
{
    site s;
    ic_channel_options opts;
    ic_channel *other = NULL;
    static const uint8_t long_ones[100];
    init(&s, 8);
    for (uint64_t type = 0; type < 4; type++)
        for (size_t len = 0; len < 34; len++)
            assert_int_equal(ic_channel_send(s.guests[0].channel, type, long_ones, len),
                             0);
    ic_channel_options_default(&opts);
    opts.protocol = PROTOCOL;
    opts.on_closed = on_closed;
    opts.user = &s.guests[1];
    assert_int_equal(ic_channel_new(s.guests[0].mux, &opts, &other), 0);
    dht_live_until(&s.net, &s.guests[1].closed, 1);
    s.guests[1].closed = 0;
    dht_live_run(&s.net, 50);
    assert_int_equal(s.guests[0].closed, 0);
    assert_int_equal(relayed(&s), 0);
    s.guests[1].channel = NULL;
    done(&s);
}

static void nobody_listens_without_a_callback_but_a_relay(void **state)
{
    site s;
    ic_server_options opts;
    ic_server *server = NULL;
    init(&s, 8);
    ic_server_options_default(&opts);
    opts.identity = s.guests[0].me;
    assert_int_equal(ic_dht_listen(s.relay_node, &opts, &server), IC_ERR_INVALID);
    assert_null(server);
    done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_who_know_a_token_hear_each_other),
        cmocka_unit_test(one_alone_waits_and_may_change_its_mind),
        cmocka_unit_test(who_leaves_takes_its_pairs_along),
        cmocka_unit_test(half_a_pair_is_forgotten_in_the_end),
        cmocka_unit_test(the_first_packet_is_passed_on),
        cmocka_unit_test(a_relay_has_so_many_pairs_and_a_client_so_many),
        cmocka_unit_test(nonsense_is_ignored_and_other_channels_are_refused),
        cmocka_unit_test(nobody_listens_without_a_callback_but_a_relay),
    };
    return cmocka_run_group_tests_name("io/blind_relay", tests, NULL, NULL);
}
