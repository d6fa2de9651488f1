#include "intersplit/command.h"

#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "say/words.h"
#include "text/name.h"
#include "text/reason.h"

#define LONGEST_WORD 8

typedef int (*reader)(isplit__words *w, isplit__draft_command *into, isplit_reason *why);

static int read_nothing(isplit__words *w, isplit__draft_command *d, isplit_reason *why)
{
    (void)w;
    (void)d;
    (void)why;
    return 0;
}

static int read_refund(isplit__words *w, isplit__draft_command *d, isplit_reason *why)
{
    d->command.draft.type = ISPLIT_ENTRY_REFUND;
    return isplit__command_add(w, d, why);
}

static int read_message(isplit__words *w, isplit__draft_command *d, isplit_reason *why)
{
    d->command.text = isplit__words_rest(w, d);
    return *d->command.text ? 0 : isplit__refuse(why, "a text is missing: send hello");
}

/* "last", or the first digits of an id. */
static int read_ref(isplit__words *w, isplit__draft_command *d, isplit_reason *why)
{
    return isplit__words_word(w, d, &d->command.ref,
                              "say which entry: last, or the first 6 digits of its id",
                              why);
}

static int read_ref_and_reason(isplit__words *w, isplit__draft_command *d,
                               isplit_reason *why)
{
    int err = read_ref(w, d, why);

    if (!isplit__words_take(w, "why"))
        (void)isplit__words_take(w, "note");
    if (!err && isplit__words_more(w))
        d->command.text = isplit__words_rest(w, d);
    return err;
}

/* "add ..." with or without its word, "refund ..." or "pay ..." */
static int read_draft(isplit__words *w, isplit__draft_command *d, isplit_reason *why)
{
    if (isplit__words_take(w, "pay"))
        return isplit__command_pay(w, d, why);
    if (isplit__words_take(w, "refund"))
        return read_refund(w, d, why);
    (void)isplit__words_take(w, "add");
    return isplit__command_add(w, d, why);
}

static int read_edit(isplit__words *w, isplit__draft_command *d, isplit_reason *why)
{
    int err = read_ref(w, d, why);

    return err ? err : read_draft(w, d, why);
}

static bool take_unit(isplit__words *w, isplit__draft_command *d)
{
    static const char *const units[][2] = {
        {"day", "days"}, {"week", "weeks"}, {"month", "months"}, {"year", "years"}};

    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (isplit__words_take(w, units[i][0]) || isplit__words_take(w, units[i][1])) {
            d->command.repeat.every = (isplit_every)i;
            return true;
        }
    }
    return false;
}

/* "month until 2027-06-30 add alice 800", "2 weeks pay bob alice 20" */
static int read_every(isplit__words *w, isplit__draft_command *d, isplit_reason *why)
{
    isplit_repeat *repeat = &d->command.repeat;

    if (!isplit__words_more(w))
        return 0;

    for (; isplit__words_more(w) && *w->at >= '0' && *w->at <= '9' && repeat->step < 1000;
         w->at++)
        repeat->step = repeat->step * 10 + (uint32_t)(*w->at - '0');
    if (!repeat->step)
        repeat->step = 1;
    if (!take_unit(w, d))
        return isplit__refuse(why, "say how often: every month add alice 800 note "
                                   "rent");
    int err = 0;
    if (isplit__words_take(w, "until"))
        err = isplit__words_word(w, d, &repeat->until,
                                 "a date is missing: until 2027-06-30", why);
    return err ? err : read_draft(w, d, why);
}

