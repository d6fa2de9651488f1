#include "io/ws_frames.h"

#include <string.h>
#include <wslay/wslay.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "io/ws.h"

#define MESSAGE_COST                                                                     \
    128 /* bytes that wslay keeps for each queued message, rounded up                    \
         */

static ssize_t on_want_input(wslay_event_context_ptr wslay, uint8_t *out, size_t cap,
                             int flags, void *user)
{
    ic__ws_frames *f = user;
    size_t n = f->in_left < cap ? f->in_left : cap;

    (void)flags;
    if (!n) {
        wslay_event_set_error(wslay, WSLAY_ERR_WOULDBLOCK);
        return -1;
    }
    memcpy(out, f->in, n);
    f->in += n;
    f->in_left -= n;
    return (ssize_t)n;
}

static ssize_t on_output(wslay_event_context_ptr wslay, const uint8_t *p, size_t len,
                         int flags, void *user)
{
    ic__ws_frames *f = user;
    size_t n = f->out_left < len ? f->out_left : len;

    (void)flags;
    if (!n) {
        wslay_event_set_error(wslay, WSLAY_ERR_WOULDBLOCK);
        return -1;
    }
    memcpy(f->out, p, n);
    f->out += n;
    f->out_left -= n;
    return (ssize_t)n;
}

static int on_want_mask(wslay_event_context_ptr wslay, uint8_t *out, size_t len,
                        void *user)
{
    ic__ws_frames *f = user;

    (void)wslay;
    f->env->random(out, len, f->env->user);
    return 0;
}

static bool is_data(uint8_t opcode)
{
    return !wslay_is_ctrl_frame(opcode);
}

static void fail(ic__ws_frames *f)
{
    f->failed = true;
    wslay_event_shutdown_read(f->wslay);
}

/* Without buffering, wslay holds only single frames against its limit, not their sum. */
static void on_frame_start(wslay_event_context_ptr wslay,
                           const struct wslay_event_on_frame_recv_start_arg *frame,
                           void *user)
{
    ic__ws_frames *f = user;

    f->opcode = frame->opcode;
    if (!is_data(frame->opcode))
        return;
    if (frame->opcode != WSLAY_CONTINUATION_FRAME)
        f->joined_binary = frame->opcode == WSLAY_BINARY_FRAME;
    if (frame->payload_length > f->max_message_bytes - f->joined.len) {
        ic__ws_frames_close(f, IC__WS_TOO_BIG, NULL);
        wslay_event_shutdown_read(wslay);
    }
}

static void on_frame_chunk(wslay_event_context_ptr wslay,
                           const struct wslay_event_on_frame_recv_chunk_arg *chunk,
                           void *user)
{
    ic__ws_frames *f = user;

    (void)wslay;
    if (f->opcode == WSLAY_CONNECTION_CLOSE) {
        for (size_t i = 0; i < chunk->data_length && f->close_got < 2;
             i++, f->close_got++)
            f->peer_code = (uint16_t)(f->peer_code << 8 | chunk->data[i]);
        return;
    }
    if (!is_data(f->opcode) || ic__ws_frames_closing(f))
        return;
    ic__buf_add(&f->joined, chunk->data, chunk->data_length);
    if (f->joined.bad)
        fail(f);
}

static void push_message(ic__ws_frames *f)
{
    ic__ws_message *message = ic_mem_calloc(1, sizeof *message);

    if (!message) {
        fail(f);
        return;
    }
    message->len = f->joined.len;
    message->binary = f->joined_binary;
    message->data = (uint8_t *)ic__buf_take(&f->joined);
    if (!message->data) {
        ic_mem_free(message);
        fail(f);
        return;
    }
    *f->last = message;
    f->last = &message->next;
}

static void on_message(wslay_event_context_ptr wslay,
                       const struct wslay_event_on_msg_recv_arg *message, void *user)
{
    ic__ws_frames *f = user;

    (void)wslay;
    if (message->opcode == WSLAY_CONNECTION_CLOSE && f->close_got < 2) {
        f->peer_code = IC__WS_NO_CODE;
        f->close_got = 2;
    }
    if (is_data(message->opcode) && !ic__ws_frames_closing(f))
        push_message(f);
}

int ic__ws_frames_init(ic__ws_frames *f, bool server, size_t max_message_bytes,
                       size_t max_queued_bytes, const ic_env *env)
{
    static const struct wslay_event_callbacks callbacks = {
        .recv_callback = on_want_input,
        .send_callback = on_output,
        .genmask_callback = on_want_mask,
        .on_frame_recv_start_callback = on_frame_start,
        .on_frame_recv_chunk_callback = on_frame_chunk,
        .on_msg_recv_callback = on_message,
    };

    *f = (ic__ws_frames){
        .env = env,
        .max_message_bytes = max_message_bytes,
        .max_queued_bytes = max_queued_bytes,
    };
    f->last = &f->first;
    int error = server ? wslay_event_context_server_init(&f->wslay, &callbacks, f)
                       : wslay_event_context_client_init(&f->wslay, &callbacks, f);
    if (error)
        return IC_ERR_NOMEM;
    wslay_event_config_set_no_buffering(f->wslay, 1);
    wslay_event_config_set_max_recv_msg_length(f->wslay, max_message_bytes);
    return 0;
}

