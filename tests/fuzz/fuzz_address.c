#include <stdlib.h>
#include <string.h>

#include "crypto/address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text)
{
    uint8_t key[IC_PUBLIC_KEY_BYTES];
    char prefix[IC_ADDRESS_PREFIX_BYTES];
    char again[IC_ADDRESS_BYTES];

    bool decodes = ic__address_decode_any(text, key);
    bool good = ic_address_decode(text, prefix, key) == 0;
    if (good != (decodes && ic_address_has_format(text)))
        abort();
    if (good && (ic_address_encode(again, prefix, key) != 0 || strcmp(again, text) != 0))
        abort();
}

/* What decodes must encode to the same text; a key and a prefix must come back. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t key[IC_PUBLIC_KEY_BYTES] = {0};
    char address[IC_ADDRESS_BYTES];
    char *text = calloc(1, size + 1);

    if (!text)
        return 0;
    if (size)
        memcpy(text, data, size);
    check_text(text);
    memcpy(key, text, size < sizeof key ? size : sizeof key);
    if (ic_address_encode(address, text, key) == 0)
        check_text(address);
    free(text);
    return 0;
}
