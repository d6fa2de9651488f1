#include "dht/messages.h"

#include <string.h>

#include <sodium.h>

#include "crypto/namespace.h"
#include "intercom/error.h"
#include "transport/codec.h"

#define ADDR_BYTES 6
#define LEAST_RECORD_BYTES (IC__DHT_KEY_BYTES + 1)

enum { HAS_PEER = 1, HAS_REFRESH = 2, HAS_SIGNATURE = 4, HAS_BUMP = 8 };

size_t ic__dht_addrs_read(ic__rd *r, ic__addr *out, size_t max)
{
    size_t count = ic__rd_count(r, ADDR_BYTES, SIZE_MAX);
    size_t kept = count < max ? count : max;

    for (size_t i = 0; i < kept; i++)
        ic__rd_ipv4_addr(r, &out[i]);
    (void)ic__rd_bytes(r, (count - kept) * ADDR_BYTES);
    return r->bad ? 0 : kept;
}

void ic__dht_addrs_write(ic__wr *w, const ic__addr *addrs, size_t count)
{
    ic__wr_uint(w, count);
    for (size_t i = 0; i < count; i++)
        ic__wr_addr(w, &addrs[i]);
}

void ic__dht_peer_read(ic__rd *r, ic__dht_peer *peer)
{
    *peer = (ic__dht_peer){.relay_count = 0};
    ic__rd_copy(r, peer->public_key, sizeof peer->public_key);
    peer->relay_count = ic__dht_addrs_read(r, peer->relays, IC__DHT_RELAYS_MAX);
}

void ic__dht_peer_write(ic__wr *w, const ic__dht_peer *peer)
{
    ic__wr_bytes(w, peer->public_key, sizeof peer->public_key);
    ic__dht_addrs_write(w, peer->relays, peer->relay_count);
}

int ic__dht_lookup_reply_decode(ic__dht_lookup_reply *m, const uint8_t *data, size_t len)
{
    ic__rd r = ic__rd_of(data, len);
    size_t count = ic__rd_count(&r, LEAST_RECORD_BYTES, SIZE_MAX);

    m->peer_count = 0;
    for (size_t i = 0; i < count && !r.bad; i++) {
        ic__dht_peer peer;
        ic__dht_peer_read(&r, &peer);
        if (m->peer_count < IC__DHT_RECORDS_MAX)
            m->peers[m->peer_count++] = peer;
    }
    m->bump = r.left ? ic__rd_uint(&r) : 0;
    return r.bad ? IC_ERR_PROTO : 0;
}

void ic__dht_lookup_reply_write(ic__wr *w, const ic__dht_lookup_reply *m)
{
    ic__wr_uint(w, m->peer_count);
    for (size_t i = 0; i < m->peer_count; i++)
        ic__dht_peer_write(w, &m->peers[i]);
    ic__wr_uint(w, m->bump);
}

int ic__dht_announcement_decode(ic__dht_announcement *m, const uint8_t *data, size_t len)
{
    ic__rd r = ic__rd_of(data, len);
    uint64_t flags = ic__rd_uint(&r);

    *m = (ic__dht_announcement){.has_peer = flags & HAS_PEER};
    if (m->has_peer) {
        m->peer_bytes = r.p;
        ic__dht_peer_read(&r, &m->peer);
        m->peer_len = (size_t)(r.p - m->peer_bytes);
    }
    if (flags & HAS_REFRESH)
        m->refresh = ic__rd_bytes(&r, IC__DHT_KEY_BYTES);
    if (flags & HAS_SIGNATURE)
        m->signature = ic__rd_bytes(&r, IC__DHT_SIGNATURE_BYTES);
    if (flags & HAS_BUMP)
        m->bump = ic__rd_uint(&r);
    return r.bad ? IC_ERR_PROTO : 0;
}

void ic__dht_announcement_write(ic__wr *w, const ic__dht_announcement *m)
{
    ic__wr_uint(w, (m->has_peer ? (uint64_t)HAS_PEER : 0) |
                       (m->refresh ? HAS_REFRESH : 0) |
                       (m->signature ? HAS_SIGNATURE : 0) | (m->bump ? HAS_BUMP : 0));
    if (m->has_peer)
        ic__dht_peer_write(w, &m->peer);
    if (m->refresh)
        ic__wr_bytes(w, m->refresh, IC__DHT_KEY_BYTES);
    if (m->signature)
        ic__wr_bytes(w, m->signature, IC__DHT_SIGNATURE_BYTES);
    if (m->bump)
        ic__wr_uint(w, m->bump);
}

void ic__dht_announcement_signable(uint8_t out[IC__DHT_SIGNABLE_BYTES],
                                   const ic__dht_binding *binding, const uint8_t *peer,
                                   size_t peer_len, const uint8_t *refresh)
{
    crypto_generichash_state hash;

    (void)crypto_generichash_init(&hash, NULL, 0, IC__DHT_KEY_BYTES);
    (void)crypto_generichash_update(&hash, binding->target, IC__DHT_KEY_BYTES);
    (void)crypto_generichash_update(&hash, binding->node_id, IC__DHT_KEY_BYTES);
    (void)crypto_generichash_update(&hash, binding->token, IC__DHT_TOKEN_BYTES);
    (void)crypto_generichash_update(&hash, peer, peer_len);
    if (refresh)
        (void)crypto_generichash_update(&hash, refresh, IC__DHT_KEY_BYTES);
    ic__dht_namespace(out, binding->command);
    (void)crypto_generichash_final(&hash, out + IC__DHT_KEY_BYTES, IC__DHT_KEY_BYTES);
}

static void rd_mutable_rest(ic__rd *r, ic__dht_mutable *m)
{
    m->seq = ic__rd_uint(r);
    m->value = ic__rd_buffer(r, r->left, &m->value_len);
    m->signature = ic__rd_bytes(r, IC__DHT_SIGNATURE_BYTES);
}

