/* spec/12, 5 to 11: peers that flood, forge and ask for too much. */
#include <stdio.h>

#include "base/env.h"
#include "letters.h"
#include "sidechannel/invite.h"

#define SECOND_MS 1000

static uint64_t blocks(const solo *s)
{
    return ic__sidechannel_get_stats(s->sc).blocks;
}

/* ---- floods ---- */

/* Fill the budget of link `i` until it is blocked. */
static void block(letters *l, size_t i)
{
    char *text = calloc(1, 100001);
    uint64_t before = blocks(&l->solo);
    memset(text, ' ', 100000);
    text[0] = '1';
    for (int n = 0; blocks(&l->solo) == before; n++) {
        assert_true(n < 20);
        solo_receive(&l->solo, i, "0000intercom", text, 100000);
    }
    free(text);
}

static void a_flood_blocks_its_sender_only(void **state)
{
    letters *l = *state;
    solo *s = letters_open(l);
    block(l, 0);
    assert_true(solo_drops(s, IC__SC_DROP_RATE) >= 3);
    bring(l, 0, l->alice, "trip", "\"blocked\"");
    assert_string_equal(s->log.data, "");
    assert_int_equal(solo_drops(s, IC__SC_DROP_BLOCKED), 1);
    bring(l, 1, l->carol, "trip", "\"free\"");
    assert_true(heard(l, "message trip signed"));
    solo_wait(s, 30 * SECOND_MS);
    solo_clear(s);
    bring(l, 0, l->alice, "trip", "\"free again\"");
    assert_true(heard(l, "free again"));
    solo_free(s);
}

/* Rule 14 */
static void who_hangs_up_and_comes_back_has_the_same_budget(void **state)
{
    letters *l = *state;
    solo *s = letters_open(l);
    block(l, 0);
    solo_link(s, 2, key_of(l->alice)); /* a second connection does not help either */
    bring(l, 2, l->alice, "trip", "\"second\"");
    solo_unlink(s, 0);
    solo_unlink(s, 2);
    solo_wait(s, SECOND_MS);
    solo_link(s, 0, key_of(l->alice));
    bring(l, 0, l->alice, "trip", "\"back\"");
    assert_false(heard(l, "message"));
    solo_wait(s, 30 * SECOND_MS);
    bring(l, 0, l->alice, "trip", "\"free\"");
    assert_true(heard(l, "message trip"));
    solo_free(s);
}

static void only_so_many_are_remembered_who_are_gone(void **state)
{
    letters *l = *state;
    l->options.max_gone = 1;
    solo *s = letters_open(l);
    block(l, 0);
    solo_wait(s, SECOND_MS);
    block(l, 1);
    solo_unlink(s, 0);
    solo_unlink(s, 1); /* hers lasts longer */
    solo_link(s, 0, key_of(l->alice));
    solo_link(s, 1, key_of(l->carol));
    bring(l, 0, l->alice, "trip", "\"forgotten\"");
    bring(l, 1, l->carol, "trip", "\"remembered\"");
    assert_true(heard(l, "forgotten"));
    assert_false(heard(l, "remembered"));
    solo_free(s);
}

static void who_goes_on_flooding_is_hung_up_on_once(void **state)
{
    letters *l = *state;
    l->options.max_blocked_bytes = 150000;
    solo *s = letters_open(l);
    block(l, 0);
    char *text = calloc(1, 100001);
    memset(text, ' ', 100000);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(heard(l, "hang up 0\n"), i > 1);
        solo_receive(s, 0, "trip", text, 100000);
    }
    free(text);
    assert_string_equal(s->log.data, "hang up 0\n");
    solo_free(s);
}

/* Rule 15 */
static void relaying_has_a_budget_of_its_own(void **state)
{
    letters *l = *state;
    l->options.policy.relay_bytes_per_s = 100;
    l->options.policy.relay_burst_bytes = 1000;
    solo *s = letters_open(l);
    for (int i = 0; i < 10; i++)
        bring(l, 0, l->alice, "trip", "\"some forty bytes of text for the envelope\"");
    ic__sidechannel_stats stats = ic__sidechannel_get_stats(s->sc);
    assert_int_equal(stats.delivered, 10);
    assert_in_range(stats.relayed, 1, 2);
    assert_int_equal(solo_drops(s, IC__SC_DROP_RELAY_RATE), 10 - stats.relayed);
    bring(l, 1, l->carol, "trip", "\"another's budget\"");
    assert_true(heard(l, "send 0 trip"));
    solo_free(s);
}

