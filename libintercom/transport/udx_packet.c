#include "transport/udx_packet.h"

#include <string.h>

#include "base/rd.h"
#include "intercom/error.h"

#define MAGIC 0xff
#define VERSION 1
#define ID_AT 4
#define BLOCK_BYTES 8

bool ic__udx_packet_id(const uint8_t *p, size_t n, uint32_t *id)
{
    ic__rd r = ic__rd_of(p, n);

    if (n < IC__UDX_HEADER_BYTES || ic__rd_u8(&r) != MAGIC || ic__rd_u8(&r) != VERSION)
        return false;
    (void)ic__rd_u16le(&r);
    *id = ic__rd_u32le(&r);
    return true;
}

/* The blocks end at the data offset when that lies inside the packet, else at its end. */
static void read_sacks(ic__udx_packet *out, ic__rd after_header, uint8_t offset)
{
    size_t len = after_header.left;

    if (offset > 0 && offset < len)
        len = offset;
    ic__rd r = ic__rd_of(after_header.p, len);
    while (r.left >= BLOCK_BYTES && out->sack_count < IC__UDX_MAX_SACKS) {
        ic__udx_range *block = &out->sacks[out->sack_count++];
        block->start = ic__rd_u32le(&r);
        block->end = ic__rd_u32le(&r);
    }
}

int ic__udx_packet_decode(ic__udx_packet *out, const uint8_t *p, size_t n)
{
    ic__rd r = ic__rd_of(p, n);
    uint8_t magic = ic__rd_u8(&r);
    uint8_t version = ic__rd_u8(&r);

    out->type = ic__rd_u8(&r);
    uint8_t offset = ic__rd_u8(&r);
    out->id = ic__rd_u32le(&r);
    out->rwnd = ic__rd_u32le(&r);
    out->seq = ic__rd_u32le(&r);
    out->ack = ic__rd_u32le(&r);
    if (r.bad || magic != MAGIC || version != VERSION)
        return IC_ERR_PROTO;
    out->sack_count = 0;
    if (out->type & IC__UDX_SACK)
        read_sacks(out, r, offset);
    out->padding = out->type & IC__UDX_SACK ? 0 : offset;
    (void)ic__rd_bytes(&r, offset);
    out->payload_len = r.left;
    out->payload = ic__rd_bytes(&r, r.left);
    return ic__rd_finish(&r) ? 0 : IC_ERR_PROTO;
}

void ic__udx_packet_write(ic__wr *w, const ic__udx_packet *packet)
{
    static const uint8_t zeros[IC__UDX_MAX_PADDING];

    ic__wr_u8(w, MAGIC);
    ic__wr_u8(w, VERSION);
    ic__wr_u8(w, packet->type);
    ic__wr_u8(w, packet->padding);
    ic__wr_u32le(w, packet->id);
    ic__wr_u32le(w, packet->rwnd);
    ic__wr_u32le(w, packet->seq);
    ic__wr_u32le(w, packet->ack);
    for (size_t i = 0; i < packet->sack_count; i++) {
        ic__wr_u32le(w, packet->sacks[i].start);
        ic__wr_u32le(w, packet->sacks[i].end);
    }
    ic__wr_bytes(w, zeros, packet->padding);
    if (packet->payload)
        ic__wr_bytes(w, packet->payload, packet->payload_len);
}

void ic__udx_packet_set_id(uint8_t *p, uint32_t id)
{
    ic__wr w = ic__wr_of(p + ID_AT, sizeof id);
    ic__wr_u32le(&w, id);
}
