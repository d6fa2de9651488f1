/* What a room looks like: balance, list, plan. */
#include <stdio.h>
#include <string.h>

#include "form.h"
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

static int show_balance(const cli_source *s, const cli_args *args)
{
    static const char *const columns[] = {"Member", ">Balance", ""};
    cli_table t;
    size_t count = 0;
    const isplit_share *balances = isplit_state_balances(s->state, &count);

    if (args->json)
        return print_form(s, isplit_form_summary_json);
    cli_table_init(&t, columns, 3, cli_color(args->color));
    for (size_t i = 0; i < count; i++) {
        int64_t minor = balances[i].minor;
        cli_tone tone = minor > 0 ? CLI_GOOD : minor < 0 ? CLI_BAD : CLI_DIM;
        cli_table_text(&t, balances[i].name, CLI_PLAIN);
        put_money(&t, minor, ISPLIT__EXPONENT, ISPLIT_MONEY_SIGNED);
        cli_table_end(&t, tone);
        cli_table_text(&t, minor > 0 ? "gets back" : minor < 0 ? "owes" : "even", tone);
    }
    return cli_table_print(&t) ? CLI_OK : CLI_FAILED;
}

static int run_balance(const cli_command *command, const cli_args *args)
{
    (void)command;
    return cli_show(args, show_balance);
}

static void put_names(cli_table *t, const isplit_share *shares, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        isplit__buf_text(&t->cell, i ? ", " : "");
        isplit__form_text(&t->cell, shares[i].name);
    }
    cli_table_end(t, CLI_PLAIN);
}

static void put_entry(cli_table *t, const isplit_entry *e)
{
    isplit__buf_printf(&t->cell, "%.8s", e->id);
    cli_table_end(t, CLI_DIM);
    isplit__form_time(&t->cell, e->at_ms);
    cli_table_end(t, CLI_PLAIN);
    put_names(t, e->paid, e->paid_count);
    put_money(t, e->amount_minor, ISPLIT__EXPONENT, 0);
    cli_table_end(t, CLI_PLAIN);
    put_names(t, e->shares, e->share_count);
    cli_table_text(t, e->note, CLI_PLAIN);
}

static int show_list(const cli_source *s, const cli_args *args)
{
    static const char *const columns[] = {"Id",      "Time", "Paid by",
                                          ">Amount", "For",  "Note"};
    cli_table t;

    if (args->json)
        return print_form(s, isplit_form_entries_json);
    cli_table_init(&t, columns, 6, cli_color(args->color));
    for (size_t i = 0; i < isplit_state_entry_count(s->state); i++)
        put_entry(&t, isplit_state_entry(s->state, i));
    return cli_table_print(&t) ? CLI_OK : CLI_FAILED;
}

static int run_list(const cli_command *command, const cli_args *args)
{
    (void)command;
    return cli_show(args, show_list);
}

static int print_plan(const cli_source *s, const cli_args *args, const isplit_plan *plan)
{
    isplit__buf b = {0};
    char *text = NULL;

    if (!args->json)
        return cli_plan_print(plan, ISPLIT__EXPONENT, "", cli_color(args->color));
    isplit__buf_text(&b, "{\"channel\":");
    isplit__buf_json_text(&b, s->room, strlen(s->room));
    isplit__buf_text(&b, ",");
    cli_plan_json(&b, plan, ISPLIT__EXPONENT);
    isplit__buf_text(&b, "}");
    int err = isplit__buf_finish(&b, &text);
    return print_text(err, text);
}

static int show_plan(const cli_source *s, const cli_args *args)
{
    isplit_plan plan = {0};

    int err = isplit__form_plan(s->state, &plan);
    if (err)
        return cli_fail_error(err, NULL);
    int code = print_plan(s, args, &plan);
    isplit_plan_free(&plan);
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
     .options = READS,
     .run = run_list},
    {.name = "plan",
     .summary = "the payments that settle a room",
     .help = "plan [OPTIONS]\n\nThe payments that bring all balances to zero.\n\n",
     .options = READS,
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
