/* Addresses as the kernel wants them, and datagrams in batches over real sockets. */
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>

#include "fail_alloc.h"
#include "intercom/error.h"
#include "io/sockaddr.h"
#include "io/udp_batch.h"
#include "unit.h"

static void addresses_come_back_as_they_went_in(void **state)
{
    const ic__addr v4 = {.family = 4, .ip = {192, 0, 2, 7}, .port = 4242};
    const ic__addr v6 = {.family = 6, .ip = {0x20, 1, 0xd, 0xb8}, .port = 1};
    struct sockaddr_storage name;
    assert_int_equal(ic__sockaddr_put(&name, &v4, AF_INET), sizeof(struct sockaddr_in));
    ic__addr back = ic__sockaddr_get(&name);
    assert_true(ic__addr_equal(&back, &v4));
    assert_int_equal(ic__sockaddr_put(&name, &v6, AF_INET6), sizeof(struct sockaddr_in6));
    back = ic__sockaddr_get(&name);
    assert_true(ic__addr_equal(&back, &v6));
}

static void ip4_is_mapped_on_a_socket_of_both_kinds(void **state)
{
    const ic__addr v4 = {.family = 4, .ip = {192, 0, 2, 7}, .port = 4242};
    struct sockaddr_storage name;
    struct sockaddr_in6 in;
    assert_int_equal(ic__sockaddr_put(&name, &v4, AF_INET6), sizeof in);
    memcpy(&in, &name, sizeof in);
    assert_memory_equal(in.sin6_addr.s6_addr,
                        "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\x02\x07", 16);
    ic__addr back = ic__sockaddr_get(&name);
    assert_true(ic__addr_equal(&back, &v4));
}

static void what_does_not_fit_is_refused(void **state)
{
    const ic__addr v6 = {.family = 6, .port = 1};
    const ic__addr none = {0};
    struct sockaddr_storage name = {.ss_family = AF_UNIX};
    assert_int_equal(ic__sockaddr_get(&name).family, 0);
    assert_int_equal(ic__sockaddr_put(&name, &v6, AF_INET), 0);
    assert_int_equal(ic__sockaddr_put(&name, &none, AF_INET), 0);
    assert_int_equal(ic__sockaddr_put(&name, &none, AF_INET6), 0);
}

typedef struct ends {
    int fd[2];
    struct sockaddr_storage to; /* the address of fd[1] */
    socklen_t to_len;
    ic__udp_batch out;
    ic__udp_in in;
    ic__udp_counts counts;
    bool gso;
    bool gro;
    size_t got;
    size_t got_bytes;
} ends;

static void open_ends(ends *e, bool offload)
{
    const ic__addr any = {.family = 4, .ip = {127, 0, 0, 1}};

    memset(e, 0, sizeof *e);
    for (int i = 0; i < 2; i++) {
        struct sockaddr_storage name;
        socklen_t len = ic__sockaddr_put(&name, &any, AF_INET);
        e->fd[i] = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        assert_true(e->fd[i] >= 0);
        assert_int_equal(
            bind(e->fd[i], (const struct sockaddr *)(const void *)&name, len), 0);
    }
    e->to_len = sizeof e->to;
    assert_int_equal(getsockname(e->fd[1], (struct sockaddr *)(void *)&e->to, &e->to_len),
                     0);
    assert_int_equal(ic__udp_batch_init(&e->out), 0);
    assert_int_equal(ic__udp_in_init(&e->in), 0);
    e->gso = offload && ic__udp_has_gso(e->fd[0]);
    e->gro = offload && ic__udp_enable_gro(e->fd[1]);
}

static void close_ends(ends *e)
{
    (void)close(e->fd[0]);
    (void)close(e->fd[1]);
    ic__udp_batch_free(&e->out);
    ic__udp_in_free(&e->in);
}

/* The n-th datagram is filled with n, so that order and borders show. */
static void add(ends *e, size_t len)
{
    uint8_t *room = ic__udp_batch_room(&e->out);

    assert_non_null(room);
    memset(room, (int)(e->counts.calls + 1), len);
    if (len)
        room[0] = (uint8_t)e->got;
    e->got++;
    ic__udp_batch_add(&e->out, e, &e->to, e->to_len, len, e->gso);
}

