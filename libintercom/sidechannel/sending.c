#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "sidechannel/envelope.h"
#include "sidechannel/state.h"

static bool may_write(const ic__sidechannel *sc, const char *name)
{
    return !ic__policy_owner_only(&sc->policy, name) ||
           ic__policy_owner_is_self(&sc->policy, name);
}

static int send_named(ic__sidechannel *sc, const char *name, const ic__json *message,
                      const ic__json *invite, const ic__json *welcome)
{
    ic__room *room;

    if (!may_write(sc, name))
        return IC_ERR_DENIED;
    int error = ic__sidechannel_learn(sc, name, invite, welcome);
    if (!error)
        error = ic__sidechannel_register(sc, name, &room);
    if (error)
        return error;
    ic__envelope e = {
        .channel = room->name,
        .from = ic__sidechannel_self(sc),
        .message = message,
        .ts_ms = ic__sidechannel_now_ms(sc),
        .ttl = sc->policy.settings.ttl,
        .invite = invite,
        .welcome = welcome,
    };
    return ic__sc_post(sc, room, &e, NULL);
}

int ic__sidechannel_send(ic__sidechannel *sc, const char *channel,
                         const ic__json *message, const ic__json *invite,
                         const ic__json *welcome)
{
    char *name;
    int error = ic__sidechannel_take_name(channel, &name);

    if (error)
        return error;
    error = send_named(sc, name, message, invite, welcome);
    ic_mem_free(name);
    return error;
}

/* The open port of a room on the connection with this peer. */
static const ic__sc_port *port_to(const ic__sidechannel *sc, ic__room *room,
                                  const char *remote)
{
    for (ic__link *at = room->ports.ends.next; at != &room->ports.ends; at = at->next) {
        const ic__sc_port *port = IC__ELEMENT(at, ic__sc_port, in_room);
        if (port->state == IC__SC_PORT_OPEN &&
            strcmp(port->link->remote->key, remote) == 0 &&
            ic__sidechannel_trusts(sc, room, remote))
            return port;
    }
    return NULL;
}

int ic__sidechannel_send_to(ic__sidechannel *sc, const char *channel, const char *remote,
                            const ic__json *message)
{
    ic__room *room = ic__sidechannel_room(sc, channel);
    const ic__sc_port *port = room ? port_to(sc, room, remote) : NULL;

    if (!port)
        return IC_ERR_NOT_FOUND;
    if (!may_write(sc, room->name))
        return IC_ERR_DENIED;
    ic__envelope e = {
        .channel = room->name,
        .from = ic__sidechannel_self(sc),
        .message = message,
        .ts_ms = ic__sidechannel_now_ms(sc),
        .ttl = 0,
    };
    return ic__sc_post(sc, room, &e, port->link);
}

bool ic__sidechannel_may_send(const ic__sidechannel *sc, const char *channel)
{
    char name[IC__CHANNEL_NAME_MAX + 1];

    ic__sidechannel_trim(channel, name);
    return name[0] && may_write(sc, name) && ic__sidechannel_admitted(sc, name);
}

/* {"control":"open_channel","channel":..,"invite"?:..,"welcome"?:..} as a tree */
static int open_request(const char *name, const ic__json *invite, const ic__json *welcome,
                        ic__json **out)
{
    ic__buf b = {0};

    if (!welcome)
        welcome = ic__json_get(invite, "welcome");
    ic__buf_text(&b, "{\"control\":\"open_channel\",\"channel\":");
    ic__json_write_cstring(&b, name);
    if (invite) {
        ic__buf_text(&b, ",\"invite\":");
        ic__json_write(&b, invite);
    }
    if (welcome) {
        ic__buf_text(&b, ",\"welcome\":");
        ic__json_write(&b, welcome);
    }
    ic__buf_char(&b, '}');
    int error = b.bad ? IC_ERR_NOMEM : ic__json_parse(b.data, b.len, out);
    ic__buf_free(&b);
    return error;
}

int ic__sidechannel_open(ic__sidechannel *sc, const char *channel, const char *via,
                         const ic__json *invite, const ic__json *welcome)
{
    ic__json *request = NULL;
    char *name;
    int error = ic__sidechannel_take_name(channel, &name);

    if (error)
        return error;
    error = ic__sidechannel_learn(sc, name, invite, welcome);
    if (!error)
        error = open_request(name, invite, welcome, &request);
    if (!error)
        error = ic__sidechannel_send(sc, via && *via ? via : sc->policy.entry_channel,
                                     request, NULL, NULL);
    ic__json_free(request);
    ic_mem_free(name);
    return error;
}
