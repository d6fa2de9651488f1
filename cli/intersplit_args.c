#include "intersplit_args.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* One option: where its value goes; `flag` options have none. */
typedef struct option {
    const char *name;
    const char *value; /* what the help calls it; NULL = a flag */
    unsigned bit;
    size_t offset;
    const char *help;
} option;

#define AT(member) offsetof(cli_args, member)

static const option options[] = {
    {"--store", "PATH", CLI_STORE, AT(store),
     "a store's folder, its ledger.db or a snapshot; default: stdin"},
    {"--room", "NAME", CLI_ROOM, AT(room), "the room; may be left out when there is one"},
    {"--json", NULL, CLI_JSON, AT(json), "JSON, for programs"},
    {"--jsonl", NULL, CLI_JSONL, AT(jsonl),
     "one JSON instance a line in, one answer out"},
    {"--format", "NAME", CLI_FORMAT, AT(format), NULL},
    {"--what", "NAME", CLI_WHAT, AT(what), "settlements (default), balances or expenses"},
    {"--mode", "NAME", CLI_MODE, AT(mode), "minimal (default), pairwise, or via=MEMBER"},
    {"--write", NULL, CLI_WRITE, AT(write), "do it; without this it is only shown"},
    {"--key", "FILE", CLI_KEY, AT(key), "the key that signs; default: the store's own"},
    {"--key-password-file", "FILE", CLI_KEY, AT(password_file), "password of that key"},
    {"--all", NULL, CLI_ALL, AT(all), "also what is void or cleared"},
    {"--color", "WHEN", CLI_COLOR, AT(color),
     "auto (default: on a terminal), always, never"},
};

#define OPTIONS (sizeof options / sizeof options[0])

static const option *find_option(const cli_command *command, const char *name, size_t len)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        if ((command->options & options[i].bit) && strlen(options[i].name) == len &&
            strncmp(options[i].name, name, len) == 0)
            return &options[i];
    }
    return NULL;
}

/* Takes "--name value" and "--name=value"; moves `*at` over what it used. */
static int read_option(const cli_command *command, int argc, char **argv, int *at,
                       cli_args *args)
{
    char *word = argv[*at];
    size_t len = strcspn(word, "=");
    const option *o = find_option(command, word, len);

    if (!o)
        return cli_usage_error(command, "there is no option '%.*s'", (int)len, word);
    char *slot = (char *)args + o->offset;
    if (!o->value) {
        bool yes = true;
        if (word[len])
            return cli_usage_error(command, "%s takes no value", o->name);
        memcpy(slot, &yes, sizeof yes);
        return CLI_OK;
    }
    const char *value = word[len] ? word + len + 1 : NULL;
    if (!value && *at + 1 < argc)
        value = argv[++*at];
    if (!value || !*value)
        return cli_usage_error(command, "%s needs a value: %s", o->name, o->value);
    memcpy(slot, &value, sizeof value);
    return CLI_OK;
}

static int check_words(const cli_command *command, const cli_args *args)
{
    if (args->word_count < command->words_min)
        return cli_usage_error(command, "something is missing");
    if (args->color && strcmp(args->color, "auto") != 0 &&
        strcmp(args->color, "always") != 0 && strcmp(args->color, "never") != 0)
        return cli_usage_error(command, "--color is auto, always or never");
    return CLI_OK;
}

int cli_args_read(const cli_command *command, int argc, char **argv, cli_args *args,
                  bool *help)
{
    bool words_only = false;

    *args = (cli_args){0};
    *help = false;
    for (int i = 1; i < argc; i++) {
        char *word = argv[i];
        int code = CLI_OK;
        if (!words_only && strcmp(word, "--") == 0)
            words_only = true;
        else if (!words_only && strcmp(word, "--help") == 0)
            *help = true;
        else if (!words_only && word[0] == '-' && word[1])
            code = read_option(command, argc, argv, &i, args);
        else if (args->word_count == command->words_max)
            code = cli_usage_error(command, "'%s' is too much", word);
        else
            args->words[args->word_count++] = word;
        if (code)
            return code;
    }
    return *help ? CLI_OK : check_words(command, args);
}

void cli_args_help(const cli_command *command)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        const option *o = &options[i];
        char left[40];
        if (!(command->options & o->bit) || !o->help)
            continue;
        (void)snprintf(left, sizeof left, "%s%s%s", o->name, o->value ? " " : "",
                       o->value ? o->value : "");
        (void)printf("  %-26s %s\n", left, o->help);
    }
}
