#include "dht/trail.h"

#include <string.h>

#include "dht/addresses.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"

#define PATIENCE (1 * IC__SEC)
#define LINGER (3 * IC__SEC) /* a way that may be used again */

static void lose_patience(ic__alarm *alarm);

static const ic__dht_host *host_of(const ic__trail *s)
{
    return &s->links->dht->host;
}

static ic__clock *clock_of(const ic__trail *s)
{
    return &s->links->dht->clock;
}

bool ic__trail_is_relayed(const ic__trail *s)
{
    return s->connected && s->at == s->way_count;
}

static bool same_way(const ic__way *a, const ic__way *b)
{
    return a->sock == b->sock && ic__addr_equal(&a->addr, &b->addr);
}

static int enlist(ic__trail *s)
{
    const ic__dht_host *host = host_of(s);
    int err = ic__clock_add(clock_of(s), &s->patience, lose_patience);

    if (err)
        return err;
    err = host->stream_new(host->user, &s->local_id);
    if (err)
        return err;
    err = ic__map_put(&s->links->streams, s->local_id, s);
    if (err)
        host->stream_free(host->user, s->local_id);
    return err;
}

int ic__trail_new(ic__dht_links *links, const ic__trail_owner *owner, void *user,
                  ic__trail **out)
{
    ic__trail *s = ic_mem_calloc(1, sizeof *s);

    if (!s)
        return IC_ERR_NOMEM;
    s->links = links;
    s->owner = owner;
    s->user = user;
    int err = enlist(s);
    if (err) {
        ic__clock_remove(clock_of(s), &s->patience);
        ic_mem_free(s);
        return err;
    }
    *out = s;
    return 0;
}

static void drop_ways(ic__trail *s)
{
    for (size_t i = 0; i < s->way_count; i++)
        ic__punch_socket_release(s->held[i]);
    s->way_count = 0;
    s->at = 0;
}

static void drop_relay(ic__trail *s)
{
    const ic__dht_host *host = host_of(s);

    if (s->relay_wanted)
        host->relay_drop(host->user, s->local_id);
    s->relay_wanted = false;
    s->relay.addr.family = 0;
}

void ic__trail_free(ic__trail *s)
{
    drop_relay(s);
    drop_ways(s);
    ic__clock_remove(clock_of(s), &s->patience);
    if (ic__queue_holds(&s->link))
        ic__queue_remove(&s->links->ends, &s->link);
    else
        (void)ic__map_take(&s->links->streams, s->local_id);
    ic_mem_free(s);
}

/* Keep the way that it goes, and forget the others. */
static void keep_one(ic__trail *s)
{
    ic__way way = s->ways[s->at];
    ic__punch_socket *held = ic__punch_socket_hold(s->held[s->at]);

    drop_ways(s);
    s->ways[0] = way;
    s->held[0] = held;
    s->way_count = 1;
}

/* One that goes by a socket of the node itself needs nobody to look after it. */
static void forget_if_done(ic__trail *s)
{
    if (s->proven && !ic__trail_is_relayed(s) && !s->held[s->at] && !s->reusable)
        ic__trail_free(s);
}

void ic__trail_leave(ic__trail *s)
{
    if (!s)
        return;
    s->owner = NULL;
    if (s->handed_over) {
        forget_if_done(s);
        return;
    }
    const ic__dht_host *host = host_of(s);
    uint32_t local_id = s->local_id;
    ic__trail_free(s);
    host->stream_free(host->user, local_id);
}

static bool go(ic__trail *s, const ic__way *way, uint32_t id)
{
    const ic__dht_host *host = host_of(s);

    if (s->moves >= IC__TRAIL_MOVES_MAX ||
        host->stream_connect(host->user, s->local_id, way->sock, id, &way->addr) != 0)
        return false;
    s->moves++;
    s->connected = true;
    s->proven = false;
    return true;
}

static bool go_by(ic__trail *s, size_t at)
{
    if (!go(s, &s->ways[at], s->remote_id))
        return false;
    s->at = at;
    s->trying = true;
    ic__clock_set_in(clock_of(s), &s->patience, PATIENCE);
    return true;
}

