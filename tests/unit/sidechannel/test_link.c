/* spec/12, 1: channels on connections, opened, refused, tried again, closed, sent to. */
#include <stdio.h>

#include "base/env.h"
#include "fail_alloc.h"
#include "letters.h"
#include "sidechannel/incoming.h"

static solo *loud(letters *l)
{
    solo *s = letters_open(l);
    s->verbose = true;
    return s;
}

static void say(letters *l, const char *channel, const char *json)
{
    ic__json *message = letters_json(json);
    assert_int_equal(ic__sidechannel_send(l->solo.sc, channel, message, NULL, NULL), 0);
    ic__json_free(message);
}

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;
    for (const char *at = strstr(text, part); at; at = strstr(at + 1, part))
        count++;
    return count;
}

static void every_channel_is_opened_on_every_connection(void **state)
{
    letters *l = *state;
    solo_init(&l->solo, &l->options, &l->clock);
    solo *s = &l->solo;
    s->verbose = true;
    assert_string_equal(solo_run(s), "join 0000intercom\njoin trip\n");
    solo_clear(s);
    solo_link(s, 0, key_of(l->alice));
    assert_string_equal(solo_run(s), "pair 0 0000intercom\nopen 0 0000intercom\n"
                                     "pair 0 trip\nopen 0 trip\n");
    solo_clear(s);
    solo_link(s, 1, key_of(l->carol));
    solo_clear(s);
    assert_int_equal(ic__sidechannel_join(s->sc, "new", NULL, NULL), 0);
    assert_string_equal(solo_run(s),
                        "pair 0 new\nopen 0 new\npair 1 new\nopen 1 new\njoin new\n");
    assert_int_equal(ic__sidechannel_connection_count(s->sc), 2);
    solo_unlink(s, 0);
    assert_int_equal(ic__sidechannel_connection_count(s->sc), 1);
    solo_free(s);
}

static void a_refused_channel_is_tried_five_times_more(void **state)
{
    letters *l = *state;
    solo *s = loud(l);
    s->refuses = true;
    assert_int_equal(ic__sidechannel_join(s->sc, "new", NULL, NULL), 0);
    solo_unlink(s, 1);
    for (uint64_t pause = 100; pause <= 500; pause += 100) {
        solo_clear(s);
        solo_wait(s, pause - 1);
        assert_string_equal(solo_run(s), "");
        solo_wait(s, 1);
        assert_string_equal(solo_run(s), "open 0 new\n");
    }
    solo_clear(s);
    assert_true(ic__sidechannel_deadline(s->sc) == IC__NEVER);
    solo_wait(s, 60000);
    assert_string_equal(solo_run(s), "");
    /* until the other side opens; what is refused then starts another burst */
    assert_true(ic__sc_link_asked(s->links[0], "sidechannel/new"));
    assert_string_equal(solo_run(s), "open 0 new\n");
    solo_wait(s, 100);
    assert_string_equal(solo_run(s), "open 0 new\nopen 0 new\n");
    s->refuses = false;
    solo_wait(s, 200);
    assert_non_null(solo_port_of(s, 0, "new"));
    solo_free(s);
}

static void only_paired_protocols_may_be_asked_for(void **state)
{
    letters *l = *state;
    solo *s = loud(l);
    assert_false(ic__sc_link_asked(s->links[0], "sidechannel/else"));
    assert_false(ic__sc_link_asked(s->links[0], "trip"));
    assert_false(ic__sc_link_asked(s->links[0], ""));
    assert_true(ic__sc_link_asked(s->links[0], "sidechannel/trip"));
    assert_string_equal(solo_run(s), ""); /* it is open already */
    solo_free(s);
}

static void a_channel_that_the_peer_closed_waits_for_it(void **state)
{
    letters *l = *state;
    solo *s = loud(l);
    solo_close(s, 0, "trip");
    say(l, "trip", "\"for those who are there\"");
    solo_wait(s, 60000);
    assert_int_equal(count_of(solo_run(s), "send "), 1);
    assert_true(heard(l, "send 1 trip"));
    solo_clear(s);
    assert_true(ic__sc_link_asked(s->links[0], "sidechannel/trip"));
    assert_string_equal(solo_run(s), "open 0 trip\n");
    say(l, "trip", "\"for all\"");
    assert_int_equal(count_of(solo_run(s), "send "), 2);
    solo_free(s);
}

