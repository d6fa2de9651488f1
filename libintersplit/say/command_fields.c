/* An entry from the members that a program has, by the same clauses as a line. */
#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "say/words.h"
#include "text/name.h"
#include "text/reason.h"

typedef int (*reader)(isplit__words *w, isplit__draft_command *into, isplit_reason *why);

/* Read one text to its end; none is no error. */
static int read_field(const char *text, reader read, isplit__draft_command *d,
                      isplit_reason *why)
{
    isplit__words w = {.at = text, .end = text, .spaced = true};

    if (!text)
        return 0;
    w.end = text + strlen(text);
    if (!isplit__utf8_valid(text, strlen(text)))
        return isplit__refuse(why, "the line is not UTF-8");
    if (!isplit__words_more(&w))
        return 0;
    int err = read(&w, d, why);
    if (!err && isplit__words_more(&w))
        return isplit__refuse(why, "put a comma between names, and names with "
                                   "spaces in quotes");
    return err;
}

static int read_receiver(isplit__words *w, isplit__draft_command *d, isplit_reason *why)
{
    int err = isplit__words_name(w, "", d, &d->parts[0].name, why);

    d->command.draft.parts = d->parts;
    d->command.draft.part_count = err ? 0 : 1;
    return err;
}

static int read_giver(isplit__words *w, isplit__draft_command *d, isplit_reason *why)
{
    return isplit__words_name(w, "", d, &d->command.draft.payer, why);
}

static const char *keep(isplit__draft_command *d, const char *text)
{
    return text ? isplit__words_keep(d, text, strlen(text)) : NULL;
}

static int read_fields(const isplit_fields *f, isplit__draft_command *d,
                       isplit_field *field, isplit_reason *why)
{
    bool pays = d->command.draft.type == ISPLIT_ENTRY_PAYMENT;

    *field = ISPLIT_FIELD_PAYER;
    int err = read_field(f->payer, pays ? read_giver : isplit__command_payers, d, why);
    *field = err ? *field : ISPLIT_FIELD_SPLIT;
    if (!err)
        err = read_field(f->split, pays ? read_receiver : isplit__command_split, d, why);
    if (!err)
        err = read_field(f->items, isplit__command_items, d, why);
    d->command.draft.extra = keep(d, f->extra);
    return err ? err : isplit__command_draft(d, why);
}

static void keep_texts(isplit__draft_command *d, const isplit_fields *f)
{
    isplit_draft *draft = &d->command.draft;

    draft->amount = keep(d, f->amount);
    draft->currency = keep(d, f->currency);
    draft->rate = keep(d, f->rate);
    draft->category = keep(d, f->category);
    draft->date = keep(d, f->date);
    draft->note = keep(d, f->note);
    if (f->rest_to)
        draft->rest_to = keep(d, f->rest_to);
}

int isplit_command_compose(isplit_entry_type type, const isplit_fields *f,
                           isplit_command **out, isplit_field *field, isplit_reason *why)
{
    static const isplit_command_kind kinds[] = {
        [ISPLIT_ENTRY_EXPENSE] = ISPLIT_COMMAND_ADD,
        [ISPLIT_ENTRY_REFUND] = ISPLIT_COMMAND_REFUND,
        [ISPLIT_ENTRY_PAYMENT] = ISPLIT_COMMAND_PAY,
    };
    isplit_field ignored;
    const char *const texts[] = {f->payer,    f->split,   f->items,    f->extra,
                                 f->amount,   f->rest_to, f->currency, f->rate,
                                 f->category, f->date,    f->note};
    size_t size = 0;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        size += texts[i] ? strlen(texts[i]) + 1 : 0;
    isplit__draft_command *d = ic_mem_calloc(1, sizeof *d + size + 1);
    if (!d)
        return IC_ERR_NOMEM;
    d->put = d->texts;
    d->command.kind = kinds[type];
    d->command.draft.type = type;
    d->command.draft.only = f->only;
    d->command.draft.amount_strict = f->amount_strict;
    int err = read_fields(f, d, field ? field : &ignored, why);
    keep_texts(d, f);
    if (err)
        ic_mem_free(d);
    else
        *out = &d->command;
    return err;
}
