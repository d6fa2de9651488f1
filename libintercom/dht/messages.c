#include "dht/messages.h"

#include "crypto/namespace.h"
#include "intercom/error.h"
#include "transport/codec.h"

#define RELAY_BYTES 12 /* two addresses */
#define ADDR6_BYTES 18

/* Of both routed messages. */
#define HAS_PEER_ADDRESS 1u
#define HAS_RELAY_ADDRESS 2u

enum {
    NOISE_HOLEPUNCH = 1,
    NOISE_ADDRESSES4 = 2,
    NOISE_ADDRESSES6 = 4,
    NOISE_UDX = 8,
    NOISE_SECRET_STREAM = 16,
    NOISE_RELAY_THROUGH = 32,
    NOISE_RELAY_ADDRESSES = 64
};

enum {
    PUNCH_CONNECTED = 1,
    PUNCH_PUNCHING = 2,
    PUNCH_ADDRESSES = 4,
    PUNCH_REMOTE_ADDRESS = 8,
    PUNCH_TOKEN = 16,
    PUNCH_REMOTE_TOKEN = 32
};

void ic__dht_namespace(uint8_t out[IC__DHT_KEY_BYTES], uint8_t command)
{
    ic__namespace(out, "hyperswarm/dht", command);
}

/* A number of which we keep 32 bits. */
static uint32_t rd_uint32(ic__rd *r)
{
    uint64_t v = ic__rd_uint(r);

    if (v > UINT32_MAX)
        r->bad = true;
    return r->bad ? 0 : (uint32_t)v;
}

static uint32_t rd_mode(ic__rd *r)
{
    uint32_t mode = rd_uint32(r);

    if (mode > IC__DHT_REPLY)
        r->bad = true;
    return mode;
}

static size_t rd_addrs4(ic__rd *r, ic__addr *out)
{
    return ic__dht_addrs_read(r, out, IC__DHT_ADDRESSES_MAX);
}

static size_t rd_addrs6(ic__rd *r, ic__addr *out)
{
    size_t count = ic__rd_count(r, ADDR6_BYTES, SIZE_MAX);
    size_t kept = count < IC__DHT_ADDRESSES_MAX ? count : IC__DHT_ADDRESSES_MAX;

    for (size_t i = 0; i < kept; i++)
        ic__rd_ipv6_addr(r, &out[i]);
    (void)ic__rd_bytes(r, (count - kept) * ADDR6_BYTES);
    return r->bad ? 0 : kept;
}

int ic__dht_handshake_decode(ic__dht_handshake *m, const uint8_t *data, size_t len)
{
    ic__rd r = ic__rd_of(data, len);
    uint64_t flags = ic__rd_uint(&r);

    *m = (ic__dht_handshake){.mode = rd_mode(&r)};
    m->noise = ic__rd_buffer(&r, len, &m->noise_len);
    if (flags & HAS_PEER_ADDRESS)
        ic__rd_ipv4_addr(&r, &m->peer_address);
    if (flags & HAS_RELAY_ADDRESS)
        ic__rd_ipv4_addr(&r, &m->relay_address);
    return r.bad ? IC_ERR_PROTO : 0;
}

void ic__dht_handshake_write(ic__wr *w, const ic__dht_handshake *m)
{
    ic__wr_uint(w, (m->peer_address.family ? HAS_PEER_ADDRESS : 0) |
                       (m->relay_address.family ? HAS_RELAY_ADDRESS : 0));
    ic__wr_uint(w, m->mode);
    ic__wr_buffer(w, m->noise, m->noise_len);
    if (m->peer_address.family)
        ic__wr_addr(w, &m->peer_address);
    if (m->relay_address.family)
        ic__wr_addr(w, &m->relay_address);
}

int ic__dht_holepunch_decode(ic__dht_holepunch *m, const uint8_t *data, size_t len)
{
    ic__rd r = ic__rd_of(data, len);
    uint64_t flags = ic__rd_uint(&r);

    *m = (ic__dht_holepunch){.mode = rd_mode(&r)};
    m->id = rd_uint32(&r);
    m->payload = ic__rd_buffer(&r, len, &m->payload_len);
    if (flags & HAS_PEER_ADDRESS)
        ic__rd_ipv4_addr(&r, &m->peer_address);
    return r.bad ? IC_ERR_PROTO : 0;
}

