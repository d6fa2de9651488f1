/**
 * @file peer_flag_map.h
 * All flags in the order of --help:
 * X(id, name, environment, kind, plane, group, default, value's name, help).
 */
#ifndef PEER_FLAG_MAP_H
#define PEER_FLAG_MAP_H

#define PEER_FLAG_MAP(X)                                                                 \
    PEER_FLAG_MAP_STORE(X)                                                               \
    PEER_FLAG_MAP_BRIDGE(X)                                                              \
    PEER_FLAG_MAP_PAGE(X)                                                                \
    PEER_FLAG_MAP_CHANNEL(X)                                                             \
    PEER_FLAG_MAP_POLICY(X)                                                              \
    PEER_FLAG_MAP_NETWORK(X)

#define PEER_FLAG_MAP_STORE(X)                                                           \
    X(PEER_STORE_NAME, "peer-store-name", "PEER_STORE_NAME", TEXT, HERE, "Store",        \
      "peer", "NAME", "folder of this peer: keys, ledger, history")                      \
    X(PEER_STORES_DIRECTORY, "peer-stores-directory", "PEER_STORES_DIRECTORY", TEXT,     \
      HERE, "Store", "stores/", "DIR", "where the store folders are")                    \
    X(KEY_PASSWORD_FILE, "key-password-file", "KEY_PASSWORD_FILE", TEXT, HERE, "Store",  \
      NULL, "FILE", "password of the key file, first line of FILE")

#define PEER_FLAG_MAP_BRIDGE(X)                                                          \
    X(SC_BRIDGE, "sc-bridge", "SC_BRIDGE", BOOL, HERE, "SC-Bridge", NULL, "1|0",         \
      "serve the WebSocket control surface (off)")                                       \
    X(SC_BRIDGE_TOKEN, "sc-bridge-token", "SC_BRIDGE_TOKEN", TEXT, HERE, "SC-Bridge",    \
      NULL, "TOKEN", "what clients must send; mandatory with --sc-bridge")               \
    X(SC_BRIDGE_TOKEN_FILE, "sc-bridge-token-file", "SC_BRIDGE_TOKEN_FILE", TEXT, HERE,  \
      "SC-Bridge", NULL, "FILE", "the same, from the first line of FILE")                \
    X(SC_BRIDGE_HOST, "sc-bridge-host", "SC_BRIDGE_HOST", TEXT, HERE, "SC-Bridge",       \
      "127.0.0.1", "ADDR", "address to listen on")                                       \
    X(SC_BRIDGE_PORT, "sc-bridge-port", "SC_BRIDGE_PORT", NUMBER, HERE, "SC-Bridge",     \
      "49222", "PORT", "port to listen on; 0 = any free one")                            \
    X(SC_BRIDGE_FILTER, "sc-bridge-filter", "SC_BRIDGE_FILTER", TEXT, HERE, "SC-Bridge", \
      NULL, "WORDS", "first filter of each client, such as \"a+b|c\"")                   \
    X(SC_BRIDGE_FILTER_CHANNEL, "sc-bridge-filter-channel", "SC_BRIDGE_FILTER_CHANNEL",  \
      TEXT, HERE, "SC-Bridge", NULL, "CHAN,...", "channels that filters apply to (all)") \
    X(SC_BRIDGE_CLI, "sc-bridge-cli", "SC_BRIDGE_CLI", BOOL, HERE, "SC-Bridge", NULL,    \
      "1|0", "let clients run terminal commands (off)")                                  \
    X(SC_BRIDGE_CLI_KEYS, "sc-bridge-cli-keys", "SC_BRIDGE_CLI_KEYS", BOOL, HERE,        \
      "SC-Bridge", NULL, "1|0", "let them run /get_keys too (off)")                      \
    X(SC_BRIDGE_ORIGINS, "sc-bridge-origins", "SC_BRIDGE_ORIGINS", TEXT, HERE,           \
      "SC-Bridge", NULL, "URL,...", "web origins that may connect besides our page")     \
    X(SC_BRIDGE_CERT, "sc-bridge-cert", "SC_BRIDGE_CERT", TEXT, HERE, "SC-Bridge", NULL, \
      "FILE", "PEM certificate chain: serve wss://")                                     \
    X(SC_BRIDGE_KEY, "sc-bridge-key", "SC_BRIDGE_KEY", TEXT, HERE, "SC-Bridge", NULL,    \
      "FILE", "PEM private key of the certificate")                                      \
    X(SC_BRIDGE_DEBUG, "sc-bridge-debug", "SC_BRIDGE_DEBUG", BOOL, HERE, "SC-Bridge",    \
      NULL, "1|0", "print what clients do to the ledger (off)")

