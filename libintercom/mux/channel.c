#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "mux/core.h"
#include "transport/codec.h"

void ic__channel_options_default(ic__channel_options *options)
{
    *options = (ic__channel_options){.types = UINT32_MAX};
}

static ic__mux_key key_of(const char *protocol, const uint8_t *id, size_t id_len)
{
    return (ic__mux_key){
        .name = (const uint8_t *)protocol,
        .name_len = strlen(protocol),
        .id = id,
        .id_len = id ? id_len : 0,
    };
}

static bool key_fits(const ic__mux_key *key)
{
    return key->name_len <= IC__MUX_NAME_MAX && key->id_len <= IC__MUX_ID_MAX;
}

/* Copy the bytes of a key behind its struct. */
static void keep_key(ic__mux_key *key, const ic__mux_key *from, uint8_t **at)
{
    *key = (ic__mux_key){.name = *at, .name_len = from->name_len};
    memcpy(*at, from->name, from->name_len);
    *at += from->name_len;
    key->id = *at;
    key->id_len = from->id_len;
    if (from->id_len)
        memcpy(*at, from->id, from->id_len);
    *at += from->id_len;
}

/* ---- what the user is asked about ---- */

static mux_pair *pair_get(ic__mux *m, const ic__mux_key *key, bool any_id)
{
    for (ic__link *at = m->pairs.ends.next; at != &m->pairs.ends; at = at->next) {
        mux_pair *p = IC__ELEMENT(at, mux_pair, link);
        if (p->any_id == any_id && ic__mux_key_equal(&p->key, key))
            return p;
    }
    return NULL;
}

bool ic__mux_pair_find(ic__mux *m, const ic__mux_key *key)
{
    ic__mux_key bare = {.name = key->name, .name_len = key->name_len};

    return pair_get(m, key, false) || pair_get(m, &bare, true);
}

int ic__mux_pair(ic__mux *m, const char *protocol, const uint8_t *id, size_t id_len)
{
    ic__mux_key key = key_of(protocol, id, id_len);

    if (!key_fits(&key))
        return IC_ERR_INVALID;
    if (pair_get(m, &key, !id))
        return IC_ERR_EXISTS;
    mux_pair *p = ic_mem_alloc(sizeof *p + key.name_len + key.id_len);
    if (!p)
        return IC_ERR_NOMEM;
    *p = (mux_pair){.any_id = !id};
    uint8_t *behind = (uint8_t *)(p + 1);
    keep_key(&p->key, &key, &behind);
    ic__queue_push(&m->pairs, &p->link);
    return 0;
}

void ic__mux_unpair(ic__mux *m, const char *protocol, const uint8_t *id, size_t id_len)
{
    ic__mux_key key = key_of(protocol, id, id_len);
    mux_pair *p = pair_get(m, &key, !id);

    if (!p)
        return;
    ic__queue_remove(&m->pairs, &p->link);
    ic_mem_free(p);
}

void ic__mux_refuse(ic__mux *m, const ic__mux_key *key)
{
    ic__mux_key copy;
    uint8_t bytes[IC__MUX_NAME_MAX + IC__MUX_ID_MAX];
    uint8_t *behind = bytes;
    ic__link *next;

    if (!key_fits(key))
        return;
    keep_key(&copy, key, &behind); /* the caller's may be that of a waiting open */
    for (ic__link *at = m->waiting.ends.next; at != &m->waiting.ends; at = next) {
        mux_waiting *w = IC__ELEMENT(at, mux_waiting, link);
        next = at->next;
        if (!ic__mux_key_equal(&w->key, &copy))
            continue;
        ic__mux_waiting_reject(m, w);
        if (m->done)
            return; /* memory is out, and the list is gone */
    }
}

/* ---- ids ---- */

static int take_id(ic__mux *m, uint32_t *id)
{
    if (m->free_count) {
        *id = m->free_ids[--m->free_count];
        return 0;
    }
    if (m->id_count >= m->options.max_channels)
        return IC_ERR_LIMIT;
    if (m->id_count == m->id_cap) {
        uint32_t cap = m->id_cap ? 2 * m->id_cap : 8;
        uint32_t *grown = ic_mem_resize(m->free_ids, cap * sizeof *grown);
        if (!grown)
            return IC_ERR_NOMEM;
        m->free_ids = grown;
        m->id_cap = cap;
    }
    *id = ++m->id_count;
    return 0;
}

static void give_id(ic__mux *m, uint32_t id)
{
    m->free_ids[m->free_count++] = id;
}

/* ---- open ---- */

