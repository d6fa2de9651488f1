#include <stdlib.h>
#include <string.h>

#include "crypto/keycache.h"
#include "crypto/sealed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A key file that parses prints to one that parses to the same parts; the second file is
 * read from the same bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char file[] = "{}";
    static const ic__keycache cache = {.path = "x", .file = file, .file_len = 2};
    ic__sealed sealed;
    ic__sealed again;
    char printed[IC__SEALED_FILE_MAX];
    char text[IC__SEALED_TEXT_MAX];
    size_t len;

    if (ic__sealed_parse(&sealed, (const char *)data, size) == 0) {
        len = ic__sealed_print(printed, &sealed);
        if (ic__sealed_parse(&again, printed, len) != 0 ||
            again.box_len != sealed.box_len ||
            memcmp(again.box, sealed.box, sealed.box_len) != 0 ||
            memcmp(again.salt, sealed.salt, sizeof sealed.salt) != 0 ||
            memcmp(again.nonce, sealed.nonce, sizeof sealed.nonce) != 0)
            abort();
    }
    if (ic__keycache_parse(&cache, (const char *)data, size, text, &len) == 0 &&
        len > sizeof text)
        abort();
    return 0;
}
