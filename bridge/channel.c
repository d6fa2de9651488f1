/* Requests about the peer and its channels: info, stats, send, join, leave, open, cli. */
#include <inttypes.h>
#include <string.h>

#include "bridge/hub.h"
#include "intercom/error.h"
#include "sidechannel/link.h"
#include "sidechannel/name.h"
#include "sidechannel/object.h"

void bridge_do_info(const bridge_request *r)
{
    const bridge_host *host = &r->session->hub->host;
    ic__buf b = {0};

    if (!host->info) {
        bridge_reply_error(r, "Info not available.");
        return;
    }
    ic__buf_text(&b, "\"type\":\"info\",\"info\":");
    host->info(&b, host->user);
    bridge_reply(r, &b);
    ic__buf_free(&b);
}

/* The side channel, or an error for the client. */
static ic__sidechannel *need_sidechannel(const bridge_request *r)
{
    ic__sidechannel *sc = r->session->hub->host.sidechannel;

    if (!sc)
        bridge_reply_error(r, "Sidechannel not ready.");
    return sc;
}

static void write_sync_counters(ic__buf *b, const bridge_host *host)
{
    isplit_bind_stats s;

    if (!host->sync || !host->sync(&s, host->user))
        return;
    ic__buf_printf(
        b,
        ",\"ledger\":{\"received\":%" PRIu64 ",\"sent\":%" PRIu64
        ",\"sentBytes\":%" PRIu64 ",\"newEvents\":%" PRIu64 ",\"knownEvents\":%" PRIu64
        ",\"rounds\":%" PRIu64 ",\"forked\":%" PRIu64 ",\"dropped\":{\"bad\":%" PRIu64
        ",\"limit\":%" PRIu64 ",\"full\":%" PRIu64 "}}",
        s.received_count, s.sent_count, s.sent_bytes, s.new_events, s.known_events,
        s.rounds, s.forked, s.dropped_bad, s.dropped_limit, s.dropped_full);
}

/* Counts since the start: a member each, and one for each reason to drop a message. */
static void write_counters(ic__buf *b, const bridge_host *host)
{
    static const char *const names[] = {
#define DROP_NAME(name, member, text) #member,
        IC__SC_DROP_MAP(DROP_NAME)
#undef DROP_NAME
    };
    const ic__sidechannel_stats s = ic__sidechannel_get_stats(host->sidechannel);

    ic__buf_printf(b,
                   ",\"counters\":{\"received\":%" PRIu64 ",\"receivedBytes\":%" PRIu64
                   ",\"delivered\":%" PRIu64 ",\"sent\":%" PRIu64 ",\"relayed\":%" PRIu64
                   ",\"strikes\":%" PRIu64 ",\"blocks\":%" PRIu64 ",\"works\":%" PRIu64
                   ",\"dropped\":{",
                   s.received, s.received_bytes, s.delivered, s.sent, s.relayed,
                   s.strikes, s.blocks, s.works);
    for (size_t i = 0; i < IC__SC_DROP_COUNT; i++)
        ic__buf_printf(b, "%s\"%s\":%" PRIu64, i ? "," : "", names[i], s.drops[i]);
    ic__buf_char(b, '}');
    write_sync_counters(b, host);
    ic__buf_char(b, '}');
}

void bridge_do_stats(const bridge_request *r)
{
    const ic__sidechannel *sc = need_sidechannel(r);
    ic__buf b = {0};

    if (!sc)
        return;
    ic__buf_text(&b, "\"type\":\"stats\",\"channels\":[");
    for (size_t i = 0; i < ic__sidechannel_channel_count(sc); i++) {
        if (i)
            ic__buf_char(&b, ',');
        ic__json_write_cstring(&b, ic__sidechannel_channel(sc, i));
    }
    ic__buf_printf(&b, "],\"connectionCount\":%zu,\"sidechannelStarted\":%s",
                   ic__sidechannel_connection_count(sc),
                   ic__sidechannel_started(sc) ? "true" : "false");
    if (ic__json_bool(ic__json_get(r->message, "counters"), false))
        write_counters(&b, &r->session->hub->host);
    bridge_reply(r, &b);
    ic__buf_free(&b);
}

