/*
 * The side channels of a peer over encrypted streams of 127.0.0.1, told what to do on
 * standard input and telling what happens on standard output, line by line.
 *
 *   side_peer SEED [flag=value ...]
 *
 * The flags are those of set_flag; words of a line are separated by tabs:
 *
 *   connect ROLE ID THEIRS PORT   initiator or responder; both ids of the UDX stream
 *   hangup ID
 *   join CHANNEL [INVITE [WELCOME]]            objects as JSON
 *   leave CHANNEL
 *   send CHANNEL JSON
 *   open CHANNEL [VIA [INVITE [WELCOME]]]
 *   invite CHANNEL KEY
 *   welcome CHANNEL TEXT
 *   drops                         how often each reason was one
 *   quit
 */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "intercom/intercom.h"
#include "lines.h"
#include "peer/carrier.h"

#define MAX_WORDS 6
#define MAX_CONNECTIONS 16

typedef struct connection {
    uint32_t id;
    ic_mux *mux; /* NULL = a free place */
} connection;

static struct event_base *base;
static bool input_is_on = true; /* until the end begins */
static ic_identity *me;
static ic_socket *sock;
static ic__sidechannel *sc;
static ic__carrier *carrier;
static connection connections[MAX_CONNECTIONS];

static void must(int err, const char *what)
{
    if (!err)
        return;
    (void)fprintf(stderr, "side_peer: %s: %s\n", what, ic_strerror(err));
    exit(1);
}

/* ---- connections ---- */

static void on_open(ic_mux *mux, void *user)
{
    const connection *c = user;

    if (!input_is_on)
        return;
    must(ic__carrier_add(carrier, mux, ic_stream_remote_key(ic_mux_stream(mux))), "add");
    (void)printf("opened %u\n", c->id);
}

static void on_pair(ic_mux *mux, const char *protocol, const uint8_t *id, size_t id_len,
                    void *user)
{
    (void)user;
    if (!ic__carrier_pair(carrier, mux, protocol, id, id_len))
        ic_mux_refuse(mux, protocol, id, id_len);
}

static void on_mux_closed(ic_mux *mux, int error, void *user)
{
    connection *c = user;

    ic__carrier_remove(carrier, mux);
    c->mux = NULL;
    (void)printf("closed %u %s\n", c->id, ic_error_name(error));
}

static connection *place_of(uint32_t id)
{
    for (size_t i = 0; i < MAX_CONNECTIONS; i++) {
        if (id ? connections[i].mux && connections[i].id == id : !connections[i].mux)
            return &connections[i];
    }
    return NULL;
}

static int do_connect(char **words, size_t count)
{
    ic_stream_options stream;
    ic_mux_options opts;
    char remote[32];
    connection *c = place_of(0);

    if (count != 5 || !c)
        return IC_ERR_INVALID;
    c->id = (uint32_t)strtoul(words[2], NULL, 10);
    (void)snprintf(remote, sizeof remote, "127.0.0.1:%s", words[4]);
    ic_stream_options_default(&stream);
    stream.identity = me;
    stream.remote = remote;
    stream.role =
        strcmp(words[1], "initiator") == 0 ? IC_STREAM_INITIATOR : IC_STREAM_RESPONDER;
    stream.local_id = c->id;
    stream.remote_id = (uint32_t)strtoul(words[3], NULL, 10);
    ic_mux_options_default(&opts);
    opts.stream = &stream;
    opts.on_open = on_open;
    opts.on_pair = on_pair;
    opts.on_closed = on_mux_closed;
    opts.user = c;
    return ic_mux_new(sock, &opts, &c->mux);
}

static int do_hangup(char **words, size_t count)
{
    const connection *c = count == 2 ? place_of((uint32_t)atoi(words[1])) : NULL;

    if (!c)
        return IC_ERR_NOT_FOUND;
    ic_mux_close(c->mux);
    return 0;
}

/* ---- channels ---- */

static ic__json *object(char **words, size_t count, size_t i)
{
    ic__json *v = NULL;

    if (i < count && words[i][0])
        must(ic__json_parse(words[i], strlen(words[i]), &v), words[i]);
    return v;
}

static int do_join(char **words, size_t count)
{
    ic__json *invite = object(words, count, 2);
    ic__json *welcome = object(words, count, 3);
    int error = ic__sidechannel_join(sc, words[1], invite, welcome);

    ic__json_free(invite);
    ic__json_free(welcome);
    return error;
}

static int do_leave(char **words, size_t count)
{
    (void)count;
    return ic__sidechannel_leave(sc, words[1]) ? 0 : IC_ERR_NOT_FOUND;
}

static int do_send(char **words, size_t count)
{
    ic__json *message = object(words, count, 2);
    int error = ic__sidechannel_send(sc, words[1], message, NULL, NULL);

    ic__json_free(message);
    return error;
}

static int do_open(char **words, size_t count)
{
    ic__json *invite = object(words, count, 3);
    ic__json *welcome = object(words, count, 4);
    int error =
        ic__sidechannel_open(sc, words[1], count > 2 ? words[2] : NULL, invite, welcome);

    ic__json_free(invite);
    ic__json_free(welcome);
    return error;
}

static int do_invite(char **words, size_t count)
{
    ic__buf b = {0};
    int error = count < 3 ? IC_ERR_INVALID
                          : ic__sidechannel_invite(sc, words[1], words[2], 0, NULL, &b);

    if (!error)
        (void)printf("invite %s\n", b.data);
    ic__buf_free(&b);
    return error;
}

static int do_welcome(char **words, size_t count)
{
    ic__buf b = {0};
    int error =
        count < 3 ? IC_ERR_INVALID : ic__sidechannel_welcome(sc, words[1], words[2], &b);

    if (!error)
        (void)printf("welcome %s\n", b.data);
    ic__buf_free(&b);
    return error;
}

