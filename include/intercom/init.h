/**
 * @file intercom/init.h
 * Start of the library, and its version.
 */
#ifndef INTERCOM_INIT_H
#define INTERCOM_INIT_H

#include "intercom/api.h"

IC_BEGIN_DECLS

#define IC_VERSION "0.1.0"

/**
 * Prepare the cryptography. Call it first; again is free. From one thread.
 *
 * @return 0; IC_ERR_IO when the system has no random source
 */
IC_API IC_CHECK int ic_init(void);

/** The version of the library that runs, which can be newer than IC_VERSION at compile
 * time. */
IC_API const char *ic_version(void);

IC_END_DECLS

#endif
