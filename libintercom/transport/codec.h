/**
 * @file transport/codec.h
 * compact-encoding, the values of every message above UDX, over ic__rd and ic__wr.
 *
 * A value that is cut off, or out of its range, turns the reader bad. Bytes behind the
 * last known field are not an error in this protocol: ask `r.bad`, not ic__rd_finish. A
 * value that cannot be written turns the writer bad.
 *
 * Floats, dates, records and `any` are used by nobody in this stack; json is
 * ic__rd_buffer and a JSON parser.
 *
 * Spec     docs/spec/01-compact-encoding.md
 */
#ifndef TRANSPORT_CODEC_H
#define TRANSPORT_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/rd.h"
#include "base/wr.h"

#define IC__UINT_MAX ((UINT64_C(1) << 53) - 1) /* as JavaScript counts */
#define IC__INT_MAX ((INT64_C(1) << 52) - 1)
#define IC__INT_MIN (-(INT64_C(1) << 52))
#define IC__ARRAY_MAX 0x100000 /* elements of an array */

/** `uint`: 1, 3, 5 or 9 bytes. Any form is read, the shortest is written. */
uint64_t ic__rd_uint(ic__rd *r);
void ic__wr_uint(ic__wr *w, uint64_t value);

/** How many bytes ic__wr_uint takes. */
size_t ic__uint_size(uint64_t value);

/** `uint8` to `uint64`: little-endian in 1 to 8 bytes, at most IC__UINT_MAX. */
uint64_t ic__rd_uint_le(ic__rd *r, size_t bytes);
void ic__wr_uint_le(ic__wr *w, uint64_t value, size_t bytes);

/** `uint64be`, at most IC__UINT_MAX. */
uint64_t ic__rd_uint64be(ic__rd *r);
void ic__wr_uint64be(ic__wr *w, uint64_t value);

/** `int`: zig-zag in a `uint`, IC__INT_MIN to IC__INT_MAX. */
int64_t ic__rd_int(ic__rd *r);
void ic__wr_int(ic__wr *w, int64_t value);

/** The map behind `int`, `int8`, ... `bigint64`. */
static inline uint64_t ic__zigzag(int64_t value)
{
    return (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0);
}

static inline int64_t ic__unzigzag(uint64_t value)
{
    return (int64_t)(value >> 1 ^ (value & 1 ? UINT64_MAX : 0));
}

/** `lexint` below 2^32, whose bytes sort as the numbers do. */
uint64_t ic__rd_lexint(ic__rd *r);
void ic__wr_lexint(ic__wr *w, uint64_t value);

/** `bool`: only 1 is true. */
bool ic__rd_bool(ic__rd *r);
void ic__wr_bool(ic__wr *w, bool value);

/**
 * `buffer`, `string` and their kin: a length and that many bytes, borrowed.
 *
 * @param max  more than this turns the reader bad
 * @return NULL when bad, and perhaps for no bytes (which is how null is written)
 */
const uint8_t *ic__rd_buffer(ic__rd *r, size_t max, size_t *len);
void ic__wr_buffer(ic__wr *w, const void *data, size_t len);

/** `frame`: a reader for the bytes inside; what it leaves over does not count. */
ic__rd ic__rd_frame(ic__rd *r);

/**
 * The number of elements that follow, in an array, a record or a typed array.
 *
 * @param least_bytes  of the smallest element: a count that the remaining bytes could not
 *                     hold turns the reader bad; 0 = elements may be empty
 * @param max          more than this turns the reader bad
 */
size_t ic__rd_count(ic__rd *r, size_t least_bytes, size_t max);

/** `bitfield(bits)`, 1 to 64 bits: a `uint` whose width follows from `bits`. */
uint64_t ic__rd_bitfield(ic__rd *r);
void ic__wr_bitfield(ic__wr *w, uint64_t value, unsigned bits);

/** `ipv4Address` and `ipv6Address`; the port is little-endian. */
void ic__rd_ipv4_addr(ic__rd *r, ic__addr *addr);
void ic__rd_ipv6_addr(ic__rd *r, ic__addr *addr);

/** `ipAddress`: with a family byte, where anything but 4 and 6 turns the reader bad. */
void ic__rd_ip_addr(ic__rd *r, ic__addr *addr);

/** `ipv4Address` or `ipv6Address` by the family, which must not be 0. */
void ic__wr_addr(ic__wr *w, const ic__addr *addr);
void ic__wr_ip_addr(ic__wr *w, const ic__addr *addr);

#endif
