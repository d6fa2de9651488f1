/**
 * @file intercom/error.h
 * The errors of libintercom and libintersplit.
 *
 * Every function that can fail returns 0 or one of these, which are negative. Numbers
 * never change; new ones are appended, so a caller must expect values that it does not
 * know.
 */
#ifndef INTERCOM_ERROR_H
#define INTERCOM_ERROR_H

#include "intercom/api.h"

IC_BEGIN_DECLS

#define IC_ERROR_MAP(X)                                                                  \
    X(NOMEM, -1, "out of memory")                                                        \
    X(INVALID, -2, "invalid argument")                                                   \
    X(AGAIN, -3, "queue full, try again later")                                          \
    X(LIMIT, -4, "a limit was reached")                                                  \
    X(PROTO, -5, "peer broke the protocol")                                              \
    X(AUTH, -6, "authentication failed")                                                 \
    X(CANCELED, -7, "canceled")                                                          \
    X(UNSUPPORTED, -8, "not supported by this version")                                  \
    X(NOT_FOUND, -9, "not found")                                                        \
    X(EXISTS, -10, "exists already")                                                     \
    X(IO, -11, "input or output failed")                                                 \
    X(CORRUPT, -12, "stored data is damaged")                                            \
    X(BUSY, -13, "in use by another process")                                            \
    X(FULL, -14, "no space left")                                                        \
    X(DENIED, -15, "not permitted")                                                      \
    X(TIMEOUT, -16, "timed out")                                                         \
    X(CLOSED, -17, "closed")

typedef enum ic_error {
    IC_OK = 0,
#define IC_ERROR_ENUM(name, number, text) IC_ERR_##name = (number),
    IC_ERROR_MAP(IC_ERROR_ENUM)
#undef IC_ERROR_ENUM
} ic_error;

/** A short English text for `error`; static, never NULL. */
IC_API const char *ic_strerror(int error);

/** The name of `error` without its prefix, such as "NOMEM"; static, never NULL. */
IC_API const char *ic_error_name(int error);

IC_END_DECLS

#endif