void ic__ws_frames_free(ic__ws_frames *f)
{
    ic__ws_message *message;

    while ((message = ic__ws_frames_next(f)))
        ic__ws_message_free(message);
    ic__buf_free(&f->joined);
    wslay_event_context_free(f->wslay);
    f->wslay = NULL;
}

int ic__ws_frames_recv(ic__ws_frames *f, const uint8_t *p, size_t n)
{
    f->in = p;
    f->in_left = n;
    int error = wslay_event_recv(f->wslay);
    f->in = NULL;
    f->in_left = 0;
    return f->failed || error == WSLAY_ERR_NOMEM ? IC_ERR_NOMEM : 0;
}

ic__ws_message *ic__ws_frames_next(ic__ws_frames *f)
{
    ic__ws_message *message = f->first;

    if (!message)
        return NULL;
    f->first = message->next;
    if (!f->first)
        f->last = &f->first;
    return message;
}

void ic__ws_message_free(ic__ws_message *message)
{
    if (!message)
        return;
    ic_mem_free(message->data);
    ic_mem_free(message);
}

int ic__ws_frames_send(ic__ws_frames *f, const uint8_t *p, size_t n, bool binary)
{
    const struct wslay_event_msg message = {
        .opcode = binary ? WSLAY_BINARY_FRAME : WSLAY_TEXT_FRAME,
        .msg = p,
        .msg_length = n,
    };
    size_t queued = ic__ws_frames_queued(f);

    if (ic__ws_frames_closing(f))
        return IC_ERR_CANCELED;
    if (queued > f->max_queued_bytes || n > f->max_queued_bytes - queued)
        return IC_ERR_LIMIT;
    return wslay_event_queue_msg(f->wslay, &message) ? IC_ERR_NOMEM : 0;
}

/* wslay lets a close frame overtake messages and drops those, so it is held back. */
void ic__ws_frames_close(ic__ws_frames *f, uint16_t code, const char *reason)
{
    if (ic__ws_frames_closing(f))
        return;
    f->own_code = code;
    f->close_waits = true;
    if (reason && strlen(reason) <= IC__WS_MAX_REASON)
        memcpy(f->reason, reason, strlen(reason) + 1);
}

static void release_close(ic__ws_frames *f)
{
    if (!f->close_waits || wslay_event_get_queued_msg_count(f->wslay))
        return;
    f->close_waits = false;
    if (wslay_event_queue_close(f->wslay, f->own_code, (const uint8_t *)f->reason,
                                strlen(f->reason)) != 0)
        fail(f);
}

size_t ic__ws_frames_pull(ic__ws_frames *f, uint8_t *out, size_t cap)
{
    bool waited;

    f->out = out;
    f->out_left = cap;
    do {
        if (wslay_event_send(f->wslay) != 0)
            fail(f);
        waited = f->close_waits;
        release_close(f);
    } while (waited != f->close_waits);
    size_t got = cap - f->out_left;
    f->out = NULL;
    f->out_left = 0;
    return got;
}

size_t ic__ws_frames_queued(const ic__ws_frames *f)
{
    return wslay_event_get_queued_msg_length(f->wslay) +
           wslay_event_get_queued_msg_count(f->wslay) * MESSAGE_COST;
}

bool ic__ws_frames_overfull(const ic__ws_frames *f)
{
    return ic__ws_frames_queued(f) > f->max_queued_bytes + MESSAGE_COST;
}

bool ic__ws_frames_closing(const ic__ws_frames *f)
{
    return f->own_code || f->failed || !wslay_event_get_read_enabled(f->wslay) ||
           !wslay_event_get_write_enabled(f->wslay);
}

bool ic__ws_frames_closed(const ic__ws_frames *f)
{
    return f->failed || (wslay_event_get_close_sent(f->wslay) &&
                         !wslay_event_get_read_enabled(f->wslay));
}

uint16_t ic__ws_frames_code(const ic__ws_frames *f)
{
    if (f->close_got == 2)
        return f->peer_code;
    if (f->own_code)
        return f->own_code;
    if (!wslay_event_get_close_sent(f->wslay))
        return IC__WS_ABNORMAL;
    /* wslay closed by itself; some of its complaints carry no code. */
    uint16_t sent = wslay_event_get_status_code_sent(f->wslay);
    return sent == IC__WS_NO_CODE ? IC__WS_PROTOCOL : sent;
}
