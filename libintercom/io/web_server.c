#include <string.h>
#include <time.h>

#include "base/env.h"
#include "intercom/error.h"
#include "io/web.h"

static const char security_fields[] =
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self' ws: wss:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'\r\n";

static const char plain_text[] = "text/plain; charset=utf-8";

static const char *reason_of(unsigned status)
{
    static const struct {
        unsigned status;
        const char *reason;
    } reasons[] = {
        {101, "Web Socket Protocol Handshake"},
        {200, "OK"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {413, "Content Too Large"},
        {426, "Upgrade Required"},
        {431, "Request Header Fields Too Large"},
        {503, "Service Unavailable"},
    };

    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        if (reasons[i].status == status)
            return reasons[i].reason;
    }
    return "Unknown";
}

static void add_date(ic__web *w)
{
    char text[64];
    struct tm parts;
    time_t now = (time_t)(w->env->wall_ms(w->env->user) / 1000);

    /* The C locale is the only one that our programs ever set for time. */
    if (gmtime_r(&now, &parts) &&
        strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts))
        ic__buf_printf(&w->out, "Date: %s\r\n", text);
}

static void add_cookie(ic__web *w)
{
    const ic__web_policy *policy = &w->site->policy;

    ic__buf_printf(&w->out,
                   "Set-Cookie: " IC__WEB_COOKIE_NAME
                   "=%s; Path=/; HttpOnly; SameSite=Strict%s\r\n",
                   policy->cookie, policy->secure ? "; Secure" : "");
}

/* The first line and the fields that every answer has. */
static void begin(ic__web *w, unsigned status)
{
    w->status = status;
    ic__buf_reset(&w->out);
    w->out_at = 0;
    ic__buf_printf(&w->out, "HTTP/1.1 %u %s\r\n", status, reason_of(status));
    add_date(w);
    ic__buf_text(&w->out, security_fields);
    if (w->give_cookie)
        add_cookie(w);
}

/* The empty line and the body; `body` stays where it is until it has left. */
static void finish(ic__web *w, const char *type, const uint8_t *body, size_t len,
                   uint64_t now)
{
    if (type)
        ic__buf_printf(&w->out, "Content-Type: %s\r\n", type);
    if (w->status != 304)
        ic__buf_printf(&w->out, "Content-Length: %zu\r\n", len);
    ic__buf_printf(&w->out, "Connection: %s\r\n\r\n",
                   w->keep_alive ? "keep-alive" : "close");
    if (w->out.bad) {
        ic__web_abort(w, IC__WS_INTERNAL);
        return;
    }
    w->body = body;
    w->body_left = w->without_body || w->status == 304 ? 0 : len;
    w->state = IC__WEB_REPLY;
    w->deadline = now + w->limits->handshake_timeout_ns;
}

/* `text` is static. */
static void finish_text(ic__web *w, const char *type, const char *text, uint64_t now)
{
    ic__buf_text(&w->out, "Cache-Control: no-store\r\n");
    finish(w, type, (const uint8_t *)text, strlen(text), now);
}

static void count_refusal(ic__web *w, unsigned status)
{
    if (status == 401 || status == 403)
        w->site->stats.refused_policy++;
    else if (status == 503)
        w->site->stats.refused_full++;
    else
        w->site->stats.refused_bad++;
}

static void add_refusal_fields(ic__buf *out, unsigned status)
{
    if (status == 401)
        ic__buf_text(out,
                     "WWW-Authenticate: Basic realm=\"Intercom\", charset=\"UTF-8\"\r\n");
    if (status == 405)
        ic__buf_text(out, "Allow: GET, HEAD\r\n");
    if (status == 426)
        ic__buf_text(out, "Upgrade: websocket\r\nSec-WebSocket-Version: 13, 8\r\n");
    if (status == 503)
        ic__buf_text(out, "Retry-After: 5\r\n");
}

void ic__web_refuse(ic__web *w, unsigned status, const char *text, uint64_t now)
{
    count_refusal(w, status);
    w->keep_alive = false;
    begin(w, status);
    add_refusal_fields(&w->out, status);
    finish_text(w, plain_text, text, now);
}

static bool has_body(const ic__http_head *head)
{
    ic__span length;
    size_t count = ic__http_field_find(head, "content-length", &length);

    return ic__http_field_find(head, "transfer-encoding", NULL) > 0 || count > 1 ||
           (count == 1 && !ic__span_is(length, "0"));
}

static void upgrade(ic__web *w, const ic__http_head *head, uint64_t now)
{
    char accept[IC__WS_ACCEPT_LEN + 1];
    ic__span key;

    if (ic__http_field_find(head, "sec-websocket-key", &key) != 1 ||
        !ic__ws_key_valid(key)) {
        ic__web_refuse(w, 400, "Bad Sec-WebSocket-Key", now);
        return;
    }
    if (w->site->stats.clients >= w->site->max_clients) {
        ic__web_refuse(w, 503, "Too many clients", now);
        return;
    }
    ic__ws_key_accept(key.p, accept);
    w->status = 101;
    ic__buf_reset(&w->out);
    ic__buf_printf(&w->out,
                   "HTTP/1.1 101 %s\r\n"
                   "Upgrade: websocket\r\n"
                   "Connection: Upgrade\r\n"
                   "Sec-WebSocket-Accept: %s\r\n\r\n",
                   reason_of(101), accept);
    if (w->out.bad || !ic__web_open_frames(w))
        ic__web_abort(w, IC__WS_INTERNAL);
}

