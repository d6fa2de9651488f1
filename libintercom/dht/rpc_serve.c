/* Requests of others, and answers to them. */
#include "dht/rpc_state.h"

#include <string.h>

#include <sodium.h>

#include "base/rd.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"

/* A ping that is to be answered later. */
struct delayed {
    ic__rpc *rpc;
    ic__link link;
    ic__alarm alarm;
    ic__addr from;
    uint32_t sock;
    uint16_t tid;
};

static void reply(ic__rpc *rpc, uint32_t sock, const ic__rpc_message *m)
{
    uint8_t bytes[IC__RPC_VALUE_MAX + IC__RPC_HEAD_MAX];
    size_t len = 0;

    if (ic__rpc_can_reach(&m->to) && m->value_len <= IC__RPC_VALUE_MAX)
        len = ic__rpc_message_write(m, bytes, sizeof bytes);
    if (len)
        ic__rpc_send(rpc, sock, &m->to, bytes, len, 0);
    else
        rpc->stats.dropped_limit++;
}

void ic__rpc_answer(ic__rpc *rpc, const ic__rpc_request *request, uint32_t error,
                    const uint8_t *value, size_t value_len, unsigned with)
{
    uint8_t token[IC__DHT_TOKEN_BYTES];
    ic__rpc_message m = {.type = IC__RPC_REPLY,
                         .tid = request->tid,
                         .to = request->from,
                         .id = ic__rpc_id_by(rpc, request->sock),
                         .error = error,
                         .value = value,
                         .value_len = value_len};

    if (with & IC__RPC_WITH_TOKEN) {
        ic__tokens_issue(&rpc->tokens, &rpc->env, ic__rpc_now(rpc), &request->from,
                         token);
        m.token = token;
    }
    if (with & IC__RPC_WITH_CLOSER && request->target)
        m.closer_count =
            ic__table_closest(&rpc->table, request->target, m.closer, IC__RPC_K);
    reply(rpc, request->sock, &m);
}

void ic__rpc_answer_to(ic__rpc *rpc, uint32_t sock, uint16_t tid, const ic__addr *to,
                       const uint8_t *value, size_t value_len)
{
    ic__rpc_message m = {.type = IC__RPC_REPLY,
                         .tid = tid,
                         .to = *to,
                         .id = ic__rpc_id_by(rpc, sock),
                         .value = value,
                         .value_len = value_len};

    reply(rpc, sock, &m);
}

/* To the sender's host, at the port that it names. */
static void ping_nat(ic__rpc *rpc, const ic__rpc_request *request)
{
    ic__rpc_request moved = *request;
    ic__rd r = ic__rd_of(request->value, request->value ? request->value_len : 0);

    moved.from.port = ic__rd_u16le(&r);
    if (moved.from.port)
        ic__rpc_answer(rpc, &moved, IC__RPC_OK, NULL, 0, 0);
}

static void down_hint(ic__rpc *rpc, const ic__rpc_request *request)
{
    ic__rd r = ic__rd_of(request->value, request->value ? request->value_len : 0);
    uint8_t packed[6];
    uint8_t id[IC__DHT_KEY_BYTES];

    ic__rd_copy(&r, packed, sizeof packed);
    if (r.bad)
        return;
    ic__dht_hash(id, packed, sizeof packed);
    ic__rpc_hinted_down(rpc, id);
    ic__rpc_answer(rpc, request, IC__RPC_OK, NULL, 0, 0);
}

static void delayed_free(struct delayed *d)
{
    ic__clock_remove(d->rpc->clock, &d->alarm);
    ic__queue_remove(&d->rpc->delayed, &d->link);
    ic_mem_free(d);
}

static void on_delay_over(ic__alarm *alarm)
{
    struct delayed *d = IC__ELEMENT(alarm, struct delayed, alarm);

    ic__rpc_answer_to(d->rpc, d->sock, d->tid, &d->from, NULL, 0);
    delayed_free(d);
}

void ic__rpc_free_delayed(ic__rpc *rpc)
{
    ic__link *link;

    while ((link = ic__queue_first(&rpc->delayed)) != NULL)
        delayed_free(IC__ELEMENT(link, struct delayed, link));
}

/* Many nodes share 127.0.0.1, and harm nobody else. */
static bool is_own_machine(const ic__addr *from)
{
    return from->ip[0] == 127;
}

