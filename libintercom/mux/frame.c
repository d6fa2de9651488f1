#include "mux/frame.h"

#include <string.h>

#include "transport/codec.h"

static bool same_bytes(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
    return a_len == b_len && (!a_len || memcmp(a, b, a_len) == 0);
}

bool ic__mux_key_equal(const ic__mux_key *a, const ic__mux_key *b)
{
    return same_bytes(a->name, a->name_len, b->name, b->name_len) &&
           same_bytes(a->id, a->id_len, b->id, b->id_len);
}

bool ic__mux_open_read(ic__rd *r, ic__mux_open_frame *open)
{
    open->id = ic__rd_uint(r);
    open->key.name = ic__rd_buffer(r, SIZE_MAX, &open->key.name_len);
    open->key.id = ic__rd_buffer(r, SIZE_MAX, &open->key.id_len);
    return !r->bad;
}

void ic__mux_open_write(ic__wr *w, const ic__mux_open_frame *open)
{
    ic__wr_uint(w, IC__MUX_OPEN);
    ic__wr_uint(w, open->id);
    ic__wr_buffer(w, open->key.name, open->key.name_len);
    ic__wr_buffer(w, open->key.id, open->key.id_len);
}

void ic__mux_id_write(ic__wr *w, uint8_t type, uint64_t id)
{
    ic__wr_uint(w, type);
    ic__wr_uint(w, id);
}