/* The first one stands for no command. */
static const struct {
    const char *word;
    reader read;
    isplit_deed_kind deed; /* 0 = none */
} commands[] = {
    [ISPLIT_COMMAND_ADD] = {"add", isplit__command_add, ISPLIT_DEED_ADD},
    [ISPLIT_COMMAND_REFUND] = {"refund", read_refund, ISPLIT_DEED_ADD},
    [ISPLIT_COMMAND_PAY] = {"pay", isplit__command_pay, ISPLIT_DEED_ADD},
    [ISPLIT_COMMAND_EDIT] = {"edit", read_edit, ISPLIT_DEED_AMEND},
    [ISPLIT_COMMAND_VOID] = {"void", read_ref_and_reason, ISPLIT_DEED_VOID},
    [ISPLIT_COMMAND_UNVOID] = {"unvoid", read_ref_and_reason, ISPLIT_DEED_UNVOID},
    [ISPLIT_COMMAND_CONFIRM] = {"confirm", read_ref_and_reason, ISPLIT_DEED_ACK},
    [ISPLIT_COMMAND_DISPUTE] = {"dispute", read_ref_and_reason, ISPLIT_DEED_DISPUTE},
    [ISPLIT_COMMAND_EVERY] = {"every", read_every, ISPLIT_DEED_RECUR},
    [ISPLIT_COMMAND_MEMBER] = {"member", isplit__command_member, ISPLIT_DEED_MEMBER},
    [ISPLIT_COMMAND_ROOM] = {"room", isplit__command_room, 0},
    [ISPLIT_COMMAND_LIST] = {"list", read_nothing, 0},
    [ISPLIT_COMMAND_BALANCE] = {"balance", isplit__command_balance, 0},
    [ISPLIT_COMMAND_WHY] = {"why", isplit__command_why, 0},
    [ISPLIT_COMMAND_HISTORY] = {"history", read_ref, 0},
    [ISPLIT_COMMAND_PERSIST] = {"persist", read_nothing, 0},
    [ISPLIT_COMMAND_RESTORE] = {"restore", read_nothing, 0},
    [ISPLIT_COMMAND_EXPORT] = {"export", isplit__command_export, 0},
    [ISPLIT_COMMAND_CLEAR] = {"clear", read_nothing, 0},
    [ISPLIT_COMMAND_SEND] = {"send", read_message, 0},
    [ISPLIT_COMMAND_HELP] = {"help", read_nothing, 0},
};

#define COMMANDS (sizeof commands / sizeof commands[0])

const char *isplit_command_word(isplit_command_kind kind)
{
    return kind && (size_t)kind < COMMANDS ? commands[kind].word : "";
}

