/* What is added: who paid how much, and who has what part of it. */
#include <string.h>

#include "intercom/error.h"
#include "intersplit/money.h"
#include "say/words.h"
#include "text/reason.h"

#define PART_MARKS ",=*+" /* what may follow a name in a split */

/* Words that end an amount, a list of names or the text of an item. */
#define PARTS "split items tax tip rest"
#define CLAUSES PARTS " rate cur cat on note"

static bool next_is_one_of(const isplit__words *w, const char *words)
{
    const char *next = NULL;
    size_t len = 0;

    return isplit__words_peek(w, &next, &len) &&
           isplit__words_place(words, next, len) >= 0;
}

static bool at_clause(const isplit__words *w)
{
    return !w->spaced && next_is_one_of(w, CLAUSES);
}

/* "alice", or "alice=25+bob=5". */
int isplit__command_payers(isplit__words *w, isplit__draft_command *into,
                           isplit_reason *why)
{
    isplit_draft *d = &into->command.draft;

    do {
        isplit_part *part = &into->payers[d->payer_count];
        if (d->payer_count == ISPLIT__ENTRY_MAX_NAMES)
            return isplit__refuse(why, "an entry has too many members");
        int err = isplit__words_name(w, "=", into, &part->name, why);
        if (err)
            return err;
        if (!isplit__words_mark(w, "=")) {
            if (d->payer_count)
                return isplit__refuse(why, "say what each of them paid: "
                                           "alice=25+bob=5");
            d->payer = part->name;
            return 0;
        }
        err = isplit__words_value(w, "+", into, &part->value, why);
        if (err)
            return err;
        d->payer_count++;
    } while (isplit__words_mark(w, "+"));
    d->payers = into->payers;
    return 0;
}

/* All words up to the next clause: "1 234,50" needs no quotes. */
static char *read_words(isplit__words *w, isplit__draft_command *into)
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
    return from ? isplit__words_keep(into, from, (size_t)(end - from)) : NULL;
}

/* The last one would win unseen, and it may be money. */
static int refuse_twice(isplit_reason *why)
{
    return isplit__refuse(why, "a clause stands twice: say currency, rate, cat and on "
                               "once each");
}

/* A code of the standard at the end of an amount is the currency. */
static const char *take_code(char *text)
{
    static const char blanks[] = " \t\n\v\f\r";
    char *code = text + strlen(text);

    while (code > text && !strchr(blanks, code[-1]))
        code--;
    char *end = code;
    while (end > text && strchr(blanks, end[-1]))
        end--;
    if (end == text || !isplit_currency_known(code, strlen(code)))
        return NULL;
    *end = 0;
    return code;
}

static int read_amount(isplit__words *w, isplit__draft_command *into, isplit_reason *why)
{
    isplit_draft *d = &into->command.draft;
    char *text = read_words(w, into);

    if (!text)
        return isplit__refuse(why, "an amount is missing: add alice 30 split "
                                   "alice,bob");
    d->amount = text;
    d->currency = take_code(text);
    return d->currency && take_code(text) ? refuse_twice(why) : 0;
}

/* --- parts --- */

/* "50%" or "33.3 %" after a name. */
static const char *take_percent(isplit__words *w, isplit__draft_command *into)
{
    isplit__words ahead = *w;

    (void)isplit__words_more(&ahead);
    const char *from = ahead.at;
    while (ahead.at < ahead.end &&
           ((*ahead.at >= '0' && *ahead.at <= '9') || *ahead.at == '.'))
        ahead.at++;
    const char *to = ahead.at;
    if (from == to || !isplit__words_mark(&ahead, "%"))
        return NULL;
    *w = ahead;
    return isplit__words_keep(into, from, (size_t)(to - from));
}

/* What stands behind a name, and the mode that it asks for. */
static int read_part_value(isplit__words *w, isplit__draft_command *into,
                           isplit_part *part, isplit_split_mode *mode, isplit_reason *why)
{
    part->value = take_percent(w, into);
    *mode = part->value                  ? ISPLIT_SPLIT_PERCENT
            : isplit__words_mark(w, "=") ? ISPLIT_SPLIT_EXACT
            : isplit__words_mark(w, "*") ? ISPLIT_SPLIT_WEIGHTS
            : isplit__words_mark(w, "+") ? ISPLIT_SPLIT_ADJUST
                                         : ISPLIT_SPLIT_EQUAL;
    if (part->value || *mode == ISPLIT_SPLIT_EQUAL)
        return 0;
    if (*mode == ISPLIT_SPLIT_EXACT) {
        part->value = take_percent(w, into);
        *mode = part->value ? ISPLIT_SPLIT_PERCENT : *mode;
    }
    return part->value ? 0 : isplit__words_value(w, ",", into, &part->value, why);
}

