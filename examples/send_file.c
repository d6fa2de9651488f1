/*
 * A file from one program to another, encrypted, with its progress on standard error.
 *
 *   send_file receive FILE [ADDRESS]    says where it is and who, and writes the file
 *   send_file send FILE ADDRESS KEY
 */
#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "intercom/intercom.h"

enum { RECEIVER_ID = 1, SENDER_ID = 2 };
#define PIECE 65536
#define MIB (UINT64_C(1) << 20)

typedef struct transfer {
    struct event_base *base;
    ic_identity *me;
    ic_socket *sock;
    FILE *file;
    uint64_t bytes;
    uint64_t told; /* MiB that standard error knows of */
    bool receives;
    bool failed; /* the disk, not the network */
    int result;
} transfer;

static void progress(transfer *t, size_t more)
{
    t->bytes += more;
    if (t->bytes / MIB == t->told)
        return;
    t->told = t->bytes / MIB;
    fprintf(stderr, "\r%" PRIu64 " MiB", t->told);
}

static void give_up(transfer *t, ic_stream *st, const char *why)
{
    fprintf(stderr, "send_file: %s\n", why);
    t->failed = true;
    ic_stream_close(st);
}

/* As much as the stream takes; on_drain goes on. */
static void send_more(transfer *t, ic_stream *st)
{
    uint8_t piece[PIECE];

    for (;;) {
        size_t len = fread(piece, 1, sizeof piece, t->file);
        if (!len)
            break;
        int err = ic_stream_send(st, piece, len);
        if (err == IC_ERR_AGAIN && fseeko(t->file, -(off_t)len, SEEK_CUR) == 0)
            return;
        if (err) {
            give_up(t, st, ic_strerror(err));
            return;
        }
        progress(t, len);
    }
    if (ferror(t->file))
        give_up(t, st, strerror(errno));
    else
        ic_stream_end(st);
}

static void on_drain(ic_stream *st, void *user)
{
    send_more(user, st);
}

static void on_message(ic_stream *st, const uint8_t *data, size_t len, void *user)
{
    transfer *t = user;

    if (!t->receives)
        return;
    if (fwrite(data, 1, len, t->file) != len)
        give_up(t, st, strerror(errno));
    else
        progress(t, len);
}

/* The sender has ended. Our own end tells it that everything is on the disk. */
static void on_end(ic_stream *st, void *user)
{
    transfer *t = user;

    if (t->receives && fflush(t->file) != 0)
        give_up(t, st, strerror(errno));
    else
        ic_stream_end(st);
}

static void on_closed(ic_stream *st, int error, void *user)
{
    transfer *t = user;

    (void)st;
    fprintf(stderr, "\r%" PRIu64 " bytes%s%s\n", t->bytes, error ? ": " : "",
            error ? ic_strerror(error) : "");
    t->result = error || t->failed ? 1 : 0;
    ic_socket_close(t->sock, NULL, NULL);
}

static ic_stream_options options_of(transfer *t)
{
    ic_stream_options opts;

    ic_stream_options_default(&opts);
    opts.identity = t->me;
    opts.pattern = IC_STREAM_IK;
    opts.on_message = on_message;
    opts.on_drain = on_drain;
    opts.on_end = on_end;
    opts.on_closed = on_closed;
    opts.user = t;
    return opts;
}

static int receive_file(transfer *t)
{
    ic_stream_options opts = options_of(t);
    ic_stream *st;

    opts.local_id = RECEIVER_ID;
    opts.remote_id = SENDER_ID;
    int err = ic_stream_new(t->sock, &opts, &st);
    if (!err)
        printf("%s %s\n", ic_socket_address(t->sock), ic_identity_address(t->me));
    fflush(stdout);
    return err;
}

static int send_file(transfer *t, const char *address, const char *name)
{
    ic_stream_options opts = options_of(t);
    uint8_t key[IC_PUBLIC_KEY_BYTES];
    ic_stream *st;

    int err = ic_address_decode(name, NULL, key);
    if (err)
        return err;
    opts.role = IC_STREAM_INITIATOR;
    opts.remote = address;
    opts.remote_key = key;
    opts.local_id = SENDER_ID;
    opts.remote_id = RECEIVER_ID;
    err = ic_stream_new(t->sock, &opts, &st);
    if (!err)
        send_more(t, st);
    return err;
}

static int start(transfer *t, const char *address)
{
    ic_socket_options opts;

    int err = ic_init();
    if (!err)
        err = ic_identity_generate(&t->me, IC_NETWORK_MAINNET);
    ic_socket_options_default(&opts);
    opts.base = t->base;
    opts.address = address;
    return err ? err : ic_socket_new(&opts, &t->sock);
}

static int run(transfer *t, int argc, char **argv)
{
    int err = start(t, t->receives && argc == 4 ? argv[3] : "127.0.0.1:0");

    if (!err)
        err = t->receives ? receive_file(t) : send_file(t, argv[3], argv[4]);
    if (err) {
        fprintf(stderr, "send_file: %s\n", ic_strerror(err));
        ic_socket_close(t->sock, NULL, NULL);
        t->result = 1;
    }
    event_base_dispatch(t->base); /* until the socket is closed */
    return t->result;
}

int main(int argc, char **argv)
{
    transfer t = {.base = event_base_new()};
    bool sends = argc == 5 && strcmp(argv[1], "send") == 0;

    t.receives = (argc == 3 || argc == 4) && strcmp(argv[1], "receive") == 0;
    if (!t.base || (!sends && !t.receives)) {
        fprintf(stderr, "usage: send_file receive FILE [ADDRESS]\n"
                        "       send_file send FILE ADDRESS KEY\n");
        return 2;
    }
    t.file = fopen(argv[2], t.receives ? "wb" : "rb");
    if (!t.file) {
        perror(argv[2]);
        return 1;
    }
    int result = run(&t, argc, argv);
    if (fclose(t.file) != 0)
        result = 1;
    ic_identity_free(t.me);
    event_base_free(t.base);
    return result;
}
