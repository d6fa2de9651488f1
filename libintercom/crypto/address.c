#include "crypto/address.h"

#include <assert.h>
#include <string.h>

#include "base/wr.h"
#include "intercom/error.h"

#define PREFIX_MAX (IC_ADDRESS_PREFIX_BYTES - 1)
#define DATA_CHARS 52 /* 32 bytes in groups of five bits, four bits of padding */
#define SUM_CHARS 6
#define BECH32M UINT32_C(0x2bc830a3)

static_assert(IC_ADDRESS_BYTES == PREFIX_MAX + 1 + DATA_CHARS + SUM_CHARS + 1, "address");

static const char letters[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

static uint32_t sum_step(uint32_t sum, uint8_t group)
{
    static const uint32_t generator[5] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
                                          0x2a1462b3};
    uint32_t top = sum >> 25;

    sum = (sum & 0x1ffffff) << 5 ^ group;
    for (unsigned i = 0; i < 5; i++)
        sum ^= (top >> i & 1) ? generator[i] : 0;
    return sum;
}

static uint32_t sum_prefix(const char *prefix, size_t len)
{
    uint32_t sum = 1;

    for (size_t i = 0; i < len; i++)
        sum = sum_step(sum, (uint8_t)prefix[i] >> 5);
    sum = sum_step(sum, 0);
    for (size_t i = 0; i < len; i++)
        sum = sum_step(sum, prefix[i] & 31);
    return sum;
}

static bool is_prefix(const char *text, size_t len)
{
    if (len < 1 || len > PREFIX_MAX)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < 'a' || text[i] > 'z')
            return false;
    }
    return true;
}

/* Five bits per group, the last one filled up with zero bits. */
static void groups_from_key(uint8_t groups[DATA_CHARS],
                            const uint8_t key[IC_PUBLIC_KEY_BYTES])
{
    unsigned held = 0;
    unsigned bits = 0;
    size_t n = 0;

    for (size_t i = 0; i < IC_PUBLIC_KEY_BYTES; i++) {
        held = (held << 8 | key[i]) & 0xfff;
        for (bits += 8; bits >= 5; bits -= 5)
            groups[n++] = held >> (bits - 5) & 31;
    }
    groups[n] = (uint8_t)(held << (5 - bits) & 31);
}

static bool key_from_groups(uint8_t key[IC_PUBLIC_KEY_BYTES],
                            const uint8_t groups[DATA_CHARS])
{
    unsigned held = 0;
    unsigned bits = 0;
    size_t n = 0;

    for (size_t i = 0; i < DATA_CHARS; i++) {
        held = (held << 5 | groups[i]) & 0xfff;
        bits += 5;
        if (bits >= 8) {
            bits -= 8;
            key[n++] = (uint8_t)(held >> bits);
        }
    }
    return (held & 0xf) == 0;
}

int ic_address_encode(char address[IC_ADDRESS_BYTES], const char *prefix,
                      const uint8_t public_key[IC_PUBLIC_KEY_BYTES])
{
    uint8_t groups[DATA_CHARS];
    size_t len = strlen(prefix);
    ic__wr w = ic__wr_of(address, IC_ADDRESS_BYTES);

    if (!is_prefix(prefix, len))
        return IC_ERR_INVALID;
    ic__wr_bytes(&w, prefix, len);
    ic__wr_u8(&w, '1');
    uint32_t sum = sum_prefix(prefix, len);
    groups_from_key(groups, public_key);
    for (size_t i = 0; i < DATA_CHARS; i++) {
        sum = sum_step(sum, groups[i]);
        ic__wr_u8(&w, (uint8_t)letters[groups[i]]);
    }
    for (size_t i = 0; i < SUM_CHARS; i++)
        sum = sum_step(sum, 0);
    sum ^= BECH32M;
    for (unsigned i = 0; i < SUM_CHARS; i++)
        ic__wr_u8(&w, (uint8_t)letters[sum >> 5 * (SUM_CHARS - 1 - i) & 31]);
    ic__wr_u8(&w, 0);
    return 0;
}

bool ic_address_has_format(const char *address)
{
    const char *one = strchr(address, '1');

    return one && is_prefix(address, (size_t)(one - address)) &&
           strlen(one + 1) == DATA_CHARS + SUM_CHARS &&
           strspn(one + 1, letters) == DATA_CHARS + SUM_CHARS;
}

/* Copy in lower case; false when the case is mixed or a character is not printable. */
static bool lower_case(char *out, const char *text, size_t len)
{
    bool upper = false;
    bool lower = false;

    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c < '!' || c > '~')
            return false;
        upper |= c >= 'A' && c <= 'Z';
        lower |= c >= 'a' && c <= 'z';
        out[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    out[len] = 0;
    return !(upper && lower);
}

bool ic__address_decode_any(const char *address, uint8_t public_key[IC_PUBLIC_KEY_BYTES])
{
    char text[IC_ADDRESS_BYTES];
    uint8_t groups[DATA_CHARS + SUM_CHARS];
    size_t len = strnlen(address, sizeof text);

    if (len == sizeof text || !lower_case(text, address, len))
        return false;
    const char *one = strrchr(text, '1');
    if (!one || one == text || strlen(one + 1) != sizeof groups)
        return false;
    uint32_t sum = sum_prefix(text, (size_t)(one - text));
    for (size_t i = 0; i < sizeof groups; i++) {
        const char *letter = strchr(letters, one[1 + i]);
        if (!letter)
            return false;
        groups[i] = (uint8_t)(letter - letters);
        sum = sum_step(sum, groups[i]);
    }
    return sum == BECH32M && key_from_groups(public_key, groups);
}

int ic_address_decode(const char *address, char *prefix,
                      uint8_t public_key[IC_PUBLIC_KEY_BYTES])
{
    uint8_t key[IC_PUBLIC_KEY_BYTES];

    if (!ic_address_has_format(address) || !ic__address_decode_any(address, key))
        return IC_ERR_INVALID;
    memcpy(public_key, key, sizeof key);
    if (prefix) {
        size_t len = strcspn(address, "1");
        memcpy(prefix, address, len);
        prefix[len] = 0;
    }
    return 0;
}
