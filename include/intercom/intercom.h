/**
 * @file intercom/intercom.h
 * All of libintercom.
 */
#ifndef INTERCOM_INTERCOM_H
#define INTERCOM_INTERCOM_H

#include "intercom/api.h"
#include "intercom/dht.h"
#include "intercom/error.h"
#include "intercom/identity.h"
#include "intercom/init.h"
#include "intercom/keyfile.h"
#include "intercom/mux.h"
#include "intercom/peer.h"
#include "intercom/stream.h"
#include "intercom/swarm.h"
#include "intercom/sys/env.h"
#include "intercom/sys/mem.h"

#endif
