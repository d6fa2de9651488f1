/* The entries behind a payment of the plan. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "form/form.h"
#include "intercom/sys/mem.h"
#include "intersplit.h"
#include "intersplit/form.h"
#include "intersplit/money.h"
#include "intersplit_plan.h"
#include "intersplit_source.h"
#include "intersplit_table.h"

/* A transfer, and what it rests on. */
typedef struct reasons {
    const isplit_currency *currency;
    const isplit_transfer *transfer;
    isplit_cause *causes;
    size_t count;
} reasons;

static void put_money(cli_table *t, int64_t minor, unsigned exponent)
{
    char money[ISPLIT_MONEY_TEXT_MAX];

    isplit__buf_text(&t->cell,
                     isplit_money_format(minor, exponent, ISPLIT_MONEY_SIGNED, money));
    cli_table_end(t, minor > 0 ? CLI_GOOD : minor < 0 ? CLI_BAD : CLI_DIM);
}

static void put_cause(cli_table *t, const isplit_cause *c, unsigned exponent)
{
    isplit__buf_printf(&t->cell, "%.8s", c->entry->id);
    cli_table_end(t, CLI_DIM);
    isplit__form_time(&t->cell, "", c->entry->at_ms);
    cli_table_end(t, CLI_PLAIN);
    put_money(t, c->from_minor, exponent);
    put_money(t, c->to_minor, exponent);
    put_money(t, c->direct_minor, exponent);
    cli_table_text(t, c->entry->note, CLI_PLAIN);
}

static int print_table(const reasons *r, bool color)
{
    static const char *const columns[] = {"Id",        "Time",          ">Payer",
                                          ">Receiver", ">Between them", "Note"};
    isplit_cause sum = {.entry = NULL};
    unsigned exponent = r->currency->exponent;
    cli_table t;

    cli_table_init(&t, columns, 6, color);
    for (size_t i = 0; i < r->count; i++) {
        put_cause(&t, &r->causes[i], exponent);
        sum.from_minor += r->causes[i].from_minor;
        sum.to_minor += r->causes[i].to_minor;
        sum.direct_minor += r->causes[i].direct_minor;
    }
    cli_table_text(&t, "", CLI_PLAIN);
    cli_table_text(&t, "in all", CLI_PLAIN);
    put_money(&t, sum.from_minor, exponent);
    put_money(&t, sum.to_minor, exponent);
    put_money(&t, sum.direct_minor, exponent);
    cli_table_text(&t, "", CLI_PLAIN);
    return cli_table_print(&t) ? CLI_OK : CLI_FAILED;
}

static int print_json(const reasons *r)
{
    isplit__buf b = {0};

    isplit__buf_text(&b, "{\"from\":");
    isplit__buf_json_text(&b, r->transfer->from, strlen(r->transfer->from));
    isplit__buf_text(&b, ",\"to\":");
    isplit__buf_json_text(&b, r->transfer->to, strlen(r->transfer->to));
    isplit__buf_printf(&b,
                       ",\"currency\":\"%s\",\"amountCents\":%" PRId64 ",\"entries\":[",
                       r->currency->code, r->transfer->amount_minor);
    for (size_t i = 0; i < r->count; i++) {
        const isplit_cause *c = &r->causes[i];
        isplit__buf_text(&b, i ? ",{\"txId\":" : "{\"txId\":");
        isplit__buf_json_text(&b, c->entry->id, strlen(c->entry->id));
        isplit__buf_printf(&b,
                           ",\"fromCents\":%" PRId64 ",\"toCents\":%" PRId64
                           ",\"directCents\":%" PRId64 "}",
                           c->from_minor, c->to_minor, c->direct_minor);
    }
    isplit__buf_text(&b, "]}");
    int code = b.bad ? cli_fail(CLI_FAILED, "out of memory") : CLI_OK;
    if (!code)
        (void)puts(b.data);
    isplit__buf_free(&b);
    return code;
}

static int explain(const cli_source *s, const cli_args *args, size_t currency,
                   const isplit_transfer *transfer)
{
    reasons r = {.currency = isplit_state_currency(s->state, currency),
                 .transfer = transfer};
    char money[ISPLIT_MONEY_TEXT_MAX];

    int err = isplit_plan_why(s->state, currency, transfer, &r.causes, &r.count);
    if (err)
        return cli_fail_error(err, NULL);
    int code = CLI_OK;
    if (args->json)
        code = print_json(&r);
    else {
        (void)printf(
            "%s -> %s: %s%s%s\n\n", args->words[0], args->words[1],
            isplit_money_format(transfer->amount_minor, r.currency->exponent, 0, money),
            *r.currency->code ? " " : "", r.currency->code);
        code = print_table(&r, cli_color(args->color));
    }
    ic_mem_free(r.causes);
    return code;
}

/* Explain the transfer if the plan of this currency has it. */
static int look_in(const cli_source *s, const cli_args *args, size_t currency,
                   bool *found)
{
    isplit_plan plan = {0};

    int code = cli_plan_make(s->state, currency, args, &plan);
    for (size_t i = 0; !code && i < plan.count; i++) {
        if (strcmp(plan.transfers[i].from, args->words[0]) == 0 &&
            strcmp(plan.transfers[i].to, args->words[1]) == 0) {
            *found = true;
            code = explain(s, args, currency, &plan.transfers[i]);
        }
    }
    isplit_plan_free(&plan);
    return code;
}

static int show_why(const cli_source *s, const cli_args *args)
{
    bool found = false;
    int code = CLI_OK;

    for (size_t i = 0; !code && i < isplit_state_currency_count(s->state); i++)
        code = look_in(s, args, i, &found);
    return code || found
               ? code
               : cli_fail(CLI_NOT_FOUND, "the plan has no payment from %s to %s",
                          args->words[0], args->words[1]);
}

static int run_why(const cli_command *command, const cli_args *args)
{
    (void)command;
    return cli_show(args, show_why);
}

const cli_command cli_why_commands[] = {
    {.name = "why",
     .summary = "the entries behind a payment of the plan",
     .help = "why [OPTIONS] PAYER RECEIVER\n\n"
             "The entries that touch one of the two, with what each does to their "
             "balances, and what the\none owes the other by it.\n\n",
     .options = CLI_STORE | CLI_ROOM | CLI_JSON | CLI_MODE | CLI_COLOR,
     .words_min = 2,
     .words_max = 2,
     .run = run_why},
    {.name = NULL},
};
