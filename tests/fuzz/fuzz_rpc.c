/*
 * A whole RPC node, and a stranger who sends it anything, answers its requests rightly or
 * wrongly, lets time pass, asks it to walk, to sleep and to wake. Nothing may break, and
 * every request and walk ends once.
 *
 * Input: steps of one verb byte, one length byte, and that many bytes.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "intercom/error.h"
#include "rpc_solo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LONGEST (5 * 60 * IC__SEC) /* of one input: more of the same costs time only */

typedef struct fuzz {
    rpc_solo s;
    uint64_t left_ns;
    size_t begun;
    size_t ended;
} fuzz;

static void check(int ok)
{
    if (!ok)
        abort();
}

static bool on_request(void *user, const ic__rpc_request *request)
{
    fuzz *f = user;

    if (request->command % 3 == 0)
        return false;
    ic__rpc_answer(f->s.rpc, request, request->command % 3 - 1, request->value,
                   request->value_len, request->command % 4);
    return true;
}

static void on_done(void *user, int error, const ic__rpc_reply *reply)
{
    check(!error == !!reply);
    ((fuzz *)user)->ended++;
}

static void on_walked(void *user, int error, ic__query *query)
{
    size_t count;

    (void)error;
    (void)ic__query_closest(query, &count);
    check(count <= IC__RPC_K);
    ((fuzz *)user)->ended++;
}

static ic__addr somebody(uint8_t who)
{
    return (ic__addr){.ip = {20, 0, who >> 5, who}, .port = 49737, .family = 4};
}

static void ask(fuzz *f, uint8_t who)
{
    ic__addr to = somebody(who);
    ic__rpc_call call = ic__rpc_call_to(&to, who & 1, who & 7);

    call.force = (who & 2) != 0;
    call.on_done = on_done;
    call.user = f;
    f->begun += ic__rpc_call_send(f->s.rpc, &call, NULL) == 0;
}

static void walk(fuzz *f, uint8_t where)
{
    ic__query_options opts;

    ic__query_options_default(&opts);
    memset(opts.target, where, sizeof opts.target);
    opts.command = where & 3;
    opts.background = (where & 4) != 0;
    opts.on_done = on_walked;
    opts.user = f;
    f->begun += ic__query_new(f->s.rpc, &opts, NULL) == 0;
}

/* The stranger answers the node's oldest request: its own bytes behind our head. */
static void answer(fuzz *f, const uint8_t *bytes, size_t len, bool proven)
{
    const rpc_datagram *d = rpc_solo_take(&f->s);
    uint8_t reply[10 + 32 + 255] = {IC__RPC_REPLY};
    rpc_datagram request;
    size_t at = 10;

    if (!d || d->len < 10 || !len)
        return;
    request = *d;
    if (request.data[0] != IC__RPC_REQUEST)
        return;
    reply[1] = (uint8_t)((bytes[0] & ~1) | (proven ? 1 : 0));
    memcpy(reply + 2, request.data + 2, 2);
    memset(reply + 4, 20, 6);
    if (proven) {
        ic__rpc_id_of(reply + at, &request.to);
        at += 32;
    }
    memcpy(reply + at, bytes + 1, len - 1);
    rpc_solo_recv(&f->s, request.sock, &request.to, reply, at + len - 1);
}

static void send(fuzz *f, const uint8_t *bytes, size_t len)
{
    uint8_t *copy = malloc(len ? len : 1);
    ic__addr from = somebody(len ? bytes[len - 1] : 0);

    if (!copy)
        abort();
    memcpy(copy, bytes, len);
    rpc_solo_recv(&f->s, len & 1, &from, copy, len);
    free(copy);
}

static void wait(fuzz *f, uint8_t how_long)
{
    uint64_t ns = (uint64_t)(how_long + 1) * how_long * 20 * IC__MS;

    ns = ns < f->left_ns ? ns : f->left_ns;
    f->left_ns -= ns;
    rpc_solo_run(&f->s, ns);
}

static void step(fuzz *f, uint8_t verb, const uint8_t *bytes, size_t len)
{
    uint8_t first = len ? bytes[0] : 0;

    switch (verb % 8) {
    case 0:
    case 1:
        send(f, bytes, len);
        break;
    case 2:
        answer(f, bytes, len, false);
        break;
    case 3:
        answer(f, bytes, len, true);
        break;
    case 4:
        wait(f, first);
        break;
    case 5:
        ask(f, first);
        break;
    case 6:
        walk(f, first);
        break;
    default:
        if (first & 1)
            ic__rpc_suspend(f->s.rpc);
        else
            check(ic__rpc_resume(f->s.rpc) == 0);
        break;
    }
}

static void play(fuzz *f, const uint8_t *data, size_t size)
{
    while (size >= 2) {
        size_t len = data[1] < size - 2 ? data[1] : size - 2;
        step(f, data[0], data + 2, len);
        data += 2 + len;
        size -= 2 + len;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ic__addr bootstrap = somebody(1);
    ic__rpc_options opts;
    fuzz f = {.left_ns = LONGEST};
    ic__rpc_events events = {.on_request = on_request, .user = &f};

    if (size < 1 || size > 4096)
        return 0;
    ic__rpc_options_default(&opts);
    opts.bootstrap = &bootstrap;
    opts.bootstrap_count = data[0] & 1;
    opts.mode = (ic__rpc_mode)((data[0] >> 1) % 3);
    opts.adaptive_timeouts = (data[0] & 8) != 0;
    if (data[0] & 16)
        opts.public_address = somebody(77);
    check(rpc_solo_init(&f.s, &opts, &events) == 0);
    check(ic__rpc_start(f.s.rpc) == 0);
    play(&f, data + 1, size - 1);
    ic__rpc_suspend(f.s.rpc);
    rpc_solo_run(&f.s, IC__SEC);
    check(f.begun == f.ended);
    check(f.s.rpc->queries.count == 0 && f.s.rpc->by_tid.count == 0);
    rpc_solo_free(&f.s);
    return 0;
}
