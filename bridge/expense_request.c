/* The requests expense_*: their members, and which answer they ask for. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/expense.h"
#include "bridge/expense_draft.h"

static bool ask_draft(bridge_expense *x, const ic__json *message, isplit_entry_type type,
                      isplit_deed deed)
{
    bridge_draft d;
    bool done = bridge_draft_read(x, message, type, &d);

    deed.draft = &d.draft;
    if (done)
        done = bridge_draft_flag(message, "dryRun", false)
                   ? bridge_expense_dry(x, &d.draft)
                   : bridge_expense_do(x, &deed);
    bridge_draft_free(&d);
    return done;
}

static bool ask_new(bridge_expense *x, const ic__json *message)
{
    return ask_draft(x, message, (isplit_entry_type)x->what,
                     (isplit_deed){.kind = ISPLIT_DEED_ADD});
}

/* "last", or the first digits of an id; NULL: x has the error. */
static const char *read_ref(bridge_expense *x, const ic__json *message)
{
    const char *ref = ic__json_cstring(ic__json_get(message, "ref"));

    if (!ref || !*ref)
        (void)bridge_expense_fail(x, "Missing ref.");
    return ref && *ref ? ref : NULL;
}

static bool ask_amend(bridge_expense *x, const ic__json *message)
{
    const char *ref = read_ref(x, message);
    bool pays = ic__json_get(message, "from") != NULL;
    bool refunds = bridge_draft_flag(message, "refund", false);

    return ref && ask_draft(x, message,
                            pays      ? ISPLIT_ENTRY_PAYMENT
                            : refunds ? ISPLIT_ENTRY_REFUND
                                      : ISPLIT_ENTRY_EXPENSE,
                            (isplit_deed){.kind = ISPLIT_DEED_AMEND, .id = ref});
}

static bool ask_about(bridge_expense *x, const ic__json *message)
{
    const char *why = NULL;
    const char *ref = read_ref(x, message);

    return ref && bridge_draft_text(x, message, "why", &why) &&
           bridge_expense_do(
               x,
               &(isplit_deed){.kind = (isplit_deed_kind)x->what, .id = ref, .text = why});
}

/* A whole number from 0 on, as number or text; *out is left alone where none is. */
static bool is_count(const ic__json *v, size_t *out)
{
    const char *digits = ic__json_token(v) ? ic__json_token(v) : ic__json_cstring(v);

    if (ic__json_type(v) <= IC__JSON_NULL)
        return true;
    if (!digits || !*digits || strspn(digits, "0123456789") != strlen(digits) ||
        strlen(digits) > 15)
        return false;
    *out = (size_t)strtoull(digits, NULL, 10);
    return true;
}

static bool read_count(bridge_expense *x, const ic__json *message, const char *name,
                       size_t *out)
{
    return is_count(ic__json_get(message, name), out) ||
           bridge_expense_fail(x, "Invalid %s.", name);
}

/* For a deed, to which 0 says that it stays as it was: nobody says that in words. */
static bool read_weight(bridge_expense *x, const ic__json *message, uint32_t *out)
{
    const ic__json *v = ic__json_get(message, "weight");
    size_t weight = 0;

    if (ic__json_type(v) > IC__JSON_NULL &&
        (!is_count(v, &weight) || !weight || weight > (size_t)ISPLIT_SPLIT_MAX_WEIGHT))
        return bridge_expense_fail(
            x, "Invalid weight (use a whole number from 1 to 1000000).");
    *out = (uint32_t)weight;
    return true;
}

static bool ask_member(bridge_expense *x, const ic__json *message)
{
    isplit_member_deed member = {.claim = bridge_draft_flag(message, "claim", false),
                                 .leave = !bridge_draft_flag(message, "active", true)};

    if (!bridge_draft_text(x, message, "name", &member.name) ||
        !bridge_draft_text(x, message, "show", &member.show) ||
        !read_weight(x, message, &member.weight))
        return false;
    if (!member.name)
        return bridge_expense_fail(x, "Missing name.");
    return bridge_expense_do(
        x, &(isplit_deed){.kind = ISPLIT_DEED_MEMBER, .member = &member});
}

