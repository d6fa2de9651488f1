/**
 * @file intersplit_plan.h
 * Payments, for people and for programs.
 */
#ifndef INTERSPLIT_PLAN_CLI_H
#define INTERSPLIT_PLAN_CLI_H

#include "intersplit.h"
#include "intersplit/plan.h"
#include "text/buf.h"

/** The options of a plan that --mode asks for: "minimal", "pairwise" or "via=NAME".
 * Returns CLI_OK, or CLI_USAGE after telling. */
int cli_plan_options(const cli_args *args, isplit_plan_options *out);

/** A table, and how good the plan is. Returns an exit code. */
int cli_plan_print(const isplit_plan *plan, unsigned exponent, const char *currency,
                   bool color);

/** "transfers":[{from,to,amountCents,amount}],"optimal":true,"lowerBound":1 */
void cli_plan_json(isplit__buf *b, const isplit_plan *plan, unsigned exponent);

#endif
