/**
 * @file intercom/peer.h
 * A whole peer: its store folder, its identity and the channels that it is on.
 *
 * With `network`, it looks for the others on its channels and is connected to them;
 * without, it decides everything that needs no other peer, and messages reach nobody.
 *
 * Spec     docs/spec/12-sidechannel.md; docs/spec/13-sc-bridge.md, section 3 (info);
 *          docs/spec/14-trac-peer.md, section 1 (files)
 * Threads  an ic_peer belongs to the thread that runs its event base
 * Errors   0 or a negative ic_error; outputs are written only on 0. What a user should
 *          know besides goes to the log of the ic_env
 */
#ifndef INTERCOM_PEER_H
#define INTERCOM_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "intercom/api.h"
#include "intercom/identity.h"
#include "intercom/sys/env.h"

IC_BEGIN_DECLS

struct event_base;

#define IC_ENTRY_CHANNEL "0000intercom" /* every peer is on it, always */

typedef struct ic_peer ic_peer; /* actor: new, close */

/** A message that the channel's policy has let through. All is borrowed. */
typedef struct ic_peer_message {
    const char *channel; /* that we are on and it came by */
    const char *from; /* key of its author as it says, 64 hex digits; "" = it does not */
    const char *remote; /* key of the peer that handed it to us */
    bool is_signed;     /* `from` is proven */
    const char *json;   /* the message itself, with a zero after it */
    size_t len;
    const char *envelope; /* the whole, as JSON */
} ic_peer_message;

/**
 * Texts are copied. A list is one text with commas between its items, as on the command
 * line; blanks around an item do not count and NULL is the empty list.
 */
typedef struct ic_peer_options {
    size_t struct_size;      /* set by ic_peer_options_default */
    struct event_base *base; /* must run, and live until on_closed */
    const ic_env *env;       /* copied; default NULL = the system's, no log */

    const char *stores_directory; /* default "stores"; made when missing */
    const char *store_name;       /* a folder in it; default "peer" */
    const void *key_password;     /* of the key file; default NULL */
    size_t key_password_bytes;    /* default 0 = the empty password */

    const char *channels;             /* list: joined besides the entry channel */
    const char *channel_owners;       /* list of "channel:public key" */
    const char *welcomes;             /* list of "channel:welcome" as base64 or "@file" */
    const char *owner_write_channels; /* list: only the owner writes here */
    const char *invite_channels;      /* list: need an invite; none = all */
    const char *invite_prefixes;      /* list: and those that begin so */
    const char *inviter_keys;         /* list: whose invites count; none = own key */
    const char *work_channels;        /* list: need proof of work; none = all */
    uint64_t invite_ttl_s;            /* seconds; default 604 800 */
    uint32_t max_message_bytes;       /* of one that we send; default 1 000 000 */
    uint32_t work_bits;               /* default 12 */
    uint32_t rate_bytes;              /* per second and connection; default 64 000 */
    uint32_t rate_burst_bytes;        /* default 256 000 */
    uint32_t max_strikes;             /* refusals before a block; default 3 */
    bool owner_write_only;            /* only owners write, anywhere; default false */
    bool invite_required;             /* default false */
    bool welcome_required;            /* default true */
    bool allow_remote_open;           /* default true */
    bool auto_join;                   /* default false */
    bool work_required;               /* default true */
    bool work_entry_only;             /* default false */
    bool network;                     /* look for other peers; default false */

    const char *dht_bootstrap;     /* list of "host:port"; "public" = the public network;
                                    * default NULL = the first node of a network */
    const char *subnet_channel;    /* default "trac-peer-subnet" */
    const char *subnet_bootstrap;  /* 64 hex digits; default NULL = the store's file */
    const char *msb_store;         /* folder of the settlement bus; default NULL */
    const char *msb_dht_bootstrap; /* list of "host:port" */

    const char *dht_host; /* address to bind; default "0.0.0.0" */

    /* From the loop, never from inside a call; each may be NULL. */
    void (*on_message)(ic_peer *peer, const ic_peer_message *message, void *user);
    /** A peer asked us to join a channel: refused (auto_join is off), or done. */
    void (*on_request)(ic_peer *peer, const char *channel, const char *remote,
                       bool joined, void *user);
    /** A connection came (`up`) or went; `remote` = key, 64 hex digits. */
    void (*on_connection)(ic_peer *peer, const char *remote, bool up, void *user);
    void *user;
} ic_peer_options;

IC_API void ic_peer_options_init(ic_peer_options *opts, size_t struct_size);
static inline void ic_peer_options_default(ic_peer_options *opts)
{
    ic_peer_options_init(opts, sizeof *opts);
}

/**
 * Take the store folder, open the key in it (or make one) and join the channels.
 *
 * @return 0; IC_ERR_BUSY when another process has this store; IC_ERR_AUTH when the
 * password does not open the key; IC_ERR_INVALID for an option (the log says which);
 * IC_ERR_DENIED (permissions, read-only), IC_ERR_FULL, IC_ERR_EXISTS (a file is where the
 * folder should be), IC_ERR_CORRUPT (the key file), IC_ERR_UNSUPPORTED, IC_ERR_IO,
 * IC_ERR_NOMEM
 */
IC_API IC_CHECK int ic_peer_new(const ic_peer_options *opts, ic_peer **out);

/**
 * Stop; `on_closed` (may be NULL) follows once from the loop, then the peer is gone and
 * its store free. Again, and NULL, are fine.
 */
