#include <string.h>

#include "base/env.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "mux/core.h"
#include "transport/codec.h"

static mux_remote *remote_of(ic__mux *m, uint64_t id)
{
    return id == 0 || id > m->remote_count ? NULL : &m->remote[id - 1];
}

static int store(ic__mux *m, mux_waiting *w, uint64_t type, const ic__rd *r)
{
    size_t cost = r->left + MUX_STORED_EXTRA;

    if (cost > m->options.max_stored_bytes ||
        m->waiting_bytes > m->options.max_stored_bytes - cost)
        return IC_ERR_LIMIT;
    mux_stored *s = ic_mem_alloc(sizeof *s + r->left);
    if (!s)
        return IC_ERR_NOMEM;
    *s = (mux_stored){.type = type, .len = r->left};
    if (r->left)
        memcpy(s->data, r->p, r->left);
    ic__queue_push(&w->messages, &s->link);
    w->bytes += cost;
    m->waiting_bytes += cost;
    return 0;
}

static int read_message(ic__mux *m, uint64_t id, ic__rd *r, ic__mux_event *event)
{
    uint64_t type = ic__rd_uint(r);
    mux_remote *remote = remote_of(m, id);

    if (r->bad)
        return IC_ERR_PROTO;
    if (remote && remote->waiting)
        return store(m, remote->waiting, type, r);
    if (!remote || !remote->channel || type >= remote->channel->types) {
        m->stats.dropped_messages++;
        return 0;
    }
    m->stats.messages_in++;
    *event = (ic__mux_event){
        .what = IC__MUX_MESSAGE,
        .channel = remote->channel,
        .type = type,
        .data = r->p,
        .len = r->left,
    };
    return 0;
}

/* The peer may use an id that is free, or the next one that was never used. */
static int take_remote_id(ic__mux *m, uint64_t id)
{
    const mux_remote *remote = remote_of(m, id);

    if (remote)
        return remote->waiting || remote->channel ? IC_ERR_PROTO : 0;
    if (id != (uint64_t)m->remote_count + 1)
        return IC_ERR_PROTO;
    if (m->remote_count >= (uint64_t)m->options.max_channels + m->options.max_waiting)
        return IC_ERR_LIMIT;
    if (m->remote_count == m->remote_cap) {
        uint32_t cap = m->remote_cap ? 2 * m->remote_cap : 8;
        mux_remote *grown = ic_mem_resize(m->remote, cap * sizeof *grown);
        if (!grown)
            return IC_ERR_NOMEM;
        m->remote = grown;
        m->remote_cap = cap;
    }
    m->remote[m->remote_count++] = (mux_remote){.waiting = NULL};
    return 0;
}

static const uint8_t *keep(ic__wr *w, const uint8_t *data, size_t len)
{
    uint8_t *room = ic__wr_room(w, len);

    if (len)
        memcpy(room, data, len);
    return room;
}

static mux_waiting *waiting_new(ic__mux *m, const ic__mux_open_frame *open,
                                const ic__rd *r)
{
    size_t bytes = open->key.name_len + open->key.id_len + r->left;
    mux_waiting *w = ic_mem_alloc(sizeof *w + bytes);

    if (!w)
        return NULL;
    ic__wr behind = ic__wr_of(w + 1, bytes);
    *w = (mux_waiting){
        .remote_id = (uint32_t)open->id,
        .due_ns = m->options.pair_ns ? ic__after(m->now, m->options.pair_ns) : IC__NEVER,
        .key = {.name_len = open->key.name_len, .id_len = open->key.id_len},
        .handshake_len = r->left,
    };
    w->key.name = keep(&behind, open->key.name, open->key.name_len);
    w->key.id = keep(&behind, open->key.id, open->key.id_len);
    w->handshake = keep(&behind, r->p, r->left);
    ic__queue_init(&w->messages);
    return w;
}

void ic__mux_waiting_free(mux_waiting *w)
{
    if (!w)
        return;
    for (ic__link *at = ic__queue_pop(&w->messages); at; at = ic__queue_pop(&w->messages))
        ic_mem_free(IC__ELEMENT(at, mux_stored, link));
    ic_mem_free(w);
}

void ic__mux_waiting_remove(ic__mux *m, mux_waiting *w)
{
    ic__queue_remove(&m->waiting, &w->link);
    m->waiting_bytes -= w->bytes;
    m->remote[w->remote_id - 1].waiting = NULL;
}

void ic__mux_waiting_reject(ic__mux *m, mux_waiting *w)
{
    uint32_t id = w->remote_id;

    ic__mux_waiting_remove(m, w);
    ic__mux_waiting_free(w);
    m->stats.rejected++;
    ic__mux_write_id(m, IC__MUX_REJECT, id);
}

/* Our channel of this key was first; a closed one has only waited for this answer. */
static void pair(ic__channel *ch, uint64_t remote_id, const ic__rd *handshake)
{
    if (ch->closed) {
        ic__channel_answered(ch);
        return;
    }
    ch->handshake = handshake->p;
    ch->handshake_len = handshake->left;
    ic__channel_paired(ch, (uint32_t)remote_id);
}

