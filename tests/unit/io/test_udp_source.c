/*
 * docs/spec/06-hyperdht.md, section 10, duty 6: a socket bound to all addresses answers
 * from the one that it was asked at. All of 127/8 is ours: a machine of many addresses.
 */
#include <string.h>

#include <event2/event.h>

#include "fail_alloc.h"
#include "io/udp.h"
#include "io/udp_source.h"
#include "io/udp_state.h"
#include "unit.h"

#define TURNS 1000

typedef struct site {
    struct event_base *base;
    ic_env env;
    ic__udp *udp;
    ic__udp_socket *server; /* echoes */
    ic__udp_socket *client;
    int answers;
    ic__addr last_from;
    bool done;
} site;

static ic__addr host(uint8_t last, uint16_t port)
{
    return (ic__addr){.family = 4, .ip = {127, 0, 0, last}, .port = port};
}

static void echo(ic__udp_socket *sock, const uint8_t *data, size_t len,
                 const ic__addr *from, void *user)
{
    assert_int_equal(ic__udp_socket_send(sock, from, data, len, 0), 0);
}

static void answered(ic__udp_socket *sock, const uint8_t *data, size_t len,
                     const ic__addr *from, void *user)
{
    site *s = user;

    s->answers++;
    s->last_from = *from;
}

static void init(site *s)
{
    const ic__addr all = {.family = 4};
    const ic__addr client = host(3, 0);

    memset(s, 0, sizeof *s);
    ic_env_system(&s->env);
    s->base = event_base_new();
    assert_non_null(s->base);
    assert_int_equal(ic__udp_new(&s->udp, s->base, &s->env, NULL), 0);
    assert_int_equal(ic__udp_socket_new(s->udp, &s->server, &all, echo, s), 0);
    assert_int_equal(ic__udp_socket_new(s->udp, &s->client, &client, answered, s), 0);
}

static void on_done(void *user)
{
    ((site *)user)->done = true;
}

static void done(site *s)
{
    ic__udp_close(s->udp, on_done, s);
    for (int i = 0; i < TURNS && !s->done; i++)
        (void)event_base_loop(s->base, EVLOOP_ONCE);
    assert_true(s->done);
    event_base_free(s->base);
}

/* Ask the server there; where the answer came from. */
static ic__addr ask(site *s, uint8_t there)
{
    const ic__addr to = host(there, ic__udp_socket_address(s->server).port);
    int before = s->answers;

    assert_int_equal(ic__udp_socket_send(s->client, &to, (const uint8_t *)"ask", 3, 0),
                     0);
    for (int i = 0; i < TURNS && s->answers == before; i++)
        (void)event_base_loop(s->base, EVLOOP_ONCE);
    assert_int_equal(s->answers, before + 1);
    return s->last_from;
}

static void the_answer_comes_from_the_address_that_was_asked(void **state)
{
    site s;
    init(&s);
    for (uint8_t there = 1; there < 20; there++)
        assert_int_equal(ask(&s, there).ip[3], there);
    assert_int_equal(ask(&s, 1).ip[3], 1); /* and changes with it */
    done(&s);
}

static void an_address_that_is_gone_is_not_insisted_on(void **state)
{
    site s;
    const ic__addr gone = {.family = 4, .ip = {192, 0, 2, 77}};
    const ic__addr client = host(3, 0);
    init(&s);
    (void)ask(&s, 1);
    s.server->sources.looks = 1;
    ic__udp_sources_note(&s.server->sources, &client, &gone);
    assert_non_null(ic__udp_sources_find(&s.server->sources, &client));
    const ic__addr to = ic__udp_socket_address(s.client);
    assert_int_equal(ic__udp_socket_send(s.server, &to, (const uint8_t *)"hello", 5, 0),
                     0);
    for (int i = 0; i < TURNS && s.answers < 2; i++)
        (void)event_base_loop(s.base, EVLOOP_ONCE);
    assert_int_equal(s.answers, 2);
    assert_int_equal(ic__udp_get_stats(s.udp).dropped_refused, 0);
    done(&s);
}

static void what_the_kernel_would_choose_anyway_is_left_to_it(void **state)
{
    ic__udp_sources s = {.looks = 2};
    const ic__addr us = host(1, 0);
    const ic__addr other = host(2, 0);
    const ic__addr v6 = {.family = 6};
    ic__udp_sources_note(&s, &us, &us);
    assert_int_equal(s.looks, 1);
    assert_null(ic__udp_sources_find(&s, &us));
    ic__udp_sources_note(&s, &us, &us); /* is known */
    assert_int_equal(s.looks, 1);
    ic__udp_sources_note(&s, &us, &other);
    assert_memory_equal(ic__udp_sources_find(&s, &us), other.ip, 4);
    ic__udp_sources_note(&s, &v6, &v6);
    assert_null(ic__udp_sources_find(&s, &v6));
    assert_null(ic__udp_sources_find(&s, &other));
    ic__udp_sources_free(&s);
}

static void it_costs_a_few_looks_in_a_turn_and_so_much_memory(void **state)
{
    ic__udp_sources s = {.looks = IC__UDP_SOURCE_LOOKS};
    const ic__addr at = host(9, 0);
    size_t found = 0;
    for (unsigned i = 0; i < 4 * IC__UDP_SOURCE_HOSTS; i++) {
        const ic__addr from = {.family = 4,
                               .ip = {127, 1, (uint8_t)(i >> 8), (uint8_t)i}};
        ic__udp_sources_note(&s, &from, &at);
        found += ic__udp_sources_find(&s, &from) != NULL;
    }
    assert_int_equal(found, IC__UDP_SOURCE_LOOKS);
    assert_int_equal(s.looks, 0);
    ic__udp_sources_free(&s);
}

static void without_memory_the_kernel_chooses(void **state)
{
    ic__udp_sources s = {.looks = 1};
    const ic__addr from = host(4, 0);
    const ic__addr at = host(5, 0);
    fail_alloc_start(1);
    ic__udp_sources_note(&s, &from, &at);
    (void)fail_alloc_stop();
    assert_null(ic__udp_sources_find(&s, &from));
    ic__udp_sources_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_answer_comes_from_the_address_that_was_asked),
        cmocka_unit_test(an_address_that_is_gone_is_not_insisted_on),
        cmocka_unit_test(what_the_kernel_would_choose_anyway_is_left_to_it),
        cmocka_unit_test(it_costs_a_few_looks_in_a_turn_and_so_much_memory),
        cmocka_unit_test(without_memory_the_kernel_chooses),
    };
    return cmocka_run_group_tests_name("io/udp_source", tests, NULL, NULL);
}
