#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "base/rd.h"
#include "fake_clock.h"
#include "intercom/error.h"
#include "swarm/swarm.h"

#define MOST_STEPS 400
#define MOST_KEYS 16
#define MOST_ENDS 128
#define MOST_SESSIONS 8
#define MOST_QUERIES 32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct end {
    uint64_t id; /* 0 = free */
    uint8_t key;
    bool reported;
} end;

typedef struct world {
    fake_clock clock;
    ic__swarm *s;
    end ends[MOST_ENDS];
    ic__session *sessions[MOST_SESSIONS];
    uint64_t queries[MOST_QUERIES];
    bool closing;
    bool quiet;
} world;

static void key_of(uint8_t out[32], uint8_t number)
{
    memset(out, 0, 32);
    out[0] = (uint8_t)(number % MOST_KEYS * 16);
}

static end *end_of(world *w, uint64_t id)
{
    for (size_t i = 0; i < MOST_ENDS; i++) {
        if (w->ends[i].id == id)
            return &w->ends[i];
    }
    return NULL;
}

static void add_end(world *w, uint64_t id, uint8_t key)
{
    end *free = end_of(w, 0);

    if (end_of(w, id) || !free)
        abort();
    *free = (end){.id = id, .key = key};
}

static void report(world *w, const ic__swarm_event *e)
{
    end *mine = end_of(w, e->id);

    if (!mine || mine->reported)
        abort();
    for (size_t i = 0; i < MOST_ENDS; i++) {
        if (w->ends[i].reported && w->ends[i].key == mine->key)
            abort(); /* a peer twice, without a close between */
    }
    mine->reported = true;
}

static uint64_t *query_of(world *w, uint64_t query)
{
    for (size_t i = 0; i < MOST_QUERIES; i++) {
        if (w->queries[i] == query)
            return &w->queries[i];
    }
    abort();
}

static void take(world *w, const ic__swarm_event *e)
{
    if (w->quiet && e->what != IC__SWARM_BANNED && e->what != IC__SWARM_UPDATE &&
        w->closing)
        abort();
    if (e->what == IC__SWARM_DIAL)
        add_end(w, e->id, e->key[0] / 16);
    else if (e->what == IC__SWARM_CONNECTED)
        report(w, e);
    else if (e->what == IC__SWARM_DESTROY && !end_of(w, e->id))
        abort();
    else if (e->query && e->what == IC__SWARM_STOP)
        *query_of(w, e->query) = 0;
    else if (e->query)
        *query_of(w, 0) = e->query;
    else if (e->what == IC__SWARM_QUIET)
        w->quiet = true;
}

static void pump(world *w)
{
    ic__swarm_event e;

    while (ic__swarm_next(w->s, &e))
        take(w, &e);
}

static void closes(world *w, uint8_t arg)
{
    end *e = &w->ends[arg % MOST_ENDS];
    const ic__swarm_end why = {.error = IC_ERR_CLOSED, .no_punch = arg & 0x80};

    if (!e->id)
        return;
    uint64_t id = e->id;
    *e = (end){0};
    ic__swarm_closed(w->s, id, &why, w->clock.now_ns);
}

static void comes(world *w, uint8_t arg)
{
    const ic__addr from = {.ip = {arg}, .port = 1, .family = 4};
    uint8_t key[32];
    uint64_t id;

    key_of(key, arg);
    if (end_of(w, 0) &&
        ic__swarm_incoming(w->s, key, &from, arg & 0x10, w->clock.now_ns, &id) == 0)
        add_end(w, id, key[0] / 16);
}

static void joins(world *w, uint8_t arg)
{
    const ic__session_options o = {
        .server = arg & 0x10, .client = arg & 0x20, .limit = arg & 0x40 ? 2 : UINT32_MAX};
    ic__session **session = &w->sessions[arg % MOST_SESSIONS];
    uint8_t topic[32] = {arg % 3};
    uint64_t now = w->clock.now_ns;

    if (!*session && ic__swarm_join(w->s, topic, &o, now, session) != 0)
        *session = NULL;
    else if (*session && arg & 0x80)
        (void)!ic__session_refresh(*session, &o, now);
}

static void leaves(world *w, uint8_t arg)
{
    ic__session **session = &w->sessions[arg % MOST_SESSIONS];
    uint64_t flush;

    if (!*session)
        return;
    if (arg & 0x80) {
        (void)!ic__session_flush(*session, w->clock.now_ns, &flush);
        return;
    }
    ic__session_leave(*session, w->clock.now_ns);
    *session = NULL;
}

