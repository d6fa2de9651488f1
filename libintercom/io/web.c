#include "io/web.h"

#include <string.h>

#include "base/env.h"
#include "intercom/error.h"

static void init(ic__web *w, const ic_env *env, const ic__ws_limits *limits, uint64_t now)
{
    *w = (ic__web){
        .env = env,
        .limits = limits,
        .deadline = now + limits->handshake_timeout_ns,
        .head = {.max = limits->max_head_bytes},
    };
}

void ic__web_init_server(ic__web *w, ic__web_site *site, uint64_t now)
{
    init(w, &site->env, &site->limits, now);
    w->site = site;
}

int ic__web_init_client(ic__web *w, const ic__ws_dial_options *options, const ic_env *env,
                        const ic__ws_limits *limits, uint64_t now)
{
    init(w, env, limits, now);
    return ic__web_ask(w, options);
}

static void leave_frames(ic__web *w)
{
    if (w->site && w->state == IC__WEB_FRAMES)
        w->site->stats.clients--;
}

void ic__web_free(ic__web *w)
{
    leave_frames(w);
    ic__ws_message_free(w->told);
    if (w->has_frames)
        ic__ws_frames_free(&w->frames);
    ic__buf_free(&w->head);
    ic__buf_free(&w->out);
}

bool ic__web_open_frames(ic__web *w)
{
    if (ic__ws_frames_init(&w->frames, w->site != NULL, w->limits->max_message_bytes,
                           w->limits->max_queued_bytes, w->env) != 0)
        return false;
    w->has_frames = true;
    w->state = IC__WEB_FRAMES;
    w->deadline = IC__NEVER;
    w->open_waits = true;
    ic__buf_free(&w->head);
    if (w->site)
        w->site->stats.clients++;
    return true;
}

/* The WebSocket is over, or a client's attempt to get one: the user hears of it. */
static void end(ic__web *w, ic__web_state next, uint16_t code, uint64_t deadline)
{
    if (w->state == IC__WEB_FRAMES || (!w->site && w->state == IC__WEB_HEAD)) {
        w->close_waits = true;
        w->close_code = code;
    }
    leave_frames(w);
    w->state = next;
    w->deadline = deadline;
}

void ic__web_abort(ic__web *w, uint16_t code)
{
    if (w->state != IC__WEB_DONE)
        end(w, IC__WEB_DONE, code, IC__NEVER);
}

void ic__web_lost(ic__web *w)
{
    ic__web_abort(w, w->has_frames ? ic__ws_frames_code(&w->frames) : IC__WS_ABNORMAL);
}

static uint64_t close_deadline(const ic__web *w, uint64_t now)
{
    return now + w->limits->close_timeout_ns;
}

/* Both close frames went, or ours did and the peer is not to be trusted with its own. */
static void look_at_frames(ic__web *w, uint64_t now)
{
    if (ic__ws_frames_closed(&w->frames))
        end(w, IC__WEB_LINGER, ic__ws_frames_code(&w->frames), close_deadline(w, now));
    else if (ic__ws_frames_closing(&w->frames) && w->deadline == IC__NEVER)
        w->deadline = close_deadline(w, now);
}

static void drop_slow(ic__web *w)
{
    if (w->site)
        w->site->stats.dropped_slow++;
    ic__web_abort(w, IC__WS_ABNORMAL);
}

/* wslay queues a pong for each ping, read or not. */
static void recv_frames(ic__web *w, const uint8_t *p, size_t n, uint64_t now)
{
    if (ic__ws_frames_recv(&w->frames, p, n) != 0)
        ic__web_abort(w, IC__WS_INTERNAL);
    else if (ic__ws_frames_overfull(&w->frames))
        drop_slow(w);
    else
        look_at_frames(w, now);
}

static void refuse_long_head(ic__web *w, uint64_t now)
{
    if (w->site)
        ic__web_refuse(w, 431, "Request Header Fields Too Large", now);
    else
        ic__web_abort(w, IC__WS_PROTOCOL);
}

static size_t recv_head(ic__web *w, const uint8_t *p, size_t n, uint64_t now)
{
    size_t before = w->head.len;
    size_t room = w->head.max - before;
    size_t take = n < room ? n : room;

    ic__buf_add(&w->head, p, take);
    if (w->head.bad) {
        ic__web_abort(w, IC__WS_INTERNAL);
        return n;
    }
    size_t end_at = ic__http_head_end(w->head.data, w->head.len, before);
    if (!end_at) {
        if (take == room)
            refuse_long_head(w, now);
        return take;
    }
    w->head.len = end_at;
    if (w->site)
        ic__web_answer(w, now);
    else
        ic__web_check_answer(w);
    return end_at - before;
}

