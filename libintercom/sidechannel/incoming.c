#include "sidechannel/incoming.h"

#include <string.h>

#include "base/rd.h"
#include "base/wr.h"
#include "intercom/error.h"
#include "sidechannel/object.h"
#include "sidechannel/work.h"
#include "transport/codec.h"

#define LENGTH_MAX 9 /* bytes before the text */

void ic__message_write(ic__buf *b, const char *json, size_t len)
{
    uint8_t bytes[LENGTH_MAX];
    ic__wr w = ic__wr_of(bytes, sizeof bytes);

    ic__wr_uint(&w, len);
    ic__buf_add(b, bytes, ic__uint_size(len));
    ic__buf_add(b, json, len);
}

int ic__incoming_read(ic__incoming *in, const uint8_t *data, size_t len)
{
    ic__rd r = ic__rd_of(data, len);
    uint64_t size = ic__rd_uint(&r);

    *in = (ic__incoming){0};
    if (r.bad || size > r.left)
        return IC_ERR_PROTO;
    if (size > IC__JSON_MAX_BYTES)
        return IC_ERR_LIMIT;
    return ic__json_parse((const char *)r.p, (size_t)size, &in->envelope);
}

void ic__incoming_free(ic__incoming *in)
{
    ic__json_free(in->envelope);
    ic__buf_free(&in->text);
    *in = (ic__incoming){0};
}

static bool text_is(const ic__json *v, const char *expected)
{
    const char *text = ic__json_cstring(v);

    return text && strcmp(text, expected) == 0;
}

static ic__control read_control(const ic__json *message)
{
    const ic__json *v = ic__json_get(message, "control");

    if (text_is(v, "auth"))
        return IC__CONTROL_AUTH;
    if (text_is(v, "welcome"))
        return IC__CONTROL_WELCOME;
    return text_is(v, "open_channel") ? IC__CONTROL_OPEN : IC__CONTROL_NONE;
}

static bool is_short_text(const ic__json *v)
{
    size_t len;

    return ic__json_text(v, &len) && len && len <= IC__MESSAGE_ID_MAX;
}

/* A key in the form in which it is signed; anything else as it is. */
static void write_author(ic__buf *b, const ic__json *v)
{
    char key[IC__KEY_HEX + 1];
    size_t len;
    const char *text = ic__json_text(v, &len);

    if (text && ic__key_normalise(text, len, key))
        ic__json_write_cstring(b, key);
    else
        ic__json_write_canonical(b, v);
}

static void write_signed_text(ic__buf *b, const ic__json *e)
{
    ic__buf_text(b, "{\"channel\":");
    ic__json_write_canonical(b, ic__json_get(e, "channel"));
    ic__buf_text(b, ",\"from\":");
    write_author(b, ic__json_get(e, "from"));
    ic__buf_text(b, ",\"id\":");
    ic__json_write_canonical(b, ic__json_get(e, "id"));
    ic__buf_text(b, ",\"kind\":\"sidechannel_message_v1\",\"message\":");
    ic__json_write_canonical(b, ic__json_get(e, "message"));
    ic__buf_text(b, ",\"origin\":");
    write_author(b, ic__json_get(e, "origin"));
    ic__buf_text(b, ",\"ts\":");
    ic__json_write_canonical(b, ic__json_get(e, "ts"));
    ic__buf_char(b, '}');
}

int ic__incoming_open(ic__incoming *in)
{
    const ic__json *e = in->envelope;
    const ic__json *from = ic__json_get(e, "from");
    size_t len;

    if (!is_short_text(ic__json_get(e, "id")) || !is_short_text(from) ||
        !ic__json_cstring(ic__json_get(e, "channel")))
        return IC_ERR_PROTO;
    const char *text = ic__json_text(from, &len);
    if (!ic__key_normalise(text, len, in->author))
        in->author[0] = 0;
    in->message = ic__json_get(e, "message");
    in->control = read_control(in->message);
    in->has_signature = ic__object_is_signed(e);
    write_signed_text(&in->text, e);
    return in->text.bad ? IC_ERR_NOMEM : 0;
}

bool ic__incoming_is_for(const ic__incoming *in, const char *channel)
{
    return text_is(ic__json_get(in->envelope, "channel"), channel);
}

bool ic__incoming_verify(const ic__incoming *in)
{
    return in->author[0] && ic__object_verify(in->envelope, &in->text, in->author);
}

