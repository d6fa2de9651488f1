/* Connections, and what all of them together want done. */
#include "sidechannel/link.h"

#include <string.h>

#include "base/env.h"
#include "base/text.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "sidechannel/state.h"

void ic__sidechannel_start(ic__sidechannel *sc)
{
    sc->started = true;
    sc->topics_changed = true;
}

static void forget_news(ic__sc_news *news)
{
    if (!news)
        return;
    ic__json_free(news->envelope);
    ic_mem_free(news);
}

/* What the last call of next has lent out. */
static void forget_told(ic__sidechannel *sc)
{
    ic__room_free(sc->told_room);
    sc->told_room = NULL;
    forget_news(sc->told_news);
    sc->told_news = NULL;
    if (sc->sending)
        ic__sc_port_pop(sc->sending);
    sc->sending = NULL;
}

void ic__sidechannel_stop(ic__sidechannel *sc)
{
    ic__link *at;

    forget_told(sc);
    ic__sc_line_leave(sc, NULL);
    while ((at = ic__queue_first(&sc->links)) != NULL)
        ic__sc_link_detach(IC__ELEMENT(at, ic__sc_link, in_all), 0);
    for (size_t i = 0; i < sc->rooms.count; i++) {
        ic__sc_drafts_cancel(sc, sc->rooms.items[i]);
        sc->rooms.items[i]->topic_told = false;
    }
    while ((at = ic__queue_pop(&sc->gone)) != NULL)
        ic__room_free(IC__ELEMENT(at, ic__room, gone));
    while ((at = ic__queue_pop(&sc->news)) != NULL)
        forget_news(IC__ELEMENT(at, ic__sc_news, link));
    sc->started = false;
}

static int open_ports(ic__sc_link *link)
{
    const ic__rooms *rooms = &link->sc->rooms;

    for (size_t i = 0; i < rooms->count; i++) {
        int error =
            rooms->items[i]->registered ? ic__sc_port_new(link, rooms->items[i]) : 0;
        if (error)
            return error;
    }
    return 0;
}

int ic__sc_link_attach(ic__sidechannel *sc, const uint8_t remote_key[IC_PUBLIC_KEY_BYTES],
                       void *user, uint64_t now, ic__sc_link **out)
{
    char key[IC__KEY_HEX + 1];

    if (!sc->started)
        return IC_ERR_CLOSED;
    if (sc->links.count >= sc->limits.max_links)
        return IC_ERR_LIMIT;
    ic__sc_link *link = ic_mem_calloc(1, sizeof *link);
    if (!link)
        return IC_ERR_NOMEM;
    link->sc = sc;
    link->user = user;
    link->number = ++sc->last_number;
    ic__queue_init(&link->ports);
    ic__hex_encode(key, remote_key, IC_PUBLIC_KEY_BYTES);
    int error =
        ic__remote_use(&sc->remotes, key, &sc->policy.settings, now, &link->remote);
    if (!error)
        error = open_ports(link);
    if (error) {
        ic__sc_link_detach(link, now);
        return error;
    }
    ic__queue_push(&sc->links, &link->in_all);
    *out = link;
    return 0;
}

void ic__sc_link_detach(ic__sc_link *link, uint64_t now)
{
    ic__link *at;

    if (!link)
        return;
    ic__sidechannel *sc = link->sc;
    ic__sc_line_finish(sc);
    while ((at = ic__queue_first(&link->ports)) != NULL)
        ic__sc_port_free(IC__ELEMENT(at, ic__sc_port, in_link));
    ic__queue_remove(&sc->links, &link->in_all);
    ic__queue_remove(&sc->floods, &link->in_floods);
    if (link->remote)
        ic__remote_leave(&sc->remotes, link->remote, &sc->policy.settings,
                         sc->limits.max_gone, now);
    ic_mem_free(link);
}

void *ic__sc_link_user(const ic__sc_link *link)
{
    return link->user;
}

const char *ic__sc_link_remote(const ic__sc_link *link)
{
    return link->remote->key;
}

/* ---- rooms come and go ---- */

int ic__sc_room_open(ic__sidechannel *sc, ic__room *room)
{
    for (ic__link *at = sc->links.ends.next; at != &sc->links.ends; at = at->next) {
        int error = ic__sc_port_new(IC__ELEMENT(at, ic__sc_link, in_all), room);
        if (error) {
            while (room->ports.count)
                ic__sc_port_free(
                    IC__ELEMENT(ic__queue_first(&room->ports), ic__sc_port, in_room));
            return error;
        }
    }
    return 0;
}

void ic__sc_room_close(ic__sidechannel *sc, ic__room *room)
{
    ic__link *at;

    ic__sc_drafts_cancel(sc, room);
    ic__sc_line_leave(sc, room);
    while ((at = ic__queue_first(&room->ports)) != NULL)
        ic__sc_port_leave(IC__ELEMENT(at, ic__sc_port, in_room));
    if (room->topic_told)
        ic__queue_push(&sc->gone, &room->gone);
    else
        ic__room_free(room);
}

/* ---- what to do ---- */

bool ic__sidechannel_wants(const ic__sidechannel *sc)
{
    return sc->busy.count || sc->floods.count || sc->gone.count || sc->starting.count ||
           sc->checks.count || sc->news.count || (sc->started && sc->topics_changed);
}

static void name_topic(ic__sidechannel *sc, const ic__room *room, ic__sc_event *event)
{
    ic__channel_name_topic(room->name, sc->topic);
    event->channel = room->name;
    event->topic = sc->topic;
}

