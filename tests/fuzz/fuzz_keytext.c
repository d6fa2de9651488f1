#include <stdlib.h>
#include <string.h>

#include "crypto/keytext.h"
#include "intercom/init.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static ic_identity *identity_of(const ic__keytext *key)
{
    ic_identity *id;

    if (ic__identity_new(&id, key->secret_key, IC_NETWORK_MAINNET,
                         key->words[0] ? key->words : NULL,
                         key->path[0] ? key->path : NULL) != 0)
        abort();
    return id;
}

/* Keys that are read are written to a text that gives the same keys. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ic__keytext key;
    ic__keytext again;
    char text[IC__SEALED_TEXT_MAX];

    if (ic_init() != 0 || ic__keytext_parse(&key, (const char *)data, size) != 0)
        return 0;
    ic_identity *id = identity_of(&key);
    size_t len = ic__keytext_print(text, id);
    ic_identity_free(id);
    if (ic__keytext_parse(&again, text, len) != 0 ||
        memcmp(again.secret_key, key.secret_key, sizeof key.secret_key) != 0 ||
        strcmp(again.words, key.words) != 0 || strcmp(again.path, key.path) != 0)
        abort();
    return 0;
}
