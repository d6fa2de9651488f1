#include "sidechannel/envelope.h"

#include <string.h>

#include "base/text.h"

#define ID_CHARS 8
#define SIGNATURE_HEAD ",\"sig\":\""
#define SIGNATURE_TAIL "\"}"
#define SIGNATURE_CHARS                                                                  \
    (sizeof SIGNATURE_HEAD SIGNATURE_TAIL - 1 + (size_t)2 * IC_SIGNATURE_BYTES)

void ic__base36_random(const ic_env *env, char *out, size_t count)
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    uint8_t bytes[16]; /* asking for one at a time is a system call each */
    size_t left = 0;

    for (size_t i = 0; i < count;) {
        if (!left) {
            left = sizeof bytes;
            env->random(bytes, sizeof bytes, env->user);
        }
        uint8_t byte = bytes[--left];
        if (byte < 252) /* 7 * 36: each digit as likely as the next */
            out[i++] = digits[byte % 36];
    }
    out[count] = 0;
}

void ic__envelope_id(ic__buf *b, const char *from, int64_t ts_ms, const ic_env *env)
{
    char tail[ID_CHARS + 1];

    ic__base36_random(env, tail, ID_CHARS);
    ic__buf_printf(b, "%s:%lld:%s", from, (long long)ts_ms, tail);
}

/* {"channel":..,"from":..,"id":..  */
static void write_head(ic__buf *b, const ic__envelope *e)
{
    ic__buf_text(b, "{\"channel\":");
    ic__json_write_cstring(b, e->channel);
    ic__buf_text(b, ",\"from\":");
    ic__json_write_cstring(b, e->from);
    ic__buf_text(b, ",\"id\":");
    ic__json_write_cstring(b, e->id);
}

void ic__envelope_signed_text(ic__buf *b, const ic__envelope *e)
{
    write_head(b, e);
    ic__buf_text(b, ",\"kind\":\"sidechannel_message_v1\",\"message\":");
    ic__json_write_canonical(b, e->message);
    ic__buf_text(b, ",\"origin\":");
    ic__json_write_cstring(b, e->from);
    ic__buf_printf(b, ",\"ts\":%lld}", (long long)e->ts_ms);
}

void ic__envelope_work_texts(ic__buf *head, ic__buf *tail, const ic__envelope *e)
{
    write_head(head, e);
    ic__buf_text(head, ",\"message\":");
    ic__json_write_canonical(head, e->message);
    ic__buf_text(head, ",\"nonce\":");
    ic__buf_text(tail, ",\"origin\":");
    ic__json_write_cstring(tail, e->from);
    ic__buf_printf(tail, ",\"ts\":%lld}", (long long)e->ts_ms);
}

/* The invite with the welcome in the member of that name, which keeps its place. */
static void write_invite(ic__buf *b, const ic__json *invite, const ic__json *welcome)
{
    bool put = welcome && !ic__json_truthy(ic__json_get(invite, "welcome"));
    bool has = ic__json_get(invite, "welcome") != NULL;

    ic__buf_char(b, '{');
    for (size_t i = 0; i < ic__json_count(invite); i++) {
        size_t len;
        const char *name = ic__json_name_at(invite, i, &len);
        bool here = put && len == strlen("welcome") && memcmp(name, "welcome", len) == 0;
        if (i)
            ic__buf_char(b, ',');
        ic__json_write_text(b, name, len);
        ic__buf_char(b, ':');
        ic__json_write(b, here ? welcome : ic__json_at(invite, i));
    }
    if (put && !has) {
        ic__buf_text(b, ic__json_count(invite) ? ",\"welcome\":" : "\"welcome\":");
        ic__json_write(b, welcome);
    }
    ic__buf_char(b, '}');
}

static void write_signature(ic__buf *b, const ic__buf *text, const ic_identity *author)
{
    uint8_t signature[IC_SIGNATURE_BYTES];
    char hex[2 * IC_SIGNATURE_BYTES + 1];

    if (text->bad) {
        b->bad = true;
        return;
    }
    ic_identity_sign(author, text->data, text->len, signature);
    ic__hex_encode(hex, signature, sizeof signature);
    ic__buf_text(b, SIGNATURE_HEAD);
    ic__buf_add(b, hex, sizeof hex - 1);
    ic__buf_char(b, '"');
}

void ic__envelope_write(ic__buf *b, const ic__envelope *e, const ic__buf *text,
                        const ic_identity *author)
{
    ic__buf_text(b, "{\"type\":\"sidechannel\",\"id\":");
    ic__json_write_cstring(b, e->id);
    ic__buf_text(b, ",\"channel\":");
    ic__json_write_cstring(b, e->channel);
    ic__buf_text(b, ",\"from\":");
    ic__json_write_cstring(b, e->from);
    ic__buf_text(b, ",\"origin\":");
    ic__json_write_cstring(b, e->from);
    if (e->message) {
        ic__buf_text(b, ",\"message\":");
        ic__json_write(b, e->message);
    }
    ic__buf_printf(b, ",\"ts\":%lld,\"ttl\":%u", (long long)e->ts_ms, (unsigned)e->ttl);
    if (e->invite) {
        ic__buf_text(b, ",\"invite\":");
        write_invite(b, e->invite, e->welcome);
    }
    write_signature(b, text, author);
    ic__buf_char(b, '}');
}

void ic__envelope_add_work(ic__buf *b, const char *envelope, size_t len, uint64_t nonce,
                           uint32_t bits)
{
    size_t before = len - SIGNATURE_CHARS;

    ic__buf_add(b, envelope, before);
    ic__buf_printf(b, ",\"pow\":{\"nonce\":%llu,\"difficulty\":%u}",
                   (unsigned long long)nonce, (unsigned)bits);
    ic__buf_add(b, envelope + before, SIGNATURE_CHARS);
}
