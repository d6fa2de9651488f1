#include <stdlib.h>
#include <string.h>

#include "transport/udx_packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read and written again must read as the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ic__udx_packet first;
    ic__udx_packet second;
    uint32_t id;

    if (ic__udx_packet_decode(&first, data, size) != 0)
        return 0;
    if (!ic__udx_packet_id(data, size, &id) || id != first.id)
        abort();
    if (first.type & IC__UDX_SACK)
        return 0; /* a reader takes blocks in shapes that no writer makes */
    uint8_t *out = malloc(size);
    ic__wr w = ic__wr_of(out, size);
    ic__udx_packet_write(&w, &first);
    if (w.bad || w.len != size || ic__udx_packet_decode(&second, out, size) != 0)
        abort();
    if (first.type != second.type || first.seq != second.seq ||
        first.payload_len != second.payload_len ||
        memcmp(data + size - first.payload_len, second.payload, first.payload_len) != 0)
        abort();
    free(out);
    return 0;
}