static bool goes_by(const ic__channel *ch, const ic__mux_key *key)
{
    if (ic__mux_key_equal(&ch->key, key))
        return true;
    for (size_t i = 0; i < ch->alias_count; i++) {
        if (ic__mux_key_equal(&ch->aliases[i], key))
            return true;
    }
    return false;
}

ic__channel *ic__mux_opening_find(ic__mux *m, const ic__mux_key *key)
{
    for (ic__link *at = m->opening.ends.next; at != &m->opening.ends; at = at->next) {
        ic__channel *ch = IC__ELEMENT(at, ic__channel, opening);
        if (goes_by(ch, key))
            return ch;
    }
    return NULL;
}

static mux_waiting *waiting_find(ic__mux *m, const ic__channel *ch)
{
    for (ic__link *at = m->waiting.ends.next; at != &m->waiting.ends; at = at->next) {
        mux_waiting *w = IC__ELEMENT(at, mux_waiting, link);
        if (goes_by(ch, &w->key))
            return w;
    }
    return NULL;
}

static bool key_in_use(ic__mux *m, const ic__mux_key *key)
{
    for (ic__link *at = m->channels.ends.next; at != &m->channels.ends; at = at->next) {
        const ic__channel *ch = IC__ELEMENT(at, ic__channel, all);
        if (!ch->closed && !ch->shared && ic__mux_key_equal(&ch->key, key))
            return true;
    }
    return false;
}

/* The struct, its aliases, and the bytes of all keys in one piece of memory. */
static int channel_new(ic__channel **out, const ic__channel_options *o)
{
    ic__mux_key key = key_of(o->protocol, o->id, o->id_len);
    size_t count = 0;
    size_t bytes = key.name_len + key.id_len;

    for (; key_fits(&key) && o->aliases && o->aliases[count]; count++) {
        key.name_len = strlen(o->aliases[count]);
        bytes += key.name_len + key.id_len;
    }
    if (!key_fits(&key))
        return IC_ERR_INVALID;
    ic__channel *ch = ic_mem_calloc(1, sizeof *ch + count * sizeof ch->key + bytes);
    if (!ch)
        return IC_ERR_NOMEM;
    uint8_t *behind = (uint8_t *)&ch->aliases[count];
    key = key_of(o->protocol, o->id, o->id_len);
    keep_key(&ch->key, &key, &behind);
    for (; ch->alias_count < count; ch->alias_count++) {
        key = key_of(o->aliases[ch->alias_count], o->id, o->id_len);
        keep_key(&ch->aliases[ch->alias_count], &key, &behind);
    }
    ch->types = o->types;
    ch->shared = o->shared;
    ch->user = o->user;
    *out = ch;
    return 0;
}

static int write_open(ic__mux *m, const ic__channel *ch, const ic__channel_options *o)
{
    uint8_t bytes[IC__MUX_FRAME_EXTRA];
    ic__wr head = ic__wr_of(bytes, sizeof bytes);
    const ic__mux_open_frame open = {.id = ch->local_id, .key = ch->key};

    ic__mux_open_write(&head, &open);
    return ic__mux_write(m, IC__MUX_CONTROL, &head, o->handshake, o->handshake_len);
}

static int start(ic__mux *m, ic__channel *ch, const ic__channel_options *o)
{
    int err = take_id(m, &ch->local_id);

    if (err)
        return err;
    err = write_open(m, ch, o);
    if (err) {
        give_id(m, ch->local_id);
        return err;
    }
    ch->mux = m;
    ic__queue_push(&m->channels, &ch->all);
    mux_waiting *w = waiting_find(m, ch);
    if (!w) {
        ic__queue_push(&m->opening, &ch->opening);
        return 0;
    }
    ic__mux_waiting_remove(m, w);
    ch->early = w;
    ch->handshake = w->handshake;
    ch->handshake_len = w->handshake_len;
    ic__channel_paired(ch, w->remote_id);
    return 0;
}

int ic__mux_open(ic__mux *m, const ic__channel_options *options, ic__channel **out)
{
    ic__channel *ch = NULL;
    ic__mux_key key = key_of(options->protocol, options->id, options->id_len);

    if (m->done)
        return IC_ERR_CLOSED;
    if (!options->shared && key_in_use(m, &key))
        return IC_ERR_EXISTS;
    if (options->handshake_len > m->options.max_message_bytes)
        return IC_ERR_LIMIT;
    int err = channel_new(&ch, options);
    if (!err)
        err = start(m, ch, options);
    if (err) {
        ic_mem_free(ch);
        return err;
    }
    *out = ch;
    return 0;
}

/* ---- life ---- */

