#include "bridge/hub.h"

#include <string.h>

#include "base/env.h"
#include "base/text.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "intersplit/form.h"

#define FINGERPRINT_BYTES 16
#define SOME_ARE_SILENT 7 /* peers: others may have heard enough, of us too, to be so */

static char *copy_text(const char *text)
{
    ic__buf b = {0};

    ic__buf_text(&b, text);
    return ic__buf_take(&b);
}

/* A filter that every new session can use. */
static int read_filter(bridge_hub *hub, const char *text, ic__buf *why)
{
    bridge_filter probe;
    int error = bridge_filter_parse(text, strlen(text), &probe);

    if (error == IC_ERR_LIMIT) {
        ic__buf_printf(why, "the filter is longer than %d bytes", BRIDGE_FILTER_MAX);
        return IC_ERR_INVALID;
    }
    if (error)
        return error;
    bridge_filter_free(&probe);
    hub->filter = copy_text(text);
    return hub->filter ? 0 : IC_ERR_NOMEM;
}

int bridge_hub_new(const bridge_settings *settings, const bridge_host *host,
                   bridge_hub **out, ic__buf *why)
{
    if (!settings->token || !*settings->token) {
        ic__buf_text(why, "SC-Bridge requires --sc-bridge-token (auth is mandatory).");
        return IC_ERR_INVALID;
    }
    bridge_hub *hub = ic_mem_calloc(1, sizeof *hub);
    if (!hub)
        return IC_ERR_NOMEM;
    hub->settings = *settings;
    hub->host = *host;
    (void)crypto_hash_sha256(hub->token, (const uint8_t *)settings->token,
                             strlen(settings->token));
    int error = read_filter(hub, settings->filter ? settings->filter : "", why);
    if (!error)
        error = ic__list_split(settings->filter_channels, &hub->filter_channels);
    hub->settings.token = hub->settings.filter = hub->settings.filter_channels = NULL;
    if (error) {
        bridge_hub_free(hub);
        return error;
    }
    *out = hub;
    return 0;
}

void bridge_hub_free(bridge_hub *hub)
{
    if (!hub)
        return;
    sodium_memzero(hub->token, sizeof hub->token);
    ic_mem_free(hub->filter);
    ic__list_free(&hub->filter_channels);
    ic_mem_free(hub);
}

static bool filter_applies(const bridge_hub *hub, const char *channel)
{
    for (size_t i = 0; i < hub->filter_channels.count; i++) {
        if (strcmp(hub->filter_channels.items[i], channel) == 0)
            return true;
    }
    return hub->filter_channels.count == 0;
}

static bool somebody_filters(const bridge_hub *hub)
{
    for (const bridge_session *s = hub->first; s; s = s->next) {
        if (s->filter.count)
            return true;
    }
    return false;
}

/* What filters search: a text as it is, anything else as JSON. */
static void searched_text(ic__buf *b, const ic__json *body)
{
    ic__buf json = {0};
    size_t len;
    const char *text = ic__json_text(body, &len);

    if (!text) {
        ic__json_write(&json, body);
        text = json.data;
        len = json.len;
    }
    if (json.bad)
        b->bad = true;
    else
        bridge_lower(b, text, len);
    ic__buf_free(&json);
}

static void add_member(ic__buf *b, const char *name, const ic__json *value)
{
    ic__buf_text(b, ",\"");
    ic__buf_text(b, name);
    ic__buf_text(b, "\":");
    ic__json_write(b, value);
}

static const ic__json *not_null(const ic__json *v)
{
    return ic__json_type(v) > IC__JSON_NULL ? v : NULL;
}

static void write_message(const bridge_hub *hub, ic__buf *b, const char *channel,
                          const ic__json *envelope, const ic__json *body)
{
    const ic__json *sig = not_null(ic__json_get(envelope, "sig"));
    const ic__json *ts = not_null(ic__json_get(envelope, "ts"));

    ic__buf_text(b, "{\"type\":\"sidechannel_message\",\"channel\":");
    ic__json_write_cstring(b, channel);
    add_member(b, "id", ic__json_get(envelope, "id"));
    add_member(b, "from", ic__json_get(envelope, "from"));
    add_member(b, "origin", ic__json_get(envelope, "origin"));
    add_member(b, "sig", sig ? sig : ic__json_get(envelope, "signature"));
    add_member(b, "relayedBy", ic__json_get(envelope, "relayedBy"));
    add_member(b, "ttl", ic__json_get(envelope, "ttl"));
    if (ts)
        add_member(b, "ts", ts);
    else
        ic__buf_printf(b, ",\"ts\":%lld",
                       (long long)hub->host.env.wall_ms(hub->host.env.user));
    add_member(b, "message", body);
    ic__buf_char(b, '}');
}

