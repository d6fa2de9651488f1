/*
 * An agent in a channel: it answers "echo WORDS" with WORDS, for people and programs that
 * run intercom-peer, this, or the JavaScript original.
 *
 *   agent BOOTSTRAP CHANNEL [STORES]     until Ctrl-C
 *
 * BOOTSTRAP is the address of a node of the network, such as "127.0.0.1:49737", which
 * "intercom-admin dht-node --host 127.0.0.1" starts; its key and store are in the folder
 * STORES (default "stores"). examples/bridge_agent.cjs does the same over SC-Bridge.
 */
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "intercom/intercom.h"

#define ASKED "\"echo " /* how such a message begins: a JSON text */

typedef struct agent {
    struct event_base *base;
    struct event *interrupt;
    ic_peer *peer;
} agent;

/* The same text without the word: its quotation marks and escapes stay as they are. */
static void on_message(ic_peer *peer, const ic_peer_message *message, void *user)
{
    const size_t word = sizeof ASKED - 1;
    char *answer;

    (void)user;
    if (!message->is_signed || strncmp(message->json, ASKED, word) != 0)
        return;
    answer = malloc(message->len);
    if (!answer)
        return;
    answer[0] = '"';
    memcpy(answer + 1, message->json + word, message->len - word);
    int err = ic_peer_send(peer, message->channel, answer, message->len - word + 1);
    if (err)
        fprintf(stderr, "agent: no answer: %s\n", ic_strerror(err));
    free(answer);
}

static void on_connection(ic_peer *peer, const char *remote, bool up, void *user)
{
    (void)peer;
    (void)user;
    printf("%.8s %s\n", remote, up ? "is here" : "is gone");
    fflush(stdout);
}

static void on_interrupt(evutil_socket_t sig, short what, void *user)
{
    agent *a = user;

    (void)sig;
    (void)what;
    event_del(a->interrupt);
    ic_peer_close(a->peer, NULL, NULL); /* then nothing keeps the loop alive */
}

static int start(agent *a, int argc, char **argv)
{
    ic_peer_options opts;

    int err = ic_init();
    if (err)
        return err;
    ic_peer_options_default(&opts);
    opts.base = a->base;
    opts.network = true;
    opts.dht_bootstrap = argv[1];
    opts.channels = argv[2];
    opts.stores_directory = argc > 3 ? argv[3] : "stores";
    opts.store_name = "agent";
    opts.welcome_required = false; /* anybody on the channel may ask */
    opts.on_message = on_message;
    opts.on_connection = on_connection;
    opts.user = a;
    err = ic_peer_new(&opts, &a->peer);
    if (err)
        return err;
    a->interrupt = evsignal_new(a->base, SIGINT, on_interrupt, a);
    return a->interrupt && event_add(a->interrupt, NULL) == 0 ? 0 : IC_ERR_NOMEM;
}

int main(int argc, char **argv)
{
    agent a = {.base = event_base_new()};

    if (argc < 3 || argc > 4 || !a.base) {
        fprintf(stderr, "usage: agent BOOTSTRAP CHANNEL [STORES]\n");
        return 2;
    }
    int err = start(&a, argc, argv);
    if (err) {
        fprintf(stderr, "agent: %s\n", ic_strerror(err));
        ic_peer_close(a.peer, NULL, NULL);
    }
    event_base_dispatch(a.base); /* until the peer is closed */
    if (a.interrupt)
        event_free(a.interrupt);
    event_base_free(a.base);
    return err ? 1 : 0;
}