/* "every": the unit; none = show those that there are. */
static bool ask_every(bridge_expense *x, const ic__json *message)
{
    static const char *const units[] = {"day", "week", "month", "year"};
    const size_t unit_count = sizeof units / sizeof units[0];
    const char *every = NULL;
    size_t step = 1;
    size_t unit = 0;
    isplit_repeat repeat = {0};

    if (!bridge_draft_text(x, message, "every", &every) ||
        !bridge_draft_text(x, message, "until", &repeat.until) ||
        !read_count(x, message, "step", &step))
        return false;
    if (!every)
        return bridge_expense_recurring(x);
    while (unit < unit_count && strcmp(units[unit], every) != 0)
        unit++;
    if (unit == unit_count)
        return bridge_expense_fail(x, "Invalid every (use day, week, month or year).");
    repeat.every = (isplit_every)unit;
    repeat.step = step > UINT32_MAX ? UINT32_MAX : (uint32_t)step;
    return ask_draft(x, message,
                     bridge_draft_flag(message, "refund", false) ? ISPLIT_ENTRY_REFUND
                                                                 : ISPLIT_ENTRY_EXPENSE,
                     (isplit_deed){.kind = ISPLIT_DEED_RECUR, .repeat = &repeat});
}

/* "set": a line of the assistant's grammar behind the word room; none = only ask. */
static bool ask_room(bridge_expense *x, const ic__json *message)
{
    ic__buf line = {0};
    isplit_command *command = NULL;
    isplit_reason why = {""};
    const char *set = NULL;

    if (!bridge_draft_text(x, message, "set", &set))
        return false;
    ic__buf_printf(&line, "room %s", set ? set : "");
    x->error.bad = line.bad;
    int error = line.bad ? 0 : isplit_command_parse(line.data, line.len, &command, &why);
    bool done = command ? bridge_expense_room(x, command)
                        : bridge_expense_fail(x, "%s", error ? why.text : "");
    isplit_command_free(command);
    ic__buf_free(&line);
    return done;
}

static bool ask_history(bridge_expense *x, const ic__json *message)
{
    const char *ref = read_ref(x, message);

    return ref && bridge_expense_history(x, ref, NULL);
}

static bool ask_why(bridge_expense *x, const ic__json *message)
{
    const char *from = NULL;
    const char *to = NULL;

    if (!bridge_draft_text(x, message, "from", &from) ||
        !bridge_draft_text(x, message, "to", &to))
        return false;
    return from && to ? bridge_expense_why(x, from, to, NULL)
                      : bridge_expense_fail(x, from ? "Missing to." : "Missing from.");
}

/* "plan": minimal (also when absent), pairwise or via, then with the member "via". */
static bool ask_settlement(bridge_expense *x, const ic__json *message)
{
    static const char *const modes[] = {[ISPLIT_PLAN_MINIMAL] = "minimal",
                                        [ISPLIT_PLAN_PAIRWISE] = "pairwise",
                                        [ISPLIT_PLAN_VIA] = "via"};
    const char *type = ic__json_cstring(ic__json_get(message, "type"));
    const char *plan = NULL;
    const char *via = NULL;

    if (!bridge_draft_text(x, message, "plan", &plan) ||
        !bridge_draft_text(x, message, "via", &via))
        return false;
    plan = plan && *plan ? plan : via ? "via" : "minimal";
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        if (strcasecmp(plan, modes[i]) == 0)
            return bridge_expense_balance(x, type, (isplit_plan_mode)i, via);
    }
    return bridge_expense_fail(x, "Invalid plan (use minimal, pairwise or via).");
}

static bool ask_list(bridge_expense *x, const ic__json *message)
{
    size_t offset = 0;
    size_t limit = SIZE_MAX;

    return read_count(x, message, "offset", &offset) &&
           read_count(x, message, "limit", &limit) &&
           bridge_expense_list(x, bridge_draft_flag(message, "all", false), offset,
                               limit);
}

static bool ask_clear(bridge_expense *x, const ic__json *message)
{
    (void)message;
    return bridge_expense_clear(x);
}

static bool ask_persist(bridge_expense *x, const ic__json *message)
{
    return bridge_expense_persist(x, bridge_draft_flag(message, "sim", false));
}