const char *isplit_command_help(void)
{
    return "add <payer> <amount> [split [only] <name>,<name>...] [note <text>]\n"
           "    amounts: 12.50 | (120+5)/4 | 30 USD [rate 0.92]\n"
           "    payers:  alice=25+bob=5\n"
           "    split:   alice=20,bob=10 | alice*2,bob | alice,bob 3:2 | alice 60%,bob "
           "40%"
           " | alice,bob+3 | <preset>\n"
           "    items:   items 12.50 pizza for alice,bob; 8 wine for bob [tax|tip "
           "<amount>]"
           "\n"
           "    more:    rest <name> | cat <word> | on <date>\n"
           "refund <who got it> <amount> ... as add\n"
           "pay <name> <name> <amount> [note <text>]  or  bob -> alice: 15.00\n"
           "every [[<n>] day|week|month|year until <date> add ... on <date>]\n"
           "edit <id>|last <payer> <amount> ... as add\n"
           "void <id>|last [why <text>]\n"
           "unvoid <id>|last\n"
           "confirm <id>|last\n"
           "dispute <id>|last [why <text>]\n"
           "history <id>|last\n"
           "member <name> [joins|leaves|returns|claim|weight <n>|show <text>]\n"
           "room [currency EUR|rotate on|edit members|count signed|unsigned off|preset"
           " <name> split ...|default <preset>]\n"
           "balance [minimal|pairwise|via <name>]\n"
           "why <name> -> <name>\n"
           "list\n"
           "export [text|json|csv|splitwise|ledger|hledger|beancount]"
           " [settlements|balances|expenses]\n"
           "persist\n"
           "restore\n"
           "clear\n"
           "send <text>\n"
           "help";
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* How many letters must be put in, left out or exchanged to make `to` of `from`. */
static unsigned distance(const char *from, size_t len, const char *to)
{
    unsigned row[LONGEST_WORD + 1];
    size_t n = strlen(to);

    for (size_t i = 0; i <= n; i++)
        row[i] = (unsigned)i;
    for (size_t k = 0; k < len; k++) {
        unsigned corner = row[0]++;
        for (size_t i = 0; i < n; i++) {
            bool same = (from[k] | 0x20) == to[i];
            unsigned change = corner + (same ? 0 : 1);
            corner = row[i + 1];
            row[i + 1] = least(change, least(row[i], corner) + 1);
        }
    }
    return row[n];
}

static int refuse_unknown(const char *word, size_t len, isplit_reason *why)
{
    size_t best = 1;

    if (len > LONGEST_WORD + 2)
        return isplit__refuse(why, "unknown command; help lists them");
    for (size_t i = 2; i < COMMANDS; i++) {
        if (distance(word, len, commands[i].word) <
            distance(word, len, commands[best].word))
            best = i;
    }
    if (distance(word, len, commands[best].word) > 2)
        return isplit__refuse(why, "unknown command; help lists them");
    return isplit__refuse(why, "unknown command \"%.*s\"; did you mean \"%s\"?", (int)len,
                          word, commands[best].word);
}

/* A payment pasted from a plan: bob -> alice: 15.00 */
static bool is_pasted_payment(const isplit__words *line, isplit__draft_command *d)
{
    isplit__words ahead = *line;
    const char *name = NULL;
    bool pasted = isplit__words_name(&ahead, "", d, &name, NULL) == 0 &&
                  isplit__words_mark(&ahead, "->");

    d->put = d->texts;
    return pasted;
}

static int read_known(isplit__words *w, isplit__draft_command *d, size_t which,
                      isplit_reason *why)
{
    d->command.kind = (isplit_command_kind)which;
    int err = commands[which].read(w, d, why);
    if (!err && isplit__words_more(w))
        return isplit__refuse(why, "there is more on the line than this command takes");
    return err;
}

static int read_line(isplit__words *w, isplit__draft_command *d, isplit_reason *why)
{
    size_t len = 0;
    const char *word = "";

    if (!isplit__words_peek(w, &word, &len))
        return isplit__refuse(why, "type a command; help lists them");
    if (is_pasted_payment(w, d)) {
        d->command.kind = ISPLIT_COMMAND_PAY;
        return isplit__command_pay(w, d, why);
    }
    for (size_t i = 1; i < COMMANDS; i++) {
        if (isplit__words_take(w, commands[i].word))
            return read_known(w, d, i, why);
    }
    return refuse_unknown(word, len, why);
}

int isplit_command_parse(const char *text, size_t len, isplit_command **out,
                         isplit_reason *why)
{
    isplit__words w = {.at = text, .end = text + len};

    if (len > ISPLIT_COMMAND_MAX_BYTES)
        return isplit__refuse(why, "the line is too long");
    if (!isplit__utf8_valid(text, len) || memchr(text, 0, len))
        return isplit__refuse(why, "the line is not UTF-8");
    isplit__draft_command *d = ic_mem_calloc(1, sizeof *d + len + 1);
    if (!d)
        return IC_ERR_NOMEM;
    d->put = d->texts;
    int err = read_line(&w, d, why);
    if (err)
        ic_mem_free(d);
    else
        *out = &d->command;
    return err;
}

bool isplit_command_deed(const isplit_command *c, isplit_deed *out)
{
    size_t kind = (size_t)c->kind;
    bool lists = c->kind == ISPLIT_COMMAND_EVERY && !c->repeat.step;

    if (lists || kind >= COMMANDS || !commands[kind].deed)
        return false;
    *out = (isplit_deed){.kind = commands[kind].deed,
                         .id = c->ref,
                         .draft = &c->draft,
                         .text = c->text,
                         .member = &c->member,
                         .repeat = &c->repeat};
    return true;
}

void isplit_command_free(isplit_command *command)
{
    ic_mem_free(command); /* the first member of the draft that was allocated */
}
