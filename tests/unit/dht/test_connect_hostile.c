/* docs/spec/06-hyperdht.md, section 15; docs/field-lessons.md, 8, 9, 19 and 20 */
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "count_alloc.h"
#include "crypto/identity.h"
#include "dht/handshake.h"
#include "dht_addr.h"
#include "dht_meeting.h"
#include "fail_alloc.h"
#include "intercom/error.h"
#include "unit.h"

/* A hand-made client: it sends what it likes, and writes down what comes back. */
typedef struct forger {
    dht_meeting *m;
    ic__noise noise;
    uint8_t message[IC__HANDSHAKE_MESSAGE_MAX];
    size_t len;
    unsigned answers;
    unsigned silences;
    bool only_counts;
    ic__dht_noise_payload got;
    ic__noise_result keys;
    ic__punch_key punch;
    uint8_t reply[IC__HANDSHAKE_MESSAGE_MAX];
    size_t reply_len;
} forger;

static void forge(forger *f, dht_meeting *m, const ic__dht_noise_payload *payload)
{
    ic_env env = dht_world_env(m->net.world);
    ic__wr w;

    memset(f, 0, sizeof *f);
    f->m = m;
    w = ic__wr_of(f->message, sizeof f->message);
    ic__handshake_begin(&f->noise, &env, ic__identity_secret_key(m->client->identity),
                        dht_peer_key(m->server));
    assert_int_equal(ic__handshake_send(&f->noise, payload, &w), 0);
    f->len = w.len;
}

static void on_handshake(void *user, int error, const ic__rpc_reply *reply)
{
    forger *f = user;
    ic__dht_handshake m;
    ic_env env = dht_world_env(f->m->net.world);

    if (error) {
        f->silences++;
        return;
    }
    assert_int_equal(ic__dht_handshake_decode(&m, reply->value, reply->value_len), 0);
    if (f->only_counts) {
        f->answers++;
        return;
    }
    if (f->answers++) {
        assert_int_equal(m.noise_len, f->reply_len);
        assert_memory_equal(m.noise, f->reply, m.noise_len);
        return;
    }
    memcpy(f->reply, m.noise, m.noise_len);
    f->reply_len = m.noise_len;
    assert_int_equal(ic__handshake_recv(&f->noise, m.noise, m.noise_len, &f->got), 0);
    ic__handshake_finish(&f->noise, &env, &f->keys, &f->punch);
}

static void send_value(forger *f, const ic__addr *to, uint32_t command,
                       const uint8_t *value, size_t len,
                       void (*on_done)(void *, int, const ic__rpc_reply *))
{
    ic__rpc_call call = ic__rpc_call_to(to, false, command);
    uint8_t target[IC__DHT_KEY_BYTES];

    ic__dht_hash(target, dht_peer_key(f->m->server), IC__DHT_KEY_BYTES);
    call.target = target;
    call.value = value;
    call.value_len = len;
    call.retries = 0;
    call.force = true;
    call.on_done = on_done;
    call.user = f;
    ic__dht_set_now(f->m->client->dht, dht_world_now(f->m->net.world));
    assert_int_equal(ic__rpc_call_send(ic__dht_rpc(f->m->client->dht), &call, NULL), 0);
}

static void send_noise(forger *f, const ic__addr *to, const uint8_t *noise, size_t len)
{
    uint8_t value[IC__HANDSHAKE_MESSAGE_MAX + 16];
    ic__wr w = ic__wr_of(value, sizeof value);

    ic__dht_handshake_write(&w, &(ic__dht_handshake){.mode = IC__DHT_FROM_CLIENT,
                                                     .noise = noise,
                                                     .noise_len = len});
    assert_false(w.bad);
    send_value(f, to, IC__DHT_PEER_HANDSHAKE, value, w.len, on_handshake);
}

static ic__addr relay_of(const dht_meeting *m)
{
    ic__addr relays[IC__DHT_RELAYS_MAX];
    size_t count = ic__dht_server_relays(m->server->server, relays);
    assert_true(count > 0);
    return relays[count - 1];
}

static const ic__dht_noise_payload hello = {
    .version = 1, .has_udx = true, .udx_version = 1, .udx_id = 99};

