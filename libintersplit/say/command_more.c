/* What is asked about a room, and what is said about it and its members. */
#include <string.h>

#include "intercom/error.h"
#include "say/words.h"
#include "text/reason.h"

/* Is the next word one of them, which have blanks between? Then it is kept. */
static const char *take_one_of(isplit__words *w, const char *words,
                               isplit__draft_command *into)
{
    const char *next = NULL;
    size_t len = 0;

    if (!isplit__words_peek(w, &next, &len) || isplit__words_place(words, next, len) < 0)
        return NULL;
    w->at = next + len;
    char *word = isplit__words_keep(into, next, len);
    for (size_t i = 0; i < len; i++)
        word[i] |= 0x20; /* letters only, in lower case */
    return word;
}

int isplit__command_export(isplit__words *w, isplit__draft_command *into,
                           isplit_reason *why)
{
    isplit_command *c = &into->command;

    for (;;) {
        const char *format =
            take_one_of(w, "text json csv splitwise ledger hledger beancount", into);
        const char *what =
            format ? NULL : take_one_of(w, "settlements balances expenses", into);
        if (!format && !what)
            break;
        c->format = format ? format : c->format;
        c->what = what ? what : c->what;
    }
    return isplit__words_more(w)
               ? isplit__refuse(why, "use export text, json, csv, splitwise, ledger, "
                                     "hledger or beancount, and settlements, balances "
                                     "or expenses")
               : 0;
}

int isplit__command_balance(isplit__words *w, isplit__draft_command *into,
                            isplit_reason *why)
{
    isplit_command *c = &into->command;

    if (isplit__words_take(w, "pairwise"))
        c->plan = ISPLIT_PLAN_PAIRWISE;
    else if (isplit__words_take(w, "via")) {
        c->plan = ISPLIT_PLAN_VIA;
        return isplit__words_name(w, "", into, &c->name, why);
    } else
        (void)isplit__words_take(w, "minimal");
    return 0;
}

/* "why bob -> alice", "why bob pays alice", "why bob alice" */
int isplit__command_why(isplit__words *w, isplit__draft_command *into, isplit_reason *why)
{
    isplit_command *c = &into->command;
    int err = isplit__words_name(w, "", into, &c->name, why);

    if (err)
        return err;
    if (!isplit__words_mark(w, "->") && !isplit__words_take(w, "to"))
        (void)isplit__words_take(w, "pays");
    return isplit__words_name(w, ":", into, &c->to, why);
}

static int refuse_member(isplit_reason *why)
{
    return isplit__refuse(why, "of a member say joins, leaves, returns, claim, weight "
                               "2 or show Bob");
}

static int read_weight(isplit_command *c, isplit_reason *why)
{
    size_t digits = strspn(c->text, "0123456789");

    if (!digits || c->text[digits] || digits > 7)
        return isplit__refuse(why, "a weight is a whole number from 1 to 1000000");
    for (const char *at = c->text; *at; at++)
        c->member.weight = c->member.weight * 10 + (uint32_t)(*at - '0');
    return c->member.weight && c->member.weight <= ISPLIT_SPLIT_MAX_WEIGHT
               ? 0
               : isplit__refuse(why, "a weight is a whole number from 1 to 1000000");
}

int isplit__command_member(isplit__words *w, isplit__draft_command *into,
                           isplit_reason *why)
{
    isplit_command *c = &into->command;
    int err = isplit__words_name(w, "", into, &c->name, why);

    if (err)
        return err;
    c->setting = take_one_of(w, "joins leaves returns claim weight show", into);
    if (!c->setting && isplit__words_more(w))
        return refuse_member(why);
    c->setting = c->setting ? c->setting : "joins";
    c->member.name = c->name;
    c->member.leave = strcmp(c->setting, "leaves") == 0;
    c->member.claim = strcmp(c->setting, "claim") == 0;
    bool weighs = strcmp(c->setting, "weight") == 0;
    if (!weighs && strcmp(c->setting, "show") != 0)
        return 0;
    c->text = isplit__words_rest(w, into);
    if (!*c->text)
        return refuse_member(why);
    c->member.show = weighs ? NULL : c->text;
    return weighs ? read_weight(c, why) : 0;
}

int isplit__command_refuse_setting(isplit_reason *why)
{
    return isplit__refuse(why, "of a room say currency EUR, rotate on, edit members, "
                               "count signed, unsigned off, writers KEY,KEY, "
                               "preset NAME split ... or default NAME");
}

int isplit__command_room(isplit__words *w, isplit__draft_command *into,
                         isplit_reason *why)
{
    isplit_command *c = &into->command;

    c->setting = take_one_of(
        w, "currency rotate edit count unsigned writers preset default", into);
    if (!c->setting)
        return isplit__words_more(w) ? isplit__command_refuse_setting(why) : 0;
    if (strcmp(c->setting, "preset") == 0) {
        int err = isplit__words_name(w, "", into, &c->name, why);
        if (err || isplit__words_take(w, "off"))
            return err;
        (void)isplit__words_take(w, "split");
        return isplit__command_split(w, into, why);
    }
    c->text = isplit__words_rest(w, into);
    return *c->text ? 0 : isplit__command_refuse_setting(why);
}