void ic__dht_holepunch_write(ic__wr *w, const ic__dht_holepunch *m)
{
    ic__wr_uint(w, m->peer_address.family ? HAS_PEER_ADDRESS : 0);
    ic__wr_uint(w, m->mode);
    ic__wr_uint(w, m->id);
    ic__wr_buffer(w, m->payload, m->payload_len);
    if (m->peer_address.family)
        ic__wr_addr(w, &m->peer_address);
}

static void rd_relays(ic__rd *r, ic__dht_noise_payload *m)
{
    size_t count;

    m->has_holepunch = true;
    m->holepunch_id = rd_uint32(r);
    count = ic__rd_count(r, RELAY_BYTES, SIZE_MAX);
    for (size_t i = 0; i < count; i++) {
        ic__dht_relay relay;
        ic__rd_ipv4_addr(r, &relay.relay);
        ic__rd_ipv4_addr(r, &relay.peer);
        if (m->relay_count < IC__DHT_ADDRESSES_MAX)
            m->relays[m->relay_count++] = relay;
    }
}

static void rd_udx(ic__rd *r, ic__dht_noise_payload *m)
{
    m->has_udx = true;
    m->udx_version = ic__rd_uint(r);
    m->udx_reusable = ic__rd_uint(r) & 1;
    m->udx_id = rd_uint32(r);
    m->udx_seq = ic__rd_uint(r);
}

static void rd_relay_through(ic__rd *r, ic__dht_noise_payload *m)
{
    m->has_relay_through = true;
    (void)ic__rd_uint(r); /* version */
    (void)ic__rd_uint(r); /* flags */
    ic__rd_copy(r, m->relay_key, sizeof m->relay_key);
    ic__rd_copy(r, m->relay_token, sizeof m->relay_token);
}

static void rd_noise_fields(ic__rd *r, ic__dht_noise_payload *m, uint64_t flags)
{
    if (flags & NOISE_HOLEPUNCH)
        rd_relays(r, m);
    if (flags & NOISE_ADDRESSES4)
        m->address4_count = rd_addrs4(r, m->addresses4);
    if (flags & NOISE_ADDRESSES6)
        m->address6_count = rd_addrs6(r, m->addresses6);
    if (flags & NOISE_UDX)
        rd_udx(r, m);
    if (flags & NOISE_SECRET_STREAM) {
        m->has_secret_stream = true;
        m->secret_stream_version = ic__rd_uint(r);
    }
    if (flags & NOISE_RELAY_THROUGH)
        rd_relay_through(r, m);
    if (flags & NOISE_RELAY_ADDRESSES)
        m->relay_address_count = rd_addrs4(r, m->relay_addresses);
}

int ic__dht_noise_payload_decode(ic__dht_noise_payload *m, const uint8_t *data,
                                 size_t len)
{
    ic__rd r = ic__rd_of(data, len);
    uint64_t flags;

    *m = (ic__dht_noise_payload){.version = ic__rd_uint(&r)};
    if (r.bad || m->version != 1)
        return r.bad ? IC_ERR_PROTO : 0;
    flags = ic__rd_uint(&r);
    m->error = rd_uint32(&r);
    m->firewall = rd_uint32(&r);
    rd_noise_fields(&r, m, flags);
    return r.bad ? IC_ERR_PROTO : 0;
}

static uint64_t noise_flags(const ic__dht_noise_payload *m)
{
    return (m->has_holepunch ? (uint64_t)NOISE_HOLEPUNCH : 0) |
           (m->address4_count ? NOISE_ADDRESSES4 : 0) |
           (m->address6_count ? NOISE_ADDRESSES6 : 0) | (m->has_udx ? NOISE_UDX : 0) |
           (m->has_secret_stream ? NOISE_SECRET_STREAM : 0) |
           (m->has_relay_through ? NOISE_RELAY_THROUGH : 0) |
           (m->relay_address_count ? NOISE_RELAY_ADDRESSES : 0);
}

static void wr_relays(ic__wr *w, const ic__dht_noise_payload *m)
{
    ic__wr_uint(w, m->holepunch_id);
    ic__wr_uint(w, m->relay_count);
    for (size_t i = 0; i < m->relay_count; i++) {
        ic__wr_addr(w, &m->relays[i].relay);
        ic__wr_addr(w, &m->relays[i].peer);
    }
}

