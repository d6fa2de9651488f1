/*
 * What the kernel may answer, and what fills up: the linker puts our sendmmsg and sendto
 * in front of the real ones (--wrap), so that they can fail on demand.
 *
 * Spec: docs/spec/02-udx.md section 11 (everything is bounded); docs/architecture.md.
 */
#include <string.h>

#include <errno.h>
#include <event2/event.h>
#include <sys/socket.h>

#include "base/env.h"
#include "fail_alloc.h"
#include "intercom/error.h"
#include "io/udp_state.h"
#include "unit.h"

#define LONGEST_S 60
#define MOST 64

/* NOLINTBEGIN(bugprone-reserved-identifier): ld's names */
int __real_sendmmsg(int fd, struct mmsghdr *msgs, unsigned count, int flags);
int __wrap_sendmmsg(int fd, struct mmsghdr *msgs, unsigned count, int flags);
ssize_t __real_sendto(int fd, const void *data, size_t len, int flags,
                      const struct sockaddr *to, socklen_t to_len);
ssize_t __wrap_sendto(int fd, const void *data, size_t len, int flags,
                      const struct sockaddr *to, socklen_t to_len);

typedef struct kernel {
    bool full;        /* no call has room */
    int gso_error;    /* for each message that is to be cut; 0 = works */
    int single_error; /* of sendto, once `singles` calls went well; 0 = works */
    int singles;
    int flap; /* every so many calls the kernel is full; 0 = never */
    int calls;
    int failed;
} kernel;

static kernel k;

static bool is_full_now(void)
{
    return k.full || (k.flap && ++k.calls % k.flap == 0);
}

static int refuse(int error)
{
    k.failed++;
    errno = error;
    return -1;
}

int __wrap_sendmmsg(int fd, struct mmsghdr *msgs, unsigned count, int flags)
{
    unsigned plain = 0;

    if (is_full_now())
        return refuse(EAGAIN);
    if (!k.gso_error)
        return __real_sendmmsg(fd, msgs, count, flags);
    while (plain < count && !msgs[plain].msg_hdr.msg_control)
        plain++;
    return plain ? __real_sendmmsg(fd, msgs, plain, flags) : refuse(k.gso_error);
}

ssize_t __wrap_sendto(int fd, const void *data, size_t len, int flags,
                      const struct sockaddr *to, socklen_t to_len)
{
    if (is_full_now())
        return refuse(EAGAIN);
    if (k.single_error && k.singles-- <= 0)
        return refuse(k.single_error);
    return __real_sendto(fd, data, len, flags, to, to_len);
}
/* NOLINTEND(bugprone-reserved-identifier) */

typedef struct desk {
    struct event_base *base;
    ic_env env;
    ic__udp *udp;
    ic__udp_socket *from;
    ic__udp_socket *to;
    ic__addr address; /* of `to` */
    int put;
    int got;
    uint8_t numbers[MOST]; /* first byte of each datagram that arrived */
    uint64_t bytes;
    uint64_t to_write;
    int closed;
} desk;

static void on_datagram(ic__udp_socket *sock, const uint8_t *data, size_t len,
                        const ic__addr *from, void *user)
{
    desk *d = user;

    assert_ptr_equal(sock, d->to);
    assert_true(len > 0 && d->got < MOST);
    d->numbers[d->got++] = data[0];
}

static void desk_init(desk *d, const ic__udp_options *opts)
{
    const ic__addr any = {.family = 4, .ip = {127, 0, 0, 1}};

    k = (kernel){0};
    memset(d, 0, sizeof *d);
    ic_env_system(&d->env);
    d->base = event_base_new();
    assert_non_null(d->base);
    assert_int_equal(ic__udp_new(&d->udp, d->base, &d->env, opts), 0);
    assert_int_equal(ic__udp_socket_new(d->udp, &d->from, &any, NULL, NULL), 0);
    assert_int_equal(ic__udp_socket_new(d->udp, &d->to, &any, on_datagram, d), 0);
    d->address = ic__udp_socket_address(d->to);
}

static void on_done(void *user)
{
    ((desk *)user)->closed = -1;
}

static void desk_free(desk *d)
{
    ic__udp_close(d->udp, on_done, d);
    for (int i = 0; i < 1000 && d->closed >= 0; i++)
        (void)event_base_loop(d->base, EVLOOP_ONCE);
    assert_int_equal(d->closed, -1);
    event_base_free(d->base);
}