int ic__dht_mutable_put_decode(ic__dht_mutable *m, const uint8_t *data, size_t len)
{
    ic__rd r = ic__rd_of(data, len);

    *m = (ic__dht_mutable){.public_key = ic__rd_bytes(&r, IC__DHT_KEY_BYTES)};
    rd_mutable_rest(&r, m);
    return r.bad ? IC_ERR_PROTO : 0;
}

void ic__dht_mutable_put_write(ic__wr *w, const ic__dht_mutable *m)
{
    ic__wr_bytes(w, m->public_key, IC__DHT_KEY_BYTES);
    ic__dht_mutable_get_write(w, m);
}

int ic__dht_mutable_get_decode(ic__dht_mutable *m, const uint8_t *data, size_t len)
{
    ic__rd r = ic__rd_of(data, len);

    *m = (ic__dht_mutable){.public_key = NULL};
    rd_mutable_rest(&r, m);
    return r.bad ? IC_ERR_PROTO : 0;
}

void ic__dht_mutable_get_write(ic__wr *w, const ic__dht_mutable *m)
{
    ic__wr_uint(w, m->seq);
    ic__wr_buffer(w, m->value, m->value_len);
    ic__wr_bytes(w, m->signature, IC__DHT_SIGNATURE_BYTES);
}

void ic__dht_mutable_signable(uint8_t out[IC__DHT_SIGNABLE_BYTES], uint64_t seq,
                              const uint8_t *value, size_t len)
{
    uint8_t head[18];
    ic__wr w = ic__wr_of(head, sizeof head);
    crypto_generichash_state hash;

    ic__wr_uint(&w, seq);
    ic__wr_uint(&w, len);
    (void)crypto_generichash_init(&hash, NULL, 0, IC__DHT_KEY_BYTES);
    (void)crypto_generichash_update(&hash, head, w.len);
    (void)crypto_generichash_update(&hash, value, len);
    ic__dht_namespace(out, IC__DHT_MUTABLE_PUT);
    (void)crypto_generichash_final(&hash, out + IC__DHT_KEY_BYTES, IC__DHT_KEY_BYTES);
}

int ic__dht_plugin_decode(ic__dht_plugin *m, const uint8_t *data, size_t len)
{
    ic__rd r = ic__rd_of(data, len);

    *m = (ic__dht_plugin){.value = NULL};
    m->name = (const char *)ic__rd_buffer(&r, len, &m->name_len);
    m->version = ic__rd_uint(&r);
    m->command = ic__rd_uint(&r);
    m->has_value = ic__rd_uint(&r) & 1;
    if (m->has_value)
        m->value = ic__rd_buffer(&r, len, &m->value_len);
    return r.bad ? IC_ERR_PROTO : 0;
}

void ic__dht_plugin_write(ic__wr *w, const ic__dht_plugin *m)
{
    ic__wr_buffer(w, m->name, m->name_len);
    ic__wr_uint(w, m->version);
    ic__wr_uint(w, m->command);
    ic__wr_uint(w, m->has_value ? 1 : 0);
    if (m->has_value)
        ic__wr_buffer(w, m->value, m->value_len);
}

int ic__dht_address_decode(ic__dht_address *m, const uint8_t *data, size_t len)
{
    ic__rd r = ic__rd_of(data, len);

    *m = (ic__dht_address){.has_nodes = false};
    ic__rd_copy(&r, m->key, sizeof m->key);
    if (r.left)
        m->has_nodes = ic__rd_uint(&r) & 1;
    if (m->has_nodes)
        m->node_count = ic__dht_addrs_read(&r, m->nodes, IC__DHT_ADDRESSES_MAX);
    return r.bad ? IC_ERR_PROTO : 0;
}

void ic__dht_address_write(ic__wr *w, const ic__dht_address *m)
{
    ic__wr_bytes(w, m->key, sizeof m->key);
    ic__wr_uint(w, m->has_nodes ? 1 : 0);
    if (m->has_nodes)
        ic__dht_addrs_write(w, m->nodes, m->node_count);
}

int ic__dht_pair_decode(ic__dht_pair *m, const uint8_t *data, size_t len)
{
    ic__rd r = ic__rd_of(data, len);
    uint64_t id;

    *m = (ic__dht_pair){.initiator = ic__rd_bitfield(&r) & 1};
    ic__rd_copy(&r, m->token, sizeof m->token);
    id = ic__rd_uint(&r);
    m->seq = ic__rd_uint(&r);
    if (id > UINT32_MAX)
        r.bad = true;
    m->id = (uint32_t)id;
    return r.bad ? IC_ERR_PROTO : 0;
}

void ic__dht_pair_write(ic__wr *w, const ic__dht_pair *m)
{
    ic__wr_bitfield(w, m->initiator ? 1 : 0, 7);
    ic__wr_bytes(w, m->token, sizeof m->token);
    ic__wr_uint(w, m->id);
    ic__wr_uint(w, m->seq);
}

int ic__dht_unpair_decode(uint8_t token[IC__DHT_TOKEN_BYTES], const uint8_t *data,
                          size_t len)
{
    ic__rd r = ic__rd_of(data, len);

    (void)ic__rd_bitfield(&r);
    ic__rd_copy(&r, token, IC__DHT_TOKEN_BYTES);
    return r.bad ? IC_ERR_PROTO : 0;
}

void ic__dht_unpair_write(ic__wr *w, const uint8_t token[IC__DHT_TOKEN_BYTES])
{
    ic__wr_bitfield(w, 0, 7);
    ic__wr_bytes(w, token, IC__DHT_TOKEN_BYTES);
}
