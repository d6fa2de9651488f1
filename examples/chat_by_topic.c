/*
 * Whoever names the same room can talk: no server, no addresses, only a word.
 *
 *   chat_by_topic BOOTSTRAP ROOM     lines of the input go to everybody, and theirs are
 *                                    printed; the end of the input leaves the room
 *
 * BOOTSTRAP is the address of a node of the network, such as "127.0.0.1:49737", which
 * "intercom-admin dht-node --host 127.0.0.1" starts.
 */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "intercom/intercom.h"

#define LINE_BYTES 4096
#define NAME_DIGITS 6 /* of a key: enough to tell a few people apart */

/* Somebody in the room. */
typedef struct friend
{
    struct friend *next;
    ic_stream *stream;
}
friend;

typedef struct program {
    struct event_base *base;
    struct event *input;
    ic_identity *me;
    ic_swarm *swarm;
    friend *friends;
    char line[LINE_BYTES];
    size_t len;
} program;

static void print_name(const uint8_t *key)
{
    for (int i = 0; i < NAME_DIGITS / 2; i++)
        printf("%02x", key[i]);
}

static void say(const uint8_t *key, const char *text, size_t len)
{
    print_name(key);
    printf(" %.*s\n", (int)len, text);
    fflush(stdout);
}

static void on_message(ic_stream *st, const uint8_t *data, size_t len, void *user)
{
    (void)user;
    say(ic_stream_remote_key(st), (const char *)data, len);
}

static void on_closed(ic_stream *st, int error, void *user)
{
    program *p = user;

    (void)error;
    say(ic_stream_remote_key(st), "has left", 8);
    for (friend **at = &p->friends; *at; at = &(*at)->next) {
        friend *f = *at;
        if (f->stream != st)
            continue;
        *at = f->next;
        free(f);
        return;
    }
}

static void on_connection(ic_swarm *swarm, ic_stream *st, const ic_swarm_peer *peer,
                          void *user)
{
    program *p = user;
    friend *f = malloc(sizeof *f);
    ic_stream_options opts;

    (void)swarm;
    ic_stream_options_default(&opts);
    opts.on_message = on_message;
    opts.on_closed = on_closed;
    opts.user = p;
    if (!f || ic_stream_use(st, &opts) != 0) {
        free(f);
        return; /* nobody took it: it is closed */
    }
    f->stream = st;
    f->next = p->friends;
    p->friends = f;
    say(peer->public_key, "is here", 7);
}

static void tell_all(program *p, const char *text, size_t len)
{
    for (friend *f = p->friends; f; f = f->next) {
        if (len && ic_stream_send(f->stream, (const uint8_t *)text, len) != 0)
            ic_stream_close(f->stream); /* it reads too slowly for a conversation */
    }
}

static void leave(program *p)
{
    event_del(p->input);
    ic_swarm_close(p->swarm, NULL, NULL); /* then nothing keeps the loop alive */
}

static void on_input(evutil_socket_t fd, short what, void *user)
{
    program *p = user;

    (void)what;
    ssize_t n = read((int)fd, p->line + p->len, sizeof p->line - p->len);
    if (n <= 0) {
        leave(p);
        return;
    }
    p->len += (size_t)n;
    char *begin = p->line;
    for (;;) {
        char *end = memchr(begin, '\n', p->len);
        bool full = begin == p->line && p->len == sizeof p->line;
        if (!end && !full)
            break;
        size_t len = end ? (size_t)(end - begin) : p->len;
        tell_all(p, begin, len);
        len += end != NULL;
        begin += len;
        p->len -= len;
    }
    memmove(p->line, begin, p->len);
}

static int enter(program *p, const char *bootstrap, const char *room)
{
    ic_swarm_options opts;
    uint8_t topic[IC_TOPIC_BYTES];
    ic_topic *membership;

    ic_swarm_options_default(&opts);
    opts.base = p->base;
    opts.identity = p->me;
    opts.bootstrap = bootstrap;
    opts.on_connection = on_connection;
    opts.user = p;
    int err = ic_swarm_new(&opts, &p->swarm);
    if (err)
        return err;
    ic_dht_hash(topic, room, strlen(room));
    return ic_swarm_join(p->swarm, topic, NULL, &membership);
}

static int start(program *p, char **argv)
{
    int err = ic_init();

    if (!err)
        err = ic_identity_generate(&p->me, IC_NETWORK_MAINNET);
    if (!err)
        err = enter(p, argv[1], argv[2]);
    if (err)
        return err;
    p->input = event_new(p->base, STDIN_FILENO, EV_READ | EV_PERSIST, on_input, p);
    return p->input && event_add(p->input, NULL) == 0 ? 0 : IC_ERR_NOMEM;
}

int main(int argc, char **argv)
{
    program p = {.base = event_base_new()};

    if (argc != 3 || !p.base) {
        fprintf(stderr, "usage: chat_by_topic BOOTSTRAP ROOM\n");
        return 2;
    }
    int err = start(&p, argv);
    if (err) {
        fprintf(stderr, "chat_by_topic: %s\n", ic_strerror(err));
        ic_swarm_close(p.swarm, NULL, NULL);
    }
    event_base_dispatch(p.base); /* until the swarm is closed */
    if (p.input)
        event_free(p.input);
    ic_identity_free(p.me);
    event_base_free(p.base);
    return err ? 1 : 0;
}
