/**
 * @file people.h
 * The identities of sidechannel.json: alice, bob, carol and dave.
 */
#ifndef SIDECHANNEL_PEOPLE_H
#define SIDECHANNEL_PEOPLE_H

#include <stdlib.h>
#include <string.h>

#include "intercom/identity.h"
#include "intercom/init.h"
#include "vectors.h"

/* The identity called `name`; free it. */
static inline ic_identity *person(const json_t *doc, const char *name)
{
    const json_t *entry = json_object_get(json_object_get(doc, "identities"), name);
    size_t len;
    uint8_t *secret = vectors_bytes(entry, "secretKey", &len);
    ic_identity *id = NULL;

    if (ic_init() != 0 || ic_identity_from_seed(&id, secret, IC_NETWORK_MAINNET) != 0)
        abort();
    free(secret);
    return id;
}

#endif