/* One round of what is there now, without waiting for more. */
static void turn(desk *d)
{
    (void)event_base_loop(d->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

static void turns(desk *d)
{
    for (int i = 0; i < 20; i++)
        turn(d);
}

/* Numbered datagrams into the batch; equal ones in a row share a message. */
static void put(desk *d, int count, size_t len, bool glue)
{
    for (int i = 0; i < count; i++) {
        uint8_t *room = ic__udp_room(d->udp);
        memset(room, 0xee, len);
        room[0] = (uint8_t)d->put++;
        assert_true(ic__udp_put(d->from, &d->address, len, glue));
    }
}

static void assert_all_arrived(desk *d)
{
    turns(d);
    assert_int_equal(d->got, d->put);
    for (int i = 0; i < d->got; i++)
        assert_int_equal(d->numbers[i], i);
}

static int send_one(desk *d, uint8_t ttl)
{
    uint8_t number = (uint8_t)d->put;
    int error = ic__udp_socket_send(d->from, &d->address, &number, 1, ttl);

    d->put += error == 0;
    return error;
}

static void a_device_without_gso_gets_each_datagram_by_itself(void **state)
{
    static desk d;
    desk_init(&d, NULL);
    d.from->gso = true;
    k.gso_error = EIO;
    put(&d, 5, 1000, true);
    ic__udp_flush(d.udp);
    assert_false(d.from->gso);
    assert_int_equal(ic__udp_get_stats(d.udp).send_calls, 1 + 5);
    put(&d, 3, 1000, true);
    ic__udp_flush(d.udp);
    assert_int_equal(k.failed, 1); /* it is not asked again */
    ic__udp_stats stats = ic__udp_get_stats(d.udp);
    assert_int_equal(stats.datagrams_out, 8);
    assert_int_equal(stats.dropped_refused, 0);
    assert_all_arrived(&d);
    desk_free(&d);
}

static void a_size_that_gso_refuses_does_not_turn_it_off(void **state)
{
    static const int errors[] = {EINVAL, EMSGSIZE};
    for (size_t i = 0; i < 2; i++) {
        static desk d;
        desk_init(&d, NULL);
        d.from->gso = true;
        k.gso_error = errors[i];
        put(&d, 5, 1000, true);
        put(&d, 1, 1200, false);
        ic__udp_flush(d.udp);
        assert_true(d.from->gso);
        assert_int_equal(k.failed, 1);
        assert_all_arrived(&d);
        desk_free(&d);
    }
}

static void pieces_wait_together_when_there_is_no_room_for_the_first(void **state)
{
    static desk d;
    desk_init(&d, NULL);
    d.from->gso = true;
    k.gso_error = EIO;
    k.single_error = EAGAIN;
    put(&d, 5, 1000, true);
    ic__udp_flush(d.udp);
    assert_int_equal(d.from->waiting.count, 1);
    assert_int_equal(d.from->waiting_bytes, 5000);
    k.single_error = 0;
    assert_all_arrived(&d);
    assert_int_equal(d.from->waiting_bytes, 0);
    assert_int_equal(ic__udp_get_stats(d.udp).datagrams_out, 5);
    desk_free(&d);
}

static void later_pieces_are_dropped_and_counted(void **state)
{
    static desk d;
    desk_init(&d, NULL);
    d.from->gso = true;
    k.gso_error = EIO;
    k.single_error = EAGAIN;
    k.singles = 2;
    put(&d, 5, 1000, true);
    ic__udp_flush(d.udp);
    turns(&d);
    assert_int_equal(d.got, 2);
    ic__udp_stats stats = ic__udp_get_stats(d.udp);
    assert_int_equal(stats.datagrams_out, 2);
    assert_int_equal(stats.dropped_refused, 3);
    assert_int_equal(d.from->waiting.count, 0);
    desk_free(&d);
}

static void what_a_full_kernel_did_not_take_leaves_later_in_order(void **state)
{
    static desk d;
    desk_init(&d, NULL);
    k.full = true;
    put(&d, 3, 100, false);
    put(&d, 4, 1000, true);
    ic__udp_flush(d.udp);
    turns(&d);
    assert_int_equal(d.got, 0);
    assert_int_equal(d.from->waiting_bytes, 4300);
    assert_int_equal(send_one(&d, 0), IC_ERR_AGAIN);
    assert_int_equal(send_one(&d, 5), IC_ERR_AGAIN);
    put(&d, 1, 100, false); /* stands behind the others */
    ic__udp_flush(d.udp);
    k.full = false;
    assert_all_arrived(&d);
    assert_int_equal(d.from->waiting_bytes, 0);
    assert_int_equal(send_one(&d, 0), 0);
    assert_all_arrived(&d);
    assert_int_equal(ic__udp_get_stats(d.udp).dropped_waiting, 0);
    desk_free(&d);
}

static void beyond_max_waiting_bytes_datagrams_are_dropped_and_counted(void **state)
{
    static desk d;
    ic__udp_options opts;
    ic__udp_options_default(&opts);
    opts.max_waiting_bytes = 2500;
    desk_init(&d, &opts);
    k.full = true;
    put(&d, 2, 1000, false);
    ic__udp_flush(d.udp);
    d.from->gso = true;
    put(&d, 3, 501, true); /* one message */
    ic__udp_flush(d.udp);
    d.put -= 3;
    put(&d, 1, 500, false);
    ic__udp_flush(d.udp);
    put(&d, 1, 1, false);
    ic__udp_flush(d.udp);
    d.put -= 1;
    assert_int_equal(d.from->waiting_bytes, 2500);
    assert_int_equal(ic__udp_get_stats(d.udp).dropped_waiting, 4);
    k.full = false;
    assert_all_arrived(&d);
    assert_int_equal(d.got, 3);
    desk_free(&d);
}

static void without_memory_nothing_waits(void **state)
{
    static desk d;
    desk_init(&d, NULL);
    k.full = true;
    put(&d, 2, 1000, false);
    fail_alloc_start(1);
    ic__udp_flush(d.udp);
    assert_int_equal(fail_alloc_hit(), 1);
    assert_int_equal(fail_alloc_stop(), 0);
    assert_int_equal(ic__udp_get_stats(d.udp).dropped_waiting, 2);
    assert_int_equal(d.from->waiting_bytes, 0);
    k.full = false;
    d.put = 0;
    assert_int_equal(send_one(&d, 0), 0);
    assert_all_arrived(&d);
    desk_free(&d);
}

static void what_waits_when_the_socket_closes_is_counted(void **state)
{
    static desk d;
    desk_init(&d, NULL);
    k.full = true;
    put(&d, 3, 1000, false);
    ic__udp_flush(d.udp);
    ic__udp_socket_close(d.from);
    assert_int_equal(send_one(&d, 0), IC_ERR_CLOSED);
    assert_int_equal(send_one(&d, 5), IC_ERR_CLOSED);
    turns(&d);
    assert_int_equal(ic__udp_get_stats(d.udp).dropped_waiting, 3);
    desk_free(&d);
}

static void a_datagram_with_a_hop_limit_tells_full_from_refused(void **state)
{
    static desk d;
    desk_init(&d, NULL);
    k.single_error = ENOBUFS;
    assert_int_equal(send_one(&d, 5), IC_ERR_AGAIN);
    assert_int_equal(ic__udp_get_stats(d.udp).dropped_refused, 0);
    k.single_error = EPERM;
    assert_int_equal(send_one(&d, 5), 0);
    assert_int_equal(ic__udp_get_stats(d.udp).dropped_refused, 1);
    assert_int_equal(ic__udp_get_stats(d.udp).send_calls, 2);
    desk_free(&d);
}

static void a_turn_takes_max_datagrams_and_leaves_the_rest_for_the_next(void **state)
{
    static desk d;
    ic__udp_options opts;
    ic__udp_options_default(&opts);
    opts.max_datagrams = 10;
    opts.plain = true;
    desk_init(&d, &opts);
    put(&d, 25, 100, true);
    ic__udp_flush(d.udp);
    static const int after[] = {10, 20, 25, 25};
    for (size_t i = 0; i < sizeof after / sizeof after[0]; i++) {
        turn(&d);
        assert_int_equal(d.got, after[i]);
    }
    desk_free(&d);
}

static void write_more(desk *d, ic__udp_stream *st)
{
    static const uint8_t bytes[50000];

    while (d->to_write) {
        size_t len = d->to_write < sizeof bytes ? (size_t)d->to_write : sizeof bytes;
        int error = ic__udp_stream_write(st, bytes, len);
        if (error == IC_ERR_AGAIN)
            return;
        assert_int_equal(error, 0);
        d->to_write -= len;
    }
}

static void on_drain(ic__udp_stream *st, void *user)
{
    write_more(user, st);
}

static void on_data(ic__udp_stream *st, const uint8_t *data, size_t len, void *user)
{
    ((desk *)user)->bytes += len;
}

static void on_closed(ic__udp_stream *st, int error, void *user)
{
    ((desk *)user)->closed++;
}

static const ic__udp_stream_events events = {
    .data = on_data, .drain = on_drain, .closed = on_closed};

static ic__udp_stream *join(desk *d, uint32_t id, uint32_t other, ic__udp_socket *by,
                            ic__udp_socket *there)
{
    const ic__addr to = ic__udp_socket_address(there);
    ic__udp_stream *st;

    assert_int_equal(ic__udp_stream_new(d->udp, &st, id, NULL, &events, d), 0);
    assert_int_equal(ic__udp_stream_connect(st, by, other, &to), 0);
    return st;
}

/* Nothing else would wake this stream: no packet of its own is under way. */
static void a_stream_goes_on_as_soon_as_there_is_room(void **state)
{
    static desk d;
    desk_init(&d, NULL);
    ic__udp_stream *a = join(&d, 1, 2, d.from, d.to);
    (void)join(&d, 2, 1, d.to, d.from);
    turns(&d);
    k.full = true;
    put(&d, 1, 100, false);
    ic__udp_flush(d.udp);
    d.to_write = 1000;
    write_more(&d, a);
    turns(&d);
    assert_int_equal(ic__udp_stream_get_stats(a).packets_out, 0);
    k.full = false;
    assert_all_arrived(&d);
    assert_int_equal(d.bytes, 1000);
    desk_free(&d);
}

/* Its last word has no way out: it must not wait for a socket that is gone. */
static void a_stream_ends_with_its_socket_though_the_kernel_is_full(void **state)
{
    static desk d;
    desk_init(&d, NULL);
    (void)join(&d, 1, 2, d.from, d.to);
    (void)join(&d, 2, 1, d.to, d.from);
    turns(&d);
    k.full = true;
    put(&d, 1, 100, false);
    ic__udp_flush(d.udp);
    ic__udp_socket_close(d.from);
    turns(&d);
    assert_int_equal(d.closed, 1);
    assert_int_equal(d.udp->streams.count, 1);
    k.full = false;
    desk_free(&d);
}

static void a_stream_lives_with_a_kernel_that_is_full_now_and_then(void **state)
{
    static desk d;
    desk_init(&d, NULL);
    ic__udp_stream *a = join(&d, 1, 2, d.from, d.to);
    (void)join(&d, 2, 1, d.to, d.from);
    k.flap = 3;
    d.to_write = 3000000;
    write_more(&d, a);
    uint64_t start = d.env.now_ns(d.env.user);
    while (d.bytes < 3000000 && d.env.now_ns(d.env.user) - start < LONGEST_S * IC__SEC)
        (void)event_base_loop(d.base, EVLOOP_ONCE);
    assert_int_equal(d.bytes, 3000000);
    assert_true(k.failed > 10);
    ic__udp_stats stats = ic__udp_get_stats(d.udp);
    assert_int_equal(stats.dropped_waiting, 0);
    assert_int_equal(stats.dropped_refused, 0);
    desk_free(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_without_gso_gets_each_datagram_by_itself),
        cmocka_unit_test(a_size_that_gso_refuses_does_not_turn_it_off),
        cmocka_unit_test(pieces_wait_together_when_there_is_no_room_for_the_first),
        cmocka_unit_test(later_pieces_are_dropped_and_counted),
        cmocka_unit_test(what_a_full_kernel_did_not_take_leaves_later_in_order),
        cmocka_unit_test(beyond_max_waiting_bytes_datagrams_are_dropped_and_counted),
        cmocka_unit_test(without_memory_nothing_waits),
        cmocka_unit_test(what_waits_when_the_socket_closes_is_counted),
        cmocka_unit_test(a_datagram_with_a_hop_limit_tells_full_from_refused),
        cmocka_unit_test(a_turn_takes_max_datagrams_and_leaves_the_rest_for_the_next),
        cmocka_unit_test(a_stream_goes_on_as_soon_as_there_is_room),
        cmocka_unit_test(a_stream_ends_with_its_socket_though_the_kernel_is_full),
        cmocka_unit_test(a_stream_lives_with_a_kernel_that_is_full_now_and_then),
    };
    return cmocka_run_group_tests_name("io/udp_kernel", tests, NULL, NULL);
}