static int read_part(isplit__words *w, isplit__draft_command *into, isplit_reason *why)
{
    isplit_draft *d = &into->command.draft;
    isplit_part *part = &into->parts[d->part_count];
    isplit_split_mode mode = ISPLIT_SPLIT_EQUAL;

    if (d->part_count == ISPLIT__ENTRY_MAX_NAMES)
        return isplit__refuse(why, "an entry has too many members");
    int err = isplit__words_name(w, PART_MARKS, into, &part->name, why);
    if (err)
        return err;
    d->part_count++;
    err = read_part_value(w, into, part, &mode, why);
    if (err || mode == ISPLIT_SPLIT_EQUAL)
        return err;
    if (d->mode != ISPLIT_SPLIT_EQUAL && d->mode != mode)
        return isplit__refuse(why, "a split has parts of one kind: amounts (=), "
                                   "weights (*), percentages (%%) or more than the "
                                   "others (+)");
    d->mode = mode;
    return 0;
}

/* "only" before a name; alone or before a comma it is a name itself. */
static bool take_only(isplit__words *w)
{
    isplit__words ahead = *w;

    if (!isplit__words_take(&ahead, "only") || !isplit__words_more(&ahead) ||
        at_clause(&ahead) || strchr(PART_MARKS, *ahead.at))
        return false;
    *w = ahead;
    return true;
}

/* "3:2" behind plain names: a weight for each. */
static int read_ratio(isplit__words *w, isplit__draft_command *into, isplit_reason *why)
{
    isplit_draft *d = &into->command.draft;
    size_t count = 0;

    do {
        if (count == d->part_count)
            return isplit__refuse(why, "a ratio has one number for each name: split "
                                       "alice,bob 3:2");
        int err = isplit__words_value(w, ":" PART_MARKS, into,
                                      &into->parts[count++].value, why);
        if (err)
            return err;
    } while (isplit__words_mark(w, ":"));
    if (count != d->part_count)
        return isplit__refuse(why, "a ratio has one number for each name: split "
                                   "alice,bob 3:2");
    d->mode = ISPLIT_SPLIT_WEIGHTS;
    return 0;
}

static bool at_ratio(isplit__words *w)
{
    const char *word = NULL;
    size_t len = 0;

    return isplit__words_peek(w, &word, &len) && *word >= '0' && *word <= '9' &&
           memchr(word, ':', len);
}

/* A program may leave names empty: "b,", ",b". */
static bool skip_empty(isplit__words *w)
{
    return w->spaced && (!isplit__words_more(w) || *w->at == ',');
}

int isplit__command_split(isplit__words *w, isplit__draft_command *into,
                          isplit_reason *why)
{
    isplit_draft *d = &into->command.draft;

    if (d->part_count)
        return isplit__refuse(why, "the split stands twice");
    d->only = d->only || (!w->spaced && take_only(w));
    d->parts = into->parts;
    do {
        int err = skip_empty(w) ? 0 : read_part(w, into, why);
        if (err)
            return err;
    } while (isplit__words_mark(w, ","));
    if (d->mode == ISPLIT_SPLIT_EQUAL && at_ratio(w))
        return read_ratio(w, into, why);
    if (isplit__words_more(w) && !at_clause(w))
        return isplit__refuse(why, "put a comma between names, and names with "
                                   "spaces in quotes");
    return 0;
}

/* --- items --- */

/* "for alice,bob" */
static int read_had_by(isplit__words *w, isplit__draft_command *into,
                       isplit_draft_item *item, isplit_reason *why)
{
    item->names = &into->had[into->had_count];
    do {
        if (into->had_count == ISPLIT__WORDS_MAX_HAD)
            return isplit__refuse(why, "the items of an entry have too many names");
        int err = isplit__words_name(w, ",;", into, &into->had[into->had_count], why);
        if (err)
            return err;
        into->had_count++;
        item->name_count++;
    } while (isplit__words_mark(w, ","));
    return 0;
}

/* Words up to "for", ";" or a clause. */
static const char *read_item_text(isplit__words *w, isplit__draft_command *into)
{
    const char *from = NULL;
    const char *to = NULL;

    while (isplit__words_more(w) && *w->at != ';' && !at_clause(w) &&
           !isplit__words_next_is(w, "for")) {
        from = from ? from : w->at;
        isplit__words_skip(w, ";");
        to = w->at;
    }
    return from ? isplit__words_keep(into, from, (size_t)(to - from)) : NULL;
}