/* Give a copy of `b` to the session. */
static void push_copy(bridge_session *s, const ic__buf *b)
{
    ic__buf copy = {.bad = b->bad};

    if (!b->bad)
        ic__buf_add(&copy, b->data, b->len);
    bridge_session_push(s, &copy);
}

void bridge_hub_message(bridge_hub *hub, const char *channel, const ic__json *envelope)
{
    const ic__json *body = not_null(ic__json_get(envelope, "message"));
    ic__buf text = {0};
    ic__buf event = {0};

    if (!hub->first)
        return;
    if (!body)
        body = envelope;
    bool filtered = filter_applies(hub, channel) && somebody_filters(hub);
    if (filtered)
        searched_text(&text, body);
    write_message(hub, &event, channel, envelope, body);
    for (bridge_session *s = hub->first; s; s = s->next) {
        if (s->authed && bridge_session_listens(s, channel) &&
            (!filtered || bridge_filter_matches(&s->filter, &text)))
            push_copy(s, &event);
    }
    ic__buf_free(&text);
    ic__buf_free(&event);
}

static const char *change_name(isplit_change_kind kind)
{
    switch (kind) {
    case ISPLIT_CHANGE_ADDED:
        return "added";
    case ISPLIT_CHANGE_CLEARED:
        return "cleared";
    case ISPLIT_CHANGE_RESTORED:
        return "restored";
    case ISPLIT_CHANGE_EDITED:
    case ISPLIT_CHANGE_SET:
        break;
    }
    return "changed";
}

static void write_change(ic__buf *b, const isplit_change *change)
{
    const isplit_entry *entry = change->entry;
    char *json = NULL;

    if (entry && isplit_form_entry_json(entry, &json) != 0)
        b->bad = true;
    ic__buf_text(b, "{\"type\":\"expense_event\",\"channel\":");
    ic__json_write_cstring(b, change->room);
    ic__buf_printf(b, ",\"event\":%s,\"author\":", json ? json : "null");
    ic__json_write_cstring(b, entry ? entry->author : NULL);
    ic__buf_printf(b, ",\"verified\":%s,\"change\":\"%s\"}",
                   entry && (entry->flags & ISPLIT_ENTRY_SIGNED) ? "true" : "false",
                   change_name(change->kind));
    ic_mem_free(json);
}

/* To all that listen to the room, but for `except` (may be NULL). */
static void push_to_room(bridge_hub *hub, const char *room, const ic__buf *event,
                         const bridge_session *except)
{
    for (bridge_session *s = hub->first; s; s = s->next) {
        if (s != except && s->authed && bridge_session_listens(s, room))
            push_copy(s, event);
    }
}

void bridge_hub_expense(bridge_hub *hub, const isplit_change *change)
{
    ic__buf event = {0};

    write_change(&event, change);
    push_to_room(hub, change->room, &event, hub->acting);
    ic__buf_free(&event);
}

void bridge_write_fingerprint(ic__buf *b, const isplit_state *state)
{
    uint8_t print[FINGERPRINT_BYTES];
    char hex[2 * FINGERPRINT_BYTES + 1];

    isplit_state_fingerprint(state, print);
    ic__hex_encode(hex, print, sizeof print);
    ic__buf_printf(b, ",\"fp\":\"%s\"", hex);
}

void bridge_write_company(const bridge_hub *hub, const char *room,
                          const isplit_state *state, ic__buf *b)
{
    const bridge_host *host = &hub->host;
    bridge_company company = {0};

    if (host->company)
        company = host->company(room, host->user);
    bridge_write_fingerprint(b, state);
    ic__buf_printf(b, ",\"peers\":%u,\"same\":%u", (unsigned)company.peers,
                   (unsigned)company.same);
    if (company.peers >= SOME_ARE_SILENT)
        ic__buf_text(b, ",\"atLeast\":true");
}

void bridge_hub_planned(bridge_hub *hub, const char *room, uint64_t now_ns)
{
    for (bridge_session *s = hub->first; s; s = s->next)
        (void)bridge_session_planned(s, room, now_ns);
}

void bridge_hub_company(bridge_hub *hub, const char *room)
{
    const isplit_state *state;
    ic__buf event = {0};

    if (!hub->first || isplit_book_state(hub->host.book, room, &state) != 0)
        return; /* who asks for the balance hears what is wrong */
    ic__buf_text(&event, "{\"type\":\"expense_peers\",\"channel\":");
    ic__json_write_cstring(&event, room);
    bridge_write_company(hub, room, state, &event);
    ic__buf_char(&event, '}');
    push_to_room(hub, room, &event, NULL);
    ic__buf_free(&event);
}
