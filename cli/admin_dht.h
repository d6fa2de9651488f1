/**
 * @file admin_dht.h
 * The options that the `dht` commands share, and a node of their own.
 */
#ifndef ADMIN_DHT_H
#define ADMIN_DHT_H

#include <stdbool.h>
#include <stdint.h>

#include "admin.h"
#include "intercom/dht.h"

#define ADMIN_DHT_OPTIONS_HELP                                                           \
    "  --bootstrap LIST      host:port, with commas between: who is asked first\n"       \
    "  --public              or: the public network\n"                                   \
    "  --host ADDRESS        own address to bind (0.0.0.0)\n"                            \
    "  --json                one JSON object a line\n"

#define ADMIN_DHT_KEY_HELP                                                               \
    "  --key-file PATH       the key to sign with\n"                                     \
    "  --password-file PATH  the first line is its password; - is standard input\n"      \
    "  --ask-password        ask for the password on the terminal\n"

typedef struct admin_dht_options {
    const char *bootstrap;
    const char *host; /* NULL = the default */
    const char *key_file;
    const char *password_file;
    const char *key; /* --mutable */
    uint64_t seq;
    uint32_t status_s;
    uint16_t port;
    bool ask_password;
    bool json;
    bool help;
    int rest; /* index of the first argument that is no option */
} admin_dht_options;

/**
 * Read the options of `command`.
 *
 * @param allowed  the letters of those it has besides the common ones: p --port,
 *                 t --status, k key file and password, m --mutable, q --seq
 * @return ADMIN_OK; ADMIN_USAGE after telling what is wrong
 */
int admin_dht_options_read(admin_dht_options *o, const admin_command *command, int argc,
                           char **argv, const char *allowed);

/** The identity of --key-file, or a new one; NULL after telling why not. */
ic_identity *admin_dht_identity(const admin_dht_options *o);

/** Text as part of a JSON text: quotes, and what JSON wants escaped. */
void admin_dht_print_json(const uint8_t *text, size_t len);

extern const admin_command admin_dht_commands[];

int admin_dht_node(const admin_command *command, int argc, char **argv);

#endif
