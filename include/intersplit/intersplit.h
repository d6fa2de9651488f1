/**
 * @file intersplit/intersplit.h
 * All of libintersplit.
 */
#ifndef INTERSPLIT_INTERSPLIT_H
#define INTERSPLIT_INTERSPLIT_H

#include "intersplit/bind.h"
#include "intersplit/book.h"
#include "intersplit/command.h"
#include "intersplit/entry.h"
#include "intersplit/export.h"
#include "intersplit/form.h"
#include "intersplit/import.h"
#include "intersplit/ledger.h"
#include "intersplit/money.h"
#include "intersplit/plan.h"
#include "intersplit/reason.h"
#include "intersplit/split.h"

#endif
