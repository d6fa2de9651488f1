/*
 * A relay between two UDX streams over one socket of 127.0.0.1 (spec 02, section 9).
 *
 *   udx_relay
 *
 * Says its port, and reads "ID PORT" of one end and of the other, a line each: the first
 * talks to our stream 3, the second to our stream 4. Tells "closed ID WHY" of both, then
 * what it dropped, and is over.
 */
#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/env.h"
#include "intercom/error.h"
#include "io/udp.h"

#define FIRST_ID 3

static ic__udp *udp;
static unsigned open_streams;

static void must(int err, const char *what)
{
    if (!err)
        return;
    (void)fprintf(stderr, "udx_relay: %s: %s\n", what, ic_strerror(err));
    exit(1);
}

static void on_closed(ic__udp_stream *st, int error, void *user)
{
    const uint32_t *id = user;

    (void)st;
    (void)printf("closed %" PRIu32 " %s\n", *id, ic_error_name(error));
    if (--open_streams)
        return;
    (void)printf("dropped %" PRIu64 "\n", ic__udp_get_stats(udp).dropped_relay);
    ic__udp_close(udp, NULL, NULL);
}

static ic__udp_stream *open_side(ic__udp_socket *sock, uint32_t *id)
{
    const ic__udp_stream_events events = {.closed = on_closed};
    ic__addr to = {.family = 4, .ip = {127, 0, 0, 1}};
    ic__udp_stream *st;
    uint32_t remote_id;

    if (scanf("%" SCNu32 " %" SCNu16, &remote_id, &to.port) != 2)
        must(IC_ERR_INVALID, "input");
    must(ic__udp_stream_new(udp, &st, *id, NULL, &events, id), "stream");
    must(ic__udp_stream_connect(st, sock, remote_id, &to), "connect");
    open_streams++;
    return st;
}

int main(void)
{
    const ic__addr any = {.family = 4, .ip = {127, 0, 0, 1}};
    struct event_base *base = event_base_new();
    uint32_t ids[2] = {FIRST_ID, FIRST_ID + 1};
    ic__udp_socket *sock;
    ic_env env;

    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    ic_env_system(&env);
    must(base ? 0 : IC_ERR_NOMEM, "loop");
    must(ic__udp_new(&udp, base, &env, NULL), "start");
    must(ic__udp_socket_new(udp, &sock, &any, NULL, NULL), "socket");
    (void)printf("port %u\n", ic__udp_socket_address(sock).port);
    ic__udp_stream *one = open_side(sock, &ids[0]);
    ic__udp_stream *other = open_side(sock, &ids[1]);
    ic__udp_stream_relay(one, other);
    ic__udp_stream_relay(other, one);
    (void)event_base_dispatch(base); /* until everything is closed */
    event_base_free(base);
    return 0;
}
