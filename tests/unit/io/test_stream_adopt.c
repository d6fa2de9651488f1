/* docs/spec/06-hyperdht.md, section 3: streams that start with a finished handshake. */
#include <string.h>

#include <event2/event.h>

#include "fail_alloc.h"
#include "intercom/error.h"
#include "intercom/mux.h"
#include "io/stream_adopt.h"
#include "stream_pair.h"
#include "unit.h"

#define MS STREAM_PAIR_MS

typedef struct carried {
    stream_pair pair;
    ic__noise_result keys[2];
    ic__udp_stream *carriers[2];
    int strangers;
    int proven[2];
    int gone[2];
    bool take; /* what packet answers */
} carried;

typedef struct side {
    carried *c;
    size_t end;
} side;

static side sides[2];

static void closed_early(ic__udp_stream *carrier, int error, void *user)
{
}

static bool on_packet(void *user, ic__udp_socket *sock, const ic__addr *from)
{
    const side *s = user;

    s->c->strangers++;
    return s->c->take;
}

static void on_proven(void *user)
{
    const side *s = user;

    s->c->proven[s->end]++;
}

static void on_gone(void *user)
{
    const side *s = user;

    s->c->gone[s->end]++;
}

/* The same secrets as the DHT's handshake would give, each way. */
static void make_keys(carried *c)
{
    for (size_t i = 0; i < 2; i++) {
        memset(c->keys[i].tx, i ? 0x22 : 0x11, sizeof c->keys[i].tx);
        memset(c->keys[i].rx, i ? 0x11 : 0x22, sizeof c->keys[i].rx);
        memset(c->keys[i].hash, 0x33, sizeof c->keys[i].hash);
        memcpy(c->keys[i].remote_key, ic_identity_public_key(c->pair.ends[1 - i].me),
               IC_PUBLIC_KEY_BYTES);
    }
}

static void init(carried *c)
{
    const ic__udp_stream_events events = {.closed = closed_early};

    memset(c, 0, sizeof *c);
    stream_pair_init(&c->pair);
    make_keys(c);
    for (size_t i = 0; i < 2; i++) {
        ic_socket *sock = c->pair.ends[i].sock;
        sides[i] = (side){.c = c, .end = i};
        assert_int_equal(ic__udp_stream_new(sock->udp, &c->carriers[i], (uint32_t)i + 10,
                                            NULL, &events, NULL),
                         0);
        ic__udp_stream_set_reading(c->carriers[i], false);
        assert_int_equal(ic__udp_stream_connect(c->carriers[i], sock->sock,
                                                (uint32_t)(1 - i) + 10,
                                                &c->pair.ends[1 - i].sock->bound),
                         0);
    }
}

static ic__stream_adoption adoption(carried *c, size_t end)
{
    return (ic__stream_adoption){
        .carrier = c->carriers[end],
        .keys = &c->keys[end],
        .initiator = end == 0,
        .keepalive_ns = 50 * MS,
        .host = {.packet = on_packet,
                 .proven = on_proven,
                 .gone = on_gone,
                 .user = &sides[end]},
    };
}

static void adopt(carried *c, size_t end)
{
    const ic__stream_adoption from = adoption(c, end);
    const ic_stream_options opts = stream_pair_options(&c->pair, end);
    stream_end *e = &c->pair.ends[end];

    assert_int_equal(ic__stream_adopt(e->sock, &from, &e->st), 0);
    assert_false(ic__stream_used(e->st));
    assert_int_equal(ic_stream_use(e->st, &opts), 0);
    assert_true(ic__stream_used(e->st));
}