/* ---- invites and welcomes ---- */

static void write_invite(letters *l, const ic_identity *by, const ic_identity *who,
                         const char *nonce, ic__buf *out)
{
    ic__invite_terms terms = {
        .channel = "priv1",
        .invitee = key_of(who),
        .issued_ms = l->clock.wall_ms,
        .expires_ms = l->clock.wall_ms + 3600000,
    };
    memcpy(terms.nonce, nonce, IC__NONCE_CHARS);
    ic__invite_write(out, &terms, by);
}

static void close_doors(letters *l)
{
    l->options.policy.invite_required = true; /* bob is the inviter */
    l->options.policy.invite_channels = "priv1";
    l->options.policy.channels = "priv1";
}

static void bring_invite(letters *l, size_t link, const ic_identity *author,
                         const char *invite)
{
    ic__buf body = {0};
    ic__buf_printf(&body, "{\"control\":\"auth\",\"invite\":%s}", invite);
    bring(l, link, author, "priv1", body.data);
    ic__buf_free(&body);
}

static void forged_invites_are_strikes_and_missing_ones_are_not(void **state)
{
    letters *l = *state;
    ic__buf invite = {0};
    close_doors(l);
    solo *s = letters_open(l);
    for (int i = 0; i < 5; i++)
        bring(l, 0, l->alice, "priv1", "\"let me in\"");
    write_invite(l, l->bob, l->carol, "01234567", &invite);
    bring_invite(l, 0, l->alice, invite.data); /* somebody else's */
    assert_int_equal(solo_drops(s, IC__SC_DROP_INVITE), 6);
    assert_int_equal(ic__sidechannel_get_stats(s->sc).strikes, 0);
    ic__buf_reset(&invite);
    write_invite(l, l->bob, l->alice, "01234567", &invite);
    memcpy(strstr(invite.data, "01234567"), "12345678", 8);
    for (int i = 0; i < 3; i++)
        bring_invite(l, 0, l->alice, invite.data);
    assert_int_equal(solo_drops(s, IC__SC_DROP_BAD_INVITE), 3);
    assert_int_equal(blocks(s), 1);
    ic__buf_free(&invite);
    solo_free(s);
}

/* 5 and 7: its messages go nowhere from the first one on, then not even that far; guests
 * are heard as before. */
static void who_floods_a_closed_room_is_blocked_unheard(void **state)
{
    letters *l = *state;
    ic__buf invite = {0};
    close_doors(l);
    solo *s = letters_open(l);
    write_invite(l, l->bob, l->carol, "01234567", &invite);
    bring_invite(l, 1, l->carol, invite.data);
    solo_clear(s);
    for (int i = 0; i < 2000 && !blocks(s); i++)
        bring(l, 0, l->alice, "priv1", "\"some text from nobody\"");
    assert_int_equal(blocks(s), 1);
    uint64_t strangers = solo_drops(s, IC__SC_DROP_INVITE);
    assert_true(strangers > 100);
    for (int i = 0; i < 500; i++)
        bring(l, 0, l->alice, "priv1", "\"some text from nobody\"");
    assert_int_equal(solo_drops(s, IC__SC_DROP_INVITE), strangers);
    assert_int_equal(solo_drops(s, IC__SC_DROP_BLOCKED), 500);
    assert_string_equal(s->log.data, ""); /* not told, handed on or answered */
    bring(l, 1, l->carol, "priv1", "\"from a guest\"");
    assert_true(heard(l, "message priv1 signed"));
    assert_false(heard(l, "send 0"));
    ic__buf_free(&invite);
    solo_free(s);
}

