#include "peer_plain.h"

#include <errno.h>
#include <event2/event.h>
#include <stdbool.h>
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
    size_t len; /* of the unfinished line; stops at the size of `line` */
    char line[PEER_LINE_MAX_BYTES + 1];
};

static void end_of_input(peer_plain *plain)
{
    plain->ended = true;
    (void)event_del(plain->readable);
    if (plain->len)
        plain->opts.on_line(plain->line, plain->len, plain->opts.user);
    plain->len = 0;
    plain->opts.on_end(plain->opts.user);
}

static void take(peer_plain *plain, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != '\n') {
            if (plain->len < sizeof plain->line)
                plain->line[plain->len++] = bytes[i];
            continue;
        }
        size_t n = plain->len;
        plain->len = 0;
        plain->opts.on_line(plain->line, n, plain->opts.user);
    }
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    peer_plain *plain = arg;
    char bytes[4096];

    (void)what;
    ssize_t n = read(fd, bytes, sizeof bytes);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        n = 0;
    else if (n <= 0) {
        end_of_input(plain);
        return;
    }
    take(plain, bytes, (size_t)n);
    if (plain->always)
        event_active(plain->readable, EV_READ, 0);
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
