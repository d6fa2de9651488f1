#include "io/deadline.h"

#include <event2/event.h>

#include "base/env.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"

struct ic__deadline {
    struct event *event;
    uint64_t at_ns; /* IC__NEVER = not set */
    void (*call)(void *user);
    void *user;
};

static void on_time(evutil_socket_t fd, short what, void *arg)
{
    ic__deadline *deadline = arg;

    (void)fd;
    (void)what;
    deadline->at_ns = IC__NEVER;
    deadline->call(deadline->user);
}

int ic__deadline_new(struct event_base *base, void (*call)(void *user), void *user,
                     ic__deadline **out)
{
    ic__deadline *deadline = ic_mem_calloc(1, sizeof *deadline);

    if (!deadline)
        return IC_ERR_NOMEM;
    *deadline = (ic__deadline){.at_ns = IC__NEVER, .call = call, .user = user};
    deadline->event = evtimer_new(base, on_time, deadline);
    if (!deadline->event) {
        ic_mem_free(deadline);
        return IC_ERR_NOMEM;
    }
    *out = deadline;
    return 0;
}

void ic__timer_set(struct event *timer, uint64_t at_ns, uint64_t now_ns)
{
    uint64_t wait_us = at_ns > now_ns ? (at_ns - now_ns + IC__US - 1) / IC__US : 0;
    const struct timeval wait = {.tv_sec = (time_t)(wait_us / 1000000),
                                 .tv_usec = (suseconds_t)(wait_us % 1000000)};

    if (evtimer_add(timer, &wait) != 0)
        event_active(timer, EV_TIMEOUT, 0);
}

void ic__deadline_set(ic__deadline *deadline, uint64_t at_ns, uint64_t now_ns)
{
    if (at_ns == deadline->at_ns)
        return;
    deadline->at_ns = at_ns;
    if (at_ns == IC__NEVER)
        (void)evtimer_del(deadline->event);
    else
        ic__timer_set(deadline->event, at_ns, now_ns);
}

void ic__deadline_now(ic__deadline *deadline)
{
    event_active(deadline->event, EV_TIMEOUT, 0);
}

void ic__deadline_free(ic__deadline *deadline)
{
    if (!deadline)
        return;
    event_free(deadline->event);
    ic_mem_free(deadline);
}
