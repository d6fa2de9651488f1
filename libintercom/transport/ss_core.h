/**
 * @file transport/ss_core.h
 * What the files of the secret stream share.
 */
#ifndef TRANSPORT_SS_CORE_H
#define TRANSPORT_SS_CORE_H

#include <sodium.h>

#include "transport/bytes.h"
#include "transport/secret_stream.h"

#define SS_ID_BYTES 32
#define SS_FRAME_HEAD_BYTES 3
#define SS_NOISE_FRAME_MAX 1024 /* a message of the handshake and some payload */

/* The header message: id of the sender's stream, header of its cipher. */
#define SS_HEADER_BYTES (SS_ID_BYTES + crypto_secretstream_xchacha20poly1305_HEADERBYTES)

typedef enum ss_state {
    SS_SHAKING, /* Noise messages */
    SS_KEYED,   /* we may write, the peer's header is not here yet */
    SS_FLOWING,
    SS_FAILED
} ss_state;

struct ic__ss {
    ic__ss_options options;
    ic_env env;
    ss_state state;
    bool initiator;
    bool ended;        /* we write no more */
    bool carrier_done; /* the peer writes no more */
    bool paused;       /* messages and the end wait */
    bool tell_open;
    bool tell_drained;
    bool tell_end;
    bool tell_failed;
    bool choked; /* somebody was told IC_ERR_AGAIN */
    int error;
    ic__bytes in;
    ic__bytes out;
    uint64_t begun_ns;
    uint64_t heard_ns; /* last byte of the carrier */
    uint64_t wrote_ns; /* last message of ours */
    ic__noise noise;
    uint8_t remote_key[IC__NOISE_KEY_BYTES];
    uint8_t hash[IC__SYM_HASH_BYTES];
    uint8_t tx[IC__SYM_KEY_BYTES];
    uint8_t rx[IC__SYM_KEY_BYTES];
    crypto_secretstream_xchacha20poly1305_state push;
    crypto_secretstream_xchacha20poly1305_state pull;
    uint8_t datagram_tx[crypto_secretbox_KEYBYTES];
    uint8_t datagram_rx[crypto_secretbox_KEYBYTES];
    uint64_t datagram_counter;
    ic__ss_stats stats;
};

/** End with an error: wipe the keys, drop what is queued. */
void ic__ss_fail(ic__ss *s, int error);

/** Take the keys of a handshake and queue our header. @return 0 or IC_ERR_NOMEM */
IC_CHECK int ic__ss_use_keys(ic__ss *s, const ic__noise_result *keys);

/** Queue the next message of the handshake. @return 0 or an error to fail with */
IC_CHECK int ic__ss_write_noise(ic__ss *s);

/** Take the next frame from the input; true when it is to be told as a message. */
bool ic__ss_read_frame(ic__ss *s, ic__ss_event *event);

/** Queue the three bytes before a body, and make room for it; NULL without memory. */
uint8_t *ic__ss_frame_room(ic__ss *s, size_t body_len);

#endif
