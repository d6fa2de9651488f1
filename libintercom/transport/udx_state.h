/**
 * @file transport/udx_state.h
 * The inside of an ic__udx, shared by the files that are one subject each.
 */
#ifndef TRANSPORT_UDX_STATE_H
#define TRANSPORT_UDX_STATE_H

#include "base/env.h"
#include "base/fifo.h"
#include "base/queue.h"
#include "transport/udx_best.h"
#include "transport/udx_cc.h"
#include "transport/udx_flight.h"
#include "transport/udx_packet.h"
#include "transport/udx_stream.h"

#define IC__UDX_BASE_MTU 1200
#define IC__UDX_MAX_PATHS 4

typedef enum ic__udx_phase {
    IC__UDX_OPEN,
    IC__UDX_LINGERING, /* both directions ended: late packets are still acknowledged */
    IC__UDX_DOOMED,    /* destroyed: one packet is left to send */
    IC__UDX_GONE,
} ic__udx_phase;

/** A path, and from which seq on packets took it. */
typedef struct ic__udx_leg {
    ic__udx_path path;
    uint32_t from_seq;
} ic__udx_leg;

/** A datagram that arrived ahead of its turn. */
typedef struct ic__udx_held {
    uint8_t *data;
    uint16_t len;
    uint8_t type; /* 0 = not here */
} ic__udx_held;

typedef struct ic__udx_message {
    ic__link link;
    size_t len;
    uint8_t data[];
} ic__udx_message;

typedef struct ic__udx_messages {
    ic__queue queue;
    size_t bytes;
} ic__udx_messages;

typedef struct ic__udx_rtt {
    uint64_t srtt_ns; /* 0 = no sample yet */
    uint64_t var_ns;
    uint64_t rto_ns;
    ic__udx_best least; /* negative, over five minutes */
} ic__udx_rtt;

/** RFC 8985: the most recently sent packet that has arrived. */
typedef struct ic__udx_rack {
    uint64_t sent_ns;
    uint64_t rtt_ns;
    uint32_t end_seq;
    uint32_t highest; /* one past the highest seq that has arrived */
    bool reordered;
    /* A list of blocks holds fifty: what lies beyond a full one may have arrived. */
    uint32_t unlisted_from;
    bool unlisted;
    uint32_t credit; /* packets that arrived, without us knowing which */
} ic__udx_rack;

typedef enum ic__udx_mtu_state {
    IC__UDX_MTU_BASE,
    IC__UDX_MTU_SEARCH,
    IC__UDX_MTU_DONE,
} ic__udx_mtu_state;

typedef struct ic__udx_mtu {
    ic__udx_mtu_state state;
    uint16_t mtu;
    uint16_t probe;
    uint16_t max;
    uint8_t tries;
    bool wanted; /* the next full packet is a probe */
} ic__udx_mtu;

/** When to wake up, and for what; IC__NEVER = not. */
typedef struct ic__udx_alarms {
    uint64_t timeout;   /* nothing was acknowledged for an RTO */
    uint64_t tail;      /* the last packets may be lost, with nothing to reveal it */
    uint64_t reorder;   /* a late packet is taken for lost */
    uint64_t window;    /* the peer's window is closed */
    uint64_t reopen;    /* the peer may not know that ours is open again */
    uint64_t keepalive; /* nothing was sent for long */
    uint64_t pace;      /* the next packet may leave */
    uint64_t linger;    /* late packets are answered no more */
    uint64_t trim;      /* buffers that ran empty give their memory back */
} ic__udx_alarms;

/** Receiving side. */
typedef struct ic__udx_in {
    ic__fifo ready; /* in order, not yet handed up */
    size_t handed;  /* bytes of it that the last event shows */
    ic__udx_held *held;
    uint32_t held_cap; /* 0 or a power of two */
    uint32_t held_count;
    size_t held_bytes;
    uint32_t held_end; /* one past the highest seq held */
    uint32_t next;     /* seq expected */
    uint32_t end_seq;  /* of the peer's end, when known */
    uint32_t told_rwnd;
    uint8_t reopens; /* times left to say that the window is open again */
    bool end_known;
    bool ended; /* read up to the end */
    bool paused;
} ic__udx_in;

/** Sending side. */
typedef struct ic__udx_out {
    ic__fifo bytes;  /* written, not yet acknowledged */
    uint64_t unsent; /* offset of the first byte that was never sent */
    uint32_t rwnd;   /* the peer's window, in bytes */
    uint32_t rwnd_seq;
    uint32_t rwnd_ack;
    bool rwnd_known;
    bool ending; /* the end is queued or sent */
    bool end_sent;
    bool end_acked;
    bool was_full; /* somebody waits for IC__UDX_DRAINED */
} ic__udx_out;

/** Rates: what was delivered, and since when. */
typedef struct ic__udx_rate {
    uint64_t delivered; /* packets */
    uint64_t delivered_ns;
    uint64_t first_sent_ns;
    uint64_t app_limited; /* until so many were delivered; 0 = not */
    uint64_t pace_ns;     /* when the packets sent so far should have left */
} ic__udx_rate;

/** A sample while it grows. */
typedef struct ic__udx_probe {
    ic__udx_sample sample;
    uint64_t newest_sent_ns;
    uint64_t prior_ns;
    uint64_t send_interval_ns;
    uint32_t newest_seq;
    bool any;
    bool blind;
} ic__udx_probe;

struct ic__udx {
    ic_env env;
    ic__udx_options opts;
    uint32_t id;
    ic__udx_phase phase;
    uint64_t last_ns; /* the last time that we were told */

    ic__udx_leg legs[IC__UDX_MAX_PATHS]; /* the last one is current */
    size_t leg_count;