static int wait_for_user(ic__mux *m, const ic__mux_open_frame *open, const ic__rd *r,
                         ic__mux_event *event)
{
    mux_waiting *w = waiting_new(m, open, r);

    if (!w)
        return IC_ERR_NOMEM;
    m->remote[open->id - 1].waiting = w;
    ic__queue_push(&m->waiting, &w->link);
    *event = (ic__mux_event){
        .what = IC__MUX_PAIR,
        .key = w->key,
        .data = w->handshake,
        .len = w->handshake_len,
    };
    return 0;
}

static int read_open(ic__mux *m, ic__rd *r, ic__mux_event *event)
{
    ic__mux_open_frame open;

    if (!ic__mux_open_read(r, &open))
        return IC_ERR_PROTO;
    int err = take_remote_id(m, open.id);
    if (err)
        return err;
    ic__channel *ch = ic__mux_opening_find(m, &open.key);
    if (ch) {
        pair(ch, open.id, r);
        return 0;
    }
    if (open.key.name_len > IC__MUX_NAME_MAX || open.key.id_len > IC__MUX_ID_MAX ||
        m->waiting.count >= m->options.max_waiting ||
        r->left > m->options.max_stored_bytes || !ic__mux_pair_find(m, &open.key)) {
        m->stats.rejected++;
        ic__mux_write_id(m, IC__MUX_REJECT, open.id);
        return 0;
    }
    return wait_for_user(m, &open, r, event);
}

static int read_reject(ic__mux *m, ic__rd *r)
{
    uint64_t id = ic__rd_uint(r);

    if (r->bad)
        return IC_ERR_PROTO;
    for (ic__link *at = m->opening.ends.next; at != &m->opening.ends; at = at->next) {
        ic__channel *ch = IC__ELEMENT(at, ic__channel, opening);
        if (ch->local_id == id) {
            ic__channel_answered(ch);
            return 0;
        }
    }
    return IC_ERR_PROTO;
}

static int read_close(ic__mux *m, ic__rd *r)
{
    uint64_t id = ic__rd_uint(r);
    mux_remote *remote = remote_of(m, id);

    if (r->bad)
        return IC_ERR_PROTO;
    /* What waits for a channel that is gone gets the answer that frees its id there. */
    if (remote && remote->waiting)
        ic__mux_waiting_reject(m, remote->waiting);
    else if (remote && remote->channel)
        ic__channel_closed(remote->channel, true);
    return 0;
}

static int read_batch(ic__mux *m, ic__rd *r)
{
    uint64_t channel = ic__rd_uint(r);

    if (r->bad || m->depth == MUX_MOST_LEVELS)
        return IC_ERR_PROTO;
    m->level[m->depth++] = (mux_level){.r = *r, .channel = channel, .batch = true};
    return 0;
}

static int read_control(ic__mux *m, ic__rd *r, ic__mux_event *event)
{
    uint64_t type = ic__rd_uint(r);

    if (r->bad)
        return IC_ERR_PROTO;
    switch (type) {
    case IC__MUX_BATCH:
        return read_batch(m, r);
    case IC__MUX_OPEN:
        return read_open(m, r, event);
    case IC__MUX_REJECT:
        return read_reject(m, r);
    case IC__MUX_CLOSE:
        return read_close(m, r);
    default:
        return 0;
    }
}

static int read_item(ic__mux *m, uint64_t channel, ic__rd *r, ic__mux_event *event)
{
    return channel == IC__MUX_CONTROL ? read_control(m, r, event)
                                      : read_message(m, channel, r, event);
}

/* One item of a batch, or a switch to another channel. */
static int read_batch_item(ic__mux *m, mux_level *l, ic__mux_event *event)
{
    uint64_t len = ic__rd_uint(&l->r);

    if (len == 0) {
        l->channel = ic__rd_uint(&l->r);
        return l->r.bad ? IC_ERR_PROTO : 0;
    }
    size_t n = len < l->r.left ? (size_t)len : l->r.left; /* the reference cuts it, too */
    ic__rd item = ic__rd_of(ic__rd_bytes(&l->r, n), n);
    if (l->r.left && !l->corked) { /* answers to more than one leave together */
        l->corked = true;
        ic__mux_cork(m);
    }
    return read_item(m, l->channel, &item, event);
}

static int read_frame(ic__mux *m, mux_level *l, ic__mux_event *event)
{
    ic__rd r = l->r;
    uint64_t channel = ic__rd_uint(&r);

    l->r.left = 0;
    return r.bad ? IC_ERR_PROTO : read_item(m, channel, &r, event);
}

bool ic__mux_read(ic__mux *m, ic__mux_event *event)
{
    mux_level *l = &m->level[m->depth - 1];

    if (!l->r.left) {
        bool corked = l->corked;
        m->depth--;
        if (corked)
            ic__mux_uncork(m);
        return false;
    }
    int err = l->batch ? read_batch_item(m, l, event) : read_frame(m, l, event);
    if (err)
        ic__mux_fail(m, err);
    return event->what != IC__MUX_NOTHING;
}
