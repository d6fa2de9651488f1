/* What happened to an entry. */
#include <stdio.h>
#include <string.h>

#include "form/form.h"
#include "intercom/sys/mem.h"
#include "intersplit.h"
#include "intersplit/form.h"
#include "intersplit/money.h"
#include "intersplit_source.h"
#include "intersplit_table.h"

static const char *name_of(isplit_step_kind kind)
{
    static const char *const names[] = {
        [ISPLIT_STEP_ADDED] = "added",       [ISPLIT_STEP_AMENDED] = "amended",
        [ISPLIT_STEP_VOIDED] = "voided",     [ISPLIT_STEP_UNVOIDED] = "brought back",
        [ISPLIT_STEP_CLEARED] = "cleared",   [ISPLIT_STEP_CONFIRMED] = "confirmed",
        [ISPLIT_STEP_DISPUTED] = "disputed",
    };

    return (size_t)kind < sizeof names / sizeof names[0] && names[kind] ? names[kind]
                                                                        : "changed";
}

/* "30.00 by alice for alice, bob": the values of then. */
static void put_value(isplit__buf *b, const isplit_entry *e)
{
    char money[ISPLIT_MONEY_TEXT_MAX];

    isplit__buf_printf(b, "%s%s%s by ",
                       isplit_money_format(e->amount_minor, e->exponent, 0, money),
                       *e->currency ? " " : "", e->currency);
    for (size_t i = 0; i < e->paid_count; i++) {
        isplit__buf_text(b, i ? ", " : "");
        isplit__form_text(b, "", e->paid[i].name);
    }
    isplit__buf_text(b, " for ");
    for (size_t i = 0; i < e->share_count; i++) {
        isplit__buf_text(b, i ? ", " : "");
        isplit__form_text(b, "", e->shares[i].name);
    }
}

static int print_table(const isplit_step *steps, size_t count, bool color)
{
    static const char *const columns[] = {"Time", "What", "By", "", "Values", "Note"};
    cli_table t;

    cli_table_init(&t, columns, 6, color);
    for (size_t i = 0; i < count; i++) {
        const isplit_step *s = &steps[i];
        isplit__form_time(&t.cell, "", s->at_ms);
        cli_table_end(&t, CLI_PLAIN);
        cli_table_text(&t, name_of(s->kind), CLI_PLAIN);
        cli_table_text(&t, s->by, CLI_DIM);
        cli_table_text(&t, s->counts ? "" : "does not count", CLI_BAD);
        if (s->value)
            put_value(&t.cell, s->value);
        cli_table_end(&t, CLI_PLAIN);
        cli_table_text(&t, s->value ? s->value->note : s->why, CLI_PLAIN);
    }
    return cli_table_print(&t) ? CLI_OK : CLI_FAILED;
}

static void put_json_text(isplit__buf *b, const char *before, const char *text)
{
    isplit__buf_text(b, before);
    isplit__buf_json_text(b, text, strlen(text));
}

static int put_step(isplit__buf *b, const isplit_step *s)
{
    char *value = NULL;
    int err = s->value ? isplit_form_entry_json(s->value, &value) : 0;

    isplit__buf_printf(b, "{\"kind\":\"%s\",\"counts\":%s,\"ts\":%lld", name_of(s->kind),
                       s->counts ? "true" : "false", (long long)s->at_ms);
    put_json_text(b, ",\"by\":", s->by);
    put_json_text(b, ",\"why\":", s->why);
    isplit__buf_text(b, ",\"value\":");
    isplit__buf_text(b, value ? value : "null");
    isplit__buf_text(b, "}");
    ic_mem_free(value);
    return err;
}

static int print_json(const isplit_step *steps, size_t count)
{
    isplit__buf b = {0};
    int err = 0;

    isplit__buf_text(&b, "[");
    for (size_t i = 0; !err && i < count; i++) {
        isplit__buf_text(&b, i ? "," : "");
        err = put_step(&b, &steps[i]);
    }
    isplit__buf_text(&b, "]");
    int code = err || b.bad ? cli_fail(CLI_FAILED, "out of memory") : CLI_OK;
    if (!code)
        (void)puts(b.data);
    isplit__buf_free(&b);
    return code;
}

static int show_history(const cli_source *s, const cli_args *args)
{
    const isplit_entry *entry = NULL;
    isplit_step *steps = NULL;
    size_t count = 0;
    isplit_reason why = {{0}};

    int err = isplit_state_find(s->state, args->words[0], &entry, &why);
    if (!err)
        err = isplit_state_history(s->state, entry->id, &steps, &count);
    if (err)
        return cli_fail_error(err, &why);
    int code = args->json ? print_json(steps, count)
                          : print_table(steps, count, cli_color(args->color));
    ic_mem_free(steps);
    return code;
}

static int run_history(const cli_command *command, const cli_args *args)
{
    (void)command;
    return cli_show(args, show_history);
}

const cli_command cli_history_commands[] = {
    {.name = "history",
     .summary = "what happened to an entry",
     .help = "history [OPTIONS] ENTRY\n\n"
             "That it was added, amended, voided, brought back, cleared, confirmed or "
             "disputed, by whom, and\nits values of then. ENTRY is its id, at least 6 "
             "digits that it begins with, or last.\n\n",
     .options = CLI_STORE | CLI_ROOM | CLI_JSON | CLI_COLOR,
     .words_min = 1,
     .words_max = 1,
     .run = run_history},
    {.name = NULL},
};