    ic__udx_in in;
    ic__udx_out out;
    ic__udx_flight flight;
    ic__udx_rtt rtt;
    ic__udx_rack rack;
    ic__udx_mtu mtu;
    ic__udx_rate rate;
    ic__udx_cc cc;
    ic__udx_alarms at;

    ic__udx_recovery recovery;
    uint32_t recovery_end; /* over when everything before was acknowledged */

    bool tail_allowed; /* a round trip was measured since the last tail probe */
    bool tail_flying;
    uint32_t tail_end;

    /* What the next pull sends. */
    bool want_ack;
    bool want_heartbeat;
    bool want_tail;
    bool want_beyond; /* one packet beyond a closed window */

    uint64_t window_closed_ns; /* since when; 0 = open */
    uint32_t unheard;          /* heartbeats since the peer was heard */
    bool deaf;                 /* the peer does not answer heartbeats */
    bool heard_since_timeout;
    bool repeat_when_heard;

    uint64_t answers_since_ns; /* heartbeats answered in this second */
    uint32_t answers;

    ic__udx_messages inbox;
    ic__udx_messages outbox;
    ic__udx_message *told; /* the message that the last event shows */

    /* What the next event tells. */
    bool tell_end;
    bool tell_drained;
    bool tell_moved;
    bool tell_closed;
    bool told_closed;
    bool discards; /* destroyed here: what is unread is not handed up */
    int close_error;

    ic__udx_stats stats;
};

/* udx_stream.c */
void ic__udx_close(ic__udx *s, int error);
void ic__udx_check_ended(ic__udx *s, uint64_t now);
void ic__udx_arm_trim(ic__udx *s);

/* udx_recv.c */
uint32_t ic__udx_window(const ic__udx *s);
void ic__udx_take_data(ic__udx *s, const ic__udx_packet *packet);
void ic__udx_take_held(ic__udx *s);
void ic__udx_drop_held(ic__udx *s);

/* udx_sack.c */
uint8_t ic__udx_list_blocks(const ic__udx *s, ic__udx_range *blocks);
void ic__udx_take_blocks(ic__udx *s, const ic__udx_packet *packet, ic__udx_probe *probe,
                         uint64_t now);

/* udx_ack.c */
void ic__udx_take_ack(ic__udx *s, const ic__udx_packet *packet, uint64_t now);
void ic__udx_arrived(ic__udx *s, uint32_t seq, ic__udx_probe *probe, uint64_t now);

/* udx_rtt.c */
void ic__udx_rtt_init(ic__udx_rtt *rtt, uint64_t now);
void ic__udx_rtt_add(ic__udx_rtt *rtt, uint64_t sample_ns, uint64_t now);
uint64_t ic__udx_rtt_least(const ic__udx_rtt *rtt);

/* udx_rate.c */
void ic__udx_rate_sent(ic__udx *s, ic__udx_sent *sent, uint64_t now);
void ic__udx_rate_arrived(ic__udx *s, const ic__udx_sent *sent, uint32_t seq,
                          ic__udx_probe *probe);
void ic__udx_rate_finish(ic__udx *s, ic__udx_probe *probe, uint64_t now);
void ic__udx_rate_idle(ic__udx *s);
bool ic__udx_pace_allows(ic__udx *s, uint64_t now);
void ic__udx_pace_sent(ic__udx *s, size_t bytes, uint64_t now);

/* udx_loss.c */
bool ic__udx_sent_after(uint64_t a_ns, uint32_t a_seq, uint64_t b_ns, uint32_t b_seq);
void ic__udx_rack_arrived(ic__udx *s, const ic__udx_sent *sent, uint32_t seq,
                          ic__udx_probe *probe, uint64_t now);
uint32_t ic__udx_find_lost(ic__udx *s, uint64_t now);
void ic__udx_on_timeout(ic__udx *s, uint64_t now);
void ic__udx_on_tail(ic__udx *s, uint64_t now);
void ic__udx_repeat(ic__udx *s);
void ic__udx_arm_tail(ic__udx *s, uint64_t now);

/* udx_window.c */
bool ic__udx_window_blocks(const ic__udx *s);
void ic__udx_window_check(ic__udx *s, uint64_t now);
void ic__udx_on_window(ic__udx *s, uint64_t now);
void ic__udx_reopen(ic__udx *s);
void ic__udx_arm_reopen(ic__udx *s, uint64_t now);
void ic__udx_on_reopen(ic__udx *s);
void ic__udx_arm_keepalive(ic__udx *s, uint64_t now);
void ic__udx_on_keepalive(ic__udx *s, uint64_t now);
void ic__udx_answer_heartbeat(ic__udx *s, uint64_t now);

/* udx_mtu.c */
uint16_t ic__udx_payload_limit(const ic__udx *s);
void ic__udx_mtu_reset(ic__udx *s);
uint8_t ic__udx_mtu_padding(const ic__udx *s, size_t payload_len, bool *probe);
void ic__udx_mtu_sent(ic__udx *s, ic__udx_sent *sent);
void ic__udx_mtu_arrived(ic__udx *s, const ic__udx_sent *sent);
void ic__udx_mtu_lost(ic__udx *s, ic__udx_sent *sent);

/* udx_send.c */
const ic__udx_path *ic__udx_path_of(const ic__udx *s, uint32_t seq, uint8_t timeouts);
bool ic__udx_has_new(const ic__udx *s);

/* udx_message.c */
void ic__udx_messages_init(ic__udx_messages *m);
IC_CHECK int ic__udx_messages_add(ic__udx_messages *m, const uint8_t *data, size_t len,
                                  size_t max_bytes);
ic__udx_message *ic__udx_messages_take(ic__udx_messages *m);
void ic__udx_messages_free(ic__udx_messages *m);

#endif
