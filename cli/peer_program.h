/**
 * @file peer_program.h
 * The running program: everything that lives on its event base.
 */
#ifndef PEER_PROGRAM_H
#define PEER_PROGRAM_H

#include "peer_command.h"
#include "peer_config.h"
#include "peer_due.h"
#include "peer_plans.h"
#include "peer_sync.h"
#include "peer_terminal.h"
#include "peer_wait.h"
#include "peer_web.h"

struct event;
struct event_base;
struct ic__loop_signals;

#define PEER_EXIT_FAILED 1 /* could not start */
#define PEER_EXIT_USAGE 2  /* a flag is at fault */

typedef struct peer_program {
    const peer_config *config;
    struct event_base *base;
    ic_env env; /* the system's, with our log */
    ic_peer *peer;
    isplit_book *book;
    peer_sync *sync; /* NULL without a network */
    peer_plans *plans;
    peer_due *due;
    char *snapshot_path;
    char *history_path;
    peer_app app;
    peer_web web;
    peer_terminal *terminal;
    peer_wait *wait; /* of the terminal */
    struct ic__loop_signals *signals;
    struct event *patience; /* how long a stop may take */
    bool prints;            /* messages, on the terminal */
    bool typing;            /* a line of the terminal is being run */
    bool stopping;
} peer_program;

/**
 * Run a peer until it is told to stop.
 *
 * @return the exit status: 0, or one of the above after a sentence on standard error
 */
int peer_program_run(peer_config *config);

/** Make `program->peer` and `program->book`. @return 0, or an error after a sentence */
IC_CHECK int peer_program_open(peer_program *program, peer_config *config);

/* peer_online.c */

/** Share messages and ledger with other peers, if there is a network. @return 0, or an
 * error after a sentence */
IC_CHECK int peer_go_online(peer_program *program);

/** For the options of the peer; `user` is the program. */
void peer_on_connection(ic_peer *peer, const char *remote, bool up, void *user);

/** One line for whoever sits at the terminal; `user` is the program. */
void peer_print_line(const char *text, void *user);

/** A sentence on standard error, after the program's name. */
void peer_complain(const char *format, ...) IC_PRINTF(1, 2);

#endif