#define PEER_FLAG_MAP_PAGE(X)                                                            \
    X(UI, "ui", "UI", BOOL, HERE, "Page", NULL, "1|0", "serve the web page (off)")       \
    X(UI_HOST, "ui-host", "UI_HOST", TEXT, HERE, "Page", "127.0.0.1", "ADDR",            \
      "address to listen on")                                                            \
    X(UI_PORT, "ui-port", "UI_PORT", NUMBER, HERE, "Page", "5070", "PORT",               \
      "port to listen on; 0 = any free one")                                             \
    X(UI_DIRECTORY, "ui-directory", "UI_DIRECTORY", TEXT, HERE, "Page", NULL, "DIR",     \
      "files of the page (as installed)")

#define PEER_FLAG_MAP_CHANNEL(X)                                                         \
    X(SIDECHANNELS, "sidechannels", "SIDECHANNELS", TEXT, HERE, "Side channels", NULL,   \
      "CHAN,...", "channels to join besides 0000intercom")                               \
    X(SIDECHANNEL, "sidechannel", NULL, TEXT, HERE, "Side channels", NULL, "CHAN,...",   \
      "another name of --sidechannels")                                                  \
    X(SIDECHANNEL_QUIET, "sidechannel-quiet", "SIDECHANNEL_QUIET", BOOL, HERE,           \
      "Side channels", NULL, "1|0", "do not print messages (off)")                       \
    X(SIDECHANNEL_DEBUG, "sidechannel-debug", "SIDECHANNEL_DEBUG", BOOL, HERE,           \
      "Side channels", NULL, "1|0", "log what channels do (off)")                        \
    X(SIDECHANNEL_MAX_BYTES, "sidechannel-max-bytes", "SIDECHANNEL_MAX_BYTES", NUMBER,   \
      HERE, "Side channels", "1000000", "BYTES", "longest message that is sent")         \
    X(SIDECHANNEL_OWNER, "sidechannel-owner", "SIDECHANNEL_OWNER", TEXT, HERE,           \
      "Side channels", NULL, "CHAN:KEY,...", "owners of channels")                       \
    X(SIDECHANNEL_WELCOME, "sidechannel-welcome", "SIDECHANNEL_WELCOME", TEXT, HERE,     \
      "Side channels", NULL, "CHAN:B64|@FILE,...", "welcomes that are known")            \
    X(SIDECHANNEL_INVITE_TTL, "sidechannel-invite-ttl", "SIDECHANNEL_INVITE_TTL",        \
      NUMBER, HERE, "Side channels", "604800", "SECONDS", "how long new invites hold")

