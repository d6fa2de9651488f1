#include "sidechannel/invite.h"

#include <string.h>

#include "base/utf8.h"
#include "intercom/error.h"
#include "sidechannel/object.h"

typedef struct payload {
    const char *channel;
    size_t channel_len;
    char invitee[IC__KEY_HEX + 1];
    char inviter[IC__KEY_HEX + 1];
    const ic__json *address;
    double issued;
    double expires;
    const char *nonce;
    size_t nonce_len;
    double version;
} payload;

static bool read_payload(const ic__json *v, payload *p)
{
    p->address = ic__json_get(v, "inviterAddress");
    return ic__object_text(v, "channel", &p->channel, &p->channel_len) &&
           ic__object_key(v, "inviteePubKey", p->invitee) &&
           ic__object_key(v, "inviterPubKey", p->inviter) &&
           (ic__json_type(p->address) <= IC__JSON_NULL ||
            ic__json_is(p->address, IC__JSON_TEXT)) &&
           ic__object_time(v, "issuedAt", &p->issued) &&
           ic__object_time(v, "expiresAt", &p->expires) &&
           ic__object_text(v, "nonce", &p->nonce, &p->nonce_len) &&
           ic__object_version(v, &p->version);
}

static void write_text(ic__buf *b, const payload *p)
{
    ic__buf_text(b, "{\"channel\":");
    ic__json_write_text(b, p->channel, p->channel_len);
    ic__buf_text(b, ",\"expiresAt\":");
    ic__json_write_number(b, p->expires);
    ic__buf_printf(b, ",\"inviteePubKey\":\"%s\",\"inviterAddress\":", p->invitee);
    ic__json_write(b, p->address);
    ic__buf_printf(b, ",\"inviterPubKey\":\"%s\",\"issuedAt\":", p->inviter);
    ic__json_write_number(b, p->issued);
    ic__buf_text(b, ",\"nonce\":");
    ic__json_write_text(b, p->nonce, p->nonce_len);
    ic__buf_text(b, ",\"version\":");
    ic__json_write_number(b, p->version);
    ic__buf_char(b, '}');
}

int ic__invite_text(const ic__json *v, ic__buf *out)
{
    payload p;

    if (!read_payload(v, &p))
        return IC_ERR_PROTO;
    write_text(out, &p);
    return out->bad ? IC_ERR_NOMEM : 0;
}

int ic__invite_verify(const ic__json *invite, const ic__policy *policy,
                      const char *channel, const char *invitee, int64_t now_ms,
                      int64_t *expires_ms)
{
    ic__buf text = {0};
    payload p;

    if (!read_payload(ic__object_payload(invite), &p) ||
        ic__utf16_compare(p.channel, p.channel_len, channel, strlen(channel)) != 0 ||
        strcmp(p.invitee, invitee) != 0 ||
        !ic__policy_trusts_inviter(policy, p.inviter) || p.expires <= (double)now_ms)
        return IC_ERR_DENIED;
    write_text(&text, &p);
    int error = text.bad ? IC_ERR_NOMEM : 0;
    if (!error && !ic__object_verify(invite, &text, p.inviter))
        error = IC_ERR_AUTH;
    ic__buf_free(&text);
    if (!error)
        *expires_ms = p.expires < (double)INT64_MAX ? (int64_t)p.expires : INT64_MAX;
    return error;
}

void ic__invite_write(ic__buf *b, const ic__invite_terms *terms,
                      const ic_identity *inviter)
{
    const char *self = ic_identity_public_key_hex(inviter);
    const char *address = ic_identity_address(inviter);
    ic__buf text = {0};
    ic__buf body = {0};

    ic__buf_text(&text, "{\"channel\":");
    ic__json_write_cstring(&text, terms->channel);
    ic__buf_printf(&text, ",\"expiresAt\":%lld,\"inviteePubKey\":\"%s\"",
                   (long long)terms->expires_ms, terms->invitee);
    ic__buf_printf(&text, ",\"inviterAddress\":\"%s\",\"inviterPubKey\":\"%s\"", address,
                   self);
    ic__buf_printf(&text, ",\"issuedAt\":%lld,\"nonce\":\"%s\",\"version\":1}",
                   (long long)terms->issued_ms, terms->nonce);

    ic__buf_text(&body, "{\"channel\":");
    ic__json_write_cstring(&body, terms->channel);
    ic__buf_printf(&body, ",\"inviteePubKey\":\"%s\",\"inviterPubKey\":\"%s\"",
                   terms->invitee, self);
    ic__buf_printf(&body, ",\"inviterAddress\":\"%s\",\"issuedAt\":%lld", address,
                   (long long)terms->issued_ms);
    ic__buf_printf(&body, ",\"expiresAt\":%lld,\"nonce\":\"%s\",\"version\":1}",
                   (long long)terms->expires_ms, terms->nonce);

    ic__object_write(b, &body, &text, inviter);
    if (terms->welcome) {
        ic__buf_text(b, ",\"welcome\":");
        ic__json_write(b, terms->welcome);
    }
    ic__buf_char(b, '}');
    ic__buf_free(&text);
    ic__buf_free(&body);
}
