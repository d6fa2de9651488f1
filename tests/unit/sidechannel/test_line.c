/* spec/12, 5 and 8: signatures that other threads verify change nothing but the time. */
#include <stdio.h>

#include "fail_alloc.h"
#include "letters.h"

static uint64_t delivered(const letters *l)
{
    return ic__sidechannel_get_stats(l->solo.sc).delivered;
}

/* With a line of so many, and threads that take their time. The first letter of a crowd
 * comes alone. */
static solo *open_slow(letters *l, uint32_t max_line)
{
    l->options.max_line = max_line;
    solo *s = letters_open(l);
    s->slow = true;
    bring(l, 0, l->alice, "trip", "\"first\"");
    assert_int_equal(delivered(l), 1);
    assert_int_equal(s->check_count, 0);
    return s;
}

/* Do these texts stand in the log in this order? */
static bool in_order(const letters *l, const char *a, const char *b)
{
    const char *at = strstr(l->solo.log.data, a);
    return at && strstr(at, b);
}

static void check_all(solo *s)
{
    while (s->check_count)
        solo_check(s, 0);
}

static void who_speaks_alone_does_not_wait(void **state)
{
    letters *l = *state;
    solo *s = open_slow(l, 8);
    for (int i = 0; i < 3; i++) {
        solo_wait(s, 1);
        bring(l, 0, l->alice, "trip", "\"alone\"");
    }
    assert_int_equal(delivered(l), 4);
    assert_int_equal(s->check_count, 0);
    solo_free(s);
}

static void messages_are_told_in_order_whichever_is_verified_first(void **state)
{
    letters *l = *state;
    solo *s = open_slow(l, 8);
    bring(l, 0, l->alice, "trip", "\"second\"");
    bring(l, 1, l->carol, "trip", "\"third\"");
    bring(l, 0, l->alice, "trip", "\"fourth\"");
    assert_int_equal(s->check_count, 3);
    solo_check(s, 2);
    solo_check(s, 1);
    assert_int_equal(delivered(l), 1);
    solo_check(s, 0);
    assert_int_equal(delivered(l), 4);
    assert_true(in_order(l, "second", "third"));
    assert_true(in_order(l, "third", "fourth"));
    assert_false(heard(l, "unsigned"));
    solo_free(s);
}

/* The letter without its signature, which is its last member. */
static void bring_unsigned(letters *l, const char *body)
{
    ic__buf json = {0};
    letter(l, l->alice, "trip", body, &json);
    char *sig = strstr(json.data, ",\"sig\":");
    assert_non_null(sig);
    (void)snprintf(sig, 2, "}");
    solo_receive(&l->solo, 0, "trip", json.data, strlen(json.data));
    ic__buf_free(&json);
}

static void what_is_not_signed_keeps_its_place(void **state)
{
    letters *l = *state;
    solo *s = open_slow(l, 8);
    bring(l, 0, l->alice, "trip", "\"second\"");
    bring_unsigned(l, "\"third\"");
    assert_int_equal(delivered(l), 1);
    assert_int_equal(s->check_count, 1);
    check_all(s);
    assert_int_equal(delivered(l), 3);
    assert_true(in_order(l, "second", "message trip unsigned"));
    solo_free(s);
}

static void a_wrong_signature_is_dropped_alone(void **state)
{
    letters *l = *state;
    ic__buf json = {0};
    solo *s = open_slow(l, 8);
    letter(l, l->alice, "trip", "\"true\"", &json);
    memcpy(strstr(json.data, "true"), "fake", 4);
    solo_receive(s, 0, "trip", json.data, json.len);
    memcpy(strstr(json.data, "sig\":\"") + 6, "xyz", 3); /* not even hex */
    solo_receive(s, 0, "trip", json.data, json.len);
    bring(l, 0, l->alice, "trip", "\"behind it\"");
    check_all(s);
    assert_int_equal(solo_drops(s, IC__SC_DROP_SIGNATURE), 2);
    assert_false(heard(l, "fake"));
    assert_true(heard(l, "behind it"));
    ic__buf_free(&json);
    solo_free(s);
}

static void a_copy_in_line_is_told_once(void **state)
{
    letters *l = *state;
    ic__buf json = {0};
    solo *s = open_slow(l, 8);
    letter(l, l->alice, "trip", "\"second\"", &json);
    solo_receive(s, 0, "trip", json.data, json.len);
    solo_receive(s, 1, "trip", json.data, json.len);
    check_all(s);
    assert_int_equal(delivered(l), 2);
    assert_int_equal(solo_drops(s, IC__SC_DROP_DUPLICATE), 1);
    ic__buf_free(&json);
    solo_free(s);
}

