/**
 * @file intersplit_plan.h
 * Payments, for people and for programs.
 */
#ifndef INTERSPLIT_PLAN_CLI_H
#define INTERSPLIT_PLAN_CLI_H

#include "buf.h"
#include "intersplit.h"
#include "intersplit/plan.h"

/** A table, and how good the plan is. Returns an exit code. */
int cli_plan_print(const isplit_plan *plan, unsigned exponent, const char *currency,
                   bool color);

/** "transfers":[{from,to,amountCents,amount}],"optimal":true,"lowerBound":1 */
void cli_plan_json(isplit__buf *b, const isplit_plan *plan, unsigned exponent);

#endif
