#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "admin.h"
#include "admin_input.h"
#include "admin_key_file.h"
#include "base/text.h"
#include "intercom/error.h"
#include "intercom/identity.h"

#define HEX(bytes) (2 * (bytes) + 1)

static void print_text(bool json, const char *name, const char *text)
{
    if (json && text)
        (void)printf(",\"%s\":\"%s\"", name, text);
    else if (json)
        (void)printf(",\"%s\":null", name);
    else if (text)
        (void)printf("%-11s %s\n", name, text);
}

/* None of the texts has a character that JSON would escape. */
static void print_identity(const ic_identity *id, bool json, bool secret)
{
    if (json)
        (void)printf("{\"address\":\"%s\"", ic_identity_address(id));
    else
        print_text(false, "address", ic_identity_address(id));
    print_text(json, "publicKey", ic_identity_public_key_hex(id));
    print_text(json, "network", ic_network_name(ic_identity_network(id)));
    print_text(json, "path", ic_identity_path(id));
    if (secret) {
        uint8_t seed[IC_SEED_BYTES];
        char seed_hex[HEX(IC_SEED_BYTES)];
        ic_identity_copy_seed(id, seed);
        ic__hex_encode(seed_hex, seed, sizeof seed);
        print_text(json, "words", ic_identity_mnemonic(id));
        print_text(json, "seed", seed_hex);
        sodium_memzero(seed, sizeof seed);
        sodium_memzero(seed_hex, sizeof seed_hex);
    }
    if (json)
        (void)puts("}");
}

/* Read the options and `least` to `most` further arguments. False: there is nothing more
 * to do, and `*code` is what to end with. */
static bool begin(admin_key_options *o, const admin_command *command, int argc,
                  char **argv, const char *allowed, int least, int most, int *code)
{
    *code = admin_key_options_read(o, command, argc, argv, allowed);
    if (*code != ADMIN_OK)
        return false;
    if (o->help) {
        *code = admin_print_help(command);
        return false;
    }
    if (argc - o->rest >= least && argc - o->rest <= most)
        return true;
    *code = admin_usage_error(command, "it takes %d to %d arguments", least, most);
    return false;
}

static int key_new(const admin_command *command, int argc, char **argv)
{
    admin_key_options o;
    ic_identity *id = NULL;
    int code;

    if (!begin(&o, command, argc, argv, "fj", 0, 0, &code))
        return code;
    int err = ic_identity_generate(&id, o.network);
    if (err)
        return admin_fail("%s", ic_strerror(err));
    bool saved = admin_key_save(&o, id);
    if (saved)
        print_identity(id, o.json, false);
    ic_identity_free(id);
    return saved ? ADMIN_OK : ADMIN_FAILED;
}

static int key_show(const admin_command *command, int argc, char **argv)
{
    admin_key_options o;
    int code;

    if (!begin(&o, command, argc, argv, "j", 0, 0, &code))
        return code;
    ic_identity *id = admin_key_open(&o);
    if (!id)
        return ADMIN_FAILED;
    print_identity(id, o.json, false);
    ic_identity_free(id);
    return ADMIN_OK;
}

static int identity_from_text(ic_identity **id, const admin_secret *text,
                              const admin_key_options *o)
{
    uint8_t seed[IC_SEED_BYTES];
    int err;

    if (ic__hex_decode(seed, sizeof seed, text->text, text->len))
        err = ic_identity_from_seed(id, seed, o->network);
    else
        err = ic_identity_from_mnemonic(id, text->text, o->network, o->path);
    sodium_memzero(seed, sizeof seed);
    return err;
}

static int key_import(const admin_command *command, int argc, char **argv)
{
    admin_key_options o;
    ic_identity *id = NULL;
    bool saved = false;
    int code;

    if (!begin(&o, command, argc, argv, "fjp", 0, 0, &code))
        return code;
    admin_secret *text = admin_secret_new();
    if (!text)
        return ADMIN_FAILED;
    if (isatty(STDIN_FILENO) ? admin_ask(text, "Words or seed")
                             : admin_read_line(text, "-")) {
        int err = identity_from_text(&id, text, &o);
        if (err == IC_ERR_INVALID)
            (void)admin_fail(
                "these are not 12 or 24 words with a right checksum or 64 hex"
                " digits, or the path is wrong");
        else if (err)
            (void)admin_fail("%s", ic_strerror(err));
        else
            saved = admin_key_save(&o, id);
    }
    if (saved)
        print_identity(id, o.json, false);
    ic_identity_free(id);
    admin_secret_free(text);
    return saved ? ADMIN_OK : ADMIN_FAILED;
}

