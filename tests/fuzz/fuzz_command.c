#include <stdlib.h>
#include <string.h>

#include "intersplit/command.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every text of a command that was read is a text, and an add names a payer. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    isplit_reason why;
    isplit_command *c = NULL;
    size_t bytes = 0;

    if (isplit_command_parse((const char *)data, size, &c, &why) != 0)
        return 0;
    if (c->kind == ISPLIT_COMMAND_ADD) {
        bytes += strlen(c->draft.payer) + strlen(c->draft.amount);
        for (size_t i = 0; i < c->draft.part_count; i++)
            bytes += strlen(c->draft.parts[i].name);
        bytes += c->draft.note ? strlen(c->draft.note) : 0;
    } else if (c->kind == ISPLIT_COMMAND_SEND) {
        bytes += strlen(c->text);
    }
    if (bytes > size)
        abort();
    isplit_command_free(c);
    return 0;
}
