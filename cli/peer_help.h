/**
 * @file peer_help.h
 * The lines of /help: the reference's, then those of the ledger.
 */
#ifndef PEER_HELP_H
#define PEER_HELP_H

/** Ends with NULL. */
extern const char *const peer_help_lines[];

#endif
