#include "dht/tokens.h"

#include <stdio.h>
#include <string.h>

#include <sodium.h>

static void draw(ic__tokens *t, const ic_env *env, int which)
{
    env->random(t->secrets[which], sizeof t->secrets[which], env->user);
}

/* JavaScript hashes the old secret into the next one: who learns one knows all that
 * follow. Ours are drawn. */
static void rotate(ic__tokens *t, const ic_env *env, uint64_t now)
{
    uint64_t periods = t->drawn ? (now - t->rotated_ns) / IC__TOKENS_AGE_NS : 2;

    if (!periods)
        return;
    memcpy(t->secrets[0], t->secrets[1], sizeof t->secrets[0]);
    if (periods > 1)
        draw(t, env, 0);
    draw(t, env, 1);
    t->rotated_ns = t->drawn ? t->rotated_ns + periods * IC__TOKENS_AGE_NS : now;
    t->drawn = true;
}

static void make(const ic__tokens *t, int which, const ic__addr *addr,
                 uint8_t out[IC__DHT_TOKEN_BYTES])
{
    char text[16];
    int len = snprintf(text, sizeof text, "%u.%u.%u.%u", addr->ip[0], addr->ip[1],
                       addr->ip[2], addr->ip[3]);

    crypto_generichash(out, IC__DHT_TOKEN_BYTES, (const uint8_t *)text, (unsigned)len,
                       t->secrets[which], sizeof t->secrets[which]);
}

void ic__tokens_issue(ic__tokens *t, const ic_env *env, uint64_t now,
                      const ic__addr *addr, uint8_t out[IC__DHT_TOKEN_BYTES])
{
    rotate(t, env, now);
    make(t, 1, addr, out);
}

bool ic__tokens_check(ic__tokens *t, const ic_env *env, uint64_t now,
                      const ic__addr *addr, const uint8_t token[IC__DHT_TOKEN_BYTES])
{
    uint8_t ours[2][IC__DHT_TOKEN_BYTES];
    int fresh;
    int before;

    rotate(t, env, now);
    make(t, 1, addr, ours[1]);
    make(t, 0, addr, ours[0]);
    fresh = sodium_memcmp(ours[1], token, sizeof ours[1]);
    before = sodium_memcmp(ours[0], token, sizeof ours[0]);
    return fresh == 0 || before == 0;
}

void ic__tokens_wipe(ic__tokens *t)
{
    sodium_memzero(t, sizeof *t);
}
