#include <stdlib.h>
#include <string.h>

#include "intersplit/money.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is read prints as a text that reads as the same amount. First byte: exponent,
 * strictness, currency. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int64_t minor = 0;
    int64_t again = 0;
    isplit_reason why;
    char text[ISPLIT_MONEY_TEXT_MAX];

    if (!size)
        return 0;
    unsigned exponent = data[0] % 12;
    unsigned flags = data[0] & 0x40 ? ISPLIT_MONEY_STRICT : 0;
    const char *currency = data[0] & 0x80 ? "EUR" : NULL;
    if (isplit_money_parse((const char *)data + 1, size - 1, exponent, currency, flags,
                           &minor, &why) != 0)
        return 0;
    if (minor < 1 || minor > ISPLIT_MONEY_MAX_MINOR)
        abort();
    (void)isplit_money_format(minor, exponent, 0, text);
    if (isplit_money_parse(text, strlen(text), exponent, NULL, ISPLIT_MONEY_STRICT,
                           &again, NULL) != 0 ||
        again != minor)
        abort();
    return 0;
}
