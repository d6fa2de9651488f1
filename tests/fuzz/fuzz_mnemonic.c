#include <stdlib.h>
#include <string.h>

#include "crypto/mnemonic.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Clean words stay as they are; entropy gives words that pass. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char clean[IC_MNEMONIC_BYTES];
    char again[IC_MNEMONIC_BYTES];
    uint8_t entropy[IC__ENTROPY_MAX] = {0};
    char *text = calloc(1, size + 1);

    if (!text)
        return 0;
    if (size)
        memcpy(text, data, size);
    if (ic_mnemonic_clean(clean, text) == 0 &&
        (ic_mnemonic_clean(again, clean) != 0 || strcmp(clean, again) != 0))
        abort();
    memcpy(entropy, text, size < sizeof entropy ? size : sizeof entropy);
    ic__mnemonic_from_entropy(clean, entropy, size % 2 ? 16 : 32);
    if (ic_mnemonic_clean(again, clean) != 0 || strcmp(clean, again) != 0)
        abort();
    free(text);
    return 0;
}
