#include "admin_dht.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin_key_file.h"
#include "intercom/error.h"

enum { OPTION_BOOTSTRAP = 1, OPTION_PUBLIC, OPTION_HOST, OPTION_JSON, OPTION_HELP };

static const struct option long_options[] = {
    {"bootstrap", required_argument, NULL, OPTION_BOOTSTRAP},
    {"public", no_argument, NULL, OPTION_PUBLIC},
    {"host", required_argument, NULL, OPTION_HOST},
    {"json", no_argument, NULL, OPTION_JSON},
    {"help", no_argument, NULL, OPTION_HELP},
    {"port", required_argument, NULL, 'p'},
    {"status", required_argument, NULL, 't'},
    {"key-file", required_argument, NULL, 'k'},
    {"password-file", required_argument, NULL, 'w'},
    {"ask-password", no_argument, NULL, 'a'},
    {"mutable", required_argument, NULL, 'm'},
    {"seq", required_argument, NULL, 'q'},
    {NULL, 0, NULL, 0},
};

/* A number of decimal digits, at most `most`. */
static bool read_number(const char *text, uint64_t most, uint64_t *out)
{
    char *end = NULL;

    errno = 0;
    unsigned long long n = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || errno || n > most)
        return false;
    *out = n;
    return true;
}

static bool set_number(admin_dht_options *o, int option)
{
    uint64_t most = option == 'p'   ? UINT16_MAX
                    : option == 't' ? 86400
                                    : UINT64_C(9007199254740991);
    uint64_t n = 0;

    if (!read_number(optarg, most, &n))
        return false;
    if (option == 'p')
        o->port = (uint16_t)n;
    else if (option == 't')
        o->status_s = (uint32_t)n;
    else
        o->seq = n;
    return true;
}

/* False when the value is wrong. */
static bool set_option(admin_dht_options *o, int option)
{
    switch (option) {
    case OPTION_BOOTSTRAP:
        o->bootstrap = optarg;
        return true;
    case OPTION_PUBLIC:
        o->bootstrap = IC_DHT_PUBLIC_BOOTSTRAP;
        return true;
    case OPTION_HOST:
        o->host = optarg;
        return true;
    case OPTION_JSON:
        o->json = true;
        return true;
    case OPTION_HELP:
        o->help = true;
        return true;
    case 'k':
        o->key_file = optarg;
        return true;
    case 'w':
        o->password_file = optarg;
        return true;
    case 'a':
        o->ask_password = true;
        return true;
    case 'm':
        o->key = optarg;
        return true;
    default:
        return set_number(o, option);
    }
}

static bool is_allowed(int option, const char *allowed)
{
    int letter = option == 'w' || option == 'a' ? 'k' : option;

    return option <= OPTION_HELP || strchr(allowed, letter) != NULL;
}

int admin_dht_options_read(admin_dht_options *o, const admin_command *command, int argc,
                           char **argv, const char *allowed)
{
    int option;
    int at = 0;

    *o = (admin_dht_options){.port = IC_DHT_PORT, .status_s = 10};
    opterr = 0;
    while ((option = getopt_long(argc, argv, "+", long_options, &at)) != -1) {
        if (option == '?')
            return admin_usage_error(command, "unknown option or missing value at '%s'",
                                     argv[optind - 1]);
        if (!is_allowed(option, allowed))
            return admin_usage_error(command, "it has no option --%s",
                                     long_options[at].name);
        if (!set_option(o, option))
            return admin_usage_error(command, "--%s does not take '%s'",
                                     long_options[at].name, optarg);
    }
    o->rest = optind;
    return ADMIN_OK;
}

ic_identity *admin_dht_identity(const admin_dht_options *o)
{
    const admin_key_options key = {
        .file = o->key_file,
        .network = IC_NETWORK_MAINNET,
        .password_file = o->password_file,
        .ask_password = o->ask_password,
    };
    ic_identity *id = NULL;

    if (o->key_file)
        return admin_key_open(&key);
    int err = ic_identity_generate(&id, IC_NETWORK_MAINNET);
    if (err)
        (void)admin_fail("%s", ic_strerror(err));
    return id;
}

void admin_dht_print_json(const uint8_t *text, size_t len)
{
    (void)putchar('"');
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '"' || text[i] == '\\')
            (void)printf("\\%c", text[i]);
        else if (text[i] < 0x20 || text[i] > 0x7e)
            (void)printf("\\u%04x", text[i]);
        else
            (void)putchar(text[i]);
    }
    (void)putchar('"');
}