static int read_item(isplit__words *w, isplit__draft_command *into, isplit_reason *why)
{
    isplit_draft *d = &into->command.draft;
    isplit_draft_item *item = &into->items[d->item_count];

    if (d->item_count == ISPLIT_SPLIT_MAX_ITEMS)
        return isplit__refuse(why, "an entry has too many items");
    if (!isplit__words_more(w) || at_clause(w) || *w->at == ';')
        return isplit__refuse(why, "an item is missing: items 12.50 pizza for "
                                   "alice,bob; 8 wine for bob");
    int err = isplit__words_value(w, ";", into, &item->amount, why);
    if (err)
        return err;
    item->text = read_item_text(w, into);
    d->item_count++;
    return isplit__words_take(w, "for") ? read_had_by(w, into, item, why) : 0;
}

/* "12.50 pizza for alice,bob; 8 wine for bob; 3 water" */
int isplit__command_items(isplit__words *w, isplit__draft_command *into,
                          isplit_reason *why)
{
    isplit_draft *d = &into->command.draft;

    if (d->item_count)
        return isplit__refuse(why, "the items stand twice");
    d->items = into->items;
    do {
        int err = read_item(w, into, why);
        if (err)
            return err;
    } while (isplit__words_mark(w, ";"));
    return 0;
}

/* --- the rest --- */

static int read_once(isplit__words *w, isplit__draft_command *into, const char **out,
                     const char *missing, isplit_reason *why)
{
    return *out ? refuse_twice(why) : isplit__words_word(w, into, out, missing, why);
}

static int read_clause(isplit__words *w, isplit__draft_command *into, isplit_reason *why)
{
    isplit_draft *d = &into->command.draft;

    if (isplit__words_take(w, "split"))
        return isplit__command_split(w, into, why);
    if (isplit__words_take(w, "items"))
        return isplit__command_items(w, into, why);
    if (isplit__words_take(w, "tax") || isplit__words_take(w, "tip")) {
        if (d->extra)
            return isplit__refuse(why, "say tax and tip together: tax 7+5");
        d->extra = read_words(w, into);
        return d->extra ? 0 : isplit__refuse(why, "an amount is missing: tax 9.09");
    }
    if (isplit__words_take(w, "rest")) {
        (void)isplit__words_take(w, "to");
        return isplit__words_name(w, "", into, &d->rest_to, why);
    }
    if (isplit__words_take(w, "cur"))
        return read_once(w, into, &d->currency, "a currency is missing: cur EUR", why);
    if (isplit__words_take(w, "rate"))
        return read_once(w, into, &d->rate, "a rate is missing: rate 0.92", why);
    if (isplit__words_take(w, "cat"))
        return read_once(w, into, &d->category, "a category is missing: cat food", why);
    if (isplit__words_take(w, "on"))
        return read_once(w, into, &d->date, "a date is missing: on 2026-11-23", why);
    if (isplit__words_take(w, "note")) {
        d->note = isplit__words_rest(w, into);
        return 0;
    }
    return isplit__refuse(why, "after the amount comes split, items, tax, tip, rest, "
                               "rate, cur, cat, on or note");
}

int isplit__command_draft(isplit__draft_command *into, isplit_reason *why)
{
    isplit_draft *d = &into->command.draft;

    if (d->extra && !d->item_count)
        return isplit__refuse(why, "tax and tip belong to items");
    if (d->item_count && d->mode != ISPLIT_SPLIT_EQUAL)
        return isplit__refuse(why, "with items the split names members only");
    if (d->item_count)
        d->mode = ISPLIT_SPLIT_ITEMS;
    return 0;
}

static int read_clauses(isplit__words *w, isplit__draft_command *into, isplit_reason *why)
{
    int err = 0;

    while (!err && isplit__words_more(w))
        err = read_clause(w, into, why);
    return err ? err : isplit__command_draft(into, why);
}

int isplit__command_add(isplit__words *w, isplit__draft_command *into, isplit_reason *why)
{
    int err = isplit__command_payers(w, into, why);

    if (!err)
        err = read_amount(w, into, why);
    return err ? err : read_clauses(w, into, why);
}

/* "bob -> alice: 15.00", "bob to alice 15", "bob alice 15", then cur, on and note. */
int isplit__command_pay(isplit__words *w, isplit__draft_command *into, isplit_reason *why)
{
    isplit_draft *d = &into->command.draft;

    d->type = ISPLIT_ENTRY_PAYMENT;
    int err = isplit__words_name(w, "", into, &d->payer, why);
    if (err)
        return err;
    if (!isplit__words_mark(w, "->"))
        (void)isplit__words_take(w, "to");
    err = isplit__words_name(w, ":", into, &into->parts[0].name, why);
    if (err)
        return err;
    d->parts = into->parts;
    d->part_count = 1;
    (void)isplit__words_mark(w, ":");
    err = read_amount(w, into, why);
    if (err)
        return err;
    while (!err && isplit__words_more(w)) {
        if (next_is_one_of(w, PARTS))
            return isplit__refuse(why, "a payment goes from one member to one other");
        err = read_clause(w, into, why);
    }
    return err;
}
