#include "io/soon.h"

#include <event2/event.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"

struct ic__soon {
    struct event *event;
    void (*call)(void *user);
    void *user;
};

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
    ic__soon *soon = arg;

    (void)fd;
    (void)what;
    soon->call(soon->user);
}

int ic__soon_new(struct event_base *base, void (*call)(void *user), void *user,
                 ic__soon **out)
{
    ic__soon *soon = ic_mem_calloc(1, sizeof *soon);

    if (!soon)
        return IC_ERR_NOMEM;
    soon->call = call;
    soon->user = user;
    soon->event = event_new(base, -1, 0, on_turn, soon);
    if (!soon->event) {
        ic_mem_free(soon);
        return IC_ERR_NOMEM;
    }
    *out = soon;
    return 0;
}

void ic__soon_call(ic__soon *soon)
{
    event_active(soon->event, EV_TIMEOUT, 0);
}

void ic__soon_free(ic__soon *soon)
{
    if (!soon)
        return;
    event_free(soon->event);
    ic_mem_free(soon);
}
