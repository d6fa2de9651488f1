#include <stdlib.h>
#include <string.h>

#include "crypto/derive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A path that parses is one that its own text gives again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ic__path path = {.count = 0};
    ic__path again = {.count = 0};
    char *text = calloc(1, size + 1);

    if (!text)
        return 0;
    if (size)
        memcpy(text, data, size);
    if (ic__path_parse(&path, text) == 0) {
        if (ic__path_parse(&again, path.text) != 0 || again.count != path.count ||
            memcmp(again.index, path.index, path.count * sizeof path.index[0]) != 0)
            abort();
    }
    free(text);
    return 0;
}
