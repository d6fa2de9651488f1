#include "sidechannel/sidechannel.h"

#include <string.h>

#include "base/env.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "sidechannel/envelope.h"
#include "sidechannel/invite.h"
#include "sidechannel/name.h"
#include "sidechannel/object.h"
#include "sidechannel/rooms.h"
#include "sidechannel/welcome.h"

#define ROOM "sidechannel"

struct ic__sidechannel {
    const ic_identity *identity;
    ic_env env;
    ic__policy policy;
    ic__rooms rooms;
    ic__sidechannel_network network;
    bool attached;
};

void ic__sidechannel_options_default(ic__sidechannel_options *options)
{
    *options = (ic__sidechannel_options){.max_channels = 256, .max_learned = 256};
    ic_env_system(&options->env);
    ic__policy_options_default(&options->policy);
}

static int64_t now_ms(const ic__sidechannel *sc)
{
    return sc->env.wall_ms(sc->env.user);
}

static const char *self_key(const ic__sidechannel *sc)
{
    return ic_identity_public_key_hex(sc->identity);
}

/* Keep `v` as text in *slot. */
static int keep_json(char **slot, const ic__json *v)
{
    ic__buf b = {0};

    ic__json_write(&b, v);
    char *text = ic__buf_take(&b);
    if (!text)
        return IC_ERR_NOMEM;
    ic_mem_free(*slot);
    *slot = text;
    return 0;
}

/* AUTH is for the caller to ignore: what does not verify is not learned. */
static int learn_welcome(ic__sidechannel *sc, const char *name, const ic__json *welcome)
{
    ic__room *room;

    if (!welcome)
        return IC_ERR_AUTH;
    int error = ic__welcome_verify(welcome, &sc->policy, name);
    if (!error)
        error = ic__rooms_get(&sc->rooms, name, false, &room);
    return error ? error : keep_json(&room->welcome, welcome);
}

static int learn_invite(ic__sidechannel *sc, const char *name, const ic__json *invite)
{
    ic__room *room;
    int64_t until;

    if (!invite)
        return IC_ERR_AUTH;
    int error =
        ic__invite_verify(invite, &sc->policy, name, self_key(sc), now_ms(sc), &until);
    if (!error)
        error = ic__rooms_get(&sc->rooms, name, false, &room);
    if (!error)
        error = keep_json(&room->invite, invite);
    if (!error)
        room->invited_until_ms = until;
    return error;
}

static int learn(ic__sidechannel *sc, const char *name, const ic__json *invite,
                 const ic__json *welcome)
{
    const int errors[] = {
        learn_invite(sc, name, invite),
        learn_welcome(sc, name, ic__json_get(invite, "welcome")),
        learn_welcome(sc, name, welcome),
    };

    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        if (errors[i] && errors[i] != IC_ERR_AUTH)
            return errors[i];
    }
    return 0;
}

static bool admitted(const ic__sidechannel *sc, const char *name)
{
    const ic__room *room = ic__rooms_find(&sc->rooms, name);

    return !ic__policy_invite_required(&sc->policy, name) ||
           ic__policy_is_inviter(&sc->policy, self_key(sc)) ||
           (room && room->invited_until_ms > now_ms(sc));
}

static bool may_write(const ic__sidechannel *sc, const char *name)
{
    return !ic__policy_owner_only(&sc->policy, name) ||
           ic__policy_owner_is_self(&sc->policy, name);
}

static int register_channel(ic__sidechannel *sc, const char *name, ic__room **out)
{
    ic__room *room = ic__rooms_find(&sc->rooms, name);

    if (room && room->registered) {
        *out = room;
        return 0;
    }
    if (!admitted(sc, name)) {
        ic__log(&sc->env, IC_LOG_INFO, ROOM,
                "[sidechannel:%s] join denied (invite required).", name);
        return IC_ERR_DENIED;
    }
    return ic__rooms_get(&sc->rooms, name, true, out);
}

static int join_named(ic__sidechannel *sc, const char *name)
{
    ic__room *room;
    int error = register_channel(sc, name, &room);

    if (error || room->joined)
        return error;
    room->joined = true;
    if (sc->network.joined)
        sc->network.joined(room->name, sc->network.user);
    return 0;
}

/* The name as typed, trimmed; to be freed. */
static int take_name(const char *channel, char **out)
{
    return ic__channel_name_new(channel ? channel : "", channel ? strlen(channel) : 0,
                                out);
}

int ic__sidechannel_join(ic__sidechannel *sc, const char *channel, const ic__json *invite,
                         const ic__json *welcome)
{
    char *name;
    int error = take_name(channel, &name);

    if (error)
        return error;
    error = learn(sc, name, invite, welcome);
    if (!error)
        error = join_named(sc, name);
    ic_mem_free(name);
    return error;
}

/* A name as typed, trimmed; "" when it is too long for a name. */
typedef struct short_name {
    char text[IC__CHANNEL_NAME_MAX + 1];
} short_name;

static short_name trimmed(const char *channel)
{
    short_name name = {""};
    size_t len = strlen(channel);

    channel = ic__trim(channel, len, &len);
    if (len < sizeof name.text)
        memcpy(name.text, channel, len);
    return name;
}

