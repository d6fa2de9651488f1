#include "bridge/ui_flags.h"

#include <stdio.h>
#include <string.h>

#include "intercom/error.h"
#include "io/tcp.h"

const char bridge_ui_help[] =
    "Usage: intercom-bridge [OPTIONS]\n"
    "\n"
    "Serve the Intercom page and forward it to the SC-Bridge of a running peer.\n"
    "\n"
    "  --ui-port N              port of the page; default 5070, 0 = any free one\n"
    "  --ui-host ADDRESS        where to listen; default 127.0.0.1\n"
    "  --bridge URL             the SC-Bridge; default ws://127.0.0.1:49222\n"
    "  --bridge-ca FILE         authorities to trust for wss://; default the system's\n"
    "  --cert FILE --key FILE   serve HTTPS with this certificate and key (PEM)\n"
    "  --access-token-file FILE ask for this token, as the password of any user\n"
    "  --allow-origin ORIGIN    let pages from elsewhere connect; may be repeated\n"
    "  --allow-host NAME        a name this machine is called by; may be repeated\n"
    "  --page-dir FOLDER        the page's files (environment: INTERCOM_PAGE_DIR)\n"
    "  --insecure               other than loopback without TLS and token after all\n"
    "  --help, --version\n";

typedef struct reading {
    bridge_ui_flags *flags;
    const char *port;
    char *why;
} reading;

static int say(reading *r, const char *what, const char *about)
{
    (void)snprintf(r->why, BRIDGE_UI_WHY_MAX, "%s %s", about, what);
    return IC_ERR_INVALID;
}

static int add(reading *r, const char *list[BRIDGE_UI_LIST_MAX + 1], const char *name,
               const char *value)
{
    size_t n = 0;

    while (list[n])
        n++;
    if (n == BRIDGE_UI_LIST_MAX)
        return say(r, "is given too often", name);
    list[n] = value;
    return 0;
}

/* The place where the value of a flag goes; NULL when there is no such flag. */
static const char **place_of(reading *r, const char *name)
{
    const struct {
        const char *name;
        const char **place;
    } places[] = {
        {"--ui-port", &r->port},
        {"--ui-host", &r->flags->host},
        {"--bridge", &r->flags->upstream_text},
        {"--bridge-ca", &r->flags->upstream_ca_file},
        {"--cert", &r->flags->cert_file},
        {"--key", &r->flags->key_file},
        {"--access-token-file", &r->flags->token_file},
        {"--page-dir", &r->flags->page_folder},
    };

    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (strcmp(name, places[i].name) == 0)
            return places[i].place;
    }
    return NULL;
}

static int take_value(reading *r, const char *name, const char *value)
{
    const char **place = place_of(r, name);
    bool is_origin = strcmp(name, "--allow-origin") == 0;

    if (!place && !is_origin && strcmp(name, "--allow-host") != 0)
        return say(r, "is not a flag; see --help", name);
    if (!value || !value[0])
        return say(r, "needs a value", name);
    if (!place)
        return add(r, is_origin ? r->flags->origins : r->flags->hosts, name, value);
    *place = value;
    return 0;
}

/* True when the word needs no value. */
static bool take_switch(bridge_ui_flags *flags, const char *word)
{
    if (strcmp(word, "--insecure") == 0)
        flags->insecure = true;
    else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
        flags->help = true;
    else if (strcmp(word, "--version") == 0)
        flags->version = true;
    else
        return false;
    return true;
}

/* "--name value" or "--name=value". */
static int take_word(reading *r, int argc, char *const *argv, int *at)
{
    char name[64];
    const char *word = argv[*at];
    const char *equals = strchr(word, '=');

    if (take_switch(r->flags, word))
        return 0;
    if (!equals) {
        const char *value = *at + 1 < argc ? argv[*at + 1] : NULL;
        int error = take_value(r, word, value);
        (*at)++;
        return error;
    }
    (void)snprintf(name, sizeof name, "%.*s", (int)(equals - word), word);
    return take_value(r, name, equals + 1);
}

static int read_port(reading *r)
{
    unsigned value = 0;

    for (const char *at = r->port; *at; at++) {
        if (*at < '0' || *at > '9' || at - r->port == 5)
            return say(r, "is not a port", r->port);
        value = value * 10 + (unsigned)(*at - '0');
    }
    if (value > UINT16_MAX)
        return say(r, "is not a port", r->port);
    r->flags->port = (uint16_t)value;
    return 0;
}

/* What leaves this machine is encrypted, and only for who knows the token. */
static int check_exposure(reading *r)
{
    const bridge_ui_flags *f = r->flags;
    ic__tcp_address address;

    if (ic__tcp_address_parse(f->host, f->port, &address) != 0)
        return say(r, "is not an address to listen on", f->host);
    if (ic__tcp_is_loopback(&address) || f->insecure || (f->cert_file && f->token_file))
        return 0;
    (void)snprintf(r->why, BRIDGE_UI_WHY_MAX,
                   "%s can be reached from other machines: give --cert, --key and "
                   "--access-token-file, or --insecure",
                   f->host);
    return IC_ERR_DENIED;
}

static int check(reading *r)
{
    bridge_ui_flags *f = r->flags;
    int error = read_port(r);

    if (error)
        return error;
    if (bridge_ws_url_parse(f->upstream_text, &f->upstream) != 0)
        return say(r, "is not like ws://127.0.0.1:49222", f->upstream_text);
    if (!f->cert_file != !f->key_file)
        return say(r, "belong together", "--cert and --key");
    return check_exposure(r);
}

int bridge_ui_flags_read(bridge_ui_flags *flags, int argc, char *const *argv,
                         const char *(*getenv_fn)(const char *name),
                         const char *page_folder, char why[BRIDGE_UI_WHY_MAX])
{
    reading r = {.flags = flags, .port = "5070", .why = why};
    const char *folder = getenv_fn("INTERCOM_PAGE_DIR");
    int error = 0;

    *flags = (bridge_ui_flags){
        .host = "127.0.0.1",
        .upstream_text = "ws://127.0.0.1:49222",
        .page_folder = folder && folder[0] ? folder : page_folder,
    };
    why[0] = 0;
    for (int i = 1; i < argc && !error; i++)
        error = take_word(&r, argc, argv, &i);
    if (flags->help || flags->version)
        return 0;
    return error ? error : check(&r);
}
