/**
 * @file dht/nat.h
 * What the NAT in front of a socket does with its port, judged by what several nodes saw.
 *
 * Spec     docs/spec/06-hyperdht.md, section 9
 * Lessons  docs/field-lessons.md, 14 (later samples may demote) and 15 (all addresses)
 */
#ifndef DHT_NAT_H
#define DHT_NAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "dht/messages.h"

#define IC__NAT_SAMPLES_MAX 12
#define IC__NAT_WANTED 4 /* samples */

typedef struct ic__nat_seen {
    ic__addr addr;
    unsigned hits;
} ic__nat_seen;

typedef struct ic__nat {
    ic__nat_seen hosts[IC__NAT_SAMPLES_MAX]; /* port 0; most hits first */
    ic__nat_seen full[IC__NAT_SAMPLES_MAX];
    ic__addr witnesses[IC__NAT_SAMPLES_MAX]; /* who has told; each counts once */
    size_t host_count;
    size_t full_count;
    size_t sampled;
    uint32_t firewall;
    bool open;   /* the node as a whole is not firewalled */
    bool frozen; /* told to the peer: samples count, the judgement stays */
} ic__nat;

void ic__nat_init(ic__nat *nat, bool firewalled);

/** `from` saw us as `us`. @return false when it has told before, or is one too many */
bool ic__nat_add(ic__nat *nat, const ic__addr *us, const ic__addr *from);

/** Enough is known: nothing that comes is likely to change the judgement. */
bool ic__nat_settled(const ic__nat *nat);

/** From here on, hold on to what the peer has been told. */
void ic__nat_freeze(ic__nat *nat);

/**
 * The addresses for the peer: none while UNKNOWN; of a RANDOM one its host with port 0;
 * of a CONSISTENT one those seen twice, and at least the first two.
 *
 * @return how many of `cap` were written
 */
size_t ic__nat_addresses(const ic__nat *nat, ic__addr *out, size_t cap);

/** Is it always the same port? */
static inline bool ic__firewall_is_consistent(uint32_t firewall)
{
    return firewall == IC__DHT_FIREWALL_OPEN || firewall == IC__DHT_FIREWALL_CONSISTENT;
}

#endif
