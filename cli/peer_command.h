/**
 * @file peer_command.h
 * The commands: one table for the terminal and for `cli` of the bridge.
 *
 * Spec     docs/spec/14-trac-peer.md, section 9; docs/spec/12-sidechannel.md, section 10;
 *          docs/spec/16-ledger.md, section 0
 * Threads  all commands run on the thread of the event base
 */
#ifndef PEER_COMMAND_H
#define PEER_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "intercom/sys/env.h"
#include "intersplit/book.h"
#include "peer_line.h"
#include "peer_reply.h"

struct ic_peer;
struct ic__sidechannel;
struct peer_plans;
struct peer_sync;

typedef enum peer_asker { PEER_ASKER_TERMINAL, PEER_ASKER_BRIDGE } peer_asker;

/** What commands act upon; everything is borrowed. */
typedef struct peer_app {
    struct ic_peer *peer;
    struct ic__sidechannel *channels;
    isplit_book *book;
    struct peer_sync *sync; /* NULL without a network */
    struct peer_plans *plans;
    ic_env env;
    const char *snapshot_path;
    bool keys_over_bridge;    /* /get_keys may be asked through the bridge */
    void (*stop)(void *user); /* end the program, after the answer */
    void (*did)(void *user);  /* a client of the bridge may have changed something */
    void *user;
} peer_app;

typedef struct peer_call {
    peer_app *app;
    const struct peer_command *command;
    const peer_line *line;
    peer_reply *reply;
    peer_asker asker;
} peer_call;

typedef struct peer_command {
    const char *name;  /* with its slash */
    const char *flags; /* for completion: names with blanks between */
    void (*run)(const peer_call *call);
    const char *usage; /* NULL = none */
    int what; /* of commands that differ in this alone: the type of an entry, or the kind
                 of a deed */
} peer_command;

/** All commands, in the order of /help; ends with a name of NULL. */
extern const peer_command peer_commands[];

/** NULL when there is none of that name. */
const peer_command *peer_command_find(const char *name);

/**
 * Run one line.
 *
 * A command that nobody knows says nothing to the bridge, as in the reference, and the
 * nearest name to the terminal. A blank line does nothing.
 */
void peer_command_run(peer_app *app, peer_asker asker, const char *text, size_t len,
                      peer_reply *reply);

/* The commands, by the file that has them. */
void peer_cmd_expense_add(const peer_call *call); /* peer_cmd_entry.c */
void peer_cmd_expense_amend(const peer_call *call);
void peer_cmd_expense_about(const peer_call *call);
void peer_cmd_expense_member(const peer_call *call);
void peer_cmd_expense_history(const peer_call *call);
void peer_cmd_expense_why(const peer_call *call);
void peer_cmd_expense_balance(const peer_call *call);
void peer_cmd_expense_say(const peer_call *call);
void peer_cmd_expense_list(const peer_call *call); /* peer_cmd_expense.c */
void peer_cmd_expense_clear(const peer_call *call);
void peer_cmd_expense_persist(const peer_call *call);
void peer_cmd_expense_restore(const peer_call *call);
void peer_cmd_expense_export(const peer_call *call);

void peer_cmd_sc_join(const peer_call *call);
void peer_cmd_sc_open(const peer_call *call);
void peer_cmd_sc_send(const peer_call *call);
void peer_cmd_sc_invite(const peer_call *call);
void peer_cmd_sc_welcome(const peer_call *call);
void peer_cmd_sc_stats(const peer_call *call);

void peer_cmd_admin_only(const peer_call *call);
void peer_cmd_moderator_only(const peer_call *call);
void peer_cmd_add_admin(const peer_call *call);
void peer_cmd_post(const peer_call *call);
void peer_cmd_set_nick(const peer_call *call);
void peer_cmd_tx(const peer_call *call);
void peer_cmd_get(const peer_call *call);
void peer_cmd_not_built(const peer_call *call);

void peer_cmd_stats(const peer_call *call);
void peer_cmd_get_keys(const peer_call *call);
void peer_cmd_help(const peer_call *call);
void peer_cmd_exit(const peer_call *call);
void peer_cmd_print(const peer_call *call);

#endif
