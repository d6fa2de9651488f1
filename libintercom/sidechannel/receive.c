/*
 * What happens to a message of another peer: paid for, parsed, judged gate by gate, told
 * to the user, handed on.
 *
 * Signatures cost most, so they come late. A proof that is false is a strike; one that is
 * missing, or that does not fit our settings, may come from an honest peer with others.
 */
#include <math.h>
#include <string.h>

#include "base/env.h"
#include "intercom/error.h"
#include "sidechannel/invite.h"
#include "sidechannel/link.h"
#include "sidechannel/state.h"
#include "sidechannel/welcome.h"
#include "transport/codec.h"

typedef ic__sc_drop (*gate)(ic__sc_arrival *a);

static const ic__policy_options *settings_of(const ic__sc_arrival *a)
{
    return &a->sc->policy.settings;
}

static const ic__json *member(const ic__sc_arrival *a, const char *name)
{
    return ic__json_get(a->in.envelope, name);
}

/* ---- gates ---- */

static ic__sc_drop needs_shape(ic__sc_arrival *a)
{
    int error = ic__incoming_open(&a->in);

    if (error)
        return error == IC_ERR_NOMEM ? IC__SC_DROP_MEMORY : IC__SC_DROP_SHAPE;
    if (!ic__incoming_is_for(&a->in, a->room->name))
        return IC__SC_DROP_CHANNEL;
    a->hash = ic__seen_hash(a->sc->seen_key, a->in.text.data, a->in.text.len);
    return IC__SC_PASSED;
}

/* IC_ERR_DENIED when there is none. */
static int take_invite(ic__sc_arrival *a, const ic__json *invite)
{
    int64_t until;

    if (!ic__json_is(invite, IC__JSON_OBJECT))
        return IC_ERR_DENIED;
    int error = ic__invite_verify(invite, &a->sc->policy, a->room->name, a->remote->key,
                                  a->wall_ms, &until);
    if (!error)
        error = ic__room_admit(a->room, a->remote->key, until, a->sc->limits.max_guests);
    return error;
}

static ic__sc_drop needs_invite(ic__sc_arrival *a)
{
    if (ic__sidechannel_admitted(a->sc, a->room->name) &&
        ic__sidechannel_trusts(a->sc, a->room, a->remote->key))
        return IC__SC_PASSED;
    if (!ic__sidechannel_admitted(a->sc, a->room->name))
        return IC__SC_DROP_INVITE;
    int first = take_invite(a, member(a, "invite"));
    int error = first ? take_invite(a, ic__json_get(a->in.message, "invite")) : 0;
    if (!error) {
        ic__sc_welcome_guest(a->port, a->now);
        return IC__SC_PASSED;
    }
    if (error == IC_ERR_NOMEM)
        return IC__SC_DROP_MEMORY;
    return error == IC_ERR_AUTH || first == IC_ERR_AUTH ? IC__SC_DROP_BAD_INVITE
                                                        : IC__SC_DROP_INVITE;
}

static ic__sc_drop needs_news(ic__sc_arrival *a)
{
    return ic__seen_has(&a->sc->seen, a->hash) ||
                   ic__seen_has(&a->sc->seen_of_owners, a->hash)
               ? IC__SC_DROP_DUPLICATE
               : IC__SC_PASSED;
}

static ic__sc_drop needs_work(ic__sc_arrival *a)
{
    if (!ic__policy_work_required(&a->sc->policy, a->room->name))
        return IC__SC_PASSED;
    switch (ic__incoming_check_work(&a->in, settings_of(a)->pow_difficulty)) {
    case 0:
        return IC__SC_PASSED;
    case IC_ERR_AUTH:
        return IC__SC_DROP_BAD_WORK;
    case IC_ERR_NOMEM:
        return IC__SC_DROP_MEMORY;
    default:
        return IC__SC_DROP_WORK;
    }
}

static bool only_owner_writes(const ic__sc_arrival *a)
{
    return ic__policy_owner_only(&a->sc->policy, a->room->name) &&
           a->in.control != IC__CONTROL_AUTH && a->in.control != IC__CONTROL_WELCOME;
}

static ic__sc_drop needs_author(ic__sc_arrival *a)
{
    const char *owner = ic__policy_owner(&a->sc->policy, a->room->name);
    bool by_owner = owner && strcmp(owner, a->in.author) == 0;

    if (only_owner_writes(a) && (!by_owner || !a->in.has_signature))
        return IC__SC_DROP_OWNER;
    if (!a->in.has_signature)
        return IC__SC_PASSED;
    if (!a->checked)
        a->is_signed = ic__incoming_verify(&a->in);
    if (a->is_signed)
        return IC__SC_PASSED;
    return only_owner_writes(a) ? IC__SC_DROP_BAD_OWNER : IC__SC_DROP_SIGNATURE;
}

