#include "intersplit/command.h"

#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "name.h"
#include "reason.h"
#include "words.h"

#define LATER 0 /* known to the grammar, but not yet a command */
#define LONGEST_WORD 8

static const struct {
    const char *word;
    int kind;
} commands[] = {
    {"add", ISPLIT_COMMAND_ADD},
    {"balance", ISPLIT_COMMAND_BALANCE},
    {"clear", ISPLIT_COMMAND_CLEAR},
    {"edit", LATER},
    {"export", ISPLIT_COMMAND_EXPORT},
    {"help", ISPLIT_COMMAND_HELP},
    {"list", ISPLIT_COMMAND_LIST},
    {"member", LATER},
    {"pay", LATER},
    {"persist", ISPLIT_COMMAND_PERSIST},
    {"restore", ISPLIT_COMMAND_RESTORE},
    {"send", ISPLIT_COMMAND_SEND},
    {"void", LATER},
};

#define COMMANDS (sizeof commands / sizeof commands[0])

const char *isplit_command_help(void)
{
    return "add <payer> <amount> [split [only] <name>,<name>...] [note <text>]\n"
           "balance\n"
           "list\n"
           "export [text|json|csv]\n"
           "persist\n"
           "restore\n"
           "clear\n"
           "send <text>\n"
           "help";
}

static int refuse(isplit_reason *why, const char *text)
{
    isplit__reason_set(why, "%s", text);
    return IC_ERR_INVALID;
}

static int later(isplit_reason *why, const char *what)
{
    isplit__reason_set(why, "%s: not available yet", what);
    return IC_ERR_UNSUPPORTED;
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
    size_t best = 0;

    if (len > LONGEST_WORD + 2)
        return refuse(why, "unknown command; help lists them");
    for (size_t i = 1; i < COMMANDS; i++) {
        if (distance(word, len, commands[i].word) <
            distance(word, len, commands[best].word))
            best = i;
    }
    if (distance(word, len, commands[best].word) > 2)
        return refuse(why, "unknown command; help lists them");
    isplit__reason_set(why, "unknown command \"%.*s\"; did you mean \"%s\"?", (int)len,
                       word, commands[best].word);
    return IC_ERR_INVALID;
}

/* A payment pasted from a plan: bob -> alice: 15.00 */
static bool is_pasted_payment(const isplit__words *line)
{
    const char *at = memmem(line->at, (size_t)(line->end - line->at), "->", 2);

    return at && at > line->at;
}

static int read_format(isplit__words *w, isplit_export_format *format, isplit_reason *why)
{
    static const char *const planned[] = {"splitwise", "ledger", "hledger", "beancount"};

    if (isplit__words_take(w, "json"))
        *format = ISPLIT_EXPORT_JSON;
    else if (isplit__words_take(w, "csv"))
        *format = ISPLIT_EXPORT_CSV;
    else if (isplit__words_take(w, "text") || !isplit__words_more(w))
        *format = ISPLIT_EXPORT_TEXT;
    else {
        for (size_t i = 0; i < sizeof planned / sizeof planned[0]; i++) {
            if (isplit__words_next_is(w, planned[i]))
                return later(why, planned[i]);
        }
        return refuse(why, "use export text, export json or export csv");
    }
    return 0;
}

static int read_arguments(isplit__words *w, isplit__draft_command *d, isplit_reason *why)
{
    switch (d->command.kind) {
    case ISPLIT_COMMAND_ADD:
        return isplit__command_add(w, d, why);
    case ISPLIT_COMMAND_EXPORT:
        return read_format(w, &d->command.format, why);
    case ISPLIT_COMMAND_BALANCE:
        if (isplit__words_next_is(w, "pairwise"))
            return later(why, "pairwise debts");
        (void)isplit__words_take(w, "minimal");
        return 0;
    case ISPLIT_COMMAND_SEND:
        d->command.text = isplit__words_rest(w, d);
        return *d->command.text ? 0 : refuse(why, "a text is missing: send hello");
    case ISPLIT_COMMAND_LIST:
    case ISPLIT_COMMAND_PERSIST:
    case ISPLIT_COMMAND_RESTORE:
    case ISPLIT_COMMAND_CLEAR:
    case ISPLIT_COMMAND_HELP:
    default:
        return 0;
    }
}

static int read_line(isplit__words *w, isplit__draft_command *d, isplit_reason *why)
{
    size_t len = 0;
    const char *word = "";

    if (!isplit__words_peek(w, &word, &len))
        return refuse(why, "type a command; help lists them");
    for (size_t i = 0; i < COMMANDS; i++) {
        if (!isplit__words_take(w, commands[i].word))
            continue;
        if (commands[i].kind == LATER)
            return later(why, commands[i].word);
        d->command.kind = (isplit_command_kind)commands[i].kind;
        int err = read_arguments(w, d, why);
        if (!err && isplit__words_more(w))
            return refuse(why, "there is more on the line than this command takes");
        return err;
    }
    return is_pasted_payment(w) ? later(why, "payments") : refuse_unknown(word, len, why);
}

int isplit_command_parse(const char *text, size_t len, isplit_command **out,
                         isplit_reason *why)
{
    isplit__words w = {.at = text, .end = text + len};

    if (len > ISPLIT_COMMAND_MAX_BYTES)
        return refuse(why, "the line is too long");
    if (!isplit__utf8_valid(text, len) || memchr(text, 0, len))
        return refuse(why, "the line is not UTF-8");
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

void isplit_command_free(isplit_command *command)
{
    ic_mem_free(command); /* the first member of the draft that was allocated */
}
