#include "sidechannel/object.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "base/text.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "sidechannel/name.h"

static int parse_object(const char *text, size_t len, ic__json **out)
{
    ic__json *doc = NULL;

    if (len > IC__OBJECT_MAX_BYTES)
        return IC_ERR_LIMIT;
    int error = ic__json_parse(text, len, &doc);
    if (error)
        return error;
    if (!ic__json_is(doc, IC__JSON_OBJECT)) {
        ic__json_free(doc);
        return IC_ERR_PROTO;
    }
    *out = doc;
    return 0;
}

static int parse_base64(const char *text, size_t len, ic__json **out)
{
    static const int variants[] = {sodium_base64_VARIANT_ORIGINAL_NO_PADDING,
                                   sodium_base64_VARIANT_URLSAFE_NO_PADDING};
    size_t got = 0;
    int bad = 1;

    if (len > IC__OBJECT_MAX_BYTES * 2)
        return IC_ERR_LIMIT;
    while (len && text[len - 1] == '=')
        len--;
    char *bytes = ic_mem_alloc(len + 1);
    if (!bytes)
        return IC_ERR_NOMEM;
    for (size_t i = 0; bad && i < sizeof variants / sizeof variants[0]; i++)
        bad = sodium_base642bin((uint8_t *)bytes, len, text, len, " \t\r\n", &got, NULL,
                                variants[i]);
    int error = bad ? IC_ERR_PROTO : parse_object(bytes, got, out);
    ic_mem_free(bytes);
    return error;
}

/* The whole file, when it is not too large. */
static int read_file(const char *path, ic__buf *out)
{
    char piece[4096];
    size_t n;
    FILE *file = fopen(path, "rbe");

    if (!file)
        return IC_ERR_IO;
    while ((n = fread(piece, 1, sizeof piece, file)) > 0 && !out->bad)
        ic__buf_add(out, piece, n);
    bool failed = ferror(file) != 0;
    (void)fclose(file);
    if (failed)
        return IC_ERR_IO;
    return out->bad ? IC_ERR_LIMIT : 0;
}

static int parse_file(const char *name, size_t len, ic__json **out)
{
    ic__buf content = {.max = IC__OBJECT_MAX_BYTES};
    ic__buf path = {0};

    ic__buf_add(&path, name, len);
    int error = path.bad ? IC_ERR_NOMEM : read_file(path.data, &content);
    if (!error)
        error =
            ic__object_parse(content.data ? content.data : "", content.len, false, out);
    ic__buf_free(&path);
    ic__buf_free(&content);
    return error;
}

int ic__object_parse(const char *text, size_t len, bool at_terminal, ic__json **out)
{
    text = ic__trim(text, len, &len);
    if (len && text[0] == '{')
        return parse_object(text, len, out);
    if (at_terminal && len && text[0] == '@')
        return parse_file(text + 1, len - 1, out);
    if (at_terminal && len >= 4 && memcmp(text, "b64:", 4) == 0)
        return parse_base64(text + 4, len - 4, out);
    return parse_base64(text, len, out);
}

void ic__object_base64(ic__buf *b, const char *json, size_t len)
{
    size_t size = sodium_base64_encoded_len(len, sodium_base64_VARIANT_ORIGINAL);
    char *text = ic_mem_alloc(size);

    if (text)
        ic__buf_text(b, sodium_bin2base64(text, size, (const uint8_t *)json, len,
                                          sodium_base64_VARIANT_ORIGINAL));
    else
        b->bad = true;
    ic_mem_free(text);
}

const ic__json *ic__object_payload(const ic__json *object)
{
    const ic__json *payload = ic__json_get(object, "payload");

    return ic__json_is(payload, IC__JSON_OBJECT) ? payload : object;
}

/* The text "sig", or "signature" when there is no such text. */
static const char *signature_text(const ic__json *object, size_t *len)
{
    const char *text = ic__json_text(ic__json_get(object, "sig"), len);

    return text && *len ? text : ic__json_text(ic__json_get(object, "signature"), len);
}

bool ic__object_is_signed(const ic__json *object)
{
    size_t len;

    return signature_text(object, &len) && len;
}

bool ic__object_signature(const ic__json *object, uint8_t out[IC_SIGNATURE_BYTES])
{
    size_t len;
    const char *hex = signature_text(object, &len);

    return hex && ic__hex_decode(out, IC_SIGNATURE_BYTES, hex, len);
}

bool ic__object_verify(const ic__json *object, const ic__buf *text, const char *key)
{
    uint8_t signature[IC_SIGNATURE_BYTES];
    uint8_t public_key[IC_PUBLIC_KEY_BYTES];

    return !text->bad && ic__object_signature(object, signature) &&
           ic__hex_decode(public_key, sizeof public_key, key, strlen(key)) &&
           ic_signature_verify(signature, text->data, text->len, public_key);
}

void ic__object_write(ic__buf *b, const ic__buf *payload, const ic__buf *text,
                      const ic_identity *signer)
{
    uint8_t signature[IC_SIGNATURE_BYTES];
    char hex[2 * IC_SIGNATURE_BYTES + 1];

    if (payload->bad || text->bad) {
        b->bad = true;
        return;
    }
    ic_identity_sign(signer, text->data, text->len, signature);
    ic__hex_encode(hex, signature, sizeof signature);
    ic__buf_text(b, "{\"payload\":");
    ic__buf_add(b, payload->data, payload->len);
    ic__buf_printf(b, ",\"sig\":\"%s\"", hex);
}

bool ic__object_key(const ic__json *payload, const char *name, char out[IC__KEY_HEX + 1])
{
    size_t len;
    const char *text = ic__json_text(ic__json_get(payload, name), &len);

    return text && ic__key_normalise(text, len, out);
}

bool ic__object_time(const ic__json *payload, const char *name, double *out)
{
    *out = ic__json_number(ic__json_get(payload, name));
    return isfinite(*out);
}

bool ic__object_text(const ic__json *payload, const char *name, const char **text,
                     size_t *len)
{
    const ic__json *v = ic__json_get(payload, name);

    *text = "";
    *len = 0;
    if (ic__json_type(v) <= IC__JSON_NULL)
        return true;
    *text = ic__json_text(v, len);
    return *text != NULL;
}

bool ic__object_version(const ic__json *payload, double *out)
{
    const ic__json *v = ic__json_get(payload, "version");

    *out = 1;
    if (ic__json_type(v) <= IC__JSON_NULL)
        return true;
    *out = ic__json_number(v);
    return isfinite(*out);
}