size_t ic__web_recv(ic__web *w, const uint8_t *p, size_t n, uint64_t now)
{
    switch (w->state) {
    case IC__WEB_HEAD:
        return n ? recv_head(w, p, n, now) : 0;
    case IC__WEB_REPLY:
        return 0;
    case IC__WEB_FRAMES:
        recv_frames(w, p, n, now);
        return n;
    case IC__WEB_LINGER:
    case IC__WEB_DONE:
        break;
    }
    return n;
}

static size_t pull_http(ic__web *w, uint8_t *out, size_t cap)
{
    size_t left = w->out.len - w->out_at;
    size_t n = left < cap ? left : cap;

    if (n)
        memcpy(out, w->out.data + w->out_at, n);
    w->out_at += n;
    size_t m = w->body_left < cap - n ? w->body_left : cap - n;
    if (m)
        memcpy(out + n, w->body, m);
    w->body = m ? w->body + m : w->body;
    w->body_left -= m;
    return n + m;
}

static bool http_left(const ic__web *w)
{
    return w->out_at < w->out.len || w->body_left;
}

/* The answer has left: the next request, or the end. */
static void after_reply(ic__web *w, uint64_t now)
{
    ic__buf_reset(&w->out);
    ic__buf_reset(&w->head);
    w->out_at = 0;
    w->state = w->keep_alive ? IC__WEB_HEAD : IC__WEB_LINGER;
    w->deadline =
        w->keep_alive ? now + w->limits->handshake_timeout_ns : close_deadline(w, now);
}

size_t ic__web_pull(ic__web *w, uint8_t *out, size_t cap, uint64_t now)
{
    size_t n = pull_http(w, out, cap);

    if (w->state == IC__WEB_REPLY) {
        if (n)
            w->deadline = now + w->limits->handshake_timeout_ns;
        if (!http_left(w))
            after_reply(w, now);
    }
    if (w->state == IC__WEB_FRAMES && !http_left(w)) {
        n += ic__ws_frames_pull(&w->frames, out + n, cap - n);
        look_at_frames(w, now);
    }
    return n;
}

size_t ic__web_queued(const ic__web *w)
{
    return w->out.len - w->out_at + w->body_left +
           (w->has_frames ? ic__ws_frames_queued(&w->frames) : 0);
}

uint64_t ic__web_deadline(const ic__web *w)
{
    return w->deadline;
}

void ic__web_expire(ic__web *w, uint64_t now)
{
    if (now < w->deadline)
        return;
    if (w->site && w->state == IC__WEB_HEAD)
        w->site->stats.timed_out++;
    ic__web_lost(w);
}

static bool next_message(ic__web *w, ic__web_event *event)
{
    if (!w->has_frames)
        return false;
    w->told = ic__ws_frames_next(&w->frames);
    if (!w->told)
        return false;
    *event = (ic__web_event){
        .kind = IC__WEB_MESSAGE,
        .data = w->told->data,
        .len = w->told->len,
        .binary = w->told->binary,
    };
    return true;
}

bool ic__web_next(ic__web *w, ic__web_event *event)
{
    ic__ws_message_free(w->told);
    w->told = NULL;
    if (w->open_waits) {
        w->open_waits = false;
        *event = (ic__web_event){.kind = IC__WEB_OPENED};
        return true;
    }
    if (next_message(w, event))
        return true;
    if (w->close_waits) {
        w->close_waits = false;
        *event = (ic__web_event){.kind = IC__WEB_CLOSED, .code = w->close_code};
        return true;
    }
    *event = (ic__web_event){.kind = IC__WEB_NONE};
    return false;
}

int ic__web_send(ic__web *w, const uint8_t *p, size_t n, bool binary)
{
    if (w->state != IC__WEB_FRAMES)
        return IC_ERR_CANCELED;
    int error = ic__ws_frames_send(&w->frames, p, n, binary);
    if (error == IC_ERR_LIMIT)
        drop_slow(w);
    return error;
}

/* Who closes does not want to hear any more. */
static void drop_messages(ic__web *w)
{
    ic__ws_message *message;

    while ((message = ic__ws_frames_next(&w->frames)))
        ic__ws_message_free(message);
}

void ic__web_close(ic__web *w, uint16_t code, const char *reason, uint64_t now)
{
    if (w->state == IC__WEB_FRAMES) {
        drop_messages(w);
        ic__ws_frames_close(&w->frames, code, reason);
        look_at_frames(w, now);
    } else if (w->state != IC__WEB_LINGER) {
        ic__web_abort(w, code);
    }
}