static ic__sc_drop needs_date(ic__sc_arrival *a)
{
    const ic__policy *policy = &a->sc->policy;
    double age_ms = (double)a->wall_ms - ic__json_number(member(a, "ts"));

    if (!a->is_signed || !settings_of(a)->max_age_ms ||
        (!ic__policy_owner_only(policy, a->room->name) &&
         !ic__policy_invite_required(policy, a->room->name)))
        return IC__SC_PASSED;
    return age_ms <= settings_of(a)->max_age_ms &&
                   age_ms >= -(double)settings_of(a)->max_ahead_ms
               ? IC__SC_PASSED
               : IC__SC_DROP_STALE;
}

/* The first welcome that it brings, NULL when none. */
static const ic__json *brought_welcome(const ic__sc_arrival *a)
{
    const ic__json *places[] = {
        ic__json_get(a->in.message, "welcome"),
        member(a, "welcome"),
        ic__json_get(member(a, "invite"), "welcome"),
        ic__json_get(ic__json_get(a->in.message, "invite"), "welcome"),
    };

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (ic__json_truthy(places[i]))
            return places[i];
    }
    return NULL;
}

static ic__sc_drop needs_welcome(ic__sc_arrival *a)
{
    const ic__json *welcome = brought_welcome(a);
    const ic__policy *policy = &a->sc->policy;
    int error = IC_ERR_DENIED;

    if (ic__json_is(welcome, IC__JSON_OBJECT))
        error = ic__welcome_verify(welcome, policy, a->room->name);
    if (!error)
        error = ic__sidechannel_keep_welcome(a->room, welcome);
    if (error == IC_ERR_NOMEM)
        return IC__SC_DROP_MEMORY;
    if (error && a->in.control == IC__CONTROL_WELCOME)
        return error == IC_ERR_AUTH ? IC__SC_DROP_BAD_WELCOME : IC__SC_DROP_WELCOME;
    if (!ic__policy_welcome_required(policy, a->room->name) || a->room->welcome ||
        ic__policy_owner_is_self(policy, a->room->name))
        return IC__SC_PASSED;
    return IC__SC_DROP_UNWELCOMED;
}

/* The last gate: only what passed all others is remembered. */
static ic__sc_drop needs_memory(ic__sc_arrival *a)
{
    ic__seen *seen = ic__sc_seen_for(a->sc, a->room->name);

    return ic__seen_add(seen, a->hash, a->now) ? IC__SC_DROP_MEMORY : IC__SC_PASSED;
}

static bool is_strike(ic__sc_drop drop)
{
    return drop == IC__SC_DROP_NOT_JSON || drop == IC__SC_DROP_BAD_INVITE ||
           drop == IC__SC_DROP_BAD_WORK || drop == IC__SC_DROP_BAD_OWNER ||
           drop == IC__SC_DROP_BAD_WELCOME;
}

static void note_block(ic__sidechannel *sc, ic__remote *remote, uint64_t now)
{
    if (!ic__limiter_blocked(&remote->limiter, now))
        return;
    remote->blocked_bytes = 0;
    sc->stats.blocks++;
}

static void strike(ic__sc_arrival *a)
{
    ic__limiter_strike(&a->remote->limiter, settings_of(a), a->now);
    a->sc->stats.strikes++;
    note_block(a->sc, a->remote, a->now);
}

static bool pass(ic__sc_arrival *a, const gate *gates, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ic__sc_drop drop = gates[i](a);
        if (drop == IC__SC_PASSED)
            continue;
        ic__sc_dropped(a->sc, a->remote, a->room->name, drop, a->now);
        if (is_strike(drop))
            strike(a);
        return false;
    }
    return true;
}

/* ---- what comes of it ---- */

static void hand_on(ic__sc_arrival *a)
{
    ic__sidechannel *sc = a->sc;
    const ic__policy_options *s = settings_of(a);
    uint32_t ttl = ic__incoming_ttl(&a->in, s->ttl);
    size_t count = s->relay && ttl ? ic__sc_audience(sc, a->room, a->port->link) : 0;
    ic__buf json = {0};

    if (!count)
        return;
    if (!ic__bucket_take(&a->remote->relay, s->relay_bytes_per_s, s->relay_burst_bytes,
                         (uint64_t)a->bytes * count, a->now)) {
        ic__sc_dropped(sc, a->remote, a->room->name, IC__SC_DROP_RELAY_RATE, a->now);
        return;
    }
    ic__incoming_relay(&json, &a->in, ttl - 1, ic__sidechannel_self(sc));
    sc->stats.relayed += ic__sc_broadcast(sc, a->room, &json, a->port->link);
    ic__buf_free(&json);
}

