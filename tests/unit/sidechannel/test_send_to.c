/* A message for one peer alone (sidechannel.h): no other hears it, nobody relays it. */
#include "letters.h"

static int say_to(letters *l, const char *channel, const ic_identity *who)
{
    ic__json *message = letters_json("\"only for you\"");
    int error = ic__sidechannel_send_to(l->solo.sc, channel, key_of(who), message);

    ic__json_free(message);
    return error;
}

static void only_the_one_it_is_for_hears_it(void **state)
{
    letters *l = *state;
    solo *s = letters_open(l);
    s->verbose = true;
    assert_int_equal(say_to(l, "trip", l->carol), 0);
    const char *log = solo_run(s);
    assert_non_null(strstr(log, "send 1 trip"));
    assert_null(strstr(log, "send 0 "));
    assert_non_null(strstr(log, "\"ttl\":0"));
    assert_non_null(strstr(log, "only for you"));
    solo_free(s);
}

static void who_is_not_there_is_not_found(void **state)
{
    letters *l = *state;
    solo *s = letters_open(l);
    assert_int_equal(say_to(l, "trip", l->dave), IC_ERR_NOT_FOUND);
    assert_int_equal(say_to(l, "elsewhere", l->carol), IC_ERR_NOT_FOUND);
    solo_close(s, 1, "trip");
    assert_int_equal(say_to(l, "trip", l->carol), IC_ERR_NOT_FOUND);
    solo_free(s);
}

static void an_owners_channel_stays_the_owners(void **state)
{
    letters *l = *state;
    l->options.policy.channels = "pub1";
    l->options.policy.owner_write_only = true;
    solo *s = letters_open(l);
    assert_int_equal(say_to(l, "pub1", l->carol), IC_ERR_DENIED);
    solo_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LETTERS_TEST(only_the_one_it_is_for_hears_it),
        LETTERS_TEST(who_is_not_there_is_not_found),
        LETTERS_TEST(an_owners_channel_stays_the_owners),
    };

    return cmocka_run_group_tests_name("sidechannel/send_to", tests, NULL, NULL);
}
