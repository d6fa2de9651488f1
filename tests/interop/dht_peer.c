/*
 * A node of a DHT that is told what to do line by line (docs/spec/06-hyperdht.md).
 *
 *   dht_peer BOOTSTRAP|- HOST MODE SEED [PORT]     MODE as in intercom/dht.h; SEED in hex
 *
 * First line: "port N". Then one line for each thing that happens.
 */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "intercom/intercom.h"
#include "io/dht_state.h"
#include "io/loop.h"
#include "lines.h"

#define WORDS 4

typedef struct program {
    struct event_base *base;
    ic_identity *me;
    ic_dht *dht;
    ic_server *server;
    ic_stream *held; /* the last dial that stays open */
    uint8_t relay[IC_DHT_KEY_BYTES];
    bool blocked; /* no direct ways: neither local ones nor punched holes */
    bool relayed; /* dials and listens through it */
    int open;     /* connections */
} program;

static program self;

static double now_ms(void)
{
    ic_env env;

    ic_env_system(&env);
    return (double)env.now_ns(env.user) / 1e6;
}

static const char *hex(const uint8_t key[IC_DHT_KEY_BYTES])
{
    static char text[2 * IC_DHT_KEY_BYTES + 1];

    ic__hex_encode(text, key, IC_DHT_KEY_BYTES);
    return text;
}

static bool unhex(uint8_t key[IC_DHT_KEY_BYTES], const char *text)
{
    if (text && ic__hex_decode(key, IC_DHT_KEY_BYTES, text, strlen(text)))
        return true;
    printf("error not a key\n");
    return false;
}

static void check(const char *what, int err)
{
    if (err)
        printf("error %s %s\n", what, ic_error_name(err));
}

/* Streams: a server sends everything back, a dialer says hello once. */

typedef struct dialed {
    double begun;
    bool holds; /* stays open after the echo */
} dialed;

static void on_echo(ic_stream *st, const uint8_t *data, size_t len, void *user)
{
    (void)user;
    check("echo", ic_stream_send(st, data, len));
}

static void on_server_open(ic_stream *st, void *user)
{
    (void)user;
    printf("proven %s\n", hex(ic_stream_remote_key(st)));
}

static void on_server_end(ic_stream *st, void *user)
{
    (void)user;
    ic_stream_end(st);
}

static void on_server_closed(ic_stream *st, int error, void *user)
{
    (void)st;
    (void)user;
    self.open--;
    printf("closed %s\n", ic_error_name(error));
}

static void on_connection(ic_server *server, ic_stream *st, void *user)
{
    ic_stream_options opts;

    (void)server;
    (void)user;
    ic_stream_options_default(&opts);
    opts.on_open = on_server_open;
    opts.on_message = on_echo;
    opts.on_end = on_server_end;
    opts.on_closed = on_server_closed;
    check("use", ic_stream_use(st, &opts));
    self.open++;
    printf("connection %s\n", hex(ic_stream_remote_key(st)));
}

static void on_listening(ic_server *server, void *user)
{
    (void)user;
    printf("listening %s\n", hex(ic_server_key(server)));
}

static void on_server_gone(void *user)
{
    (void)user;
    self.server = NULL;
    printf("unlistened\n");
}

static void listen_here(bool relay)
{
    ic_server_options opts;

    ic_server_options_default(&opts);
    opts.identity = self.me;
    opts.on_connection = on_connection;
    opts.on_listening = on_listening;
    opts.relay = relay;
    opts.relay_through = self.relayed ? self.relay : NULL;
    opts.holepunch = !self.blocked;
    opts.share_local_addresses = !self.blocked;
    check("listen", ic_dht_listen(self.dht, &opts, &self.server));
}

static void on_answer(ic_stream *st, const uint8_t *data, size_t len, void *user)
{
    const dialed *d = user;

    printf("echo %.*s %.3f\n", (int)len, (const char *)data, now_ms() - d->begun);
    if (!d->holds)
        ic_stream_end(st);
}

static void on_dial_open(ic_stream *st, void *user)
{
    const dialed *d = user;

    printf("opened %s %.3f\n", hex(ic_stream_remote_key(st)), now_ms() - d->begun);
}

static void on_dial_closed(ic_stream *st, int error, void *user)
{
    self.open--;
    if (st == self.held)
        self.held = NULL;
    printf("hung-up %s\n", ic_error_name(error));
    free(user);
}

static void on_dialed(ic_dial *dial, int error, const char *reason, ic_stream *st,
                      void *user)
{
    dialed *d = user;
    ic_stream_options opts;

    (void)dial;
    if (error) {
        printf("failed %s %s\n", ic_error_name(error), reason);
        free(d);
        return;
    }
    printf("connected %.3f\n", now_ms() - d->begun);
    ic_stream_options_default(&opts);
    opts.on_open = on_dial_open;
    opts.on_message = on_answer;
    opts.on_closed = on_dial_closed;
    opts.user = d;
    check("use", ic_stream_use(st, &opts));
    self.open++;
    if (d->holds)
        self.held = st;
    check("send", ic_stream_send(st, (const uint8_t *)"hello", 5));
}

