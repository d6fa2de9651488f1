#include <stdlib.h>
#include <string.h>

#include "transport/codec.h"

#define MAX_BYTES 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Read one value of the kind, write it, and move both on; false when it cannot be read.
 */
static bool copy_value(uint8_t kind, ic__rd *r, ic__wr *w)
{
    ic__addr addr;
    size_t len;
    uint64_t number;
    const uint8_t *bytes;

    switch (kind % 10) {
    case 0:
        ic__wr_uint(w, ic__rd_uint(r));
        break;
    case 1:
        ic__wr_int(w, ic__rd_int(r));
        break;
    case 2:
        ic__wr_uint_le(w, ic__rd_uint_le(r, kind % 8 + 1u), kind % 8 + 1u);
        break;
    case 3:
        number = ic__rd_lexint(r);
        ic__wr_lexint(w, number <= UINT32_MAX ? number : 0); /* more has no form */
        break;
    case 4:
        bytes = ic__rd_buffer(r, MAX_BYTES, &len);
        ic__wr_buffer(w, bytes, len);
        break;
    case 5:
        ic__rd_ip_addr(r, &addr);
        if (!r->bad)
            ic__wr_ip_addr(w, &addr);
        break;
    case 6:
        ic__wr_uint(w, ic__rd_count(r, kind % 3, IC__ARRAY_MAX));
        break;
    case 7:
        ic__wr_bitfield(w, ic__rd_bitfield(r), 64);
        break;
    case 8:
        ic__wr_uint64be(w, ic__rd_uint64be(r));
        break;
    default:
        ic__wr_bool(w, ic__rd_bool(r));
    }
    return !r->bad;
}

/* Kinds and values by turns. What was read is written and read again: the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t first[64 + MAX_BYTES];
    uint8_t second[sizeof first];
    ic__rd r = ic__rd_of(data, size);

    while (r.left) {
        ic__wr w1 = ic__wr_of(first, sizeof first);
        ic__wr w2 = ic__wr_of(second, sizeof second);
        uint8_t kind = ic__rd_u8(&r);
        if (!copy_value(kind, &r, &w1))
            break;
        ic__rd again = ic__rd_of(first, w1.len);
        bool counts = kind % 10 == 6; /* read elements that are not here */
        if (w1.bad ||
            (!counts && (!copy_value(kind, &again, &w2) || again.left || w2.bad ||
                         w1.len != w2.len || memcmp(first, second, w1.len) != 0)))
            abort();
    }
    return 0;
}
