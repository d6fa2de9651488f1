#include <assert.h>
#include <string.h>

#include "base/rd.h"
#include "intercom/error.h"
#include "transport/ss_core.h"

#define COUNTER_BYTES 8
#define MAC_BYTES crypto_secretbox_MACBYTES

static_assert(IC__SS_DATAGRAM_OVERHEAD == COUNTER_BYTES + MAC_BYTES, "overhead");

static void nonce_of(uint8_t nonce[crypto_secretbox_NONCEBYTES], uint64_t counter)
{
    ic__wr w = ic__wr_of(nonce, crypto_secretbox_NONCEBYTES);

    memset(nonce, 0, crypto_secretbox_NONCEBYTES);
    ic__wr_u64le(&w, counter);
}

/* The key is new with each connection, so the counter may start, and wrap, anywhere. */
int ic__ss_seal_datagram(ic__ss *s, const uint8_t *data, size_t len, ic__wr *w)
{
    uint8_t nonce[crypto_secretbox_NONCEBYTES];

    if (s->state == SS_FAILED || s->ended)
        return IC_ERR_CLOSED;
    if (s->state == SS_SHAKING)
        return IC_ERR_AGAIN;
    if (w->bad || w->cap - w->len < IC__SS_DATAGRAM_OVERHEAD ||
        w->cap - w->len - IC__SS_DATAGRAM_OVERHEAD < len)
        return IC_ERR_LIMIT;
    nonce_of(nonce, ++s->datagram_counter);
    ic__wr_u64le(w, s->datagram_counter);
    (void)crypto_secretbox_easy(ic__wr_room(w, MAC_BYTES + len), data, len, nonce,
                                s->datagram_tx);
    s->stats.datagrams_out++;
    return 0;
}

static int open_sealed(ic__ss *s, const uint8_t *data, size_t len, uint8_t *out)
{
    uint8_t nonce[crypto_secretbox_NONCEBYTES];
    ic__rd r = ic__rd_of(data, len);

    nonce_of(nonce, ic__rd_u64le(&r));
    return crypto_secretbox_open_easy(out, r.p, r.left, nonce, s->datagram_rx) == 0
               ? 0
               : IC_ERR_AUTH;
}

int ic__ss_open_datagram(ic__ss *s, const uint8_t *data, size_t len, ic__wr *w)
{
    bool keyed = s->state == SS_KEYED || s->state == SS_FLOWING;

    if (!keyed || len < IC__SS_DATAGRAM_OVERHEAD) {
        s->stats.dropped_datagrams++;
        return IC_ERR_AUTH;
    }
    size_t before = w->len;
    uint8_t *out = ic__wr_room(w, len - IC__SS_DATAGRAM_OVERHEAD);
    if (!out)
        return IC_ERR_LIMIT;
    int err = open_sealed(s, data, len, out);
    if (err) {
        w->len = before;
        s->stats.dropped_datagrams++;
        return err;
    }
    s->stats.datagrams_in++;
    return 0;
}
