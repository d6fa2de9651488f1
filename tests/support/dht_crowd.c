#include "dht_crowd.h"

#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "dht/messages.h"
#include "dht/rpc_message.h"
#include "unit.h"

#define INTRODUCED 64 /* nodes that a liar speaks to */

static void member_recv(void *user, uint32_t sock, const ic__addr *from,
                        const uint8_t *data, size_t len, uint64_t now)
{
    dht_member *m = user;
    ic__dht_recv(m->dht, sock, from, data, len, now);
}

static uint64_t member_deadline(void *user)
{
    const dht_member *m = user;
    return ic__dht_deadline(m->dht);
}

static void member_expire(void *user, uint64_t now)
{
    dht_member *m = user;
    ic__dht_expire(m->dht, now);
}

static bool member_stream_packet(void *user, uint32_t local_id, uint32_t sock,
                                 const ic__addr *from, uint64_t now)
{
    dht_member *m = user;
    return ic__dht_stream_packet(m->dht, local_id, sock, from, now);
}

static void member_ready(void *user)
{
    dht_member *m = user;
    m->ready = true;
}

static dht_member *new_member(dht_crowd *c, dht_nat_kind kind)
{
    assert_true(c->count < c->cap);
    dht_member *m = &c->members[c->count++];
    *m = (dht_member){.world = c->world, .machine = dht_world_add(c->world, kind)};
    return m;
}

static void start(dht_member *m, const ic__dht_options *opts)
{
    const dht_driver driver = {.recv = member_recv,
                               .deadline = member_deadline,
                               .expire = member_expire,
                               .stream_packet = member_stream_packet,
                               .user = m};
    const ic__dht_events events = {.on_ready = member_ready, .user = m};
    const ic_env env = dht_world_env(m->world);
    const uint64_t now = dht_world_now(m->world);

    assert_int_equal(
        ic__dht_new(&m->dht, &env, dht_machine_host(m->machine), opts, &events, now), 0);
    dht_machine_attach(m->machine, &driver);
    assert_int_equal(ic__dht_start(m->dht, now), 0);
}

void dht_crowd_init(dht_crowd *c, uint64_t seed, size_t cap)
{
    ic__dht_options opts;

    *c = (dht_crowd){.world = dht_world_new(seed), .cap = cap};
    c->members = calloc(cap, sizeof *c->members);
    assert_non_null(c->members);
    dht_member *first = new_member(c, DHT_OPEN);
    c->first = dht_machine_address(first->machine);
    ic__dht_options_default(&opts);
    opts.rpc.public_address = c->first;
    start(first, &opts);
    dht_crowd_run(c, IC__SEC);
}

void dht_crowd_free(dht_crowd *c)
{
    for (size_t i = 0; i < c->count; i++)
        dht_crowd_kill(c, i);
    dht_world_free(c->world);
    free(c->members);
}

size_t dht_crowd_add(dht_crowd *c, dht_nat_kind kind)
{
    ic__dht_options opts;
    dht_member *m = new_member(c, kind);

    ic__dht_options_default(&opts);
    opts.rpc.bootstrap = &c->first;
    opts.rpc.bootstrap_count = 1;
    if (kind == DHT_OPEN)
        opts.rpc.mode = IC__RPC_PERSISTENT;
    start(m, &opts);
    return c->count - 1;
}

void dht_crowd_grow(dht_crowd *c, size_t n, dht_nat_kind kind, uint64_t every_ns)
{
    for (size_t i = 0; i < n; i++) {
        (void)dht_crowd_add(c, kind);
        dht_crowd_run(c, every_ns);
    }
}

void dht_crowd_kill(dht_crowd *c, size_t index)
{
    dht_member *m = &c->members[index];

    dht_machine_detach(m->machine);
    ic__dht_free(m->dht);
    m->dht = NULL;
}

void dht_crowd_run(dht_crowd *c, uint64_t ns)
{
    dht_world_run_until(c->world, dht_world_now(c->world) + ns);
}

/* Liars. */

/* Somebody who is not there, close to the target by the first bits of its id. */
static ic__addr nobody_near(dht_member *m, const uint8_t *target)
{
    fake_random *luck = dht_world_random(m->world);
    ic__addr best = {.family = 0};
    unsigned best_bits = 0;

    for (unsigned i = 0; i < 16; i++) {
        uint8_t id[IC__DHT_KEY_BYTES];
        ic__addr a = {.port = 4000, .family = 4};
        unsigned bits = 0;
        a.ip[0] = 77;
        fake_random_fill(luck, a.ip + 1, 3);
        ic__rpc_id_of(id, &a);
        while (bits < 8 && !((id[0] ^ target[0]) & (0x80u >> bits)))
            bits++;
        if (!best.family || bits > best_bits) {
            best = a;
            best_bits = bits;
        }
    }
    return best;
}

