/**
 * @file intersplit_args.h
 * The command line of intersplit-cli.
 */
#ifndef INTERSPLIT_ARGS_H
#define INTERSPLIT_ARGS_H

#include "intersplit.h"

/**
 * Read what stands behind the command's name.
 *
 * @param help  --help was there: print it instead of running
 * @return CLI_OK or CLI_USAGE after telling why
 */
int cli_args_read(const cli_command *command, int argc, char **argv, cli_args *args,
                  bool *help);

/** The lines about the options that a command takes, on stdout. */
void cli_args_help(const cli_command *command);

#endif
