/**
 * @file dht/messages.h
 * The values of HyperDHT's requests and replies.
 *
 * A decoder takes what JavaScript takes: flags and bytes that it does not know are
 * skipped, of a list that is too long only the front is kept. What it gives is borrowed
 * from its input. Writers turn bad when there is no room.
 *
 * Spec     docs/spec/06-hyperdht.md, sections 1, 2 and 11
 * Errors   0 or IC_ERR_PROTO; after an error the output means nothing
 */
#ifndef DHT_MESSAGES_H
#define DHT_MESSAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/rd.h"
#include "base/wr.h"
#include "dht/ops.h"
#include "intercom/api.h"

/* Commands. */
enum {
    IC__DHT_PEER_HANDSHAKE = 0,
    IC__DHT_PEER_HOLEPUNCH = 1,
    IC__DHT_FIND_PEER = 2,
    IC__DHT_LOOKUP = 3,
    IC__DHT_ANNOUNCE = 4,
    IC__DHT_UNANNOUNCE = 5,
    IC__DHT_MUTABLE_PUT = 6,
    IC__DHT_MUTABLE_GET = 7,
    IC__DHT_IMMUTABLE_PUT = 8,
    IC__DHT_IMMUTABLE_GET = 9,
    IC__DHT_PLUGIN = 10
};

/* Errors of storage, in the error field of a reply. */
enum { IC__DHT_SEQ_REUSED = 16, IC__DHT_SEQ_TOO_LOW = 17 };

/* How a handshake or hole punch message travels. */
enum {
    IC__DHT_FROM_CLIENT = 0,
    IC__DHT_FROM_SERVER = 1,
    IC__DHT_FROM_RELAY = 2,
    IC__DHT_FROM_SECOND_RELAY = 3,
    IC__DHT_REPLY = 4
};

/* What stands between a peer and the network. */
enum {
    IC__DHT_FIREWALL_UNKNOWN = 0,
    IC__DHT_FIREWALL_OPEN = 1,
    IC__DHT_FIREWALL_CONSISTENT = 2,
    IC__DHT_FIREWALL_RANDOM = 3
};

/* Errors inside of payloads. */
enum {
    IC__DHT_ERROR_NONE = 0,
    IC__DHT_ERROR_ABORTED = 1,
    IC__DHT_ERROR_VERSION_MISMATCH = 2,
    IC__DHT_ERROR_TRY_LATER = 3
};

#define IC__DHT_SIGNATURE_BYTES 64
#define IC__DHT_SIGNABLE_BYTES 64
#define IC__DHT_VALUE_MAX 1000      /* bytes of a stored value that we write */
#define IC__DHT_RECORDS_MAX 20      /* in the reply to a lookup */
#define IC__DHT_RECORD_BYTES_MAX 51 /* key, count, three addresses */

/** The hash that marks what belongs to a command ("namespace"). */
void ic__dht_namespace(uint8_t out[IC__DHT_KEY_BYTES], uint8_t command);

/** A list of IPv4 addresses, of which the first `max` are kept. @return how many */
size_t ic__dht_addrs_read(ic__rd *r, ic__addr *out, size_t max);
void ic__dht_addrs_write(ic__wr *w, const ic__addr *addrs, size_t count);

/** Command PEER_HANDSHAKE, both ways. */
typedef struct ic__dht_handshake {
    uint32_t mode;
    const uint8_t *noise;
    size_t noise_len;
    ic__addr peer_address; /* family 0 = none, as everywhere here */
    ic__addr relay_address;
} ic__dht_handshake;

IC_CHECK int ic__dht_handshake_decode(ic__dht_handshake *m, const uint8_t *data,
                                      size_t len);
void ic__dht_handshake_write(ic__wr *w, const ic__dht_handshake *m);

