/**
 * @file transport/udx_stream.h
 * One end of a UDX stream: ordered, reliable bytes and unreliable messages in datagrams.
 *
 * Plain memory with five verbs (recv, pull, deadline, expire, next); the driver owns the
 * sockets, the clock and the table of ids.
 *
 * Spec     docs/spec/02-udx.md, sections 3 to 8 and 11
 * Threads  one at a time
 * Errors   0 or a negative ic_error; outputs are written only on 0
 */
#ifndef TRANSPORT_UDX_STREAM_H
#define TRANSPORT_UDX_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "intercom/api.h"
#include "intercom/sys/env.h"

typedef struct ic__udx ic__udx;

/** Where packets go: out of which socket, to which address, to which stream there. */
typedef struct ic__udx_path {
    ic__addr addr;
    void *via; /* names the driver's socket; never followed here */
    uint32_t id;
} ic__udx_path;

typedef struct ic__udx_options {
    uint64_t keepalive_ns; /* heartbeat when idle for so long; 0 = never (default) */
    uint64_t linger_ns;    /* answer late packets after the end; default 4 s */
    uint64_t max_closed_window_ns; /* without any progress; default 10 min */
    uint32_t first_seq;            /* ours; default 0 */
    uint32_t first_ack;            /* the peer's first seq; default 0 */
    uint32_t max_recv_bytes;       /* taken and not yet handed up; default 4 MiB */
    uint32_t max_early_bytes;      /* the same before connect; default 256 KiB */
    uint32_t max_send_bytes;       /* written and not yet acknowledged; default 4 MiB */
    uint32_t max_message_bytes;    /* of messages queued, each way; default 64 KiB */
    uint32_t max_ahead_packets;    /* seq beyond the next expected one; default 16384 */
    uint32_t max_flight_packets;   /* sent and not yet acknowledged; default 16384 */
    uint32_t max_timeouts;         /* of one packet before giving up; default 6 */
    uint32_t max_answers;          /* to heartbeats, per second; default 100 */
    uint32_t max_mtu; /* bytes of an IP packet, 1200 = no search; def. 1500 */
} ic__udx_options;

typedef struct ic__udx_stats {
    uint64_t packets_in;
    uint64_t packets_out;
    uint64_t bytes_in; /* of datagrams */
    uint64_t bytes_out;
    uint64_t retransmits;
    uint64_t timeouts;
    uint64_t tail_probes;
    uint64_t repairs;      /* times that loss was noticed without a timeout */
    uint64_t dropped_bad;  /* datagrams that are no packet */
    uint64_t dropped_far;  /* seq outside of the window */
    uint64_t dropped_full; /* no room for the data */
    uint64_t dropped_duplicate;
    uint64_t dropped_blocks;     /* SACK blocks that make no sense */
    uint64_t dropped_messages;   /* nobody took the ones before */
    uint64_t dropped_heartbeats; /* too many in a second */
    uint64_t srtt_ns;
    uint64_t min_rtt_ns;
    uint64_t bandwidth_bytes; /* per second, as the congestion control sees the path */
    uint32_t cwnd_packets;
    uint32_t flying_packets;
    uint32_t mtu;
} ic__udx_stats;

typedef enum ic__udx_what {
    IC__UDX_NOTHING,
    IC__UDX_GOT_DATA,    /* the next bytes of the stream */
    IC__UDX_GOT_MESSAGE, /* one whole message */
    IC__UDX_GOT_END,     /* the peer writes no more */
    IC__UDX_DRAINED,     /* after IC_ERR_AGAIN: there is room again */
    IC__UDX_MOVED,       /* nothing is left on the paths before ic__udx_move */
    IC__UDX_CLOSED,      /* the last event; `error` says why */
} ic__udx_what;

typedef struct ic__udx_event {
    ic__udx_what what;
    /** 0 both directions ended, or destroyed here; IC_ERR_CLOSED destroyed by the peer;
     * IC_ERR_TIMEOUT the peer went silent or kept its window closed. */
    int error;
    const uint8_t *data; /* dies with the next call */
    size_t len;
} ic__udx_event;

void ic__udx_options_default(ic__udx_options *opts);

/** A stream that the peer names by `id`; `opts` NULL = defaults. Owns memory only. */
IC_CHECK int ic__udx_new(ic__udx **out, const ic_env *env, uint32_t id,
                         const ic__udx_options *opts, uint64_t now);
