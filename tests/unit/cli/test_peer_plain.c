#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/buf.h"
#include "fail_alloc.h"
#include "intercom/error.h"
#include "peer_line.h"
#include "peer_plain.h"
#include "unit.h"

typedef struct heard {
    ic__buf lines;     /* each with '|' behind it */
    peer_plain *holds; /* for a while after each line; NULL = no */
    struct event *later;
    size_t longest;
    unsigned ends;
} heard;

static void hear_line(const char *text, size_t len, void *user)
{
    heard *h = user;

    if (len > h->longest)
        h->longest = len;
    if (len < 100)
        ic__buf_add(&h->lines, text, len);
    ic__buf_char(&h->lines, '|');
    if (h->holds) {
        peer_plain_hold(h->holds, true);
        assert_int_equal(event_add(h->later, &(struct timeval){.tv_usec = 1000}), 0);
    }
}

static void go_on(evutil_socket_t fd, short what, void *user)
{
    heard *h = user;

    ic__buf_char(&h->lines, '+');
    peer_plain_hold(h->holds, false);
}

static void hear_end(void *user)
{
    heard *h = user;
    h->ends++;
}

/* Read everything from a descriptor. */
static void read_all(int fd, heard *h)
{
    struct event_base *base = event_base_new();
    peer_plain *plain;

    assert_non_null(base);
    const peer_plain_options opts = {
        .base = base, .fd = fd, .on_line = hear_line, .on_end = hear_end, .user = h};
    assert_int_equal(peer_plain_new(&opts, &plain), 0);
    assert_true(event_base_dispatch(base) >= 0);
    peer_plain_free(plain);
    event_base_free(base);
}

static void a_pipe_gives_lines_and_then_its_end(void **state)
{
    heard h = {0};
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "/stats\n\n/exit", 13), 13);
    (void)close(ends[1]);
    read_all(ends[0], &h);
    assert_string_equal(h.lines.data, "/stats||/exit|");
    assert_int_equal(h.ends, 1);
    (void)close(ends[0]);
    ic__buf_free(&h.lines);
}

/* What is read waits with the rest, the end too, and nothing blocks meanwhile. */
static void lines_wait_while_it_is_held(void **state)
{
    heard h = {0};
    int ends[2];
    struct event_base *base = event_base_new();

    assert_non_null(base);
    assert_int_equal(pipe(ends), 0);
    const peer_plain_options opts = {.base = base,
                                     .fd = ends[0],
                                     .on_line = hear_line,
                                     .on_end = hear_end,
                                     .user = &h};
    assert_int_equal(peer_plain_new(&opts, &h.holds), 0);
    h.later = event_new(base, -1, 0, go_on, &h);
    assert_int_equal(write(ends[1], "/stats\n/help\n", 13), 13);
    while (h.lines.len < 15)
        (void)event_base_loop(base, EVLOOP_ONCE);
    (void)event_base_loop(base, EVLOOP_NONBLOCK); /* the pipe is open and empty */
    assert_string_equal(h.lines.data, "/stats|+/help|+");
    assert_int_equal(write(ends[1], "/exit", 5), 5);
    (void)close(ends[1]);
    (void)event_base_dispatch(base);
    assert_string_equal(h.lines.data, "/stats|+/help|+/exit|+");
    assert_int_equal(h.ends, 1);
    event_free(h.later);
    peer_plain_free(h.holds);
    event_base_free(base);
    (void)close(ends[0]);
    ic__buf_free(&h.lines);
}

static void a_file_is_read_although_no_event_tells_of_it(void **state)
{
    heard h = {0};
    FILE *file = tmpfile();

    assert_non_null(file);
    for (int i = 0; i < 3000; i++)
        assert_true(fputs("/sc_stats\n", file) >= 0);
    assert_int_equal(fflush(file), 0);
    rewind(file);
    read_all(fileno(file), &h);
    assert_int_equal(h.lines.len, 30000);
    assert_int_equal(h.ends, 1);
    (void)fclose(file);
    ic__buf_free(&h.lines);
}

static void dev_null_ends_at_once(void **state)
{
    heard h = {0};
    int fd = open("/dev/null", O_RDONLY);

    assert_true(fd >= 0);
    read_all(fd, &h);
    assert_int_equal(h.ends, 1);
    assert_int_equal(h.lines.len, 0);
    (void)close(fd);
}

static void a_line_too_long_is_cut_where_it_will_be_refused(void **state)
{
    heard h = {0};
    FILE *file = tmpfile();

    assert_non_null(file);
    for (int i = 0; i < 3 * PEER_LINE_MAX_BYTES; i++)
        assert_int_equal(fputc('x', file), 'x');
    assert_true(fputs("\n/exit\n", file) >= 0);
    assert_int_equal(fflush(file), 0);
    rewind(file);
    read_all(fileno(file), &h);
    assert_int_equal(h.longest, PEER_LINE_MAX_BYTES + 1);
    assert_string_equal(h.lines.data, "|/exit|");
    (void)fclose(file);
    ic__buf_free(&h.lines);
}

static void make_one(void *base)
{
    peer_plain *plain;
    const peer_plain_options opts = {
        .base = base, .fd = STDIN_FILENO, .on_line = hear_line, .on_end = hear_end};

    if (peer_plain_new(&opts, &plain) == 0)
        peer_plain_free(plain);
}

static void survives_each_failed_allocation(void **state)
{
    struct event_base *base = event_base_new();
    assert_non_null(base);
    fail_alloc_each(make_one, base);
    event_base_free(base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pipe_gives_lines_and_then_its_end),
        cmocka_unit_test(lines_wait_while_it_is_held),
        cmocka_unit_test(a_file_is_read_although_no_event_tells_of_it),
        cmocka_unit_test(dev_null_ends_at_once),
        cmocka_unit_test(a_line_too_long_is_cut_where_it_will_be_refused),
        cmocka_unit_test(survives_each_failed_allocation),
    };
    return cmocka_run_group_tests_name("cli/peer_plain", tests, NULL, NULL);
}