/* The texts before and behind the nonce; `message` may be a stand-in. */
static void write_work_texts(ic__buf *head, ic__buf *tail, const ic__json *e,
                             const ic__json *message)
{
    ic__buf_text(head, "{\"channel\":");
    ic__json_write_canonical(head, ic__json_get(e, "channel"));
    ic__buf_text(head, ",\"from\":");
    ic__json_write_canonical(head, ic__json_get(e, "from"));
    ic__buf_text(head, ",\"id\":");
    ic__json_write_canonical(head, ic__json_get(e, "id"));
    ic__buf_text(head, ",\"message\":");
    ic__json_write_canonical(head, message);
    ic__buf_text(head, ",\"nonce\":");
    ic__buf_text(tail, ",\"origin\":");
    ic__json_write_canonical(tail, ic__json_get(e, "origin"));
    ic__buf_text(tail, ",\"ts\":");
    ic__json_write_canonical(tail, ic__json_get(e, "ts"));
    ic__buf_char(tail, '}');
}

static int check_nonce(const ic__incoming *in, const ic__json *message, uint64_t nonce,
                       uint32_t bits)
{
    ic__buf head = {0};
    ic__buf tail = {0};

    write_work_texts(&head, &tail, in->envelope, message);
    int error = head.bad || tail.bad ? IC_ERR_NOMEM : 0;
    if (!error && !ic__work_check(head.data, head.len, tail.data, tail.len, nonce, bits))
        error = IC_ERR_AUTH;
    ic__buf_free(&head);
    ic__buf_free(&tail);
    return error;
}

/* The body of a request as the reference has it in memory: nothing is missing. */
static int fill_request(const ic__json *message, ic__json **out)
{
    ic__buf b = {0};

    ic__json_write(&b, message);
    if (!b.bad)
        b.len--; /* the brace */
    if (!ic__json_get(message, "invite"))
        ic__buf_text(&b, ",\"invite\":null");
    if (!ic__json_get(message, "welcome"))
        ic__buf_text(&b, ",\"welcome\":null");
    ic__buf_char(&b, '}');
    int error = b.bad ? IC_ERR_NOMEM : ic__json_parse(b.data, b.len, out);
    ic__buf_free(&b);
    return error;
}

static int check_request(const ic__incoming *in, uint64_t nonce, uint32_t bits)
{
    ic__json *filled;
    int error = fill_request(in->message, &filled);

    if (error)
        return error == IC_ERR_NOMEM ? error : IC_ERR_AUTH;
    error = check_nonce(in, filled, nonce, bits);
    ic__json_free(filled);
    return error;
}

int ic__incoming_check_work(const ic__incoming *in, uint32_t bits)
{
    const ic__json *pow = ic__json_get(in->envelope, "pow");
    int64_t nonce;

    if (!ic__json_integer(ic__json_get(pow, "nonce"), &nonce) || nonce < 0)
        return IC_ERR_DENIED;
    int error = check_nonce(in, in->message, (uint64_t)nonce, bits);
    if (error == IC_ERR_AUTH && in->control == IC__CONTROL_OPEN)
        error = check_request(in, (uint64_t)nonce, bits);
    if (error == IC_ERR_AUTH &&
        !(ic__json_number(ic__json_get(pow, "difficulty")) >= bits))
        return IC_ERR_DENIED; /* another setting than ours, and open about it */
    return error;
}

uint32_t ic__incoming_ttl(const ic__incoming *in, uint32_t max)
{
    int64_t ttl;

    if (!ic__json_integer(ic__json_get(in->envelope, "ttl"), &ttl) || ttl <= 0)
        return 0;
    return ttl < (int64_t)max ? (uint32_t)ttl : max;
}

static bool name_is(const char *name, size_t len, const char *expected)
{
    return len == strlen(expected) && memcmp(name, expected, len) == 0;
}

void ic__incoming_relay(ic__buf *b, const ic__incoming *in, uint32_t ttl,
                        const char *self)
{
    const ic__json *e = in->envelope;
    bool named = false; /* who handed it on, in the place where that stood */

    for (size_t i = 0; i < ic__json_count(e); i++) {
        size_t len;
        const char *name = ic__json_name_at(e, i, &len);
        ic__buf_char(b, i ? ',' : '{');
        ic__json_write_text(b, name, len);
        ic__buf_char(b, ':');
        if (name_is(name, len, "ttl")) {
            ic__buf_printf(b, "%u", (unsigned)ttl);
        } else if (name_is(name, len, "relayedBy")) {
            ic__json_write_cstring(b, self);
            named = true;
        } else {
            ic__json_write(b, ic__json_at(e, i));
        }
    }
    if (!named)
        ic__buf_printf(b, ",\"relayedBy\":\"%s\"", self);
    ic__buf_char(b, '}');
}
