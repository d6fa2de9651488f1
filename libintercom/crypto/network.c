#include <string.h>

#include "intercom/error.h"
#include "intercom/identity.h"

static const struct {
    const char *name;
    const char *prefix;
    const char *path;
} networks[] = {
    [IC_NETWORK_MAINNET] = {"mainnet", "trac", "m/918'/0'/0'/0'"},
    [IC_NETWORK_TESTNET1] = {"testnet1", "testtrac", "m/919'/0'/0'/0'"},
    [IC_NETWORK_DEVELOPMENT] = {"development", "trac", "m/918'/0'/0'/0'"},
};

#define NETWORKS (sizeof networks / sizeof networks[0])

const char *ic_network_name(ic_network network)
{
    return (size_t)network < NETWORKS ? networks[network].name : NULL;
}

int ic_network_from_name(const char *name, ic_network *network)
{
    for (size_t i = 0; i < NETWORKS; i++) {
        if (strcmp(name, networks[i].name) == 0) {
            *network = (ic_network)i;
            return 0;
        }
    }
    return IC_ERR_NOT_FOUND;
}

const char *ic_network_prefix(ic_network network)
{
    return (size_t)network < NETWORKS ? networks[network].prefix : NULL;
}

const char *ic_network_path(ic_network network)
{
    return (size_t)network < NETWORKS ? networks[network].path : NULL;
}
