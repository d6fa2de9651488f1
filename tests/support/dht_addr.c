#include "dht_addr.h"

#include <stdio.h>

#include "unit.h"

ic__addr dht_addr(const char *ip, uint16_t port)
{
    ic__addr a = {.family = 4, .port = port};
    assert_int_equal(
        sscanf(ip, "%hhu.%hhu.%hhu.%hhu", &a.ip[0], &a.ip[1], &a.ip[2], &a.ip[3]), 4);
    return a;
}
