/**
 * @file transport/bytes.h
 * Bytes in a row: appended at the end, taken at the front, always in one piece.
 *
 * Unlike ic__fifo, which wraps around, what is here can be parsed or decrypted in place.
 */
#ifndef TRANSPORT_BYTES_H
#define TRANSPORT_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ic__bytes {
    uint8_t *data;
    size_t head; /* of the first byte kept */
    size_t len;  /* bytes kept */
    size_t cap;
} ic__bytes;

static inline uint8_t *ic__bytes_front(const ic__bytes *b)
{
    return b->len ? b->data + b->head : NULL;
}

/** Room for n bytes at the end, which do not count yet; NULL when memory is out. Pointers
 * into the bytes die. */
uint8_t *ic__bytes_room(ic__bytes *b, size_t n);

/** The first n bytes of the room count from now on. */
static inline void ic__bytes_grow(ic__bytes *b, size_t n)
{
    b->len += n;
}

/** Take n bytes from the front; memory stays where it is. */
void ic__bytes_take(ic__bytes *b, size_t n);

/** Give back the memory when nothing is kept and it is large. */
void ic__bytes_trim(ic__bytes *b);

void ic__bytes_free(ic__bytes *b);

#endif
