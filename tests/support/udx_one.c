#include "udx_one.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

ic__udx_path udx_one_path(uint8_t host, uint32_t id)
{
    return (ic__udx_path){.addr = {.family = 4, .ip = {10, 0, 0, host}, .port = 4242},
                          .id = id};
}

void udx_one_init_unconnected(udx_one *o, const ic__udx_options *opts)
{
    memset(o, 0, sizeof *o);
    fake_clock_init(&o->clock, 1);
    o->env = fake_clock_env(&o->clock);
    if (ic__udx_new(&o->s, &o->env, UDX_ONE_ID, opts, o->clock.now_ns) != 0)
        abort();
}

void udx_one_init(udx_one *o, const ic__udx_options *opts)
{
    const ic__udx_path path = udx_one_path(1, UDX_ONE_PEER);

    udx_one_init_unconnected(o, opts);
    assert_int_equal(ic__udx_connect(o->s, &path, o->clock.now_ns), 0);
}

void udx_one_free(udx_one *o)
{
    ic__udx_free(o->s);
}

void udx_one_events(udx_one *o)
{
    ic__udx_event event;

    while (ic__udx_next(o->s, &event)) {
        o->got += event.what == IC__UDX_GOT_DATA ? event.len : 0;
        o->messages += event.what == IC__UDX_GOT_MESSAGE;
        o->ends += event.what == IC__UDX_GOT_END;
        o->drained += event.what == IC__UDX_DRAINED;
        o->moved += event.what == IC__UDX_MOVED;
        if (event.what == IC__UDX_CLOSED) {
            o->closed++;
            o->error = event.error;
        }
    }
}

void udx_one_recv(udx_one *o, const ic__udx_packet *packet)
{
    uint8_t bytes[IC__UDX_MAX_DATAGRAM];
    ic__wr w = ic__wr_of(bytes, sizeof bytes);

    ic__udx_packet_write(&w, packet);
    assert_false(w.bad);
    uint8_t *copy = malloc(w.len);
    assert_non_null(copy);
    memcpy(copy, bytes, w.len);
    (void)ic__udx_recv(o->s, copy, w.len, o->clock.now_ns);
    free(copy);
    udx_one_events(o);
}

void udx_one_data(udx_one *o, uint32_t seq, const char *text)
{
    const ic__udx_packet packet = {.type = IC__UDX_DATA,
                                   .id = UDX_ONE_ID,
                                   .rwnd = UDX_ONE_RWND,
                                   .seq = seq,
                                   .payload = (const uint8_t *)text,
                                   .payload_len = strlen(text)};

    udx_one_recv(o, &packet);
}

void udx_one_ack(udx_one *o, uint32_t ack, uint32_t rwnd)
{
    const ic__udx_packet packet = {.id = UDX_ONE_ID, .rwnd = rwnd, .ack = ack};

    udx_one_recv(o, &packet);
}

void udx_one_sack(udx_one *o, uint32_t ack, uint32_t start, uint32_t end)
{
    const ic__udx_packet packet = {.type = IC__UDX_SACK,
                                   .id = UDX_ONE_ID,
                                   .rwnd = UDX_ONE_RWND,
                                   .ack = ack,
                                   .sack_count = 1,
                                   .sacks = {{start, end}}};

    udx_one_recv(o, &packet);
}

bool udx_one_pull(udx_one *o)
{
    o->len = ic__udx_pull(o->s, o->bytes, sizeof o->bytes, &o->to, o->clock.now_ns);
    if (!o->len)
        return false;
    assert_int_equal(ic__udx_packet_decode(&o->packet, o->bytes, o->len), 0);
    return true;
}

size_t udx_one_pull_all(udx_one *o, uint8_t type)
{
    size_t count = 0;

    while (udx_one_pull(o))
        count += type ? (o->packet.type & type) != 0 : o->packet.type == 0;
    udx_one_events(o);
    return count;
}

int udx_one_write(udx_one *o, size_t len)
{
    uint8_t *zeros = calloc(1, len ? len : 1);

    assert_non_null(zeros);
    int error = ic__udx_write(o->s, zeros, len);
    free(zeros);
    return error;
}

size_t udx_one_run(udx_one *o, uint64_t ns, uint8_t type)
{
    uint64_t until = o->clock.now_ns + ns;
    size_t count = udx_one_pull_all(o, type);

    while (ic__udx_deadline(o->s) <= until) {
        fake_clock_set(&o->clock, ic__udx_deadline(o->s));
        ic__udx_expire(o->s, o->clock.now_ns);
        count += udx_one_pull_all(o, type);
    }
    fake_clock_set(&o->clock, until);
    return count;
}