bool ic__trail_go_relayed(ic__trail *s)
{
    if (!s->relay.addr.family || !go(s, &s->relay, s->relay_id))
        return false;
    s->at = s->way_count;
    s->trying = false;
    ic__clock_set(clock_of(s), &s->patience, IC__NEVER);
    return true;
}

static size_t find(const ic__trail *s, const ic__way *way)
{
    size_t i = 0;

    while (i < s->way_count && !same_way(&s->ways[i], way))
        i++;
    return i;
}

static void put(ic__trail *s, size_t at, const ic__way *way)
{
    ic__punch_socket_release(s->held[at]);
    s->ways[at] = *way;
    s->held[at] = ic__punch_socket_hold(ic__punch_socket_find(s->links, way->sock));
}

/* One candidate more; when there is no room, way_count. */
static size_t append(ic__trail *s, const ic__way *way)
{
    bool by_none = s->at == s->way_count;
    size_t at = s->way_count;

    if (at == IC__TRAIL_WAYS_MAX)
        return at;
    s->held[at] = NULL;
    put(s, at, way);
    s->way_count++;
    if (by_none)
        s->at = s->way_count;
    return at;
}

bool ic__trail_follow(ic__trail *s, const ic__way *way)
{
    size_t at = find(s, way);

    if (at == s->way_count)
        at = append(s, way);
    if (at == s->way_count) {
        at = (s->at + 1) % s->way_count;
        put(s, at, way);
    }
    return (s->connected && s->at == at) || go_by(s, at);
}

bool ic__trail_offer(ic__trail *s, const ic__way *way)
{
    if (s->proven && !ic__trail_is_relayed(s))
        return true;
    if (!s->trying)
        return ic__trail_follow(s, way);
    if (find(s, way) == s->way_count)
        (void)append(s, way);
    return true;
}

/* The next candidate, or the relay, or nothing more to try. */
static void lose_patience(ic__alarm *alarm)
{
    ic__trail *s = IC__ELEMENT(alarm, ic__trail, patience);

    if (ic__queue_holds(&s->link)) {
        ic__trail_free(s);
        return;
    }
    s->trying = false;
    if (s->at + 1 < s->way_count && go_by(s, s->at + 1))
        return;
    if (ic__trail_go_relayed(s))
        return;
    if (s->owner)
        s->owner->stuck(s->user);
}

int ic__trail_relay(ic__trail *s, const uint8_t key[IC__DHT_KEY_BYTES],
                    const uint8_t token[IC__DHT_TOKEN_BYTES], bool initiator)
{
    const ic__dht_host *host = host_of(s);
    int err = host->relay_pair(host->user, key, token, initiator, s->local_id);

    s->relay_wanted = !err;
    return err;
}

void ic__trail_hand_over(ic__trail *s, ic__dht_connection *connection)
{
    const ic__way *way = ic__trail_is_relayed(s) ? &s->relay : &s->ways[s->at];

    s->handed_over = true;
    s->reusable = connection->reusable;
    memcpy(s->remote_key, connection->keys.remote_key, sizeof s->remote_key);
    connection->local_id = s->local_id;
    connection->sock = way->sock;
    connection->remote = way->addr;
    connection->relayed = ic__trail_is_relayed(s);
}

/* A way that its packets have come by, or one to the same host. */
static bool is_known(const ic__trail *s, const ic__way *way)
{
    if (s->relay.addr.family && same_way(&s->relay, way))
        return true;
    return s->at < s->way_count && ic__addr_same_host(&s->ways[s->at].addr, &way->addr);
}