static void leaving_closes_and_coming_back_opens_again(void **state)
{
    letters *l = *state;
    solo *s = loud(l);
    for (int i = 0; i < 3; i++) {
        solo_clear(s);
        assert_true(ic__sidechannel_leave(s->sc, "trip"));
        assert_string_equal(solo_run(s), "close 0 trip\nunpair 0 trip\n"
                                         "close 1 trip\nunpair 1 trip\nleave trip\n");
        solo_clear(s);
        assert_false(ic__sc_link_asked(s->links[0], "sidechannel/trip"));
        assert_int_equal(ic__sidechannel_join(s->sc, "trip", NULL, NULL), 0);
        assert_string_equal(solo_run(s), "pair 0 trip\nopen 0 trip\n"
                                         "pair 1 trip\nopen 1 trip\njoin trip\n");
    }
    /* both before the carrier had its turn: closed before it is opened again */
    solo_clear(s);
    assert_true(ic__sidechannel_leave(s->sc, "trip"));
    assert_int_equal(ic__sidechannel_join(s->sc, "trip", NULL, NULL), 0);
    (void)solo_run(s);
    assert_non_null(solo_port_of(s, 0, "trip"));
    const char *left = strstr(s->log.data, "unpair 0 trip");
    const char *back = strstr(s->log.data, "\npair 0 trip");
    assert_true(left && back && left < back);
    assert_true(strstr(s->log.data, "leave trip\njoin trip\n") != NULL);
    solo_free(s);
}

/* "If a channel is still opening, the message is sent once it is open." */
static void messages_wait_until_the_channel_is_open(void **state)
{
    letters *l = *state;
    solo *s = loud(l);
    s->deaf = true;
    assert_int_equal(ic__sidechannel_join(s->sc, "new", NULL, NULL), 0);
    say(l, "new", "1");
    say(l, "new", "2");
    solo_clear(s);
    ic__sc_port_opened(solo_port_of(s, 0, "new"), l->clock.now_ns);
    (void)solo_run(s);
    const char *first = strstr(s->log.data, "\"message\":1,");
    const char *second = strstr(s->log.data, "\"message\":2,");
    assert_true(first && second && first < second);
    /* the other one stays deaf: after ten seconds its messages are given up */
    assert_true(ic__sidechannel_backlog(s->sc, "new") > 0);
    solo_wait(s, 10000);
    assert_int_equal(solo_drops(s, IC__SC_DROP_QUEUE), 2);
    assert_int_equal(ic__sidechannel_backlog(s->sc, "new"), 0);
    assert_int_equal(ic__sidechannel_backlog(s->sc, "nowhere"), 0);
    solo_free(s);
}

static void a_choked_channel_keeps_its_messages_in_order(void **state)
{
    letters *l = *state;
    solo *s = letters_open(l);
    s->chokes = true;
    for (int i = 0; i < 5; i++) {
        char body[8];
        (void)snprintf(body, sizeof body, "%d", i);
        say(l, "trip", body);
    }
    assert_string_equal(solo_run(s), "");
    s->chokes = false;
    ic__sc_port_drained(solo_port_of(s, 1, "trip"));
    const char *at = solo_run(s);
    for (int i = 0; i < 5; i++) {
        char part[20];
        (void)snprintf(part, sizeof part, "\"message\":%d,", i);
        at = strstr(at, part);
        assert_non_null(at);
    }
    assert_false(heard(l, "send 0"));
    solo_free(s);
}

static void a_slow_connection_loses_messages_and_no_other_does(void **state)
{
    letters *l = *state;
    l->options.max_queued_bytes = 2000;
    solo *s = letters_open(l);
    s->chokes = true;
    say(l, "trip", "0");
    (void)solo_run(s);
    s->chokes = false;
    ic__sc_port_drained(solo_port_of(s, 1, "trip"));
    for (int i = 0; i < 20; i++) {
        say(l, "trip", "1");
        (void)solo_run(s);
    }
    assert_int_equal(count_of(s->log.data, "send 1 trip"), 21);
    uint64_t lost = solo_drops(s, IC__SC_DROP_QUEUE);
    assert_true(lost > 10);
    assert_true(ic__sidechannel_backlog(s->sc, "trip") <= 2000);
    ic__sc_port_drained(solo_port_of(s, 0, "trip"));
    (void)solo_run(s);
    assert_int_equal(count_of(s->log.data, "send 0 trip"), 21 - lost);
    solo_free(s);
}

