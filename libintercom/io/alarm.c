#include "io/alarm.h"

#include <event2/event.h>

#include "base/env.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"

struct ic__alarm {
    struct event *event;
    uint64_t at_ns; /* IC__NEVER = not set */
    void (*call)(void *user);
    void *user;
};

static void on_time(evutil_socket_t fd, short what, void *arg)
{
    ic__alarm *alarm = arg;

    (void)fd;
    (void)what;
    alarm->at_ns = IC__NEVER;
    alarm->call(alarm->user);
}

int ic__alarm_new(struct event_base *base, void (*call)(void *user), void *user,
                  ic__alarm **out)
{
    ic__alarm *alarm = ic_mem_calloc(1, sizeof *alarm);

    if (!alarm)
        return IC_ERR_NOMEM;
    *alarm = (ic__alarm){.at_ns = IC__NEVER, .call = call, .user = user};
    alarm->event = evtimer_new(base, on_time, alarm);
    if (!alarm->event) {
        ic_mem_free(alarm);
        return IC_ERR_NOMEM;
    }
    *out = alarm;
    return 0;
}

int ic__alarm_set(ic__alarm *alarm, uint64_t at_ns, uint64_t now_ns)
{
    uint64_t wait_us = at_ns > now_ns ? (at_ns - now_ns + IC__US - 1) / IC__US : 0;
    const struct timeval wait = {.tv_sec = (time_t)(wait_us / 1000000),
                                 .tv_usec = (suseconds_t)(wait_us % 1000000)};

    if (at_ns == alarm->at_ns)
        return 0;
    if (at_ns == IC__NEVER) {
        (void)evtimer_del(alarm->event);
    } else if (evtimer_add(alarm->event, &wait) != 0) {
        return IC_ERR_NOMEM;
    }
    alarm->at_ns = at_ns;
    return 0;
}

void ic__alarm_free(ic__alarm *alarm)
{
    if (!alarm)
        return;
    event_free(alarm->event);
    ic_mem_free(alarm);
}
