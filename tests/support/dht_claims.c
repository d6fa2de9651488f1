#include "dht_claims.h"

#include <string.h>

#include "dht/dht_state.h"
#include "dht_addr.h"
#include "transport/codec.h"
#include "unit.h"

static ic_identity *identity_of(uint8_t number)
{
    uint8_t seed[IC_SEED_BYTES];
    ic_identity *identity;
    memset(seed, number, sizeof seed);
    assert_int_equal(ic_identity_from_seed(&identity, seed, IC_NETWORK_MAINNET), 0);
    return identity;
}

void dht_bench_init(dht_bench *b, const ic__dht_options *opts)
{
    *b = (dht_bench){.from = dht_addr("5.5.5.5", 5001)};
    b->me = identity_of(1);
    b->other = identity_of(2);
    ic__dht_hash(b->self, ic_identity_public_key(b->me), IC__DHT_KEY_BYTES);
    assert_int_equal(dht_lone_init(&b->l, opts), 0);
    dht_lone_token(&b->l, &b->from, b->token);
}

void dht_bench_free(dht_bench *b)
{
    dht_lone_free(&b->l);
    ic_identity_free(b->me);
    ic_identity_free(b->other);
}

dht_claim dht_claim_of(dht_bench *b, uint32_t command, const uint8_t *target)
{
    return (dht_claim){.command = command,
                       .who = b->me,
                       .signer = b->me,
                       .target = target,
                       .signed_target = target,
                       .signed_node = ic__rpc_id(b->l.dht->rpc),
                       .signed_token = b->token};
}

size_t dht_claim_write(const dht_claim *c, uint8_t *out, size_t cap)
{
    uint8_t signable[IC__DHT_SIGNABLE_BYTES];
    uint8_t signature[IC__DHT_SIGNATURE_BYTES];
    uint8_t record[512];
    ic__wr r = ic__wr_of(record, sizeof record);
    ic__wr w = ic__wr_of(out, cap);
    const ic__dht_binding binding = {.command = (uint8_t)c->command,
                                     .target = c->signed_target,
                                     .node_id = c->signed_node,
                                     .token = c->signed_token};
    /* By hand: it may have more relays than the writer's type. */
    ic__wr_bytes(&r, ic_identity_public_key(c->who), IC__DHT_KEY_BYTES);
    ic__wr_u8(&r, (uint8_t)c->relays);
    for (size_t i = 0; i < c->relays; i++)
        ic__wr_bytes(&r, (uint8_t[]){1, 2, 3, (uint8_t)i, 4, 5}, 6);
    ic__dht_announcement_signable(signable, &binding, record, r.len, c->refresh);
    ic_identity_sign(c->signer, signable, sizeof signable, signature);
    ic__wr_u8(&w, (uint8_t)(1 | (c->refresh ? 2 : 0) | (c->without_signature ? 0 : 4) |
                            (c->bump ? 8 : 0)));
    ic__wr_bytes(&w, record, r.len);
    if (c->refresh)
        ic__wr_bytes(&w, c->refresh, IC__DHT_KEY_BYTES);
    if (!c->without_signature)
        ic__wr_bytes(&w, signature, sizeof signature);
    if (c->bump)
        ic__wr_uint(&w, c->bump);
    assert_false(r.bad || w.bad);
    return w.len;
}

const ic__rpc_message *dht_claim_send(dht_bench *b, const dht_claim *c)
{
    uint8_t value[1024];
    const ic__rpc_message request = {.command = c->command,
                                     .target = c->target,
                                     .token = c->without_token ? NULL : b->token,
                                     .value = value,
                                     .value_len =
                                         dht_claim_write(c, value, sizeof value)};
    return dht_lone_ask(&b->l, &b->from, &request);
}

const ic__rpc_message *dht_bench_ask(dht_bench *b, uint32_t command,
                                     const uint8_t *target)
{
    const ic__rpc_message request = {.command = command, .target = target};
    return dht_lone_ask(&b->l, &b->from, &request);
}
