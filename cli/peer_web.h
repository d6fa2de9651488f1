/**
 * @file peer_web.h
 * SC-Bridge and the page of a running peer.
 */
#ifndef PEER_WEB_H
#define PEER_WEB_H

#include "intercom/api.h"

typedef struct peer_web {
    int unused;
} peer_web;

#endif