void ic__udx_free(ic__udx *s);

uint32_t ic__udx_id(const ic__udx *s);

/** Say where the peer is. @return 0; IC_ERR_INVALID for port 0; IC_ERR_EXISTS */
IC_CHECK int ic__udx_connect(ic__udx *s, const ic__udx_path *path, uint64_t now);

/**
 * Switch to another path. Packets under way stay on the old one, until they have been
 * hit by a timeout; then they follow.
 *
 * @return 0; IC_ERR_INVALID for port 0 or before connect; IC_ERR_AGAIN when earlier
 * moves are not complete (wait for IC__UDX_MOVED); IC_ERR_CLOSED
 */
IC_CHECK int ic__udx_move(ic__udx *s, const ic__udx_path *path);

/**
 * The path may swallow packets until the peer has sent its first one (a blind relay knows
 * the peer's address only then): when the peer is heard next, what was sent before is
 * sent again at once.
 */
void ic__udx_repeat_when_heard(ic__udx *s);

/**
 * May it go without acknowledgements for so long? Only where several would come
 * meanwhile, and most of what is under way still is after it.
 */
bool ic__udx_has_plenty(const ic__udx *s, uint64_t ns);

/** It has a path, and may still send. */
bool ic__udx_connected(const ic__udx *s);

/** This socket goes: packets that are under way by it follow the current path. */
void ic__udx_leave(ic__udx *s, const void *via);

/** Does a packet under way or to come leave by this socket? */
bool ic__udx_uses(const ic__udx *s, const void *via);

/** The route takes IP packets of so many bytes at most; 0 = not known. */
void ic__udx_limit_mtu(ic__udx *s, uint32_t mtu);

/** The path of new packets; only when connected. */
const ic__udx_path *ic__udx_current_path(const ic__udx *s);

/**
 * Queue bytes, all or none. Before connect they wait.
 *
 * @return 0; IC_ERR_AGAIN when max_send_bytes would be passed (wait for
 * IC__UDX_DRAINED); IC_ERR_LIMIT when len alone passes it; IC_ERR_CLOSED; IC_ERR_NOMEM
 */
IC_CHECK int ic__udx_write(ic__udx *s, const uint8_t *data, size_t len);

/** No more writes. @return 0 (again, too); IC_ERR_CLOSED */
IC_CHECK int ic__udx_end(ic__udx *s);

/** Drop what is queued and unread, tell the peer once, be closed. */
void ic__udx_destroy(ic__udx *s);

/** The same without telling the peer; `error` is what IC__UDX_CLOSED says. */
void ic__udx_drop(ic__udx *s, int error);

/**
 * Queue a message: one datagram, unordered, maybe lost.
 *
 * @return 0; IC_ERR_LIMIT when it fits no packet of 1200 bytes; IC_ERR_AGAIN when
 * max_message_bytes is reached; IC_ERR_CLOSED; IC_ERR_NOMEM
 */
IC_CHECK int ic__udx_send(ic__udx *s, const uint8_t *data, size_t len);

/** Stop (false) or go on handing up data; meanwhile the window closes. */
void ic__udx_set_reading(ic__udx *s, bool on);

void ic__udx_set_keepalive(ic__udx *s, uint64_t interval_ns, uint64_t now);

/** One datagram that names this stream. @return 0; IC_ERR_PROTO: dropped, counted */
int ic__udx_recv(ic__udx *s, const uint8_t *p, size_t n, uint64_t now);

/** The next datagram, in at least IC__UDX_MAX_DATAGRAM bytes; 0 = nothing for now. */
size_t ic__udx_pull(ic__udx *s, uint8_t *out, size_t cap, ic__udx_path *to, uint64_t now);

/** When to call ic__udx_expire, or IC__NEVER. Ask after each pull that gave nothing. */
uint64_t ic__udx_deadline(const ic__udx *s);
void ic__udx_expire(ic__udx *s, uint64_t now);

/** What happened, oldest first; false when there is nothing to tell. */
bool ic__udx_next(ic__udx *s, ic__udx_event *event);

/** IC__UDX_CLOSED was told and nothing is left to do: free it. */
bool ic__udx_done(const ic__udx *s);

ic__udx_stats ic__udx_get_stats(const ic__udx *s);

#endif
