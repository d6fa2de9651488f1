#include "intersplit_plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "intersplit/money.h"
#include "intersplit_table.h"

static int read_mode(const cli_args *args, isplit_plan_options *out)
{
    const char *mode = args->mode ? args->mode : "minimal";

    isplit_plan_options_default(out);
    if (strncmp(mode, "via=", 4) == 0 && mode[4]) {
        out->mode = ISPLIT_PLAN_VIA;
        out->via = mode + 4;
    } else if (strcmp(mode, "pairwise") == 0)
        out->mode = ISPLIT_PLAN_PAIRWISE;
    else if (strcmp(mode, "minimal") != 0)
        return cli_fail(CLI_USAGE, "a mode is minimal, pairwise or via=MEMBER, not '%s'",
                        mode);
    return CLI_OK;
}

int cli_plan_make(const isplit_state *state, size_t currency, const cli_args *args,
                  isplit_plan *out)
{
    isplit_plan_options o;

    int code = read_mode(args, &o);
    if (code)
        return code;
    int err = isplit_state_plan(state, currency, &o, out);
    return err ? cli_fail_error(err, NULL) : CLI_OK;
}

int cli_plan_print(const isplit_plan *plan, unsigned exponent, const char *currency,
                   bool color)
{
    static const char *const columns[] = {"From", "To", ">Amount"};
    char money[ISPLIT_MONEY_TEXT_MAX];
    cli_table t;

    if (!plan->count) {
        (void)puts("All settled.");
        return CLI_OK;
    }
    cli_table_init(&t, columns, 3, color);
    for (size_t i = 0; i < plan->count; i++) {
        const isplit_transfer *x = &plan->transfers[i];
        cli_table_text(&t, x->from, CLI_PLAIN);
        cli_table_text(&t, x->to, CLI_PLAIN);
        isplit__buf_printf(&t.cell, "%s%s%s",
                           isplit_money_format(x->amount_minor, exponent, 0, money),
                           *currency ? " " : "", currency);
        cli_table_end(&t, CLI_PLAIN);
    }
    if (!cli_table_print(&t))
        return CLI_FAILED;
    if (plan->optimal)
        (void)printf("%zu transfer%s, provably minimal.\n", plan->count,
                     plan->count == 1 ? "" : "s");
    else
        (void)printf("%zu transfer%s; the fewest may be %zu.\n", plan->count,
                     plan->count == 1 ? "" : "s", plan->lower_bound);
    return CLI_OK;
}

void cli_plan_json(isplit__buf *b, const isplit_plan *plan, unsigned exponent)
{
    char money[ISPLIT_MONEY_TEXT_MAX];

    isplit__buf_text(b, "\"transfers\":[");
    for (size_t i = 0; i < plan->count; i++) {
        const isplit_transfer *x = &plan->transfers[i];
        isplit__buf_text(b, i ? ",{\"from\":" : "{\"from\":");
        isplit__buf_json_text(b, x->from, strlen(x->from));
        isplit__buf_text(b, ",\"to\":");
        isplit__buf_json_text(b, x->to, strlen(x->to));
        isplit__buf_printf(b, ",\"amountCents\":%" PRId64 ",\"amount\":\"%s\"}",
                           x->amount_minor,
                           isplit_money_format(x->amount_minor, exponent, 0, money));
    }
    isplit__buf_printf(b, "],\"optimal\":%s,\"lowerBound\":%zu",
                       plan->optimal ? "true" : "false", plan->lower_bound);
}
