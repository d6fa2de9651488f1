/*
 * A swarm that is told what to do line by line (docs/spec/07-hyperswarm.md).
 *
 *   swarm_peer BOOTSTRAP SEED [HOST [RELAY]]      SEED, and the key of a blind relay, in
 *                                                 hex; HOST to bind, 127.0.0.1
 *
 * First line: "port N". Then one line for each thing that happens; a connection comes
 * with the milliseconds since the last join. It says "hello" to whoever is connected,
 * once.
 */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "intercom/intercom.h"
#include "io/loop.h"
#include "lines.h"

#define WORDS 3
#define MOST_TOPICS 128

typedef struct membership {
    uint8_t topic[IC_TOPIC_BYTES];
    ic_topic *handle; /* NULL = free */
} membership;

typedef struct program {
    struct event_base *base;
    ic_identity *me;
    ic_swarm *swarm;
    membership topics[MOST_TOPICS];
    uint8_t refused[IC_PUBLIC_KEY_BYTES]; /* by the firewall */
    bool refuses;
    const char *bootstrap;
    const char *host;
    uint8_t relay[IC_DHT_KEY_BYTES];
    bool has_relay;
    uint64_t joined_ns;
    uint8_t next_seed[IC_SEED_BYTES];
    bool renews; /* another swarm follows the one that closes */
} program;

static program self;

static uint64_t now_ns(void)
{
    ic_env env;

    ic_env_system(&env);
    return env.now_ns(env.user);
}

static const char *hex(const uint8_t key[IC_PUBLIC_KEY_BYTES])
{
    static char text[2 * IC_PUBLIC_KEY_BYTES + 1];

    ic__hex_encode(text, key, IC_PUBLIC_KEY_BYTES);
    return text;
}

static bool unhex(uint8_t key[IC_PUBLIC_KEY_BYTES], const char *text)
{
    if (text && ic__hex_decode(key, IC_PUBLIC_KEY_BYTES, text, strlen(text)))
        return true;
    printf("error not a key\n");
    return false;
}

static void check(const char *what, int err)
{
    if (err)
        printf("error %s %s\n", what, ic_error_name(err));
}

/* ---- connections ---- */

static void on_message(ic_stream *st, const uint8_t *data, size_t len, void *user)
{
    (void)user;
    printf("message %s %.*s\n", hex(ic_stream_remote_key(st)), (int)len,
           (const char *)data);
}

static void on_end(ic_stream *st, void *user)
{
    (void)user;
    ic_stream_end(st);
}

static void on_closed(ic_stream *st, int error, void *user)
{
    (void)user;
    printf("closed %s %s\n", hex(ic_stream_remote_key(st)), ic_error_name(error));
}

static void on_connection(ic_swarm *swarm, ic_stream *st, const ic_swarm_peer *peer,
                          void *user)
{
    ic_stream_options o;

    (void)swarm;
    (void)user;
    ic_stream_options_default(&o);
    o.on_message = on_message;
    o.on_end = on_end;
    o.on_closed = on_closed;
    check("use", ic_stream_use(st, &o));
    printf("connection %s %s %.3f\n", hex(peer->public_key),
           peer->initiator ? "client" : "server",
           (double)(now_ns() - self.joined_ns) / 1e6);
    check("hello", ic_stream_send(st, (const uint8_t *)"hello", 5));
}

static bool firewall(ic_swarm *swarm, const uint8_t *remote_key, void *user)
{
    (void)swarm;
    (void)user;
    return self.refuses && memcmp(remote_key, self.refused, sizeof self.refused) == 0;
}

static void on_ban(ic_swarm *swarm, const uint8_t *remote_key, void *user)
{
    (void)swarm;
    (void)user;
    printf("ban %s\n", hex(remote_key));
}

/* ---- what it is told ---- */

static membership *find(const uint8_t *topic)
{
    for (size_t i = 0; i < MOST_TOPICS; i++) {
        membership *m = &self.topics[i];
        if (topic ? m->handle && memcmp(m->topic, topic, IC_TOPIC_BYTES) == 0
                  : !m->handle)
            return m;
    }
    return NULL;
}

static void on_flushed(ic_swarm *swarm, bool ok, void *user)
{
    (void)swarm;
    printf("%s %d\n", (const char *)user, ok);
}

static void join(const char *name, const char *role)
{
    ic_topic_options o;
    membership *m = find(NULL);

    if (!m || !unhex(m->topic, name))
        return;
    ic_topic_options_default(&o);
    if (role)
        o.role = strcmp(role, "server") == 0 ? IC_TOPIC_SERVER : IC_TOPIC_CLIENT;
    self.joined_ns = now_ns();
    int err = ic_swarm_join(self.swarm, m->topic, &o, &m->handle);
    check("join", err);
    if (!err)
        check("flush", ic_topic_flush(m->handle, on_flushed, (void *)"joined"));
}

static void leave(const char *name)
{
    uint8_t topic[IC_TOPIC_BYTES];

    if (!unhex(topic, name))
        return;
    membership *m = find(topic);
    if (!m) {
        printf("error not joined\n");
        return;
    }
    ic_topic_leave(m->handle);
    m->handle = NULL;
}

