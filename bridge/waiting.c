/* Requests that wait for a plan (16-ledger.md, section 3.3), while others of the same
 * client are served. */
#include <inttypes.h>
#include <string.h>

#include "bridge/hub.h"
#include "intercom/sys/mem.h"

struct bridge_waiting {
    bridge_waiting *next;
    bool has_id;
    double id;
    char *room;
    size_t len;
    uint8_t data[]; /* the request, tried again as it came */
};

static void waiting_free(bridge_waiting *w)
{
    if (w)
        ic_mem_free(w->room);
    ic_mem_free(w);
}

static bridge_waiting *waiting_new(const bridge_request *r, const char *room)
{
    bridge_waiting *w = ic_mem_calloc(1, sizeof *w + r->len);
    ic__buf name = {0};

    if (!w)
        return NULL;
    ic__buf_text(&name, room);
    w->room = ic__buf_take(&name);
    if (!w->room) {
        waiting_free(w);
        return NULL;
    }
    w->has_id = r->has_id;
    w->id = r->id;
    w->len = r->len;
    memcpy(w->data, r->data, r->len);
    return w;
}

/* Under another name than "id", which is for the answer alone; and not to who gives none,
 * and may take what comes next for the answer. */
static void tell(bridge_session *s, const bridge_waiting *w)
{
    const bridge_host *host = &s->hub->host;
    bridge_progress p;
    ic__buf b = {0};

    if (!w->has_id || !host->progress(w->room, &p, host->user))
        return;
    ic__buf_text(&b, "{\"type\":\"expense_progress\",\"channel\":");
    ic__json_write_cstring(&b, w->room);
    ic__buf_text(&b, ",\"request\":");
    ic__json_write_number(&b, w->id);
    ic__buf_printf(&b, ",\"steps\":%" PRIu64 ",\"budget\":%" PRIu64, p.steps, p.budget);
    if (p.payments)
        ic__buf_printf(&b, ",\"payments\":%zu,\"lowerBound\":%zu", p.payments,
                       p.lower_bound);
    ic__buf_char(&b, '}');
    bridge_session_push(s, &b);
}

void bridge_session_progress(bridge_session *s, uint64_t now_ns)
{
    for (const bridge_waiting *w = s->waiting; w; w = w->next)
        tell(s, w);
    s->progress_at = now_ns + s->hub->settings.progress_ns;
}

static void append(bridge_session *s, bridge_waiting *w, uint64_t now_ns)
{
    bridge_waiting **at = &s->waiting;

    if (!s->waiting)
        s->progress_at = now_ns + s->hub->settings.progress_ns;
    while (*at)
        at = &(*at)->next;
    *at = w;
    s->waiting_count++;
    tell(s, w);
}

void bridge_wait(const bridge_request *r, const char *room)
{
    bridge_session *s = r->session;
    const bridge_host *host = &s->hub->host;
    unsigned max = s->hub->settings.max_waiting;
    bridge_waiting *w = s->waiting_count < max ? waiting_new(r, room) : NULL;

    if (w) {
        append(s, w, r->now_ns);
        return;
    }
    host->leave(room, host->user);
    if (s->waiting_count >= max)
        bridge_reply_error(r, "Too many requests wait for plans (%u at most).", max);
    else
        bridge_session_close(s, BRIDGE_CLOSE_INTERNAL, "out of memory");
}

/* Out of the session's list; in order. */
static bridge_waiting *take(bridge_session *s, const char *room)
{
    bridge_waiting *taken = NULL;
    bridge_waiting **end = &taken;
    bridge_waiting **at = &s->waiting;

    while (*at) {
        bridge_waiting *w = *at;
        if (strcmp(w->room, room) != 0) {
            at = &w->next;
            continue;
        }
        *at = w->next;
        w->next = NULL;
        *end = w;
        end = &w->next;
        s->waiting_count--;
    }
    return taken;
}

typedef struct retry {
    bridge_session *session;
    bridge_waiting *first;
    uint64_t now_ns;
    size_t count;
} retry;

static void try_again(const char *room, void *asker)
{
    retry *again = asker;

    (void)room;
    while (again->first) {
        bridge_waiting *w = again->first;
        again->first = w->next;
        if (bridge_session_message(again->session, w->data, w->len, again->now_ns) != 0)
            bridge_session_close(again->session, BRIDGE_CLOSE_INTERNAL, "not ready");
        waiting_free(w);
        again->count++;
    }
}

size_t bridge_session_planned(bridge_session *s, const char *room, uint64_t now_ns)
{
    retry again = {.session = s, .first = take(s, room), .now_ns = now_ns};

    try_again(room, &again);
    return again.count;
}

size_t bridge_session_cancel(bridge_session *s, const char *room, uint64_t now_ns)
{
    const bridge_host *host = &s->hub->host;
    retry again = {.session = s, .first = take(s, room), .now_ns = now_ns};

    for (const bridge_waiting *w = again.first; w; w = w->next)
        host->leave(room, host->user);
    if (again.first)
        host->quick(room, try_again, &again, host->user);
    return again.count;
}

void bridge_session_leave(bridge_session *s)
{
    const bridge_host *host = &s->hub->host;

    while (s->waiting) {
        bridge_waiting *w = s->waiting;
        s->waiting = w->next;
        host->leave(w->room, host->user);
        waiting_free(w);
    }
    s->waiting_count = 0;
}