static void send_all(ends *e)
{
    size_t from = 0;

    assert_true(
        ic__udp_batch_send(&e->out, e->fd[0], &from, e->out.count, &e->gso, &e->counts));
    assert_int_equal(from, e->out.count);
    e->got = 0;
}

static void take(const uint8_t *data, size_t len, const ic__addr *from, void *user)
{
    ends *e = user;

    assert_int_equal(from->family, 4);
    if (len)
        assert_int_equal(data[0], e->got);
    e->got++;
    e->got_bytes += len;
}

static void read_all(ends *e)
{
    while (ic__udp_in_read(&e->in, e->fd[1], e->gro, 64, take, e) > 0) {
    }
}

static void cross(bool offload)
{
    static ends e;
    static const size_t sizes[] = {1200, 1200, 1200, 500, 1200, 0, 20, 20, 1400};
    size_t bytes = 0;

    open_ends(&e, offload);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        add(&e, sizes[i]);
        bytes += sizes[i];
    }
    send_all(&e);
    assert_int_equal(e.counts.datagrams, 9);
    assert_int_equal(e.counts.failed, 0);
    read_all(&e);
    assert_int_equal(e.got, 9);
    assert_int_equal(e.got_bytes, bytes);
    close_ends(&e);
}

static void datagrams_keep_their_borders_with_help_of_the_kernel(void **state)
{
    cross(true);
}

static void datagrams_keep_their_borders_without(void **state)
{
    cross(false);
}

static void equal_datagrams_share_one_message(void **state)
{
    static ends e;
    open_ends(&e, true);
    e.gso = true;
    for (int i = 0; i < 40; i++)
        add(&e, 1000);
    add(&e, 10);
    add(&e, 1000);
    assert_int_equal(e.out.count, 2);
    assert_int_equal(e.out.out[0].count, 41);
    close_ends(&e);
}

static void a_batch_says_when_it_is_full(void **state)
{
    static ends e;
    open_ends(&e, false);
    for (int i = 0; i < IC__UDP_BATCH_MESSAGES; i++)
        add(&e, 10);
    assert_null(ic__udp_batch_room(&e.out));
    close_ends(&e);
}

static void a_datagram_that_is_too_long_is_counted_and_dropped(void **state)
{
    static const uint8_t big[5000];
    for (int offload = 0; offload < 2; offload++) {
        static ends e;
        open_ends(&e, offload);
        assert_int_equal(sendto(e.fd[0], big, sizeof big, 0,
                                (const struct sockaddr *)(const void *)&e.to, e.to_len),
                         sizeof big);
        read_all(&e);
        assert_int_equal(e.got, 0);
        assert_int_equal(e.in.truncated, 1);
        close_ends(&e);
    }
}

static void what_the_kernel_refuses_is_counted_and_the_rest_goes_out(void **state)
{
    static ends e;
    open_ends(&e, false);
    struct sockaddr_storage good = e.to;
    add(&e, 10);
    memset(&e.to, 0, sizeof e.to); /* family 0 */
    add(&e, 10);
    e.to = good;
    add(&e, 10);
    send_all(&e);
    assert_int_equal(e.counts.failed + e.counts.datagrams, 3);
    assert_true(e.counts.datagrams >= 2);
    close_ends(&e);
}

#ifdef SO_NO_CHECK
/* Linux cuts nothing for a socket that leaves checksums out: EINVAL, from the kernel. */
static void a_message_that_the_kernel_will_not_cut_goes_out_in_pieces(void **state)
{
    static ends e;
    static const int on = 1;
    open_ends(&e, true);
    assert_int_equal(setsockopt(e.fd[0], SOL_SOCKET, SO_NO_CHECK, &on, sizeof on), 0);
    bool had_gso = e.gso;
    for (int i = 0; i < 5; i++)
        add(&e, 1000);
    send_all(&e);
    assert_int_equal(e.counts.datagrams, 5);
    assert_int_equal(e.counts.failed, 0);
    if (had_gso)
        assert_int_equal(e.counts.calls, 1 + 5);
    read_all(&e);
    assert_int_equal(e.got, 5);
    close_ends(&e);
}
#endif