/* The room of a name as typed; NULL when nothing is known. */
static ic__room *find_room(const ic__sidechannel *sc, const char *channel)
{
    short_name name = trimmed(channel);

    return ic__rooms_find(&sc->rooms, name.text);
}

bool ic__sidechannel_leave(ic__sidechannel *sc, const char *channel)
{
    ic__room *room = find_room(sc, channel);

    if (!room || !room->registered || ic__policy_is_entry(&sc->policy, room->name))
        return false;
    if (room->joined && sc->network.left)
        sc->network.left(room->name, sc->network.user);
    ic__rooms_remove(&sc->rooms, room);
    return true;
}

static int hand_over(ic__sidechannel *sc, ic__envelope *e)
{
    ic__buf id = {0};
    ic__buf text = {0};
    int error = 0;

    ic__envelope_id(&id, e->from, e->ts_ms, &sc->env);
    e->id = id.data;
    if (!id.bad)
        ic__envelope_write(&text, e, sc->identity);
    if (id.bad || text.bad) {
        error = IC_ERR_NOMEM;
    } else if (text.len > sc->policy.settings.max_message_bytes) {
        ic__log(&sc->env, IC_LOG_INFO, ROOM,
                "[sidechannel:%s] message too large (%zu bytes > %u).", e->channel,
                text.len, (unsigned)sc->policy.settings.max_message_bytes);
        error = IC_ERR_DENIED;
    } else if (sc->network.send) {
        sc->network.send(e->channel, text.data, text.len, sc->network.user);
    }
    ic__buf_free(&id);
    ic__buf_free(&text);
    return error;
}

static int send_named(ic__sidechannel *sc, const char *name, const ic__json *message,
                      const ic__json *invite, const ic__json *welcome)
{
    ic__room *room;

    if (!may_write(sc, name))
        return IC_ERR_DENIED;
    int error = learn(sc, name, invite, welcome);
    if (!error)
        error = register_channel(sc, name, &room);
    if (error)
        return error;
    ic__envelope e = {
        .channel = room->name,
        .from = self_key(sc),
        .message = message,
        .ts_ms = now_ms(sc),
        .ttl = sc->policy.settings.ttl,
        .invite = invite,
        .welcome = welcome,
    };
    return hand_over(sc, &e);
}

int ic__sidechannel_send(ic__sidechannel *sc, const char *channel,
                         const ic__json *message, const ic__json *invite,
                         const ic__json *welcome)
{
    char *name;
    int error = take_name(channel, &name);

    if (error)
        return error;
    error = send_named(sc, name, message, invite, welcome);
    ic_mem_free(name);
    return error;
}

bool ic__sidechannel_may_send(const ic__sidechannel *sc, const char *channel)
{
    short_name name = trimmed(channel);

    return name.text[0] && may_write(sc, name.text) && admitted(sc, name.text);
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
    int error = take_name(channel, &name);

    if (error)
        return error;
    error = learn(sc, name, invite, welcome);
    if (!error)
        error = open_request(name, invite, welcome, &request);
    if (!error)
        error = ic__sidechannel_send(sc, via && *via ? via : sc->policy.entry_channel,
                                     request, NULL, NULL);
    ic__json_free(request);
    ic_mem_free(name);
    return error;
}

int ic__sidechannel_invite(ic__sidechannel *sc, const char *channel, const char *invitee,
                           uint64_t ttl_s, const ic__json *welcome, ic__buf *out)
{
    char key[IC__KEY_HEX + 1];
    ic__invite_terms terms = {
        .invitee = key, .issued_ms = now_ms(sc), .welcome = welcome};
    char *name;
    int error = take_name(channel, &name);

    if (error)
        return error;
    if (!ttl_s)
        ttl_s = sc->policy.settings.invite_ttl_s;
    if (!ttl_s || ttl_s > INT32_MAX * UINT64_C(100) || !invitee ||
        !ic__key_normalise(invitee, strlen(invitee), key)) {
        ic_mem_free(name);
        return IC_ERR_INVALID;
    }
    terms.channel = name;
    terms.expires_ms = terms.issued_ms + (int64_t)ttl_s * 1000;
    ic__base36_random(&sc->env, terms.nonce, IC__NONCE_CHARS);
    ic__invite_write(out, &terms, sc->identity);
    ic_mem_free(name);
    return out->bad ? IC_ERR_NOMEM : 0;
}

int ic__sidechannel_welcome(ic__sidechannel *sc, const char *channel, const char *text,
                            ic__buf *out)
{
    ic__buf b = {0};
    ic__json *welcome = NULL;
    char *name;
    int error = take_name(channel, &name);

    if (error)
        return error;
    ic__welcome_write(&b, name, text, now_ms(sc), sc->identity);
    error = b.bad ? IC_ERR_NOMEM : ic__json_parse(b.data, b.len, &welcome);
    if (!error)
        error = learn_welcome(sc, name, welcome);
    if (!error || error == IC_ERR_AUTH) {
        ic__buf_add(out, b.data, b.len);
        error = out->bad ? IC_ERR_NOMEM : 0;
    }
    ic__json_free(welcome);
    ic__buf_free(&b);
    ic_mem_free(name);
    return error;
}

