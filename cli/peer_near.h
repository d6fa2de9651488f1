/**
 * @file peer_near.h
 * What the user probably meant: the nearest of some names.
 */
#ifndef PEER_NEAR_H
#define PEER_NEAR_H

#include <stddef.h>

#define PEER_NEAR_MAX 48 /* bytes; longer names are near to nothing */

/** Inserted, deleted, replaced and swapped bytes between two texts of at most
 * PEER_NEAR_MAX bytes. */
size_t peer_distance(const char *a, const char *b);

/** The best guess so far; start with {0}. */
typedef struct peer_near {
    char name[PEER_NEAR_MAX + 1]; /* "" = none */
    size_t distance;
} peer_near;

/** Take `candidate` when it is nearer to `typed`, and near enough: at most a third of the
 * longer one differs, or one of the two begins with the other. */
void peer_near_offer(peer_near *near, const char *typed, const char *candidate);

#endif
