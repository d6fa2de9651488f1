/**
 * @file bridge/host.h
 * What a bridge serves: the parts of one peer that its clients can reach.
 *
 * Spec     docs/spec/13-sc-bridge.md, sections 3, 5 and 7
 */
#ifndef BRIDGE_HOST_H
#define BRIDGE_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "intercom/identity.h"
#include "intercom/sys/env.h"
#include "intersplit/bind.h"
#include "intersplit/book.h"
#include "sidechannel/sidechannel.h"

/** What one terminal command printed and returned, collected for its client only. */
typedef struct bridge_output {
    ic__buf lines;  /* elements of a JSON array */
    ic__buf error;  /* text; empty = the command did not fail */
    ic__buf result; /* JSON of the value it returned; empty = none */
    bool failed;
    ic__buf waits_for; /* a room: nothing was done, run the line again when its plans are
                          there; empty = it was done */
} bridge_output;

/** One line as it would stand on the console, without line feed at its end. */
void bridge_output_line(bridge_output *out, const char *text, size_t len);
/** The command failed; `text` says why. */
void bridge_output_fail(bridge_output *out, const char *text);
/** The command returned a value, given as JSON. */
void bridge_output_result(bridge_output *out, const char *json);

/** Others on the channel of a ledger, as many as can be told. */
typedef struct bridge_company {
    uint32_t peers;
    uint32_t same; /* of these: have the ledger that we have, as they say */
} bridge_company;

/** How far the search for the plans of a room is. */
typedef struct bridge_progress {
    uint64_t steps;
    uint64_t budget;    /* steps that it may take, and seldom needs */
    size_t payments;    /* of a quick plan; 0 = not known */
    size_t lower_bound; /* no plan has fewer */
} bridge_progress;

/** Everything is borrowed and must outlive the server. */
typedef struct bridge_host {
    const ic_identity *identity;
    ic__sidechannel *sidechannel; /* NULL = "Sidechannel not ready." */
    isplit_book *book;            /* NULL = "Ledger not ready." */
    ic_env env;
    /** Write the object that answers `info`; NULL = "Info not available." */
    void (*info)(ic__buf *json, void *user);
    /** Run one terminal line, here and now; NULL = "CLI over WS is disabled." */
    void (*cli)(const char *line, bridge_output *out, void *user);
    /** Who shares the ledger of this room; NULL = nobody. */
    bridge_company (*company)(const char *room, void *user);
    /** Count what keeps the ledgers of peers alike; false = no network, as is NULL. */
    bool (*sync)(isplit_bind_stats *out, void *user);
    /** Are the plans of this room at hand? False: they are searched for, and
     * bridge_server_planned follows unless whoever asked leaves. NULL = the client waits,
     * and the loop with it; else the three below are there, too. */
    bool (*planned)(const char *room, void *user);
    /** How far is the search? False when there is none. */
    bool (*progress)(const char *room, bridge_progress *out, void *user);
    /** One who was told to wait does so no more. */
    void (*leave)(const char *room, void *user);
    /** Call `ask`, and let quick plans of the room be at hand meanwhile. */
    void (*quick)(const char *room, void (*ask)(const char *room, void *asker),
                  void *asker, void *user);
    /** A request was served, which may have changed channels or ledger. May be NULL. */
    void (*did)(void *user);
    void *user;
} bridge_host;

#endif