static void dial(const char *key_text, const char *nodes, bool holds)
{
    ic_dial_options opts;
    uint8_t key[IC_DHT_KEY_BYTES];

    if (!unhex(key, key_text))
        return;
    dialed *d = calloc(1, sizeof *d);
    if (!d)
        abort();
    *d = (dialed){.begun = now_ms(), .holds = holds};
    ic_dial_options_default(&opts);
    opts.identity = self.me;
    opts.remote_key = key;
    opts.nodes = nodes;
    opts.relay_through = self.relayed ? self.relay : NULL;
    opts.holepunch = !self.blocked;
    opts.lan = !self.blocked;
    opts.on_done = on_dialed;
    opts.user = d;
    int err = ic_dht_connect(self.dht, &opts, NULL);
    check("connect", err);
    if (err)
        free(d);
}

static void say(const char *word)
{
    if (!self.held)
        printf("error nobody to say it to\n");
    else
        check("say", ic_stream_send(self.held, (const uint8_t *)word, strlen(word)));
}

/* Questions. */

static void on_peer(ic_dht_op *op, const ic_dht_peer *peer, void *user)
{
    (void)op;
    (void)user;
    printf("peer %s %s %s\n", hex(peer->public_key), *peer->nodes ? peer->nodes : "-",
           peer->from);
}

static void on_value(ic_dht_op *op, const ic_dht_answer *answer, void *user)
{
    (void)op;
    (void)user;
    if (*answer->from)
        printf("pong %s %s\n", answer->from, answer->own_as);
    else
        printf("value %llu %.*s\n", (unsigned long long)answer->seq, (int)answer->len,
               (const char *)answer->value);
}

static void on_done(ic_dht_op *op, int error, size_t nodes, void *user)
{
    (void)op;
    (void)user;
    printf("done %s %zu\n", error ? ic_error_name(error) : "OK", nodes);
}

static ic_dht_op_options op_options(void)
{
    ic_dht_op_options opts;

    ic_dht_op_options_default(&opts);
    opts.on_peer = on_peer;
    opts.on_answer = on_value;
    opts.on_done = on_done;
    return opts;
}

static void put(const char *text)
{
    const ic_dht_op_options opts = op_options();
    uint8_t hash[IC_DHT_KEY_BYTES];

    ic_dht_hash(hash, text, strlen(text));
    printf("hash %s\n", hex(hash));
    check("put", ic_dht_immutable_put(self.dht, (const uint8_t *)text, strlen(text),
                                      &opts, NULL));
}

static void put_mutable(const char *seq, const char *text)
{
    const ic_dht_op_options opts = op_options();

    check("mput", ic_dht_mutable_put(self.dht, self.me, strtoull(seq, NULL, 10),
                                     (const uint8_t *)text, strlen(text), &opts, NULL));
}

/* False for another word. */
static bool ask(char *words[WORDS])
{
    const ic_dht_op_options opts = op_options();
    const char *what = words[0];
    uint8_t key[IC_DHT_KEY_BYTES];
    unsigned long long seq = strtoull(words[2] ? words[2] : "0", NULL, 10);

    if (strcmp(what, "ping") == 0)
        check(what, ic_dht_ping(self.dht, words[1] ? words[1] : "", &opts, NULL));
    else if (!unhex(key, words[1]))
        return true;
    else if (strcmp(what, "lookup") == 0)
        check(what, ic_dht_lookup(self.dht, key, &opts, NULL));
    else if (strcmp(what, "find") == 0)
        check(what, ic_dht_find_peer(self.dht, key, &opts, NULL));
    else if (strcmp(what, "announce") == 0)
        check(what, ic_dht_announce(self.dht, key, self.me, self.server, &opts, NULL));
    else if (strcmp(what, "unannounce") == 0)
        check(what, ic_dht_unannounce(self.dht, key, self.me, &opts, NULL));
    else if (strcmp(what, "get") == 0)
        check(what, ic_dht_immutable_get(self.dht, key, &opts, NULL));
    else if (strcmp(what, "mget") == 0)
        check(what, ic_dht_mutable_get(self.dht, key, seq, true, &opts, NULL));
    else
        return false;
    return true;
}

/* Meet somebody at a blind relay, as a dial would: for a stream of no dial. */
static void pair_at(const char *relay_text, const char *token_text, bool initiator)
{
    uint8_t relay[IC_DHT_KEY_BYTES];
    uint8_t token[IC__DHT_TOKEN_BYTES];
    uint32_t id = 0;

    if (!unhex(relay, relay_text) || !unhex(token, token_text))
        return;
    check("stream", ic__dht_carrier_new(self.dht, &id));
    check("pair", ic__dht_relay_pair(self.dht, relay, token, initiator, id));
}

