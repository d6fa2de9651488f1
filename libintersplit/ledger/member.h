/**
 * @file member.h
 * What an event of kind "member" says: name, key?, active, weight?, show?
 *
 * Spec     docs/spec/16-ledger.md, section 4.3
 */
#ifndef ISPLIT_MEMBER_H
#define ISPLIT_MEMBER_H

#include "ledger/events.h"
#include "text/codec.h"

#define ISPLIT__SHOW_MAX 80 /* bytes of a name as it is to be written */

typedef struct isplit__claim {
    char name[41];
    char show[ISPLIT__SHOW_MAX + 1]; /* with has_show */
    char key[2 * ISPLIT__ID_BYTES + 1];
    bool has_show;
    bool claims; /* the name for its author */
    bool active;
    uint32_t weight; /* 0 = not said */
} isplit__claim;

/** May a name be shown like this? */
bool isplit__show_valid(const char *show);

/** Pass a body of this kind; whether its key is its author's is not looked at. */
void isplit__claim_pass(isplit__codec *c, isplit__claim *claim);

#endif
