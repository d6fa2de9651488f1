/**
 * @file intersplit_check.h
 * Is a room what its authors signed?
 */
#ifndef INTERSPLIT_CHECK_H
#define INTERSPLIT_CHECK_H

#include "intersplit_source.h"

/** Verify the events of the room and tell. Returns an exit code. */
int cli_check(const cli_source *source, const cli_args *args);

#endif
