#include "sidechannel/sidechannel.h"

#include <string.h>

#include "base/env.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "sidechannel/object.h"
#include "sidechannel/state.h"

void ic__sidechannel_options_default(ic__sidechannel_options *options)
{
    *options = (ic__sidechannel_options){
        .max_channels = 256,
        .max_learned = 256,
        .max_guests = 256,
        .max_joined_on_request = 32,
        .max_links = 1024,
        .max_gone = 256,
        .max_queued_bytes = UINT32_C(4) << 20,
        .max_blocked_bytes = UINT32_C(16) << 20,
        .max_drafts = 256,
        .max_draft_bytes = UINT32_C(8) << 20,
        .max_seen = 5000,
        .seen_ms = 120000,
        .max_line_bytes = UINT32_C(1) << 20,
    };
    ic_env_system(&options->env);
    ic__policy_options_default(&options->policy);
}

int ic__sidechannel_take_name(const char *channel, char **out)
{
    return ic__channel_name_new(channel ? channel : "", channel ? strlen(channel) : 0,
                                out);
}

int ic__sidechannel_register(ic__sidechannel *sc, const char *name, ic__room **out)
{
    ic__room *room = ic__rooms_find(&sc->rooms, name);

    if (room && room->registered) {
        *out = room;
        return 0;
    }
    if (!ic__sidechannel_admitted(sc, name)) {
        ic__log(&sc->env, IC_LOG_INFO, IC__SIDECHANNEL_LOG,
                "[sidechannel:%s] join denied (invite required).", name);
        return IC_ERR_DENIED;
    }
    int error = ic__rooms_get(&sc->rooms, name, true, &room);
    if (error)
        return error;
    error = ic__sc_room_open(sc, room);
    if (error) {
        ic__rooms_unregister(&sc->rooms, room);
        return error;
    }
    *out = room;
    return 0;
}

static int join_named(ic__sidechannel *sc, const char *name)
{
    ic__room *room;
    int error = ic__sidechannel_register(sc, name, &room);

    if (error || room->joined)
        return error;
    room->joined = true;
    sc->topics_changed = true;
    return 0;
}

int ic__sidechannel_join(ic__sidechannel *sc, const char *channel, const ic__json *invite,
                         const ic__json *welcome)
{
    char *name;
    int error = ic__sidechannel_take_name(channel, &name);

    if (error)
        return error;
    error = ic__sidechannel_learn(sc, name, invite, welcome);
    if (!error)
        error = join_named(sc, name);
    ic_mem_free(name);
    return error;
}

bool ic__sidechannel_leave(ic__sidechannel *sc, const char *channel)
{
    ic__room *room = ic__sidechannel_room(sc, channel);

    if (!room || !room->registered || ic__policy_is_entry(&sc->policy, room->name))
        return false;
    sc->joined_on_request -= room->on_request;
    ic__rooms_take(&sc->rooms, room);
    ic__sc_room_close(sc, room);
    return true;
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

size_t ic__sidechannel_connection_count(const ic__sidechannel *sc)
{
    return sc->links.count;
}

bool ic__sidechannel_started(const ic__sidechannel *sc)
{
    return sc->started;
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
        error = ic__sidechannel_learn_welcome(sc, channel, welcome);
    if (error == IC_ERR_AUTH) {
        ic__log(&sc->env, IC_LOG_WARN, IC__SIDECHANNEL_LOG,
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

static void set_up(ic__sidechannel *sc, const ic__sidechannel_options *options)
{
    uint64_t owner_life_ms =
        (uint64_t)options->policy.max_age_ms + options->policy.max_ahead_ms;

    sc->identity = options->identity;
    sc->env = options->env;
    sc->limits = *options;
    sc->rooms.max_registered = options->max_channels;
    sc->rooms.max_learned = options->max_learned;
    ic__queue_init(&sc->links);
    ic__queue_init(&sc->busy);
    ic__queue_init(&sc->floods);
    ic__queue_init(&sc->gone);
    ic__queue_init(&sc->starting);
    ic__queue_init(&sc->line);
    ic__queue_init(&sc->checks);
    ic__queue_init(&sc->news);
    ic__remotes_init(&sc->remotes);
    sc->env.random(sc->seen_key, sizeof sc->seen_key, sc->env.user);
    ic__seen_init(&sc->seen, options->max_seen, options->seen_ms * IC__MS);
    if (owner_life_ms < options->seen_ms)
        owner_life_ms = options->seen_ms;
    ic__seen_init(&sc->seen_of_owners, options->max_seen, owner_life_ms * IC__MS);
}

int ic__sidechannel_new(const ic__sidechannel_options *options, ic__sidechannel **out,
                        ic__buf *why)
{
    ic__sidechannel *sc = ic_mem_calloc(1, sizeof *sc);

    if (!sc)
        return IC_ERR_NOMEM;
    set_up(sc, options);
    int error =
        ic__policy_init(&sc->policy, &options->policy, ic__sidechannel_self(sc), why);
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
    ic__sidechannel_stop(sc);
    ic__rooms_free(&sc->rooms);
    ic__remotes_free(&sc->remotes);
    ic__seen_free(&sc->seen);
    ic__seen_free(&sc->seen_of_owners);
    ic__timers_free(&sc->timers);
    ic__policy_free(&sc->policy);
    ic_mem_free(sc);
}
