#include "bridge/expense_draft.h"

#include <string.h>

#include "base/size.h"
#include "intercom/sys/mem.h"

bool bridge_draft_flag(const ic__json *message, const char *name, bool otherwise)
{
    static const char *const yes[] = {"1", "true", "yes", "on"};
    const ic__json *v = ic__json_get(message, name);
    ic__buf text = {0};
    bool set = false;

    if (ic__json_is(v, IC__JSON_BOOL))
        return ic__json_bool(v, otherwise);
    if (ic__json_type(v) <= IC__JSON_NULL)
        return otherwise;
    bool known = bridge_member_text(message, name, &text);
    for (size_t i = 0; known && text.data && i < sizeof yes / sizeof yes[0]; i++)
        set = set || strcasecmp(text.data, yes[i]) == 0;
    ic__buf_free(&text);
    return set;
}

/* A text for people, or the characters of a JSON number for machines. */
static const char *text_or_number(const ic__json *v)
{
    const char *token = ic__json_token(v);

    return token ? token : ic__json_cstring(v);
}

bool bridge_draft_text(bridge_expense *x, const ic__json *message, const char *name,
                       const char **out)
{
    const ic__json *v = ic__json_get(message, name);

    *out = text_or_number(v);
    return *out || ic__json_type(v) <= IC__JSON_NULL ||
           bridge_expense_fail(x, "Invalid %s: expected text or number", name);
}

static bool read_amount(bridge_expense *x, const ic__json *message, isplit_fields *f)
{
    const ic__json *v = ic__json_get(message, "amount");

    f->amount = text_or_number(v);
    f->amount_strict = ic__json_token(v) || bridge_draft_flag(message, "strict", false);
    return f->amount || bridge_expense_fail(x, "Invalid amount: expected text or number");
}

static bool read_note(bridge_expense *x, const ic__json *message, isplit_fields *f)
{
    const ic__json *v = ic__json_get(message, "note");

    f->note = ic__json_cstring(v);
    return f->note || ic__json_type(v) <= IC__JSON_NULL ||
           bridge_expense_fail(x, "Invalid note.");
}

/* Lists are read afterwards. */
static bool read_list_text(bridge_expense *x, const ic__json *message, const char *name,
                           const char **out)
{
    const ic__json *v = ic__json_get(message, name);

    *out = ic__json_cstring(v);
    return *out || ic__json_type(v) <= IC__JSON_NULL || ic__json_is(v, IC__JSON_ARRAY) ||
           bridge_expense_fail(x, "Invalid split: expected text or a list of texts");
}

static bool read_fields(bridge_expense *x, const ic__json *message, bool payment,
                        isplit_fields *f)
{
    f->only = bridge_draft_flag(message, "only", false);
    return read_amount(x, message, f) && read_note(x, message, f) &&
           (payment ? bridge_draft_text(x, message, "to", &f->split)
                    : read_list_text(x, message, "split", &f->split)) &&
           read_list_text(x, message, "items", &f->items) &&
           bridge_draft_text(x, message, "extra", &f->extra) &&
           bridge_draft_text(x, message, "rest", &f->rest_to) &&
           bridge_draft_text(x, message, "currency", &f->currency) &&
           bridge_draft_text(x, message, "rate", &f->rate) &&
           bridge_draft_text(x, message, "category", &f->category) &&
           bridge_draft_text(x, message, "date", &f->date);
}

static bool no_memory(bridge_expense *x)
{
    x->error.bad = true;
    return false;
}

/* Names, or objects with a name and a value. */
static bool read_parts(bridge_expense *x, const ic__json *list, isplit_part **parts,
                       size_t *count, bool *valued)
{
    *parts = ic_mem_calloc(ic__json_count(list) + 1, sizeof **parts);
    if (!*parts)
        return no_memory(x);
    for (size_t i = 0; i < ic__json_count(list); i++) {
        const ic__json *v = ic__json_at(list, i);
        const ic__json *value = ic__json_get(v, "value");
        isplit_part part = {.name = ic__json_cstring(v)};
        if (ic__json_is(v, IC__JSON_OBJECT))
            part.name = ic__json_cstring(ic__json_get(v, "name"));
        part.value = text_or_number(value);
        if (!part.name)
            return bridge_expense_fail(x, "Invalid split: names must be texts");
        if (!part.value && ic__json_type(value) > IC__JSON_NULL)
            return bridge_expense_fail(x,
                                       "Invalid split: values must be texts or numbers");
        *valued = *valued || part.value;
        if (*part.name)
            (*parts)[(*count)++] = part;
    }
    return true;
}

static bool read_had(bridge_expense *x, const ic__json *names, bridge_draft *out,
                     isplit_draft_item *item)
{
    item->names = out->had + out->had_count;
    if (ic__json_type(names) > IC__JSON_NULL && !ic__json_is(names, IC__JSON_ARRAY))
        return bridge_expense_fail(x, "Invalid split: expected text or a list of texts");
    for (size_t i = 0; i < ic__json_count(names); i++) {
        const char *name = ic__json_cstring(ic__json_at(names, i));
        if (!name)
            return bridge_expense_fail(x, "Invalid split: names must be texts");
        out->had[out->had_count++] = name;
        item->name_count++;
    }
    return true;
}

