/* The requests expense_*: their members, and which answer they ask for. */
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "bridge/expense.h"
#include "intercom/sys/mem.h"

/* Texts and numbers as flags are read: 1, true, yes and on in any case are true. */
static bool flag(const ic__json *message, const char *name, bool otherwise)
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
static bool read_amount(bridge_expense *x, const ic__json *message, isplit_draft *draft)
{
    const ic__json *v = ic__json_get(message, "amount");
    const char *token = ic__json_token(v);

    draft->amount = token ? token : ic__json_cstring(v);
    draft->amount_strict = token || flag(message, "strict", false);
    return draft->amount ||
           bridge_expense_fail(x, "Invalid amount: expected text or number");
}

static bool read_note(bridge_expense *x, const ic__json *message, isplit_draft *draft)
{
    const ic__json *v = ic__json_get(message, "note");

    draft->note = ic__json_cstring(v);
    return draft->note || ic__json_type(v) <= IC__JSON_NULL ||
           bridge_expense_fail(x, "Invalid note.");
}

/* The names of an array, borrowed; *parts is to be freed. */
static bool read_names(bridge_expense *x, const ic__json *list, isplit_part **parts,
                       size_t *count)
{
    *parts = ic_mem_calloc(ic__json_count(list) + 1, sizeof **parts);
    if (!*parts) {
        x->error.bad = true;
        return false;
    }
    for (size_t i = 0; i < ic__json_count(list); i++) {
        const char *name = ic__json_cstring(ic__json_at(list, i));
        if (!name)
            return bridge_expense_fail(x, "Invalid split: names must be texts");
        if (*name)
            (*parts)[(*count)++].name = name;
    }
    return true;
}

static bool add_with_array(bridge_expense *x, isplit_draft *draft, const ic__json *list)
{
    isplit_part *parts = NULL;
    size_t count = 0;
    bool done = read_names(x, list, &parts, &count);

    draft->parts = parts;
    draft->part_count = count;
    done = done && bridge_expense_add(x, draft);
    ic_mem_free(parts);
    return done;
}

static bool add_with_text(bridge_expense *x, isplit_draft *draft, const char *text)
{
    ic__list list;

    if (ic__list_split(text, &list) != 0) {
        x->error.bad = true;
        return false;
    }
    isplit_part *parts = ic_mem_calloc(list.count + 1, sizeof *parts);
    for (size_t i = 0; parts && i < list.count; i++)
        parts[i].name = list.items[i];
    draft->parts = parts;
    draft->part_count = list.count;
    x->error.bad = x->error.bad || !parts;
    bool done = parts && bridge_expense_add(x, draft);
    ic_mem_free(parts);
    ic__list_free(&list);
    return done;
}

static bool add_for_payer(bridge_expense *x, const ic__json *message, const char *payer)
{
    const ic__json *split = ic__json_get(message, "split");
    isplit_draft draft = {
        .payer = payer,
        .only = flag(message, "only", false),
    };

    if (!read_amount(x, message, &draft) || !read_note(x, message, &draft))
        return false;
    if (ic__json_is(split, IC__JSON_ARRAY))
        return add_with_array(x, &draft, split);
    if (ic__json_type(split) > IC__JSON_NULL && !ic__json_cstring(split))
        return bridge_expense_fail(x, "Invalid split: expected text or a list of texts");
    return add_with_text(x, &draft, ic__json_cstring(split));
}

static bool ask_add(bridge_expense *x, const ic__json *message)
{
    ic__buf payer = {0};

    bool known = bridge_member_text(message, "payer", &payer) && payer.len;
    bool done = known ? add_for_payer(x, message, payer.data)
                      : bridge_expense_fail(x, "Missing payer.");
    ic__buf_free(&payer);
    return done;
}

/* A whole number from 0 on, as number or text. */
static bool read_count(bridge_expense *x, const ic__json *message, const char *name,
                       size_t *out)
{
    const ic__json *v = ic__json_get(message, name);
    const char *digits = ic__json_token(v) ? ic__json_token(v) : ic__json_cstring(v);

    if (ic__json_type(v) <= IC__JSON_NULL)
        return true;
    if (!digits || !*digits || strspn(digits, "0123456789") != strlen(digits) ||
        strlen(digits) > 15)
        return bridge_expense_fail(x, "Invalid %s.", name);
    *out = (size_t)strtoull(digits, NULL, 10);
    return true;
}

