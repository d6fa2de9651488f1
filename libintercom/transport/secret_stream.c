#include "transport/secret_stream.h"

#include <assert.h>
#include <string.h>

#include "base/env.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "transport/ss_core.h"

#define DATA_OVERHEAD crypto_secretstream_xchacha20poly1305_ABYTES

void ic__ss_options_default(ic__ss_options *options)
{
    *options = (ic__ss_options){
        .keepalive_ns = 5 * IC__SEC,
        .handshake_ns = 10 * IC__SEC,
        .max_message_bytes = IC__SS_MESSAGE_MAX,
        .max_queued_bytes = 4u << 20,
    };
}

static ic__ss *allocate(const ic__ss_options *options, const ic_env *env, bool initiator,
                        uint64_t now)
{
    ic__ss *s = ic_mem_calloc(1, sizeof *s);

    if (!s)
        return NULL;
    if (options)
        s->options = *options;
    else
        ic__ss_options_default(&s->options);
    if (s->options.max_message_bytes > IC__SS_MESSAGE_MAX)
        s->options.max_message_bytes = IC__SS_MESSAGE_MAX;
    s->env = *env;
    s->initiator = initiator;
    s->begun_ns = now;
    s->heard_ns = now;
    s->wrote_ns = now;
    return s;
}

int ic__ss_new(ic__ss **out, const ic__ss_options *options, const ic__noise_setup *setup,
               uint64_t now)
{
    ic__ss *s = allocate(options, setup->env, setup->initiator, now);

    if (!s)
        return IC_ERR_NOMEM;
    ic__noise_init(&s->noise, setup);
    int err = setup->initiator ? ic__ss_write_noise(s) : 0;
    if (err) {
        ic__ss_free(s);
        return err;
    }
    *out = s;
    return 0;
}

int ic__ss_new_keyed(ic__ss **out, const ic__ss_options *options, const ic_env *env,
                     bool initiator, const ic__noise_result *keys, uint64_t now)
{
    ic__ss *s = allocate(options, env, initiator, now);

    if (!s)
        return IC_ERR_NOMEM;
    int err = ic__ss_use_keys(s, keys);
    if (err) {
        ic__ss_free(s);
        return err;
    }
    *out = s;
    return 0;
}

static void wipe_keys(ic__ss *s)
{
    ic__noise_wipe(&s->noise);
    sodium_memzero(s->tx, sizeof s->tx);
    sodium_memzero(s->rx, sizeof s->rx);
    sodium_memzero(&s->push, sizeof s->push);
    sodium_memzero(&s->pull, sizeof s->pull);
    sodium_memzero(s->datagram_tx, sizeof s->datagram_tx);
    sodium_memzero(s->datagram_rx, sizeof s->datagram_rx);
}

void ic__ss_free(ic__ss *s)
{
    if (!s)
        return;
    wipe_keys(s);
    ic__bytes_free(&s->in);
    ic__bytes_free(&s->out);
    ic_mem_free(s);
}

void ic__ss_fail(ic__ss *s, int error)
{
    s->state = SS_FAILED;
    s->error = error;
    s->tell_failed = true;
    wipe_keys(s);
    ic__bytes_free(&s->in);
    ic__bytes_free(&s->out);
}

bool ic__ss_proven(const ic__ss *s)
{
    return s->state == SS_FLOWING;
}

const uint8_t *ic__ss_remote_key(const ic__ss *s)
{
    return s->remote_key;
}

const uint8_t *ic__ss_hash(const ic__ss *s)
{
    return s->hash;
}

int ic__ss_recv(ic__ss *s, const uint8_t *data, size_t len, uint64_t now)
{
    if (s->state == SS_FAILED || s->carrier_done)
        return IC_ERR_CLOSED;
    s->heard_ns = now;
    s->stats.bytes_in += len;
    uint8_t *room = ic__bytes_room(&s->in, len);
    if (!room) {
        ic__ss_fail(s, IC_ERR_NOMEM);
        return IC_ERR_NOMEM;
    }
    if (len)
        memcpy(room, data, len);
    ic__bytes_grow(&s->in, len);
    return 0;
}

void ic__ss_recv_end(ic__ss *s)
{
    if (s->state == SS_FAILED || s->carrier_done)
        return;
    s->carrier_done = true;
    s->tell_end = true;
}

const uint8_t *ic__ss_front(const ic__ss *s, size_t *len)
{
    *len = s->out.len;
    return ic__bytes_front(&s->out);
}

void ic__ss_pop(ic__ss *s, size_t len)
{
    ic__bytes_take(&s->out, len);
    ic__bytes_trim(&s->out);
    s->stats.bytes_out += len;
    if (s->choked && s->out.len <= s->options.max_queued_bytes / 2) {
        s->choked = false;
        s->tell_drained = true;
    }
}

size_t ic__ss_pull(ic__ss *s, uint8_t *out, size_t cap)
{
    size_t waiting;
    const uint8_t *front = ic__ss_front(s, &waiting);
    size_t n = waiting < cap ? waiting : cap;

    if (!n)
        return 0;
    memcpy(out, front, n);
    ic__ss_pop(s, n);
    return n;
}