IC_API void ic_peer_close(ic_peer *peer, void (*on_closed)(void *user), void *user);

/** Borrowed from the peer. */
IC_API const ic_identity *ic_peer_identity(const ic_peer *peer);

/** The store folder, "<stores_directory>/<store_name>", borrowed. */
IC_API const char *ic_peer_store(const ic_peer *peer);

/**
 * Join a channel.
 *
 * @param invite   as JSON or base64; NULL = none; one that is not good does not help
 * @param welcome  the same
 * @return 0; IC_ERR_DENIED without a good invite where one is needed; IC_ERR_PROTO when
 * one of the two cannot be read; IC_ERR_INVALID (the name), IC_ERR_LIMIT, IC_ERR_NOMEM;
 * IC_ERR_CANCELED after close
 */
IC_API IC_CHECK int ic_peer_join(ic_peer *peer, const char *channel, const char *invite,
                                 const char *welcome);

/** Leave and forget it. @return 0; IC_ERR_NOT_FOUND for the entry channel and for those
 * we are not on; IC_ERR_CANCELED after close */
IC_API IC_CHECK int ic_peer_leave(ic_peer *peer, const char *channel);

/**
 * Send one message to everyone on a channel, which need not be joined.
 *
 * @param json  any JSON value in `len` bytes of UTF-8
 * @return 0; IC_ERR_DENIED (not the owner, or no invite); IC_ERR_PROTO when it is not
 * JSON; IC_ERR_LIMIT when it is too large; IC_ERR_INVALID (the name), IC_ERR_NOMEM;
 * IC_ERR_CANCELED after close
 */
IC_API IC_CHECK int ic_peer_send(ic_peer *peer, const char *channel, const char *json,
                                 size_t len);

/**
 * Send one message to one peer that we are connected with, who does not pass it on.
 *
 * @param key  its public key
 * @return 0; IC_ERR_NOT_FOUND without a connection on which this channel is open; else as
 * ic_peer_send
 */
IC_API IC_CHECK int ic_peer_send_to(ic_peer *peer, const char *channel,
                                    const uint8_t key[IC_PUBLIC_KEY_BYTES],
                                    const char *json, size_t len);

/** Channels that we are on, in the order in which we came; NULL past the end. */
IC_API const char *ic_peer_channel(const ic_peer *peer, size_t index);

/** Who and where this peer is: the object "info" of SC-Bridge as JSON, to be freed with
 * ic_mem_free. @return 0 or IC_ERR_NOMEM */
IC_API IC_CHECK int ic_peer_info(const ic_peer *peer, char **json);

/** Keys of the peers that are connected, IC_PUBLIC_KEY_BYTES, borrowed until the loop
 * runs; NULL past the end. */
IC_API const uint8_t *ic_peer_connection(const ic_peer *peer, size_t index);

/** How the peer is doing. Later versions append. */
typedef struct ic_peer_stats {
    uint64_t uptime_ns;
    uint32_t channel_count;
    uint32_t connection_count;

    /* Messages on channels since the start. */
    uint64_t received; /* whatever came of them */
    uint64_t received_bytes;
    uint64_t delivered; /* on_message */
    uint64_t sent;      /* our own, once for each connection */
    uint64_t relayed;   /* the same for those of others */
    uint64_t strikes;   /* what the rate limiter and false proofs cost the others */
    uint64_t blocks;    /* connections that were blocked for it */
    uint64_t works;     /* proofs of work that were found */

    /* Dropped, as a whole or in what they asked for. */
    uint64_t dropped_blocked;     /* its sender is blocked */
    uint64_t dropped_rate;        /* too many bytes */
    uint64_t dropped_type;        /* of a type that is not known */
    uint64_t dropped_not_json;    /* a strike */
    uint64_t dropped_too_much;    /* too long, deep or large */
    uint64_t dropped_shape;       /* not an envelope */
    uint64_t dropped_channel;     /* signed for another channel */
    uint64_t dropped_invite;      /* no invite */
    uint64_t dropped_bad_invite;  /* a forged one: a strike */
    uint64_t dropped_duplicate;   /* seen already */
    uint64_t dropped_work;        /* no proof of work, or too little */
    uint64_t dropped_bad_work;    /* a false one: a strike */
    uint64_t dropped_signature;   /* a wrong one */
    uint64_t dropped_owner;       /* not by the owner */
    uint64_t dropped_bad_owner;   /* forged in the owner's name: a strike */
    uint64_t dropped_stale;       /* too old, or from the future */
    uint64_t dropped_welcome;     /* no welcome by the owner */
    uint64_t dropped_bad_welcome; /* a forged one: a strike */
    uint64_t dropped_unwelcomed;  /* the channel awaits its welcome */
    uint64_t dropped_bad_request; /* to open a channel, without what that needs */
    uint64_t dropped_join_limit;  /* too many channels joined on request */
    uint64_t dropped_relay_rate;  /* delivered, but not passed on: too much to relay */
    uint64_t dropped_queue;       /* of ours or passed on: the connection is too slow */
    uint64_t dropped_memory;      /* out of memory */
} ic_peer_stats;

/** Write the first `size` bytes of it, sizeof(ic_peer_stats) of the caller. */
IC_API void ic_peer_get_stats(const ic_peer *peer, ic_peer_stats *out, size_t size);

IC_END_DECLS

#endif
