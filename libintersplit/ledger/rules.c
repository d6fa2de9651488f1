#include "ledger/body.h"

#include <stdlib.h>
#include <string.h>

#include "intersplit/money.h"
#include "text/name.h"

void isplit__rules_init(isplit__rules *out)
{
    out->shown = (isplit_settings){.currency = "",
                                   .exponent = ISPLIT__EXPONENT,
                                   .writers = out->writers,
                                   .presets = out->presets,
                                   .default_preset = ""};
    out->part_count = 0;
}

static const char *const count_words[] = {"all", "signed", "acked", NULL};
static const char *const edit_words[] = {"author", "members", NULL};

/* One of these words; the first where the member is missing. */
static unsigned pass_word(isplit__codec *c, const char *key, const char *const *words,
                          unsigned number)
{
    return isplit__codec_has(c, key, true) ? isplit__codec_word(c, NULL, words, number)
                                           : 0;
}

static void pass_writers(isplit__codec *c, isplit__rules *r)
{
    isplit__id key;
    size_t n = 0;

    isplit__codec_open(c, NULL, '[');
    for (; isplit__codec_more(c, n < r->shown.writer_count); n++) {
        isplit__codec_check(c, n < ISPLIT__WRITERS_MAX);
        if (c->bad)
            return;
        r->writers[n] = isplit__codec_text(c, NULL, r->writers[n]);
        isplit__codec_check(c,
                            isplit__id_parse(&key, r->writers[n], strlen(r->writers[n])));
    }
    isplit__codec_close(c, ']');
    r->shown.writer_count = n;
}

static void pass_policy(isplit__codec *c, isplit__rules *r)
{
    isplit_settings *s = &r->shown;

    isplit__codec_open(c, NULL, '{');
    s->count = (isplit_count_policy)pass_word(c, "count", count_words, s->count);
    s->edit = (isplit_edit_policy)pass_word(c, "edit", edit_words, s->edit);
    if (isplit__codec_has(c, "unsigned", true))
        s->ignore_unsigned = !isplit__codec_number(c, NULL, !s->ignore_unsigned, 0, 1);
    if (isplit__codec_has(c, "writers", s->writer_count != 0))
        pass_writers(c, r);
    isplit__codec_close(c, '}');
}

/* A name, and a mode like that of an entry, without amounts. */
static void pass_preset(isplit__codec *c, isplit__rules *r, isplit_preset *p)
{
    isplit__listing l = {.modes = 1u << ISPLIT_SPLIT_EQUAL | 1u << ISPLIT_SPLIT_WEIGHTS |
                                  1u << ISPLIT_SPLIT_PERCENT,
                         .mode = p->mode,
                         .parts = r->parts + r->part_count,
                         .count = p->part_count,
                         .max = ISPLIT__PARTS_MAX - r->part_count,
                         .most = ISPLIT_SPLIT_MAX_WEIGHT};

    p->name = isplit__codec_free_key(c, p->name);
    isplit__listing_pass(c, NULL, &l);
    isplit__codec_check(c, l.count && isplit__name_allowed(p->name, strlen(p->name)));
    p->mode = l.mode;
    p->parts = l.parts;
    p->part_count = l.count;
    r->part_count += l.count;
}

static void pass_presets(isplit__codec *c, isplit__rules *r)
{
    size_t n = 0;

    r->part_count = 0;
    isplit__codec_open(c, NULL, '{');
    for (; isplit__codec_more(c, n < r->shown.preset_count); n++) {
        isplit__codec_check(c, n < ISPLIT__PRESETS_MAX);
        if (c->bad)
            return;
        if (!c->out)
            r->presets[n] = (isplit_preset){.name = ""};
        pass_preset(c, r, &r->presets[n]);
    }
    isplit__codec_close(c, '}');
    r->shown.preset_count = n;
}

void isplit__rules_pass(isplit__codec *c, isplit__rules *r)
{
    isplit_settings *s = &r->shown;

    if (!c->out)
        isplit__rules_init(r);
    isplit__codec_open(c, NULL, '{');
    bool pinned = isplit__codec_has(c, "cur", *s->currency);
    if (pinned)
        s->currency = isplit__codec_text(c, NULL, s->currency);
    bool standard = isplit__codec_has(c, "default", *s->default_preset);
    if (standard)
        s->default_preset = isplit__codec_text(c, NULL, s->default_preset);
    if (pinned)
        s->exponent = (unsigned)isplit__codec_number(c, "exp", s->exponent, 0,
                                                     ISPLIT_MONEY_MAX_EXPONENT);
    if (isplit__codec_has(c, "policy", true))
        pass_policy(c, r);
    if (isplit__codec_has(c, "presets", s->preset_count != 0))
        pass_presets(c, r);
    if (isplit__codec_has(c, "rotate", true))
        s->rotate = isplit__codec_number(c, NULL, s->rotate, 0, 1) != 0;
    isplit__codec_close(c, '}');
    isplit__codec_check(c, !c->bad && (!pinned || isplit__code_valid(s->currency)) &&
                               (!standard || isplit__rules_preset(s, s->default_preset)));
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const isplit_preset *)a)->name, ((const isplit_preset *)b)->name);
}

bool isplit__rules_of(const isplit_settings *s, isplit__rules *out)
{
    isplit__rules_init(out);
    if (s->preset_count > ISPLIT__PRESETS_MAX || s->writer_count > ISPLIT__WRITERS_MAX)
        return false;
    out->shown = *s;
    if (!s->default_preset)
        out->shown.default_preset = "";
    if (s->writer_count)
        memcpy(out->writers, s->writers, s->writer_count * sizeof *s->writers);
    if (s->preset_count)
        memcpy(out->presets, s->presets, s->preset_count * sizeof *s->presets);
    qsort(out->presets, s->preset_count, sizeof *out->presets, by_name);
    for (size_t i = 0; i < s->preset_count; i++) {
        const isplit_preset *p = &out->presets[i];
        if (p->part_count > ISPLIT__PARTS_MAX - out->part_count)
            return false;
        memcpy(out->parts + out->part_count, p->parts, p->part_count * sizeof *p->parts);
        out->part_count += p->part_count;
    }
    return true;
}

bool isplit__rules_load(const char *text, isplit__rules *out)
{
    isplit__codec c = isplit__codec_reader(text, strlen(text), out->texts);

    isplit__rules_pass(&c, out);
    return isplit__codec_finish(&c);
}

bool isplit__rules_open(const char *text)
{
    return strstr(text, "\"edit\":\"members\"") != NULL; /* no name holds a quote */
}

const isplit_preset *isplit__rules_preset(const isplit_settings *s, const char *name)
{
    for (size_t i = 0; i < s->preset_count; i++) {
        if (strcmp(s->presets[i].name, name) == 0)
            return &s->presets[i];
    }
    return NULL;
}

bool isplit__view_owns(const isplit__view *view, const isplit__id *key)
{
    for (size_t i = 0; i < view->owner_count; i++) {
        if (isplit__id_compare(&view->owners[i], key) == 0)
            return true;
    }
    return false;
}
