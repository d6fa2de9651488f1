#include "dht_json.h"

#include <stdlib.h>
#include <string.h>

#include "codec_json.h"
#include "unit.h"
#include "vectors.h"

ic__addr dht_json_addr(const json_t *v)
{
    if (!v || json_is_null(v))
        return (ic__addr){.family = 0};
    return codec_json_addr(vectors_text(v, "host"),
                           json_integer_value(json_object_get(v, "port")));
}

size_t dht_json_addrs(const json_t *v, ic__addr *out, size_t cap)
{
    size_t count = json_array_size(v);

    assert_true(count <= cap);
    for (size_t i = 0; i < count; i++)
        out[i] = dht_json_addr(json_array_get(v, i));
    return count;
}

void dht_json_key(const json_t *object, const char *key, uint8_t *out, size_t len)
{
    size_t got;
    uint8_t *bytes = vectors_bytes(object, key, &got);

    assert_int_equal(got, len);
    memcpy(out, bytes, len);
    free(bytes);
}

ic__dht_peer dht_json_peer(const json_t *v)
{
    ic__dht_peer peer = {.relay_count = 0};

    dht_json_key(v, "publicKey", peer.public_key, sizeof peer.public_key);
    peer.relay_count = dht_json_addrs(json_object_get(v, "relayAddresses"), peer.relays,
                                      IC__DHT_RELAYS_MAX);
    return peer;
}

void dht_json_expect_addrs(const json_t *v, const ic__addr *addrs, size_t count)
{
    assert_int_equal(count, json_array_size(v));
    for (size_t i = 0; i < count; i++) {
        ic__addr expected = dht_json_addr(json_array_get(v, i));
        assert_true(ic__addr_equal(&addrs[i], &expected));
    }
}