/* Topics that are left come first: one of them may be joined again. */
static bool next_topic(ic__sidechannel *sc, ic__sc_event *event)
{
    ic__link *at = ic__queue_pop(&sc->gone);

    if (at) {
        sc->told_room = IC__ELEMENT(at, ic__room, gone);
        event->what = IC__SC_LEAVE_TOPIC;
        name_topic(sc, sc->told_room, event);
        return true;
    }
    for (size_t i = 0; sc->started && sc->topics_changed && i < sc->rooms.count; i++) {
        ic__room *room = sc->rooms.items[i];
        if (!room->joined || room->topic_told)
            continue;
        room->topic_told = true;
        event->what = IC__SC_JOIN_TOPIC;
        name_topic(sc, room, event);
        return true;
    }
    sc->topics_changed = sc->topics_changed && !sc->started;
    return false;
}

static bool next_flood(ic__sidechannel *sc, ic__sc_event *event)
{
    ic__link *at = ic__queue_pop(&sc->floods);

    if (!at)
        return false;
    event->what = IC__SC_HANG_UP;
    event->link = IC__ELEMENT(at, ic__sc_link, in_floods);
    return true;
}

static bool next_wish(ic__sidechannel *sc, ic__sc_event *event)
{
    ic__link *at;

    while ((at = ic__queue_first(&sc->busy)) != NULL) {
        ic__sc_port *port = IC__ELEMENT(at, ic__sc_port, in_busy);
        event->link = port->link;
        event->port = port;
        if (ic__sc_port_wish(port, event)) {
            if (event->what == IC__SC_SEND)
                sc->sending = port;
            return true;
        }
    }
    *event = (ic__sc_event){0};
    return false;
}

static bool next_news(ic__sidechannel *sc, ic__sc_event *event)
{
    ic__link *at = ic__queue_pop(&sc->news);

    if (!at)
        return false;
    ic__sc_news *news = IC__ELEMENT(at, ic__sc_news, link);
    sc->told_news = news;
    event->what = news->what;
    event->channel = news->channel;
    event->remote = news->remote;
    event->envelope = news->envelope;
    event->is_signed = news->is_signed;
    return true;
}

bool ic__sidechannel_next(ic__sidechannel *sc, ic__sc_event *event)
{
    forget_told(sc);
    *event = (ic__sc_event){0};
    return next_flood(sc, event) || next_wish(sc, event) || next_topic(sc, event) ||
           ic__sc_draft_start(sc, event) || ic__sc_line_check(sc, event) ||
           next_news(sc, event);
}

void ic__sc_tell(ic__sidechannel *sc, ic__sc_what what, const char *channel,
                 const char *remote, ic__json *envelope, bool is_signed)
{
    size_t size = strlen(channel) + 1;
    ic__sc_news *news = ic_mem_calloc(1, sizeof *news + size);

    if (!news) {
        sc->stats.drops[IC__SC_DROP_MEMORY]++;
        ic__json_free(envelope);
        return;
    }
    news->what = what;
    news->envelope = envelope;
    news->is_signed = is_signed;
    memcpy(news->remote, remote, sizeof news->remote);
    memcpy(news->channel, channel, size);
    ic__queue_push(&sc->news, &news->link);
    sc->stats.delivered += what == IC__SC_MESSAGE;
}

/* ---- time ---- */

uint64_t ic__sidechannel_deadline(const ic__sidechannel *sc)
{
    return ic__timers_deadline(&sc->timers);
}

void ic__sidechannel_expire(ic__sidechannel *sc, uint64_t now)
{
    ic__timer *timer;

    while ((timer = ic__timers_pop(&sc->timers, now)) != NULL)
        ic__sc_port_expire(IC__ELEMENT(timer, ic__sc_port, timer), now);
}

/* ---- figures ---- */

ic__sidechannel_stats ic__sidechannel_get_stats(const ic__sidechannel *sc)
{
    return sc->stats;
}

const char *ic__sc_drop_text(ic__sc_drop drop)
{
    static const char *const texts[] = {
#define IC__SC_DROP_TEXT(name, member, text) text,
        IC__SC_DROP_MAP(IC__SC_DROP_TEXT)
#undef IC__SC_DROP_TEXT
    };

    return drop < IC__SC_DROP_COUNT ? texts[drop] : "";
}

void ic__sc_dropped(ic__sidechannel *sc, ic__remote *remote, const char *channel,
                    ic__sc_drop drop, uint64_t now)
{
    sc->stats.drops[drop]++;
    if (now - remote->logged_ns < IC__SEC && remote->logged_ns)
        return;
    remote->logged_ns = now;
    ic__log(&sc->env, IC_LOG_DEBUG, IC__SIDECHANNEL_LOG,
            "[sidechannel:%s] dropped, from %.8s: %s", channel, remote->key,
            ic__sc_drop_text(drop));
}

size_t ic__sidechannel_backlog(const ic__sidechannel *sc, const char *channel)
{
    ic__room *room = ic__sidechannel_room(sc, channel);
    size_t most = 0;

    if (!room)
        return 0;
    for (ic__link *at = room->ports.ends.next; at != &room->ports.ends; at = at->next) {
        const ic__sc_port *port = IC__ELEMENT(at, ic__sc_port, in_room);
        if (port->queued_bytes > most)
            most = port->queued_bytes;
    }
    return most;
}