static void connections_are_limited(void **state)
{
    letters *l = *state;
    ic__sc_link *link = NULL;
    l->options.max_links = 2;
    solo *s = letters_open(l);
    const uint8_t *key = ic_identity_public_key(l->dave);
    assert_int_equal(ic__sc_link_attach(s->sc, key, NULL, l->clock.now_ns, &link),
                     IC_ERR_LIMIT);
    solo_unlink(s, 0);
    assert_int_equal(ic__sc_link_attach(s->sc, key, NULL, l->clock.now_ns, &link), 0);
    ic__sidechannel_stop(s->sc);
    assert_int_equal(ic__sc_link_attach(s->sc, key, NULL, l->clock.now_ns, &link),
                     IC_ERR_CLOSED);
    solo_free(s);
}

/* ---- proof of work ---- */

static solo *working(letters *l)
{
    l->options.policy.pow = true;
    l->options.policy.pow_difficulty = 4;
    solo *s = letters_open(l);
    s->lazy = true;
    return s;
}

/* spec/12, 4; what others find last must not come last */
static void worked_messages_leave_in_the_order_they_were_written(void **state)
{
    letters *l = *state;
    solo *s = working(l);
    for (int i = 0; i < 10; i++) {
        char body[8];
        (void)snprintf(body, sizeof body, "%d", i);
        say(l, "trip", body);
    }
    say(l, "0000intercom", "\"elsewhere\"");
    assert_string_equal(solo_run(s), "");
    assert_int_equal(s->work_count, 11);
    solo_work(s); /* the last one first */
    const char *at = s->log.data;
    assert_memory_equal(at, "send 0 0000intercom", 19); /* rooms do not wait for others */
    for (int i = 0; i < 10; i++) {
        char part[20];
        (void)snprintf(part, sizeof part, "\"message\":%d,", i);
        at = strstr(at, part);
        assert_non_null(at);
    }
    assert_int_equal(count_of(s->log.data, "\"difficulty\":4}"), 22);
    assert_int_equal(ic__sidechannel_get_stats(s->sc).works, 11);
    solo_free(s);
}

static void nobody_works_for_nobody(void **state)
{
    letters *l = *state;
    solo *s = working(l);
    solo_unlink(s, 0);
    solo_unlink(s, 1);
    say(l, "trip", "\"hello?\"");
    (void)solo_run(s);
    assert_int_equal(s->work_count, 0);
    solo_free(s);
}

static void leaving_cancels_the_work(void **state)
{
    letters *l = *state;
    solo *s = working(l);
    say(l, "trip", "1");
    (void)solo_run(s);   /* begun */
    say(l, "trip", "2"); /* not yet */
    assert_true(ic__sidechannel_leave(s->sc, "trip"));
    solo_clear(s);
    assert_int_equal(s->work_count, 1);
    assert_true(ic__work_run(s->works[0], 0) || ic__work_run(s->works[0], UINT64_MAX));
    uint64_t nonce;
    assert_int_equal(ic__work_nonce(s->works[0], &nonce), IC_ERR_CANCELED);
    solo_work(s);
    assert_string_equal(solo_run(s), "");
    solo_free(s);
}

static void drafts_are_limited_in_number_and_bytes(void **state)
{
    letters *l = *state;
    l->options.max_drafts = 3;
    solo *s = working(l);
    ic__json *body = letters_json("\"hi\"");
    for (int i = 0; i < 3; i++)
        say(l, "trip", "\"hi\"");
    assert_int_equal(ic__sidechannel_send(s->sc, "trip", body, NULL, NULL), IC_ERR_AGAIN);
    (void)solo_run(s);
    solo_work(s);
    assert_int_equal(ic__sidechannel_send(s->sc, "trip", body, NULL, NULL), 0);
    (void)solo_run(s);
    solo_free(s);

    l->options.max_drafts = 100;
    l->options.max_draft_bytes = 1000;
    s = working(l);
    int sent = 0;
    while (ic__sidechannel_send(s->sc, "trip", body, NULL, NULL) == 0)
        sent++;
    assert_in_range(sent, 1, 3);
    (void)solo_run(s);
    solo_free(s);
    ic__json_free(body);
}

/* Work that was lost (no thread, no memory) loses its message and holds up no other. */
static void a_message_whose_work_fails_is_dropped_alone(void **state)
{
    letters *l = *state;
    solo *s = working(l);
    say(l, "trip", "1");
    say(l, "trip", "2");
    (void)solo_run(s);
    ic__sidechannel_worked(s->sc, s->works[0]); /* not begun */
    s->works[0] = s->works[1];
    s->work_count = 1;
    solo_work(s);
    assert_false(heard(l, "\"message\":1,"));
    assert_true(heard(l, "\"message\":2,"));
    assert_int_equal(solo_drops(s, IC__SC_DROP_MEMORY), 1);
    solo_free(s);
}