void ic__ss_set_reading(ic__ss *s, bool on, uint64_t now)
{
    if (s->paused && on)
        s->heard_ns = now; /* nobody listened meanwhile */
    s->paused = !on;
}

void ic__ss_begin(ic__ss *s, uint64_t now)
{
    s->begun_ns = now;
    s->heard_ns = now;
}

/* An option of 0 is off. */
static uint64_t after(uint64_t since, uint64_t interval)
{
    return interval ? ic__after(since, interval) : IC__NEVER;
}

static uint64_t handshake_due(const ic__ss *s)
{
    return s->state == SS_FLOWING ? IC__NEVER
                                  : after(s->begun_ns, s->options.handshake_ns);
}

static uint64_t idle_due(const ic__ss *s)
{
    return s->carrier_done || s->paused ? IC__NEVER
                                        : after(s->heard_ns, s->options.idle_ns);
}

static uint64_t keepalive_due(const ic__ss *s)
{
    return s->state == SS_SHAKING || s->ended
               ? IC__NEVER
               : after(s->wrote_ns, s->options.keepalive_ns);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t ic__ss_deadline(const ic__ss *s)
{
    if (s->state == SS_FAILED)
        return IC__NEVER;
    return earlier(keepalive_due(s), earlier(idle_due(s), handshake_due(s)));
}

void ic__ss_expire(ic__ss *s, uint64_t now)
{
    if (now < ic__ss_deadline(s) || s->state == SS_FAILED)
        return;
    if (now >= handshake_due(s) || now >= idle_due(s)) {
        ic__ss_fail(s, IC_ERR_TIMEOUT);
        return;
    }
    s->wrote_ns = now;
    if (s->out.len < s->options.max_queued_bytes && ic__ss_write(s, NULL, 0, now) != 0)
        ic__ss_fail(s, IC_ERR_NOMEM);
}

static bool tell(bool *flag, ic__ss_event *event, ic__ss_what what)
{
    if (!*flag)
        return false;
    *flag = false;
    event->what = what;
    return true;
}

/* Is there input that may be told now? A pause does not stop the handshake. */
static bool readable(const ic__ss *s)
{
    return s->state != SS_FAILED && s->in.len && !(s->paused && s->state == SS_FLOWING);
}

bool ic__ss_next(ic__ss *s, ic__ss_event *event)
{
    *event = (ic__ss_event){.what = IC__SS_NOTHING};
    ic__bytes_trim(&s->in);
    if (tell(&s->tell_open, event, IC__SS_OPEN))
        return true;
    while (readable(s)) {
        size_t before = s->in.len;
        if (ic__ss_read_frame(s, event))
            return true;
        if (tell(&s->tell_open, event, IC__SS_OPEN))
            return true;
        if (s->in.len == before)
            break; /* the rest of a frame is missing */
    }
    if (tell(&s->tell_failed, event, IC__SS_FAILED)) {
        event->error = s->error;
        return true;
    }
    return s->state != SS_FAILED &&
           (tell(&s->tell_drained, event, IC__SS_DRAINED) ||
            (!s->paused && tell(&s->tell_end, event, IC__SS_END)));
}

uint8_t *ic__ss_frame_room(ic__ss *s, size_t body_len)
{
    uint8_t *room = ic__bytes_room(&s->out, SS_FRAME_HEAD_BYTES + body_len);

    if (!room)
        return NULL;
    room[0] = (uint8_t)body_len;
    room[1] = (uint8_t)(body_len >> 8);
    room[2] = (uint8_t)(body_len >> 16);
    ic__bytes_grow(&s->out, SS_FRAME_HEAD_BYTES + body_len);
    return room + SS_FRAME_HEAD_BYTES;
}

int ic__ss_write(ic__ss *s, const uint8_t *data, size_t len, uint64_t now)
{
    if (s->state == SS_FAILED || s->ended)
        return IC_ERR_CLOSED;
    if (len > s->options.max_message_bytes)
        return IC_ERR_LIMIT;
    if (s->state == SS_SHAKING || s->out.len >= s->options.max_queued_bytes) {
        s->choked = s->state != SS_SHAKING;
        return IC_ERR_AGAIN;
    }
    uint8_t *body = ic__ss_frame_room(s, len + DATA_OVERHEAD);
    if (!body)
        return IC_ERR_NOMEM;
    (void)crypto_secretstream_xchacha20poly1305_push(
        &s->push, body, NULL, data, len, NULL, 0,
        crypto_secretstream_xchacha20poly1305_TAG_MESSAGE);
    s->wrote_ns = now;
    s->stats.messages_out++;
    return 0;
}

size_t ic__ss_queued(const ic__ss *s)
{
    return s->out.len;
}

void ic__ss_end(ic__ss *s)
{
    s->ended = true;
}

bool ic__ss_drained(const ic__ss *s)
{
    return s->ended && s->out.len == 0;
}

ic__ss_stats ic__ss_get_stats(const ic__ss *s)
{
    return s->stats;
}
