#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/env.h"
#include "bridge/hub.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "sidechannel/name.h"

struct bridge_message {
    bridge_message *next;
    ic__buf text;
};

static void message_free(bridge_message *m)
{
    if (m)
        ic__buf_free(&m->text);
    ic_mem_free(m);
}

void bridge_session_close(bridge_session *s, int code, const char *reason)
{
    if (s->close_code)
        return;
    s->close_code = code;
    s->close_reason = reason;
}

void bridge_session_push(bridge_session *s, ic__buf *b)
{
    bridge_message *m = b->bad ? NULL : ic_mem_alloc(sizeof *m);

    if (!m) {
        bridge_session_close(s, BRIDGE_CLOSE_INTERNAL, "out of memory");
        ic__buf_free(b);
        return;
    }
    *m = (bridge_message){.text = *b};
    *b = (ic__buf){0};
    *s->queue_end = m;
    s->queue_end = &m->next;
}

const char *bridge_session_pull(bridge_session *s, size_t *len)
{
    message_free(s->pulled);
    s->pulled = NULL;
    if (!s->queue || s->held)
        return NULL;
    s->pulled = s->queue;
    s->queue = s->queue->next;
    if (!s->queue)
        s->queue_end = &s->queue;
    *len = s->pulled->text.len;
    return s->pulled->text.data;
}

static void say_hello(bridge_session *s)
{
    const bridge_hub *hub = s->hub;
    const bridge_host *host = &hub->host;
    ic__buf b = {0};

    ic__buf_text(&b, "{\"type\":\"hello\",\"peer\":");
    ic__json_write_cstring(&b, ic_identity_public_key_hex(host->identity));
    ic__buf_text(&b, ",\"address\":");
    ic__json_write_cstring(&b, ic_identity_address(host->identity));
    ic__buf_text(&b, ",\"entryChannel\":");
    ic__json_write_cstring(
        &b, host->sidechannel ? ic__sidechannel_entry(host->sidechannel) : NULL);
    ic__buf_text(&b, ",\"filter\":");
    ic__json_write_cstring(&b, hub->filter);
    ic__buf_text(&b, ",\"requiresAuth\":true}");
    bridge_session_push(s, &b);
}

int bridge_session_new(bridge_hub *hub, uint64_t now_ns, bridge_session **out)
{
    bridge_session *s = ic_mem_calloc(1, sizeof *s);

    if (!s)
        return IC_ERR_NOMEM;
    if (bridge_filter_parse(hub->filter, strlen(hub->filter), &s->filter) != 0) {
        ic_mem_free(s);
        return IC_ERR_NOMEM;
    }
    s->hub = hub;
    s->queue_end = &s->queue;
    s->auth_deadline = now_ns + hub->settings.auth_timeout_ns;
    s->next = hub->first;
    if (hub->first)
        hub->first->previous = s;
    hub->first = s;
    say_hello(s);
    *out = s;
    return 0;
}

void bridge_session_free(bridge_session *s)
{
    if (!s)
        return;
    if (s->previous)
        s->previous->next = s->next;
    else
        s->hub->first = s->next;
    if (s->next)
        s->next->previous = s->previous;
    while (s->queue) {
        bridge_message *m = s->queue;
        s->queue = m->next;
        message_free(m);
    }
    message_free(s->pulled);
    for (size_t i = 0; i < s->channel_count; i++)
        ic_mem_free(s->channels[i]);
    ic_mem_free(s->channels);
    bridge_session_leave(s);
    bridge_filter_free(&s->filter);
    ic_mem_free(s);
}

bool bridge_session_held(const bridge_session *s)
{
    return s->held;
}

uint64_t bridge_session_deadline(const bridge_session *s)
{
    if (s->held)
        return s->held_until;
    if (s->close_code)
        return IC__NEVER;
    if (!s->authed)
        return s->auth_deadline;
    return s->waiting ? s->progress_at : IC__NEVER;
}

void bridge_session_expire(bridge_session *s, uint64_t now_ns)
{
    if (s->held && now_ns >= s->held_until) {
        s->held = false;
        if (s->wrong_tokens >= s->hub->settings.max_wrong_tokens)
            bridge_session_close(s, BRIDGE_CLOSE_POLICY, "too many wrong tokens");
    }
    if (!s->authed && now_ns >= s->auth_deadline)
        bridge_session_close(s, BRIDGE_CLOSE_POLICY, "no auth in time");
    if (s->waiting && now_ns >= s->progress_at)
        bridge_session_progress(s, now_ns);
}

int bridge_session_close_code(const bridge_session *s, const char **reason)
{
    if (s->held || !s->close_code)
        return BRIDGE_OPEN;
    *reason = s->close_reason;
    return s->close_code;
}

static void push_answer(const bridge_request *r, const ic__buf *members)
{
    ic__buf b = {.bad = members->bad};

    ic__buf_char(&b, '{');
    if (r->has_id) {
        ic__buf_text(&b, "\"id\":");
        ic__json_write_number(&b, r->id);
        ic__buf_char(&b, ',');
    }
    if (!members->bad)
        ic__buf_add(&b, members->data, members->len);
    ic__buf_char(&b, '}');
    bridge_session_push(r->session, &b);
}

