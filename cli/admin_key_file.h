/**
 * @file admin_key_file.h
 * The options that every `key` command has: which file, which network, which password.
 */
#ifndef ADMIN_KEY_FILE_H
#define ADMIN_KEY_FILE_H

#include <stdbool.h>

#include "admin.h"
#include "admin_input.h"
#include "intercom/identity.h"
#include "intercom/keyfile.h"

#define ADMIN_KEY_OPTIONS_HELP                                                           \
    "  --file PATH           the key file\n"                                             \
    "  --stores-dir DIR      or: the folder with all stores (stores)\n"                  \
    "  --store NAME              and one store in it\n"                                  \
    "  --network NAME        mainnet, testnet1 or development (mainnet)\n"               \
    "  --password-file PATH  the first line is the password; - is standard input\n"      \
    "  --ask-password        ask for the password on the terminal\n"                     \
    "                        Without either the password is empty, as Intercom's is.\n"

typedef struct admin_key_options {
    const char *file;
    const char *stores_dir;
    const char *store;
    const char *password_file;
    const char *path; /* --path, derivation */
    ic_network network;
    bool ask_password;
    bool force;
    bool json;
    bool secret;
    bool help;
    int rest; /* index of the first argument that is no option */
} admin_key_options;

/**
 * Read the options of `command`.
 *
 * @param allowed  the letters of those it has besides the common ones: f --force,
 *                 j --json, s --secret, p --path
 * @return ADMIN_OK; ADMIN_USAGE after telling what is wrong
 */
int admin_key_options_read(admin_key_options *o, const admin_command *command, int argc,
                           char **argv, const char *allowed);

/** The identity in the file; NULL after telling why not. */
ic_identity *admin_key_open(const admin_key_options *o);

/** Write it; true, or false after telling why not. */
bool admin_key_save(const admin_key_options *o, const ic_identity *identity);

#endif
