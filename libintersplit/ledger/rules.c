#include "ledger/rules.h"

#include <stdlib.h>
#include <string.h>

#include "intercom/error.h"
#include "intersplit/money.h"
#include "text/canonical.h"
#include "text/name.h"

void isplit__rules_init(isplit__rules *out)
{
    memset(out, 0, sizeof *out);
    out->shown.currency = "";
    out->shown.exponent = ISPLIT__EXPONENT;
    out->shown.default_preset = "";
}

/* --- reading --- */

/* The texts of a body fit: no event is larger. */
static const char *keep(isplit__rules *r, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = r->texts + r->used;

    memcpy(copy, text, size);
    r->used += size;
    return copy;
}

/* A whole number that may be missing. */
static bool read_number(const json_t *body, const char *key, int64_t most, int64_t *out)
{
    const json_t *value = json_object_get(body, key);

    if (!value)
        return true;
    *out = json_is_integer(value) ? (int64_t)json_integer_value(value) : -1;
    return *out >= 0 && *out <= most;
}

/* One of these words, by its number; may be missing. */
static bool read_word(const json_t *body, const char *key, const char *const *words,
                      int *out)
{
    const json_t *value = json_object_get(body, key);
    const char *text = json_string_value(value);

    *out = 0;
    if (!value)
        return true;
    for (; text && words[*out]; ++*out) {
        if (strcmp(words[*out], text) == 0)
            return true;
    }
    return false;
}

static bool read_currency(const json_t *body, isplit__rules *r)
{
    char code[ISPLIT_CURRENCY_MAX];
    int64_t exponent = ISPLIT__EXPONENT;
    const json_t *value = json_object_get(body, "cur");
    const char *text = json_string_value(value);

    if (!value != !json_object_get(body, "exp"))
        return false;
    if (!value)
        return true;
    if (!text || isplit_currency_code(text, strlen(text), code, NULL) != 0 ||
        strcmp(code, text) != 0 ||
        !read_number(body, "exp", ISPLIT_MONEY_MAX_EXPONENT, &exponent))
        return false;
    r->shown.currency = keep(r, text);
    r->shown.exponent = (unsigned)exponent;
    return true;
}

static bool read_writers(const json_t *list, isplit__rules *r)
{
    isplit__id key;

    if (!list)
        return true;
    if (!json_is_array(list) || json_array_size(list) > ISPLIT__WRITERS_MAX)
        return false;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *hex = json_array_get(list, i);
        if (!isplit__id_parse(&key, json_string_value(hex), json_string_length(hex)))
            return false;
        r->writers[i] = keep(r, json_string_value(hex));
    }
    r->shown.writers = r->writers;
    r->shown.writer_count = json_array_size(list);
    return true;
}

static const char *const count_words[] = {"all", "signed", "acked", NULL};
static const char *const edit_words[] = {"author", "members", NULL};

static bool read_policy(const json_t *policy, isplit__rules *r)
{
    int count = 0;
    int edit = 0;
    int64_t counted = 1;
    static const char *const members[] = {"",         "count",   "edit",
                                          "unsigned", "writers", NULL};

    if (!policy)
        return true;
    if (!json_is_object(policy) || !isplit__has_members(policy, members) ||
        !read_word(policy, "count", count_words, &count) ||
        !read_word(policy, "edit", edit_words, &edit) ||
        !read_number(policy, "unsigned", 1, &counted) ||
        !read_writers(json_object_get(policy, "writers"), r))
        return false;
    r->shown.count = (isplit_count_policy)count;
    r->shown.edit = (isplit_edit_policy)edit;
    r->shown.ignore_unsigned = !counted;
    return true;
}

static const char *const mode_names[] = {"equal", "weights", "percent", NULL};
static const isplit_split_mode modes[] = {ISPLIT_SPLIT_EQUAL, ISPLIT_SPLIT_WEIGHTS,
                                          ISPLIT_SPLIT_PERCENT};

/* "alice", or ["alice", 2]. */
static bool read_part(const json_t *part, bool paired, isplit__rules *r)
{
    const json_t *name = paired ? json_array_get(part, 0) : part;
    const char *text = json_string_value(name);
    const json_t *number = json_array_get(part, 1);

    if (!text || !isplit__name_allowed(text, strlen(text)) ||
        r->part_count == ISPLIT__PARTS_MAX ||
        (paired && (json_array_size(part) != 2 || !json_is_integer(number) ||
                    json_integer_value(number) < 0 ||
                    json_integer_value(number) > ISPLIT_SPLIT_MAX_WEIGHT)))
        return false;
    r->parts[r->part_count++] = (isplit_share){
        .name = keep(r, text),
        .minor = paired ? (int64_t)json_integer_value(number) : 0,
    };
    return true;
}

/* {"weights": [["alice", 2], ...]}: like the mode of an entry, without amounts. */
static bool read_preset(const char *name, const json_t *mode, isplit__rules *r)
{
    isplit_preset *p = &r->presets[r->shown.preset_count];
    size_t i = 0;

    while (mode_names[i] && !json_object_get(mode, mode_names[i]))
        i++;
    if (!mode_names[i] || json_object_size(mode) != 1 ||
        r->shown.preset_count == ISPLIT__PRESETS_MAX ||
        !isplit__name_allowed(name, strlen(name)))
        return false;
    const json_t *list = json_object_get(mode, mode_names[i]);
    *p = (isplit_preset){.mode = modes[i],
                         .name = keep(r, name),
                         .parts = r->parts + r->part_count,
                         .part_count = json_array_size(list)};
    for (size_t k = 0; k < p->part_count; k++) {
        if (!read_part(json_array_get(list, k), p->mode != ISPLIT_SPLIT_EQUAL, r))
            return false;
    }
    r->shown.preset_count++;
    return p->part_count != 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const isplit_preset *)a)->name, ((const isplit_preset *)b)->name);
}

