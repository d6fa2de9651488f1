/**
 * @file room.h
 * The set of a room's events and its fold: no clock, no file, no network.
 *
 * The state is a pure function of the set: whatever order the events came in, equal sets
 * have equal states and fingerprints.
 *
 * Spec     docs/spec/16-ledger.md, sections 4.3 to 4.6
 */
#ifndef ISPLIT_ROOM_H
#define ISPLIT_ROOM_H

#include "intersplit/entry.h"
#include "intersplit/ledger.h"
#include "ledger/events.h"
#include "ledger/idmap.h"
#include "ledger/index.h"
#include "ledger/rules.h"
#include "ledger/state.h"

#define ISPLIT__ROOM_MAX_EVENTS 500000 /* sums of the largest amounts stay in 63 bits */
#define ISPLIT__WAITING_MAX 1024       /* events whose deps are not here yet */
#define ISPLIT__NONE UINT32_MAX

/** A delivered event and its place among the others. */
typedef struct isplit__node {
    isplit__event *event;
    uint32_t *deps;      /* numbers of nodes */
    isplit_entry *shown; /* an entry with other values than its own; else NULL */
    uint32_t view;       /* number of what it finds in its past, from 1; 0 = nothing */
    uint32_t value;      /* the node whose values it shows */
    uint32_t same_as;    /* of OCCUR: the node that counts for it */
    uint32_t next;       /* of a change: the one before it to the same entry; of an
                            imported entry: the one before it with its mark */
    bool has_child;
    bool has_rival; /* of legacy: another content came under the same txId */
    bool covered;   /* by a clear; this and the next as of the last fold */
    bool counted;   /* an entry, not the copy of one */
    bool live;      /* one that is neither void nor cleared */
} isplit__node;

/**
 * Called for each event that is delivered, before it is part of the room. An error stops
 * the delivery and is handed on.
 */
typedef int (*isplit__deliver_cb)(const isplit__item *item, void *user);

typedef struct isplit__room {
    isplit__context context;
    struct isplit_state state;
    bool stale; /* the state must be folded anew */
    isplit__node *nodes;
    uint32_t count;
    size_t cap;
    isplit__idmap by_id;   /* event id -> node */
    isplit__idmap last_of; /* public key -> its node with the greatest seq */
    isplit__idmap by_tx;   /* hash of a legacy txId -> its node with the smallest id */
    isplit__idmap forked;  /* public keys that signed two events of one seq -> 0 */
    isplit__idmap changed; /* id of an entry or clear -> the last change to it */
    isplit__idmap by_mark; /* of imported entries -> the last with it */
    bool has_twins;        /* imported entries with one mark */
    isplit__index index;   /* of the first `index.count` nodes */
    isplit__view *views;   /* what events find in their past */
    uint32_t view_count;
    size_t view_cap;
    isplit__rules *rules;          /* that hold now */
    isplit__view owners;           /* who set them */
    uint32_t kinds[ISPLIT__KINDS]; /* events of each */
    uint32_t *heads; /* nodes that nothing builds on, legacy entries left out */
    size_t head_count;
    size_t head_cap;
    isplit__item *waiting; /* oldest first */
    size_t waiting_count;
    isplit__deliver_cb deliver;
    void *user;
} isplit__room;

/** `prefix` (borrowed) begins the addresses by which authors are shown. */
int isplit__room_new(const char *name, const char *prefix, isplit__room **out);
void isplit__room_free(isplit__room *room);
void isplit__room_on_deliver(isplit__room *room, isplit__deliver_cb deliver, void *user);

/**
 * Take an event in; it and those that waited for it are delivered. The room takes the
 * item over, error or not.
 *
 * @return 0; IC_ERR_PROTO (its lc or seq does not follow from its deps), IC_ERR_LIMIT
 * (too many events), IC_ERR_NOMEM, or what the callback returned
 */
int isplit__room_take(isplit__room *room, isplit__item *item, isplit_taken *taken);

/** Of events of our own store, in the order in which they were delivered. */
int isplit__room_load(isplit__room *room, isplit__event *event);

/** The last imported entry with this mark, or ISPLIT__NONE. */
uint32_t isplit__room_of_mark(const isplit__room *room, uint64_t mark);

/** The node of an id, or ISPLIT__NONE. */
uint32_t isplit__room_find(const isplit__room *room, const isplit__id *id);

/** The entry that this node is or speaks of: of copies the one that counts; or
 * ISPLIT__NONE. */
uint32_t isplit__room_entry_of(const isplit__room *room, uint32_t node);