static void print_stats(void)
{
    ic_dht_stats s;

    ic_dht_get_stats(self.dht, &s, sizeof s);
    printf("stats {\"nodes\":%llu,\"persistent\":%llu,\"firewalled\":%llu,"
           "\"streams\":%llu,\"open\":%d,\"requests_in\":%llu,\"timeouts\":%llu,"
           "\"dropped_connections\":%llu,\"dropped_malformed\":%llu,"
           "\"dropped_flood\":%llu,\"dropped_limit\":%llu,\"dropped_waiting\":%llu,"
           "\"dropped_unexpected\":%llu,\"dropped_stranger\":%llu,\"relayed\":%llu}\n",
           (unsigned long long)s.nodes, (unsigned long long)s.persistent,
           (unsigned long long)s.firewalled, (unsigned long long)s.streams, self.open,
           (unsigned long long)s.requests_in, (unsigned long long)s.timeouts,
           (unsigned long long)s.dropped_connections,
           (unsigned long long)s.dropped_malformed, (unsigned long long)s.dropped_flood,
           (unsigned long long)s.dropped_limit, (unsigned long long)s.dropped_waiting,
           (unsigned long long)s.dropped_unexpected,
           (unsigned long long)s.dropped_stranger, (unsigned long long)s.relayed);
}

static void on_dht_gone(void *user)
{
    (void)user;
    self.dht = NULL;
    (void)event_base_loopbreak(self.base);
}

static void obey(char *words[WORDS])
{
    const char *what = words[0];

    if (strcmp(what, "listen") == 0)
        listen_here(false);
    else if (strcmp(what, "be-relay") == 0)
        listen_here(true);
    else if (strcmp(what, "unlisten") == 0)
        ic_server_close(self.server, on_server_gone, NULL);
    else if (strcmp(what, "connect") == 0)
        dial(words[1], words[2], false);
    else if (strcmp(what, "hold") == 0)
        dial(words[1], words[2], true);
    else if (strcmp(what, "say") == 0 && words[1])
        say(words[1]);
    else if (strcmp(what, "relay") == 0)
        self.relayed = unhex(self.relay, words[1]);
    else if (strcmp(what, "pair") == 0 && words[3])
        pair_at(words[1], words[2], strcmp(words[3], "1") == 0);
    else if (strcmp(what, "block") == 0)
        self.blocked = true;
    else if (strcmp(what, "put") == 0 && words[1])
        put(words[1]);
    else if (strcmp(what, "mput") == 0 && words[2])
        put_mutable(words[1], words[2]);
    else if (strcmp(what, "stats") == 0)
        print_stats();
    else if (strcmp(what, "suspend") == 0)
        ic_dht_suspend(self.dht);
    else if (strcmp(what, "resume") == 0)
        check(what, ic_dht_resume(self.dht));
    else if (!ask(words))
        printf("error no such word\n");
}

static void read_line(void *user, char *line)
{
    char *words[WORDS] = {0};
    char *rest = NULL;
    size_t count = 0;

    (void)user;
    if (!line) {
        ic_dht_close(self.dht, on_dht_gone, NULL);
        return;
    }
    for (char *word = strtok_r(line, " ", &rest); word && count < WORDS;
         word = strtok_r(NULL, " ", &rest))
        words[count++] = word;
    if (count)
        obey(words);
}

static void on_ready(ic_dht *dht, void *user)
{
    (void)dht;
    (void)user;
    printf("ready\n");
}

static void on_persistent(ic_dht *dht, void *user)
{
    (void)dht;
    (void)user;
    printf("persistent\n");
}

static ic_dht_options node_options(char **argv)
{
    ic_dht_options opts;

    ic_dht_options_default(&opts);
    opts.base = self.base;
    opts.bootstrap = strcmp(argv[1], "-") == 0 ? NULL : argv[1];
    opts.host = argv[2];
    opts.mode = (ic_dht_mode)atoi(argv[3]);
    opts.port = argv[5] ? (uint16_t)atoi(argv[5]) : 0;
    opts.firewalled = opts.mode != IC_DHT_PERSISTENT;
    opts.on_ready = on_ready;
    opts.on_persistent = on_persistent;
    return opts;
}

static int start(char **argv)
{
    uint8_t seed[IC_SEED_BYTES];

    int err = ic_init();
    if (!err && !ic__hex_decode(seed, sizeof seed, argv[4], strlen(argv[4])))
        err = IC_ERR_INVALID;
    if (!err)
        err = ic_identity_from_seed(&self.me, seed, IC_NETWORK_DEVELOPMENT);
    if (!err)
        err = ic__loop_new(&self.base);
    if (err)
        return err;
    const ic_dht_options opts = node_options(argv);
    err = ic_dht_new(&opts, &self.dht);
    return err ? err : lines_open(self.base, read_line, NULL);
}

int main(int argc, char **argv)
{
    if (argc < 5)
        return 2;
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    int err = start(argv);
    if (err) {
        fprintf(stderr, "dht_peer: %s\n", ic_strerror(err));
        return 1;
    }
    printf("port %s\n", strrchr(ic_dht_address(self.dht), ':') + 1);
    (void)event_base_dispatch(self.base);
    lines_free();
    event_base_free(self.base);
    ic_identity_free(self.me);
    return 0;
}
