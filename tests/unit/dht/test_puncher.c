/* docs/spec/06-hyperdht.md, sections 8, 9 and 13 */
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "dht/dht_state.h"
#include "dht/puncher.h"
#include "dht_addr.h"
#include "dht_meeting.h"
#include "fail_alloc.h"
#include "intercom/error.h"
#include "unit.h"

typedef struct bench {
    dht_meeting m;
    ic__dht_links *links;
    ic__puncher *p;
    unsigned analyzed;
    unsigned over;
    unsigned candidates;
} bench;

static void on_analyzed(void *user)
{
    ((bench *)user)->analyzed++;
}

static void on_candidate(void *user, const ic__way *way)
{
    ((bench *)user)->candidates++;
}

static void on_over(void *user)
{
    ((bench *)user)->over++;
}

static const ic__puncher_events events = {
    .analyzed = on_analyzed, .candidate = on_candidate, .over = on_over};

/* A puncher of the client, whose NAT has been looked at. */
static void bench_init(bench *b, dht_nat_kind kind, bool initiator)
{
    memset(b, 0, sizeof *b);
    dht_meeting_init(&b->m, 1, kind, DHT_OPEN);
    b->links = b->m.client->dht->links;
    assert_int_equal(
        ic__puncher_new(&b->p, b->links, initiator, IC__DHT_FIREWALL_UNKNOWN, &events, b),
        0);
    assert_int_equal(b->analyzed, 0);
    dht_net_run(&b->m.net, IC__SEC);
    assert_int_equal(b->analyzed, 1);
    assert_true(ic__puncher_is_analyzed(b->p));
}

static void bench_free(bench *b)
{
    ic__puncher_free(b->p);
    assert_int_equal(b->links->random_punches, 0);
    dht_meeting_free(&b->m);
}

static void tell(bench *b, uint32_t firewall, const char *host, uint16_t port,
                 bool verified)
{
    ic__dht_punch_payload remote = {
        .firewall = firewall, .punching = true, .address_count = 1};

    remote.addresses[0] = dht_addr(host, port);
    ic__puncher_update(b->p, &remote, verified ? &remote.addresses[0] : NULL);
    ic__dht_set_now(b->m.client->dht, dht_world_now(b->m.net.world));
}

static size_t sent_in(bench *b, uint64_t ns)
{
    size_t before = b->m.client->punches;

    dht_net_run(&b->m.net, ns);
    return b->m.client->punches - before;
}

static void a_nat_is_recognized(void **state)
{
    const struct {
        dht_nat_kind kind;
        uint32_t firewall;
    } cases[] = {{DHT_CONSISTENT, IC__DHT_FIREWALL_CONSISTENT},
                 {DHT_RANDOM, IC__DHT_FIREWALL_RANDOM}};
    for (size_t i = 0; i < 2; i++) {
        bench b;
        bench_init(&b, cases[i].kind, true);
        assert_int_equal(ic__puncher_nat(b.p)->firewall, cases[i].firewall);
        assert_true(ic__puncher_is_stable(b.p));
        bench_free(&b);
    }
}

static void a_node_that_nobody_answers_stays_unknown_and_reopens_three_times(void **state)
{
    bench b;
    bench_init(&b, DHT_CONSISTENT, true);
    dht_machine_set_nat(b.m.client->machine, DHT_BLOCKED);
    for (unsigned i = 0; i < IC__PUNCH_REOPENS_MAX; i++) {
        uint32_t before = ic__puncher_socket(b.p);
        ic__dht_set_now(b.m.client->dht, dht_world_now(b.m.net.world));
        assert_int_equal(ic__puncher_reopen(b.p), 0);
        assert_false(ic__puncher_is_analyzed(b.p));
        assert_int_not_equal(ic__puncher_socket(b.p), before);
        dht_net_run(&b.m.net, 10 * IC__SEC);
        assert_int_equal(b.analyzed, i + 2);
        assert_false(ic__puncher_is_stable(b.p));
    }
    assert_int_equal(ic__puncher_reopen(b.p), IC_ERR_LIMIT);
    assert_int_equal(dht_machine_socket_count(b.m.client->machine), 6);
    bench_free(&b);
}