static int key_export(const admin_command *command, int argc, char **argv)
{
    admin_key_options o;
    int code;

    if (!begin(&o, command, argc, argv, "js", 0, 0, &code))
        return code;
    if (!o.secret)
        return admin_usage_error(command, "it prints the secret key: say --secret");
    ic_identity *id = admin_key_open(&o);
    if (!id)
        return ADMIN_FAILED;
    (void)fputs("intercom-admin: warning: whoever sees words or seed can sign, pay and"
                " speak as this identity\n",
                stderr);
    print_identity(id, o.json, true);
    ic_identity_free(id);
    return ADMIN_OK;
}

/* Public key from 64 hex digits or from an address of any network. */
static bool read_key(uint8_t key[IC_PUBLIC_KEY_BYTES], const char *text)
{
    return ic__hex_decode(key, IC_PUBLIC_KEY_BYTES, text, strlen(text)) ||
           ic_address_decode(text, NULL, key) == 0;
}

static int convert_key(const char *text, ic_network network)
{
    uint8_t key[IC_PUBLIC_KEY_BYTES];
    char hex[HEX(IC_PUBLIC_KEY_BYTES)];
    char address[IC_ADDRESS_BYTES];

    if (!read_key(key, text))
        return admin_fail("neither an address nor a public key of 64 hex digits: %s",
                          text);
    if (ic_address_decode(text, NULL, key) == 0) {
        ic__hex_encode(hex, key, sizeof key);
        (void)puts(hex);
        return ADMIN_OK;
    }
    int err = ic_address_encode(address, ic_network_prefix(network), key);
    if (err)
        return admin_fail("%s", ic_strerror(err));
    (void)puts(address);
    return ADMIN_OK;
}

static int key_address(const admin_command *command, int argc, char **argv)
{
    admin_key_options o;
    int code;

    if (!begin(&o, command, argc, argv, "", 0, 1, &code))
        return code;
    if (argc > o.rest)
        return convert_key(argv[o.rest], o.network);
    ic_identity *id = admin_key_open(&o);
    if (!id)
        return ADMIN_FAILED;
    (void)puts(ic_identity_address(id));
    ic_identity_free(id);
    return ADMIN_OK;
}

/* The message at `argv[at]`, or all of standard input; free() `*buffer`. */
static const char *message_of(int argc, char **argv, int at, char **buffer, size_t *len)
{
    *buffer = NULL;
    if (at < argc) {
        *len = strlen(argv[at]);
        return argv[at];
    }
    *buffer = admin_read_message(len);
    return *buffer;
}

static int print_signature(const ic_identity *id, const char *message, size_t len,
                           bool json)
{
    uint8_t signature[IC_SIGNATURE_BYTES];
    char hex[HEX(IC_SIGNATURE_BYTES)];

    if (!len)
        return admin_fail("an empty message: nobody would accept its signature");
    ic_identity_sign(id, message, len, signature);
    ic__hex_encode(hex, signature, sizeof signature);
    if (json)
        (void)printf("{\"address\":\"%s\",\"publicKey\":\"%s\",\"signature\":\"%s\"}\n",
                     ic_identity_address(id), ic_identity_public_key_hex(id), hex);
    else
        (void)puts(hex);
    return ADMIN_OK;
}

static int key_sign(const admin_command *command, int argc, char **argv)
{
    admin_key_options o;
    char *buffer;
    size_t len;
    int code;

    if (!begin(&o, command, argc, argv, "j", 0, 1, &code))
        return code;
    ic_identity *id = admin_key_open(&o);
    if (!id)
        return ADMIN_FAILED;
    const char *message = message_of(argc, argv, o.rest, &buffer, &len);
    code = message ? print_signature(id, message, len, o.json) : ADMIN_FAILED;
    free(buffer);
    ic_identity_free(id);
    return code;
}

