#include "said.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put(FILE *f, const char *before, const char *text)
{
    if (text)
        (void)fprintf(f, "%s%s", before, text);
}

static void put_name(FILE *f, const char *before, const char *name)
{
    if (name)
        (void)fprintf(f, "%s\"%s\"", before, name);
}

static void put_part(FILE *f, const char *before, const isplit_part *part,
                     isplit_split_mode mode)
{
    static const char *const marks[] = {
        [ISPLIT_SPLIT_EQUAL] = "",    [ISPLIT_SPLIT_EXACT] = "=",
        [ISPLIT_SPLIT_WEIGHTS] = "*", [ISPLIT_SPLIT_PERCENT] = " ",
        [ISPLIT_SPLIT_ADJUST] = "+",  [ISPLIT_SPLIT_ITEMS] = ""};

    put_name(f, before, part->name);
    put(f, marks[mode], part->value);
    put(f, part->value && mode == ISPLIT_SPLIT_PERCENT ? "%" : "", "");
}

static void put_items(FILE *f, const isplit_draft *d)
{
    for (size_t i = 0; i < d->item_count; i++) {
        const isplit_draft_item *item = &d->items[i];
        put(f, i ? "; " : " items ", item->amount);
        put(f, " ", item->text);
        for (size_t k = 0; k < item->name_count; k++)
            put_name(f, k ? "," : " for ", item->names[k]);
    }
}

static void put_payers(FILE *f, const isplit_draft *d)
{
    put_name(f, " ", d->payer);
    for (size_t i = 0; i < d->payer_count; i++)
        put_part(f, i ? "+" : " ", &d->payers[i], ISPLIT_SPLIT_EXACT);
}

static bool takes_rest_unsaid(const isplit_draft *d)
{
    for (size_t i = 0; i < d->part_count; i++) {
        if (d->rest_to == d->parts[i].name)
            return true;
    }
    return false;
}

static void put_draft(FILE *f, const isplit_draft *d)
{
    put_payers(f, d);
    if (d->type == ISPLIT_ENTRY_PAYMENT)
        put_name(f, " -> ", d->parts[0].name);
    put(f, d->type == ISPLIT_ENTRY_PAYMENT ? ": " : " ", d->amount);
    if (d->type != ISPLIT_ENTRY_PAYMENT) {
        for (size_t i = 0; i < d->part_count; i++)
            put_part(f,
                     i         ? ","
                     : d->only ? " split only "
                               : " split ",
                     &d->parts[i], d->mode);
    }
    put_items(f, d);
    put(f, " tax ", d->extra);
    if (!takes_rest_unsaid(d))
        put_name(f, " rest ", d->rest_to);
    put(f, " cur ", d->currency);
    put(f, " rate ", d->rate);
    put(f, " cat ", d->category);
    put(f, " on ", d->date);
    put(f, " note ", d->note);
}

static const char *draft_word(const isplit_draft *d)
{
    return d->type == ISPLIT_ENTRY_PAYMENT  ? " pay"
           : d->type == ISPLIT_ENTRY_REFUND ? " refund"
                                            : " add";
}

static void put_room(FILE *f, const isplit_command *c)
{
    put(f, " ", c->setting);
    put_name(f, " ", c->name);
    for (size_t i = 0; i < c->draft.part_count; i++)
        put_part(f,
                 i               ? ","
                 : c->draft.only ? " split only "
                                 : " split ",
                 &c->draft.parts[i], c->draft.mode);
    put(f, " ", c->text);
    if (c->setting && strcmp(c->setting, "preset") == 0 && !c->draft.part_count)
        put(f, " ", "off");
}

static void put_arguments(FILE *f, const isplit_command *c)
{
    static const char *const units[] = {"day", "week", "month", "year"};

    put(f, " ", c->ref);
    if (c->kind == ISPLIT_COMMAND_EVERY && c->repeat.step) {
        (void)fprintf(f, " %" PRIu32 " %s", c->repeat.step, units[c->repeat.every]);
        put(f, " until ", c->repeat.until);
    }
    if (c->kind == ISPLIT_COMMAND_EDIT || c->repeat.step)
        put(f, draft_word(&c->draft), "");
    if (c->draft.amount)
        put_draft(f, &c->draft);
    if (c->kind == ISPLIT_COMMAND_ROOM) {
        put_room(f, c);
        return;
    }
    if (c->plan == ISPLIT_PLAN_PAIRWISE)
        put(f, " ", "pairwise");
    put_name(f, c->plan == ISPLIT_PLAN_VIA ? " via " : " ", c->name);
    put_name(f, " -> ", c->to);
    put(f, " ", c->setting);
    put(f, c->ref ? " why " : " ", c->text);
    put(f, " ", c->format);
    put(f, " ", c->what);
}

char *said(const isplit_command *command)
{
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);

    if (!f)
        abort();
    put(f, "", isplit_command_word(command->kind));
    put_arguments(f, command);
    if (fclose(f) != 0)
        abort();
    return text;
}