static void wr_udx(ic__wr *w, const ic__dht_noise_payload *m)
{
    ic__wr_uint(w, m->udx_version);
    ic__wr_uint(w, m->udx_reusable ? 1 : 0);
    ic__wr_uint(w, m->udx_id);
    ic__wr_uint(w, m->udx_seq);
}

static void wr_relay_through(ic__wr *w, const ic__dht_noise_payload *m)
{
    ic__wr_uint(w, 1); /* version */
    ic__wr_uint(w, 0); /* flags */
    ic__wr_bytes(w, m->relay_key, sizeof m->relay_key);
    ic__wr_bytes(w, m->relay_token, sizeof m->relay_token);
}

void ic__dht_noise_payload_write(ic__wr *w, const ic__dht_noise_payload *m)
{
    ic__wr_uint(w, m->version);
    ic__wr_uint(w, noise_flags(m));
    ic__wr_uint(w, m->error);
    ic__wr_uint(w, m->firewall);
    if (m->has_holepunch)
        wr_relays(w, m);
    if (m->address4_count)
        ic__dht_addrs_write(w, m->addresses4, m->address4_count);
    if (m->address6_count)
        ic__dht_addrs_write(w, m->addresses6, m->address6_count);
    if (m->has_udx)
        wr_udx(w, m);
    if (m->has_secret_stream)
        ic__wr_uint(w, m->secret_stream_version);
    if (m->has_relay_through)
        wr_relay_through(w, m);
    if (m->relay_address_count)
        ic__dht_addrs_write(w, m->relay_addresses, m->relay_address_count);
}

static void rd_punch_fields(ic__rd *r, ic__dht_punch_payload *m, uint64_t flags)
{
    m->connected = flags & PUNCH_CONNECTED;
    m->punching = flags & PUNCH_PUNCHING;
    m->has_addresses = flags & PUNCH_ADDRESSES;
    m->has_token = flags & PUNCH_TOKEN;
    m->has_remote_token = flags & PUNCH_REMOTE_TOKEN;
    if (m->has_addresses)
        m->address_count = rd_addrs4(r, m->addresses);
    if (flags & PUNCH_REMOTE_ADDRESS)
        ic__rd_ipv4_addr(r, &m->remote_address);
    if (m->has_token)
        ic__rd_copy(r, m->token, sizeof m->token);
    if (m->has_remote_token)
        ic__rd_copy(r, m->remote_token, sizeof m->remote_token);
}

int ic__dht_punch_payload_decode(ic__dht_punch_payload *m, const uint8_t *data,
                                 size_t len)
{
    ic__rd r = ic__rd_of(data, len);
    uint64_t flags = ic__rd_uint(&r);

    *m = (ic__dht_punch_payload){.error = rd_uint32(&r)};
    m->firewall = rd_uint32(&r);
    m->round = rd_uint32(&r);
    rd_punch_fields(&r, m, flags);
    return r.bad ? IC_ERR_PROTO : 0;
}

static uint64_t punch_flags(const ic__dht_punch_payload *m)
{
    return (m->connected ? (uint64_t)PUNCH_CONNECTED : 0) |
           (m->punching ? PUNCH_PUNCHING : 0) | (m->has_addresses ? PUNCH_ADDRESSES : 0) |
           (m->remote_address.family ? PUNCH_REMOTE_ADDRESS : 0) |
           (m->has_token ? PUNCH_TOKEN : 0) |
           (m->has_remote_token ? PUNCH_REMOTE_TOKEN : 0);
}

void ic__dht_punch_payload_write(ic__wr *w, const ic__dht_punch_payload *m)
{
    ic__wr_uint(w, punch_flags(m));
    ic__wr_uint(w, m->error);
    ic__wr_uint(w, m->firewall);
    ic__wr_uint(w, m->round);
    if (m->has_addresses)
        ic__dht_addrs_write(w, m->addresses, m->address_count);
    if (m->remote_address.family)
        ic__wr_addr(w, &m->remote_address);
    if (m->has_token)
        ic__wr_bytes(w, m->token, sizeof m->token);
    if (m->has_remote_token)
        ic__wr_bytes(w, m->remote_token, sizeof m->remote_token);
}