static void it_is_an_ordinary_stream_that_knows_its_peer_from_the_start(void **state)
{
    carried c;
    init(&c);
    for (size_t i = 0; i < 2; i++) {
        adopt(&c, i);
        assert_memory_equal(ic_stream_remote_key(c.pair.ends[i].st), c.keys[i].remote_key,
                            IC_PUBLIC_KEY_BYTES);
        assert_memory_equal(ic_stream_handshake_hash(c.pair.ends[i].st), c.keys[i].hash,
                            IC_HANDSHAKE_HASH_BYTES);
        for (size_t n = 0; n < 20; n++)
            assert_int_equal(stream_pair_send(&c.pair.ends[i], 100), 0);
    }
    for (size_t i = 0; i < 2; i++) {
        stream_pair_until_messages(&c.pair, &c.pair.ends[i], 20);
        assert_int_equal(c.proven[i], 1);
        assert_int_equal(c.pair.ends[i].opened, 1);
        assert_int_equal(c.gone[i], 0);
    }
    stream_pair_free(&c.pair);
    assert_int_equal(c.gone[0] + c.gone[1], 2);
    assert_int_equal(c.pair.ends[0].closed + c.pair.ends[1].closed, 2);
}

static void what_came_before_it_was_adopted_is_not_lost(void **state)
{
    carried c;
    init(&c);
    adopt(&c, 0);
    assert_int_equal(stream_pair_send(&c.pair.ends[0], 1000), 0);
    stream_pair_run(&c.pair, 100);
    assert_int_equal(c.pair.ends[0].opened, 0); /* the other one has said nothing yet */
    adopt(&c, 1);
    stream_pair_until_messages(&c.pair, &c.pair.ends[1], 1);
    stream_pair_until(&c.pair, &c.pair.ends[0].opened, 1);
    stream_pair_free(&c.pair);
}

static void other_keys_prove_nothing_and_end_the_stream(void **state)
{
    carried c;
    init(&c);
    c.keys[1].hash[0] ^= 1;
    adopt(&c, 0);
    adopt(&c, 1);
    stream_pair_until(&c.pair, &c.pair.ends[0].closed, 1);
    stream_pair_until(&c.pair, &c.pair.ends[1].closed, 1);
    assert_int_equal(c.proven[0] + c.proven[1], 0);
    assert_int_equal(c.pair.ends[0].opened + c.pair.ends[1].opened, 0);
    assert_true(c.pair.ends[0].error == IC_ERR_PROTO ||
                c.pair.ends[1].error == IC_ERR_PROTO);
    stream_pair_free(&c.pair);
}

static void keepalives_run_as_for_any_stream(void **state)
{
    carried c;
    ic_stream_stats stats;
    init(&c);
    adopt(&c, 0);
    adopt(&c, 1);
    stream_pair_run(&c.pair, 400);
    ic_stream_get_stats(c.pair.ends[0].st, &stats, sizeof stats);
    assert_true(stats.messages_in > 2 && stats.messages_out > 2);
    assert_int_equal(c.pair.ends[0].messages, 0);
    stream_pair_free(&c.pair);
}

/* From the client's own socket, but neither from where the stream goes, nor by its
 * keys: as long as the peer has not proven itself, its host is asked. */
static void a_packet_by_another_way_is_the_hosts_to_take(void **state)
{
    carried c;
    ic_socket_options opts;
    ic_socket *third = NULL;
    ic__udp_stream *stranger = NULL;
    const ic__udp_stream_events events = {.closed = closed_early};
    init(&c);
    adopt(&c, 1);
    ic_socket_options_default(&opts);
    opts.base = c.pair.base;
    opts.address = "127.0.0.1:0";
    assert_int_equal(ic_socket_new(&opts, &third), 0);
    assert_int_equal(ic__udp_stream_new(third->udp, &stranger, 1, NULL, &events, NULL),
                     0);
    assert_int_equal(
        ic__udp_stream_connect(stranger, third->sock, 11, &c.pair.ends[1].sock->bound),
        0);
    assert_int_equal(ic__udp_stream_write(stranger, (const uint8_t *)"\0\0\0", 3), 0);
    stream_pair_until(&c.pair, &c.strangers, 1);
    assert_int_equal(c.pair.ends[1].closed, 0);
    int before = c.strangers;
    adopt(&c, 0);
    stream_pair_until(&c.pair, &c.proven[1], 1);
    stream_pair_until(&c.pair, &c.pair.ends[0].opened, 1);
    assert_true(c.strangers >= before);
    ic_socket_close(third, NULL, NULL);
    stream_pair_free(&c.pair);
}

/* docs/spec/06-hyperdht.md, section 11: what still comes by the relay says nothing of the
 * direct way that the stream has been moved to. */