/** Command PEER_HOLEPUNCH, both ways. */
typedef struct ic__dht_holepunch {
    uint32_t mode;
    uint32_t id;            /* that the server gave in its noise payload; 0 in replies */
    const uint8_t *payload; /* sealed */
    size_t payload_len;
    ic__addr peer_address;
} ic__dht_holepunch;

IC_CHECK int ic__dht_holepunch_decode(ic__dht_holepunch *m, const uint8_t *data,
                                      size_t len);
void ic__dht_holepunch_write(ic__wr *w, const ic__dht_holepunch *m);

/** A node at which a server has announced itself. */
typedef struct ic__dht_relay {
    ic__addr relay; /* the node */
    ic__addr peer;  /* the server, as the node sees it */
} ic__dht_relay;

/** Inside of the two Noise messages. */
typedef struct ic__dht_noise_payload {
    uint64_t version; /* 1; of another one nothing else is decoded */
    uint32_t error;
    uint32_t firewall;
    bool has_holepunch;
    uint32_t holepunch_id;
    ic__dht_relay relays[IC__DHT_ADDRESSES_MAX];
    size_t relay_count;
    ic__addr addresses4[IC__DHT_ADDRESSES_MAX];
    size_t address4_count;
    ic__addr addresses6[IC__DHT_ADDRESSES_MAX];
    size_t address6_count;
    bool has_udx;
    uint64_t udx_version;
    bool udx_reusable; /* the socket takes other streams later */
    uint32_t udx_id;
    uint64_t udx_seq;
    bool has_secret_stream;
    uint64_t secret_stream_version;
    bool has_relay_through;
    uint8_t relay_key[IC__DHT_KEY_BYTES];
    uint8_t relay_token[IC__DHT_TOKEN_BYTES];
    ic__addr relay_addresses[IC__DHT_ADDRESSES_MAX];
    size_t relay_address_count;
} ic__dht_noise_payload;

IC_CHECK int ic__dht_noise_payload_decode(ic__dht_noise_payload *m, const uint8_t *data,
                                          size_t len);
/** A list that is empty is left out; `holepunch` may have no relays. */
void ic__dht_noise_payload_write(ic__wr *w, const ic__dht_noise_payload *m);

/** Inside of the sealed payload of a hole punch message. */
typedef struct ic__dht_punch_payload {
    uint32_t error;
    uint32_t firewall;
    uint32_t round;
    bool connected;
    bool punching;
    bool has_addresses; /* a list was sent, perhaps an empty one */
    ic__addr addresses[IC__DHT_ADDRESSES_MAX];
    size_t address_count;
    ic__addr remote_address;
    bool has_token;
    uint8_t token[IC__DHT_TOKEN_BYTES];
    bool has_remote_token;
    uint8_t remote_token[IC__DHT_TOKEN_BYTES];
} ic__dht_punch_payload;

IC_CHECK int ic__dht_punch_payload_decode(ic__dht_punch_payload *m, const uint8_t *data,
                                          size_t len);
void ic__dht_punch_payload_write(ic__wr *w, const ic__dht_punch_payload *m);

/** A record of a peer: the reply to FIND_PEER. */
void ic__dht_peer_read(ic__rd *r, ic__dht_peer *peer);
void ic__dht_peer_write(ic__wr *w, const ic__dht_peer *peer);

/** The reply to LOOKUP. */
typedef struct ic__dht_lookup_reply {
    ic__dht_peer peers[IC__DHT_RECORDS_MAX];
    size_t peer_count;
    uint64_t bump; /* milliseconds since 1970; 0 = never */
} ic__dht_lookup_reply;

IC_CHECK int ic__dht_lookup_reply_decode(ic__dht_lookup_reply *m, const uint8_t *data,
                                         size_t len);
void ic__dht_lookup_reply_write(ic__wr *w, const ic__dht_lookup_reply *m);

