#include "admin_key_file.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "crypto/private_file.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"

enum {
    OPTION_FILE = 1,
    OPTION_STORES_DIR,
    OPTION_STORE,
    OPTION_NETWORK,
    OPTION_PASSWORD_FILE,
    OPTION_ASK_PASSWORD,
    OPTION_HELP
};

static const struct option long_options[] = {
    {"file", required_argument, NULL, OPTION_FILE},
    {"stores-dir", required_argument, NULL, OPTION_STORES_DIR},
    {"store", required_argument, NULL, OPTION_STORE},
    {"network", required_argument, NULL, OPTION_NETWORK},
    {"password-file", required_argument, NULL, OPTION_PASSWORD_FILE},
    {"ask-password", no_argument, NULL, OPTION_ASK_PASSWORD},
    {"help", no_argument, NULL, OPTION_HELP},
    {"force", no_argument, NULL, 'f'},
    {"json", no_argument, NULL, 'j'},
    {"secret", no_argument, NULL, 's'},
    {"path", required_argument, NULL, 'p'},
    {NULL, 0, NULL, 0},
};

/* False when the value is wrong. */
static bool set_option(admin_key_options *o, int option)
{
    switch (option) {
    case OPTION_FILE:
        o->file = optarg;
        return true;
    case OPTION_STORES_DIR:
        o->stores_dir = optarg;
        return true;
    case OPTION_STORE:
        o->store = optarg;
        return true;
    case OPTION_NETWORK:
        return ic_network_from_name(optarg, &o->network) == 0;
    case OPTION_PASSWORD_FILE:
        o->password_file = optarg;
        return true;
    case OPTION_ASK_PASSWORD:
        o->ask_password = true;
        return true;
    case 'f':
        o->force = true;
        return true;
    case 'j':
        o->json = true;
        return true;
    case 's':
        o->secret = true;
        return true;
    case 'p':
        o->path = optarg;
        return true;
    default:
        o->help = true;
        return true;
    }
}

int admin_key_options_read(admin_key_options *o, const admin_command *command, int argc,
                           char **argv, const char *allowed)
{
    int option;
    int at = 0;

    *o = (admin_key_options){.stores_dir = "stores", .network = IC_NETWORK_MAINNET};
    opterr = 0;
    /* "+": what comes after the first argument is no option, but may begin with "-". */
    while ((option = getopt_long(argc, argv, "+", long_options, &at)) != -1) {
        if (option == '?')
            return admin_usage_error(command, "unknown option or missing value at '%s'",
                                     argv[optind - 1]);
        if (option > OPTION_HELP && !strchr(allowed, option))
            return admin_usage_error(command, "it has no option --%s",
                                     long_options[at].name);
        if (!set_option(o, option))
            return admin_usage_error(command, "no network is called '%s'", optarg);
    }
    if (o->file && o->store)
        return admin_usage_error(command, "--file and --store exclude each other");
    if (o->password_file && o->ask_password)
        return admin_usage_error(command,
                                 "--password-file and --ask-password exclude each other");
    o->rest = optind;
    return ADMIN_OK;
}

/* The path of the key file, to free with ic_mem_free; NULL after telling why. */
static char *path_of(const admin_key_options *o)
{
    char *path = NULL;

    if (o->file) {
        size_t size = strlen(o->file) + 1;
        path = ic_mem_alloc(size);
        if (path)
            memcpy(path, o->file, size);
        else
            (void)admin_fail("out of memory");
        return path;
    }
    if (!o->store) {
        (void)admin_fail("which key file? Give --file PATH or --store NAME");
        return NULL;
    }
    int err = ic_keyfile_path(&path, o->stores_dir, o->store);
    if (err)
        (void)admin_fail("store '%s': %s", o->store, ic_strerror(err));
    return path;
}

/* A new password is asked for twice. */
static bool read_password(admin_secret *password, const admin_key_options *o, bool fresh)
{
    if (o->password_file)
        return admin_read_line(password, o->password_file);
    if (!o->ask_password)
        return true;
    if (!admin_ask(password, "Password of the key file"))
        return false;
    if (!fresh)
        return true;
    admin_secret *again = admin_secret_new();
    bool same = again && admin_ask(again, "The same once more");
    if (same && strcmp(again->text, password->text) != 0) {
        (void)admin_fail("the two passwords differ");
        same = false;
    }
    admin_secret_free(again);
    return same;
}

static void print_warning(ic_log_level level, const char *room, const char *text,
                          void *user)
{
    (void)level;
    (void)room;
    (void)user;
    (void)fprintf(stderr, "intercom-admin: warning: %s\n", text);
}

static const ic_env env = {.log = print_warning};

static ic_keyfile_options options_for(const admin_key_options *o,
                                      const admin_secret *password)
{
    ic_keyfile_options options;

    ic_keyfile_options_default(&options);
    options.password = password->text;
    options.password_len = password->len;
    options.env = &env;
    options.network = o->network;
    options.flags = IC_KEYFILE_CACHE;
    return options;
}

static ic_identity *open_file(const admin_key_options *o, const char *path,
                              const admin_secret *password)
{
    ic_identity *identity = NULL;
    ic_keyfile_options options = options_for(o, password);
    int err = ic_identity_open(&identity, path, &options, NULL);

    if (err == IC_ERR_AUTH)
        (void)admin_fail("%s: the password is wrong, or the file was changed", path);
    else if (err)
        (void)admin_fail("%s: %s", path, ic_strerror(err));
    return identity;
}

ic_identity *admin_key_open(const admin_key_options *o)
{
    ic_identity *identity = NULL;
    char *path = path_of(o);
    admin_secret *password = path ? admin_secret_new() : NULL;

    if (password && read_password(password, o, false))
        identity = open_file(o, path, password);
    admin_secret_free(password);
    ic_mem_free(path);
    return identity;
}

static bool save_file(const admin_key_options *o, const char *path,
                      const admin_secret *password, const ic_identity *identity)
{
    ic_keyfile_options options = options_for(o, password);
    int err = ic__private_folders(path);

    if (!err)
        err = ic_identity_save(identity, path, &options, false);
    if (err == IC_ERR_EXISTS && o->force) {
        err = ic_identity_save(identity, path, &options, true);
        if (!err)
            (void)fprintf(stderr, "intercom-admin: replaced %s; its old key is gone\n",
                          path);
    }
    if (err == IC_ERR_EXISTS)
        (void)admin_fail("%s exists; --force would replace it, and its key would be gone",
                         path);
    else if (err)
        (void)admin_fail("%s: %s", path, ic_strerror(err));
    return err == 0;
}

bool admin_key_save(const admin_key_options *o, const ic_identity *identity)
{
    bool saved = false;
    char *path = path_of(o);
    admin_secret *password = path ? admin_secret_new() : NULL;

    if (password && read_password(password, o, true))
        saved = save_file(o, path, password, identity);
    admin_secret_free(password);
    ic_mem_free(path);
    return saved;
}
