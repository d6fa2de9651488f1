/**
 * @file unit.h
 * cmocka, and the standard headers that it wants to find before itself.
 */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A test is handed a state, and a callback of a test is told more than it asks. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

#endif