static void a_channel_remembers_so_many_guests(void **state)
{
    letters *l = *state;
    const ic_identity *guests[] = {l->alice, l->carol};
    close_doors(l);
    l->options.max_guests = 1;
    solo *s = letters_open(l);
    for (size_t i = 0; i < 2; i++) {
        ic__buf invite = {0};
        write_invite(l, l->bob, guests[i], "01234567", &invite);
        bring_invite(l, i, guests[i], invite.data);
        bring(l, i, guests[i], "priv1", "\"hello\"");
        ic__buf_free(&invite);
    }
    assert_int_equal(ic__sidechannel_get_stats(s->sc).delivered, 2);
    solo_clear(s);
    bring(l, 0, l->alice, "priv1", "\"forgotten\"");
    bring(l, 1, l->carol, "priv1", "\"remembered\"");
    assert_false(heard(l, "forgotten"));
    assert_true(heard(l, "remembered"));
    /* who is not known any more does not get what is said */
    assert_false(heard(l, "send 0"));
    solo_free(s);
}

/* Ours: the reference welcomes only those who were guests when the channel opened. */
static void the_owner_welcomes_a_new_guest(void **state)
{
    letters *l = *state;
    ic__buf invite = {0};
    ic__buf welcome = {0};
    ic__buf_printf(&l->owners, ",priv1:%s", key_of(l->bob));
    l->options.policy.owners = l->owners.data;
    close_doors(l);
    solo *s = letters_open(l);
    assert_int_equal(ic__sidechannel_welcome(s->sc, "priv1", "come in", &welcome), 0);
    write_invite(l, l->bob, l->alice, "01234567", &invite);
    solo_clear(s);
    bring_invite(l, 0, l->alice, invite.data);
    assert_true(heard(l, "send 0 priv1 "));
    assert_true(heard(l, "\"message\":{\"control\":\"welcome\",\"welcome\":{"));
    assert_false(heard(l, "send 1"));
    solo_clear(s);
    bring_invite(l, 0, l->alice, invite.data);
    assert_string_equal(s->log.data, "");
    ic__buf_free(&invite);
    ic__buf_free(&welcome);
    solo_free(s);
}

static void forged_welcomes_are_strikes(void **state)
{
    letters *l = *state;
    l->options.policy.welcome_required = true;
    l->options.policy.channels = "pub1";
    solo *s = letters_open(l);
    const json_t *v = json_array_get(json_object_get(l->doc, "welcomes"), 0);
    const json_t *foreign = json_array_get(json_object_get(l->doc, "welcomes"), 1);
    ic__buf body = {0};
    ic__buf_printf(&body, "{\"control\":\"welcome\",\"welcome\":%s}",
                   vectors_text(foreign, "json"));
    for (int i = 0; i < 5; i++)
        bring(l, 1, l->carol, "pub1", body.data);
    assert_int_equal(solo_drops(s, IC__SC_DROP_WELCOME), 5);
    assert_int_equal(ic__sidechannel_get_stats(s->sc).strikes, 0);
    ic__buf_reset(&body);
    ic__buf_printf(&body, "{\"control\":\"welcome\",\"welcome\":%s}",
                   vectors_text(v, "json"));
    char *text = strstr(body.data, "Welcome");
    text[0] = 'w';
    for (int i = 0; i < 2; i++)
        bring(l, 1, l->carol, "pub1", body.data);
    assert_int_equal(solo_drops(s, IC__SC_DROP_BAD_WELCOME), 2);
    assert_int_equal(ic__sidechannel_get_stats(s->sc).strikes, 2);
    bring(l, 1, l->carol, "pub1", "\"too early\"");
    assert_int_equal(solo_drops(s, IC__SC_DROP_UNWELCOMED), 1);
    text[0] = 'W';
    bring(l, 1, l->carol, "pub1", body.data);
    bring(l, 1, l->carol, "pub1", "\"in time\"");
    assert_true(heard(l, "in time"));
    ic__buf_free(&body);
    solo_free(s);
}

