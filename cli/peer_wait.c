#include "peer_wait.h"

#include <event2/event.h>
#include <stdio.h>
#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"

struct peer_wait {
    peer_wait_options opts;
    struct event *tick;
    char *line; /* NULL = none waits */
    size_t len;
    char room[PEER_ROOM_MAX + 1];
};

static void tell_progress(evutil_socket_t fd, short what, void *user)
{
    peer_wait *w = user;
    char text[PEER_ROOM_MAX + 128];
    peer_plans_effort e;

    (void)fd;
    (void)what;
    if (!w->opts.print || !peer_plans_progress(w->opts.plans, w->room, &e))
        return;
    (void)snprintf(text, sizeof text,
                   "[expense:%s] searching for the fewest payments: %u %%; Enter ends it "
                   "with a quick plan",
                   w->room, (unsigned)(e.steps * 100 / e.budget));
    w->opts.print(text, w->opts.user);
}

int peer_wait_new(const peer_wait_options *opts, peer_wait **out)
{
    peer_wait *w = ic_mem_calloc(1, sizeof *w);

    if (!w)
        return IC_ERR_NOMEM;
    w->opts = *opts;
    w->tick = event_new(opts->base, -1, EV_PERSIST, tell_progress, w);
    if (!w->tick) {
        ic_mem_free(w);
        return IC_ERR_NOMEM;
    }
    *out = w;
    return 0;
}

void peer_wait_free(peer_wait *wait)
{
    if (!wait)
        return;
    event_free(wait->tick);
    ic_mem_free(wait->line);
    ic_mem_free(wait);
}

bool peer_wait_is_on(const peer_wait *wait)
{
    return wait->line != NULL;
}

int peer_wait_begin(peer_wait *wait, const char *text, size_t len, const char *room)
{
    if (wait->line)
        return IC_ERR_BUSY;
    wait->line = ic_mem_alloc(len + 1);
    if (!wait->line)
        return IC_ERR_NOMEM;
    memcpy(wait->line, text, len);
    wait->len = len;
    (void)snprintf(wait->room, sizeof wait->room, "%s", room);
    const struct timeval period = {
        .tv_sec = wait->opts.print_every_ms / 1000,
        .tv_usec = (suseconds_t)(wait->opts.print_every_ms % 1000) * 1000};
    (void)event_add(wait->tick, &period);
    return 0;
}

static void run_again(const char *room, void *user)
{
    peer_wait *w = user;
    char *line = w->line;

    (void)room;
    w->line = NULL;
    (void)event_del(w->tick);
    w->opts.run(line, w->len, w->opts.user);
    ic_mem_free(line);
}

void peer_wait_hurry(peer_wait *wait)
{
    if (!wait->line)
        return;
    peer_plans_leave(wait->opts.plans, wait->room);
    peer_plans_quick(wait->opts.plans, wait->room, run_again, wait);
}

void peer_wait_planned(peer_wait *wait, const char *room)
{
    if (wait->line && strcmp(wait->room, room) == 0)
        run_again(room, wait);
}
