#include <assert.h>
#include <string.h>

#include "base/rd.h"
#include "crypto/namespace.h"
#include "intercom/error.h"
#include "transport/ss_core.h"

#define DATA_OVERHEAD crypto_secretstream_xchacha20poly1305_ABYTES

/* Namespaces of "hyperswarm/secret-stream". */
enum { NS_INITIATOR = 0, NS_RESPONDER = 1, NS_SEND = 2 };

static void ns(uint8_t out[IC__NAMESPACE_BYTES], uint8_t index)
{
    ic__namespace(out, "hyperswarm/secret-stream", index);
}

static void stream_id(uint8_t id[SS_ID_BYTES], const ic__ss *s, bool initiator)
{
    uint8_t role[IC__NAMESPACE_BYTES];

    ns(role, initiator ? NS_INITIATOR : NS_RESPONDER);
    (void)crypto_generichash(id, SS_ID_BYTES, role, sizeof role, s->hash, sizeof s->hash);
}

static void datagram_key(uint8_t key[crypto_secretbox_KEYBYTES], const ic__ss *s,
                         bool initiator)
{
    uint8_t both[2 * IC__NAMESPACE_BYTES];

    ns(both, initiator ? NS_INITIATOR : NS_RESPONDER);
    ns(both + IC__NAMESPACE_BYTES, NS_SEND);
    (void)crypto_generichash(key, crypto_secretbox_KEYBYTES, both, sizeof both, s->hash,
                             sizeof s->hash);
}

/* libsodium draws the header of a sender by itself; what a receiver makes of a header is
 * the same state, and so the header can come from our own source. */
static int queue_header(ic__ss *s)
{
    uint8_t *body = ic__ss_frame_room(s, SS_HEADER_BYTES);

    if (!body)
        return IC_ERR_NOMEM;
    stream_id(body, s, s->initiator);
    s->env.random(body + SS_ID_BYTES, SS_HEADER_BYTES - SS_ID_BYTES, s->env.user);
    (void)crypto_secretstream_xchacha20poly1305_init_pull(&s->push, body + SS_ID_BYTES,
                                                          s->tx);
    sodium_memzero(s->tx, sizeof s->tx);
    return 0;
}

int ic__ss_use_keys(ic__ss *s, const ic__noise_result *keys)
{
    memcpy(s->remote_key, keys->remote_key, sizeof s->remote_key);
    memcpy(s->hash, keys->hash, sizeof s->hash);
    memcpy(s->tx, keys->tx, sizeof s->tx);
    memcpy(s->rx, keys->rx, sizeof s->rx);
    datagram_key(s->datagram_tx, s, s->initiator);
    datagram_key(s->datagram_rx, s, !s->initiator);
    s->env.random(&s->datagram_counter, sizeof s->datagram_counter, s->env.user);
    s->state = SS_KEYED;
    s->tell_open = true;
    return queue_header(s);
}

static int finish_noise(ic__ss *s)
{
    ic__noise_result keys;

    if (!ic__noise_done(&s->noise))
        return 0;
    ic__noise_finish(&s->noise, &keys);
    int err = ic__ss_use_keys(s, &keys);
    sodium_memzero(&keys, sizeof keys);
    return err;
}

int ic__ss_write_noise(ic__ss *s)
{
    uint8_t message[IC__NOISE_OVERHEAD_MAX];
    ic__wr w = ic__wr_of(message, sizeof message);

    int err = ic__noise_write(&s->noise, NULL, 0, &w);
    if (err)
        return err;
    uint8_t *body = ic__ss_frame_room(s, w.len);
    if (!body)
        return IC_ERR_NOMEM;
    memcpy(body, message, w.len);
    return finish_noise(s);
}

/* Payloads of the handshake are always empty when sent, and ignored when read. */
static int read_noise(ic__ss *s, const uint8_t *body, size_t len)
{
    uint8_t ignored[SS_NOISE_FRAME_MAX];
    ic__wr payload = ic__wr_of(ignored, sizeof ignored);

    int err = ic__noise_read(&s->noise, body, len, &payload);
    if (err)
        return err;
    return ic__noise_done(&s->noise) ? finish_noise(s) : ic__ss_write_noise(s);
}

static int read_header(ic__ss *s, const uint8_t *body)
{
    uint8_t id[SS_ID_BYTES];

    stream_id(id, s, !s->initiator);
    if (sodium_memcmp(id, body, sizeof id) != 0)
        return IC_ERR_PROTO;
    (void)crypto_secretstream_xchacha20poly1305_init_pull(&s->pull, body + SS_ID_BYTES,
                                                          s->rx);
    sodium_memzero(s->rx, sizeof s->rx);
    s->state = SS_FLOWING;
    return 0;
}

/* Decrypted where it stands: the plaintext goes over its own ciphertext. */
static int read_data(ic__ss *s, uint8_t *body, size_t len, ic__ss_event *event)
{
    unsigned long long plain_len;
    uint8_t tag;

    if (crypto_secretstream_xchacha20poly1305_pull(&s->pull, body + 1, &plain_len, &tag,
                                                   body, len, NULL, 0) != 0)
        return IC_ERR_AUTH;
    s->stats.messages_in++;
    if (plain_len || !s->options.keepalive_ns)
        *event = (ic__ss_event){
            .what = IC__SS_MESSAGE,
            .data = body + 1,
            .len = (size_t)plain_len,
        };
    return 0;
}

/* May a frame of this length come now? Before anything of it is waited for. */
static int check_length(const ic__ss *s, size_t len)
{
    switch (s->state) {
    case SS_SHAKING:
        return len == 0 || len > SS_NOISE_FRAME_MAX ? IC_ERR_PROTO : 0;
    case SS_KEYED:
        return len != SS_HEADER_BYTES ? IC_ERR_PROTO : 0;
    case SS_FLOWING:
    case SS_FAILED:
    default:
        if (len < DATA_OVERHEAD)
            return IC_ERR_PROTO;
        return len - DATA_OVERHEAD > s->options.max_message_bytes ? IC_ERR_LIMIT : 0;
    }
}

static int read_body(ic__ss *s, uint8_t *body, size_t len, ic__ss_event *event)
{
    switch (s->state) {
    case SS_SHAKING:
        return read_noise(s, body, len);
    case SS_KEYED:
        return read_header(s, body);
    case SS_FLOWING:
    case SS_FAILED:
    default:
        return read_data(s, body, len, event);
    }
}

bool ic__ss_read_frame(ic__ss *s, ic__ss_event *event)
{
    uint8_t *head = ic__bytes_front(&s->in);

    if (s->in.len < SS_FRAME_HEAD_BYTES)
        return false;
    size_t len = (size_t)head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16;
    int err = check_length(s, len);
    if (!err && s->in.len - SS_FRAME_HEAD_BYTES < len)
        return false;
    if (!err) {
        ic__bytes_take(&s->in, SS_FRAME_HEAD_BYTES + len);
        err = read_body(s, head + SS_FRAME_HEAD_BYTES, len, event);
    }
    if (err)
        ic__ss_fail(s, err);
    return event->what == IC__SS_MESSAGE;
}
