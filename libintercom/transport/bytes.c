#include "transport/bytes.h"

#include <assert.h>
#include <string.h>

#include "base/size.h"
#include "intercom/sys/mem.h"

#define FIRST_CAP 512
#define KEPT_CAP ((size_t)64 << 10) /* an empty buffer keeps at most so much */

static bool move_to(ic__bytes *b, size_t cap)
{
    uint8_t *data = ic_mem_alloc(cap);

    if (!data)
        return false;
    if (b->len)
        memcpy(data, b->data + b->head, b->len);
    ic_mem_free(b->data);
    b->data = data;
    b->cap = cap;
    b->head = 0;
    return true;
}

uint8_t *ic__bytes_room(ic__bytes *b, size_t n)
{
    size_t need;
    size_t twice;

    if (!ic__add_size(b->len, n, &need) || !ic__mul_size(need, 2, &twice))
        return NULL;
    if (!b->data || need > b->cap - b->head) {
        /* Move within the buffer only what is small against it: then a byte is moved
         * once on average. */
        if (b->data && need <= b->cap && b->len <= b->cap / 2) {
            memmove(b->data, b->data + b->head, b->len);
            b->head = 0;
        } else if (!move_to(b, twice < FIRST_CAP ? FIRST_CAP : twice)) {
            return NULL;
        }
    }
    return b->data + b->head + b->len;
}

void ic__bytes_take(ic__bytes *b, size_t n)
{
    assert(n <= b->len);
    b->len -= n;
    b->head = b->len ? b->head + n : 0;
}

void ic__bytes_trim(ic__bytes *b)
{
    if (!b->len && b->cap > KEPT_CAP)
        ic__bytes_free(b);
}

void ic__bytes_free(ic__bytes *b)
{
    ic_mem_free(b->data);
    *b = (ic__bytes){.data = NULL};
}