static bool read_presets(const json_t *body, isplit__rules *r)
{
    const char *name;
    json_t *mode;
    const json_t *presets = json_object_get(body, "presets");
    const json_t *standard = json_object_get(body, "default");

    if ((presets && !json_is_object(presets)) || (standard && !json_is_string(standard)))
        return false;
    json_object_foreach(isplit__json_to_iterate(presets), name, mode)
    {
        if (!read_preset(name, mode, r))
            return false;
    }
    if (r->shown.preset_count > 1)
        qsort(r->presets, r->shown.preset_count, sizeof *r->presets, by_name);
    r->shown.presets = r->presets;
    if (standard)
        r->shown.default_preset = keep(r, json_string_value(standard));
    return !standard || isplit__rules_preset(&r->shown, r->shown.default_preset);
}

bool isplit__rules_read(const json_t *body, isplit__rules *out)
{
    static const char *const members[] = {"",       "cur",     "default", "exp",
                                          "policy", "presets", "rotate",  NULL};
    int64_t rotate = 0;

    isplit__rules_init(out);
    if (!isplit__has_members(body, members) || !read_currency(body, out) ||
        !read_policy(json_object_get(body, "policy"), out) || !read_presets(body, out) ||
        !read_number(body, "rotate", 1, &rotate))
        return false;
    out->shown.rotate = rotate != 0;
    return true;
}

int isplit__rules_load(const char *text, isplit__rules *out)
{
    json_t *body = json_loads(text, 0, NULL);
    bool read = body && isplit__rules_read(body, out);

    json_decref(body);
    return read ? 0 : IC_ERR_NOMEM; /* it was read before */
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

/* --- writing --- */

static void put_text(isplit__buf *b, const char *before, const char *text)
{
    isplit__buf_text(b, before);
    isplit__buf_json_text(b, text, strlen(text));
}

static void put_policy(isplit__buf *b, const isplit_settings *s)
{
    put_text(b, "\"policy\":{\"count\":", count_words[s->count]);
    put_text(b, ",\"edit\":", edit_words[s->edit]);
    isplit__buf_printf(b, ",\"unsigned\":%d", !s->ignore_unsigned);
    for (size_t i = 0; i < s->writer_count; i++)
        put_text(b, i ? "," : ",\"writers\":[", s->writers[i]);
    isplit__buf_text(b, s->writer_count ? "]}" : "}");
}

static void put_preset(isplit__buf *b, const isplit_preset *p)
{
    bool paired = p->mode != ISPLIT_SPLIT_EQUAL;
    const char *mode = p->mode == ISPLIT_SPLIT_EQUAL     ? mode_names[0]
                       : p->mode == ISPLIT_SPLIT_WEIGHTS ? mode_names[1]
                                                         : mode_names[2];

    isplit__buf_json_text(b, p->name, strlen(p->name));
    isplit__buf_printf(b, ":{\"%s\":[", mode);
    for (size_t i = 0; i < p->part_count; i++) {
        isplit__buf_text(b, i ? "," : "");
        put_text(b, paired ? "[" : "", p->parts[i].name);
        if (paired)
            isplit__buf_printf(b, ",%lld]", (long long)p->parts[i].minor);
    }
    isplit__buf_text(b, "]}");
}

static void put_presets(isplit__buf *b, const isplit_settings *s)
{
    isplit_preset sorted[ISPLIT__PRESETS_MAX];

    if (!s->preset_count)
        return;
    memcpy(sorted, s->presets, s->preset_count * sizeof *sorted);
    qsort(sorted, s->preset_count, sizeof *sorted, by_name);
    isplit__buf_text(b, ",\"presets\":{");
    for (size_t i = 0; i < s->preset_count; i++) {
        isplit__buf_text(b, i ? "," : "");
        put_preset(b, &sorted[i]);
    }
    isplit__buf_text(b, "}");
}

void isplit__rules_write(isplit__buf *b, const isplit_settings *s)
{
    isplit__buf_text(b, "{");
    if (*s->currency)
        put_text(b, "\"cur\":", s->currency);
    if (s->default_preset && *s->default_preset)
        put_text(b, *s->currency ? ",\"default\":" : "\"default\":", s->default_preset);
    if (*s->currency)
        isplit__buf_printf(b, ",\"exp\":%u", s->exponent);
    if (b->len && b->data[b->len - 1] != '{')
        isplit__buf_text(b, ",");
    put_policy(b, s);
    put_presets(b, s);
    isplit__buf_printf(b, ",\"rotate\":%d}", s->rotate);
}

bool isplit__view_owns(const isplit__view *view, const isplit__id *key)
{
    for (size_t i = 0; i < view->owner_count; i++) {
        if (isplit__id_compare(&view->owners[i], key) == 0)
            return true;
    }
    return false;
}
