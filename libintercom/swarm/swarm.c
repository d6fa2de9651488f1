#include "swarm/swarm.h"

#include <sodium.h>
#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "swarm/state.h"

_Static_assert(SWARM_HASH_KEY_BYTES == crypto_shorthash_KEYBYTES, "the key of a hash");

void ic__swarm_options_default(ic__swarm_options *options)
{
    *options = (ic__swarm_options){
        .max_peers = 64,
        .max_parallel = 3,
        .max_client_connections = UINT32_MAX,
        .max_server_connections = 4096,
        .max_server_per_ip = 1024,
        .max_topics = 1024,
        .max_topic_peers = 1024,
        .max_found_peers = 4096,
        .max_peer_topics = 64,
        .max_bans = 4096,
        .max_replacements = 5,
        .backoff_ms = {1000, 5000, 15000, 600000},
        .jitter_ms = 500,
        .refresh_ns = 600 * IC__SEC,
        .refresh_random_ns = 120 * IC__SEC,
    };
}

static void init_queues(ic__swarm *s)
{
    ic__queue_init(&s->topics);
    ic__queue_init(&s->links);
    ic__queue_init(&s->explicit_peers);
    ic__queue_init(&s->bans);
    ic__queue_init(&s->flushes);
    ic__queue_init(&s->flushed);
    ic__queue_init(&s->todo_topics);
    ic__queue_init(&s->todo_links);
    ic__queue_init(&s->todo_bans);
}

/* Section 4: random at start-up, and a little more per swarm. */
static void init_beats(ic__swarm *s)
{
    static const uint64_t spread[IC__SWARM_CLASSES] = {1, 2, 4, 240};
    const uint64_t jitter = s->options.jitter_ms;

    for (size_t i = 0; i < IC__SWARM_CLASSES; i++)
        ic__swarm_beat_init(&s->beats[i], s->options.backoff_ms[i] +
                                              ic__swarm_draw(s, spread[i] * jitter) +
                                              ic__swarm_draw(s, jitter));
}

int ic__swarm_new(ic__swarm **out, const ic__swarm_options *options, uint64_t now)
{
    if (!options->public_key || !options->env)
        return IC_ERR_INVALID;
    ic__swarm *s = ic_mem_calloc(1, sizeof *s);
    if (!s)
        return IC_ERR_NOMEM;
    s->options = *options;
    s->env = *options->env;
    s->options.public_key = NULL;
    s->options.env = NULL;
    memcpy(s->key, options->public_key, sizeof s->key);
    s->env.random(s->hash_key, sizeof s->hash_key, s->env.user);
    s->now = now;
    init_queues(s);
    init_beats(s);
    *out = s;
    return 0;
}

void ic__swarm_free(ic__swarm *s)
{
    if (!s)
        return;
    ic__flush_free_all(s);
    for (ic__link *at = ic__queue_pop(&s->links); at; at = ic__queue_pop(&s->links))
        ic_mem_free(IC__ELEMENT(at, swarm_link, all));
    while (s->topics.count)
        ic__topic_free(IC__ELEMENT(ic__queue_first(&s->topics), swarm_topic, all));
    if (s->told_topic)
        ic__topic_free(s->told_topic);
    ic__peer_free_all(s);
    ic__map_free(&s->topics_by_hash);
    ic__map_free(&s->peers_by_hash);
    ic__map_free(&s->links_by_id);
    ic__timers_free(&s->queue);
    ic__timers_free(&s->retries);
    ic__timers_free(&s->refreshes);
    ic_mem_free(s);
}

uint64_t ic__swarm_hash(const ic__swarm *s, const uint8_t key[32])
{
    uint64_t hash;

    _Static_assert(sizeof hash == crypto_shorthash_BYTES, "a number is a hash");
    crypto_shorthash((uint8_t *)&hash, key, 32, s->hash_key);
    return hash;
}

uint64_t ic__swarm_draw(const ic__swarm *s, uint64_t most)
{
    uint64_t drawn;

    s->env.random(&drawn, sizeof drawn, s->env.user);
    return drawn % (most + 1);
}

uint64_t ic__swarm_deadline(const ic__swarm *s)
{
    uint64_t refresh = ic__timers_deadline(&s->refreshes);
    uint64_t retry = ic__timers_deadline(&s->retries);

    return refresh < retry ? refresh : retry;
}

void ic__swarm_expire(ic__swarm *s, uint64_t now)
{
    s->now = now;
    ic__topic_expire(s);
    ic__dial_expire(s);
}

ic__swarm_stats ic__swarm_get_stats(const ic__swarm *s)
{
    ic__swarm_stats stats = s->stats;

    stats.topics = s->topics_by_hash.count;
    stats.peers = s->peers_by_hash.count;
    stats.connecting = s->connecting;
    stats.connections = s->busy_peers - s->connecting;
    stats.queued = s->queue.count;
    return stats;
}
