/* A datagram of strangers: what is read is written, and reads the same. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dht/rpc_message.h"

static void check(int ok)
{
    if (!ok)
        abort();
}

static int same(const uint8_t *a, const uint8_t *b, size_t len)
{
    return (!a && !b) || (a && b && memcmp(a, b, len) == 0);
}

static void check_same(const ic__rpc_message *a, const ic__rpc_message *b)
{
    check(a->type == b->type && a->tid == b->tid && a->internal == b->internal);
    check(ic__addr_equal(&a->to, &b->to));
    check(a->command == b->command && a->error == b->error);
    check(same(a->id, b->id, 32) && same(a->token, b->token, 32));
    check(same(a->target, b->target, 32));
    check(a->value_len == b->value_len && same(a->value, b->value, a->value_len));
    check(a->closer_count == b->closer_count);
    for (size_t i = 0; i < a->closer_count; i++)
        check(ic__addr_equal(&a->closer[i], &b->closer[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t out[IC__RPC_DATAGRAM_MAX];
    ic__rpc_message first;
    ic__rpc_message second;
    size_t len;

    if (ic__rpc_message_read(&first, data, size) != 0)
        return 0;
    check(first.closer_count <= IC__RPC_K);
    len = ic__rpc_message_write(&first, out, sizeof out);
    check(len > 0 && len <= size);
    check(ic__rpc_message_read(&second, out, len) == 0);
    check_same(&first, &second);
    return 0;
}