static void forge_value(const ic__rpc_message *request, ic__wr *w)
{
    static const uint8_t junk[IC__DHT_SIGNATURE_BYTES] = {6, 6, 6};
    const ic__dht_mutable value = {
        .seq = 1000, .value = junk, .value_len = 5, .signature = junk};
    ic__dht_lookup_reply lookup = {.peer_count = IC__DHT_RECORDS_MAX};

    if (request->command == IC__DHT_MUTABLE_GET)
        ic__dht_mutable_get_write(w, &value);
    else if (request->command == IC__DHT_LOOKUP)
        ic__dht_lookup_reply_write(w, &lookup);
    else
        ic__wr_bytes(w, junk, sizeof junk);
}

static void liar_recv(void *user, uint32_t sock, const ic__addr *from,
                      const uint8_t *data, size_t len, uint64_t now)
{
    static const uint8_t nowhere[IC__DHT_KEY_BYTES];
    dht_member *m = user;
    uint8_t id[IC__DHT_KEY_BYTES];
    uint8_t value[IC__RPC_VALUE_MAX];
    uint8_t bytes[IC__RPC_DATAGRAM_MAX];
    ic__wr w = ic__wr_of(value, sizeof value);
    const ic__addr own = dht_machine_address(m->machine);
    ic__rpc_message request;

    if (ic__rpc_message_read(&request, data, len) != 0 || request.type != IC__RPC_REQUEST)
        return;
    m->asked++;
    ic__rpc_id_of(id, &own);
    ic__rpc_message reply = {
        .type = IC__RPC_REPLY, .tid = request.tid, .to = *from, .id = id, .token = id};
    for (size_t i = 0; i < IC__RPC_K; i++)
        reply.closer[reply.closer_count++] =
            nobody_near(m, request.target ? request.target : nowhere);
    if (m->malice == DHT_FORGES) {
        reply.to.port = (uint16_t)fake_random_below(dht_world_random(m->world), 65535);
        reply.to.port++;
        if (!request.internal)
            forge_value(&request, &w);
        reply.value = request.internal ? NULL : value;
        reply.value_len = w.len;
    }
    dht_machine_send(m->machine, sock, from, bytes,
                     ic__rpc_message_write(&reply, bytes, sizeof bytes));
}

static uint64_t liar_deadline(void *user)
{
    return IC__NEVER;
}

static void liar_expire(void *user, uint64_t now)
{
}

size_t dht_crowd_add_liar(dht_crowd *c, dht_malice malice)
{
    const size_t before = c->count;
    dht_member *m = new_member(c, DHT_OPEN);
    const dht_driver driver = {
        .recv = liar_recv, .deadline = liar_deadline, .expire = liar_expire, .user = m};
    uint8_t id[IC__DHT_KEY_BYTES];
    uint8_t bytes[256];
    const ic__addr own = dht_machine_address(m->machine);

    m->malice = malice;
    dht_machine_attach(m->machine, &driver);
    ic__rpc_id_of(id, &own);
    for (size_t i = 0; i < INTRODUCED; i++) {
        const dht_member *to =
            &c->members[fake_random_below(dht_world_random(c->world), before)];
        const ic__rpc_message ping = {.type = IC__RPC_REQUEST,
                                      .internal = true,
                                      .to = dht_machine_address(to->machine),
                                      .id = id,
                                      .command = IC__RPC_PING};
        dht_machine_send(m->machine, IC__DHT_SERVER_SOCKET, &ping.to, bytes,
                         ic__rpc_message_write(&ping, bytes, sizeof bytes));
    }
    return c->count - 1;
}

/* Operations. */

static void outcome_peer(void *user, const ic__dht_peer *peer, const ic__addr *from)
{
    dht_outcome *o = user;

    assert_int_equal(o->done, 0);
    assert_true(from->family == 4);
    o->peers++;
    o->last = *peer;
    if (o->wanted && memcmp(peer->public_key, o->wanted, IC__DHT_KEY_BYTES) == 0)
        o->found = true;
}

static void outcome_value(void *user, const uint8_t *value, size_t len, uint64_t seq)
{
    dht_outcome *o = user;

    assert_int_equal(o->done, 0);
    assert_false(o->has_value);
    assert_true(len <= sizeof o->value);
    o->has_value = true;
    o->len = len;
    o->seq = seq;
    memcpy(o->value, value, len);
}

static void outcome_done(void *user, int error, size_t nodes)
{
    dht_outcome *o = user;

    o->done++;
    o->error = error;
    o->nodes = nodes;
}

ic__dht_op_events dht_outcome_events(dht_outcome *o)
{
    *o = (dht_outcome){.done = 0};
    return (ic__dht_op_events){.on_peer = outcome_peer,
                               .on_done = outcome_done,
                               .on_value = outcome_value,
                               .user = o};
}

static bool is_open(void *user)
{
    const dht_outcome *o = user;
    return !o->done;
}

void dht_crowd_await(dht_crowd *c, const dht_outcome *o)
{
    const uint64_t until = dht_world_now(c->world) + 60 * IC__SEC;

    assert_true(dht_world_run_while(c->world, is_open, (void *)(uintptr_t)o, until));
    assert_int_equal(o->done, 1);
}
