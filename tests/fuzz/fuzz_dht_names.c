#include <stdlib.h>
#include <string.h>

#include "io/dht_names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is taken has a port, and an address or a name; and a list of addresses has no
 * names. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ic__dht_name names[4];
    ic__addr addrs[4];
    size_t count = 0;
    char *text = malloc(size + 1);

    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = 0;
    if (ic__dht_names_read(text, names, 4, &count) == 0) {
        for (size_t i = 0; i < count; i++) {
            if (!names[i].port || (!names[i].addr.family && !names[i].host[0]) ||
                strlen(names[i].host) >= sizeof names[i].host)
                abort();
        }
    }
    if (ic__dht_addresses_read(text, addrs, 4, &count) == 0) {
        for (size_t i = 0; i < count; i++) {
            if (addrs[i].family != 4 || !addrs[i].port)
                abort();
        }
    }
    free(text);
    return 0;
}
