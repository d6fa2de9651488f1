/* Messages of ours on their way out: worked on, then handed to the ports of their room.
 */
#include <string.h>

#include "base/env.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "sidechannel/link.h"
#include "sidechannel/state.h"

void ic__sc_frame_drop(ic__sc_frame *frame)
{
    if (--frame->uses == 0)
        ic_mem_free(frame);
}

/* In use once, by the caller. */
static ic__sc_frame *frame_of(const ic__buf *json)
{
    ic__buf message = {0};

    ic__message_write(&message, json->data, json->len);
    ic__sc_frame *frame =
        message.bad || json->bad ? NULL : ic_mem_alloc(sizeof *frame + message.len);
    if (frame) {
        *frame = (ic__sc_frame){.uses = 1, .len = message.len};
        memcpy(frame->data, message.data, message.len);
    }
    ic__buf_free(&message);
    return frame;
}

bool ic__sidechannel_trusts(const ic__sidechannel *sc, const ic__room *room,
                            const char *remote)
{
    return !ic__policy_invite_required(&sc->policy, room->name) ||
           ic__policy_is_inviter(&sc->policy, remote) ||
           ic__room_has_guest(room, remote, ic__sidechannel_now_ms(sc));
}

static bool listens(const ic__sidechannel *sc, const ic__sc_port *port,
                    const ic__sc_link *from)
{
    return port->link != from && port->state != IC__SC_PORT_WAITING &&
           port->state != IC__SC_PORT_CLOSING &&
           ic__sidechannel_trusts(sc, port->room, port->link->remote->key);
}

size_t ic__sc_audience(const ic__sidechannel *sc, ic__room *room, const ic__sc_link *from)
{
    size_t count = 0;

    for (ic__link *at = room->ports.ends.next; at != &room->ports.ends; at = at->next)
        count += listens(sc, IC__ELEMENT(at, ic__sc_port, in_room), from);
    return count;
}

size_t ic__sc_broadcast(ic__sidechannel *sc, ic__room *room, const ic__buf *json,
                        const ic__sc_link *from)
{
    ic__sc_frame *frame = frame_of(json);
    size_t count = 0;

    if (!frame) {
        sc->stats.drops[IC__SC_DROP_MEMORY]++;
        return 0;
    }
    for (ic__link *at = room->ports.ends.next; at != &room->ports.ends; at = at->next) {
        ic__sc_port *port = IC__ELEMENT(at, ic__sc_port, in_room);
        if (!listens(sc, port, from))
            continue;
        ic__sc_port_queue(port, frame);
        count++;
    }
    ic__sc_frame_drop(frame);
    return count;
}

/* To one link only, if it is still there. */
static void send_to(ic__sidechannel *sc, ic__room *room, const ic__buf *json,
                    uint64_t number)
{
    ic__sc_frame *frame = frame_of(json);

    if (!frame) {
        sc->stats.drops[IC__SC_DROP_MEMORY]++;
        return;
    }
    for (ic__link *at = room->ports.ends.next; at != &room->ports.ends; at = at->next) {
        ic__sc_port *port = IC__ELEMENT(at, ic__sc_port, in_room);
        if (port->link->number != number || port->state != IC__SC_PORT_OPEN)
            continue;
        ic__sc_port_queue(port, frame);
        sc->stats.sent++;
    }
    ic__sc_frame_drop(frame);
}

static void send_now(ic__sidechannel *sc, ic__room *room, const ic__buf *json,
                     uint64_t to)
{
    if (to)
        send_to(sc, room, json, to);
    else
        sc->stats.sent += ic__sc_broadcast(sc, room, json, NULL);
}

/* ---- drafts ---- */

static void draft_free(ic__sidechannel *sc, ic__sc_draft *draft)
{
    ic__queue_remove(&draft->room->drafts, &draft->in_room);
    ic__queue_remove(&sc->starting, &draft->in_starting);
    sc->draft_count--;
    sc->draft_bytes -= draft->json.len;
    ic__buf_free(&draft->json);
    ic_mem_free(draft);
}

void ic__sc_drafts_cancel(ic__sidechannel *sc, ic__room *room)
{
    while (room->drafts.count) {
        ic__sc_draft *draft =
            IC__ELEMENT(ic__queue_first(&room->drafts), ic__sc_draft, in_room);
        if (draft->started && draft->work) {
            ic__work_cancel(draft->work);
            ic__work_set_user(draft->work, NULL);
        } else {
            ic__work_free(draft->work);
        }
        draft_free(sc, draft);
    }
}

static int new_work(ic__sidechannel *sc, const ic__envelope *e, ic__work **out)
{
    ic__buf head = {0};
    ic__buf tail = {0};

    ic__envelope_work_texts(&head, &tail, e);
    int error = head.bad || tail.bad
                    ? IC_ERR_NOMEM
                    : ic__work_new(head.data, head.len, tail.data, tail.len,
                                   sc->policy.settings.pow_difficulty, out);
    ic__buf_free(&head);
    ic__buf_free(&tail);
    return error;
}