static void garbage_gets_no_answer_and_takes_no_room(void **state)
{
    dht_meeting m;
    forger f;
    uint8_t junk[200];
    dht_meeting_init(&m, 1, DHT_OPEN, DHT_CONSISTENT);
    dht_meeting_listen(&m);
    forge(&f, &m, &hello);
    ic__addr relay = relay_of(&m);
    size_t begin = dht_machine_socket_count(m.server->machine);
    for (unsigned i = 0; i < 500; i++) {
        fake_random_fill(dht_world_random(m.net.world), junk, sizeof junk);
        send_noise(&f, &relay, junk, i % sizeof junk);
        dht_net_run(&m.net, 2 * IC__MS);
    }
    dht_net_run(&m.net, 5 * IC__SEC);
    assert_int_equal(f.answers, 0);
    assert_int_equal(f.silences, 500);
    assert_int_equal(dht_machine_socket_count(m.server->machine), begin);
    assert_int_equal(dht_machine_stream_count(m.server->machine), 0);
    dht_peer_dial(m.client, dht_peer_key(m.server), NULL);
    assert_true(dht_meeting_met(&m, IC__SEC));
    dht_meeting_free(&m);
}

static void a_replayed_message_gets_the_same_answer_and_no_second_stream(void **state)
{
    dht_meeting m;
    forger f;
    dht_meeting_init(&m, 1, DHT_CONSISTENT, DHT_CONSISTENT);
    dht_meeting_listen(&m);
    forge(&f, &m, &hello);
    ic__addr relay = relay_of(&m);
    for (unsigned i = 0; i < 5; i++) {
        send_noise(&f, &relay, f.message, f.len);
        dht_net_run(&m.net, 100 * IC__MS);
        assert_int_equal(dht_machine_stream_count(m.server->machine), 1);
    }
    assert_int_equal(f.answers, 5);
    dht_net_run(&m.net, 40 * IC__SEC);
    dht_meeting_assert_clean(&m);
    dht_meeting_free(&m);
}

static void a_replay_after_the_end_is_a_stream_that_nobody_opens(void **state)
{
    dht_meeting m;
    forger f;
    dht_meeting_init(&m, 1, DHT_CONSISTENT, DHT_CONSISTENT);
    dht_meeting_listen(&m);
    forge(&f, &m, &hello);
    ic__addr relay = relay_of(&m);
    f.only_counts = true;
    for (unsigned i = 1; i <= 3; i++) {
        send_noise(&f, &relay, f.message, f.len);
        dht_net_run(&m.net, IC__SEC);
        assert_int_equal(f.answers, i);
        assert_int_equal(dht_machine_stream_count(m.server->machine), 1);
        dht_net_run(&m.net, 40 * IC__SEC);
        dht_meeting_assert_clean(&m);
    }
    assert_int_equal(m.server->connections, 0);
    dht_meeting_free(&m);
}

static void expect_error(uint64_t version, bool udx, uint32_t error)
{
    dht_meeting m;
    forger f;
    ic__dht_noise_payload payload = hello;
    payload.version = version;
    payload.has_udx = udx;
    dht_meeting_init(&m, 1, DHT_CONSISTENT, DHT_CONSISTENT);
    dht_meeting_listen(&m);
    forge(&f, &m, &payload);
    ic__addr relay = relay_of(&m);
    send_noise(&f, &relay, f.message, f.len);
    dht_net_run(&m.net, IC__SEC);
    assert_int_equal(f.answers, 1);
    assert_int_equal(f.got.error, error);
    assert_int_equal(dht_machine_stream_count(m.server->machine), 0);
    dht_meeting_free(&m);
}

static void another_version_is_told_so(void **state)
{
    expect_error(2, true, IC__DHT_ERROR_VERSION_MISMATCH);
}

static void a_client_without_a_stream_is_told_so(void **state)
{
    expect_error(1, false, IC__DHT_ERROR_ABORTED);
}

