#include <string.h>

#include "fail_alloc.h"
#include "intercom/error.h"
#include "sidechannel/policy.h"
#include "unit.h"

#define SELF "aa00000000000000000000000000000000000000000000000000000000000000"
#define OTHER "bb00000000000000000000000000000000000000000000000000000000000000"

static ic__policy policy_of(const ic__policy_options *options)
{
    ic__policy p = {0};
    ic__buf why = {0};
    if (ic__policy_init(&p, options, SELF, &why) != 0)
        fail_msg("%s", why.data);
    ic__buf_free(&why);
    return p;
}

/* spec/12, 6: "Which channels need what" */
static void invites_are_needed_where_configured(void **state)
{
    static const struct {
        bool required;
        const char *channels;
        const char *prefixes;
        const char *channel;
        bool needed;
    } table[] = {
        {false, "priv", NULL, "priv", false},
        {true, NULL, NULL, "any", true},
        {true, NULL, NULL, "0000intercom", false},
        {true, "priv, b", NULL, "b", true},
        {true, "priv", NULL, "other", false},
        {true, NULL, "swap-,x:", "swap-1", true},
        {true, NULL, "swap-", "Swap-1", false},
        {true, "priv", "swap-", "priv", true},
        {true, " , ", NULL, "any", true},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        ic__policy_options o;
        ic__policy_options_default(&o);
        o.invite_required = table[i].required;
        o.invite_channels = table[i].channels;
        o.invite_prefixes = table[i].prefixes;
        ic__policy p = policy_of(&o);
        if (ic__policy_invite_required(&p, table[i].channel) != table[i].needed)
            fail_msg("row %zu", i);
        ic__policy_free(&p);
    }
}

static void inviters_are_the_listed_ones_or_oneself(void **state)
{
    ic__policy_options o;
    ic__policy_options_default(&o);
    ic__policy p = policy_of(&o);
    assert_false(ic__policy_is_inviter(&p, SELF));
    assert_true(ic__policy_trusts_inviter(&p, OTHER)); /* no list: any */
    ic__policy_free(&p);
    o.invite_required = true;
    p = policy_of(&o);
    assert_true(ic__policy_is_inviter(&p, SELF));
    assert_false(ic__policy_trusts_inviter(&p, OTHER));
    ic__policy_free(&p);
    o.inviter_keys = " BB00000000000000000000000000000000000000000000000000000000000000 ";
    p = policy_of(&o);
    assert_true(ic__policy_is_inviter(&p, OTHER));
    assert_false(ic__policy_is_inviter(&p, SELF));
    ic__policy_free(&p);
}

static void owners_and_welcomes(void **state)
{
    ic__policy_options o;
    ic__policy_options_default(&o);
    o.owners = "pub1:" SELF ", pub2=" OTHER ",pub2:" SELF;
    o.owner_write_channels = "pub1,0000intercom";
    ic__policy p = policy_of(&o);
    assert_string_equal(ic__policy_owner(&p, "pub1"), SELF);
    assert_true(ic__policy_owner_is_self(&p, "pub2")); /* the last one counts */
    assert_null(ic__policy_owner(&p, "pub3"));
    assert_true(ic__policy_owner_only(&p, "pub1"));
    assert_false(ic__policy_owner_only(&p, "0000intercom"));
    assert_false(ic__policy_owner_only(&p, "pub2"));
    assert_true(ic__policy_welcome_required(&p, "pub2"));
    assert_false(ic__policy_welcome_required(&p, "0000intercom"));
    ic__policy_free(&p);
    o.owner_write_only = true;
    p = policy_of(&o);
    assert_true(ic__policy_owner_only(&p, "anything"));
    ic__policy_free(&p);
}

/* spec/12, 4 */
static void work_is_needed_where_configured(void **state)
{
    ic__policy_options o;
    ic__policy_options_default(&o);
    ic__policy p = policy_of(&o);
    assert_true(ic__policy_work_required(&p, "any"));
    ic__policy_free(&p);
    o.pow_entry_only = true;
    p = policy_of(&o);
    assert_false(ic__policy_work_required(&p, "any"));
    assert_true(ic__policy_work_required(&p, "0000intercom"));
    ic__policy_free(&p);
    o.pow_channels = "c1";
    p = policy_of(&o);
    assert_true(ic__policy_work_required(&p, "c1"));
    assert_false(ic__policy_work_required(&p, "0000intercom"));
    ic__policy_free(&p);
    o.pow_difficulty = 0;
    p = policy_of(&o);
    assert_false(ic__policy_work_required(&p, "c1"));
    ic__policy_free(&p);
}

static void what_cannot_be_meant_is_refused_with_a_sentence(void **state)
{
    ic__policy_options bad[4];
    for (size_t i = 0; i < 4; i++)
        ic__policy_options_default(&bad[i]);
    bad[0].entry_channel = "  ";
    bad[1].inviter_keys = "abc";
    bad[2].owners = "pub1";
    bad[3].owners = ":" SELF;
    for (size_t i = 0; i < 4; i++) {
        ic__policy p;
        ic__buf why = {0};
        assert_int_equal(ic__policy_init(&p, &bad[i], SELF, &why), IC_ERR_INVALID);
        assert_true(why.len > 10);
        ic__buf_free(&why);
    }
}

static void make_policy(void *arg)
{
    ic__policy p;
    if (ic__policy_init(&p, arg, SELF, &(ic__buf){0}) == 0)
        ic__policy_free(&p);
}

static void survives_each_failed_allocation(void **state)
{
    ic__policy_options o;
    ic__policy_options_default(&o);
    o.channels = "a,b,c";
    o.invite_required = true;
    o.invite_prefixes = "x,y";
    o.owners = "pub1:" SELF ",pub2:" OTHER;
    fail_alloc_each(make_policy, &o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(invites_are_needed_where_configured),
        cmocka_unit_test(inviters_are_the_listed_ones_or_oneself),
        cmocka_unit_test(owners_and_welcomes),
        cmocka_unit_test(work_is_needed_where_configured),
        cmocka_unit_test(what_cannot_be_meant_is_refused_with_a_sentence),
        cmocka_unit_test(survives_each_failed_allocation),
    };
    return cmocka_run_group_tests_name("sidechannel/policy", tests, NULL, NULL);
}
