#include "io/loop.h"

#include <event2/event.h>
#include <signal.h>
#include <stddef.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"

struct ic__loop_signals {
    struct event *interrupt;
    struct event *terminate;
    void (*on_stop)(void *user);
    void *user;
};

int ic__loop_new(struct event_base **out)
{
    struct event_config *config = event_config_new();

    if (!config)
        return IC_ERR_NOMEM;
    struct event_base *base = NULL;
    if (event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER) == 0)
        base = event_base_new_with_config(config);
    event_config_free(config);
    if (!base)
        return IC_ERR_NOMEM;
    *out = base;
    return 0;
}

static void on_signal(evutil_socket_t number, short what, void *user)
{
    ic__loop_signals *signals = user;

    (void)number;
    (void)what;
    signals->on_stop(signals->user);
}

int ic__loop_signals_new(struct event_base *base, void (*on_stop)(void *user), void *user,
                         ic__loop_signals **out)
{
    static const struct sigaction ignore = {.sa_handler = SIG_IGN};
    ic__loop_signals *signals = ic_mem_calloc(1, sizeof *signals);

    if (!signals)
        return IC_ERR_NOMEM;
    signals->on_stop = on_stop;
    signals->user = user;
    signals->interrupt = evsignal_new(base, SIGINT, on_signal, signals);
    signals->terminate = evsignal_new(base, SIGTERM, on_signal, signals);
    if (!signals->interrupt || !signals->terminate ||
        event_add(signals->interrupt, NULL) != 0 ||
        event_add(signals->terminate, NULL) != 0) {
        ic__loop_signals_free(signals);
        return IC_ERR_NOMEM;
    }
    (void)sigaction(SIGPIPE, &ignore, NULL); /* fails only for a bad number */
    *out = signals;
    return 0;
}

void ic__loop_signals_free(ic__loop_signals *signals)
{
    if (!signals)
        return;
    if (signals->interrupt)
        event_free(signals->interrupt);
    if (signals->terminate)
        event_free(signals->terminate);
    ic_mem_free(signals);
}
