#include "peer_config.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"

#define PORT_MAX 65535

/* The first line of a file, without its end. */
static int read_secret(const char *path, const char *flag, char out[PEER_SECRET_MAX],
                       char why[PEER_REASON_MAX])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, out, PEER_SECRET_MAX - 1);
    int number = errno;

    if (fd >= 0)
        (void)close(fd);
    if (n < 0) {
        (void)snprintf(why, PEER_REASON_MAX, "--%s: cannot read %.200s: %s", flag, path,
                       strerror(number));
        return IC_ERR_IO;
    }
    out[n] = 0;
    size_t len = strcspn(out, "\r\n");
    if (len == 0 || len == PEER_SECRET_MAX - 1) {
        (void)snprintf(why, PEER_REASON_MAX, "--%s: the first line of %.200s is %s", flag,
                       path, len ? "longer than 1022 bytes" : "empty");
        return IC_ERR_INVALID;
    }
    out[len] = 0;
    return 0;
}

/* The token itself wins where it was given as near to the program as its file. */
static int read_token(peer_config *c, const peer_flags *f, char why[PEER_REASON_MAX])
{
    const char *token = f->value[PEER_FLAG_SC_BRIDGE_TOKEN];
    const char *file = f->value[PEER_FLAG_SC_BRIDGE_TOKEN_FILE];

    if (file && (!token || f->origin[PEER_FLAG_SC_BRIDGE_TOKEN_FILE] >
                               f->origin[PEER_FLAG_SC_BRIDGE_TOKEN]))
        return read_secret(file, "sc-bridge-token-file", c->token, why);
    if (!token) {
        (void)snprintf(why, PEER_REASON_MAX,
                       "SC-Bridge requires --sc-bridge-token (auth is mandatory).");
        return IC_ERR_INVALID;
    }
    size_t len = strlen(token);
    if (len >= sizeof c->token) {
        (void)snprintf(why, PEER_REASON_MAX,
                       "--sc-bridge-token is longer than 1023 bytes");
        return IC_ERR_INVALID;
    }
    memcpy(c->token, token, len + 1);
    return 0;
}

static int read_bridge(peer_config *c, const peer_flags *f, char why[PEER_REASON_MAX])
{
    long port = 0;

    c->bridge = peer_flags_bool(f, PEER_FLAG_SC_BRIDGE, false);
    if (!c->bridge)
        return 0;
    int error = peer_flags_number(f, PEER_FLAG_SC_BRIDGE_PORT, 0, PORT_MAX, &port, why);
    if (error)
        return error;
    c->bridge_port = (uint16_t)port;
    c->bridge_host = f->value[PEER_FLAG_SC_BRIDGE_HOST];
    c->filter = f->value[PEER_FLAG_SC_BRIDGE_FILTER];
    c->filter_channels = f->value[PEER_FLAG_SC_BRIDGE_FILTER_CHANNEL];
    c->origins = f->value[PEER_FLAG_SC_BRIDGE_ORIGINS];
    c->cli = peer_flags_bool(f, PEER_FLAG_SC_BRIDGE_CLI, false);
    c->cli_keys = peer_flags_bool(f, PEER_FLAG_SC_BRIDGE_CLI_KEYS, false);
    c->bridge_debug = peer_flags_bool(f, PEER_FLAG_SC_BRIDGE_DEBUG, false);
    c->cert = f->value[PEER_FLAG_SC_BRIDGE_CERT];
    c->key = f->value[PEER_FLAG_SC_BRIDGE_KEY];
    if (!c->cert != !c->key) {
        (void)snprintf(why, PEER_REASON_MAX,
                       "--sc-bridge-cert and --sc-bridge-key belong together");
        return IC_ERR_INVALID;
    }
    return read_token(c, f, why);
}

static int read_page(peer_config *c, const peer_flags *f, char why[PEER_REASON_MAX])
{
    long port = 0;

    c->page = peer_flags_bool(f, PEER_FLAG_UI, false);
    int error = peer_flags_number(f, PEER_FLAG_UI_PORT, 0, PORT_MAX, &port, why);
    c->page_port = (uint16_t)port;
    c->page_host = f->value[PEER_FLAG_UI_HOST];
    c->page_directory = f->value[PEER_FLAG_UI_DIRECTORY];
    if (!c->page_directory)
        c->page_directory = PEER_PAGE_DIRECTORY;
    if (!error && c->page && !c->bridge) {
        (void)snprintf(
            why, PEER_REASON_MAX,
            "--ui needs --sc-bridge 1 and a token: the page talks to the bridge");
        error = IC_ERR_INVALID;
    }
    return error;
}

static int read_u32(const peer_flags *f, peer_flag flag, uint32_t *out, long max,
                    char why[PEER_REASON_MAX])
{
    long value = *out;

    int error = peer_flags_number(f, flag, 0, max, &value, why);
    if (!error)
        *out = (uint32_t)value;
    return error;
}

