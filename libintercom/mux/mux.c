#include "mux/mux.h"

#include <assert.h>
#include <string.h>

#include "base/env.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "mux/core.h"
#include "transport/codec.h"
#include "transport/secret_stream.h"

void ic__mux_options_default(ic__mux_options *options)
{
    *options = (ic__mux_options){
        .max_channels = 4096,
        .max_waiting = 256,
        .max_waiting_bytes = 32768,
        .max_stored_bytes = 1u << 20,
        .max_message_bytes = 8u << 20,
        .max_frame_bytes = IC__SS_MESSAGE_MAX,
        .max_queued_bytes = 4u << 20,
        .pair_ns = 10 * IC__SEC,
    };
}

int ic__mux_new(ic__mux **out, const ic__mux_options *options)
{
    ic__mux *m = ic_mem_calloc(1, sizeof *m);

    if (!m)
        return IC_ERR_NOMEM;
    if (options)
        m->options = *options;
    else
        ic__mux_options_default(&m->options);
    if (m->options.max_frame_bytes > IC__SS_MESSAGE_MAX)
        m->options.max_frame_bytes = IC__SS_MESSAGE_MAX;
    ic__queue_init(&m->channels);
    ic__queue_init(&m->opening);
    ic__queue_init(&m->ready);
    ic__queue_init(&m->waiting);
    ic__queue_init(&m->pairs);
    *out = m;
    return 0;
}

/* What was told with the last event. */
static void bury(ic__mux *m)
{
    ic_mem_free(m->told);
    m->told = NULL;
    if (m->dead)
        ic__channel_free(m->dead);
    m->dead = NULL;
}

static void drop_waiting(ic__mux *m)
{
    for (ic__link *at = ic__queue_pop(&m->waiting); at; at = ic__queue_pop(&m->waiting))
        ic__mux_waiting_free(IC__ELEMENT(at, mux_waiting, link));
    m->waiting_bytes = 0;
}

void ic__mux_free(ic__mux *m)
{
    if (!m)
        return;
    bury(m);
    drop_waiting(m);
    for (ic__link *at = ic__queue_first(&m->channels); at;
         at = ic__queue_first(&m->channels))
        ic__channel_free(IC__ELEMENT(at, ic__channel, all));
    for (ic__link *at = ic__queue_pop(&m->pairs); at; at = ic__queue_pop(&m->pairs))
        ic_mem_free(IC__ELEMENT(at, mux_pair, link));
    ic_mem_free(m->free_ids);
    ic_mem_free(m->remote);
    ic__bytes_free(&m->out);
    ic__bytes_free(&m->batch);
    ic_mem_free(m);
}

static size_t queued(const ic__mux *m)
{
    return m->out.len + m->batch.len;
}

int ic__mux_recv(ic__mux *m, const uint8_t *frame, size_t len, uint64_t now)
{
    if (m->done)
        return IC_ERR_CLOSED;
    if (m->depth)
        return IC_ERR_BUSY;
    bury(m);
    m->now = now;
    m->stats.frames_in++;
    if (len) /* an empty one is a keep-alive */
        m->level[m->depth++] = (mux_level){.r = ic__rd_of(frame, len)};
    return 0;
}

/* What we sent ourselves is no reason not to listen: if both ends thought so, neither
 * would ever go on. Answers are: whoever does not take them asks no more. */
bool ic__mux_reading(const ic__mux *m)
{
    uint64_t most_sent = (uint64_t)m->options.max_queued_bytes +
                         m->options.max_message_bytes + IC__MUX_FRAME_EXTRA;

    return !m->done && m->waiting_bytes <= m->options.max_waiting_bytes &&
           queued(m) <= most_sent;
}

bool ic__mux_next(ic__mux *m, ic__mux_event *event)
{
    *event = (ic__mux_event){.what = IC__MUX_NOTHING};
    bury(m);
    for (;;) {
        if (ic__channel_tell(m, event))
            return true;
        if (!m->depth)
            break;
        if (ic__mux_read(m, event))
            return true;
    }
    if (m->tell_failed) {
        m->tell_failed = false;
        event->what = IC__MUX_FAILED;
        event->error = m->error;
    } else if (m->tell_drained && !m->done) {
        m->tell_drained = false;
        event->what = IC__MUX_DRAINED;
    }
    return event->what != IC__MUX_NOTHING;
}

/* ---- frames for the stream ---- */

static uint8_t *frame_room(ic__mux *m, size_t len)
{
    uint32_t head = (uint32_t)len;
    uint8_t *room = ic__bytes_room(&m->out, sizeof head + len);

    if (!room)
        return NULL;
    memcpy(room, &head, sizeof head);
    ic__bytes_grow(&m->out, sizeof head + len);
    return room + sizeof head;
}

const uint8_t *ic__mux_front(const ic__mux *m, size_t *len)
{
    uint32_t head;
    const uint8_t *front = ic__bytes_front(&m->out);

    if (!front)
        return NULL;
    memcpy(&head, front, sizeof head);
    *len = head;
    return front + sizeof head;
}