static bool may_delay(ic__rpc *rpc, const ic__addr *from)
{
    ic__queue *all = &rpc->delayed;
    size_t same_host = 0;

    for (ic__link *at = all->ends.next; at != &all->ends; at = at->next) {
        const struct delayed *d = IC__ELEMENT(at, struct delayed, link);
        if (memcmp(d->from.ip, from->ip, 4) == 0)
            same_host++;
    }
    return all->count < rpc->opts.max_delayed &&
           (same_host < IC__RPC_DELAYED_PER_HOST || is_own_machine(from));
}

static void delayed_ping(ic__rpc *rpc, const ic__rpc_request *request)
{
    ic__rd r = ic__rd_of(request->value, request->value ? request->value_len : 0);
    uint32_t delay_ms = ic__rd_u32le(&r);
    struct delayed *d = NULL;

    if (r.bad || delay_ms > IC__RPC_DELAY_MAX_MS)
        return;
    if (may_delay(rpc, &request->from))
        d = ic_mem_calloc(1, sizeof *d);
    if (!d || ic__clock_add(rpc->clock, &d->alarm, on_delay_over) != 0) {
        rpc->stats.dropped_limit++;
        ic_mem_free(d);
        return;
    }
    d->rpc = rpc;
    d->from = request->from;
    d->sock = request->sock;
    d->tid = request->tid;
    ic__queue_push(&rpc->delayed, &d->link);
    ic__clock_set_in(rpc->clock, &d->alarm, delay_ms * IC__MS);
}

static void unknown(ic__rpc *rpc, const ic__rpc_request *request)
{
    ic__rpc_answer(rpc, request, IC__RPC_UNKNOWN_COMMAND, NULL, 0, IC__RPC_WITH_CLOSER);
}

static void serve(ic__rpc *rpc, const ic__rpc_request *request)
{
    switch (request->command) {
    case IC__RPC_PING:
        ic__rpc_answer(rpc, request, IC__RPC_OK, NULL, 0, 0);
        break;
    case IC__RPC_PING_NAT:
        ping_nat(rpc, request);
        break;
    case IC__RPC_FIND_NODE:
        if (request->target)
            ic__rpc_answer(rpc, request, IC__RPC_OK, NULL, 0, IC__RPC_WITH_CLOSER);
        break;
    case IC__RPC_DOWN_HINT:
        down_hint(rpc, request);
        break;
    case IC__RPC_DELAYED_PING:
        delayed_ping(rpc, request);
        break;
    default:
        unknown(rpc, request);
        break;
    }
}

/* Hosts share 256 counters, by a secret hash. */
static bool is_flood(ic__rpc *rpc, const ic__addr *from)
{
    ic__rpc_flood *f = &rpc->flood;
    uint64_t second = ic__rpc_now(rpc) / IC__SEC;
    uint64_t hash;

    if (!rpc->opts.max_replies_per_second || is_own_machine(from))
        return false;
    if (!f->drawn)
        rpc->env.random(f->secret, sizeof f->secret, rpc->env.user);
    f->drawn = true;
    if (f->second != second)
        memset(f->counts, 0, sizeof f->counts);
    f->second = second;
    crypto_shorthash((uint8_t *)&hash, from->ip, 4, f->secret);
    return ++f->counts[hash % IC__RPC_FLOOD_SLOTS] > rpc->opts.max_replies_per_second;
}

void ic__rpc_take_request(ic__rpc *rpc, uint32_t sock, const ic__addr *from,
                          const uint8_t *id, const ic__rpc_message *m)
{
    ic__rpc_request request = {.from = *from,
                               .to = m->to,
                               .sock = sock,
                               .tid = m->tid,
                               .internal = m->internal,
                               .command = m->command,
                               .id = id,
                               .target = m->target,
                               .token = m->token,
                               .value = m->value,
                               .value_len = m->value_len};

    if (is_flood(rpc, from)) {
        rpc->stats.dropped_flood++;
        return;
    }
    rpc->stats.requests_in++;
    request.token_valid = m->token && ic__tokens_check(&rpc->tokens, &rpc->env,
                                                       ic__rpc_now(rpc), from, m->token);
    if (m->token && !request.token_valid) {
        rpc->stats.wrong_tokens++;
        ic__rpc_answer(rpc, &request, IC__RPC_INVALID_TOKEN, NULL, 0,
                       IC__RPC_WITH_TOKEN | IC__RPC_WITH_CLOSER);
        return;
    }
    ic__rpc_heard(rpc, from, id, NULL);
    if (request.internal)
        serve(rpc, &request);
    else if (!rpc->events.on_request ||
             !rpc->events.on_request(rpc->events.user, &request))
        unknown(rpc, &request);
}