static void deliver(ic__sc_arrival *a)
{
    ic__sc_tell(a->sc, IC__SC_MESSAGE, a->room->name, a->remote->key, a->in.envelope,
                a->is_signed);
    a->in.envelope = NULL; /* it is theirs */
}

static void act(ic__sc_arrival *a)
{
    bool asks = a->in.control == IC__CONTROL_OPEN && settings_of(a)->allow_remote_open &&
                ic__json_is(ic__json_get(a->in.message, "channel"), IC__JSON_TEXT);

    if (asks) {
        if (ic__sc_requested(a))
            hand_on(a);
        return;
    }
    if (a->in.control == IC__CONTROL_AUTH)
        return;
    if (a->in.control != IC__CONTROL_WELCOME)
        hand_on(a);
    deliver(a);
}

/* While it stood in line, a copy may have been judged, or the channel been closed. */
void ic__sc_judge(ic__sc_arrival *a)
{
    static const gate gates[] = {needs_news, needs_author, needs_date, needs_welcome,
                                 needs_memory};

    if (pass(a, gates, sizeof gates / sizeof gates[0]))
        act(a);
    ic__incoming_free(&a->in);
}

/* ---- bytes ---- */

static void flood(ic__sc_port *port, size_t bytes)
{
    ic__sidechannel *sc = port->link->sc;
    ic__remote *remote = port->link->remote;

    remote->blocked_bytes += bytes;
    if (remote->blocked_bytes <= sc->limits.max_blocked_bytes || port->link->flooding)
        return;
    port->link->flooding = true;
    ic__queue_push(&sc->floods, &port->link->in_floods);
}

/* May so many bytes pass? */
static bool pay(ic__sc_port *port, size_t bytes, uint64_t now)
{
    ic__sidechannel *sc = port->link->sc;
    ic__remote *remote = port->link->remote;
    ic__sc_drop drop = IC__SC_DROP_RATE;

    if (ic__limiter_blocked(&remote->limiter, now)) {
        drop = IC__SC_DROP_BLOCKED;
        flood(port, bytes);
    } else if (ic__limiter_take(&remote->limiter, &sc->policy.settings, bytes, now)) {
        return true;
    } else {
        sc->stats.strikes++;
        note_block(sc, remote, now);
    }
    ic__sc_dropped(sc, remote, port->room->name, drop, now);
    return false;
}

/* Bytes without the length that stands before the text. */
static size_t weigh(const uint8_t *data, size_t len)
{
    ic__rd r = ic__rd_of(data, len);

    (void)ic__rd_uint(&r);
    return r.left;
}

static void unreadable(ic__sc_arrival *a, int error)
{
    ic__sc_drop drop = error == IC_ERR_PROTO   ? IC__SC_DROP_NOT_JSON
                       : error == IC_ERR_LIMIT ? IC__SC_DROP_TOO_MUCH
                                               : IC__SC_DROP_MEMORY;

    ic__sc_dropped(a->sc, a->remote, a->room->name, drop, a->now);
    if (!is_strike(drop))
        return;
    strike(a);
    ic__sc_port_fail(a->port);
}

void ic__sc_port_message(ic__sc_port *port, uint64_t type, const uint8_t *data,
                         size_t len, uint64_t now)
{
    static const gate gates[] = {needs_shape, needs_invite, needs_news, needs_work};
    ic__sc_arrival a = {
        .sc = port->link->sc,
        .port = port,
        .room = port->room,
        .remote = port->link->remote,
        .bytes = weigh(data, len),
        .now = now,
    };

    if (port->state != IC__SC_PORT_OPEN)
        return; /* it crossed our close */
    a.sc->stats.received++;
    a.sc->stats.received_bytes += len;
    if (!pay(port, a.bytes, now))
        return;
    if (type != 0) {
        ic__sc_dropped(a.sc, a.remote, a.room->name, IC__SC_DROP_TYPE, now);
        return;
    }
    a.wall_ms = ic__sidechannel_now_ms(a.sc);
    int error = ic__incoming_read(&a.in, data, len);
    if (error)
        unreadable(&a, error);
    else if (pass(&a, gates, sizeof gates / sizeof gates[0])) {
        ic__sc_line_join(&a);
        return;
    }
    ic__incoming_free(&a.in);
}
