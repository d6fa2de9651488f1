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
        bytes += strlen(c->add.payer) + strlen(c->add.amount);
        for (size_t i = 0; i < c->add.split_count; i++)
            bytes += strlen(c->add.split[i]);
        bytes += c->add.note ? strlen(c->add.note) : 0;
    } else if (c->kind == ISPLIT_COMMAND_SEND) {
        bytes += strlen(c->text);
    }
    if (bytes > size)
        abort();
    isplit_command_free(c);
    return 0;
}
