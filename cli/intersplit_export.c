/* A room for other programs. */
#include <stdio.h>
#include <string.h>

#include "intercom/sys/env.h"
#include "intercom/sys/mem.h"
#include "intersplit.h"
#include "intersplit/export.h"
#include "intersplit_source.h"

static int show_export(const cli_source *s, const cli_args *args)
{
    isplit_export_format format;
    isplit_export_what what;
    isplit_reason why = {{0}};
    ic_env env;
    char *text = NULL;

    int err = isplit_export_read(args->json ? "json" : args->format, args->what, &format,
                                 &what, &why);
    if (err)
        return cli_fail(CLI_USAGE, "%s", why.text);
    ic_env_system(&env);
    err = isplit_export_write(s->state, what, format, env.wall_ms(env.user), &text);
    if (err)
        return cli_fail_error(err, NULL);
    size_t len = strlen(text);
    (void)fwrite(text, 1, len, stdout);
    if (len && text[len - 1] != '\n')
        (void)putchar('\n');
    ic_mem_free(text);
    return CLI_OK;
}

static int run_export(const cli_command *command, const cli_args *args)
{
    if (args->json && args->format && strcmp(args->format, "json") != 0)
        return cli_usage_error(command, "--json is --format json");
    return cli_show(args, show_export);
}

const cli_command cli_export_commands[] = {
    {.name = "export",
     .summary = "a room for other programs",
     .help =
         "export [OPTIONS]\n\n"
         "Settlements, balances or expenses as text, json or csv; or all entries as\n"
         "splitwise (a CSV that other trackers read), ledger, hledger or beancount.\n\n"
         "  --format NAME              text (default), json, csv, splitwise, ledger, "
         "hledger, beancount\n",
     .options = CLI_STORE | CLI_ROOM | CLI_JSON | CLI_FORMAT | CLI_WHAT,
     .run = run_export},
    {.name = NULL},
};
