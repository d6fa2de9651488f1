#include "sidechannel/name.h"

#include <assert.h>
#include <string.h>

#include <sodium.h>

#include "base/utf8.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "mux/frame.h"

#define TOPIC_PREFIX "sidechannel:"
#define PROTOCOL_PREFIX "sidechannel/"

static_assert(IC__CHANNEL_NAME_MAX + sizeof PROTOCOL_PREFIX - 1 == IC__MUX_NAME_MAX,
              "any channel can be opened");

static bool is_space(uint32_t code)
{
    return (code >= 0x09 && code <= 0x0d) || code == 0x20 || code == 0xa0 ||
           code == 0x1680 || (code >= 0x2000 && code <= 0x200a) || code == 0x2028 ||
           code == 0x2029 || code == 0x202f || code == 0x205f || code == 0x3000 ||
           code == 0xfeff;
}

const char *ic__trim(const char *text, size_t len, size_t *trimmed_len)
{
    const char *end = text + len;
    const char *start = NULL; /* of the first character that stays */
    const char *stop = text;  /* behind the last one */

    for (const char *at = text; at < end;) {
        const char *character = at;
        if (is_space(ic__utf8_next(&at, end)))
            continue;
        if (!start)
            start = character;
        stop = at;
    }
    *trimmed_len = start ? (size_t)(stop - start) : 0;
    return start ? start : text;
}

int ic__channel_name_new(const char *text, size_t len, char **out)
{
    const char *from = ic__trim(text, len, &len);

    if (!len || memchr(from, 0, len) || !ic__utf8_valid(from, len))
        return IC_ERR_INVALID;
    if (len > IC__CHANNEL_NAME_MAX)
        return IC_ERR_LIMIT;
    char *name = ic_mem_alloc(len + 1);
    if (!name)
        return IC_ERR_NOMEM;
    memcpy(name, from, len);
    name[len] = 0;
    *out = name;
    return 0;
}

void ic__channel_name_topic(const char *name, uint8_t topic[IC__TOPIC_BYTES])
{
    crypto_hash_sha256_state hash;

    (void)crypto_hash_sha256_init(&hash);
    (void)crypto_hash_sha256_update(&hash, (const uint8_t *)TOPIC_PREFIX,
                                    sizeof TOPIC_PREFIX - 1);
    (void)crypto_hash_sha256_update(&hash, (const uint8_t *)name, strlen(name));
    (void)crypto_hash_sha256_final(&hash, topic);
}

void ic__channel_name_protocol(ic__buf *b, const char *name)
{
    ic__buf_text(b, PROTOCOL_PREFIX);
    ic__buf_text(b, name);
}
