#include "sidechannel/welcome.h"

#include <string.h>

#include "base/utf8.h"
#include "intercom/error.h"
#include "sidechannel/name.h"
#include "sidechannel/object.h"

typedef struct payload {
    const char *channel;
    size_t channel_len;
    char owner[IC__KEY_HEX + 1];
    const char *text;
    size_t text_len;
    double issued;
    double version;
} payload;

static bool read_payload(const ic__json *v, payload *p)
{
    if (!ic__object_text(v, "channel", &p->channel, &p->channel_len))
        return false;
    p->channel = ic__trim(p->channel, p->channel_len, &p->channel_len);
    return ic__object_key(v, "ownerPubKey", p->owner) &&
           ic__object_text(v, "text", &p->text, &p->text_len) &&
           ic__object_time(v, "issuedAt", &p->issued) &&
           ic__object_version(v, &p->version);
}

static void write_text(ic__buf *b, const payload *p)
{
    ic__buf_text(b, "{\"channel\":");
    ic__json_write_text(b, p->channel, p->channel_len);
    ic__buf_text(b, ",\"issuedAt\":");
    ic__json_write_number(b, p->issued);
    ic__buf_printf(b, ",\"ownerPubKey\":\"%s\",\"text\":", p->owner);
    ic__json_write_text(b, p->text, p->text_len);
    ic__buf_text(b, ",\"version\":");
    ic__json_write_number(b, p->version);
    ic__buf_char(b, '}');
}

int ic__welcome_text(const ic__json *v, ic__buf *out)
{
    payload p;

    if (!read_payload(v, &p))
        return IC_ERR_PROTO;
    write_text(out, &p);
    return out->bad ? IC_ERR_NOMEM : 0;
}

int ic__welcome_verify(const ic__json *welcome, const ic__policy *policy,
                       const char *channel)
{
    const char *owner = ic__policy_owner(policy, channel);
    ic__buf text = {0};
    payload p;

    if (!owner || !read_payload(ic__object_payload(welcome), &p) ||
        ic__utf16_compare(p.channel, p.channel_len, channel, strlen(channel)) != 0 ||
        strcmp(p.owner, owner) != 0)
        return IC_ERR_DENIED;
    write_text(&text, &p);
    int error = text.bad ? IC_ERR_NOMEM : 0;
    if (!error && !ic__object_verify(welcome, &text, owner))
        error = IC_ERR_AUTH;
    ic__buf_free(&text);
    return error;
}

void ic__welcome_write(ic__buf *b, const char *channel, const char *text,
                       int64_t issued_ms, const ic_identity *owner)
{
    const char *self = ic_identity_public_key_hex(owner);
    ic__buf signed_text = {0};
    ic__buf body = {0};

    ic__buf_text(&signed_text, "{\"channel\":");
    ic__json_write_cstring(&signed_text, channel);
    ic__buf_printf(&signed_text, ",\"issuedAt\":%lld,\"ownerPubKey\":\"%s\",\"text\":",
                   (long long)issued_ms, self);
    ic__json_write_cstring(&signed_text, text);
    ic__buf_text(&signed_text, ",\"version\":1}");

    ic__buf_text(&body, "{\"channel\":");
    ic__json_write_cstring(&body, channel);
    ic__buf_printf(&body, ",\"ownerPubKey\":\"%s\",\"text\":", self);
    ic__json_write_cstring(&body, text);
    ic__buf_printf(&body, ",\"issuedAt\":%lld,\"version\":1}", (long long)issued_ms);

    ic__object_write(b, &body, &signed_text, owner);
    ic__buf_char(b, '}');
    ic__buf_free(&signed_text);
    ic__buf_free(&body);
}
