/**
 * @file dht_json.h
 * Addresses, keys and records as the golden data of the DHT show them.
 */
#ifndef DHT_JSON_H
#define DHT_JSON_H

#include <jansson.h>

#include "dht/messages.h"
#include "vectors.h"

/** "host" and "port" of an object; family 0 for null. */
ic__addr dht_json_addr(const json_t *v);

/** A list of addresses, or null. @return how many */
size_t dht_json_addrs(const json_t *v, ic__addr *out, size_t cap);

/** The hex member `key` of exactly `len` bytes. */
void dht_json_key(const json_t *object, const char *key, uint8_t *out, size_t len);

ic__dht_peer dht_json_peer(const json_t *v);

/** These addresses, in this order. */
void dht_json_expect_addrs(const json_t *v, const ic__addr *addrs, size_t count);

/** The vectors_codec `name` of ic__dht_<name>_decode, of this type; expect_<name> comes
 * before it. */
#define DHT_CODEC(name, type)                                                            \
    static int read_##name(void *m, const uint8_t *data, size_t len)                     \
    {                                                                                    \
        return ic__dht_##name##_decode(m, data, len);                                    \
    }                                                                                    \
    static void write_##name(ic__wr *w, const void *m)                                   \
    {                                                                                    \
        ic__dht_##name##_write(w, m);                                                    \
    }                                                                                    \
    static const vectors_codec name = {sizeof(type), read_##name, expect_##name,         \
                                       write_##name}

#endif
