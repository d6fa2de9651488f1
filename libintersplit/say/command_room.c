/* What "room ..." makes of the settings of a room. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "intercom/error.h"
#include "intersplit/money.h"
#include "say/words.h"
#include "text/reason.h"

#define KEY_DIGITS 64

static int set_currency(const isplit_command *c, isplit_new_settings *out,
                        isplit_reason *why)
{
    int err = isplit_currency_code(c->text, strlen(c->text), out->currency, why);

    out->settings.currency = out->currency;
    out->settings.exponent = isplit_currency_exponent(out->currency);
    return err;
}

static bool take_key(char *out, const char *text, size_t len)
{
    if (len != KEY_DIGITS || strspn(text, "0123456789abcdefABCDEF") < len)
        return false;
    for (size_t i = 0; i < len; i++)
        out[i] = (char)tolower((unsigned char)text[i]);
    out[len] = 0;
    return true;
}

/* All of them anew, between commas or blanks; "off": everybody. */
static int set_writers(const isplit_command *c, isplit_new_settings *out,
                       isplit_reason *why)
{
    size_t n = 0;
    bool everybody = isplit__words_place("off none", c->text, strlen(c->text)) >= 0;

    for (const char *at = c->text; !everybody && *(at += strspn(at, ", "));) {
        size_t len = strcspn(at, ", ");
        if (n == ISPLIT_MAX_WRITERS)
            return isplit__refuse(why, "a room has at most 48 writers");
        if (!take_key(out->keys[n], at, len))
            return isplit__refuse(why, "a writer is a key of 64 hex digits");
        out->writers[n] = out->keys[n];
        n++;
        at += len;
    }
    out->settings.writers = out->writers;
    out->settings.writer_count = n;
    return n || everybody ? 0 : isplit__command_refuse_setting(why);
}

/* A weight, or basis points of "33.33"; both below a million. */
static int64_t read_part(const char *text, isplit_split_mode mode)
{
    int64_t minor = 0;

    if (!text || mode == ISPLIT_SPLIT_EQUAL)
        return mode == ISPLIT_SPLIT_WEIGHTS;
    unsigned exponent = mode == ISPLIT_SPLIT_PERCENT ? 2 : 0;
    return isplit_money_parse(text, strlen(text), exponent, NULL, 0, &minor, NULL) == 0
               ? minor
               : 0;
}

static int put_preset(const isplit_command *c, isplit_new_settings *out,
                      isplit_reason *why)
{
    const isplit_draft *d = &c->draft;

    if (d->mode != ISPLIT_SPLIT_EQUAL && d->mode != ISPLIT_SPLIT_WEIGHTS &&
        d->mode != ISPLIT_SPLIT_PERCENT)
        return isplit__refuse(why, "a preset has names, weights or percentages");
    for (size_t i = 0; i < d->part_count; i++)
        out->parts[i] = (isplit_share){.name = d->parts[i].name,
                                       .minor = read_part(d->parts[i].value, d->mode)};
    out->presets[out->settings.preset_count++] =
        (isplit_preset){.name = c->name,
                        .mode = d->mode,
                        .parts = out->parts,
                        .part_count = d->part_count};
    return 0;
}

/* All others stay; without parts the one of that name goes. */
static int set_preset(const isplit_command *c, const isplit_settings *now,
                      isplit_new_settings *out, isplit_reason *why)
{
    out->settings.presets = out->presets;
    out->settings.preset_count = 0;
    for (size_t i = 0; i < now->preset_count; i++) {
        if (strcasecmp(now->presets[i].name, c->name) != 0)
            out->presets[out->settings.preset_count++] = now->presets[i];
        else if (!c->draft.part_count && strcmp(now->default_preset, c->name) == 0)
            out->settings.default_preset = "";
    }
    if (!c->draft.part_count)
        return 0;
    if (out->settings.preset_count == ISPLIT_MAX_PRESETS)
        return isplit__refuse(why, "a room has at most 16 presets");
    return put_preset(c, out, why);
}

int isplit_command_settings(const isplit_command *c, const isplit_settings *now,
                            isplit_new_settings *out, isplit_reason *why)
{
    *out = (isplit_new_settings){.settings = *now};
    if (!c->setting)
        return isplit__command_refuse_setting(why);
    if (strcmp(c->setting, "preset") == 0)
        return set_preset(c, now, out, why);
    if (strcmp(c->setting, "currency") == 0)
        return set_currency(c, out, why);
    if (strcmp(c->setting, "writers") == 0)
        return set_writers(c, out, why);
    if (strcmp(c->setting, "default") == 0) {
        out->settings.default_preset =
            isplit__words_place("off none", c->text, strlen(c->text)) < 0 ? c->text : "";
        return 0;
    }
    bool counts = strcmp(c->setting, "count") == 0;
    bool edits = strcmp(c->setting, "edit") == 0;
    int place = isplit__words_place(counts  ? "all signed acked"
                                    : edits ? "author members"
                                            : "off on",
                                    c->text, strlen(c->text));
    if (place < 0)
        return isplit__command_refuse_setting(why);
    if (counts)
        out->settings.count = (isplit_count_policy)place;
    else if (edits)
        out->settings.edit = (isplit_edit_policy)place;
    else if (strcmp(c->setting, "rotate") == 0)
        out->settings.rotate = place;
    else
        out->settings.ignore_unsigned = !place;
    return 0;
}