static int do_drops(char **words, size_t count)
{
    ic__sidechannel_stats stats = ic__sidechannel_get_stats(sc);

    (void)words;
    (void)count;
    (void)printf("drops {\"strikes\":%llu", (unsigned long long)stats.strikes);
    for (int i = 0; i < IC__SC_DROP_COUNT; i++) {
        if (stats.drops[i])
            (void)printf(",\"%s\":%llu", ic__sc_drop_text((ic__sc_drop)i),
                         (unsigned long long)stats.drops[i]);
    }
    (void)printf("}\n");
    return 0;
}

static void on_tell(const ic__sc_event *event, void *user)
{
    ic__buf b = {0};

    (void)user;
    if (event->what == IC__SC_MESSAGE) {
        ic__json_write(&b, event->envelope);
        (void)printf("message %s %s %s\n", event->channel,
                     event->is_signed ? "signed" : "unsigned", b.data);
    } else {
        (void)printf("%s %s\n",
                     event->what == IC__SC_REQUESTED ? "requested" : "auto-joined",
                     event->channel);
    }
    ic__buf_free(&b);
}

/* ---- life ---- */

static void socket_gone(void *user)
{
    (void)user;
    (void)event_base_loopbreak(base);
}

static void carrier_gone(void *user)
{
    (void)user;
    carrier = NULL;
    ic_socket_close(sock, socket_gone, NULL);
}

static void run(void *user, char *line)
{
    static const struct {
        const char *name;
        int (*run)(char **words, size_t count);
        size_t words;
    } commands[] = {
        {"connect", do_connect, 5}, {"hangup", do_hangup, 2},   {"join", do_join, 2},
        {"leave", do_leave, 2},     {"send", do_send, 3},       {"open", do_open, 2},
        {"invite", do_invite, 3},   {"welcome", do_welcome, 3}, {"drops", do_drops, 1},
    };
    char *words[MAX_WORDS];
    size_t count = 0;

    (void)user;
    if (!line) {
        input_is_on = false;
        ic__carrier_close(carrier, carrier_gone, NULL);
        return;
    }
    for (char *word = line; word && count < MAX_WORDS;)
        words[count++] = strsep(&word, "\t");
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(words[0], commands[i].name) != 0 || count < commands[i].words)
            continue;
        (void)printf("did %s %s\n", words[0],
                     ic_error_name(commands[i].run(words, count)));
        ic__carrier_wake(carrier);
        return;
    }
    must(IC_ERR_INVALID, line);
}

static void set_flag(ic__policy_options *p, const char *flag)
{
    const char *value = strchr(flag, '=');
    struct {
        const char *name;
        bool *yes;
        uint32_t *number;
        const char **text;
    } flags[] = {
        {"pow", &p->pow, NULL, NULL},
        {"bits", NULL, &p->pow_difficulty, NULL},
        {"channels", NULL, NULL, &p->channels},
        {"owners", NULL, NULL, &p->owners},
        {"owner-write", NULL, NULL, &p->owner_write_channels},
        {"invite-required", &p->invite_required, NULL, NULL},
        {"invite-channels", NULL, NULL, &p->invite_channels},
        {"inviters", NULL, NULL, &p->inviter_keys},
        {"welcome-required", &p->welcome_required, NULL, NULL},
        {"auto-join", &p->auto_join, NULL, NULL},
        {"relay", &p->relay, NULL, NULL},
        {"rate", NULL, &p->rate_bytes_per_s, NULL},
    };

    must(value ? 0 : IC_ERR_INVALID, flag);
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        size_t len = strlen(flags[i].name);
        if (len != (size_t)(value - flag) || memcmp(flags[i].name, flag, len) != 0)
            continue;
        if (flags[i].yes)
            *flags[i].yes = value[1] == '1';
        else if (flags[i].number)
            *flags[i].number = (uint32_t)strtoul(value + 1, NULL, 10);
        else
            *flags[i].text = value + 1;
        return;
    }
    must(IC_ERR_INVALID, flag);
}

static void start(int argc, char **argv)
{
    const ic__carrier_hooks hooks = {.tell = on_tell};
    ic__sidechannel_options opts;
    ic_socket_options sock_opts;
    uint8_t seed[IC_SEED_BYTES];
    ic__buf why = {0};
    ic_env env;

    must(argc > 1 && ic__hex_decode(seed, sizeof seed, argv[1], strlen(argv[1]))
             ? 0
             : IC_ERR_INVALID,
         "seed");
    must(ic_identity_from_seed(&me, seed, IC_NETWORK_MAINNET), "identity");
    ic_env_system(&env);
    ic_socket_options_default(&sock_opts);
    sock_opts.base = base;
    sock_opts.address = "127.0.0.1:0";
    must(ic_socket_new(&sock_opts, &sock), "socket");
    ic__sidechannel_options_default(&opts);
    opts.identity = me;
    for (int i = 2; i < argc; i++)
        set_flag(&opts.policy, argv[i]);
    must(ic__sidechannel_new(&opts, &sc, &why), why.data ? why.data : "side channel");
    must(ic__carrier_new(base, &env, sc, &hooks, 1, &carrier), "carrier");
}

int main(int argc, char **argv)
{
    base = event_base_new();
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    must(ic_init(), "start");
    start(argc, argv);
    must(lines_open(base, run, NULL), "input");
    (void)printf("port %s\n", strrchr(ic_socket_address(sock), ':') + 1);
    (void)event_base_dispatch(base);
    ic__sidechannel_free(sc);
    ic_identity_free(me);
    lines_free();
    event_base_free(base);
    return 0;
}