static int read_numbers(ic_peer_options *o, const peer_flags *f,
                        char why[PEER_REASON_MAX])
{
    const struct {
        peer_flag flag;
        uint32_t *out;
        long max;
    } numbers[] = {
        {PEER_FLAG_SIDECHANNEL_MAX_BYTES, &o->max_message_bytes, 1000000},
        {PEER_FLAG_SIDECHANNEL_POW_DIFFICULTY, &o->work_bits, 256},
        {PEER_FLAG_SIDECHANNEL_RATE_BYTES, &o->rate_bytes, INT32_MAX},
        {PEER_FLAG_SIDECHANNEL_RATE_BURST, &o->rate_burst_bytes, INT32_MAX},
        {PEER_FLAG_SIDECHANNEL_MAX_STRIKES, &o->max_strikes, INT32_MAX},
    };
    long ttl = (long)o->invite_ttl_s;

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        int error = read_u32(f, numbers[i].flag, numbers[i].out, numbers[i].max, why);
        if (error)
            return error;
    }
    int error =
        peer_flags_number(f, PEER_FLAG_SIDECHANNEL_INVITE_TTL, 0, INT32_MAX, &ttl, why);
    o->invite_ttl_s = (uint64_t)ttl;
    return error;
}

static void read_policy(ic_peer_options *o, const peer_flags *f)
{
    o->channels = f->value[PEER_FLAG_SIDECHANNELS];
    o->channel_owners = f->value[PEER_FLAG_SIDECHANNEL_OWNER];
    o->welcomes = f->value[PEER_FLAG_SIDECHANNEL_WELCOME];
    o->owner_write_channels = f->value[PEER_FLAG_SIDECHANNEL_OWNER_WRITE_CHANNELS];
    o->invite_channels = f->value[PEER_FLAG_SIDECHANNEL_INVITE_CHANNELS];
    o->invite_prefixes = f->value[PEER_FLAG_SIDECHANNEL_INVITE_PREFIXES];
    o->inviter_keys = f->value[PEER_FLAG_SIDECHANNEL_INVITER_KEYS];
    o->work_channels = f->value[PEER_FLAG_SIDECHANNEL_POW_CHANNELS];
    o->owner_write_only =
        peer_flags_bool(f, PEER_FLAG_SIDECHANNEL_OWNER_WRITE_ONLY, false);
    o->invite_required = peer_flags_bool(f, PEER_FLAG_SIDECHANNEL_INVITE_REQUIRED, false);
    o->welcome_required =
        peer_flags_bool(f, PEER_FLAG_SIDECHANNEL_WELCOME_REQUIRED, true);
    o->allow_remote_open =
        peer_flags_bool(f, PEER_FLAG_SIDECHANNEL_ALLOW_REMOTE_OPEN, true);
    o->auto_join = peer_flags_bool(f, PEER_FLAG_SIDECHANNEL_AUTO_JOIN, false);
    o->work_required = peer_flags_bool(f, PEER_FLAG_SIDECHANNEL_POW, true);
    o->work_entry_only = peer_flags_bool(f, PEER_FLAG_SIDECHANNEL_POW_ENTRY, false);
}

/* "<directory>/<name>", by default "<peer store>-msb". */
static int name_msb_store(peer_config *c, const peer_flags *f)
{
    const char *directory = f->value[PEER_FLAG_MSB_STORES_DIRECTORY];
    const char *name = f->value[PEER_FLAG_MSB_STORE_NAME];
    size_t len = strlen(directory);
    ic__buf path = {0};

    while (len > 1 && directory[len - 1] == '/')
        len--;
    ic__buf_add(&path, directory, len);
    ic__buf_printf(&path, "/%s%s", name ? name : c->peer.store_name, name ? "" : "-msb");
    c->msb_store = ic__buf_take(&path);
    c->peer.msb_store = c->msb_store;
    return c->msb_store ? 0 : IC_ERR_NOMEM;
}

static int read_peer(peer_config *c, const peer_flags *f, char why[PEER_REASON_MAX])
{
    ic_peer_options *o = &c->peer;
    const char *file = f->value[PEER_FLAG_KEY_PASSWORD_FILE];

    ic_peer_options_default(o);
    o->stores_directory = f->value[PEER_FLAG_PEER_STORES_DIRECTORY];
    o->store_name = f->value[PEER_FLAG_PEER_STORE_NAME];
    o->dht_bootstrap = f->value[PEER_FLAG_PEER_DHT_BOOTSTRAP];
    o->dht_host = f->value[PEER_FLAG_DHT_HOST];
    o->network = o->dht_bootstrap && o->dht_bootstrap[0];
    o->subnet_channel = f->value[PEER_FLAG_SUBNET_CHANNEL];
    o->subnet_bootstrap = f->value[PEER_FLAG_SUBNET_BOOTSTRAP];
    o->msb_dht_bootstrap = f->value[PEER_FLAG_MSB_DHT_BOOTSTRAP];
    read_policy(o, f);
    int error = read_numbers(o, f, why);
    if (!error && file)
        error = read_secret(file, "key-password-file", c->password, why);
    if (error)
        return error;
    c->has_password = file != NULL;
    return name_msb_store(c, f);
}

int peer_config_read(peer_config *config, const peer_flags *flags,
                     char why[PEER_REASON_MAX])
{
    *config = (peer_config){0};
    (void)snprintf(why, PEER_REASON_MAX, "out of memory");
    config->quiet = peer_flags_bool(flags, PEER_FLAG_SIDECHANNEL_QUIET, false);
    config->debug = peer_flags_bool(flags, PEER_FLAG_SIDECHANNEL_DEBUG, false);
    int error = read_bridge(config, flags, why);
    if (!error)
        error = read_page(config, flags, why);
    if (!error)
        error = read_peer(config, flags, why);
    if (error)
        peer_config_free(config);
    return error;
}

void peer_config_free(peer_config *config)
{
    ic_mem_free(config->msb_store);
    sodium_memzero(config, sizeof *config);
}