static bool ask_list(bridge_expense *x, const ic__json *message)
{
    size_t offset = 0;
    size_t limit = SIZE_MAX;

    return read_count(x, message, "offset", &offset) &&
           read_count(x, message, "limit", &limit) &&
           bridge_expense_list(x, offset, limit);
}

static bool ask_balance(bridge_expense *x, const ic__json *message)
{
    (void)message;
    return bridge_expense_balance(x);
}

static bool ask_clear(bridge_expense *x, const ic__json *message)
{
    (void)message;
    return bridge_expense_clear(x);
}

static bool ask_persist(bridge_expense *x, const ic__json *message)
{
    return bridge_expense_persist(x, flag(message, "sim", false));
}

static bool ask_restore(bridge_expense *x, const ic__json *message)
{
    return bridge_expense_restore(x, flag(message, "confirmed", true),
                                  flag(message, "replace", false));
}

/* No format means text. */
static bool read_format(const char *name, isplit_export_format *out)
{
    static const struct {
        const char *name;
        isplit_export_format format;
    } formats[] = {
        {"", ISPLIT_EXPORT_TEXT},
        {"text", ISPLIT_EXPORT_TEXT},
        {"json", ISPLIT_EXPORT_JSON},
        {"csv", ISPLIT_EXPORT_CSV},
    };

    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        if (strcasecmp(formats[i].name, name) == 0) {
            *out = formats[i].format;
            return true;
        }
    }
    return false;
}

static bool ask_export(bridge_expense *x, const ic__json *message)
{
    isplit_export_format format = ISPLIT_EXPORT_TEXT;
    ic__buf name = {0};
    bool known = bridge_member_text(message, "format", &name) && !name.bad &&
                 read_format(name.data, &format);

    x->error.bad = name.bad;
    ic__buf_free(&name);
    return known ? bridge_expense_export(x, format)
                 : bridge_expense_fail(x, "Invalid format (use text, json or csv).");
}

static bool ask_say(bridge_expense *x, const ic__json *message)
{
    const char *text = ic__json_cstring(ic__json_get(message, "text"));

    return text ? bridge_expense_say(x, text, flag(message, "dryRun", false))
                : bridge_expense_fail(x, "Missing text.");
}

typedef bool (*asker)(bridge_expense *x, const ic__json *message);

static asker asker_of(const char *type)
{
    static const struct {
        const char *type;
        asker ask;
    } table[] = {
        {"expense_add", ask_add},         {"expense_list", ask_list},
        {"expense_balance", ask_balance}, {"expense_clear", ask_clear},
        {"expense_persist", ask_persist}, {"expense_restore", ask_restore},
        {"expense_export", ask_export},   {"expense_say", ask_say},
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(table[i].type, type) == 0)
            return table[i].ask;
    }
    return NULL;
}

static void reply(const bridge_request *r, const bridge_expense *x, bool answered)
{
    if (x->answer.bad || x->error.bad || (!answered && !x->error.len))
        bridge_session_close(r->session, BRIDGE_CLOSE_INTERNAL, "out of memory");
    else if (answered)
        bridge_reply(r, &x->answer);
    else
        bridge_reply_error(r, "%s", x->error.data);
}

bool bridge_do_expense(const bridge_request *r)
{
    const bridge_host *host = &r->session->hub->host;
    asker ask = asker_of(ic__json_cstring(ic__json_get(r->message, "type")));
    bridge_expense x = {.hub = r->session->hub};
    ic__buf room = {0};

    if (!ask)
        return false;
    if (!host->book) {
        bridge_reply_error(r, "Ledger not ready.");
        return true;
    }
    bool known = bridge_member_text(r->message, "channel", &room);
    if (!room.len)
        ic__buf_text(&room, host->sidechannel ? ic__sidechannel_entry(host->sidechannel)
                                              : BRIDGE_ENTRY_CHANNEL);
    x.room = room.data;
    x.error.bad = room.bad;
    if (!known)
        (void)bridge_expense_fail(&x, "Invalid channel.");
    reply(r, &x, known && !room.bad && ask(&x, r->message));
    ic__buf_free(&room);
    ic__buf_free(&x.answer);
    ic__buf_free(&x.error);
    return true;
}