static bool ask_restore(bridge_expense *x, const ic__json *message)
{
    return bridge_expense_restore(x, bridge_draft_flag(message, "confirmed", true),
                                  bridge_draft_flag(message, "replace", false));
}

static bool ask_export(bridge_expense *x, const ic__json *message)
{
    ic__buf format = {0};
    ic__buf what = {0};

    bool known = bridge_member_text(message, "format", &format) &&
                 bridge_member_text(message, "what", &what);
    x->error.bad = format.bad || what.bad;
    bool done = !x->error.bad && bridge_expense_export(x, known ? format.data : "?",
                                                       known ? what.data : "?");
    ic__buf_free(&format);
    ic__buf_free(&what);
    return done;
}

static bool ask_cancel(bridge_expense *x, const ic__json *message)
{
    (void)message;
    return bridge_expense_cancel(x);
}

static bool ask_say(bridge_expense *x, const ic__json *message)
{
    const char *text = ic__json_cstring(ic__json_get(message, "text"));

    return text ? bridge_expense_say(x, text, bridge_draft_flag(message, "dryRun", false))
                : bridge_expense_fail(x, "Missing text.");
}

typedef struct request {
    const char *type;
    bool (*ask)(bridge_expense *x, const ic__json *message);
    int what; /* for x->what */
} request;

static const request *find_request(const char *type)
{
    static const request table[] = {
        {"expense_add", ask_new, ISPLIT_ENTRY_EXPENSE},
        {"expense_refund", ask_new, ISPLIT_ENTRY_REFUND},
        {"expense_pay", ask_new, ISPLIT_ENTRY_PAYMENT},
        {"expense_amend", ask_amend, 0},
        {"expense_void", ask_about, ISPLIT_DEED_VOID},
        {"expense_unvoid", ask_about, ISPLIT_DEED_UNVOID},
        {"expense_ack", ask_about, ISPLIT_DEED_ACK},
        {"expense_dispute", ask_about, ISPLIT_DEED_DISPUTE},
        {"expense_member", ask_member, 0},
        {"expense_room", ask_room, 0},
        {"expense_every", ask_every, 0},
        {"expense_list", ask_list, 0},
        {"expense_balance", ask_settlement, 0},
        {"expense_plan", ask_settlement, 0},
        {"expense_why", ask_why, 0},
        {"expense_history", ask_history, 0},
        {"expense_export", ask_export, 0},
        {"expense_clear", ask_clear, 0},
        {"expense_persist", ask_persist, 0},
        {"expense_restore", ask_restore, 0},
        {"expense_cancel", ask_cancel, 0},
        {"expense_say", ask_say, 0},
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(table[i].type, type) == 0)
            return &table[i];
    }
    return NULL;
}

static void reply_refusal(const bridge_request *r, const bridge_expense *x)
{
    ic__buf b = {0};

    ic__buf_text(&b, "\"type\":\"error\",\"error\":");
    ic__json_write_cstring(&b, x->error.data);
    if (x->left_over)
        ic__buf_printf(&b, ",\"leftOver\":%" PRId64, x->left_over);
    bridge_reply(r, &b);
    ic__buf_free(&b);
}

static void reply(const bridge_request *r, const bridge_expense *x, bool answered)
{
    if (x->waits)
        bridge_wait(r, x->room);
    else if (x->answer.bad || x->error.bad || (!answered && !x->error.len))
        bridge_session_close(r->session, BRIDGE_CLOSE_INTERNAL, "out of memory");
    else if (answered)
        bridge_reply(r, &x->answer);
    else
        reply_refusal(r, x);
}

bool bridge_do_expense(const bridge_request *r)
{
    const bridge_host *host = &r->session->hub->host;
    const request *asked =
        find_request(ic__json_cstring(ic__json_get(r->message, "type")));
    bridge_expense x = {.hub = r->session->hub, .asker = r};
    ic__buf room = {0};

    if (!asked)
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
    x.what = asked->what;
    reply(r, &x, known && !room.bad && asked->ask(&x, r->message));
    ic__buf_free(&room);
    ic__buf_free(&x.answer);
    ic__buf_free(&x.error);
    return true;
}
