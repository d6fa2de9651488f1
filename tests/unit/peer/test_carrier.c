/* Two side channels over real muxes on loopback. */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "fail_alloc.h"
#include "intercom/error.h"
#include "peer/carrier.h"
#include "stream_pair.h"
#include "unit.h"

typedef struct end {
    ic_env env;
    ic__sidechannel_options options;
    ic__sidechannel *sc;
    ic__carrier *carrier;
    ic_mux *mux; /* NULL when it is closed */
    ic_stream_options stream;
    ic__buf heard; /* messages, a line each */
    int messages;
    int topics;
    int gone; /* the carrier */
} end;

typedef struct world {
    stream_pair pair; /* sockets and identities; its streams are not used */
    end ends[2];
} world;

static void on_tell(const ic__sc_event *event, void *user)
{
    end *e = user;
    if (event->what != IC__SC_MESSAGE)
        return;
    ic__buf_printf(&e->heard, "%s ", event->channel);
    ic__json_write(&e->heard, ic__json_get(event->envelope, "message"));
    ic__buf_char(&e->heard, '\n');
    e->messages++;
}

static void on_topic(const uint8_t topic[IC__TOPIC_BYTES], void *user)
{
    ((end *)user)->topics++;
}

static void on_open(ic_mux *mux, void *user)
{
    end *e = user;
    const uint8_t *key = ic_stream_remote_key(ic_mux_stream(mux));
    assert_int_equal(ic__carrier_add(e->carrier, mux, key), 0);
}

static void on_pair(ic_mux *mux, const char *protocol, const uint8_t *id, size_t id_len,
                    void *user)
{
    end *e = user;
    if (!ic__carrier_pair(e->carrier, mux, protocol, id, id_len))
        ic_mux_refuse(mux, protocol, id, id_len);
}

static void on_mux_closed(ic_mux *mux, int error, void *user)
{
    end *e = user;
    if (e->carrier)
        ic__carrier_remove(e->carrier, mux);
    e->mux = NULL;
}

static void on_gone(void *user)
{
    end *e = user;
    e->carrier = NULL;
    e->gone++;
}

static void make_side_channel(world *w, size_t i, uint32_t bits)
{
    end *e = &w->ends[i];
    ic__buf why = {0};
    ic_env_system(&e->env);
    ic__sidechannel_options_default(&e->options);
    e->options.identity = w->pair.ends[i].me;
    e->options.max_line = 16;
    e->options.policy.channels = "trip";
    e->options.policy.welcome_required = false;
    e->options.policy.pow_difficulty = bits;
    assert_int_equal(ic__sidechannel_new(&e->options, &e->sc, &why), 0);
    const ic__carrier_hooks hooks = {on_topic, NULL, NULL, on_tell, e};
    assert_int_equal(
        ic__carrier_new(w->pair.base, &e->env, e->sc, &hooks, 1, &e->carrier), 0);
}

static void connect_them(world *w)
{
    for (size_t i = 0; i < 2; i++) {
        ic_mux_options opts;
        w->ends[i].stream = stream_pair_options(&w->pair, i);
        ic_mux_options_default(&opts);
        opts.stream = &w->ends[i].stream;
        opts.on_open = on_open;
        opts.on_pair = on_pair;
        opts.on_closed = on_mux_closed;
        opts.user = &w->ends[i];
        assert_int_equal(ic_mux_new(w->pair.ends[i].sock, &opts, &w->ends[i].mux), 0);
    }
}

static int setup(void **state)
{
    world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    stream_pair_init(&w->pair);
    make_side_channel(w, 0, 6);
    make_side_channel(w, 1, 6);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    world *w = *state;
    for (size_t i = 0; i < 2; i++) {
        ic__carrier_close(w->ends[i].carrier, on_gone, &w->ends[i]);
        stream_pair_until(&w->pair, &w->ends[i].gone, 1);
        ic__sidechannel_free(w->ends[i].sc);
        ic__buf_free(&w->ends[i].heard);
    }
    stream_pair_free(&w->pair);
    free(w);
    return 0;
}

static void say(world *w, size_t i, const char *channel, const char *json)
{
    ic__json *message = NULL;
    assert_int_equal(ic__json_parse(json, strlen(json), &message), 0);
    assert_int_equal(ic__sidechannel_send(w->ends[i].sc, channel, message, NULL, NULL),
                     0);
    ic__carrier_wake(w->ends[i].carrier);
    ic__json_free(message);
}

/* Say it again and again until it is heard: when channels are open is their business. */
static void say_until_heard(world *w, size_t i, const char *channel, const char *json)
{
    const int before = w->ends[1 - i].messages;
    for (int tries = 0; w->ends[1 - i].messages == before; tries++) {
        assert_true(tries < 200);
        say(w, i, channel, json);
        stream_pair_run(&w->pair, 50);
    }
}

static void messages_go_both_ways_with_work_from_a_thread(void **state)
{
    world *w = *state;
    connect_them(w);
    say_until_heard(w, 0, "trip", "\"from the first\"");
    say_until_heard(w, 1, "0000intercom", "{\"from\":\"the second\"}");
    assert_non_null(strstr(w->ends[1].heard.data, "trip \"from the first\"\n"));
    assert_non_null(
        strstr(w->ends[0].heard.data, "0000intercom {\"from\":\"the second\"}\n"));
    assert_int_equal(w->ends[0].topics, 2);
    assert_true(ic__sidechannel_get_stats(w->ends[0].sc).works >= 1);
    assert_int_equal(ic__sidechannel_connection_count(w->ends[0].sc), 1);
}

