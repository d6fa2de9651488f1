#include <string.h>

#include "base/env.h"
#include "base/text.h"
#include "crypto/private_file.h"
#include "intercom/error.h"
#include "intercom/keyfile.h"
#include "intercom/sys/mem.h"
#include "peer/peer.h"

#define ROOM "peer"
#define MAX_LINE 64 /* messages whose signatures the threads verify */

static int copy_text(char **out, const char *text)
{
    if (!text || !text[0])
        return 0;
    size_t size = strlen(text) + 1;
    *out = ic_mem_alloc(size);
    if (!*out)
        return IC_ERR_NOMEM;
    memcpy(*out, text, size);
    return 0;
}

static int copy_texts(ic_peer *peer, const ic_peer_options *o)
{
    int error = copy_text(&peer->dht_bootstrap, o->dht_bootstrap);

    if (!error)
        error = copy_text(&peer->subnet_channel, o->subnet_channel);
    if (!error)
        error = copy_text(&peer->msb_store, o->msb_store);
    if (!error)
        error = copy_text(&peer->msb_dht_bootstrap, o->msb_dht_bootstrap);
    return error;
}

/* 64 hex digits, of either case and with white space behind, into lower case. */
static bool take_subnet_key(ic_peer *peer, const char *text, size_t len)
{
    uint8_t key[IC__SUBNET_KEY_HEX / 2];

    while (len &&
           (text[len - 1] == '\n' || text[len - 1] == '\r' || text[len - 1] == ' '))
        len--;
    if (!ic__hex_decode(key, sizeof key, text, len))
        return false;
    ic__hex_encode(peer->subnet_bootstrap, key, sizeof key);
    return true;
}

/* The option, else the file that a peer writes which has made a subnet. */
static int find_subnet_key(ic_peer *peer, const char *option)
{
    char text[IC__SUBNET_KEY_HEX + 8];
    size_t len = 0;
    bool exposed;

    if (option && option[0]) {
        if (take_subnet_key(peer, option, strlen(option)))
            return 0;
        ic__log(&peer->env, IC_LOG_ERROR, ROOM,
                "the subnet bootstrap must be 64 hex digits");
        return IC_ERR_INVALID;
    }
    char *path = ic__folder_file(&peer->folder, "subnet-bootstrap.hex");
    if (!path)
        return IC_ERR_NOMEM;
    int error = ic__private_read(path, true, text, sizeof text, &len, &exposed);
    ic_mem_free(path);
    if (error == IC_ERR_NOT_FOUND)
        return 0; /* this peer has not made one */
    if (error || !take_subnet_key(peer, text, len))
        ic__log(&peer->env, IC_LOG_WARN, ROOM,
                "%s/subnet-bootstrap.hex does not hold 64 hex digits and is ignored",
                peer->folder.path);
    return 0;
}

static int open_identity(ic_peer *peer, const ic_peer_options *o)
{
    ic_keyfile_options key;
    char *path = ic__folder_file(&peer->folder, "db/keypair.json");
    uint32_t notes = 0;

    if (!path)
        return IC_ERR_NOMEM;
    ic_keyfile_options_default(&key);
    key.password = o->key_password;
    key.password_len = o->key_password_bytes;
    key.env = &peer->env;
    int error = ic_identity_open(&peer->identity, path, &key, &notes);
    if (!error && (notes & IC_KEYFILE_CREATED))
        ic__log(&peer->env, IC_LOG_INFO, ROOM, "Key pair exported to %s", path);
    ic_mem_free(path);
    return error;
}

static void fill_policy(ic__policy_options *to, const ic_peer_options *o)
{
    to->channels = o->channels;
    to->max_message_bytes = o->max_message_bytes;
    to->allow_remote_open = o->allow_remote_open;
    to->auto_join = o->auto_join;
    to->pow = o->work_required;
    to->pow_difficulty = o->work_bits;
    to->pow_entry_only = o->work_entry_only;
    to->pow_channels = o->work_channels;
    to->rate_bytes_per_s = o->rate_bytes;
    to->rate_burst_bytes = o->rate_burst_bytes;
    to->max_strikes = o->max_strikes;
    to->invite_required = o->invite_required;
    to->invite_channels = o->invite_channels;
    to->invite_prefixes = o->invite_prefixes;
    to->inviter_keys = o->inviter_keys;
    to->invite_ttl_s = o->invite_ttl_s;
    to->owners = o->channel_owners;
    to->owner_write_only = o->owner_write_only;
    to->owner_write_channels = o->owner_write_channels;
    to->welcomes = o->welcomes;
    to->welcome_required = o->welcome_required;
}

static int open_channels(ic_peer *peer, const ic_peer_options *o)
{
    ic__sidechannel_options sc;
    ic__buf why = {.max = 400};

    ic__sidechannel_options_default(&sc);
    sc.identity = peer->identity;
    sc.env = peer->env;
    sc.max_line = MAX_LINE;
    fill_policy(&sc.policy, o);
    int error = ic__sidechannel_new(&sc, &peer->channels, &why);
    if (error && why.len)
        ic__log(&peer->env, IC_LOG_ERROR, ROOM, "%s", why.data);
    ic__buf_free(&why);
    return error;
}

static void release(ic_peer *peer)
{
    ic__sidechannel_free(peer->channels);
    ic_identity_free(peer->identity);
    ic__folder_close(&peer->folder);
    ic_mem_free(peer->dht_bootstrap);
    ic_mem_free(peer->subnet_channel);
    ic_mem_free(peer->msb_store);
    ic_mem_free(peer->msb_dht_bootstrap);
    ic__soon_free(peer->gone);
    ic_mem_free(peer);
}

static void go(void *user)
{
    ic_peer *peer = user;
    void (*on_closed)(void *user) = peer->on_closed;
    void *closed_user = peer->user;

    release(peer);
    if (on_closed)
        on_closed(closed_user);
}

static int open_all(ic_peer *peer, const ic_peer_options *o)
{
    int error = ic__soon_new(o->base, go, peer, &peer->gone);

    if (!error)
        error = copy_texts(peer, o);
    if (!error)
        error = ic__folder_open(&peer->folder, o->stores_directory, o->store_name);
    if (!error)
        error = find_subnet_key(peer, o->subnet_bootstrap);
    if (!error)
        error = open_identity(peer, o);
    if (!error)
        error = open_channels(peer, o);
    if (!error && o->network)
        error = ic__peer_go_online(peer, o);
    return error;
}

int ic_peer_new(const ic_peer_options *opts, ic_peer **out)
{
    ic_peer_options o;

    int error = ic__peer_options_read(&o, opts);
    if (error)
        return error;
    if (!o.base || !o.stores_directory || !o.store_name)
        return IC_ERR_INVALID;
    ic_peer *peer = ic_mem_calloc(1, sizeof *peer);
    if (!peer)
        return IC_ERR_NOMEM;
    if (o.env)
        peer->env = *o.env;
    else
        ic_env_system(&peer->env);
    error = open_all(peer, &o);
    if (error) {
        release(peer);
        return error;
    }
    peer->started_ns = peer->env.now_ns(peer->env.user);
    *out = peer;
    return 0;
}

void ic_peer_close(ic_peer *peer, void (*on_closed)(void *user), void *user)
{
    if (!peer || peer->closing)
        return;
    peer->closing = true;
    peer->on_closed = on_closed;
    peer->user = user;
    if (peer->network)
        ic__network_close(peer->network, go, peer);
    else
        ic__soon_call(peer->gone);
}