static void asks(world *w, uint8_t arg)
{
    uint8_t key[32];
    uint64_t now = w->clock.now_ns;
    uint64_t flush;

    key_of(key, arg);
    switch (arg >> 4 & 7) {
    case 0:
        (void)!ic__swarm_join_peer(w->s, key, now);
        break;
    case 1:
        ic__swarm_leave_peer(w->s, key, now);
        break;
    case 2:
        (void)!ic__swarm_ban(w->s, key, now);
        break;
    case 3:
        ic__swarm_unban(w->s, key, now);
        break;
    case 4:
        ic__swarm_set_reconnect(w->s, key, arg & 0x80);
        break;
    case 5:
        (void)!ic__swarm_flush(w->s, now, &flush);
        break;
    default:
        ic__swarm_listening(w->s, arg & 1 ? IC_ERR_IO : 0, now);
    }
}

static void lives(world *w, uint8_t arg)
{
    uint64_t now = w->clock.now_ns;

    if (arg < 250 && !w->closing)
        w->quiet = false;
    if (arg < 40) {
        ic__swarm_suspend(w->s, now);
    } else if (arg < 200) {
        ic__swarm_resume(w->s, now);
    } else if (arg < 250) {
        ic__swarm_network_changed(w->s, now);
    } else if (!w->closing) {
        w->closing = true;
        w->quiet = false;
        memset(w->sessions, 0, sizeof w->sessions);
        ic__swarm_close(w->s, arg & 1, now);
    }
}

static void finds(world *w, uint8_t arg, bool over)
{
    uint64_t *query = &w->queries[arg % MOST_QUERIES];
    const ic__addr relay = {.ip = {arg}, .port = arg, .family = 4};
    uint8_t key[32];

    if (!*query)
        return;
    uint64_t known = *query;
    key_of(key, arg / 2);
    if (!over) {
        ic__swarm_found(w->s, known, key, &relay, 1, w->clock.now_ns);
        return;
    }
    *query = 0;
    ic__swarm_query_done(w->s, known, arg & 0x80 ? IC_ERR_TIMEOUT : 0, w->clock.now_ns);
}

static void step(world *w, uint8_t verb, uint8_t arg)
{
    switch (verb % 10) {
    case 0:
        finds(w, arg, false);
        break;
    case 1:
        finds(w, arg, true);
        break;
    case 2:
        if (w->ends[arg % MOST_ENDS].id)
            ic__swarm_opened(w->s, w->ends[arg % MOST_ENDS].id, w->clock.now_ns);
        break;
    case 3:
        closes(w, arg);
        break;
    case 4:
        comes(w, arg);
        break;
    case 5:
        joins(w, arg);
        break;
    case 6:
        leaves(w, arg);
        break;
    case 7:
        asks(w, arg);
        break;
    case 8:
        lives(w, arg);
        break;
    default:
        fake_clock_set(&w->clock, w->clock.now_ns + (uint64_t)arg * arg * 20 * IC__MS);
        ic__swarm_expire(w->s, w->clock.now_ns);
    }
    pump(w);
}

/* Everything that is asked for is answered: then the swarm is quiet. */
static void finish(world *w)
{
    if (!w->closing)
        lives(w, 252);
    pump(w);
    for (unsigned i = 0; i < MOST_ENDS; i++)
        closes(w, (uint8_t)i);
    pump(w);
    for (unsigned i = 0; i < MOST_QUERIES; i++)
        finds(w, (uint8_t)i, true);
    pump(w);
    if (!w->quiet || ic__swarm_get_stats(w->s).topics)
        abort();
    ic__swarm_stats stats = ic__swarm_get_stats(w->s);
    if (stats.connections || stats.connecting || stats.queued)
        abort();
    ic__swarm_free(w->s);
}

/* A script of (verb, argument): users, lookups, connections and time. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static world w;
    ic__swarm_options o;
    uint8_t own[32];
    ic__rd r = ic__rd_of(data, size);

    memset(&w, 0, sizeof w);
    fake_clock_init(&w.clock, size);
    const ic_env env = fake_clock_env(&w.clock);
    ic__swarm_options_default(&o);
    key_of(own, 7);
    o.public_key = own;
    o.env = &env;
    o.has_relay = true;
    o.max_server_connections = 40;
    o.max_server_per_ip = 3;
    o.max_bans = 3;
    o.max_topic_peers = 10;
    o.max_found_peers = 12;
    o.max_peer_topics = 2;
    if (ic__swarm_new(&w.s, &o, w.clock.now_ns) != 0)
        return 0;
    for (size_t i = 0; i < MOST_STEPS && r.left >= 2; i++) {
        uint8_t verb = ic__rd_u8(&r);
        step(&w, verb, ic__rd_u8(&r));
    }
    finish(&w);
    return 0;
}
