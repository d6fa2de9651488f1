/**
 * @file base/fifo.h
 * A stream of bytes in memory: appended at one end, dropped at the other, read anywhere
 * between. Bytes are named by their offset from the start of the stream.
 *
 * Memory doubles as needed; a buffer that has run empty gives it back when asked.
 */
#ifndef BASE_FIFO_H
#define BASE_FIFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ic__fifo {
    uint8_t *data;
    size_t cap;    /* 0 or a power of two */
    uint64_t head; /* offset of the oldest byte kept */
    uint64_t tail; /* offset of the next byte to come */
} ic__fifo;

static inline size_t ic__fifo_len(const ic__fifo *f)
{
    return (size_t)(f->tail - f->head);
}

/** Append; false when memory is out, and then nothing has changed. */
bool ic__fifo_add(ic__fifo *f, const uint8_t *data, size_t len);

/** Copy len bytes from `offset`; all of them must be there. */
void ic__fifo_copy(const ic__fifo *f, uint64_t offset, uint8_t *out, size_t len);

/** The longest piece at the front that lies in a row; NULL and 0 when empty. */
const uint8_t *ic__fifo_front(const ic__fifo *f, size_t *len);

/** Forget everything before `offset`, which is not past the tail. */
void ic__fifo_drop(ic__fifo *f, uint64_t offset);

/** Is it empty, and holds memory? */
bool ic__fifo_is_idle(const ic__fifo *f);

/** Give the memory of an idle buffer back. */
void ic__fifo_trim(ic__fifo *f);

void ic__fifo_free(ic__fifo *f);

#endif