static void two_consistent_ones_send_ten_rounds(void **state)
{
    bench b;
    bench_init(&b, DHT_CONSISTENT, true);
    tell(&b, IC__DHT_FIREWALL_CONSISTENT, "99.0.0.1", 80, true);
    assert_int_equal(ic__puncher_punch(b.p), 0);
    assert_int_equal(ic__puncher_punch(b.p), 0);
    assert_true(ic__puncher_is_punching(b.p));
    assert_int_equal(sent_in(&b, 9500 * IC__MS), 10);
    assert_int_equal(b.over, 0);
    assert_int_equal(sent_in(&b, 60 * IC__SEC), 0);
    assert_int_equal(b.over, 1);
    bench_free(&b);
}

static void an_address_that_was_not_verified_gets_every_fourth_round(void **state)
{
    bench b;
    bench_init(&b, DHT_CONSISTENT, true);
    tell(&b, IC__DHT_FIREWALL_CONSISTENT, "99.0.0.1", 80, false);
    assert_int_equal(ic__puncher_punch(b.p), 0);
    assert_int_equal(sent_in(&b, 60 * IC__SEC), 2);
    bench_free(&b);
}

static void a_responder_begins_a_second_later(void **state)
{
    bench b;
    bench_init(&b, DHT_CONSISTENT, false);
    tell(&b, IC__DHT_FIREWALL_CONSISTENT, "99.0.0.1", 80, true);
    assert_int_equal(ic__puncher_punch(b.p), 0);
    assert_int_equal(sent_in(&b, 900 * IC__MS), 0);
    assert_int_equal(sent_in(&b, 200 * IC__MS), 1);
    bench_free(&b);
}

static void probes_go_to_random_ports_and_end_after_1750(void **state)
{
    bench b;
    bench_init(&b, DHT_CONSISTENT, true);
    tell(&b, IC__DHT_FIREWALL_RANDOM, "99.0.0.1", 0, true);
    assert_true(ic__puncher_is_random(b.p));
    assert_int_equal(ic__puncher_punch(b.p), 0);
    assert_int_equal(b.links->random_punches, 1);
    assert_int_equal(sent_in(&b, 995 * IC__MS), 100);
    assert_int_equal(sent_in(&b, 60 * IC__SEC), IC__PUNCH_PROBES_MAX - 100);
    assert_int_equal(b.over, 1);
    assert_int_equal(b.links->random_punches, 0);
    bench_free(&b);
}

static void birthday_sockets_are_as_many_as_allowed_and_closed_at_the_end(void **state)
{
    bench b;
    bench_init(&b, DHT_RANDOM, true);
    tell(&b, IC__DHT_FIREWALL_CONSISTENT, "99.0.0.1", 80, true);
    assert_int_equal(ic__puncher_punch(b.p), 0);
    dht_net_run(&b.m.net, IC__SEC);
    assert_int_equal(dht_machine_socket_count(b.m.client->machine), 2 + 256);
    dht_net_run(&b.m.net, 60 * IC__SEC);
    assert_int_equal(b.over, 1);
    ic__puncher_free(b.p);
    b.p = NULL;
    assert_int_equal(dht_machine_socket_count(b.m.client->machine), 2);
    bench_free(&b);
}

static void one_random_punch_at_a_time_and_twenty_seconds_between_two(void **state)
{
    bench b;
    bench_init(&b, DHT_CONSISTENT, true);
    tell(&b, IC__DHT_FIREWALL_RANDOM, "99.0.0.1", 0, true);
    assert_int_equal(ic__puncher_punch(b.p), 0);
    assert_false(ic__links_may_punch_randomly(b.links));
    ic__puncher_stop(b.p);
    assert_int_equal(ic__puncher_punch(b.p), IC_ERR_LIMIT);
    dht_net_run(&b.m.net, 19 * IC__SEC);
    ic__dht_set_now(b.m.client->dht, dht_world_now(b.m.net.world));
    assert_int_equal(ic__puncher_punch(b.p), IC_ERR_LIMIT);
    dht_net_run(&b.m.net, 2 * IC__SEC);
    ic__dht_set_now(b.m.client->dht, dht_world_now(b.m.net.world));
    assert_int_equal(ic__puncher_punch(b.p), 0);
    bench_free(&b);
}