static void send_each(ends *e, size_t count, size_t len)
{
    uint8_t bytes[64] = {0};

    assert_true(len <= sizeof bytes);
    for (size_t i = 0; i < count; i++) {
        bytes[0] = (uint8_t)i;
        assert_int_equal(sendto(e->fd[0], bytes, len, 0,
                                (const struct sockaddr *)(const void *)&e->to, e->to_len),
                         len);
    }
    e->got = 0;
}

/* Small answers of a peer that sends each by itself come by the dozen, and no call asks
 * whether there are more when the last one has told. */
static void small_datagrams_are_read_in_one_call(void **state)
{
    ends e;
    open_ends(&e, true);
    send_each(&e, 40, 20);
    assert_int_equal(ic__udp_in_read(&e.in, e.fd[1], e.gro, 1024, take, &e), 40);
    assert_false(e.in.more);
    send_each(&e, 40, 20);
    assert_int_equal(ic__udp_in_read(&e.in, e.fd[1], e.gro, 30, take, &e), 30);
    assert_true(e.in.more);
    assert_int_equal(ic__udp_in_read(&e.in, e.fd[1], e.gro, 30, take, &e), 10);
    assert_false(e.in.more);
    close_ends(&e);
}

/* Glued ones fill the buffers: then fewer are read before they are looked at. */
static void long_messages_are_read_a_few_at_a_time(void **state)
{
    ends e;
    open_ends(&e, true);
    if (!e.gso || !e.gro)
        skip(); /* this kernel glues nothing */
    size_t before = e.in.glued;
    for (int i = 0; i < 40; i++)
        add(&e, 1400);
    send_all(&e);
    assert_int_equal(ic__udp_in_read(&e.in, e.fd[1], e.gro, 1024, take, &e), 40);
    assert_true(e.in.glued < before && e.in.glued >= 8);
    send_each(&e, 8, 20);
    assert_int_equal(ic__udp_in_read(&e.in, e.fd[1], e.gro, 1024, take, &e), 8);
    assert_int_equal(e.in.glued, before);
    close_ends(&e);
}

static void a_closed_socket_is_an_error(void **state)
{
    static ends e;
    open_ends(&e, false);
    assert_int_equal(ic__udp_in_read(&e.in, -1, false, 64, take, &e), IC_ERR_IO);
    assert_int_equal(ic__udp_in_read(&e.in, e.fd[1], false, 64, take, &e), 0);
    close_ends(&e);
}

static void make(void *arg)
{
    ic__udp_batch out;
    ic__udp_in in;

    if (ic__udp_batch_init(&out) != 0)
        return;
    if (ic__udp_in_init(&in) == 0)
        ic__udp_in_free(&in);
    ic__udp_batch_free(&out);
}

static void survives_each_failed_allocation(void **state)
{
    fail_alloc_each(make, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_come_back_as_they_went_in),
        cmocka_unit_test(ip4_is_mapped_on_a_socket_of_both_kinds),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(datagrams_keep_their_borders_with_help_of_the_kernel),
        cmocka_unit_test(datagrams_keep_their_borders_without),
        cmocka_unit_test(equal_datagrams_share_one_message),
        cmocka_unit_test(a_batch_says_when_it_is_full),
        cmocka_unit_test(a_datagram_that_is_too_long_is_counted_and_dropped),
        cmocka_unit_test(what_the_kernel_refuses_is_counted_and_the_rest_goes_out),
#ifdef SO_NO_CHECK
        cmocka_unit_test(a_message_that_the_kernel_will_not_cut_goes_out_in_pieces),
#endif
        cmocka_unit_test(small_datagrams_are_read_in_one_call),
        cmocka_unit_test(long_messages_are_read_a_few_at_a_time),
        cmocka_unit_test(a_closed_socket_is_an_error),
        cmocka_unit_test(survives_each_failed_allocation),
    };
    return cmocka_run_group_tests_name("io/udp_batch", tests, NULL, NULL);
}