static void send_punch(forger *f, const ic__addr *relay, const ic__addr *peer,
                       uint32_t id, const uint8_t *payload, size_t len,
                       void (*on_done)(void *, int, const ic__rpc_reply *))
{
    uint8_t value[IC__PUNCH_SEALED_MAX + 32];
    ic__wr w = ic__wr_of(value, sizeof value);

    ic__dht_holepunch_write(&w, &(ic__dht_holepunch){.mode = IC__DHT_FROM_CLIENT,
                                                     .id = id,
                                                     .payload = payload,
                                                     .payload_len = len,
                                                     .peer_address = *peer});
    assert_false(w.bad);
    send_value(f, relay, IC__DHT_PEER_HOLEPUNCH, value, w.len, on_done);
}

static void on_punch_answer(void *user, int error, const ic__rpc_reply *reply)
{
    forger *f = user;

    if (error)
        f->silences++;
    else
        f->answers++;
}

/* Wrong ids, wrong payloads, and payloads under another key. */
static void wrong_hole_punch_messages_are_dropped(void **state)
{
    dht_meeting m;
    forger f;
    uint8_t sealed[IC__PUNCH_SEALED_MAX];
    ic__wr w = ic__wr_of(sealed, sizeof sealed);
    const ic__punch_key other = {.shared = {1}};
    const ic__dht_punch_payload probe = {.round = 0};
    dht_meeting_init(&m, 1, DHT_CONSISTENT, DHT_CONSISTENT);
    ic_env env = dht_world_env(m.net.world);
    dht_meeting_listen(&m);
    forge(&f, &m, &hello);
    ic__addr relay = relay_of(&m);
    send_noise(&f, &relay, f.message, f.len);
    dht_net_run(&m.net, IC__SEC);
    assert_int_equal(f.answers, 1);
    assert_true(f.got.has_holepunch && f.got.relay_count > 0);
    f.answers = 0;
    const ic__addr *peer = &f.got.relays[0].peer;
    const ic__addr *via = &f.got.relays[0].relay;
    ic__punch_seal(&other, &env, &probe, &w);
    send_punch(&f, via, peer, f.got.holepunch_id, sealed, w.len, on_punch_answer);
    send_punch(&f, via, peer, 1000000, sealed, w.len, on_punch_answer);
    send_punch(&f, via, peer, f.got.holepunch_id, sealed, 3, on_punch_answer);
    dht_net_run(&m.net, 3 * IC__SEC);
    assert_int_equal(f.answers, 0);
    assert_int_equal(f.silences, 3);
    w = ic__wr_of(sealed, sizeof sealed);
    ic__punch_seal(&f.punch, &env, &probe, &w);
    send_punch(&f, via, peer, f.got.holepunch_id, sealed, w.len, on_punch_answer);
    dht_net_run(&m.net, 3 * IC__SEC);
    assert_int_equal(f.answers, 1);
    dht_meeting_free(&m);
}

/* A client that claims to punch from a victim's address: the victim has not echoed a
 * token, so it gets next to nothing. */
static void a_victim_that_never_answered_is_not_flooded(void **state)
{
    dht_meeting m;
    forger f;
    uint8_t sealed[IC__PUNCH_SEALED_MAX];
    dht_meeting_init(&m, 1, DHT_CONSISTENT, DHT_CONSISTENT);
    ic_env env = dht_world_env(m.net.world);
    dht_meeting_listen(&m);
    forge(&f, &m, &hello);
    ic__addr relay = relay_of(&m);
    send_noise(&f, &relay, f.message, f.len);
    dht_net_run(&m.net, IC__SEC);
    ic__dht_punch_payload p = {.firewall = IC__DHT_FIREWALL_RANDOM,
                               .round = 1,
                               .punching = true,
                               .has_addresses = true,
                               .address_count = 1};
    p.addresses[0] = dht_addr("99.99.99.99", 0);
    for (unsigned i = 0; i < 2; i++) {
        ic__wr w = ic__wr_of(sealed, sizeof sealed);
        ic__punch_seal(&f.punch, &env, &p, &w);
        size_t punches = m.server->punches;
        send_punch(&f, &f.got.relays[0].relay, &f.got.relays[0].peer, f.got.holepunch_id,
                   sealed, w.len, on_punch_answer);
        dht_net_run(&m.net, 20 * IC__SEC);
        assert_true(m.server->punches - punches <= 2);
        p.firewall = IC__DHT_FIREWALL_CONSISTENT;
        p.addresses[0].port = 80;
        p.round++;
    }
    dht_meeting_free(&m);
}