static void there_is_no_way_without_a_target_or_a_verified_host(void **state)
{
    bench b;
    bench_init(&b, DHT_CONSISTENT, true);
    assert_int_equal(ic__puncher_punch(b.p), IC_ERR_DENIED);
    tell(&b, IC__DHT_FIREWALL_RANDOM, "99.0.0.1", 0, false);
    assert_int_equal(ic__puncher_punch(b.p), IC_ERR_DENIED);
    tell(&b, IC__DHT_FIREWALL_UNKNOWN, "99.0.0.1", 80, true);
    assert_int_equal(ic__puncher_punch(b.p), IC_ERR_DENIED);
    tell(&b, IC__DHT_FIREWALL_CONSISTENT, "224.0.0.1", 80, true);
    assert_int_equal(ic__puncher_punch(b.p), IC_ERR_DENIED);
    tell(&b, IC__DHT_FIREWALL_CONSISTENT, "99.0.0.1", 0, true);
    assert_int_equal(ic__puncher_punch(b.p), IC_ERR_DENIED);
    bench_free(&b);
}

static void send_bytes(bench *b, size_t count)
{
    ic__addr to = dht_machine_address(b->m.client->machine);
    ic__dht_host *host = &b->m.client->host;

    to.port = host->socket_address(host->user, ic__puncher_socket(b->p)).port;
    for (size_t i = 0; i < count; i++)
        dht_machine_send(b->m.server->machine, 0, &to, (const uint8_t[]){0}, 1);
}

/* Section 10, duties 3 and 4. */
static void a_byte_is_echoed_by_a_responder_and_a_candidate_for_an_initiator(void **state)
{
    for (int initiator = 0; initiator < 2; initiator++) {
        bench b;
        bench_init(&b, DHT_OPEN, initiator);
        send_bytes(&b, 1);
        assert_int_equal(sent_in(&b, 50 * IC__MS), initiator ? 0 : 1);
        assert_true(ic__puncher_has_candidate(b.p));
        assert_int_equal(b.candidates, initiator);
        bench_free(&b);
    }
}

static void a_responder_echoes_1024_bytes_and_no_more(void **state)
{
    bench b;
    bench_init(&b, DHT_OPEN, false);
    send_bytes(&b, 1023);
    assert_int_equal(sent_in(&b, 50 * IC__MS), 1023);
    send_bytes(&b, 10);
    assert_int_equal(sent_in(&b, 50 * IC__MS), 1);
    bench_free(&b);
}

static void make_one(void *arg)
{
    bench *b = arg;
    ic__puncher *p = NULL;

    if (ic__puncher_new(&p, b->links, true, 0, &events, b) != 0)
        assert_null(p);
    ic__puncher_free(p);
}

static void a_puncher_without_memory_leaves_nothing(void **state)
{
    bench b;
    bench_init(&b, DHT_OPEN, true);
    make_one(&b);
    fail_alloc_each(make_one, &b);
    bench_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_nat_is_recognized),
        cmocka_unit_test(
            a_node_that_nobody_answers_stays_unknown_and_reopens_three_times),
        cmocka_unit_test(two_consistent_ones_send_ten_rounds),
        cmocka_unit_test(an_address_that_was_not_verified_gets_every_fourth_round),
        cmocka_unit_test(a_responder_begins_a_second_later),
        cmocka_unit_test(probes_go_to_random_ports_and_end_after_1750),
        cmocka_unit_test(birthday_sockets_are_as_many_as_allowed_and_closed_at_the_end),
        cmocka_unit_test(one_random_punch_at_a_time_and_twenty_seconds_between_two),
        cmocka_unit_test(there_is_no_way_without_a_target_or_a_verified_host),
        cmocka_unit_test(
            a_byte_is_echoed_by_a_responder_and_a_candidate_for_an_initiator),
        cmocka_unit_test(a_responder_echoes_1024_bytes_and_no_more),
        cmocka_unit_test(a_puncher_without_memory_leaves_nothing),
    };
    return cmocka_run_group_tests_name("dht/puncher", tests, NULL, NULL);
}
