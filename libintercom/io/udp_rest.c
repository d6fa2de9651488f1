/*
 * Letting acknowledgements gather. The reference acknowledges each packet by itself, and
 * each would wake us up; where both share a machine, waking us is a good part of what it
 * costs the peer to send it. So a socket that brings acknowledgements to a stream with
 * plenty under way is left alone for a moment, as a network card holds its interrupts
 * back.
 */
#include <unistd.h>

#include "intercom/error.h"
#include "io/udp_state.h"

#ifdef __linux__

#include <sys/timerfd.h>

static void set_timer(ic__udp *u)
{
    const struct itimerspec at = {
        .it_value = {.tv_sec = (time_t)(u->opts.rest_ns / IC__SEC),
                     .tv_nsec = (long)(u->opts.rest_ns % IC__SEC)}};

    (void)timerfd_settime(u->rest_fd, 0, &at, NULL);
}

static void end_rest(ic__udp *u)
{
    if (!u->resting)
        return; /* its socket was closed meanwhile */
    if (event_add(u->resting->readable, NULL) == 0)
        u->resting = NULL; /* the base finds it readable in its next round */
    else
        set_timer(u); /* no memory: try again */
}

static void on_rest_over(evutil_socket_t fd, short what, void *arg)
{
    uint64_t times;

    (void)what;
    if (read(fd, &times, sizeof times) > 0)
        end_rest(arg);
}

/* Without a timer there are no rests: slower, not wrong. */
int ic__udp_rest_init(ic__udp *u)
{
    if (!u->opts.rest_ns)
        return 0;
    u->rest_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (u->rest_fd < 0)
        return 0;
    u->rest_over = event_new(u->base, u->rest_fd, EV_READ | EV_PERSIST, on_rest_over, u);
    return u->rest_over && event_add(u->rest_over, NULL) == 0 ? 0 : IC_ERR_NOMEM;
}

#else

static void set_timer(ic__udp *u)
{
    (void)u;
}

int ic__udp_rest_init(ic__udp *u)
{
    (void)u;
    return 0;
}

#endif

void ic__udp_rest_free(ic__udp *u)
{
    if (u->rest_over)
        event_free(u->rest_over);
    if (u->rest_fd >= 0)
        (void)close(u->rest_fd);
}

void ic__udp_rest(ic__udp *u)
{
    ic__udp_socket *sock = u->emptied;

    if (!u->rest_over || u->resting || !u->plenty || !sock || sock->closed ||
        event_del(sock->readable) != 0)
        return;
    u->resting = sock;
    set_timer(u);
    u->stats.rests++;
}