/* Takes the text when it succeeds. */
static int draft_new(ic__sidechannel *sc, ic__room *room, const ic__envelope *e,
                     ic__buf *json, uint64_t to)
{
    if (sc->draft_count >= sc->limits.max_drafts ||
        sc->draft_bytes + json->len > sc->limits.max_draft_bytes)
        return IC_ERR_AGAIN;
    ic__sc_draft *draft = ic_mem_calloc(1, sizeof *draft);
    if (!draft)
        return IC_ERR_NOMEM;
    int error = new_work(sc, e, &draft->work);
    if (error) {
        ic_mem_free(draft);
        return error;
    }
    ic__work_set_user(draft->work, draft);
    draft->room = room;
    draft->to = to;
    draft->json = *json;
    *json = (ic__buf){0};
    ic__queue_push(&room->drafts, &draft->in_room);
    ic__queue_push(&sc->starting, &draft->in_starting);
    sc->draft_count++;
    sc->draft_bytes += draft->json.len;
    return 0;
}

bool ic__sc_draft_start(ic__sidechannel *sc, ic__sc_event *event)
{
    ic__link *at = ic__queue_pop(&sc->starting);

    if (!at)
        return false;
    ic__sc_draft *draft = IC__ELEMENT(at, ic__sc_draft, in_starting);
    draft->started = true;
    event->what = IC__SC_WORK;
    event->work = draft->work;
    return true;
}

static void send_draft(ic__sidechannel *sc, const ic__sc_draft *draft)
{
    ic__buf json = {0};

    ic__envelope_add_work(&json, draft->json.data, draft->json.len, draft->nonce,
                          sc->policy.settings.pow_difficulty);
    send_now(sc, draft->room, &json, draft->to);
    ic__buf_free(&json);
}

/* Messages of a room leave in the order in which they were written. */
static void send_done(ic__sidechannel *sc, ic__room *room)
{
    while (room->drafts.count) {
        ic__sc_draft *draft =
            IC__ELEMENT(ic__queue_first(&room->drafts), ic__sc_draft, in_room);
        if (!draft->done)
            return;
        send_draft(sc, draft);
        draft_free(sc, draft);
    }
}

void ic__sidechannel_worked(ic__sidechannel *sc, ic__work *work)
{
    ic__sc_draft *draft = ic__work_user(work);

    if (draft) {
        ic__room *room = draft->room;
        draft->work = NULL;
        draft->done = true;
        if (ic__work_nonce(work, &draft->nonce) == 0) {
            sc->stats.works++;
        } else {
            sc->stats.drops[IC__SC_DROP_MEMORY]++;
            draft_free(sc, draft);
        }
        send_done(sc, room);
    }
    ic__work_free(work);
}

/* ---- posting ---- */

ic__seen *ic__sc_seen_for(ic__sidechannel *sc, const char *channel)
{
    return ic__policy_owner_only(&sc->policy, channel) ? &sc->seen_of_owners : &sc->seen;
}

/* Nobody needs to tell us what we have said. */
static int remember(ic__sidechannel *sc, const char *channel, const ic__buf *text)
{
    return ic__seen_add(ic__sc_seen_for(sc, channel),
                        ic__seen_hash(sc->seen_key, text->data, text->len),
                        sc->env.now_ns(sc->env.user));
}

static int hand_over(ic__sidechannel *sc, ic__room *room, const ic__envelope *e,
                     const ic__buf *text, ic__buf *json, const ic__sc_link *only)
{
    uint64_t to = only ? only->number : 0;

    if (json->len > sc->policy.settings.max_message_bytes) {
        ic__log(&sc->env, IC_LOG_INFO, IC__SIDECHANNEL_LOG,
                "[sidechannel:%s] message too large (%zu bytes > %u).", e->channel,
                json->len, (unsigned)sc->policy.settings.max_message_bytes);
        return IC_ERR_DENIED;
    }
    if (!only && !ic__sc_audience(sc, room, NULL))
        return 0; /* nobody is there: no need to work for it */
    int error = remember(sc, e->channel, text);
    if (error)
        return error;
    if (ic__policy_work_required(&sc->policy, room->name))
        return draft_new(sc, room, e, json, to);
    send_now(sc, room, json, to);
    return 0;
}

int ic__sc_post(ic__sidechannel *sc, ic__room *room, ic__envelope *e,
                const ic__sc_link *only)
{
    ic__buf id = {0};
    ic__buf text = {0};
    ic__buf json = {0};
    int error = IC_ERR_NOMEM;

    ic__envelope_id(&id, e->from, e->ts_ms, &sc->env);
    e->id = id.data;
    if (!id.bad) {
        ic__envelope_signed_text(&text, e);
        ic__envelope_write(&json, e, &text, sc->identity);
        if (!json.bad)
            error = hand_over(sc, room, e, &text, &json, only);
    }
    ic__buf_free(&id);
    ic__buf_free(&text);
    ic__buf_free(&json);
    return error;
}
