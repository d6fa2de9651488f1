#include "peer_key.h"

#define ESC 0x1b

/* CSI: ESC [ parameters, ended by a byte from @ to ~. */
static size_t csi_len(const uint8_t *bytes, size_t len)
{
    for (size_t i = 2; i < len && i < PEER_KEY_MAX; i++) {
        if (bytes[i] >= 0x40 && bytes[i] <= 0x7e)
            return i + 1;
        if (bytes[i] < 0x20)
            return i; /* broken off; the rest is a key of its own */
    }
    return len >= PEER_KEY_MAX ? PEER_KEY_MAX : 0;
}

static size_t character_len(const uint8_t *bytes, size_t len)
{
    uint8_t lead = bytes[0];
    size_t want = lead < 0xc2   ? 1
                  : lead < 0xe0 ? 2
                  : lead < 0xf0 ? 3
                  : lead < 0xf5 ? 4
                                : 1;

    for (size_t i = 1; i < want; i++) {
        if (i == len)
            return 0;
        if ((bytes[i] & 0xc0) != 0x80)
            return i;
    }
    return want;
}

size_t peer_key_len(const uint8_t *bytes, size_t len)
{
    if (!len)
        return 0;
    if (bytes[0] != ESC)
        return character_len(bytes, len);
    if (len == 1)
        return 0;
    if (bytes[1] == '[')
        return csi_len(bytes, len);
    if (bytes[1] == 'O')
        return len > 2 ? 3 : 0;
    size_t rest = bytes[1] == ESC ? 1 : character_len(bytes + 1, len - 1);
    return rest ? rest + 1 : 0;
}

bool peer_key_waits(const uint8_t *key, size_t len)
{
    if (len == 1)
        return key[0] == 'R' - '@' || key[0] == 'S' - '@' || key[0] == 'V' - '@' ||
               key[0] == 'X' - '@' || key[0] == ESC;
    return len == 2 && key[0] == ESC && (key[1] == 'x' || key[1] == 'X' || key[1] == ESC);
}