/* Field lesson 20. */
static void handshakes_above_the_limit_are_told_so_and_never_dropped(void **state)
{
    dht_meeting m;
    ic__dht_options opts;
    forger f[4];
    dht_net_init(&m.net, 1, 6);
    m.server = malloc(sizeof *m.server);
    assert_non_null(m.server);
    dht_net_options(&m.net, &opts);
    opts.max_handshakes = 3;
    opts.max_handshakes_host = 3;
    dht_peer_init(m.server, m.net.world, dht_world_add(m.net.world, DHT_CONSISTENT), 1,
                  &opts);
    m.client = dht_net_join(&m.net, dht_world_add(m.net.world, DHT_CONSISTENT), 2);
    dht_meeting_listen(&m);
    ic__addr relay = relay_of(&m);
    unsigned refused = 0;
    for (size_t i = 0; i < 4; i++) {
        forge(&f[i], &m, &hello);
        send_noise(&f[i], &relay, f[i].message, f[i].len);
        dht_net_run(&m.net, 100 * IC__MS);
        assert_int_equal(f[i].answers, 1);
        refused += f[i].got.error == IC__DHT_ERROR_TRY_LATER;
    }
    assert_int_equal(refused, 3); /* one is counted for its relay and its own host */
    dht_peer_dial(m.client, dht_peer_key(m.server), NULL);
    dht_net_run(&m.net, IC__SEC);
    assert_int_equal(m.client->failures, 1);
    assert_int_equal(m.client->last_error, IC_ERR_CLOSED);
    assert_string_equal(m.client->last_reason, "SERVER_ERROR");
    dht_net_run(&m.net, 30 * IC__SEC);
    m.client->failures = 0;
    dht_peer_dial(m.client, dht_peer_key(m.server), NULL);
    assert_true(dht_meeting_met(&m, IC__SEC));
    dht_meeting_free(&m);
}

static bool all_met(const dht_meeting *m, size_t count)
{
    return dht_peer_alive(m->server) == count && dht_peer_alive(m->client) == count;
}

#define CROWD 1000

static bool crowd_is_not_there(void *user)
{
    return !all_met(user, CROWD);
}

static void a_thousand_that_dial_at_once_are_all_connected(void **state)
{
    dht_meeting m;
    uint8_t seed[IC_SEED_BYTES] = {9};
    dht_meeting_init(&m, 1, DHT_OPEN, DHT_OPEN);
    dht_meeting_listen(&m);
    for (size_t i = 0; i < CROWD; i++) {
        ic__dht_dial_options opts;
        ic_identity *who;
        memcpy(seed + 1, &i, sizeof i);
        assert_int_equal(ic_identity_from_seed(&who, seed, IC_NETWORK_MAINNET), 0);
        ic__dht_dial_options_default(&opts);
        opts.identity = who;
        dht_peer_dial(m.client, dht_peer_key(m.server), &opts);
        ic_identity_free(who);
    }
    uint64_t until = dht_world_now(m.net.world) + 2 * IC__SEC;
    assert_true(dht_world_run_while(m.net.world, crowd_is_not_there, &m, until));
    assert_int_equal(m.client->failures, 0);
    assert_int_equal(m.server->connections, CROWD);
    dht_meeting_free(&m);
}

/* Field lesson 19: whatever way a handshake ends, nothing of it stays. HANDSHAKES of
 * them, or a few in every run of the tests. */
