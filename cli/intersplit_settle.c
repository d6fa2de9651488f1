/* settle: balances in, payments out; no ledger. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "form/form.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "intersplit.h"
#include "intersplit/money.h"
#include "intersplit_plan.h"
#include "intersplit_source.h"
#include "intersplit_table.h"
#include "text/name.h"

#define LINE_MAX_BYTES ((size_t)16 << 20)

typedef struct balances {
    isplit_share *of;
    size_t count;
    size_t cap;
} balances;

static bool add_balance(balances *b, const char *name, int64_t minor)
{
    if (b->count == b->cap) {
        size_t cap = b->cap ? b->cap * 2 : 64;
        isplit_share *of = ic_mem_resize(b->of, cap * sizeof *of);
        if (!of)
            return false;
        b->of = of;
        b->cap = cap;
    }
    b->of[b->count++] = (isplit_share){.name = name, .minor = minor};
    return true;
}

/* "-15.00" as minor units; the zero is fine here. */
static bool read_signed(const char *text, unsigned exponent, int64_t *minor)
{
    bool negative = *text == '-';

    if (*text == '+' || *text == '-')
        text++;
    size_t len = strlen(text);
    *minor = 0;
    if (len && strspn(text, "0.") == len && strchr(text, '0'))
        return true;
    if (isplit_money_parse(text, len, exponent, NULL, ISPLIT_MONEY_STRICT, minor, NULL))
        return false;
    *minor = negative ? -*minor : *minor;
    return true;
}

/* "alice +15.00", "alice: 15", "alice,15.00": a name, a mark, an amount. Cuts the line;
 * false for one that says something else. */
static bool read_line(balances *b, char *line)
{
    int64_t minor;
    size_t len = strlen(line);

    while (len && strchr(" \t\r\n", line[len - 1]))
        line[--len] = 0;
    while (len && !strchr(" \t,:", line[len - 1]))
        len--;
    if (!len || !read_signed(line + len, ISPLIT__EXPONENT, &minor))
        return false;
    while (len && strchr(" \t,:", line[len - 1]))
        line[--len] = 0;
    line += strspn(line, " \t");
    return *line && isplit__utf8_valid(line, strlen(line)) && add_balance(b, line, minor);
}

static bool is_empty(const char *line)
{
    line += strspn(line, " \t\r");
    return !*line || *line == '#';
}

static int read_lines(balances *b, char *text)
{
    char *line;
    size_t number = 0;

    while ((line = strsep(&text, "\n"))) {
        number++;
        if (!is_empty(line) && !read_line(b, line))
            return cli_fail(CLI_REFUSED,
                            "line %zu: this is no balance; write a name and an amount, "
                            "such as: alice +15.00",
                            number);
    }
    return CLI_OK;
}

/* What is wrong with an instance, or NULL. */
static const char *read_instance(const json_t *instance, balances *b)
{
    const json_t *list = json_object_get(instance, "balances");
    size_t count = json_array_size(list);

    if (!json_is_array(list))
        return "it has no list \"balances\"";
    for (size_t i = 0; i < count; i++) {
        const json_t *pair = json_array_get(list, i);
        const char *name = json_string_value(json_array_get(pair, 0));
        const json_t *minor = json_array_get(pair, 1);
        if (json_array_size(pair) != 2 || !name || !json_is_integer(minor))
            return "a balance is [name, whole number of minor units]";
        if (!add_balance(b, name, (int64_t)json_integer_value(minor)))
            return "out of memory";
    }
    return NULL;
}