bool ic__dht_stream_packet(ic__dht *d, uint32_t local_id, uint32_t sock,
                           const ic__addr *from, uint64_t now)
{
    ic__trail *s = ic__map_get(&d->links->streams, local_id);
    ic__way way = {.sock = sock, .addr = *from};

    ic__dht_set_now(d, now);
    if (!s || from->port == 0)
        return false;
    if (!s->connected) {
        if (s->owner)
            s->owner->knock(s->user, &way);
        s = ic__map_get(&d->links->streams, local_id);
        return s && s->connected;
    }
    if (s->relay.addr.family && same_way(&s->relay, &way))
        return true;
    if (s->proven && !ic__trail_is_relayed(s))
        return is_known(s, &way);
    return ic__trail_follow(s, &way);
}

void ic__dht_stream_refused(ic__dht *d, uint32_t local_id, uint64_t now)
{
    ic__trail *s = ic__map_get(&d->links->streams, local_id);

    ic__dht_set_now(d, now);
    if (s && !s->connected)
        s->refused = true;
}

void ic__dht_stream_proven(ic__dht *d, uint32_t local_id, uint64_t now)
{
    ic__trail *s = ic__map_get(&d->links->streams, local_id);

    ic__dht_set_now(d, now);
    if (!s || s->proven)
        return;
    s->proven = true;
    s->trying = false;
    ic__clock_set(clock_of(s), &s->patience, IC__NEVER);
    if (ic__trail_is_relayed(s))
        return;
    drop_relay(s);
    keep_one(s);
    if (s->owner)
        s->owner->proven(s->user);
}

static bool is_reusable(const ic__trail *s)
{
    return s->reusable && s->proven && !ic__trail_is_relayed(s);
}

/* Its stream is gone, its way stays open for a moment. */
static void linger(ic__trail *s)
{
    drop_relay(s);
    keep_one(s);
    s->owner = NULL;
    (void)ic__map_take(&s->links->streams, s->local_id);
    ic__queue_push(&s->links->ends, &s->link);
    ic__clock_set_in(clock_of(s), &s->patience, LINGER);
}

bool ic__trail_reuse(ic__dht_links *links, const uint8_t key[IC__DHT_KEY_BYTES],
                     ic__way *way)
{
    const ic__link *end = &links->ends.ends;
    const ic__trail *found = NULL;
    const ic__trail *s;

    for (size_t at = 0; (s = ic__map_next(&links->streams, &at)) != NULL;) {
        if (is_reusable(s) && memcmp(s->remote_key, key, IC__DHT_KEY_BYTES) == 0)
            found = s;
    }
    for (ic__link *l = end->next; l != end; l = l->next) {
        s = IC__ELEMENT(l, ic__trail, link);
        if (memcmp(s->remote_key, key, IC__DHT_KEY_BYTES) == 0)
            found = s;
    }
    if (found)
        *way = found->ways[found->at];
    return found != NULL;
}

void ic__dht_stream_gone(ic__dht *d, uint32_t local_id, uint64_t now)
{
    ic__trail *s = ic__map_get(&d->links->streams, local_id);

    ic__dht_set_now(d, now);
    if (!s)
        return;
    const ic__trail_owner *owner = s->owner;
    void *user = s->user;
    if (is_reusable(s) && !ic__rpc_is_suspended(d->rpc))
        linger(s);
    else
        ic__trail_free(s);
    if (owner)
        owner->gone(user);
}

void ic__dht_relay_paired(ic__dht *d, uint32_t local_id, uint32_t sock,
                          const ic__addr *to, uint32_t remote_id, uint64_t now)
{
    ic__trail *s = ic__map_get(&d->links->streams, local_id);

    ic__dht_set_now(d, now);
    if (!s || !s->relay_wanted || !s->owner)
        return;
    s->relay = (ic__way){.sock = sock, .addr = *to};
    s->relay_id = remote_id;
    s->owner->relayed(s->user, 0);
}

void ic__dht_relay_failed(ic__dht *d, uint32_t local_id, int error, uint64_t now)
{
    ic__trail *s = ic__map_get(&d->links->streams, local_id);

    ic__dht_set_now(d, now);
    if (!s || !s->relay_wanted)
        return;
    s->relay_wanted = false;
    s->relay.addr.family = 0;
    if (s->owner)
        s->owner->relayed(s->user, error);
}
