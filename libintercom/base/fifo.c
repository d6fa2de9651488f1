#include "base/fifo.h"

#include <string.h>

#include "base/size.h"
#include "intercom/sys/mem.h"

#define FIRST_CAP 512 /* an idle stream sends less: a header, a keep-alive */

static size_t place(const ic__fifo *f, uint64_t offset)
{
    return (size_t)(offset & (f->cap - 1));
}

static bool reserve(ic__fifo *f, size_t more)
{
    size_t need;

    if (!ic__add_size(ic__fifo_len(f), more, &need) || need > SIZE_MAX / 2)
        return false;
    if (need <= f->cap)
        return true;
    ic__fifo bigger = {.cap = f->cap ? f->cap : FIRST_CAP, .head = f->head};
    while (bigger.cap < need)
        bigger.cap *= 2;
    bigger.data = ic_mem_alloc(bigger.cap);
    if (!bigger.data)
        return false;
    while (ic__fifo_len(f)) {
        size_t len;
        const uint8_t *front = ic__fifo_front(f, &len);
        size_t at = place(&bigger, f->head);
        size_t part = len < bigger.cap - at ? len : bigger.cap - at;
        memcpy(bigger.data + at, front, part);
        f->head += part;
    }
    bigger.tail = f->tail;
    ic_mem_free(f->data);
    *f = bigger;
    return true;
}

bool ic__fifo_add(ic__fifo *f, const uint8_t *data, size_t len)
{
    if (!len)
        return true;
    if (!reserve(f, len))
        return false;
    size_t at = place(f, f->tail);
    size_t first = len < f->cap - at ? len : f->cap - at;
    memcpy(f->data + at, data, first);
    if (len > first)
        memcpy(f->data, data + first, len - first);
    f->tail += len;
    return true;
}

void ic__fifo_copy(const ic__fifo *f, uint64_t offset, uint8_t *out, size_t len)
{
    if (!len)
        return;
    size_t at = place(f, offset);
    size_t first = len < f->cap - at ? len : f->cap - at;
    memcpy(out, f->data + at, first);
    if (len > first)
        memcpy(out + first, f->data, len - first);
}

const uint8_t *ic__fifo_front(const ic__fifo *f, size_t *len)
{
    size_t all = ic__fifo_len(f);

    *len = 0;
    if (!all)
        return NULL;
    size_t at = place(f, f->head);
    *len = all < f->cap - at ? all : f->cap - at;
    return f->data + at;
}

void ic__fifo_drop(ic__fifo *f, uint64_t offset)
{
    f->head = offset;
}

bool ic__fifo_is_idle(const ic__fifo *f)
{
    return f->head == f->tail && f->cap > 0;
}

void ic__fifo_trim(ic__fifo *f)
{
    if (!ic__fifo_is_idle(f))
        return;
    ic_mem_free(f->data);
    f->data = NULL;
    f->cap = 0;
}

void ic__fifo_free(ic__fifo *f)
{
    ic_mem_free(f->data);
    *f = (ic__fifo){0};
}
