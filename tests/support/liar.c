#include "liar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "intercom/sys/mem.h"
#include "unit.h"

#define APP "{\"app\":\"expense_split_v1\",\"type\":"
#define BODY                                                                             \
    "{\"amount\":%u,\"mode\":{\"equal\":[\"mallory\",\"bob\"]},\"paid\":{\"mallory\":"   \
    "%u},\"shares\":{\"bob\":%u,\"mallory\":%u},\"type\":\"expense\"}"
#define STRANGE "9999999999999999999999999999999999999999999999999999999999999999"

void liar_init(liar *l, bind_world *w, size_t number, uint64_t seed)
{
    *l = (liar){.w = w, .number = number};
    fake_random_init(&l->random, seed * 31);
}

char *liar_event(liar *l, const char *kind, const char *body, const char *deps,
                 unsigned lc, unsigned seq)
{
    char text[3000];
    char hex[2 * IC_SIGNATURE_BYTES + 1];
    uint8_t sig[IC_SIGNATURE_BYTES];
    char *event = NULL;
    const ic_identity *me = l->w->ends[l->number].identity;
    int n = snprintf(text, sizeof text,
                     "intersplit/event/2\n{\"at\":1,\"body\":%s,\"by\":\"%s\",\"deps\":["
                     "%s],\"k\":\"%s\",\"lc\":%u,\"n\":\"%016llx\",\"room\":\"%s\","
                     "\"seq\":%u,\"v\":2}",
                     body, ic_identity_public_key_hex(me), deps, kind, lc,
                     (unsigned long long)++l->nonce, BIND_WORLD_ROOM, seq);

    ic_identity_sign(me, text, (size_t)n, sig);
    sodium_bin2hex(hex, sizeof hex, sig, sizeof sig);
    text[n - 1] = 0;
    assert_true(asprintf(&event, "%s,\"sig\":\"%s\"}", strchr(text, '{'), hex) > 0);
    return event;
}

static char *any_add(liar *l, const char *deps, unsigned lc, unsigned seq)
{
    char body[300];
    unsigned half = (unsigned)fake_random_below(&l->random, 50) + 1;

    (void)snprintf(body, sizeof body, BODY, 2 * half, 2 * half, half, half);
    return liar_event(l, "add", body, deps, lc, seq);
}

/* To one of the others, or to some. */
static void send(liar *l, const char *json)
{
    size_t only = fake_random_below(&l->random, l->w->count + 2);

    for (size_t i = 0; i < l->w->count; i++) {
        if (i != l->number && (only >= l->w->count || i == only))
            bind_world_send(l->w, l->number, i, json, strlen(json));
    }
}

static void send_events(liar *l, char *event)
{
    char *json = NULL;

    assert_true(asprintf(&json, APP "\"expense_event\",\"events\":[%s]}", event) > 0);
    send(l, json);
    free(json);
    free(event);
}

/* Two first events: each of the others hears of one of them. */
static void sign_two_futures(liar *l)
{
    for (int i = 0; i < LIAR_FORKS; i++)
        send_events(l, any_add(l, "", 1, 1));
}

static void forge(liar *l)
{
    char *event = any_add(l, "", 1, 1);

    event[strlen(event) - 5] ^= 1;
    send_events(l, event);
}

static void withhold_deps(liar *l)
{
    send_events(l, any_add(l, "\"" STRANGE "\"", 7, 1));
}

static void lie_about_place(liar *l)
{
    send_events(l, any_add(l, "", 1 + (unsigned)fake_random_below(&l->random, 9),
                           1 + (unsigned)fake_random_below(&l->random, 9)));
}

static void clear_for_all(liar *l)
{
    send_events(l, liar_event(l, "clear", "{\"legacy\":[]}", "", 1, 1));
}

static void boast(liar *l)
{
    char json[400];

    (void)snprintf(json, sizeof json,
                   APP "\"expense_hello\",\"room\":\"" BIND_WORLD_ROOM "\",\"fp\":\"%032u"
                       "\",\"count\":%u,\"heads\":[\"" STRANGE "\"]}",
                   (unsigned)fake_random_below(&l->random, 10), 1000000u);
    send(l, json);
}

static void ask_nonsense(liar *l)
{
    static const char *const ranges[] = {
        "[[\"0\",\"\",1000000,\"00000000000000000000000000000000\"]]",
        "[[\"0\",\"\",[\"" STRANGE "\"]]]",
        "[[\"0\",\"3\",[]],[\"1\",\"\",[]],[\"0\",\"\",[]]]",
        "[[\"9\",\"1\",[]]]",
        "[[\"0\",\"\",-1,\"\"]]",
        "[[1,2],{}]",
        "\"no\"",
    };
    char json[600];
    size_t victim = fake_random_below(&l->random, l->number ? l->number : 1);

    (void)snprintf(json, sizeof json,
                   APP "\"expense_sync\",\"room\":\"" BIND_WORLD_ROOM "\",\"to\":\"%s\","
                       "\"sid\":\"0123456789abcdef\",\"ranges\":%s}",
                   ic_identity_public_key_hex(l->w->ends[victim].identity),
                   ranges[fake_random_below(&l->random, sizeof ranges / sizeof *ranges)]);
    bind_world_send(l->w, l->number, victim, json, strlen(json));
}

void liar_deed(liar *l)
{
    static void (*const deeds[])(liar *) = {
        sign_two_futures, forge,        withhold_deps, lie_about_place, boast,
        clear_for_all,    ask_nonsense,
    };

    deeds[fake_random_below(&l->random, sizeof deeds / sizeof *deeds)](l);
}