static void print_stats(void)
{
    ic_swarm_stats s;

    ic_swarm_get_stats(self.swarm, &s, sizeof s);
    printf("stats {\"connections\":%llu,\"connecting\":%llu,\"peers\":%llu,"
           "\"duplicates\":%llu,\"replaced\":%llu,\"redialled\":%llu,\"banned\":%llu,"
           "\"attempted\":%llu}\n",
           (unsigned long long)s.connections, (unsigned long long)s.connecting,
           (unsigned long long)s.peers, (unsigned long long)s.duplicates,
           (unsigned long long)s.replaced, (unsigned long long)s.redialled,
           (unsigned long long)s.banned, (unsigned long long)s.client_attempted);
}

static int begin(const uint8_t seed[IC_SEED_BYTES]);

static void on_swarm_gone(void *user)
{
    (void)user;
    self.swarm = NULL;
    ic_identity_free(self.me);
    self.me = NULL;
    memset(self.topics, 0, sizeof self.topics);
    if (!self.renews || begin(self.next_seed) != 0)
        (void)event_base_loopbreak(self.base);
    self.renews = false;
}

static void renew(const char *seed)
{
    self.renews = unhex(self.next_seed, seed);
    ic_swarm_close(self.swarm, on_swarm_gone, NULL);
}

static bool ask_peer(const char *what, const char *name)
{
    uint8_t key[IC_PUBLIC_KEY_BYTES];

    if (strcmp(what, "peer") == 0 && unhex(key, name))
        check(what, ic_swarm_join_peer(self.swarm, key));
    else if (strcmp(what, "unpeer") == 0 && unhex(key, name))
        ic_swarm_leave_peer(self.swarm, key);
    else if (strcmp(what, "refuse") == 0)
        self.refuses = unhex(self.refused, name);
    else
        return false;
    return true;
}

static void obey(char *words[WORDS])
{
    const char *what = words[0];

    if (strcmp(what, "join") == 0)
        join(words[1], words[2]);
    else if (strcmp(what, "leave") == 0)
        leave(words[1]);
    else if (strcmp(what, "flush") == 0)
        check(what, ic_swarm_flush(self.swarm, on_flushed, (void *)"flushed"));
    else if (strcmp(what, "key") == 0)
        printf("key %s\n", hex(ic_swarm_key(self.swarm)));
    else if (strcmp(what, "stats") == 0)
        print_stats();
    else if (strcmp(what, "suspend") == 0)
        ic_swarm_suspend(self.swarm);
    else if (strcmp(what, "resume") == 0)
        check(what, ic_swarm_resume(self.swarm));
    else if (strcmp(what, "renew") == 0)
        renew(words[1]);
    else if (strcmp(what, "die") == 0)
        _exit(0);
    else if (!ask_peer(what, words[1]))
        printf("error no such word\n");
}

static void read_line(void *user, char *line)
{
    char *words[WORDS] = {0};
    char *rest = NULL;
    size_t count = 0;

    (void)user;
    if (!line) {
        ic_swarm_close(self.swarm, on_swarm_gone, NULL);
        return;
    }
    for (char *word = strtok_r(line, " ", &rest); word && count < WORDS;
         word = strtok_r(NULL, " ", &rest))
        words[count++] = word;
    if (count)
        obey(words);
}

/* ---- beginning ---- */

static int make_swarm(void)
{
    ic_swarm_options o;

    ic_swarm_options_default(&o);
    o.base = self.base;
    o.identity = self.me;
    o.bootstrap = self.bootstrap;
    o.host = self.host;
    o.relay_through = self.has_relay ? self.relay : NULL;
    o.on_connection = on_connection;
    o.firewall = firewall;
    o.on_ban = on_ban;
    return ic_swarm_new(&o, &self.swarm);
}

static int begin(const uint8_t seed[IC_SEED_BYTES])
{
    int err = ic_identity_from_seed(&self.me, seed, IC_NETWORK_DEVELOPMENT);

    if (!err)
        err = make_swarm();
    if (err)
        fprintf(stderr, "swarm_peer: %s\n", ic_strerror(err));
    else
        printf("port %s\n", strrchr(ic_dht_address(ic_swarm_dht(self.swarm)), ':') + 1);
    return err;
}

static int start(char **argv)
{
    uint8_t seed[IC_SEED_BYTES];

    self.bootstrap = argv[1];
    self.host = argv[3] ? argv[3] : "127.0.0.1";
    self.has_relay = argv[3] && argv[4] && unhex(self.relay, argv[4]);
    int err = ic_init();
    if (!err && !ic__hex_decode(seed, sizeof seed, argv[2], strlen(argv[2])))
        err = IC_ERR_INVALID;
    if (!err)
        err = ic__loop_new(&self.base);
    if (!err)
        err = begin(seed);
    return err ? err : lines_open(self.base, read_line, NULL);
}

int main(int argc, char **argv)
{
    if (argc < 3 || argc > 5)
        return 2;
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    int err = start(argv);
    if (err)
        return 1;
    (void)event_base_dispatch(self.base);
    lines_free();
    event_base_free(self.base);
    return 0;
}