void ic__channel_paired(ic__channel *ch, uint32_t remote_id)
{
    ic__mux *m = ch->mux;

    ic__queue_remove(&m->opening, &ch->opening);
    ch->remote_id = remote_id;
    m->remote[remote_id - 1].channel = ch;
    ch->tell_opened = true;
    ic__queue_push(&m->ready, &ch->ready);
}

void ic__channel_closed(ic__channel *ch, bool by_remote)
{
    ic__mux *m = ch->mux;

    if (ch->closed)
        return;
    ch->closed = true;
    ch->by_remote = by_remote;
    ch->tell_opened = false;
    ch->tell_closed = true;
    ic__queue_push(&m->ready, &ch->ready);
    if (ch->remote_id) {
        m->remote[ch->remote_id - 1].channel = NULL;
        give_id(m, ch->local_id);
    }
}

void ic__channel_answered(ic__channel *ch)
{
    ic__mux *m = ch->mux;

    ic__queue_remove(&m->opening, &ch->opening);
    give_id(m, ch->local_id);
    if (!ch->closed)
        ic__channel_closed(ch, true);
    else if (!ch->tell_closed) /* the user knows already */
        ic__channel_free(ch);
}

void ic__channel_close(ic__channel *ch)
{
    if (!ch || ch->closed)
        return;
    ic__channel_closed(ch, false);
    ic__mux_write_id(ch->mux, IC__MUX_CLOSE, ch->local_id);
}

static mux_stored *next_stored(ic__channel *ch)
{
    ic__link *at = ch->early ? ic__queue_pop(&ch->early->messages) : NULL;

    return at ? IC__ELEMENT(at, mux_stored, link) : NULL;
}

static void tell_message(ic__channel *ch, mux_stored *s, ic__mux_event *event)
{
    ch->mux->told = s;
    ch->mux->stats.messages_in++;
    event->what = IC__MUX_MESSAGE;
    event->type = s->type;
    event->data = s->data;
    event->len = s->len;
}

static void tell_closed(ic__channel *ch, ic__mux_event *event)
{
    ch->tell_closed = false;
    event->what = IC__MUX_CLOSED;
    event->by_remote = ch->by_remote;
    ic__queue_remove(&ch->mux->ready, &ch->ready);
    if (!ic__queue_holds(&ch->opening)) /* else the id must not be used again yet */
        ch->mux->dead = ch;
}

/* True when `event` was filled in; false when the channel has nothing more to tell. */
static bool tell_one(ic__channel *ch, ic__mux_event *event)
{
    event->channel = ch;
    if (ch->closed) {
        tell_closed(ch, event);
        return true;
    }
    if (ch->tell_opened) {
        ch->tell_opened = false;
        event->what = IC__MUX_OPENED;
        event->data = ch->handshake;
        event->len = ch->handshake_len;
        return true;
    }
    for (mux_stored *s = next_stored(ch); s; s = next_stored(ch)) {
        if (s->type < ch->types) {
            tell_message(ch, s, event);
            return true;
        }
        ic_mem_free(s);
        ch->mux->stats.dropped_messages++;
    }
    ic__mux_waiting_free(ch->early);
    ch->early = NULL;
    ic__queue_remove(&ch->mux->ready, &ch->ready);
    return false;
}

bool ic__channel_tell(ic__mux *m, ic__mux_event *event)
{
    for (ic__link *at = ic__queue_first(&m->ready); at; at = ic__queue_first(&m->ready)) {
        if (tell_one(IC__ELEMENT(at, ic__channel, ready), event))
            return true;
    }
    event->channel = NULL;
    return false;
}

void ic__channel_free(ic__channel *ch)
{
    ic__mux *m = ch->mux;

    ic__queue_remove(&m->channels, &ch->all);
    ic__queue_remove(&m->opening, &ch->opening);
    ic__queue_remove(&m->ready, &ch->ready);
    ic__mux_waiting_free(ch->early);
    ic_mem_free(ch);
}

int ic__channel_send(ic__channel *ch, uint64_t type, const uint8_t *data, size_t len)
{
    ic__mux *m = ch->mux;
    uint8_t bytes[9];
    ic__wr head = ic__wr_of(bytes, sizeof bytes);

    if (ch->closed)
        return IC_ERR_CLOSED;
    if (len > m->options.max_message_bytes || type > IC__UINT_MAX)
        return IC_ERR_LIMIT;
    if (m->out.len + m->batch.len >= m->options.max_queued_bytes) {
        m->choked = true;
        return IC_ERR_AGAIN;
    }
    ic__wr_uint(&head, type);
    int err = ic__mux_write(m, ch->local_id, &head, data, len);
    if (!err)
        m->stats.messages_out++;
    return err;
}

void *ic__channel_user(const ic__channel *ch)
{
    return ch->user;
}
