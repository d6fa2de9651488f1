#include "rpc_solo.h"

#include <stdlib.h>
#include <string.h>

static void host_send(void *user, uint32_t sock, const ic__addr *to, const uint8_t *data,
                      size_t len, uint8_t ttl)
{
    rpc_solo *s = user;
    rpc_datagram *d;

    if (s->count == RPC_SOLO_SENT) {
        s->lost++;
        return;
    }
    d = malloc(sizeof *d);
    if (!d)
        abort();
    d->sock = sock;
    d->to = *to;
    d->ttl = ttl;
    d->len = len;
    memcpy(d->data, data, len);
    s->sent[(s->first + s->count++) % RPC_SOLO_SENT] = d;
}

static ic__addr host_socket_address(void *user, uint32_t sock)
{
    const rpc_solo *s = user;
    return s->bound[sock];
}

int rpc_solo_init(rpc_solo *s, const ic__rpc_options *opts, const ic__rpc_events *events)
{
    ic_env env;

    *s = (rpc_solo){0};
    fake_clock_init(&s->time, 1);
    env = fake_clock_env(&s->time);
    s->clock.now = s->time.now_ns;
    s->bound[0] = (ic__addr){.port = 40000, .family = 4};
    s->bound[1] = (ic__addr){.port = 40001, .family = 4};
    s->host = (ic__dht_host){
        .send = host_send, .socket_address = host_socket_address, .user = s};
    return ic__rpc_new(&s->rpc, &env, &s->clock, &s->host, opts, events);
}

void rpc_solo_free(rpc_solo *s)
{
    ic__rpc_free(s->rpc);
    ic__clock_free(&s->clock);
    while (rpc_solo_take(s))
        continue;
}

void rpc_solo_run(rpc_solo *s, uint64_t for_ns)
{
    uint64_t until = s->time.now_ns + for_ns;
    uint64_t at;

    while ((at = ic__clock_deadline(&s->clock)) <= until) {
        fake_clock_set(&s->time, at);
        ic__clock_run(&s->clock, s->time.now_ns);
    }
    fake_clock_set(&s->time, until);
    ic__clock_run(&s->clock, until);
}

void rpc_solo_recv(rpc_solo *s, uint32_t sock, const ic__addr *from, const uint8_t *data,
                   size_t len)
{
    s->clock.now = s->time.now_ns;
    ic__rpc_recv(s->rpc, sock, from, data, len);
}

void rpc_solo_tell(rpc_solo *s, uint32_t sock, const ic__addr *from,
                   const ic__rpc_message *m)
{
    uint8_t bytes[IC__RPC_DATAGRAM_MAX];
    size_t len = ic__rpc_message_write(m, bytes, sizeof bytes);

    if (!len)
        abort();
    rpc_solo_recv(s, sock, from, bytes, len);
}

const rpc_datagram *rpc_solo_take(rpc_solo *s)
{
    free(s->taken);
    s->taken = NULL;
    if (!s->count)
        return NULL;
    s->taken = s->sent[s->first];
    s->first = (s->first + 1) % RPC_SOLO_SENT;
    s->count--;
    return s->taken;
}

ic__rpc_message rpc_solo_read(const rpc_datagram *d)
{
    ic__rpc_message m;

    if (!d || ic__rpc_message_read(&m, d->data, d->len) != 0)
        abort();
    return m;
}

void rpc_solo_answer(rpc_solo *s, const rpc_datagram *request, const ic__rpc_message *m)
{
    ic__addr from = request->to;
    ic__rpc_message answer = *m;

    answer.type = IC__RPC_REPLY;
    answer.tid = rpc_solo_read(request).tid;
    rpc_solo_tell(s, request->sock, &from, &answer);
}

void rpc_solo_know(rpc_solo *s, const ic__addr *addr)
{
    uint8_t id[IC__DHT_KEY_BYTES];

    ic__rpc_id_of(id, addr);
    ic__rpc_heard(s->rpc, addr, id, NULL);
}