const char *ic__sidechannel_kept_welcome(const ic__sidechannel *sc, const char *channel)
{
    const ic__room *room = find_room(sc, channel);

    return room ? room->welcome : NULL;
}

bool ic__sidechannel_welcomed(const ic__sidechannel *sc, const char *channel)
{
    short_name name = trimmed(channel);

    return ic__sidechannel_kept_welcome(sc, name.text) ||
           ic__policy_owner_is_self(&sc->policy, name.text);
}

bool ic__sidechannel_invited(const ic__sidechannel *sc, const char *channel)
{
    const ic__room *room = find_room(sc, channel);

    return room && room->invited_until_ms > now_ms(sc);
}

size_t ic__sidechannel_channel_count(const ic__sidechannel *sc)
{
    return sc->rooms.registered;
}

const char *ic__sidechannel_channel(const ic__sidechannel *sc, size_t index)
{
    const ic__room *room = ic__rooms_at(&sc->rooms, index);

    return room ? room->name : NULL;
}

const ic__policy *ic__sidechannel_policy(const ic__sidechannel *sc)
{
    return &sc->policy;
}

const char *ic__sidechannel_entry(const ic__sidechannel *sc)
{
    return sc->policy.entry_channel;
}

void ic__sidechannel_attach(ic__sidechannel *sc, const ic__sidechannel_network *network)
{
    sc->attached = network != NULL;
    sc->network = network ? *network : (ic__sidechannel_network){0};
}

size_t ic__sidechannel_connection_count(const ic__sidechannel *sc)
{
    return sc->network.connection_count ? sc->network.connection_count(sc->network.user)
                                        : 0;
}

bool ic__sidechannel_started(const ic__sidechannel *sc)
{
    return sc->attached;
}

static int take_welcome(ic__sidechannel *sc, const char *name, size_t name_len,
                        const char *value, size_t value_len, ic__buf *why)
{
    ic__json *welcome = NULL;
    char *channel;
    int error = ic__channel_name_new(name, name_len, &channel);

    if (error)
        return error;
    error = ic__object_parse(value, value_len, true, &welcome);
    if (error && error != IC_ERR_NOMEM)
        ic__buf_printf(why, "cannot read the welcome for channel \"%s\"", channel);
    if (!error)
        error = learn_welcome(sc, channel, welcome);
    if (error == IC_ERR_AUTH) {
        ic__log(&sc->env, IC_LOG_WARN, ROOM,
                "the welcome for channel \"%s\" is not by its configured owner", channel);
        error = 0;
    }
    ic__json_free(welcome);
    ic_mem_free(channel);
    return error == IC_ERR_PROTO ? IC_ERR_INVALID : error;
}

static int take_welcomes(ic__sidechannel *sc, const char *list, ic__buf *why)
{
    const char *name;
    const char *value;
    size_t name_len;
    size_t value_len;
    int error = 0;

    while (!error && ic__pair_next(&list, &name, &name_len, &value, &value_len)) {
        if (!value) {
            ic__buf_printf(why, "no welcome for channel \"%.*s\"",
                           (int)(name_len > 80 ? 80 : name_len), name);
            return IC_ERR_INVALID;
        }
        error = take_welcome(sc, name, name_len, value, value_len, why);
    }
    return error;
}

/* The entry channel and the configured ones; who is not invited is left out. */
static int join_configured(ic__sidechannel *sc, ic__buf *why)
{
    int error = join_named(sc, sc->policy.entry_channel);

    for (size_t i = 0; !error && i < sc->policy.channels.count; i++) {
        const char *channel = sc->policy.channels.items[i];
        error = ic__sidechannel_join(sc, channel, NULL, NULL);
        if (error == IC_ERR_DENIED)
            error = 0;
        if (error)
            ic__buf_printf(why, "cannot join channel \"%.80s\": %s", channel,
                           ic_strerror(error));
    }
    return error;
}

int ic__sidechannel_new(const ic__sidechannel_options *options, ic__sidechannel **out,
                        ic__buf *why)
{
    ic__sidechannel *sc = ic_mem_calloc(1, sizeof *sc);

    if (!sc)
        return IC_ERR_NOMEM;
    sc->identity = options->identity;
    sc->env = options->env;
    sc->rooms.max_registered = options->max_channels;
    sc->rooms.max_learned = options->max_learned;
    int error = ic__policy_init(&sc->policy, &options->policy, self_key(sc), why);
    if (!error)
        error = take_welcomes(sc, options->policy.welcomes, why);
    if (!error)
        error = join_configured(sc, why);
    if (error) {
        ic__sidechannel_free(sc);
        return error;
    }
    *out = sc;
    return 0;
}

void ic__sidechannel_free(ic__sidechannel *sc)
{
    if (!sc)
        return;
    ic__rooms_free(&sc->rooms);
    ic__policy_free(&sc->policy);
    ic_mem_free(sc);
}