static size_t count_had(const ic__json *list)
{
    size_t count = 0;

    for (size_t i = 0; i < ic__json_count(list); i++)
        count += ic__json_count(ic__json_get(ic__json_at(list, i), "names"));
    return count;
}

/* Objects with an amount, and if they like a text and the names of who had it. */
static bool read_items(bridge_expense *x, const ic__json *list, bridge_draft *out)
{
    size_t count = ic__json_count(list);

    out->items = ic_mem_calloc(count + 1, sizeof *out->items);
    out->had = ic_mem_calloc(count_had(list) + 1, sizeof *out->had);
    if (!out->items || !out->had)
        return no_memory(x);
    for (size_t i = 0; i < count; i++) {
        const ic__json *v = ic__json_at(list, i);
        isplit_draft_item *item = &out->items[i];
        item->amount = text_or_number(ic__json_get(v, "amount"));
        item->text = ic__json_cstring(ic__json_get(v, "text"));
        if (!item->amount)
            return bridge_expense_fail(x, "Invalid amount: expected text or number");
        if (!read_had(x, ic__json_get(v, "names"), out, item))
            return false;
    }
    out->draft.items = out->items;
    out->draft.item_count = count;
    return true;
}

static bool read_mode(bridge_expense *x, const ic__json *message, bool valued,
                      isplit_split_mode *out)
{
    static const char *const names[] = {
        [ISPLIT_SPLIT_EQUAL] = "equal",     [ISPLIT_SPLIT_EXACT] = "exact",
        [ISPLIT_SPLIT_WEIGHTS] = "weights", [ISPLIT_SPLIT_PERCENT] = "percent",
        [ISPLIT_SPLIT_ADJUST] = "adjust",   [ISPLIT_SPLIT_ITEMS] = "items"};
    const char *mode = ic__json_cstring(ic__json_get(message, "mode"));

    for (size_t i = 0; mode && i < sizeof names / sizeof names[0]; i++) {
        if (strcasecmp(mode, names[i]) == 0) {
            *out = (isplit_split_mode)i;
            return true;
        }
    }
    return (!valued && ic__json_type(ic__json_get(message, "mode")) <= IC__JSON_NULL) ||
           bridge_expense_fail(x, "Invalid mode (use equal, exact, weights, percent, "
                                  "adjust or items).");
}

/* What came as lists replaces what the texts said. */
static bool read_lists(bridge_expense *x, const ic__json *message, bridge_draft *out)
{
    isplit_draft *d = &out->draft;
    const ic__json *split = ic__json_get(message, "split");
    const ic__json *payers = ic__json_get(message, "payers");
    const ic__json *items = ic__json_get(message, "items");
    bool valued = false;
    bool paid = false;

    if (ic__json_is(split, IC__JSON_ARRAY)) {
        if (!read_parts(x, split, &out->parts, &d->part_count, &valued))
            return false;
        d->parts = out->parts;
    }
    if (ic__json_is(payers, IC__JSON_ARRAY)) {
        if (!read_parts(x, payers, &out->payers, &d->payer_count, &paid))
            return false;
        d->payers = out->payers;
    }
    if (ic__json_is(items, IC__JSON_ARRAY)) {
        d->mode = ISPLIT_SPLIT_ITEMS;
        if (!read_items(x, items, out))
            return false;
    }
    return read_mode(x, message, valued, &d->mode);
}

static bool read_draft(bridge_expense *x, const ic__json *message, isplit_entry_type type,
                       const char *payer, bridge_draft *out)
{
    isplit_fields f = {.payer = payer};
    isplit_field field = ISPLIT_FIELD_NONE;
    isplit_reason why = {""};

    if (!read_fields(x, message, type == ISPLIT_ENTRY_PAYMENT, &f))
        return false;
    if (ic__json_is(ic__json_get(message, "items"), IC__JSON_ARRAY)) {
        /* the items that tax and tip belong to come as a list */
        out->draft.extra = f.extra;
        f.extra = NULL;
    }
    const char *extra = out->draft.extra;
    int error = isplit_command_compose(type, &f, &out->texts, &field, &why);
    if (error)
        return bridge_expense_refuse(x, error, field, &why);
    out->draft = out->texts->draft;
    out->draft.extra = extra ? extra : out->draft.extra;
    return read_lists(x, message, out);
}

bool bridge_draft_read(bridge_expense *x, const ic__json *message, isplit_entry_type type,
                       bridge_draft *out)
{
    bool payment = type == ISPLIT_ENTRY_PAYMENT;
    bool several = ic__json_is(ic__json_get(message, "payers"), IC__JSON_ARRAY);
    ic__buf payer = {0};

    *out = (bridge_draft){.had_count = 0};
    bool known = bridge_member_text(message, payment ? "from" : "payer", &payer) &&
                 (payer.len || several);
    bool done = known ? read_draft(x, message, type, payer.len ? payer.data : NULL, out)
                      : bridge_expense_fail(x, "Missing %s.", payment ? "from" : "payer");
    ic__buf_free(&payer);
    return done;
}

void bridge_draft_free(bridge_draft *d)
{
    isplit_command_free(d->texts);
    ic_mem_free(d->parts);
    ic_mem_free(d->payers);
    ic_mem_free(d->items);
    ic_mem_free(d->had);
}