static int key_verify(const admin_command *command, int argc, char **argv)
{
    admin_key_options o;
    uint8_t key[IC_PUBLIC_KEY_BYTES];
    uint8_t signature[IC_SIGNATURE_BYTES];
    char *buffer;
    size_t len;
    int code;

    if (!begin(&o, command, argc, argv, "", 2, 3, &code))
        return code;
    const char *hex = argv[o.rest + 1];
    if (!read_key(key, argv[o.rest]))
        return admin_usage_error(command, "KEY is an address or 64 hex digits");
    if (!ic__hex_decode(signature, sizeof signature, hex, strlen(hex)))
        return admin_usage_error(command, "SIGNATURE is 128 hex digits");
    const char *message = message_of(argc, argv, o.rest + 2, &buffer, &len);
    if (!message)
        return ADMIN_FAILED;
    bool good = ic_signature_verify(signature, message, len, key);
    free(buffer);
    (void)puts(good ? "good" : "bad");
    return good ? ADMIN_OK : ADMIN_NOT_VERIFIED;
}

const admin_command admin_key_commands[] = {
    {
        .name = "key new",
        .summary = "make an identity and its key file",
        .help =
            "key new [OPTIONS]\n\n"
            "Make an identity from 24 new words, write its key file, print what is"
            " public of it.\n\n" ADMIN_KEY_OPTIONS_HELP
            "  --json                print JSON\n"
            "  --force               replace an existing file; its key is gone then\n",
        .run = key_new,
    },
    {
        .name = "key show",
        .summary = "print what is public of a key file",
        .help = "key show [OPTIONS]\n\n"
                "Print address, public key, network and derivation path."
                "\n\n" ADMIN_KEY_OPTIONS_HELP "  --json                print JSON\n",
        .run = key_show,
    },
    {
        .name = "key import",
        .summary = "write a key file from words or a seed",
        .help =
            "key import [OPTIONS]\n\n"
            "Read 12 or 24 words, or a seed of 64 hex digits, as one line from standard\n"
            "input (not shown on a terminal) and write the key file."
            "\n\n" ADMIN_KEY_OPTIONS_HELP
            "  --path PATH           derivation path of the words (the network's)\n"
            "  --json                print JSON\n"
            "  --force               replace an existing file; its key is gone then\n",
        .run = key_import,
    },
    {
        .name = "key export",
        .summary = "print words and seed",
        .help =
            "key export --secret [OPTIONS]\n\n"
            "Print everything, with words and seed, which nobody else may see."
            "\n\n" ADMIN_KEY_OPTIONS_HELP "  --secret              yes, print secrets\n"
            "  --json                print JSON\n",
        .run = key_export,
    },
    {
        .name = "key address",
        .summary = "address of a key file, or of a public key and back",
        .help = "key address [OPTIONS] [PUBLIC-KEY | ADDRESS]\n\n"
                "Print the address of the key file; or of a public key; or the public"
                " key in an\naddress.\n\n" ADMIN_KEY_OPTIONS_HELP,
        .run = key_address,
    },
    {
        .name = "key sign",
        .summary = "sign a message",
        .help = "key sign [OPTIONS] [MESSAGE]\n\n"
                "Print the Ed25519 signature of the message, or of standard input, as"
                " it is: no line\nfeed is added or taken away."
                "\n\n" ADMIN_KEY_OPTIONS_HELP
                "  --json                print JSON with address and public key\n",
        .run = key_sign,
    },
    {
        .name = "key verify",
        .summary = "check the signature of a message",
        .help = "key verify KEY SIGNATURE [MESSAGE]\n\n"
                "KEY is an address or a public key of 64 hex digits, SIGNATURE has 128"
                " hex digits;\nwithout MESSAGE standard input is read as it is. Prints"
                " \"good\" and ends with 0, or\n\"bad\" and ends with 3.\n",
        .run = key_verify,
    },
    {.name = NULL},
};