/* More than the line is long, so that both threads verify. */
static void many_at_once_are_heard_in_order(void **state)
{
    world *w = *state;
    char text[16];
    connect_them(w);
    say_until_heard(w, 0, "trip", "1");
    ic__buf_reset(&w->ends[1].heard);
    for (int i = 0; i < 100; i++) {
        (void)snprintf(text, sizeof text, "%d", 1000 + i);
        say(w, 0, "trip", text);
    }
    stream_pair_until(&w->pair, &w->ends[1].messages, w->ends[1].messages + 100);
    const char *at = w->ends[1].heard.data;
    for (int i = 0; i < 100; i++) {
        (void)snprintf(text, sizeof text, "trip %d\n", 1000 + i);
        at = strstr(at, text);
        assert_non_null(at);
    }
}

static void a_channel_joined_later_opens_and_one_that_is_left_closes(void **state)
{
    world *w = *state;
    connect_them(w);
    say_until_heard(w, 0, "trip", "1");
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < 2; i++) {
            assert_int_equal(ic__sidechannel_join(w->ends[i].sc, "late", NULL, NULL), 0);
            ic__carrier_wake(w->ends[i].carrier);
        }
        say_until_heard(w, 1, "late", "\"late\"");
        assert_true(ic__sidechannel_leave(w->ends[round % 2].sc, "late"));
        ic__carrier_wake(w->ends[round % 2].carrier);
        stream_pair_run(&w->pair, 20);
    }
    say_until_heard(w, 0, "trip", "2");
}

static void a_mux_that_closes_takes_its_link_along(void **state)
{
    world *w = *state;
    connect_them(w);
    say_until_heard(w, 0, "trip", "1");
    ic_mux_close(w->ends[0].mux);
    while (w->ends[0].mux || w->ends[1].mux)
        stream_pair_run(&w->pair, 10);
    assert_int_equal(ic__sidechannel_connection_count(w->ends[0].sc), 0);
    assert_int_equal(ic__sidechannel_connection_count(w->ends[1].sc), 0);
    say(w, 0, "trip", "\"to nobody\"");
    stream_pair_run(&w->pair, 10);
}

/* A new side channel on the old mux. */
static void start_again(world *w, size_t i, uint32_t bits)
{
    end *e = &w->ends[i];
    ic__carrier_close(e->carrier, on_gone, e);
    stream_pair_until(&w->pair, &e->gone, 1);
    ic__sidechannel_free(e->sc);
    e->gone = 0;
    make_side_channel(w, i, bits);
    assert_int_equal(
        ic__carrier_add(e->carrier, e->mux, ic_stream_remote_key(ic_mux_stream(e->mux))),
        0);
}

static void the_carrier_ends_before_its_mux_and_another_takes_over(void **state)
{
    world *w = *state;
    connect_them(w);
    say_until_heard(w, 0, "trip", "1");
    start_again(w, 0, 6);
    say_until_heard(w, 0, "trip", "2");
    say_until_heard(w, 1, "trip", "3");
}

/* Nobody finds 255 bits: teardown would never end. */
static void closing_does_not_wait_for_work(void **state)
{
    world *w = *state;
    connect_them(w);
    say_until_heard(w, 0, "trip", "1");
    start_again(w, 0, 255);
    stream_pair_run(&w->pair, 100);
    for (int i = 0; i < 5; i++)
        say(w, 0, "trip", "\"in vain\"");
    stream_pair_run(&w->pair, 50);
}

typedef struct trial {
    struct event_base *base;
    end *e;
    bool gone;
} trial;

static void trial_over(void *user)
{
    ((trial *)user)->gone = true;
}

static void try_it(void *arg)
{
    trial *t = arg;
    const ic__carrier_hooks none = {0};
    ic__carrier *carrier = NULL;
    t->gone = false;
    if (ic__carrier_new(t->base, &t->e->env, t->e->sc, &none, 1, &carrier) != 0)
        return;
    ic__carrier_wake(carrier);
    assert_int_equal(event_base_loop(t->base, EVLOOP_NONBLOCK), 0);
    ic__carrier_close(carrier, trial_over, t);
    ic__carrier_close(carrier, trial_over, t);
    while (!t->gone)
        assert_int_equal(event_base_loop(t->base, EVLOOP_ONCE), 0);
}

static void survives_each_failed_allocation(void **state)
{
    world *w = *state;
    trial t = {.base = event_base_new(), .e = &w->ends[0]};
    assert_non_null(t.base);
    fail_alloc_each(try_it, &t);
    event_base_free(t.base);
    ic__carrier_remove(NULL, NULL); /* fine, like these two */
    assert_false(ic__carrier_pair(NULL, NULL, "sidechannel/trip", NULL, 0));
    ic__carrier_close(NULL, NULL, NULL);
}

#define CARRIER_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CARRIER_TEST(messages_go_both_ways_with_work_from_a_thread),
        CARRIER_TEST(many_at_once_are_heard_in_order),
        CARRIER_TEST(a_channel_joined_later_opens_and_one_that_is_left_closes),
        CARRIER_TEST(a_mux_that_closes_takes_its_link_along),
        CARRIER_TEST(the_carrier_ends_before_its_mux_and_another_takes_over),
        CARRIER_TEST(closing_does_not_wait_for_work),
        CARRIER_TEST(survives_each_failed_allocation),
    };
    return cmocka_run_group_tests_name("peer/carrier", tests, NULL, NULL);
}
