#include <stdlib.h>
#include <string.h>

#include "intersplit/command.h"
#include "said.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever is read is said again in one form, and where that still fits on a line it
 * reads as the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    isplit_reason why;
    isplit_command *c = NULL;
    isplit_command *again = NULL;

    if (isplit_command_parse((const char *)data, size, &c, &why) != 0)
        return 0;
    char *first = said(c);
    size_t len = strlen(first);
    if (len <= ISPLIT_COMMAND_MAX_BYTES) {
        if (isplit_command_parse(first, len, &again, &why) != 0 || again->kind != c->kind)
            abort();
        char *second = said(again);
        if (strcmp(first, second) != 0)
            abort();
        free(second);
        isplit_command_free(again);
    }
    free(first);
    isplit_command_free(c);
    return 0;
}
