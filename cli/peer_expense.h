/**
 * @file peer_expense.h
 * What the ledger's commands have in common.
 */
#ifndef PEER_EXPENSE_H
#define PEER_EXPENSE_H

#include "intersplit/book.h"
#include "intersplit/plan.h"
#include "peer_command.h"

#define PEER_EXPENSE_ROOM "channel ch room" /* each name of the argument */

/** The room that a line speaks of, whose arguments may only be `names`; free `*memory`
 * afterwards. NULL = already refused. */
const char *peer_expense_room(const peer_call *call, const char *names, char **memory);

/** Writing into a room obeys the policies of its channel, as sending does; false =
 * already refused. */
bool peer_expense_may_write(const peer_call *call, const char *room);

/** Is the plan of the room at hand? If not, the reply waits for it. */
bool peer_expense_planned(const peer_call *call, const char *room);

bool peer_expense_truthy(const char *text);

/** Is the argument of this name not there? Then that has been said. */
bool peer_expense_lacks(const peer_call *call, const char *name, const char *value);

/** The state of the room; NULL = already refused. */
const isplit_state *peer_expense_state(const peer_call *call, const char *room);

/** Say why an entry was refused. */
void peer_expense_refuse(const peer_call *call, int error, isplit_field field,
                         const isplit_reason *why);

/* What commands do that may be given in two ways: by arguments, or in the words of
 * /expense_say. */
void peer_expense_do(const peer_call *call, const char *room, const isplit_deed *deed);
void peer_expense_history(const peer_call *call, const isplit_state *state,
                          const char *id);
void peer_expense_why(const peer_call *call, const char *room, const char *from,
                      const char *to);
void peer_expense_balance(const peer_call *call, const char *room,
                          const isplit_plan_options *options);
void peer_expense_export(const peer_call *call, const char *room, const char *format,
                         const char *what);
void peer_expense_clear(const peer_call *call, const char *room);
void peer_expense_persist(const peer_call *call, const char *room, bool sim);
void peer_expense_restore(const peer_call *call, const char *room, bool replace);
/** A message to the room's channel. */
void peer_channel_send(const peer_call *call, const char *channel, const char *text);

/** What holds in the room, a line each. */
void peer_expense_say_settings(const peer_call *call, const isplit_state *state);
/** What comes again, a line each. */
void peer_expense_say_recurring(const peer_call *call, const isplit_state *state);

/** Print a text that a form made, which is freed, or say why there is none. */
void peer_expense_say(const peer_call *call, int error, char *text);

#endif