/* What send, join and open have in common. */
typedef struct target {
    ic__sidechannel *sidechannel;
    ic__buf channel;
    const ic__json *invite;
    const ic__json *welcome;
    ic__json *parsed_invite; /* when it came as a text */
    ic__json *parsed_welcome;
} target;

static void target_free(target *t)
{
    ic__buf_free(&t->channel);
    ic__json_free(t->parsed_invite);
    ic__json_free(t->parsed_welcome);
}

/* An object, or a text that stands for one. */
static bool read_object(const ic__json *v, const ic__json **out, ic__json **parsed)
{
    size_t len;
    const char *text = ic__json_text(v, &len);

    *out = NULL;
    if (!ic__json_truthy(v))
        return true;
    if (ic__json_is(v, IC__JSON_OBJECT)) {
        *out = v;
        return true;
    }
    if (!text || ic__object_parse(text, len, false, parsed) != 0)
        return false;
    *out = *parsed;
    return true;
}

static bool read_channel(const bridge_request *r, target *t)
{
    *t = (target){.sidechannel = need_sidechannel(r)};
    if (!t->sidechannel)
        return false;
    if (bridge_member_text(r->message, "channel", &t->channel) && t->channel.len)
        return true;
    if (t->channel.bad)
        bridge_session_close(r->session, BRIDGE_CLOSE_INTERNAL, "out of memory");
    else
        bridge_reply_error(r, "Missing channel.");
    return false;
}

static bool read_target(const bridge_request *r, target *t)
{
    if (!read_channel(r, t))
        return false;
    if (!read_object(ic__json_get(r->message, "invite"), &t->invite, &t->parsed_invite)) {
        bridge_reply_error(r, "Invalid invite (expected JSON or base64).");
        return false;
    }
    if (!read_object(ic__json_get(r->message, "welcome"), &t->welcome,
                     &t->parsed_welcome)) {
        bridge_reply_error(r, "Invalid welcome (expected JSON or base64).");
        return false;
    }
    return true;
}

/* {"type":<type>,"channel":<channel> */
static void begin(ic__buf *b, const char *type, const target *t)
{
    ic__buf_printf(b, "\"type\":\"%s\",\"channel\":", type);
    ic__json_write_cstring(b, t->channel.data);
}

void bridge_write_send_error(ic__buf *b, int error)
{
    if (error == IC_ERR_DENIED)
        ic__buf_text(b, "Send denied (invite required or invalid).");
    else if (error == IC_ERR_AGAIN)
        ic__buf_text(b, "Send queue full (proof of work): try again in a second.");
    else
        ic__buf_printf(b, "Send failed: %s", ic_strerror(error));
}

static void reply_send_error(const bridge_request *r, int error)
{
    ic__buf text = {0};

    bridge_write_send_error(&text, error);
    if (text.bad)
        bridge_session_close(r->session, BRIDGE_CLOSE_INTERNAL, "out of memory");
    else
        bridge_reply_error(r, "%s", text.data);
    ic__buf_free(&text);
}

void bridge_do_send(const bridge_request *r)
{
    ic__buf b = {0};
    target t;

    if (read_target(r, &t)) {
        int error = ic__sidechannel_send(t.sidechannel, t.channel.data,
                                         ic__json_get(r->message, "message"), t.invite,
                                         t.welcome);
        begin(&b, "sent", &t);
        if (error)
            reply_send_error(r, error);
        else
            bridge_reply(r, &b);
    }
    ic__buf_free(&b);
    target_free(&t);
}

void bridge_do_join(const bridge_request *r)
{
    ic__buf b = {0};
    target t;

    if (read_target(r, &t)) {
        int error =
            ic__sidechannel_join(t.sidechannel, t.channel.data, t.invite, t.welcome);
        begin(&b, "joined", &t);
        if (error == IC_ERR_DENIED)
            bridge_reply_error(r, "Join denied (invite required or invalid).");
        else if (error)
            bridge_reply_error(r, "Join failed: %s", ic_strerror(error));
        else
            bridge_reply(r, &b);
    }
    ic__buf_free(&b);
    target_free(&t);
}