static void a_way_is_proven_by_what_comes_back_on_it(void **state)
{
    carried c;
    ic_socket_options opts;
    ic_socket *deaf = NULL;
    init(&c);
    ic_socket_options_default(&opts);
    opts.base = c.pair.base;
    opts.address = "127.0.0.1:0";
    assert_int_equal(ic_socket_new(&opts, &deaf), 0);
    c.take = true;
    adopt(&c, 0);
    ic_stream *st = c.pair.ends[0].st;
    ic__udp_socket *sock = c.pair.ends[0].sock->sock;
    assert_int_equal(ic__udp_stream_move(c.carriers[0], sock, 99, &deaf->bound), 0);
    ic__stream_moved(st);
    adopt(&c, 1);
    stream_pair_until(&c.pair, &c.pair.ends[0].opened, 1);
    stream_pair_run(&c.pair, 100);
    assert_int_equal(c.proven[0], 0);
    const ic__addr *back = &c.pair.ends[1].sock->bound;
    assert_int_equal(ic__udp_stream_move(c.carriers[0], sock, 11, back), 0);
    ic__stream_moved(st);
    stream_pair_until(&c.pair, &c.proven[0], 1);
    stream_pair_run(&c.pair, 100);
    assert_int_equal(c.proven[0], 1);
    assert_int_equal(c.pair.ends[0].opened, 1);
    ic_socket_close(deaf, NULL, NULL);
    stream_pair_free(&c.pair);
}

static void count_open(ic_channel *ch, const uint8_t *data, size_t len, void *user)
{
    ++*(int *)user;
}

static void a_mux_goes_over_it(void **state)
{
    carried c;
    int opened = 0;
    init(&c);
    for (size_t i = 0; i < 2; i++) {
        const ic__stream_adoption from = adoption(&c, i);
        ic_mux_options mux_opts;
        ic_channel_options opts;
        ic_stream *st = NULL;
        ic_mux *mux = NULL;
        ic_channel *ch = NULL;
        ic_mux_options_default(&mux_opts);
        ic_channel_options_default(&opts);
        opts.protocol = "test";
        opts.on_open = count_open;
        opts.user = &opened;
        assert_int_equal(ic__stream_adopt(c.pair.ends[i].sock, &from, &st), 0);
        assert_int_equal(ic_mux_new_over(st, &mux_opts, &mux), 0);
        assert_ptr_equal(ic_mux_stream(mux), st);
        assert_int_equal(ic_channel_new(mux, &opts, &ch), 0);
    }
    stream_pair_until(&c.pair, &opened, 2);
    stream_pair_free(&c.pair);
}

static void adopt_one(void *arg)
{
    carried *c = arg;
    const ic__stream_adoption from = adoption(c, 0);
    ic_stream *st = NULL;

    if (ic__stream_adopt(c->pair.ends[0].sock, &from, &st) != 0) {
        assert_null(st);
        return;
    }
    ic_stream_close(st);
    stream_pair_until(&c->pair, &c->gone[0], 1);
}

static void without_memory_nothing_is_adopted(void **state)
{
    carried c;
    init(&c);
    /* The carrier is spent with the first that succeeds, and freed after its linger. */
    for (size_t nth = 1; !c.gone[0]; nth++) {
        fail_alloc_start(nth);
        adopt_one(&c);
        (void)fail_alloc_stop();
        assert_true(nth < 20);
    }
    stream_pair_free(&c.pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_an_ordinary_stream_that_knows_its_peer_from_the_start),
        cmocka_unit_test(what_came_before_it_was_adopted_is_not_lost),
        cmocka_unit_test(other_keys_prove_nothing_and_end_the_stream),
        cmocka_unit_test(keepalives_run_as_for_any_stream),
        cmocka_unit_test(a_packet_by_another_way_is_the_hosts_to_take),
        cmocka_unit_test(a_way_is_proven_by_what_comes_back_on_it),
        cmocka_unit_test(a_mux_goes_over_it),
        cmocka_unit_test(without_memory_nothing_is_adopted),
    };
    return cmocka_run_group_tests_name("io/stream_adopt", tests, NULL, NULL);
}
