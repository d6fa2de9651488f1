#include <string.h>

#include "intercom/error.h"
#include "reason.h"
#include "words.h"

#define ITEM_MARKS ",=*+" /* what may follow a name in a split */

static int later(isplit_reason *why, const char *what)
{
    isplit__reason_set(why, "%s: not available yet", what);
    return IC_ERR_UNSUPPORTED;
}

static int refuse(isplit_reason *why, const char *text)
{
    isplit__reason_set(why, "%s", text);
    return IC_ERR_INVALID;
}

static bool at_clause(const isplit__words *w)
{
    static const char *const clauses[] = {"split", "note", "cat", "on"};

    for (size_t i = 0; i < sizeof clauses / sizeof clauses[0]; i++) {
        if (isplit__words_next_is(w, clauses[i]))
            return true;
    }
    return false;
}

/* "alice", and one day "alice=25+bob=5". */
static int read_payer(isplit__words *w, isplit__draft_command *into, isplit_reason *why)
{
    int err = isplit__words_name(w, "=", into, &into->command.draft.payer, why);

    if (!err && w->at < w->end && *w->at == '=')
        return later(why, "several payers");
    return err;
}

/* All words up to the next clause: "1 234,50" needs no quotes. */
static int read_amount(isplit__words *w, isplit__draft_command *into, isplit_reason *why)
{
    size_t len = 0;
    const char *from = NULL;
    const char *end = NULL;
    const char *word = NULL;

    while (!at_clause(w) && isplit__words_peek(w, &word, &len)) {
        from = from ? from : word;
        end = word + len;
        w->at = end;
    }
    if (!from)
        return refuse(why, "an amount is missing: add alice 30 split alice,bob");
    into->command.draft.amount = isplit__words_keep(into, from, (size_t)(end - from));
    return 0;
}

/* "50%" after a name. */
static bool at_percent(const isplit__words *w)
{
    size_t len = 0;
    const char *word = NULL;

    if (!isplit__words_peek(w, &word, &len))
        return false;
    size_t digits = 0;
    while (digits < len && word[digits] >= '0' && word[digits] <= '9')
        digits++;
    return digits && digits < len && word[digits] == '%';
}

static int read_item(isplit__words *w, isplit__draft_command *into, isplit_reason *why)
{
    isplit_draft *draft = &into->command.draft;
    const char *name = NULL;

    int err = isplit__words_name(w, ITEM_MARKS, into, &name, why);
    if (err)
        return err;
    if (draft->part_count == ISPLIT__ENTRY_MAX_NAMES)
        return refuse(why, "an entry has too many members");
    into->parts[draft->part_count++].name = name;
    if (isplit__words_more(w) && strchr("=*+", *w->at))
        return later(why, "uneven splits");
    return at_percent(w) ? later(why, "uneven splits") : 0;
}

/* "only" before a name; alone or before a comma it is a name itself. */
static bool take_only(isplit__words *w)
{
    isplit__words ahead = *w;

    if (!isplit__words_take(&ahead, "only") || !isplit__words_more(&ahead) ||
        at_clause(&ahead) || *ahead.at == ',')
        return false;
    *w = ahead;
    return true;
}

static int read_split(isplit__words *w, isplit__draft_command *into, isplit_reason *why)
{
    isplit_draft *draft = &into->command.draft;

    if (draft->part_count)
        return refuse(why, "the split stands twice");
    draft->only = take_only(w);
    for (;;) {
        int err = read_item(w, into, why);
        if (err)
            return err;
        if (!isplit__words_more(w) || at_clause(w))
            return 0;
        if (*w->at != ',')
            return refuse(why, "put a comma between names, and names with spaces in "
                               "quotes");
        w->at++;
    }
}

static int read_clause(isplit__words *w, isplit__draft_command *into, isplit_reason *why)
{
    if (isplit__words_take(w, "split"))
        return read_split(w, into, why);
    if (isplit__words_take(w, "note")) {
        into->command.draft.note = isplit__words_rest(w, into);
        return 0;
    }
    if (isplit__words_next_is(w, "cat"))
        return later(why, "categories");
    if (isplit__words_next_is(w, "on"))
        return later(why, "dates");
    return refuse(why, "after the amount comes split or note");
}

int isplit__command_add(isplit__words *w, isplit__draft_command *into, isplit_reason *why)
{
    int err = read_payer(w, into, why);

    if (!err)
        err = read_amount(w, into, why);
    while (!err && isplit__words_more(w))
        err = read_clause(w, into, why);
    into->command.draft.parts = into->parts;
    return err;
}
