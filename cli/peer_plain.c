#include "peer_plain.h"

#include <errno.h>
#include <event2/event.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "peer_line.h"

struct peer_plain {
    peer_plain_options opts;
    struct event *readable;
    bool always; /* a file: always readable, and no event will say so */
    bool ended;
    bool held;
    size_t at; /* of `bytes`: what was read, but not yet taken */
    size_t got;
    size_t len; /* of the unfinished line; stops at the size of `line` */
    char bytes[4096];
    char line[PEER_LINE_MAX_BYTES + 1];
};

/* A last line without a feed is a line. */
static void end_of_input(peer_plain *plain)
{
    size_t n = plain->len;

    plain->len = 0;
    if (n)
        plain->opts.on_line(plain->line, n, plain->opts.user);
    if (plain->held)
        return;
    (void)event_del(plain->readable);
    plain->opts.on_end(plain->opts.user);
}

/* The lines of what was read, as far as they are wanted. */
static void take(peer_plain *plain)
{
    while (plain->at < plain->got && !plain->held) {
        char c = plain->bytes[plain->at++];
        if (c != '\n') {
            if (plain->len < sizeof plain->line)
                plain->line[plain->len++] = c;
            continue;
        }
        size_t n = plain->len;
        plain->len = 0;
        plain->opts.on_line(plain->line, n, plain->opts.user);
    }
}

static void read_more(peer_plain *plain)
{
    ssize_t n = read(event_get_fd(plain->readable), plain->bytes, sizeof plain->bytes);

    plain->at = 0;
    plain->got = n > 0 ? (size_t)n : 0;
    plain->ended = n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    peer_plain *plain = arg;

    (void)fd;
    if (plain->held)
        return;
    if ((what & EV_READ) && plain->at == plain->got && !plain->ended)
        read_more(plain);
    take(plain);
    if (plain->held)
        return;
    if (plain->ended)
        end_of_input(plain);
    else if (plain->always)
        event_active(plain->readable, EV_READ, 0);
}

void peer_plain_hold(peer_plain *plain, bool held)
{
    plain->held = held;
    if (held) {
        (void)event_del(plain->readable);
        return;
    }
    if (!plain->always)
        (void)event_add(plain->readable, NULL);
    /* for the lines that were read already; a pipe may have no more of them */
    event_active(plain->readable, plain->always ? EV_READ : EV_TIMEOUT, 0);
}

/* Files and /dev/null: no event ever tells of them, and reading does not wait. */
static bool is_always_ready(int fd)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return false;
    return S_ISREG(st.st_mode) || (S_ISCHR(st.st_mode) && !isatty(fd));
}

int peer_plain_new(const peer_plain_options *opts, peer_plain **out)
{
    peer_plain *plain = ic_mem_calloc(1, sizeof *plain);

    if (!plain)
        return IC_ERR_NOMEM;
    plain->opts = *opts;
    plain->readable =
        event_new(opts->base, opts->fd, EV_READ | EV_PERSIST, on_readable, plain);
    if (!plain->readable) {
        ic_mem_free(plain);
        return IC_ERR_NOMEM;
    }
    plain->always = is_always_ready(opts->fd);
    if (plain->always)
        event_active(plain->readable, EV_READ, 0);
    if (!plain->always && event_add(plain->readable, NULL) != 0) {
        peer_plain_free(plain);
        return IC_ERR_IO;
    }
    *out = plain;
    return 0;
}

void peer_plain_free(peer_plain *plain)
{
    if (!plain)
        return;
    event_free(plain->readable);
    ic_mem_free(plain);
}
