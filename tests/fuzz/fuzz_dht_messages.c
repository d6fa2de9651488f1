#include <stdlib.h>
#include <string.h>

#include "dht/messages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MOST 4096

/* One kind of message: read it, and write it again. */
typedef struct kind {
    int (*decode)(void *m, const uint8_t *data, size_t len);
    void (*write)(ic__wr *w, const void *m);
} kind;

#define KIND(type)                                                                       \
    static int decode_##type(void *m, const uint8_t *data, size_t len)                   \
    {                                                                                    \
        return ic__dht_##type##_decode(m, data, len);                                    \
    }                                                                                    \
    static void write_##type(ic__wr *w, const void *m)                                   \
    {                                                                                    \
        ic__dht_##type##_write(w, m);                                                    \
    }

KIND(handshake)
KIND(holepunch)
KIND(noise_payload)
KIND(punch_payload)
KIND(lookup_reply)
KIND(announcement)
KIND(mutable_put)
KIND(mutable_get)
KIND(plugin)
KIND(address)
KIND(pair)
KIND(unpair)

static const kind kinds[] = {
    {decode_handshake, write_handshake},
    {decode_holepunch, write_holepunch},
    {decode_noise_payload, write_noise_payload},
    {decode_punch_payload, write_punch_payload},
    {decode_lookup_reply, write_lookup_reply},
    {decode_announcement, write_announcement},
    {decode_mutable_put, write_mutable_put},
    {decode_mutable_get, write_mutable_get},
    {decode_plugin, write_plugin},
    {decode_address, write_address},
    {decode_pair, write_pair},
    {decode_unpair, write_unpair},
};

typedef union any {
    ic__dht_handshake handshake;
    ic__dht_holepunch holepunch;
    ic__dht_noise_payload noise_payload;
    ic__dht_punch_payload punch_payload;
    ic__dht_lookup_reply lookup_reply;
    ic__dht_announcement announcement;
    ic__dht_mutable mutable_value;
    ic__dht_plugin plugin;
    ic__dht_address address;
    ic__dht_pair pair;
    uint8_t token[IC__DHT_TOKEN_BYTES];
} any;

/* What we have written reads as the same, to the byte. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t once[MOST];
    uint8_t twice[MOST];
    any m;
    any again;

    if (size < 1 || size > MOST / 2)
        return 0;
    const kind *k = &kinds[data[0] % (sizeof kinds / sizeof kinds[0])];
    if (k->decode(&m, data + 1, size - 1) != 0)
        return 0;
    ic__wr a = ic__wr_of(once, sizeof once);
    k->write(&a, &m);
    if (a.bad) /* a version of the payload that we cannot write has no other fields */
        abort();
    if (k->decode(&again, once, a.len) != 0)
        abort();
    ic__wr b = ic__wr_of(twice, sizeof twice);
    k->write(&b, &again);
    if (b.bad || a.len != b.len || memcmp(once, twice, a.len) != 0)
        abort();
    return 0;
}