/* ---- memory ---- */

typedef struct life {
    letters *l;
    char json[2000];
} life;

static void opened(ic__sidechannel *sc, ic__sc_event *e, ic__sc_port **last)
{
    (void)sc;
    if (e->what == IC__SC_OPEN) {
        ic__sc_port_opened(e->port, 1);
        *last = e->port;
    }
}

static void run_dry(ic__sidechannel *sc, ic__sc_port **last)
{
    ic__sc_event e;
    while (ic__sidechannel_next(sc, &e)) {
        if (e.what == IC__SC_WORK) {
            while (!ic__work_run(e.work, UINT64_MAX))
                ;
            ic__sidechannel_worked(sc, e.work);
        }
        opened(sc, &e, last);
    }
}

static void live(void *arg)
{
    life *f = arg;
    letters *l = f->l;
    ic__sidechannel *sc = NULL;
    ic__sc_link *links[2] = {0};
    ic__sc_port *last = NULL;
    ic__json *body = NULL;
    ic__buf why = {0};
    ic__buf message = {0};
    int error = ic__sidechannel_new(&l->options, &sc, &why);
    if (!error) {
        ic__sidechannel_start(sc);
        error =
            ic__sc_link_attach(sc, ic_identity_public_key(l->alice), NULL, 1, &links[0]);
    }
    if (!error)
        error =
            ic__sc_link_attach(sc, ic_identity_public_key(l->carol), NULL, 1, &links[1]);
    if (!error)
        error = ic__json_parse("\"hi\"", 4, &body);
    if (!error) {
        run_dry(sc, &last);
        error = ic__sidechannel_send(sc, "trip", body, NULL, NULL);
        run_dry(sc, &last);
    }
    if (!error) {
        ic__message_write(&message, f->json, strlen(f->json));
        if (last && !message.bad)
            ic__sc_port_message(last, 0, (const uint8_t *)message.data, message.len, 2);
        run_dry(sc, &last);
        (void)ic__sidechannel_leave(sc, "trip");
        run_dry(sc, &last);
        ic__sc_link_detach(links[0], 3);
    }
    assert_true(error == 0 || error == IC_ERR_NOMEM);
    ic__json_free(body);
    ic__buf_free(&message);
    ic__buf_free(&why);
    ic__sidechannel_free(sc);
}

static void survives_each_failed_allocation(void **state)
{
    letters *l = *state;
    life f = {.l = l};
    ic__buf json = {0};
    letter(l, l->alice, "trip", "{\"any\":[1,2,3]}", &json);
    (void)snprintf(f.json, sizeof f.json, "%s", json.data);
    ic__buf_free(&json);
    l->options.policy.pow_difficulty = 2;
    l->options.policy.pow = true;
    l->options.policy.pow_channels = "0000intercom";
    fail_alloc_each(live, &f);
    l->options.policy.pow_channels = "trip";
    fail_alloc_each(live, &f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LETTERS_TEST(every_channel_is_opened_on_every_connection),
        LETTERS_TEST(a_refused_channel_is_tried_five_times_more),
        LETTERS_TEST(only_paired_protocols_may_be_asked_for),
        LETTERS_TEST(a_channel_that_the_peer_closed_waits_for_it),
        LETTERS_TEST(leaving_closes_and_coming_back_opens_again),
        LETTERS_TEST(messages_wait_until_the_channel_is_open),
        LETTERS_TEST(a_choked_channel_keeps_its_messages_in_order),
        LETTERS_TEST(a_slow_connection_loses_messages_and_no_other_does),
        LETTERS_TEST(connections_are_limited),
        LETTERS_TEST(worked_messages_leave_in_the_order_they_were_written),
        LETTERS_TEST(nobody_works_for_nobody),
        LETTERS_TEST(leaving_cancels_the_work),
        LETTERS_TEST(drafts_are_limited_in_number_and_bytes),
        LETTERS_TEST(a_message_whose_work_fails_is_dropped_alone),
        LETTERS_TEST(survives_each_failed_allocation),
    };
    return cmocka_run_group_tests_name("sidechannel/link", tests, NULL, NULL);
}
