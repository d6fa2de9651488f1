/* What a room looks like: balance, list, plan. */
#include <stdio.h>
#include <string.h>

#include "form/form.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "intersplit.h"
#include "intersplit/form.h"
#include "intersplit/money.h"
#include "intersplit_check.h"
#include "intersplit_plan.h"
#include "intersplit_source.h"
#include "intersplit_table.h"

/* What a form gave, on a line of its own. */
static int print_text(int err, char *text)
{
    if (err)
        return cli_fail_error(err, NULL);
    if (text)
        (void)puts(text);
    ic_mem_free(text);
    return CLI_OK;
}

static int print_form(const cli_source *s, int (*form)(const isplit_state *, char **))
{
    char *text = NULL;
    int err = form(s->state, &text);

    return print_text(err, text);
}

static void put_money(cli_table *t, int64_t minor, unsigned exponent, unsigned flags)
{
    char money[ISPLIT_MONEY_TEXT_MAX];

    isplit__buf_text(&t->cell, isplit_money_format(minor, exponent, flags, money));
}

static void put_balance(cli_table *t, const isplit_currency *c, const isplit_share *of)
{
    cli_tone tone = of->minor > 0 ? CLI_GOOD : of->minor < 0 ? CLI_BAD : CLI_DIM;

    cli_table_text(t, of->name, CLI_PLAIN);
    put_money(t, of->minor, c->exponent, ISPLIT_MONEY_SIGNED);
    cli_table_end(t, tone);
    cli_table_text(t, c->code, CLI_PLAIN);
    cli_table_text(t,
                   of->minor > 0   ? "gets back"
                   : of->minor < 0 ? "owes"
                                   : "even",
                   tone);
}

int cli_balance(const cli_source *s, const cli_args *args)
{
    static const char *const columns[] = {"Member", ">Balance", "", ""};
    cli_table t;

    if (args->json)
        return print_form(s, isplit_form_summary_json);
    cli_table_init(&t, columns, 4, cli_color(args->color));
    for (size_t i = 0; i < isplit_state_currency_count(s->state); i++) {
        const isplit_currency *c = isplit_state_currency(s->state, i);
        for (size_t j = 0; j < c->balance_count; j++)
            put_balance(&t, c, &c->balances[j]);
    }
    return cli_table_print(&t) ? CLI_OK : CLI_FAILED;
}

static int run_balance(const cli_command *command, const cli_args *args)
{
    (void)command;
    return cli_show(args, cli_balance);
}

static void put_names(cli_table *t, const isplit_share *shares, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        isplit__buf_text(&t->cell, i ? ", " : "");
        isplit__form_text(&t->cell, "", shares[i].name);
    }
    cli_table_end(t, CLI_PLAIN);
}

/* What is not an expense, and what does not count. */
static const char *kind_of(const isplit_entry *e)
{
    if (e->flags & ISPLIT_ENTRY_VOID)
        return "void";
    if (e->flags & ISPLIT_ENTRY_CLEARED)
        return "cleared";
    return e->type == ISPLIT_ENTRY_REFUND    ? "refund"
           : e->type == ISPLIT_ENTRY_PAYMENT ? "payment"
                                             : "";
}

static void put_entry(cli_table *t, const isplit_state *state, const isplit_entry *e)
{
    isplit__buf_printf(&t->cell, "%.8s", e->id);
    cli_table_end(t, CLI_DIM);
    if (*e->date)
        isplit__buf_text(&t->cell, e->date);
    else
        isplit__form_time(&t->cell, "", e->at_ms);
    cli_table_end(t, CLI_PLAIN);
    put_names(t, e->paid, e->paid_count);
    put_money(t, e->amount_minor, e->exponent, 0);
    const char *code = *e->currency ? e->currency : isplit_state_currency(state, 0)->code;
    isplit__buf_printf(&t->cell, "%s%s", *code ? " " : "", code);
    cli_table_end(t, CLI_PLAIN);
    put_names(t, e->shares, e->share_count);
    cli_table_text(t, kind_of(e), CLI_DIM);
    cli_table_text(t, e->note, CLI_PLAIN);
}

static int show_list(const cli_source *s, const cli_args *args)
{
    static const char *const columns[] = {"Id",        "Time", "Paid by", ">Amount",
                                          "Shared by", "",     "Note"};
    cli_table t;

    if (args->json)
        return print_form(s, isplit_form_entries_json);
    cli_table_init(&t, columns, 7, cli_color(args->color));
    size_t count =
        args->all ? isplit_state_all_count(s->state) : isplit_state_entry_count(s->state);
    for (size_t i = 0; i < count; i++)
        put_entry(&t, s->state,
                  args->all ? isplit_state_all(s->state, i)
                            : isplit_state_entry(s->state, i));
    return cli_table_print(&t) ? CLI_OK : CLI_FAILED;
}

static int run_list(const cli_command *command, const cli_args *args)
{
    (void)command;
    return cli_show(args, show_list);
}

/* The plan of one currency. */
static int show_currency(const cli_source *s, size_t currency, const cli_args *args,
                         isplit__buf *json)
{
    isplit_plan plan = {0};
    const isplit_currency *c = isplit_state_currency(s->state, currency);

    int code = cli_plan_make(s->state, currency, args, &plan);
    if (code)
        return code;
    if (!args->json)
        code = cli_plan_print(&plan, c->exponent, c->code, cli_color(args->color));
    else {
        isplit__buf_printf(json, "%s{\"currency\":\"%s\",", json->len ? "," : "",
                           c->code);
        cli_plan_json(json, &plan, c->exponent);
        isplit__buf_text(json, "}");
    }
    isplit_plan_free(&plan);
    return code;
}

static int show_plan(const cli_source *s, const cli_args *args)
{
    isplit__buf json = {0};
    int code = CLI_OK;
    size_t count = isplit_state_currency_count(s->state);

    for (size_t i = 0; !code && i < count; i++) {
        if (isplit_state_currency(s->state, i)->balance_count || count == 1)
            code = show_currency(s, i, args, &json);
    }
    if (!code && args->json)
        (void)printf("[%s]\n", json.data ? json.data : "");
    isplit__buf_free(&json);
    return code;
}

static int run_plan(const cli_command *command, const cli_args *args)
{
    (void)command;
    return cli_show(args, show_plan);
}

static int run_check(const cli_command *command, const cli_args *args)
{
    (void)command;
    return cli_show(args, cli_check);
}

#define READS (CLI_STORE | CLI_ROOM | CLI_JSON | CLI_COLOR)

const cli_command cli_room_commands[] = {
    {.name = "balance",
     .summary = "who is owed and who owes",
     .help = "balance [OPTIONS]\n\nThe balance of each member of a room.\n\n",
     .options = READS,
     .run = run_balance},
    {.name = "list",
     .summary = "the entries of a room",
     .help = "list [OPTIONS]\n\nThe entries of a room, oldest first.\n\n",
     .options = READS | CLI_ALL,
     .run = run_list},
    {.name = "plan",
     .summary = "the payments that settle a room",
     .help = "plan [OPTIONS]\n\nThe payments that bring all balances to zero.\n\n",
     .options = READS | CLI_MODE,
     .run = run_plan},
    {.name = "check",
     .summary = "is every event what its author signed?",
     .help =
         "check [OPTIONS]\n\nVerify each event of a room: its bytes, its signature, "
         "its place among the\nothers; and that the balances sum to zero. Ends with 3 "
         "when something is wrong.\n\n",
     .options = READS,
     .run = run_check},
    {.name = NULL},
};
