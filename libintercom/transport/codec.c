#include "transport/codec.h"

#include <assert.h>

enum { U16_FOLLOWS = 0xfd, U32_FOLLOWS = 0xfe, U64_FOLLOWS = 0xff };

#define LEXINT_ONE_BYTE 250 /* the largest value in one byte */
#define LEXINT_MAX_BYTES 4  /* behind the first byte */

static uint64_t in_range(ic__rd *r, uint64_t value)
{
    if (value > IC__UINT_MAX)
        r->bad = true;
    return r->bad ? 0 : value;
}

/* A `uint` of the full 64 bits. */
static uint64_t read_wide(ic__rd *r)
{
    uint8_t first = ic__rd_u8(r);

    switch (first) {
    case U16_FOLLOWS:
        return ic__rd_u16le(r);
    case U32_FOLLOWS:
        return ic__rd_u32le(r);
    case U64_FOLLOWS:
        return ic__rd_u64le(r);
    default:
        return first;
    }
}

uint64_t ic__rd_uint(ic__rd *r)
{
    return in_range(r, read_wide(r));
}

size_t ic__uint_size(uint64_t value)
{
    if (value < U16_FOLLOWS)
        return 1;
    if (value <= UINT16_MAX)
        return 3;
    return value <= UINT32_MAX ? 5 : 9;
}

static void write_form(ic__wr *w, uint64_t value, size_t size)
{
    switch (size) {
    case 1:
        ic__wr_u8(w, (uint8_t)value);
        return;
    case 3:
        ic__wr_u8(w, U16_FOLLOWS);
        ic__wr_u16le(w, (uint16_t)value);
        return;
    case 5:
        ic__wr_u8(w, U32_FOLLOWS);
        ic__wr_u32le(w, (uint32_t)value);
        return;
    default:
        ic__wr_u8(w, U64_FOLLOWS);
        ic__wr_u64le(w, value);
    }
}

void ic__wr_uint(ic__wr *w, uint64_t value)
{
    if (value > IC__UINT_MAX)
        w->bad = true;
    write_form(w, value, ic__uint_size(value));
}

uint64_t ic__rd_uint_le(ic__rd *r, size_t bytes)
{
    uint8_t b[8] = {0};

    assert(bytes >= 1 && bytes <= sizeof b);
    ic__rd_copy(r, b, bytes);
    ic__rd whole = ic__rd_of(b, sizeof b);
    return in_range(r, ic__rd_u64le(&whole));
}

void ic__wr_uint_le(ic__wr *w, uint64_t value, size_t bytes)
{
    assert(bytes >= 1 && bytes <= 8);
    if (value > IC__UINT_MAX || (bytes < 8 && value >> 8 * bytes))
        w->bad = true;
    for (size_t i = 0; i < bytes; i++)
        ic__wr_u8(w, (uint8_t)(value >> 8 * i));
}

uint64_t ic__rd_uint64be(ic__rd *r)
{
    uint64_t high = ic__rd_u32be(r);

    return in_range(r, high << 32 | ic__rd_u32be(r));
}

void ic__wr_uint64be(ic__wr *w, uint64_t value)
{
    if (value > IC__UINT_MAX)
        w->bad = true;
    ic__wr_u32be(w, (uint32_t)(value >> 32));
    ic__wr_u32be(w, (uint32_t)value);
}

int64_t ic__rd_int(ic__rd *r)
{
    return ic__unzigzag(ic__rd_uint(r));
}

void ic__wr_int(ic__wr *w, int64_t value)
{
    ic__wr_uint(w, ic__zigzag(value));
}

uint64_t ic__rd_lexint(ic__rd *r)
{
    uint8_t first = ic__rd_u8(r);
    uint64_t rest = 0;

    if (first <= LEXINT_ONE_BYTE)
        return first;
    size_t bytes = (size_t)(first - LEXINT_ONE_BYTE);
    if (bytes > LEXINT_MAX_BYTES) {
        r->bad = true; /* mantissa and exponent: no whole number */
        return 0;
    }
    for (size_t i = 0; i < bytes; i++)
        rest = rest << 8 | ic__rd_u8(r);
    return r->bad ? 0 : rest + LEXINT_ONE_BYTE + 1;
}

