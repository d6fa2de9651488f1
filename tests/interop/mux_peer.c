/*
 * A secret stream with a Protomux on it, over standard input and output.
 *
 *   mux_peer initiator|responder XX|IK SEED [REMOTE-KEY]
 *
 * It opens the channel "echo" with the handshake "from C" and sends back what comes
 * there: type 0 as it is, type 1 as often as its number says, in one batch; type 2
 * closes. When the other end opens "on demand", it does so, too. Ends with 0 at the end
 * of the input, with 3 when a stream failed.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "base/text.h"
#include "intercom/error.h"
#include "intercom/init.h"
#include "intercom/sys/env.h"
#include "mux/mux.h"
#include "transport/codec.h"
#include "transport/secret_stream.h"

static ic__ss *stream;
static ic__mux *mux;
static int failed;

static void fail(const char *what, int error)
{
    (void)fprintf(stderr, "mux_peer: %s: %s\n", what, ic_strerror(error));
    failed = 3;
}

static void open_channel(const char *protocol)
{
    ic__channel_options o;
    ic__channel *ch;

    ic__channel_options_default(&o);
    o.protocol = protocol;
    o.handshake = (const uint8_t *)"\6from C";
    o.handshake_len = 7;
    int err = ic__mux_open(mux, &o, &ch);
    if (err)
        fail(protocol, err);
}

static void answer(const ic__mux_event *e)
{
    int err = 0;
    ic__rd r = ic__rd_of(e->data, e->len);

    if (e->type == 0) {
        err = ic__channel_send(e->channel, 0, e->data, e->len);
    } else if (e->type == 1) {
        uint64_t count = ic__rd_uint(&r);
        ic__mux_cork(mux);
        for (uint64_t i = 0; i < count && !err; i++)
            err = ic__channel_send(e->channel, 1, e->data, e->len);
        ic__mux_uncork(mux);
    } else {
        ic__channel_close(e->channel);
    }
    if (err)
        fail("send", err);
}

static void hear_mux(void)
{
    ic__mux_event e;

    while (ic__mux_next(mux, &e)) {
        if (e.what == IC__MUX_PAIR)
            open_channel("on demand");
        else if (e.what == IC__MUX_MESSAGE)
            answer(&e);
        else if (e.what == IC__MUX_FAILED)
            fail("mux", e.error);
    }
}

static void write_all(const uint8_t *data, size_t len)
{
    while (len && !failed) {
        ssize_t n = write(STDOUT_FILENO, data, len);
        if (n < 0) {
            failed = 3;
            return;
        }
        data += n;
        len -= (size_t)n;
    }
}

static void flush(void)
{
    static uint8_t out[65536];
    size_t len;
    int err;

    do {
        err = 0;
        const uint8_t *frame = ic__mux_front(mux, &len);
        for (; frame && !err; frame = ic__mux_front(mux, &len)) {
            err = ic__ss_write(stream, frame, len, 0);
            if (!err)
                ic__mux_pop(mux);
        }
        for (size_t n = ic__ss_pull(stream, out, sizeof out); n;
             n = ic__ss_pull(stream, out, sizeof out))
            write_all(out, n);
    } while (err == IC_ERR_AGAIN && !failed);
}

static void hear(void)
{
    ic__ss_event e;

    while (ic__ss_next(stream, &e)) {
        if (e.what == IC__SS_OPEN)
            open_channel("echo");
        else if (e.what == IC__SS_END)
            ic__mux_end(mux);
        else if (e.what == IC__SS_FAILED)
            fail("stream", e.error);
        else if (e.what == IC__SS_MESSAGE && ic__mux_recv(mux, e.data, e.len, 0) != 0)
            fail("frame", IC_ERR_CLOSED);
        hear_mux();
    }
    flush(); /* also what no event tells of, such as an answer in the handshake */
}

static int start(char **argv)
{
    static ic_env env;
    uint8_t seed[IC_SEED_BYTES];
    uint8_t key[IC__NOISE_KEY_BYTES];
    uint8_t secret[IC__NOISE_SECRET_BYTES];
    uint8_t remote[IC__NOISE_KEY_BYTES];

    ic_env_system(&env);
    if (!ic__hex_decode(seed, sizeof seed, argv[3], strlen(argv[3])) ||
        (argv[4] && !ic__hex_decode(remote, sizeof remote, argv[4], strlen(argv[4]))))
        return IC_ERR_INVALID;
    (void)crypto_sign_seed_keypair(key, secret, seed);
    const ic__noise_setup setup = {
        .pattern = strcmp(argv[2], "IK") == 0 ? IC__NOISE_IK : IC__NOISE_XX,
        .initiator = strcmp(argv[1], "initiator") == 0,
        .secret_key = secret,
        .remote_key = argv[4] ? remote : NULL,
        .env = &env,
    };
    int err = ic__mux_new(&mux, NULL);
    if (!err)
        err = ic__mux_pair(mux, "on demand", NULL, 0);
    return err ? err : ic__ss_new(&stream, NULL, &setup, 0);
}

int main(int argc, char **argv)
{
    static uint8_t in[65536];

    if (argc < 4 || ic_init() != 0 || start(argv) != 0)
        return 2;
    flush();
    while (!failed) {
        ssize_t n = read(STDIN_FILENO, in, sizeof in);
        if (n <= 0)
            ic__ss_recv_end(stream);
        else if (ic__ss_recv(stream, in, (size_t)n, 0) != 0)
            fail("input", IC_ERR_CLOSED);
        hear();
        if (n <= 0)
            break;
    }
    ic__mux_free(mux);
    ic__ss_free(stream);
    return failed;
}
