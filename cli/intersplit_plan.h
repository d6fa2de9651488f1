/**
 * @file intersplit_plan.h
 * Payments, for people and for programs.
 */
#ifndef INTERSPLIT_PLAN_CLI_H
#define INTERSPLIT_PLAN_CLI_H

#include "intersplit.h"
#include "intersplit/plan.h"
#include "text/buf.h"

/** The plan that --mode asks for, "minimal", "pairwise" or "via=NAME", in one currency.
 * Returns CLI_OK, or another code after telling. */
int cli_plan_make(const isplit_state *state, size_t currency, const cli_args *args,
                  isplit_plan *out);

/** A table, and how good the plan is. Returns an exit code. */
int cli_plan_print(const isplit_plan *plan, unsigned exponent, const char *currency,
                   bool color);

/** "transfers":[{from,to,amountCents,amount}],"optimal":true,"lowerBound":1 */
void cli_plan_json(isplit__buf *b, const isplit_plan *plan, unsigned exponent);

#endif
