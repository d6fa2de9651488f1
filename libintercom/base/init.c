#include "intercom/init.h"

#include <sodium.h>

#include "intercom/error.h"

int ic_init(void)
{
    return sodium_init() < 0 ? IC_ERR_IO : 0;
}

const char *ic_version(void)
{
    return IC_VERSION;
}