/* Then it is verified here: nobody waits for threads that are late. */
static void the_line_is_limited_in_number_and_bytes(void **state)
{
    letters *l = *state;
    solo *s = open_slow(l, 4);
    for (int i = 0; i < 4; i++)
        bring(l, 0, l->alice, "trip", "\"in line\"");
    assert_int_equal(delivered(l), 1);
    bring(l, 0, l->alice, "trip", "\"too many\"");
    assert_int_equal(delivered(l), 5);
    check_all(s);
    assert_int_equal(delivered(l), 6);
    solo_free(s);
    l->options.max_line_bytes = 700; /* a letter has some 500 */
    s = open_slow(l, 4);
    bring(l, 0, l->alice, "trip", "\"in line\"");
    assert_int_equal(delivered(l), 1);
    bring(l, 0, l->alice, "trip", "\"too large\"");
    assert_int_equal(delivered(l), 2);
    solo_free(s);
}

static void what_a_peer_said_before_it_went_is_told(void **state)
{
    letters *l = *state;
    solo *s = open_slow(l, 8);
    bring(l, 0, l->alice, "trip", "\"second\"");
    bring(l, 0, l->alice, "trip", "\"third\"");
    solo_unlink(s, 0);
    (void)solo_run(s);
    assert_int_equal(delivered(l), 3);
    assert_true(in_order(l, "second", "third"));
    check_all(s); /* for nothing */
    assert_int_equal(delivered(l), 3);
    solo_free(s);
}

static void a_channel_that_is_left_takes_its_messages_along(void **state)
{
    letters *l = *state;
    l->options.policy.channels = "trip,other";
    solo *s = open_slow(l, 8);
    bring(l, 0, l->alice, "trip", "\"in the room\"");
    bring(l, 0, l->alice, "other", "\"elsewhere\"");
    assert_true(ic__sidechannel_leave(s->sc, "trip"));
    (void)solo_run(s);
    assert_int_equal(delivered(l), 1);
    check_all(s);
    assert_int_equal(delivered(l), 2);
    assert_true(heard(l, "elsewhere"));
    assert_false(heard(l, "in the room"));
    solo_free(s);
}

static void stopping_forgets_the_line(void **state)
{
    letters *l = *state;
    solo *s = open_slow(l, 8);
    bring(l, 0, l->alice, "trip", "\"second\"");
    bring(l, 0, l->alice, "trip", "\"third\"");
    ic__sidechannel_stop(s->sc);
    solo_check(s, 0);
    assert_int_equal(delivered(l), 1);
    solo_free(s); /* with a check that never came back */
}

/* ---- memory ---- */

typedef struct rush {
    letters *l;
    ic__sidechannel *sc;
    ic__sc_port *port;
    ic__buf messages[3];
} rush;

static void do_all(rush *r)
{
    ic__sc_event e;
    while (ic__sidechannel_next(r->sc, &e)) {
        if (e.what == IC__SC_CHECK)
            ic__sidechannel_checked(r->sc, e.check);
        if (e.what == IC__SC_OPEN) {
            ic__sc_port_opened(e.port, 1);
            r->port = strstr(e.protocol, "trip") ? e.port : r->port;
        }
    }
}

static void come_in_a_rush(void *arg)
{
    rush *r = arg;
    ic__buf why = {0};
    ic__sc_link *link;
    r->port = NULL;
    int error = ic__sidechannel_new(&r->l->options, &r->sc, &why);
    ic__buf_free(&why);
    if (error)
        return;
    ic__sidechannel_start(r->sc);
    error =
        ic__sc_link_attach(r->sc, ic_identity_public_key(r->l->alice), NULL, 1, &link);
    do_all(r);
    for (size_t i = 0; !error && r->port && i < 3; i++)
        ic__sc_port_message(r->port, 0, (const uint8_t *)r->messages[i].data,
                            r->messages[i].len, 2 + i);
    do_all(r);
    ic__sidechannel_free(r->sc);
}

static void survives_each_failed_allocation(void **state)
{
    letters *l = *state;
    rush r = {.l = l};
    l->options.max_line = 8;
    for (size_t i = 0; i < 3; i++) {
        ic__buf json = {0};
        letter(l, l->alice, "trip", "[1]", &json);
        ic__message_write(&r.messages[i], json.data, json.len);
        ic__buf_free(&json);
    }
    fail_alloc_each(come_in_a_rush, &r);
    for (size_t i = 0; i < 3; i++)
        ic__buf_free(&r.messages[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LETTERS_TEST(who_speaks_alone_does_not_wait),
        LETTERS_TEST(messages_are_told_in_order_whichever_is_verified_first),
        LETTERS_TEST(what_is_not_signed_keeps_its_place),
        LETTERS_TEST(a_wrong_signature_is_dropped_alone),
        LETTERS_TEST(a_copy_in_line_is_told_once),
        LETTERS_TEST(the_line_is_limited_in_number_and_bytes),
        LETTERS_TEST(what_a_peer_said_before_it_went_is_told),
        LETTERS_TEST(a_channel_that_is_left_takes_its_messages_along),
        LETTERS_TEST(stopping_forgets_the_line),
        LETTERS_TEST(survives_each_failed_allocation),
    };
    return cmocka_run_group_tests_name("sidechannel/line", tests, NULL, NULL);
}
