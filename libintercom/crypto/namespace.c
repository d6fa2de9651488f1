#include "crypto/namespace.h"

#include <string.h>

#include <sodium.h>

void ic__namespace(uint8_t out[IC__NAMESPACE_BYTES], const char *name, uint8_t index)
{
    uint8_t named[IC__NAMESPACE_BYTES + 1];

    (void)crypto_generichash(named, IC__NAMESPACE_BYTES, (const uint8_t *)name,
                             strlen(name), NULL, 0);
    named[IC__NAMESPACE_BYTES] = index;
    (void)crypto_generichash(out, IC__NAMESPACE_BYTES, named, sizeof named, NULL, 0);
}
