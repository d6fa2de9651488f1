/**
 * @file io/interfaces.h
 * The addresses that this machine has.
 */
#ifndef IO_INTERFACES_H
#define IO_INTERFACES_H

#include <stddef.h>

#include "base/addr.h"

#define IC__INTERFACES_MAX 32

/** IPv4 addresses of interfaces that are up and work, port 0, sorted; those of loopback
 * only when there are no others. At most `cap`. @return how many, 0 also when the system
 * does not tell */
size_t ic__interfaces_read(ic__addr *out, size_t cap);

/** Does a byte arrive that this machine sends to itself at an IPv4 address? Waits 5 ms
 * for it at most. */
bool ic__interface_works(const ic__addr *at);

#endif