static bool is_known_version(const ic__http_head *head)
{
    ic__span version;

    return ic__http_field_find(head, "sec-websocket-version", &version) == 1 &&
           (ic__span_is(version, "13") || ic__span_is(version, "8"));
}

static bool is_upgrade_path(const ic__web *w, ic__span target)
{
    ic__span path;

    return !w->site->path ||
           (ic__span_split(&target, '?', &path) && ic__span_is(path, w->site->path));
}

static void answer_upgrade(ic__web *w, const ic__http_head *head, ic__span host,
                           uint64_t now)
{
    ic__span origin;
    size_t origins = ic__http_field_find(head, "origin", &origin);

    if (!ic__span_is(head->method, "GET") || head->minor != 1 || has_body(head))
        ic__web_refuse(w, 400, "Bad Request", now);
    else if (!is_upgrade_path(w, head->target))
        ic__web_refuse(w, 404, "Not Found", now);
    else if (origins > 1 ||
             (origins == 1 && !ic__web_policy_origin(&w->site->policy, origin, host)))
        ic__web_refuse(w, 403, "Origin not allowed", now);
    else if (!is_known_version(head))
        ic__web_refuse(w, 426, "Upgrade Required", now);
    else
        upgrade(w, head, now);
}

static void answer_file(ic__web *w, const ic__http_head *head, const ic__page_file *file,
                        uint64_t now)
{
    bool known = ic__http_field_has(head, "if-none-match", file->etag);

    begin(w, known ? 304 : 200);
    /* Ask again each time, and get 304: a new build of the page shows at once. */
    ic__buf_printf(&w->out, "Cache-Control: no-cache\r\nETag: %s\r\n", file->etag);
    finish(w, known ? NULL : file->content_type, file->data, file->len, now);
}

static bool wants_keep_alive(const ic__http_head *head)
{
    return head->minor == 1 && !ic__http_field_has(head, "connection", "close");
}

static void answer_get(ic__web *w, const ic__http_head *head, uint64_t now)
{
    const ic__page_file *file = ic__page_find(w->site->page, head->target);

    w->keep_alive = wants_keep_alive(head);
    if (file) {
        answer_file(w, head, file, now);
        return;
    }
    begin(w, 404);
    w->site->stats.refused_bad++;
    finish_text(w, plain_text, "Not Found", now);
}

static void answer_health(ic__web *w, const ic__http_head *head, uint64_t now)
{
    w->keep_alive = wants_keep_alive(head);
    begin(w, 200);
    finish_text(w, "application/json", "{\"ok\":true}", now);
}

static void answer_page(ic__web *w, const ic__http_head *head, uint64_t now)
{
    if (!ic__span_is(head->method, "GET") && !w->without_body)
        ic__web_refuse(w, 405, "Method Not Allowed", now);
    else if (has_body(head))
        ic__web_refuse(w, 413, "Content Too Large", now);
    else if (ic__span_is(head->target, "/health"))
        answer_health(w, head, now);
    else
        answer_get(w, head, now);
}

/* Anybody may ask for /health, a load balancer without a token too. */
static bool is_granted(ic__web *w, const ic__http_head *head)
{
    ic__web_access access = ic__web_policy_access(&w->site->policy, head);

    w->give_cookie = access == IC__WEB_ACCESS_WITH_TOKEN;
    return access != IC__WEB_ACCESS_DENIED ||
           (w->site->page && ic__span_is(head->target, "/health"));
}

static void answer_head(ic__web *w, const ic__http_head *head, uint64_t now)
{
    ic__span host;

    w->without_body = ic__span_is(head->method, "HEAD");
    if (ic__http_field_find(head, "host", &host) != 1)
        ic__web_refuse(w, 400, "Bad Host", now);
    else if (!ic__web_policy_host(&w->site->policy, host))
        ic__web_refuse(w, 403, "Host not allowed", now);
    else if (!is_granted(w, head))
        ic__web_refuse(w, 401, "Unauthorized", now);
    else if (ic__http_field_has(head, "upgrade", "websocket"))
        answer_upgrade(w, head, host, now);
    else if (!w->site->page)
        ic__web_refuse(w, 426, "Upgrade Required", now);
    else
        answer_page(w, head, now);
}

void ic__web_answer(ic__web *w, uint64_t now)
{
    ic__http_head head;
    int error = ic__http_request_parse(&head, w->head.data, w->head.len);

    w->keep_alive = false;
    w->give_cookie = false;
    w->without_body = false;
    if (error)
        ic__web_refuse(w, error == IC_ERR_LIMIT ? 431 : 400,
                       reason_of(error == IC_ERR_LIMIT ? 431 : 400), now);
    else
        answer_head(w, &head, now);
}
