#include "intersplit.h"

#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "intercom/error.h"
#include "intercom/init.h"
#include "intersplit_args.h"
#include "peer_near.h"

static const cli_command *const tables[] = {
    cli_room_commands,   cli_why_commands,    cli_history_commands,
    cli_export_commands, cli_import_commands, cli_settle_commands,
};

#define TABLES (sizeof tables / sizeof tables[0])

static void complain(const char *before, const char *format, va_list args)
{
    (void)fflush(stdout);
    (void)fprintf(stderr, "intersplit-cli%s%s: ", *before ? " " : "", before);
    (void)vfprintf(stderr, format, args);
}

int cli_usage_error(const cli_command *command, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    complain(command->name, format, args);
    va_end(args);
    (void)fprintf(stderr, "; see intersplit-cli %s --help\n", command->name);
    return CLI_USAGE;
}

int cli_fail(int code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    complain("", format, args);
    va_end(args);
    (void)fputc('\n', stderr);
    return code;
}

int cli_fail_error(int error, const isplit_reason *why)
{
    int code = error == IC_ERR_BUSY        ? CLI_BUSY
               : error == IC_ERR_NOT_FOUND ? CLI_NOT_FOUND
               : error == IC_ERR_INVALID || error == IC_ERR_CORRUPT ||
                       error == IC_ERR_UNSUPPORTED || error == IC_ERR_PROTO ||
                       error == IC_ERR_LIMIT
                   ? CLI_REFUSED
                   : CLI_FAILED;

    return cli_fail(code, "%s", why && why->text[0] ? why->text : ic_strerror(error));
}

static void print_commands(FILE *to)
{
    (void)fputs("Usage: intersplit-cli COMMAND [OPTIONS]\n\nCommands:\n", to);
    for (size_t i = 0; i < TABLES; i++) {
        for (const cli_command *c = tables[i]; c->name; c++)
            (void)fprintf(to, "  %-9s %s\n", c->name, c->summary);
    }
    (void)fputs(
        "\nIt ends with 0 when done, 1 failed, 2 wrong command line, 3 what was read "
        "is wrong,\n4 another process holds the store, 5 no such store, room, "
        "entry or payment.\n",
        to);
    (void)fputs("\nintersplit-cli COMMAND --help tells more, as does the manual:"
                " man intersplit-cli\n",
                to);
}

static int run_command(const cli_command *command, int argc, char **argv)
{
    cli_args args;
    bool help;

    int code = cli_args_read(command, argc, argv, &args, &help);
    if (code)
        return code;
    if (help) {
        (void)printf("Usage: intersplit-cli %s", command->help);
        cli_args_help(command);
        return CLI_OK;
    }
    return command->run(command, &args);
}

static int find_and_run(int argc, char **argv)
{
    peer_near near = {{0}, 0};

    for (size_t i = 0; i < TABLES; i++) {
        for (const cli_command *c = tables[i]; c->name; c++) {
            if (strcmp(c->name, argv[0]) == 0)
                return run_command(c, argc, argv);
            peer_near_offer(&near, argv[0], c->name);
        }
    }
    if (near.name[0])
        return cli_fail(CLI_USAGE, "no command '%s'; did you mean %s?", argv[0],
                        near.name);
    return cli_fail(CLI_USAGE, "no command '%s'; see intersplit-cli --help", argv[0]);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_commands(stderr);
        return CLI_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        print_commands(stdout);
        return CLI_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        (void)printf("intersplit-cli %s\n", ic_version());
        return CLI_OK;
    }
    (void)setlocale(LC_CTYPE, "C.UTF-8"); /* for the widths of characters alone */
    int err = ic_init();
    if (err)
        return cli_fail(CLI_FAILED, "%s", ic_strerror(err));
    int code = find_and_run(argc - 1, argv + 1);
    if (fflush(stdout) != 0 && code == CLI_OK)
        return cli_fail(CLI_FAILED, "cannot write the output");
    return code;
}