static void put_id(isplit__buf *b, const json_t *instance)
{
    const json_t *id = json_object_get(instance, "id");
    char *text = id ? json_dumps(id, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;

    isplit__buf_printf(b, "{\"id\":%s,", text ? text : "null");
    free(text);
}

static void put_plan(isplit__buf *b, const isplit_plan *plan)
{
    isplit__buf_text(b, "\"transfers\":[");
    for (size_t i = 0; i < plan->count; i++) {
        const isplit_transfer *x = &plan->transfers[i];
        isplit__buf_text(b, i ? ",[" : "[");
        isplit__buf_json_text(b, x->from, strlen(x->from));
        isplit__buf_text(b, ",");
        isplit__buf_json_text(b, x->to, strlen(x->to));
        isplit__buf_printf(b, ",%" PRId64 "]", x->amount_minor);
    }
    isplit__buf_printf(b, "],\"optimal\":%s,\"lowerBound\":%zu}\n",
                       plan->optimal ? "true" : "false", plan->lower_bound);
}

/* A program that ends after its answer may take longer than one that has a loop. */
static int settle(const balances *of, isplit_plan *plan)
{
    isplit_plan_options o;

    isplit_plan_options_default(&o);
    o.max_quick_operations *= 100;
    return isplit_plan_make_with(of->of, of->count, &o, plan);
}

static const char *refusal_of(int error)
{
    return error == IC_ERR_INVALID
               ? "the balances do not sum to zero, or a name stands twice"
               : ic_strerror(error);
}

/* One instance, one answer (section 3.4). */
static int answer(const char *line, size_t len)
{
    isplit_plan plan = {0};
    balances of = {NULL, 0, 0};
    isplit__buf out = {0};
    json_t *instance = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
    const char *wrong =
        instance ? read_instance(instance, &of) : "it is not a JSON object";

    if (!wrong) {
        int err = settle(&of, &plan);
        wrong = err ? refusal_of(err) : NULL;
    }
    put_id(&out, instance);
    if (wrong) {
        isplit__buf_text(&out, "\"error\":");
        isplit__buf_json_text(&out, wrong, strlen(wrong));
        isplit__buf_text(&out, "}\n");
    } else
        put_plan(&out, &plan);
    (void)fputs(out.bad ? "{\"error\":\"out of memory\"}\n" : out.data, stdout);
    (void)fflush(stdout); /* who measures the time waits for the line */
    int code = out.bad ? CLI_FAILED : wrong ? CLI_REFUSED : CLI_OK;
    isplit__buf_free(&out);
    isplit_plan_free(&plan);
    ic_mem_free(of.of);
    json_decref(instance);
    return code;
}

static int settle_each_line(void)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t len;
    int code = CLI_OK;

    while (code != CLI_FAILED && (len = getline(&line, &cap, stdin)) >= 0) {
        int one = (size_t)len > LINE_MAX_BYTES ? CLI_REFUSED
                  : is_empty(line)             ? CLI_OK
                                               : answer(line, (size_t)len);
        code = one > code || one == CLI_FAILED ? one : code;
    }
    free(line);
    return code;
}

static int print_plan(const isplit_plan *plan, const cli_args *args)
{
    isplit__buf b = {0};

    if (!args->json)
        return cli_plan_print(plan, ISPLIT__EXPONENT, "", cli_color(args->color));
    isplit__buf_text(&b, "{");
    cli_plan_json(&b, plan, ISPLIT__EXPONENT);
    isplit__buf_text(&b, "}");
    int code = b.bad ? cli_fail(CLI_FAILED, "out of memory") : CLI_OK;
    if (!b.bad)
        (void)puts(b.data);
    isplit__buf_free(&b);
    return code;
}

static int run_settle(const cli_command *command, const cli_args *args)
{
    isplit_plan plan = {0};
    balances of = {NULL, 0, 0};
    size_t len = 0;

    (void)command;
    if (args->jsonl)
        return settle_each_line();
    char *text = cli_read_file(args->word_count ? args->words[0] : NULL, &len);
    if (!text)
        return CLI_FAILED;
    int code = read_lines(&of, text);
    int err = code ? 0 : settle(&of, &plan);
    if (err)
        code = cli_fail(err == IC_ERR_INVALID ? CLI_REFUSED : CLI_FAILED, "%s",
                        refusal_of(err));
    if (!code)
        code = print_plan(&plan, args);
    isplit_plan_free(&plan);
    ic_mem_free(of.of);
    ic_mem_free(text);
    return code;
}

const cli_command cli_settle_commands[] = {
    {.name = "settle",
     .summary = "payments for balances on standard input",
     .help =
         "settle [--json] [FILE]\n"
         "       intersplit-cli settle --jsonl\n\n"
         "Read balances, a line each (\"alice +15.00\", \"bob: -15\" or "
         "\"bob,-15\"), and print the\npayments that settle them. With --jsonl each "
         "line is an instance of the benchmark\n(docs/spec/16-ledger.md, section 3.4) "
         "and is answered at once.\n\n",
     .options = CLI_JSON | CLI_JSONL | CLI_COLOR,
     .words_max = 1,
     .run = run_settle},
    {.name = NULL},
};