#define PEER_FLAG_MAP_POLICY(X)                                                          \
    X(SIDECHANNEL_OWNER_WRITE_ONLY, "sidechannel-owner-write-only",                      \
      "SIDECHANNEL_OWNER_WRITE_ONLY", BOOL, HERE, "Policy", NULL, "1|0",                 \
      "only owners write, in all channels (off)")                                        \
    X(SIDECHANNEL_OWNER_WRITE_CHANNELS, "sidechannel-owner-write-channels",              \
      "SIDECHANNEL_OWNER_WRITE_CHANNELS", TEXT, HERE, "Policy", NULL, "CHAN,...",        \
      "only owners write, in these channels")                                            \
    X(SIDECHANNEL_INVITE_REQUIRED, "sidechannel-invite-required",                        \
      "SIDECHANNEL_INVITE_REQUIRED", BOOL, HERE, "Policy", NULL, "1|0",                  \
      "channels need an invite (off)")                                                   \
    X(SIDECHANNEL_INVITE_CHANNELS, "sidechannel-invite-channels",                        \
      "SIDECHANNEL_INVITE_CHANNELS", TEXT, HERE, "Policy", NULL, "CHAN,...",             \
      "only these channels need one")                                                    \
    X(SIDECHANNEL_INVITE_PREFIXES, "sidechannel-invite-prefixes",                        \
      "SIDECHANNEL_INVITE_PREFIXES", TEXT, HERE, "Policy", NULL, "TEXT,...",             \
      "only channels that begin so need one")                                            \
    X(SIDECHANNEL_INVITER_KEYS, "sidechannel-inviter-keys", "SIDECHANNEL_INVITER_KEYS",  \
      TEXT, HERE, "Policy", NULL, "KEY,...", "who may invite (this peer)")               \
    X(SIDECHANNEL_WELCOME_REQUIRED, "sidechannel-welcome-required",                      \
      "SIDECHANNEL_WELCOME_REQUIRED", BOOL, HERE, "Policy", "1", "1|0",                  \
      "channels need the owner's welcome")                                               \
    X(SIDECHANNEL_ALLOW_REMOTE_OPEN, "sidechannel-allow-remote-open",                    \
      "SIDECHANNEL_ALLOW_REMOTE_OPEN", BOOL, HERE, "Policy", "1", "1|0",                 \
      "heed others' requests to open a channel")                                         \
    X(SIDECHANNEL_AUTO_JOIN, "sidechannel-auto-join", "SIDECHANNEL_AUTO_JOIN", BOOL,     \
      HERE, "Policy", NULL, "1|0", "join what others ask for (off)")                     \
    X(SIDECHANNEL_POW, "sidechannel-pow", "SIDECHANNEL_POW", BOOL, HERE, "Policy", "1",  \
      "1|0", "messages need proof of work")                                              \
    X(SIDECHANNEL_POW_DIFFICULTY, "sidechannel-pow-difficulty",                          \
      "SIDECHANNEL_POW_DIFFICULTY", NUMBER, HERE, "Policy", "12", "BITS",                \
      "how much of it")                                                                  \
    X(SIDECHANNEL_POW_ENTRY, "sidechannel-pow-entry", "SIDECHANNEL_POW_ENTRY", BOOL,     \
      HERE, "Policy", NULL, "1|0", "only in the entry channel (off)")                    \
    X(SIDECHANNEL_POW_CHANNELS, "sidechannel-pow-channels", "SIDECHANNEL_POW_CHANNELS",  \
      TEXT, HERE, "Policy", NULL, "CHAN,...", "only in these channels")                  \
    X(SIDECHANNEL_RATE_BYTES, "sidechannel-rate-bytes", "SIDECHANNEL_RATE_BYTES",        \
      NUMBER, HERE, "Policy", "64000", "BYTES", "per second and connection")             \
    X(SIDECHANNEL_RATE_BURST, "sidechannel-rate-burst", "SIDECHANNEL_RATE_BURST",        \
      NUMBER, HERE, "Policy", "256000", "BYTES", "at once per connection")               \
    X(SIDECHANNEL_MAX_STRIKES, "sidechannel-max-strikes", "SIDECHANNEL_MAX_STRIKES",     \
      NUMBER, HERE, "Policy", "3", "N", "refusals before a connection is blocked")

#define PEER_FLAG_MAP_NETWORK(X)                                                         \
    X(PEER_DHT_BOOTSTRAP, "peer-dht-bootstrap", "PEER_DHT_BOOTSTRAP", TEXT, HERE,        \
      "Network", NULL, "HOST:PORT,...",                                                  \
      "find other peers by these DHT nodes, or \"public\" (off)")                        \
    X(DHT_BOOTSTRAP, "dht-bootstrap", "DHT_BOOTSTRAP", TEXT, HERE, "Network", NULL,      \
      "HOST:PORT,...", "another name of --peer-dht-bootstrap")                           \
    X(DHT_HOST, "dht-host", "DHT_HOST", TEXT, HERE, "Network", "0.0.0.0", "ADDR",        \
      "address to bind for it")                                                          \
    X(SUBNET_CHANNEL, "subnet-channel", "SUBNET_CHANNEL", TEXT, SUBNET, "Network",       \
      "trac-peer-subnet", "NAME", "replicated subnet to be in")                          \
    X(SUBNET_BOOTSTRAP, "subnet-bootstrap", "SUBNET_BOOTSTRAP", TEXT, SUBNET, "Network", \
      NULL, "HEX", "writer key of the peer that made the subnet")                        \
    X(TIMER, "timer", "INTERCOM_TIMER", BOOL, SUBNET, "Network", NULL, "1|0",            \
      "feed the contract's clock (off)")                                                 \
    X(MSB_STORE_NAME, "msb-store-name", "MSB_STORE_NAME", TEXT, MSB, "Network", NULL,    \
      "NAME", "folder of the settlement bus (<peer store>-msb)")                         \
    X(MSB_STORES_DIRECTORY, "msb-stores-directory", "MSB_STORES_DIRECTORY", TEXT, MSB,   \
      "Network", "stores/", "DIR", "where that folder is")                               \
    X(MSB_DHT_BOOTSTRAP, "msb-dht-bootstrap", "MSB_DHT_BOOTSTRAP", TEXT, MSB, "Network", \
      NULL, "HOST:PORT,...", "first nodes of its DHT")

#endif