void bridge_reply_error(const bridge_request *r, const char *format, ...)
{
    char text[512];
    ic__buf b = {0};
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    ic__buf_text(&b, "\"type\":\"error\",\"error\":");
    ic__json_write_cstring(&b, text);
    push_answer(r, &b);
    ic__buf_free(&b);
}

/* Past the queue's limit the client would go without a word, come back and ask again. */
void bridge_reply(const bridge_request *r, const ic__buf *members)
{
    unsigned max = r->session->hub->settings.max_answer_bytes;

    if (members->len > max)
        bridge_reply_error(r, "The answer is too long (%u bytes at most).", max);
    else
        push_answer(r, members);
}

bool bridge_member_text(const ic__json *object, const char *name, ic__buf *out)
{
    const ic__json *v = ic__json_get(object, name);
    const char *text = ic__json_cstring(v);
    size_t len;

    ic__buf_text(out, "");
    if (!ic__json_truthy(v))
        return true;
    if (text) {
        text = ic__trim(text, strlen(text), &len);
        ic__buf_add(out, text, len);
        return true;
    }
    if (!ic__json_is(v, IC__JSON_NUMBER))
        return false;
    ic__json_write_number(out, ic__json_number(v));
    return true;
}

static void do_ping(const bridge_request *r)
{
    const ic_env *env = &r->session->hub->host.env;
    ic__buf b = {0};

    ic__buf_printf(&b, "\"type\":\"pong\",\"ts\":%lld",
                   (long long)env->wall_ms(env->user));
    bridge_reply(r, &b);
    ic__buf_free(&b);
}

typedef void (*answerer)(const bridge_request *r);

static answerer answerer_of(const char *type)
{
    static const struct {
        const char *type;
        answerer answer;
    } table[] = {
        {"ping", do_ping},
        {"info", bridge_do_info},
        {"stats", bridge_do_stats},
        {"set_filter", bridge_do_set_filter},
        {"clear_filter", bridge_do_clear_filter},
        {"subscribe", bridge_do_subscribe},
        {"unsubscribe", bridge_do_unsubscribe},
        {"send", bridge_do_send},
        {"join", bridge_do_join},
        {"leave", bridge_do_leave},
        {"open", bridge_do_open},
        {"cli", bridge_do_cli},
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(table[i].type, type) == 0)
            return table[i].answer;
    }
    return NULL;
}

static void reply_unknown(const bridge_request *r)
{
    const ic__json *type = ic__json_get(r->message, "type");
    ic__buf text = {0};

    if (type && !ic__json_cstring(type))
        ic__json_write(&text, type);
    else
        ic__buf_text(&text, type ? ic__json_cstring(type) : "undefined");
    if (text.bad)
        bridge_session_close(r->session, BRIDGE_CLOSE_INTERNAL, "out of memory");
    else
        bridge_reply_error(r, "Unknown type: %.200s", text.data);
    ic__buf_free(&text);
}

static void answer(const bridge_request *r)
{
    const char *type = ic__json_cstring(ic__json_get(r->message, "type"));
    answerer next = type ? answerer_of(type) : NULL;
    const bridge_hub *hub = r->session->hub;

    if (hub->settings.debug)
        ic__log(&hub->host.env, IC_LOG_INFO, "bridge", "[sc-bridge] %.40s%s",
                type ? type : "(no type)", r->session->authed ? "" : " before auth");
    if (type && strcmp(type, "auth") == 0)
        bridge_do_auth(r);
    else if (!r->session->authed)
        bridge_reply_error(r, "Unauthorized.");
    else if (next)
        next(r);
    else if (!type || !bridge_do_expense(r))
        reply_unknown(r);
}

static void read_id(bridge_request *r)
{
    r->id = ic__json_number(ic__json_get(r->message, "id"));
    r->has_id = isfinite(r->id) && floor(r->id) >= r->id;
}

int bridge_session_message(bridge_session *s, const void *data, size_t len,
                           uint64_t now_ns)
{
    bridge_request r = {.session = s, .data = data, .len = len, .now_ns = now_ns};
    ic__json *message = NULL;

    if (bridge_session_held(s))
        return IC_ERR_AGAIN;
    if (s->close_code)
        return 0;
    int error = ic__json_parse(data, len, &message);
    r.message = message;
    read_id(&r);
    s->hub->acting = s;
    if (error == IC_ERR_NOMEM)
        bridge_session_close(s, BRIDGE_CLOSE_INTERNAL, "out of memory");
    else if (error)
        bridge_reply_error(&r, "Invalid JSON.");
    else if (ic__json_type(message) < IC__JSON_ARRAY)
        bridge_reply_error(&r, "Invalid message.");
    else
        answer(&r);
    s->hub->acting = NULL;
    ic__json_free(message);
    return 0;
}