/** The entry that this event is, changes or is a word about, or ISPLIT__NONE. */
uint32_t isplit__room_spoken_of(const isplit__room *room, uint32_t node);

/** The node of an entry of the state, or ISPLIT__NONE. */
uint32_t isplit__room_node_of(const isplit__room *room, const isplit_entry *entry);

/** What an entry looks like. */
static inline isplit_entry *isplit__node_entry(const isplit__node *node)
{
    return node->shown ? node->shown : node->event->entry;
}

/** The nodes of these kinds, a set of bits; ic_mem_free. NULL when there is no memory. */
uint32_t *isplit__room_list(const isplit__room *room, unsigned kinds, size_t *count);

/** The newest change or word whose `ref` is this node's event; the `next` of a node leads
 * on to ISPLIT__NONE. */
uint32_t isplit__room_last_change(const isplit__room *room, uint32_t node);

/** All events in order, brought up to date. @return 0 or IC_ERR_NOMEM */
int isplit__room_index(isplit__room *room, const isplit__index **out);

/** Has this key signed two futures (section 4.6)? */
bool isplit__room_is_forked(const isplit__room *room, const isplit__id *key);

/** The two events of a forked key that have one seq: the least such seq, and of it the
 * smallest ids. `pair` are nodes. @return 0 or IC_ERR_NOT_FOUND */
int isplit__room_fork(const isplit__room *room, const char *key, size_t pair[2]);

/** The state, folded when needed; changes nothing else. */
int isplit__room_state(isplit__room *room, const isplit_state **out);

/* fold.c */
int isplit__room_fold(isplit__room *room);
/** Let one more event have its effect without a fold, if that can be done. */
void isplit__room_fold_one(isplit__room *room, uint32_t node);

/* view.c */
/** What follows from these nodes. */
void isplit__room_view_of(const isplit__room *room, const uint32_t *nodes, size_t count,
                          isplit__view *out);
/** Find or keep the view of the next node. @return 0 or IC_ERR_NOMEM */
int isplit__room_keep_view(isplit__room *room, const isplit__event *e,
                           const uint32_t *deps, uint32_t *out);
const isplit__view *isplit__room_view(const isplit__room *room, uint32_t node);
/** Set the settings that hold now. @return 0 or IC_ERR_NOMEM */
int isplit__room_rules(isplit__room *room);
/** Do events of this key, 64 hex digits, count now? */
bool isplit__room_is_writer(const isplit__room *room, const char *key);

/* recur.c */
/** Make the entries of recurring ones. @return 0 or IC_ERR_NOMEM */
int isplit__room_occur(isplit__room *room);
/** List the recurring ones. @return 0 or IC_ERR_NOMEM */
int isplit__room_recurring(isplit__room *room);

/* member.c */
/** Set the members that member events speak of. @return 0 or IC_ERR_NOMEM */
int isplit__room_members(isplit__room *room);

/* change.c */
/** May the author of this change make it? Looks at the past of the change only. */
bool isplit__room_may_change(const isplit__room *room, uint32_t change, uint32_t entry);
/** May this key change it now? */
bool isplit__room_may_change_now(const isplit__room *room, const isplit__id *key,
                                 uint32_t entry);
/** Set values and flags of the entries that were amended or voided. */
int isplit__room_change(isplit__room *room);
/** The same of an entry without copies. @return 0; IC_ERR_AGAIN when it has so many that
 * they must wait until somebody looks; IC_ERR_NOMEM */
int isplit__room_change_one(isplit__room *room, uint32_t entry);

/* judge.c */
/** Does the entry name a member whose name this key holds? */
bool isplit__room_is_named(const isplit__room *room, uint32_t entry, const char *key);
/** Set the flags of an entry whose values are set. */
void isplit__room_judge(const isplit__room *room, uint32_t entry);

/* twin.c */
/** Of imported entries with one mark that come to the same only the first counts. @return
 * 0 or IC_ERR_NOMEM */
int isplit__room_drop_twins(isplit__room *room);

/* cover.c */
/** Set `covered` of all nodes (section 4.5). */
int isplit__room_cover(isplit__room *room);
/** May `key` clear the room as it is now? */
bool isplit__room_may_clear(const isplit__room *room, const isplit__id *key);
/** May `key` take this clear back? */
int isplit__room_may_undo(const isplit__room *room, const isplit__id *key, uint32_t clear,
                          bool *may);
/**
 * The clears that count and cover at least one node n with wanted[n].
 *
 * @param clears  ids, ic_mem_free
 */
int isplit__room_clears_over(const isplit__room *room, const bool *wanted,
                             isplit__id **clears, size_t *count);

#endif
