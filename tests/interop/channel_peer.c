/*
 * A mux over an encrypted stream and a socket of 127.0.0.1, as an embedder has it.
 *
 *   channel_peer initiator|responder SEED
 *
 * Says its port and reads the other one's; our stream has the id 7, theirs 9. It opens
 * the channel "echo" with the handshake "from C" and sends back what comes there, with
 * its type; when the peer opens "on demand", it does so, too. What it hears of ends is
 * told line by line; it is over when the mux is.
 */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "intercom/intercom.h"

static ic_mux *mux;
static ic_socket *sock;

static void must(int err, const char *what)
{
    if (!err)
        return;
    (void)fprintf(stderr, "channel_peer: %s: %s\n", what, ic_strerror(err));
    exit(1);
}

/* Back pressure ends the echo: whoever sends must read, too. */
static void on_message(ic_channel *ch, uint64_t type, const uint8_t *data, size_t len,
                       void *user)
{
    (void)user;
    must(ic_channel_send(ch, type, data, len), "echo");
}

static void on_channel_open(ic_channel *ch, const uint8_t *handshake, size_t len,
                            void *user)
{
    (void)ch;
    (void)user;
    if (len) /* text behind its length, which fits one byte here */
        (void)printf("channel %.*s\n", (int)len - 1, (const char *)handshake + 1);
}

static void on_channel_closed(ic_channel *ch, int error, void *user)
{
    (void)ch;
    (void)user;
    (void)printf("channel closed %s\n", ic_error_name(error));
}

static void open_channel(const char *protocol)
{
    ic_channel_options opts;
    ic_channel *ch;

    ic_channel_options_default(&opts);
    opts.protocol = protocol;
    opts.handshake = (const uint8_t *)"\6from C";
    opts.handshake_len = 7;
    opts.on_open = on_channel_open;
    opts.on_message = on_message;
    opts.on_closed = on_channel_closed;
    must(ic_channel_new(mux, &opts, &ch), protocol);
}

static void on_pair(ic_mux *m, const char *protocol, const uint8_t *id, size_t id_len,
                    void *user)
{
    (void)m;
    (void)id;
    (void)id_len;
    (void)user;
    open_channel(protocol);
}

static void on_open(ic_mux *m, void *user)
{
    char key[2 * IC_PUBLIC_KEY_BYTES + 1];

    (void)user;
    ic__hex_encode(key, ic_stream_remote_key(ic_mux_stream(m)), IC_PUBLIC_KEY_BYTES);
    (void)printf("open %s\n", key);
}

static void on_closed(ic_mux *m, int error, void *user)
{
    (void)m;
    (void)user;
    (void)printf("closed %s\n", ic_error_name(error));
    ic_socket_close(sock, NULL, NULL);
}

static void open_mux(const ic_identity *me, bool initiator, const char *port)
{
    ic_stream_options stream;
    ic_mux_options opts;
    char remote[32];

    (void)snprintf(remote, sizeof remote, "127.0.0.1:%.*s", (int)strcspn(port, "\n"),
                   port);
    ic_stream_options_default(&stream);
    stream.identity = me;
    stream.remote = remote;
    stream.role = initiator ? IC_STREAM_INITIATOR : IC_STREAM_RESPONDER;
    stream.local_id = 7;
    stream.remote_id = 9;
    ic_mux_options_default(&opts);
    opts.stream = &stream;
    opts.on_open = on_open;
    opts.on_pair = on_pair;
    opts.on_closed = on_closed;
    must(ic_mux_new(sock, &opts, &mux), "mux");
    must(ic_mux_pair(mux, "on demand", NULL, 0), "pair");
    open_channel("echo");
}

int main(int argc, char **argv)
{
    struct event_base *base = event_base_new();
    uint8_t seed[IC_SEED_BYTES];
    ic_identity *me = NULL;
    ic_socket_options opts;
    char port[16];

    if (argc != 3 || !base ||
        !ic__hex_decode(seed, sizeof seed, argv[2], strlen(argv[2])))
        must(IC_ERR_INVALID, "arguments");
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    must(ic_init(), "start");
    must(ic_identity_from_seed(&me, seed, IC_NETWORK_MAINNET), "identity");
    ic_socket_options_default(&opts);
    opts.base = base;
    opts.address = "127.0.0.1:0";
    must(ic_socket_new(&opts, &sock), "socket");
    (void)printf("port %s\n", strrchr(ic_socket_address(sock), ':') + 1);
    if (!fgets(port, sizeof port, stdin))
        must(IC_ERR_CLOSED, "port");
    open_mux(me, strcmp(argv[1], "initiator") == 0, port);
    (void)event_base_dispatch(base); /* until the socket is closed */
    ic_identity_free(me);
    event_base_free(base);
    return 0;
}
