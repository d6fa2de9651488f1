/* Side channels from the terminal (docs/spec/12-sidechannel.md, section 10). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "intercom/error.h"
#include "peer_expense.h"
#include "sidechannel/name.h"
#include "sidechannel/object.h"
#include "sidechannel/sidechannel.h"

#define CHANNEL "channel ch name"
#define INVITE "invite invite_b64 invitebase64"
#define WELCOME "welcome welcome_b64 welcomebase64"

#define JOIN_DENIED "Join denied (invite required or invalid)."
#define SEND_DENIED "Send denied (owner-only or invite required)."
#define OPEN_DENIED "Open request denied (invalid input or missing invite/welcome)."
#define TTL_MISSING                                                                      \
    "Invite TTL is required. Pass --ttl <sec> or set --sidechannel-invite-ttl."

static void say_usage(const peer_call *call)
{
    peer_say(call->reply, "Usage: %s", call->command->usage);
}

static void fail_error(const peer_call *call, int error)
{
    if (error == IC_ERR_INVALID)
        peer_fail(call->reply, "Invalid channel or key.");
    else
        peer_fail(call->reply, "%s", ic_strerror(error));
}

/* What may go along with a channel. */
typedef struct objects {
    ic__json *invite;
    ic__json *welcome;
} objects;

static void objects_free(objects *o)
{
    ic__json_free(o->invite);
    ic__json_free(o->welcome);
}

static bool read_object(const peer_call *call, const char *names, const char *what,
                        ic__json **out)
{
    const char *text = peer_line_any(call->line, names);

    if (!text)
        return true;
    int error = ic__object_parse(text, strlen(text), true, out);
    if (!error)
        return true;
    if (error == IC_ERR_IO)
        peer_fail(call->reply, "Cannot read the file of the %s.", what);
    else
        peer_fail(call->reply, "Invalid %s (expected JSON or base64).", what);
    return false;
}

/* What the line needs is there when `complete`; otherwise its usage is said. */
static bool read_objects(const peer_call *call, bool complete, objects *out)
{
    *out = (objects){0};
    if (!complete) {
        say_usage(call);
        return false;
    }
    if (read_object(call, INVITE, "invite", &out->invite) &&
        read_object(call, WELCOME, "welcome", &out->welcome))
        return true;
    objects_free(out);
    return false;
}

/* The name without white space around it, for an answer. */
static void say_channel(const peer_call *call, const char *before, const char *channel)
{
    size_t len;
    const char *name = ic__trim(channel, strlen(channel), &len);

    peer_say(call->reply, "%s%.*s", before, (int)len, name);
}

void peer_cmd_sc_join(const peer_call *call)
{
    const char *channel = peer_line_any(call->line, CHANNEL);
    objects o;

    if (!read_objects(call, channel != NULL, &o))
        return;
    int error = ic__sidechannel_join(call->app->channels, channel, o.invite, o.welcome);
    objects_free(&o);
    if (error == IC_ERR_DENIED)
        peer_say(call->reply, JOIN_DENIED);
    else if (error)
        fail_error(call, error);
    else
        say_channel(call, "Joined sidechannel: ", channel);
}

/* A text as a JSON value. */
static int json_of_text(const char *text, ic__json **out)
{
    ic__buf b = {0};

    ic__json_write_cstring(&b, text);
    int error = b.bad ? IC_ERR_NOMEM : ic__json_parse(b.data, b.len, out);
    ic__buf_free(&b);
    return error;
}

static int join_and_send(ic__sidechannel *sc, const char *channel, const char *text,
                         const objects *o)
{
    ic__json *message = NULL;

    int error = ic__sidechannel_join(sc, channel, o->invite, o->welcome);
    if (!error)
        error = json_of_text(text, &message);
    if (!error)
        error = ic__sidechannel_send(sc, channel, message, o->invite, o->welcome);
    ic__json_free(message);
    return error;
}

static void send_with(const peer_call *call, const char *channel, const char *text,
                      const objects *o)
{
    int error = join_and_send(call->app->channels, channel, text, o);

    if (error == IC_ERR_DENIED)
        peer_say(call->reply, SEND_DENIED);
    else if (error)
        fail_error(call, error);
}

