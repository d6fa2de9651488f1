/**
 * @file sidechannel/policy.h
 * Who may do what on which channel: the settings of a peer, and the questions that they
 * answer.
 *
 * Spec     docs/spec/12-sidechannel.md, sections 6 (which channels need what) and 10
 */
#ifndef SIDECHANNEL_POLICY_H
#define SIDECHANNEL_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "intercom/api.h"

#define IC__KEY_HEX 64 /* digits of a public key */

/**
 * The flags of section 10. Lists are texts as on the command line: separated by commas,
 * blanks around an item do not count, NULL = none. All are copied where they are taken.
 */
typedef struct ic__policy_options {
    const char *entry_channel; /* default "0000intercom" */
    const char *channels;      /* joined at the start beside the entry channel */

    uint32_t max_message_bytes; /* of one outgoing message; default 1 000 000 */
    bool allow_remote_open;     /* default true */
    bool auto_join;             /* default false */
    bool relay;                 /* default true */
    uint32_t ttl;               /* hops; default 3 */

    bool pow;                 /* default true */
    uint32_t pow_difficulty;  /* zero bits; default 12 */
    bool pow_entry_only;      /* default false */
    const char *pow_channels; /* default NULL = all */

    uint32_t rate_bytes_per_s; /* default 64 000; 0 = no limit */
    uint32_t rate_burst_bytes; /* default 256 000 */
    uint32_t max_strikes;      /* default 3 */
    uint32_t strike_window_ms; /* default 5000 */
    uint32_t block_ms;         /* default 30 000 */

    /* What one peer may cause to be handed on, all copies together. */
    uint32_t relay_bytes_per_s; /* default 1 024 000; 0 = no limit */
    uint32_t relay_burst_bytes; /* default 4 096 000 */

    /* Signed messages on channels with invites or a writing owner; 0 = any age. */
    uint32_t max_age_ms;   /* default 600 000 */
    uint32_t max_ahead_ms; /* of our clock; default 120 000 */

    bool invite_required;        /* default false */
    const char *invite_channels; /* default NULL; with prefixes none as well = all */
    const char *invite_prefixes;
    const char *inviter_keys; /* default NULL = the own key when invites are required */
    uint64_t invite_ttl_s;    /* default 604 800 */

    const char *owners;               /* "channel:public key,..." */
    bool owner_write_only;            /* default false */
    const char *owner_write_channels; /* default NULL */
    const char *welcomes;  /* "channel:welcome,..." as base64, with "b64:", or "@file" */
    bool welcome_required; /* default true */
} ic__policy_options;

void ic__policy_options_default(ic__policy_options *options);

/** A list of texts. */
typedef struct ic__list {
    char **items;
    size_t count;
} ic__list;

typedef struct ic__owner {
    char *channel;
    char key[IC__KEY_HEX + 1];
} ic__owner;

typedef struct ic__policy {
    ic__policy_options settings; /* its texts are not kept */
    char *entry_channel;
    ic__list channels;
    ic__list pow_channels;
    ic__list invite_channels;
    ic__list invite_prefixes;
    ic__list inviter_keys; /* 64 lower-case digits each */
    ic__list owner_write_channels;
    ic__owner *owners;
    size_t owner_count;
    char self[IC__KEY_HEX + 1];
} ic__policy;

/**
 * Read the options for the peer whose public key is `self` (hex).
 *
 * @param why  gets a sentence for the user when IC_ERR_INVALID is returned
 * @return 0; IC_ERR_INVALID; IC_ERR_NOMEM
 */
IC_CHECK int ic__policy_init(ic__policy *policy, const ic__policy_options *options,
                             const char *self, ic__buf *why);
void ic__policy_free(ic__policy *policy);

/** "a, b,,c" as a list without empty items. @return 0 or IC_ERR_NOMEM */
IC_CHECK int ic__list_split(const char *text, ic__list *out);
void ic__list_free(ic__list *list);

/**
 * The next "name:value" (or "name=value") of a list: both ends of the two parts.
 *
 * @return false at the end of the list; `value` is NULL when there is no separator
 */
bool ic__pair_next(const char **list, const char **name, size_t *name_len,
                   const char **value, size_t *value_len);

/** 64 hex digits, blanks around them and either case, as lower case. */
bool ic__key_normalise(const char *text, size_t len, char out[IC__KEY_HEX + 1]);

/* Channel names are trimmed ones. */
bool ic__policy_is_entry(const ic__policy *p, const char *channel);
bool ic__policy_invite_required(const ic__policy *p, const char *channel);
bool ic__policy_owner_only(const ic__policy *p, const char *channel);
bool ic__policy_welcome_required(const ic__policy *p, const char *channel);
bool ic__policy_work_required(const ic__policy *p, const char *channel);

/** Public key of the channel's owner as hex, NULL when none is configured. */
const char *ic__policy_owner(const ic__policy *p, const char *channel);
bool ic__policy_owner_is_self(const ic__policy *p, const char *channel);

/** Is the key on the list of inviters? */
bool ic__policy_is_inviter(const ic__policy *p, const char *key);

/** May invites by that key count: no list, or on it? */
bool ic__policy_trusts_inviter(const ic__policy *p, const char *key);

#endif