/* Opening channels costs the peer, since a greeting may cost us proof of work. */
static void who_opens_and_closes_all_the_time_is_not_greeted_for_ever(void **state)
{
    letters *l = *state;
    ic__buf welcome = {0};
    ic__buf owners = {0};
    ic__buf_printf(&owners, "trip:%s", key_of(l->bob));
    l->options.policy.owners = owners.data;
    solo *s = letters_open(l);
    assert_int_equal(ic__sidechannel_welcome(s->sc, "trip", "hi", &welcome), 0);
    for (int i = 0; i < 2000; i++) {
        solo_close(s, 0, "trip");
        assert_true(ic__sc_link_asked(s->links[0], "sidechannel/trip"));
        (void)solo_run(s);
    }
    uint64_t sent = ic__sidechannel_get_stats(s->sc).sent;
    assert_in_range(sent, 1, 256000 / 512);
    ic__buf_free(&welcome);
    ic__buf_free(&owners);
    solo_free(s);
}

/* ---- requests ---- */

/* Rule 16 */
static void only_so_many_channels_are_joined_on_request(void **state)
{
    letters *l = *state;
    char body[100];
    l->options.policy.auto_join = true;
    l->options.max_joined_on_request = 4;
    solo *s = letters_open(l);
    for (int i = 0; i < 10; i++) {
        (void)snprintf(body, sizeof body,
                       "{\"control\":\"open_channel\",\"channel\":\"c%d\"}", i);
        bring(l, 0, l->alice, "0000intercom", body);
    }
    assert_int_equal(ic__sidechannel_channel_count(s->sc), 2 + 4);
    assert_int_equal(solo_drops(s, IC__SC_DROP_JOIN_LIMIT), 6);
    assert_true(heard(l, "auto-joined c3\n"));
    assert_true(ic__sidechannel_leave(s->sc, "c3"));
    bring(l, 0, l->alice, "0000intercom", body);
    assert_true(heard(l, "auto-joined c9\n"));
    solo_free(s);
}

static void a_request_needs_what_its_channel_needs(void **state)
{
    letters *l = *state;
    ic__buf invite = {0};
    ic__buf body = {0};
    close_doors(l);
    l->options.policy.channels = NULL;
    solo *s = letters_open(l);
    bring(l, 0, l->alice, "0000intercom",
          "{\"control\":\"open_channel\",\"channel\":\"priv1\"}");
    assert_int_equal(solo_drops(s, IC__SC_DROP_BAD_REQUEST), 1);
    assert_string_equal(s->log.data, "");
    write_invite(l, l->bob, l->alice, "01234567", &invite);
    ic__buf_printf(&body,
                   "{\"control\":\"open_channel\",\"channel\":\"priv1\",\"invite\":%s}",
                   invite.data);
    bring(l, 1, l->carol, "0000intercom", body.data); /* not hers */
    assert_int_equal(solo_drops(s, IC__SC_DROP_BAD_REQUEST), 2);
    bring(l, 0, l->alice, "0000intercom", body.data);
    assert_true(heard(l, "requested priv1\n"));
    ic__buf_free(&invite);
    ic__buf_free(&body);
    solo_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LETTERS_TEST(a_flood_blocks_its_sender_only),
        LETTERS_TEST(who_hangs_up_and_comes_back_has_the_same_budget),
        LETTERS_TEST(only_so_many_are_remembered_who_are_gone),
        LETTERS_TEST(who_goes_on_flooding_is_hung_up_on_once),
        LETTERS_TEST(relaying_has_a_budget_of_its_own),
        LETTERS_TEST(forged_invites_are_strikes_and_missing_ones_are_not),
        LETTERS_TEST(who_floods_a_closed_room_is_blocked_unheard),
        LETTERS_TEST(a_channel_remembers_so_many_guests),
        LETTERS_TEST(the_owner_welcomes_a_new_guest),
        LETTERS_TEST(forged_welcomes_are_strikes),
        LETTERS_TEST(who_opens_and_closes_all_the_time_is_not_greeted_for_ever),
        LETTERS_TEST(only_so_many_channels_are_joined_on_request),
        LETTERS_TEST(a_request_needs_what_its_channel_needs),
    };
    return cmocka_run_group_tests_name("sidechannel/hostile", tests, NULL, NULL);
}