void bridge_do_leave(const bridge_request *r)
{
    ic__buf b = {0};
    target t;

    if (read_channel(r, &t)) {
        bool left = ic__sidechannel_leave(t.sidechannel, t.channel.data);
        bridge_session_unsubscribe(r->session, t.channel.data);
        begin(&b, "left", &t);
        ic__buf_printf(&b, ",\"ok\":%s", left ? "true" : "false");
        bridge_reply(r, &b);
    }
    ic__buf_free(&b);
    target_free(&t);
}

static void open_target(const bridge_request *r, const target *t)
{
    ic__buf b = {0};
    ic__buf via = {0};
    int error = IC_ERR_INVALID;

    if (bridge_member_text(r->message, "via", &via))
        error = ic__sidechannel_open(t->sidechannel, t->channel.data, via.data, t->invite,
                                     t->welcome);
    begin(&b, "open_requested", t);
    ic__buf_text(&b, ",\"via\":");
    ic__json_write_cstring(&b, via.len ? via.data : NULL);
    if (error == IC_ERR_AGAIN)
        reply_send_error(r, error);
    else if (error)
        bridge_reply_error(
            r, "Open request denied (invalid input or missing invite/welcome).");
    else
        bridge_reply(r, &b);
    ic__buf_free(&b);
    ic__buf_free(&via);
}

void bridge_do_open(const bridge_request *r)
{
    target t;

    if (read_target(r, &t))
        open_target(r, &t);
    target_free(&t);
}

/* Would the command print the secret key? */
static bool shows_keys(const char *command)
{
    return strncmp(command, "/get_keys", strlen("/get_keys")) == 0;
}

static void reply_output(const bridge_request *r, const char *command,
                         const bridge_output *out)
{
    bool too_long = out->lines.bad;
    bool failed = out->failed || too_long;
    ic__buf b = {.bad = out->error.bad || out->result.bad || out->waits_for.bad};

    ic__buf_text(&b, "\"type\":\"cli_result\",\"command\":");
    ic__json_write_cstring(&b, command);
    ic__buf_printf(&b, ",\"ok\":%s,\"output\":[", failed ? "false" : "true");
    if (out->lines.len && !too_long)
        ic__buf_add(&b, out->lines.data, out->lines.len);
    ic__buf_text(&b, "],\"error\":");
    if (too_long)
        ic__json_write_cstring(&b, "The output is too long.");
    else
        ic__json_write_cstring(&b, failed ? out->error.data : NULL);
    if (failed)
        ic__buf_text(&b, ",\"result\":null");
    else if (out->result.len)
        ic__buf_printf(&b, ",\"result\":%s", out->result.data);
    bridge_reply(r, &b);
    ic__buf_free(&b);
}

static void run_command(const bridge_request *r, const char *command)
{
    bridge_hub *hub = r->session->hub;
    bridge_output out = {0};

    hub->acting = NULL; /* as at the terminal: everybody hears of changes */
    if (shows_keys(command) && !hub->settings.cli_keys)
        bridge_output_fail(&out, "/get_keys is refused over the bridge.");
    else
        hub->host.cli(command, &out, hub->host.user);
    if (out.waits_for.len)
        bridge_wait(r, out.waits_for.data);
    else
        reply_output(r, command, &out);
    ic__buf_free(&out.waits_for);
    ic__buf_free(&out.lines);
    ic__buf_free(&out.error);
    ic__buf_free(&out.result);
}

void bridge_do_cli(const bridge_request *r)
{
    const bridge_hub *hub = r->session->hub;
    const char *text = ic__json_cstring(ic__json_get(r->message, "command"));
    ic__buf command = {0};
    size_t len = 0;

    if (!hub->settings.cli || !hub->host.cli) {
        bridge_reply_error(r, "CLI over WS is disabled.");
        return;
    }
    if (text)
        text = ic__trim(text, strlen(text), &len);
    ic__buf_add(&command, text, len);
    if (!len)
        bridge_reply_error(r, "Missing command.");
    else if (!command.bad)
        run_command(r, command.data);
    else
        bridge_session_close(r->session, BRIDGE_CLOSE_INTERNAL, "out of memory");
    ic__buf_free(&command);
}
