/**
 * @file peer_complete.h
 * Words that may stand at the end of a line: commands, their arguments, and names.
 */
#ifndef PEER_COMPLETE_H
#define PEER_COMPLETE_H

#include "peer_command.h"

/** Called for each word, in table or name order; `word` is borrowed. */
typedef void (*peer_offer)(const char *word, void *to);

/** Offer the words that begin like the last one of `text`.
 *
 * @return the offset at which that word begins */
size_t peer_complete(peer_app *app, const char *text, size_t len, peer_offer offer,
                     void *to);

#endif
