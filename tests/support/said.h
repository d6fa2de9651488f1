/**
 * @file said.h
 * A command of the assistant in one form of writing, which reads as the same command.
 */
#ifndef TEST_SAID_H
#define TEST_SAID_H

#include "intersplit/command.h"

/** A text to be freed with free(); names and texts of items stand in quotes. */
char *said(const isplit_command *command);

#endif
