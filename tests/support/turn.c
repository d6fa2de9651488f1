#include "turn.h"

#include <event2/event.h>
#include <stdbool.h>

#include "unit.h"

#define MOST_SECONDS 60

static void on_late(evutil_socket_t fd, short what, void *user)
{
    *(bool *)user = true;
}

void turn_until(struct event_base *base, const size_t *count, size_t want)
{
    const struct timeval most = {.tv_sec = MOST_SECONDS};
    bool is_late = false;
    struct event *late = evtimer_new(base, on_late, &is_late);

    assert_non_null(late);
    assert_int_equal(evtimer_add(late, &most), 0);
    while (*count < want && !is_late)
        assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0);
    event_free(late);
    assert_int_equal(*count, want);
}