void ic__wr_lexint(ic__wr *w, uint64_t value)
{
    size_t bytes = 1;

    if (value <= LEXINT_ONE_BYTE) {
        ic__wr_u8(w, (uint8_t)value);
        return;
    }
    uint64_t rest = value - LEXINT_ONE_BYTE - 1;
    while (bytes < 8 && value >> 8 * bytes)
        bytes++;
    if (bytes > LEXINT_MAX_BYTES) {
        w->bad = true;
        return;
    }
    ic__wr_u8(w, (uint8_t)(LEXINT_ONE_BYTE + bytes));
    while (bytes-- > 0)
        ic__wr_u8(w, (uint8_t)(rest >> 8 * bytes));
}

bool ic__rd_bool(ic__rd *r)
{
    return ic__rd_u8(r) == 1;
}

void ic__wr_bool(ic__wr *w, bool value)
{
    ic__wr_u8(w, value ? 1 : 0);
}

const uint8_t *ic__rd_buffer(ic__rd *r, size_t max, size_t *len)
{
    uint64_t n = ic__rd_uint(r);

    *len = 0;
    if (n > max || n > r->left)
        r->bad = true;
    if (r->bad)
        return NULL;
    *len = (size_t)n;
    return ic__rd_bytes(r, (size_t)n);
}

void ic__wr_buffer(ic__wr *w, const void *data, size_t len)
{
    ic__wr_uint(w, len);
    ic__wr_bytes(w, data, len);
}

ic__rd ic__rd_frame(ic__rd *r)
{
    size_t len;
    const uint8_t *at = ic__rd_buffer(r, SIZE_MAX, &len);
    ic__rd inside = ic__rd_of(at, len);

    inside.bad = r->bad;
    return inside;
}

size_t ic__rd_count(ic__rd *r, size_t least_bytes, size_t max)
{
    uint64_t n = ic__rd_uint(r);

    if (n > max || (least_bytes && n > r->left / least_bytes))
        r->bad = true;
    return r->bad ? 0 : (size_t)n;
}

uint64_t ic__rd_bitfield(ic__rd *r)
{
    return read_wide(r);
}

void ic__wr_bitfield(ic__wr *w, uint64_t value, unsigned bits)
{
    size_t size = bits < 8 ? 1 : bits <= 16 ? 3 : bits <= 32 ? 5 : 9;

    assert(bits >= 1 && bits <= 64);
    if (bits < 64 && value >> bits)
        w->bad = true;
    write_form(w, value, size);
}

static void read_addr(ic__rd *r, ic__addr *addr, uint8_t family, size_t ip_bytes)
{
    memset(addr, 0, sizeof *addr);
    ic__rd_copy(r, addr->ip, ip_bytes);
    addr->port = ic__rd_u16le(r);
    addr->family = r->bad ? 0 : family;
}

void ic__rd_ipv4_addr(ic__rd *r, ic__addr *addr)
{
    read_addr(r, addr, 4, 4);
}

void ic__rd_ipv6_addr(ic__rd *r, ic__addr *addr)
{
    read_addr(r, addr, 6, 16);
}

void ic__rd_ip_addr(ic__rd *r, ic__addr *addr)
{
    uint8_t family = ic__rd_u8(r);

    if (family != 4 && family != 6)
        r->bad = true;
    read_addr(r, addr, family, family == 4 ? 4 : 16);
}

void ic__wr_addr(ic__wr *w, const ic__addr *addr)
{
    if (addr->family != 4 && addr->family != 6)
        w->bad = true;
    ic__wr_bytes(w, addr->ip, addr->family == 4 ? 4 : 16);
    ic__wr_u16le(w, addr->port);
}

void ic__wr_ip_addr(ic__wr *w, const ic__addr *addr)
{
    ic__wr_u8(w, addr->family);
    ic__wr_addr(w, addr);
}
