/*
 * A mux over an encrypted stream and a socket of 127.0.0.1, as an embedder has it.
 *
 *   channel_peer initiator|responder SEED
 *
 * Says its port and reads the other one's; our stream has the id 7, theirs 9. It opens
 * the channel "echo" with the handshake "from C"; when the peer opens "on demand", with
 * any id, it does so, too. What it hears of ends is told line by line; it is over when
 * the mux is.
 *
 * Messages of type 0 and 1 are sent back; those of type 2 say what to do:
 *
 * batch COUNT | flood COUNT BYTES | hold MS | open PROTOCOL | close | destroy
 *
 * "batch" sends 0, 1, 2... as text in one frame, "flood" as many messages of type 1 as
 * the queue takes, and the rest as it drains; "hold" stops reading for a while; the
 * channel "new" is known as "old", too.
 */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "intercom/intercom.h"

typedef struct flood {
    unsigned left;
    unsigned bytes;
    unsigned waits; /* times that the queue was full */
} flood;

static struct event_base *base;
static struct event *go_on; /* reading */
static ic_mux *mux;
static ic_socket *sock;
static flood to_send; /* one at a time is enough here */

static void must(int err, const char *what)
{
    if (!err)
        return;
    (void)fprintf(stderr, "channel_peer: %s: %s\n", what, ic_strerror(err));
    exit(1);
}

static void open_channel(const char *protocol, const uint8_t *id, size_t id_len);

static void send_flood(ic_channel *ch)
{
    static const uint8_t bytes[65536];

    while (to_send.left) {
        int err = ic_channel_send(ch, 1, bytes, to_send.bytes);
        if (err == IC_ERR_AGAIN) {
            to_send.waits++;
            return;
        }
        must(err, "flood");
        if (--to_send.left == 0)
            (void)printf("flood %u\n", to_send.waits);
    }
}

static void send_batch(ic_channel *ch, unsigned count)
{
    char text[16];

    ic_mux_cork(mux);
    for (unsigned i = 0; i < count; i++) {
        int len = snprintf(text, sizeof text, "%u", i);
        must(ic_channel_send(ch, 0, (const uint8_t *)text, (size_t)len), "batch");
    }
    ic_mux_uncork(mux);
}

static void hold(unsigned ms)
{
    const struct timeval wait = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

    ic_stream_set_reading(ic_mux_stream(mux), false);
    if (evtimer_add(go_on, &wait) != 0)
        must(IC_ERR_NOMEM, "hold");
}

static void on_go_on(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    (void)user;
    if (mux)
        ic_stream_set_reading(ic_mux_stream(mux), true);
}

static void obey(ic_channel *ch, const char *line)
{
    unsigned n;
    unsigned bytes;

    if (sscanf(line, "batch %u", &n) == 1) {
        send_batch(ch, n);
    } else if (sscanf(line, "flood %u %u", &n, &bytes) == 2 && bytes <= 65536) {
        to_send = (flood){.left = n, .bytes = bytes};
        send_flood(ch);
    } else if (sscanf(line, "hold %u", &n) == 1) {
        hold(n);
    } else if (strncmp(line, "open ", 5) == 0) {
        open_channel(line + 5, NULL, 0);
    } else if (strcmp(line, "close") == 0) {
        ic_channel_close(ch);
    } else if (strcmp(line, "destroy") == 0) {
        ic_mux_close(mux);
    } else {
        must(IC_ERR_INVALID, line);
    }
}

/* Back pressure ends the echo: whoever sends must read, too. */
static void on_message(ic_channel *ch, uint64_t type, const uint8_t *data, size_t len,
                       void *user)
{
    char line[128];

    (void)user;
    if (type < 2) {
        must(ic_channel_send(ch, type, data, len), "echo");
        return;
    }
    (void)snprintf(line, sizeof line, "%.*s", (int)len, (const char *)data);
    obey(ch, line);
}

static void on_drain(ic_channel *ch, void *user)
{
    (void)user;
    send_flood(ch);
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

static void open_channel(const char *protocol, const uint8_t *id, size_t id_len)
{
    static const char *const old[] = {"old", NULL};
    ic_channel_options opts;
    ic_channel *ch;

    ic_channel_options_default(&opts);
    opts.protocol = protocol;
    opts.id = id;
    opts.id_len = id_len;
    opts.aliases = strcmp(protocol, "new") == 0 ? old : NULL;
    opts.handshake = (const uint8_t *)"\6from C";
    opts.handshake_len = 7;
    opts.on_open = on_channel_open;
    opts.on_message = on_message;
    opts.on_drain = on_drain;
    opts.on_closed = on_channel_closed;
    must(ic_channel_new(mux, &opts, &ch), protocol);
}

static void on_pair(ic_mux *m, const char *protocol, const uint8_t *id, size_t id_len,
                    void *user)
{
    (void)m;
    (void)user;
    open_channel(protocol, id, id_len);
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
    mux = NULL;
    (void)evtimer_del(go_on);
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
    open_channel("echo", NULL, 0);
}

int main(int argc, char **argv)
{
    uint8_t seed[IC_SEED_BYTES];
    ic_identity *me = NULL;
    ic_socket_options opts;
    char port[16];

    base = event_base_new();
    go_on = base ? evtimer_new(base, on_go_on, NULL) : NULL;
    if (argc != 3 || !go_on ||
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
    event_free(go_on);
    event_base_free(base);
    return 0;
}
