/**
 * @file peer_expense.h
 * What the ledger's commands have in common.
 */
#ifndef PEER_EXPENSE_H
#define PEER_EXPENSE_H

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

/** What holds in the room, a line each. */
void peer_expense_say_settings(const peer_call *call, const isplit_state *state);
/** What comes again, a line each. */
void peer_expense_say_recurring(const peer_call *call, const isplit_state *state);

/** Print a text that a form made, which is freed, or say why there is none. */
void peer_expense_say(const peer_call *call, int error, char *text);

#endif
