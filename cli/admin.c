#include "admin.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "admin_dht.h"
#include "intercom/error.h"
#include "intercom/init.h"

static const admin_command *const tables[] = {
    admin_dht_commands,
    admin_key_commands,
};

#define TABLES (sizeof tables / sizeof tables[0])

int admin_usage_error(const admin_command *command, const char *format, ...)
{
    va_list args;

    (void)fprintf(stderr, "intercom-admin %s: ", command->name);
    va_start(args, format);
    (void)vfprintf(stderr, format, args);
    va_end(args);
    (void)fprintf(stderr, "; see intercom-admin %s --help\n", command->name);
    return ADMIN_USAGE;
}

int admin_print_help(const admin_command *command)
{
    (void)printf("Usage: intercom-admin %s", command->help);
    return ADMIN_OK;
}

int admin_fail(const char *format, ...)
{
    va_list args;

    (void)fputs("intercom-admin: ", stderr);
    va_start(args, format);
    (void)vfprintf(stderr, format, args);
    va_end(args);
    (void)fputc('\n', stderr);
    return ADMIN_FAILED;
}

static void print_commands(FILE *to)
{
    (void)fputs("Usage: intercom-admin COMMAND [OPTIONS]\n\nCommands:\n", to);
    for (size_t i = 0; i < TABLES; i++) {
        for (const admin_command *c = tables[i]; c->name; c++)
            (void)fprintf(to, "  %-14s %s\n", c->name, c->summary);
    }
    (void)fputs("\nintercom-admin COMMAND --help tells more, as does the manual:"
                " man intercom-admin\n",
                to);
}

/* How many arguments the name takes; 0 when it is another command's. */
static int words_matched(const char *name, int argc, char **argv)
{
    const char *space = strchr(name, ' ');
    size_t first = space ? (size_t)(space - name) : strlen(name);

    if (argc < 1 || strlen(argv[0]) != first || strncmp(argv[0], name, first) != 0)
        return 0;
    if (!space)
        return 1;
    return argc > 1 && strcmp(argv[1], space + 1) == 0 ? 2 : 0;
}

static int run_command(int argc, char **argv)
{
    for (size_t i = 0; i < TABLES; i++) {
        for (const admin_command *c = tables[i]; c->name; c++) {
            int words = words_matched(c->name, argc, argv);
            if (words)
                return c->run(c, argc - words + 1, argv + words - 1);
        }
    }
    (void)fprintf(stderr,
                  "intercom-admin: no command '%s%s%s'; see intercom-admin"
                  " --help\n",
                  argv[0], argc > 1 ? " " : "", argc > 1 ? argv[1] : "");
    return ADMIN_USAGE;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_commands(stderr);
        return ADMIN_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        print_commands(stdout);
        return ADMIN_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        (void)printf("intercom-admin %s\n", ic_version());
        return ADMIN_OK;
    }
    int err = ic_init();
    if (err)
        return admin_fail("%s", ic_strerror(err));
    int code = run_command(argc - 1, argv + 1);
    if (fflush(stdout) != 0 && code == ADMIN_OK)
        return admin_fail("cannot write the output");
    return code;
}
