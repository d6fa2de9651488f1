#include "base/opts.h"

#include <stdint.h>
#include <string.h>

#include "intercom/error.h"

void ic__opts_init(void *opts, size_t caller_size, const void *defaults, size_t our_size)
{
    memset(opts, 0, caller_size);
    memcpy(opts, defaults, caller_size < our_size ? caller_size : our_size);
    memcpy(opts, &caller_size, sizeof caller_size);
}

int ic__opts_read(void *out, size_t our_size, const void *defaults, const void *opts)
{
    size_t caller_size;

    memcpy(&caller_size, opts, sizeof caller_size);
    if (caller_size < sizeof caller_size)
        return IC_ERR_INVALID;
    const uint8_t *from = opts;
    for (size_t i = our_size; i < caller_size; i++) {
        if (from[i])
            return IC_ERR_UNSUPPORTED;
    }
    memcpy(out, defaults, our_size);
    memcpy(out, opts, caller_size < our_size ? caller_size : our_size);
    memcpy(out, &our_size, sizeof our_size);
    return 0;
}
