/**
 * @file letters.h
 * Messages as other peers write them, for a solo side channel.
 */
#ifndef SIDECHANNEL_LETTERS_H
#define SIDECHANNEL_LETTERS_H

#include <stdlib.h>
#include <string.h>

#include "intercom/error.h"
#include "people.h"
#include "sidechannel/envelope.h"
#include "solo.h"
#include "unit.h"

#define LETTERS_MS 1700000000000 /* when they begin */

typedef struct letters {
    json_t *doc;
    ic_identity *alice;
    ic_identity *bob; /* the one under test */
    ic_identity *carol;
    ic_identity *dave;
    fake_clock clock;
    ic__sidechannel_options options;
    ic__buf owners;
    solo solo;
    unsigned count; /* of letters */
} letters;

static inline const char *key_of(const ic_identity *id)
{
    return ic_identity_public_key_hex(id);
}

static inline int letters_setup(void **state)
{
    letters *l = calloc(1, sizeof *l);
    assert_non_null(l);
    l->doc = vectors_load("sidechannel.json");
    l->alice = person(l->doc, "alice");
    l->bob = person(l->doc, "bob");
    l->carol = person(l->doc, "carol");
    l->dave = person(l->doc, "dave");
    fake_clock_init(&l->clock, 1);
    l->clock.wall_ms = LETTERS_MS;
    ic__sidechannel_options_default(&l->options);
    l->options.identity = l->bob;
    l->options.env = fake_clock_env(&l->clock);
    l->options.policy.channels = "trip";
    l->options.policy.pow = false;
    l->options.policy.welcome_required = false;
    ic__buf_printf(&l->owners, "pub1:%s", key_of(l->alice));
    l->options.policy.owners = l->owners.data;
    *state = l;
    return 0;
}

static inline int letters_teardown(void **state)
{
    letters *l = *state;
    ic__buf_free(&l->owners);
    ic_identity_free(l->alice);
    ic_identity_free(l->bob);
    ic_identity_free(l->carol);
    ic_identity_free(l->dave);
    json_decref(l->doc);
    free(l);
    return 0;
}

/* Bob's side channel, connected to alice (0) and carol (1). */
static inline solo *letters_open(letters *l)
{
    solo_init(&l->solo, &l->options, &l->clock);
    solo_link(&l->solo, 0, key_of(l->alice));
    solo_link(&l->solo, 1, key_of(l->carol));
    solo_clear(&l->solo);
    return &l->solo;
}

static inline ic__json *letters_json(const char *text)
{
    ic__json *v = NULL;
    assert_int_equal(ic__json_parse(text, strlen(text), &v), 0);
    return v;
}

/* A signed envelope with a body of its own, in `out`. */
static inline void letter_at(letters *l, const ic_identity *author, const char *channel,
                             const char *body, int64_t ts_ms, ic__buf *out)
{
    char id[40];
    ic__json *message = letters_json(body);
    ic__envelope e = {
        .channel = channel,
        .id = id,
        .from = key_of(author),
        .message = message,
        .ts_ms = ts_ms,
        .ttl = 3,
    };
    (void)snprintf(id, sizeof id, "letter %u", ++l->count);
    ic__buf text = {0};
    ic__envelope_signed_text(&text, &e);
    ic__envelope_write(out, &e, &text, author);
    ic__buf_free(&text);
    ic__json_free(message);
}

static inline void letter(letters *l, const ic_identity *author, const char *channel,
                          const char *body, ic__buf *out)
{
    letter_at(l, author, channel, body, l->clock.wall_ms, out);
}

/* Link `from` brings a letter of `author`; what came of it stands in the log. */
static inline void bring(letters *l, size_t from, const ic_identity *author,
                         const char *channel, const char *body)
{
    ic__buf json = {0};
    letter(l, author, channel, body, &json);
    solo_receive(&l->solo, from, channel, json.data, json.len);
    ic__buf_free(&json);
}

static inline bool heard(const letters *l, const char *part)
{
    return strstr(l->solo.log.data, part) != NULL;
}

#define LETTERS_TEST(name)                                                               \
    cmocka_unit_test_setup_teardown(name, letters_setup, letters_teardown)

#endif