void ic__mux_pop(ic__mux *m)
{
    size_t len;

    if (!ic__mux_front(m, &len))
        return;
    ic__bytes_take(&m->out, sizeof(uint32_t) + len);
    ic__bytes_trim(&m->out);
    m->stats.frames_out++;
    if (m->choked && queued(m) <= m->options.max_queued_bytes / 2) {
        m->choked = false;
        m->tell_drained = true;
    }
}

static int flush_batch(ic__mux *m)
{
    if (!m->batch.len)
        return 0;
    uint8_t *room = frame_room(m, m->batch.len);
    if (!room)
        return IC_ERR_NOMEM;
    memcpy(room, ic__bytes_front(&m->batch), m->batch.len);
    ic__bytes_take(&m->batch, m->batch.len);
    ic__bytes_trim(&m->batch);
    return 0;
}

/* The most that an item, or the first one with its batch, takes. */
static size_t item_most(size_t item)
{
    return item + (size_t)3 * 9 + 2;
}

/* Behind the first byte, which names the control channel, a batch is a list of switches
 * to a channel, 00 and its id, and of items, each behind its length. */
static int write_item(ic__mux *m, uint64_t channel, const ic__wr *head,
                      const uint8_t *data, size_t len)
{
    size_t item = head->len + len;
    size_t most = item_most(item);

    if (m->batch.len >= MUX_BATCH_FULL ||
        m->batch.len + most > m->options.max_frame_bytes) {
        int err = flush_batch(m);
        if (err)
            return err;
    }
    uint8_t *room = ic__bytes_room(&m->batch, most);
    if (!room)
        return IC_ERR_NOMEM;
    ic__wr w = ic__wr_of(room, most);
    if (!m->batch.len)
        ic__wr_uint(&w, IC__MUX_CONTROL);
    if (!m->batch.len || m->batch_channel != channel) {
        ic__wr_uint(&w, 0);
        ic__wr_uint(&w, channel);
    }
    ic__wr_uint(&w, item);
    ic__wr_bytes(&w, head->p, head->len);
    ic__wr_bytes(&w, data, len);
    assert(!w.bad);
    ic__bytes_grow(&m->batch, w.len);
    m->batch_channel = channel;
    return 0;
}

int ic__mux_write(ic__mux *m, uint64_t channel, const ic__wr *head, const uint8_t *data,
                  size_t len)
{
    size_t size = ic__uint_size(channel) + head->len + len;

    if (size > m->options.max_frame_bytes)
        return IC_ERR_LIMIT;
    if (m->corks && item_most(head->len + len) <= m->options.max_frame_bytes)
        return write_item(m, channel, head, data, len);
    int err = flush_batch(m);
    if (err)
        return err;
    uint8_t *room = frame_room(m, size);
    if (!room)
        return IC_ERR_NOMEM;
    ic__wr w = ic__wr_of(room, size);
    ic__wr_uint(&w, channel);
    ic__wr_bytes(&w, head->p, head->len);
    ic__wr_bytes(&w, data, len);
    return 0;
}

void ic__mux_write_id(ic__mux *m, uint8_t type, uint64_t id)
{
    uint8_t bytes[10];
    ic__wr head = ic__wr_of(bytes, sizeof bytes);

    ic__mux_id_write(&head, type, id);
    int err = m->done ? 0 : ic__mux_write(m, IC__MUX_CONTROL, &head, NULL, 0);
    if (err)
        ic__mux_fail(m, err);
}

void ic__mux_cork(ic__mux *m)
{
    m->corks++;
}

void ic__mux_uncork(ic__mux *m)
{
    if (m->corks && --m->corks == 0 && flush_batch(m) != 0)
        ic__mux_fail(m, IC_ERR_NOMEM);
}

size_t ic__mux_corked(const ic__mux *m)
{
    return m->batch.len;
}

/* ---- time and end ---- */

uint64_t ic__mux_deadline(const ic__mux *m)
{
    if (m->done || !m->waiting.count)
        return IC__NEVER;
    return IC__ELEMENT(m->waiting.ends.next, mux_waiting, link)->due_ns;
}

void ic__mux_expire(ic__mux *m, uint64_t now)
{
    while (now >= ic__mux_deadline(m))
        ic__mux_waiting_reject(
            m, IC__ELEMENT(ic__queue_first(&m->waiting), mux_waiting, link));
}

static void close_all(ic__mux *m)
{
    m->done = true;
    m->depth = 0;
    drop_waiting(m);
    for (ic__link *at = m->channels.ends.next; at != &m->channels.ends; at = at->next)
        ic__channel_closed(IC__ELEMENT(at, ic__channel, all), true);
}

void ic__mux_end(ic__mux *m)
{
    if (!m->done)
        close_all(m);
}

void ic__mux_fail(ic__mux *m, int error)
{
    if (m->done)
        return;
    close_all(m);
    m->error = error;
    m->tell_failed = true;
    m->corks = 0;
    ic__bytes_free(&m->out);
    ic__bytes_free(&m->batch);
}

ic__mux_stats ic__mux_get_stats(const ic__mux *m)
{
    return m->stats;
}