void peer_channel_send(const peer_call *call, const char *channel, const char *text)
{
    send_with(call, channel, text, &(objects){.invite = NULL});
}

void peer_cmd_sc_send(const peer_call *call)
{
    const char *channel = peer_line_any(call->line, CHANNEL);
    const char *text = peer_line_any(call->line, "message msg");
    objects o;

    if (!read_objects(call, channel && text, &o))
        return;
    send_with(call, channel, text, &o);
    objects_free(&o);
}

void peer_cmd_sc_open(const peer_call *call)
{
    const char *channel = peer_line_any(call->line, CHANNEL);
    const char *via = peer_line_any(call->line, "via channel_via");
    objects o;

    if (!read_objects(call, channel != NULL, &o))
        return;
    int error =
        ic__sidechannel_open(call->app->channels, channel, via, o.invite, o.welcome);
    objects_free(&o);
    if (error == IC_ERR_DENIED)
        peer_say(call->reply, OPEN_DENIED);
    else if (error)
        fail_error(call, error);
    else
        say_channel(call, "Requested channel: ", channel);
}

/* Print an object that was made, in both of its text forms. */
static void say_object(const peer_call *call, int error, ic__buf *json, const char *label)
{
    ic__buf b64 = {0};

    ic__buf_text(&b64, label);
    if (!error && !json->bad)
        ic__object_base64(&b64, json->data, json->len);
    if (error) {
        fail_error(call, error);
    } else if (json->bad || b64.bad) {
        fail_error(call, IC_ERR_NOMEM);
    } else {
        call->reply->line(json->data, call->reply->user);
        call->reply->line(b64.data, call->reply->user);
    }
    ic__buf_free(&b64);
    ic__buf_free(json);
}

/* Seconds; 0 = not given. False when what was given is no time. */
static bool read_ttl(const peer_call *call, uint64_t *out)
{
    const char *text = peer_line_any(call->line, "ttl ttl_sec ttl_s");
    char *end;

    *out = 0;
    if (!text)
        return true;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (errno || end == text || *end || value < 0) {
        peer_fail(call->reply, "--ttl takes whole seconds, not '%.60s'", text);
        return false;
    }
    if (value == 0) {
        peer_say(call->reply, TTL_MISSING);
        return false;
    }
    *out = (uint64_t)value;
    return true;
}

void peer_cmd_sc_invite(const peer_call *call)
{
    const char *channel = peer_line_any(call->line, CHANNEL);
    const char *invitee = peer_line_any(call->line, "pubkey invitee peer key");
    ic__json *welcome = NULL;
    ic__buf json = {0};
    uint64_t ttl_s;

    if (!channel || !invitee) {
        say_usage(call);
        return;
    }
    if (!read_ttl(call, &ttl_s) || !read_object(call, WELCOME, "welcome", &welcome))
        return;
    int error = ic__sidechannel_invite(call->app->channels, channel, invitee, ttl_s,
                                       welcome, &json);
    ic__json_free(welcome);
    say_object(call, error, &json, "invite_b64: ");
}

void peer_cmd_sc_welcome(const peer_call *call)
{
    const char *channel = peer_line_any(call->line, CHANNEL);
    const char *text = peer_line_any(call->line, "text message msg");
    ic__buf json = {0};

    if (!channel || !text) {
        say_usage(call);
        return;
    }
    int error = ic__sidechannel_welcome(call->app->channels, channel, text, &json);
    say_object(call, error, &json, "welcome_b64: ");
}

void peer_cmd_sc_stats(const peer_call *call)
{
    const ic__sidechannel *sc = call->app->channels;
    ic__buf b = {0};
    const char *name;

    ic__buf_text(&b, "{\"channels\":[");
    for (size_t i = 0; (name = ic__sidechannel_channel(sc, i)) != NULL; i++) {
        if (i)
            ic__buf_char(&b, ',');
        ic__json_write_cstring(&b, name);
    }
    ic__buf_printf(&b, "],\"connectionCount\":%zu}",
                   ic__sidechannel_connection_count(sc));
    if (b.bad)
        fail_error(call, IC_ERR_NOMEM);
    else
        call->reply->line(b.data, call->reply->user);
    ic__buf_free(&b);
}