static void hundreds_of_failed_handshakes_leave_memory_as_it_was(void **state)
{
    const char *asked = getenv("HANDSHAKES");
    long handshakes = asked ? atol(asked) : 200;
    dht_meeting m;
    size_t before = 0;
    count_alloc_start();
    dht_meeting_init(&m, 1, DHT_RANDOM, DHT_RANDOM);
    dht_meeting_listen(&m);
    m.client->mute = true;
    for (long i = 0; i < handshakes; i++) {
        size_t ended = m.client->failures;
        m.server->refuse = i % 5 == 4;
        dht_peer_dial(m.client, dht_peer_key(m.server), NULL);
        dht_net_run(&m.net, (uint64_t)(i % 500) * IC__MS);
        if (i % 7 == 6 && m.client->failures == ended)
            ic__dht_dial_cancel(m.client->dial);
        dht_net_run(&m.net, 100 * IC__SEC);
        dht_meeting_assert_clean(&m);
        if (i == 19)
            before = count_alloc_get().live_bytes;
    }
    assert_int_equal(m.server->connections, 0);
    assert_true(count_alloc_get().live_bytes <= before + before / 20);
    dht_meeting_free(&m);
    assert_int_equal(count_alloc_stop().live_bytes, 0);
}

static void whole_life(void *arg)
{
    dht_meeting *m = arg;
    ic__dht_server_options so;
    ic__dht_dial_options co;
    ic__dht_server *server = NULL;
    ic__dht_dial *d = NULL;
    const ic__dht_server_events events = {.firewall = NULL};

    ic__dht_server_options_default(&so);
    so.identity = m->client->identity;
    so.announce = false;
    if (ic__dht_listen(m->client->dht, &so, &events, &server) != 0)
        assert_null(server);
    ic__dht_dial_options_default(&co);
    co.identity = m->client->identity;
    co.remote_key = dht_peer_key(m->server);
    co.on_done = (void (*)(void *, int, const ic__dht_connection *))abort;
    if (ic__dht_connect(m->client->dht, &co, &d) != 0)
        assert_null(d);
    ic__dht_dial_cancel(d);
    ic__dht_server_close(server, NULL, NULL);
    ic__dht_expire(m->client->dht, dht_world_now(m->net.world) + 1);
}

static void servers_and_dials_without_memory_leave_nothing(void **state)
{
    dht_meeting m;
    dht_meeting_init(&m, 1, DHT_OPEN, DHT_OPEN);
    dht_meeting_listen(&m);
    whole_life(&m); /* lists and heaps have their size now */
    fail_alloc_each(whole_life, &m);
    dht_meeting_free(&m);
}

/* Memory that runs out anywhere between first message and connection. */
static void a_handshake_without_memory_ends_and_leaves_nothing(void **state)
{
    for (size_t nth = 1; nth < 60; nth++) {
        dht_meeting m;
        dht_meeting_init(&m, 1, DHT_CONSISTENT, DHT_CONSISTENT);
        dht_meeting_listen(&m);
        dht_peer_dial(m.client, dht_peer_key(m.server), NULL);
        dht_net_run(&m.net, (nth % 20) * IC__MS);
        fail_alloc_start(nth / 20 + 1);
        dht_net_run(&m.net, 50 * IC__MS);
        (void)fail_alloc_stop();
        dht_net_run(&m.net, 60 * IC__SEC);
        assert_int_equal(m.client->failures + m.client->connections, 1);
        dht_meeting_free(&m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(garbage_gets_no_answer_and_takes_no_room),
        cmocka_unit_test(a_replayed_message_gets_the_same_answer_and_no_second_stream),
        cmocka_unit_test(a_replay_after_the_end_is_a_stream_that_nobody_opens),
        cmocka_unit_test(another_version_is_told_so),
        cmocka_unit_test(a_client_without_a_stream_is_told_so),
        cmocka_unit_test(wrong_hole_punch_messages_are_dropped),
        cmocka_unit_test(a_victim_that_never_answered_is_not_flooded),
        cmocka_unit_test(handshakes_above_the_limit_are_told_so_and_never_dropped),
        cmocka_unit_test(a_thousand_that_dial_at_once_are_all_connected),
        cmocka_unit_test(hundreds_of_failed_handshakes_leave_memory_as_it_was),
        cmocka_unit_test(servers_and_dials_without_memory_leave_nothing),
        cmocka_unit_test(a_handshake_without_memory_ends_and_leaves_nothing),
    };
    return cmocka_run_group_tests_name("dht/connect_hostile", tests, NULL, NULL);
}
