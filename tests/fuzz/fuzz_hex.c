#include <stdlib.h>
#include <string.h>

#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What decodes must encode to the same digits in lower case. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *bytes = malloc(size / 2 + 1);
    char *text = malloc(size + 2);

    if (bytes && text && ic__hex_decode(bytes, size / 2, (const char *)data, size)) {
        ic__hex_encode(text, bytes, size / 2);
        if (strlen(text) != size || strncasecmp(text, (const char *)data, size) != 0)
            abort();
    }
    free(bytes);
    free(text);
    return 0;
}
