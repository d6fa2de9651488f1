#include "dht/rpc_message.h"

#include "intercom/error.h"
#include "transport/codec.h"

enum {
    HAS_ID = 1,
    HAS_TOKEN = 2,
    IS_INTERNAL = 4, /* of a request */
    HAS_CLOSER = 4,  /* of a reply */
    HAS_TARGET = 8,  /* of a request */
    HAS_ERROR = 8,   /* of a reply */
    HAS_VALUE = 16
};

static uint32_t read_number(ic__rd *r)
{
    uint64_t n = ic__rd_uint(r);
    return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

static const uint8_t *read_key(ic__rd *r, bool present)
{
    return present ? ic__rd_bytes(r, IC__DHT_KEY_BYTES) : NULL;
}

static void read_value(ic__rd *r, ic__rpc_message *out)
{
    static const uint8_t empty[1];
    const uint8_t *value = ic__rd_buffer(r, IC__RPC_DATAGRAM_MAX, &out->value_len);

    out->value = value ? value : empty;
}

static void read_closer(ic__rd *r, ic__rpc_message *out)
{
    size_t count = ic__rd_count(r, 6, IC__RPC_DATAGRAM_MAX / 6);

    for (size_t i = 0; i < count; i++) {
        if (i < IC__RPC_K)
            ic__rd_ipv4_addr(r, &out->closer[out->closer_count++]);
        else
            (void)ic__rd_bytes(r, 6);
    }
}

static void read_request(ic__rd *r, ic__rpc_message *out, uint64_t flags)
{
    out->internal = (flags & IS_INTERNAL) != 0;
    out->command = read_number(r);
    out->target = read_key(r, flags & HAS_TARGET);
}

static void read_reply(ic__rd *r, ic__rpc_message *out, uint64_t flags)
{
    if (flags & HAS_CLOSER)
        read_closer(r, out);
    if (flags & HAS_ERROR)
        out->error = read_number(r);
}

/* Bytes behind the last field belong to a later version and are passed over. */
int ic__rpc_message_read(ic__rpc_message *out, const uint8_t *data, size_t len)
{
    ic__rd r = ic__rd_of(data, len);
    uint64_t flags;

    *out = (ic__rpc_message){.type = ic__rd_u8(&r)};
    if (len > IC__RPC_DATAGRAM_MAX ||
        (out->type != IC__RPC_REQUEST && out->type != IC__RPC_REPLY))
        return IC_ERR_PROTO;
    flags = ic__rd_uint(&r);
    out->tid = ic__rd_u16le(&r);
    ic__rd_ipv4_addr(&r, &out->to);
    out->id = read_key(&r, flags & HAS_ID);
    out->token = read_key(&r, flags & HAS_TOKEN);
    if (out->type == IC__RPC_REQUEST)
        read_request(&r, out, flags);
    else
        read_reply(&r, out, flags);
    if (flags & HAS_VALUE)
        read_value(&r, out);
    return r.bad ? IC_ERR_PROTO : 0;
}

static void write_key(ic__wr *w, const uint8_t *key)
{
    if (key)
        ic__wr_bytes(w, key, IC__DHT_KEY_BYTES);
}

static uint8_t flags_of(const ic__rpc_message *m)
{
    unsigned flags =
        (m->id ? HAS_ID : 0u) | (m->token ? HAS_TOKEN : 0u) | (m->value ? HAS_VALUE : 0u);

    if (m->type == IC__RPC_REQUEST)
        flags |= (m->internal ? IS_INTERNAL : 0u) | (m->target ? HAS_TARGET : 0u);
    else
        flags |= (m->closer_count ? HAS_CLOSER : 0u) | (m->error ? HAS_ERROR : 0u);
    return (uint8_t)flags;
}

static void write_reply(ic__wr *w, const ic__rpc_message *m)
{
    if (m->closer_count)
        ic__wr_uint(w, m->closer_count);
    for (size_t i = 0; i < m->closer_count; i++)
        ic__wr_addr(w, &m->closer[i]);
    if (m->error)
        ic__wr_uint(w, m->error);
}

size_t ic__rpc_message_write(const ic__rpc_message *m, uint8_t *out, size_t cap)
{
    ic__wr w = ic__wr_of(out, cap);

    ic__wr_u8(&w, m->type);
    ic__wr_u8(&w, flags_of(m));
    ic__wr_u16le(&w, m->tid);
    ic__wr_addr(&w, &m->to);
    write_key(&w, m->id);
    write_key(&w, m->token);
    if (m->type == IC__RPC_REQUEST) {
        ic__wr_uint(&w, m->command);
        write_key(&w, m->target);
    } else {
        write_reply(&w, m);
    }
    if (m->value)
        ic__wr_buffer(&w, m->value, m->value_len);
    return w.bad ? 0 : w.len;
}
