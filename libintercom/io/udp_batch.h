/**
 * @file io/udp_batch.h
 * Many datagrams in few system calls: sendmmsg and recvmmsg, with the kernel cutting one
 * large buffer into datagrams of equal size (UDP GSO) and gluing them together (UDP GRO)
 * where it can. Elsewhere, one call for each.
 */
#ifndef IO_UDP_BATCH_H
#define IO_UDP_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/addr.h"
#include "intercom/api.h"

#define IC__UDP_BATCH_MESSAGES 32
#define IC__UDP_BATCH_BYTES ((size_t)256 * 1024)
/** A longer datagram is no packet of ours: it is dropped and counted. */
#define IC__UDP_MOST_BYTES 4096

/** One message to the kernel: a datagram, or several of `segment` bytes each but the
 * last.
 */
typedef struct ic__udp_out {
    void *owner; /* the socket it leaves by; not followed */
    struct sockaddr_storage to;
    socklen_t to_len;
    size_t offset; /* in the batch's bytes */
    size_t len;
    uint16_t segment; /* size of the first datagram */
    uint16_t count;
    bool closed; /* the last datagram was shorter: nothing may follow it */
    bool has_source;
    uint8_t source[4]; /* leave from this address of ours; IPv4 */
} ic__udp_out;

typedef struct ic__udp_batch {
    ic__udp_out out[IC__UDP_BATCH_MESSAGES];
    size_t count;
    size_t used;
    uint8_t *bytes;
} ic__udp_batch;

IC_CHECK int ic__udp_batch_init(ic__udp_batch *b);
void ic__udp_batch_free(ic__udp_batch *b);

/** Where the next datagram may be written, up to IC__UDP_MOST_BYTES; NULL = send first.
 */
uint8_t *ic__udp_batch_room(ic__udp_batch *b);

/** What was written there is `len` bytes for `to`. `glue`: may share a message. */
void ic__udp_batch_add(ic__udp_batch *b, void *owner, const struct sockaddr_storage *to,
                       socklen_t to_len, size_t len, bool glue);

/** The message that was added last leaves from this address of ours, 4 bytes, if we still
 * have it. */
void ic__udp_batch_leave_from(ic__udp_batch *b, const uint8_t source[4]);

typedef struct ic__udp_counts {
    uint64_t calls;
    uint64_t datagrams;
    uint64_t failed; /* refused by the kernel, dropped */
} ic__udp_counts;

/** Does this errno say that the kernel has no room, for now? */
bool ic__udp_is_full(int error);

/**
 * Send the messages from `*from` up to `end`; `*from` goes on to the first one that was
 * not sent.
 *
 * @param gso  cleared when the kernel can't do it; those messages go out one by one
 * @return true when all is sent; false when the socket is full
 */
bool ic__udp_batch_send(const ic__udp_batch *b, int fd, size_t *from, size_t end,
                        bool *gso, ic__udp_counts *counts);

typedef void (*ic__udp_in_cb)(const uint8_t *data, size_t len, const ic__addr *from,
                              void *user);

typedef struct ic__udp_in {
    uint8_t *bytes; /* the ring of buffers, shared by the sockets of a loop */
    size_t glued;   /* messages to ask for with GRO: fewer when they are long */
    bool more;      /* the last read filled all buffers that it had */
    ic__addr at;    /* for `take`: our address that was asked; family 0 = not told */
    uint64_t truncated;
} ic__udp_in;

IC_CHECK int ic__udp_in_init(ic__udp_in *in);
void ic__udp_in_free(ic__udp_in *in);

/**
 * Read once, as much as the buffers hold.
 *
 * @param most  messages; with GRO, one of them may hold many datagrams
 * @return datagrams handed to `take`, 0 when there was none, or negative on an error that
 * is not about one peer
 */
int ic__udp_in_read(ic__udp_in *in, int fd, bool gro, size_t most, ic__udp_in_cb take,
                    void *user);

/** Be told at which of our addresses a datagram came, on a socket that is bound to all.
 */
void ic__udp_ask_address(int fd);

/** Ask for UDP GRO; false when the kernel has none. */
bool ic__udp_enable_gro(int fd);

/** Can the kernel cut messages on this socket? */
bool ic__udp_has_gso(int fd);

#endif