/** ANNOUNCE and UNANNOUNCE. */
typedef struct ic__dht_announcement {
    bool has_peer;
    ic__dht_peer peer;
    const uint8_t *peer_bytes; /* decoded: as it was sent, which is what is signed */
    size_t peer_len;
    const uint8_t *refresh;   /* 32 bytes, or NULL */
    const uint8_t *signature; /* or NULL */
    uint64_t bump;            /* 0 = none */
} ic__dht_announcement;

IC_CHECK int ic__dht_announcement_decode(ic__dht_announcement *m, const uint8_t *data,
                                         size_t len);
void ic__dht_announcement_write(ic__wr *w, const ic__dht_announcement *m);

/** What an announcement's signature is made of, besides its peer and refresh. */
typedef struct ic__dht_binding {
    uint8_t command; /* IC__DHT_ANNOUNCE or IC__DHT_UNANNOUNCE */
    const uint8_t *target;
    const uint8_t *node_id; /* of the node that stores it */
    const uint8_t *token;   /* that this node gave */
} ic__dht_binding;

/** The bytes to sign; `refresh` may be NULL. */
void ic__dht_announcement_signable(uint8_t out[IC__DHT_SIGNABLE_BYTES],
                                   const ic__dht_binding *binding, const uint8_t *peer,
                                   size_t peer_len, const uint8_t *refresh);

/** MUTABLE_PUT, and, without the key, the reply to MUTABLE_GET. */
typedef struct ic__dht_mutable {
    const uint8_t *public_key; /* of a put */
    uint64_t seq;
    const uint8_t *value;
    size_t value_len;
    const uint8_t *signature;
} ic__dht_mutable;

IC_CHECK int ic__dht_mutable_put_decode(ic__dht_mutable *m, const uint8_t *data,
                                        size_t len);
void ic__dht_mutable_put_write(ic__wr *w, const ic__dht_mutable *m);
IC_CHECK int ic__dht_mutable_get_decode(ic__dht_mutable *m, const uint8_t *data,
                                        size_t len);
void ic__dht_mutable_get_write(ic__wr *w, const ic__dht_mutable *m);
void ic__dht_mutable_signable(uint8_t out[IC__DHT_SIGNABLE_BYTES], uint64_t seq,
                              const uint8_t *value, size_t len);

/** PLUGIN. */
typedef struct ic__dht_plugin {
    const char *name; /* not closed by a zero */
    size_t name_len;
    uint64_t version;
    uint64_t command;
    bool has_value;
    const uint8_t *value;
    size_t value_len;
} ic__dht_plugin;

IC_CHECK int ic__dht_plugin_decode(ic__dht_plugin *m, const uint8_t *data, size_t len);
void ic__dht_plugin_write(ic__wr *w, const ic__dht_plugin *m);

/** The text that people hand around, as bytes: a key, perhaps with nodes that know it. */
typedef struct ic__dht_address {
    uint8_t key[IC__DHT_KEY_BYTES];
    bool has_nodes;
    ic__addr nodes[IC__DHT_ADDRESSES_MAX];
    size_t node_count;
} ic__dht_address;

IC_CHECK int ic__dht_address_decode(ic__dht_address *m, const uint8_t *data, size_t len);
void ic__dht_address_write(ic__wr *w, const ic__dht_address *m);

/** "pair" of a blind relay. */
typedef struct ic__dht_pair {
    bool initiator; /* the side that chose the relay */
    uint8_t token[IC__DHT_TOKEN_BYTES];
    uint32_t id; /* of the sender's UDX stream */
    uint64_t seq;
} ic__dht_pair;

IC_CHECK int ic__dht_pair_decode(ic__dht_pair *m, const uint8_t *data, size_t len);
void ic__dht_pair_write(ic__wr *w, const ic__dht_pair *m);

/** "unpair" of a blind relay. */
IC_CHECK int ic__dht_unpair_decode(uint8_t token[IC__DHT_TOKEN_BYTES],
                                   const uint8_t *data, size_t len);
void ic__dht_unpair_write(ic__wr *w, const uint8_t token[IC__DHT_TOKEN_BYTES]);

#endif
