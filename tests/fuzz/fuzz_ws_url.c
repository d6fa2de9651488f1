#include <stdlib.h>
#include <string.h>

#include "bridge/ws_url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is taken has a host, a port and a path that can stand in a request. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bridge_ws_url url;
    char *text = malloc(size + 1);

    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = 0;
    if (bridge_ws_url_parse(text, &url) == 0 &&
        (!url.host[0] || !url.port || url.path[0] != '/' || strpbrk(url.path, " \r\n")))
        abort();
    free(text);
    return 0;
}
