#include "peer_due.h"

#include <event2/event.h>

#include "base/env.h"
#include "intercom/error.h"
#include "intercom/peer.h"
#include "intercom/sys/mem.h"

static const struct timeval at_once = {0};
static const struct timeval period = {.tv_sec = 3600};

struct peer_due {
    ic_env env;
    struct ic_peer *peer;
    isplit_book *book;
    struct event *timer;
};

static void make_due(evutil_socket_t fd, short what, void *user)
{
    peer_due *due = user;
    const char *channel;

    (void)fd;
    (void)what;
    for (size_t i = 0; (channel = ic_peer_channel(due->peer, i)) != NULL; i++) {
        isplit_reason why = {""};
        size_t made = 0;
        int error = isplit_book_due(due->book, channel, &made, &why);
        if (error)
            ic__log(&due->env, IC_LOG_WARN, "due",
                    "recurring entries of %s were not made: %s", channel,
                    why.text[0] ? why.text : ic_strerror(error));
    }
    (void)event_add(due->timer, &period);
}

int peer_due_new(struct event_base *base, const ic_env *env, struct ic_peer *peer,
                 isplit_book *book, peer_due **out)
{
    peer_due *due = ic_mem_calloc(1, sizeof *due);

    if (!due)
        return IC_ERR_NOMEM;
    *due = (peer_due){.env = *env, .peer = peer, .book = book};
    due->timer = event_new(base, -1, 0, make_due, due);
    if (!due->timer || event_add(due->timer, &at_once) != 0) {
        peer_due_free(due);
        return IC_ERR_NOMEM;
    }
    *out = due;
    return 0;
}

void peer_due_free(peer_due *due)
{
    if (!due)
        return;
    if (due->timer)
        event_free(due->timer);
    ic_mem_free(due);
}
