#include <string.h>

#include "base/env.h"
#include "intercom/error.h"
#include "io/web.h"

/* A line feed in a path or a name would smuggle a field into the head. */
static bool fits_in_head(const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c <= ' ' || c == 0x7f)
            return false;
    }
    return true;
}

static void add_host(ic__buf *out, const ic__ws_dial_options *options)
{
    bool is_v6 = strchr(options->host, ':') != NULL;

    ic__buf_printf(out, is_v6 ? "Host: [%s]:%u\r\n" : "Host: %s:%u\r\n", options->host,
                   (unsigned)options->port);
}

int ic__web_ask(ic__web *w, const ic__ws_dial_options *options)
{
    char key[IC__WS_KEY_LEN + 1];

    if (!fits_in_head(options->host) || !fits_in_head(options->path) ||
        options->path[0] != '/' || (options->origin && !fits_in_head(options->origin)))
        return IC_ERR_INVALID;
    ic__ws_key_new(w->env, key);
    ic__ws_key_accept(key, w->accept);
    ic__buf_printf(&w->out, "GET %s HTTP/1.1\r\n", options->path);
    add_host(&w->out, options);
    ic__buf_printf(&w->out,
                   "Upgrade: websocket\r\n"
                   "Connection: Upgrade\r\n"
                   "Sec-WebSocket-Key: %s\r\n"
                   "Sec-WebSocket-Version: 13\r\n",
                   key);
    if (options->origin)
        ic__buf_printf(&w->out, "Origin: %s\r\n", options->origin);
    ic__buf_text(&w->out, "\r\n");
    if (!w->out.bad)
        return 0;
    ic__buf_free(&w->out);
    return IC_ERR_NOMEM;
}

static bool is_good_answer(const ic__web *w, const ic__http_head *head)
{
    ic__span accept;

    return head->status == 101 && ic__http_field_has(head, "upgrade", "websocket") &&
           ic__http_field_has(head, "connection", "upgrade") &&
           ic__http_field_find(head, "sec-websocket-accept", &accept) == 1 &&
           ic__span_is(accept, w->accept) &&
           ic__http_field_find(head, "sec-websocket-extensions", NULL) == 0 &&
           ic__http_field_find(head, "sec-websocket-protocol", NULL) == 0;
}

void ic__web_check_answer(ic__web *w)
{
    ic__http_head head;

    if (ic__http_response_parse(&head, w->head.data, w->head.len) != 0) {
        ic__web_abort(w, IC__WS_PROTOCOL);
        return;
    }
    w->status = head.status;
    if (!is_good_answer(w, &head)) {
        ic__log(w->env, IC_LOG_WARN, "io", "no WebSocket: the server answered %u",
                head.status);
        ic__web_abort(w, IC__WS_ABNORMAL);
    } else if (!ic__web_open_frames(w)) {
        ic__web_abort(w, IC__WS_INTERNAL);
    }
}
