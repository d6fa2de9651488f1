/*
 * intercom-bridge: the page on one port, forwarded to the SC-Bridge of a running peer.
 */
#include <event2/event.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "bridge/access_token.h"
#include "bridge/relay.h"
#include "bridge/ui_flags.h"
#include "intercom/error.h"
#include "intercom/init.h"
#include "io/loop.h"
#include "io/page.h"
#include "io/tcp.h"
#include "io/tls.h"

enum { EXIT_GOOD, EXIT_FAILED, EXIT_USAGE };

typedef struct program {
    bridge_ui_flags flags;
    ic_env env;
    char token[BRIDGE_TOKEN_MAX + 1];
    ic__page *page;
    ic__tls_config *tls;
    ic__tls_config *upstream_tls;
    struct event_base *base;
    ic__loop_signals *signals;
    bridge_relay *relay;
} program;

static int complain(const char *about, const char *text)
{
    (void)fprintf(stderr, "intercom-bridge: %s%s%s\n", about, about[0] ? ": " : "", text);
    return EXIT_FAILED;
}

static void on_log(ic_log_level level, const char *room, const char *text, void *user)
{
    (void)user;
    if (level <= IC_LOG_WARN)
        (void)complain(room, text);
}

static int load_token(program *p)
{
    const char *file = p->flags.token_file;
    int error = file ? bridge_access_token_read(file, p->token) : 0;

    switch (error) {
    case 0:
        return EXIT_GOOD;
    case IC_ERR_INVALID:
        return complain(file, "the token must have 16 to 256 visible ASCII characters");
    case IC_ERR_DENIED:
        return complain(file, "others can read it; chmod 600 it");
    default:
        return complain(file, ic_strerror(error));
    }
}

/* The page, and where it finds its bridge: at its own origin. */
static int load_page(program *p)
{
    static const char config[] = "{\"bridge\":\"" BRIDGE_RELAY_PATH "\"}";
    int error = ic__page_load(p->flags.page_folder, &p->page);

    if (!error)
        error = ic__page_put(p->page, "/config.json", config);
    if (error == IC_ERR_NOT_FOUND)
        return complain(p->flags.page_folder, "no page there; give --page-dir");
    return error ? complain(p->flags.page_folder, ic_strerror(error)) : EXIT_GOOD;
}

static int load_tls(program *p)
{
    const bridge_ui_flags *f = &p->flags;
    char why[256];

    if (f->cert_file && ic__tls_server_config_new(f->cert_file, f->key_file, &p->tls, why,
                                                  sizeof why) != 0)
        return complain("", why);
    if (f->upstream.secure &&
        ic__tls_client_config_new(f->upstream_ca_file, &p->upstream_tls, why,
                                  sizeof why) != 0)
        return complain("", why);
    return EXIT_GOOD;
}

static int listen_for_pages(program *p)
{
    bridge_relay_options options = {
        .upstream = p->flags.upstream, .upstream_tls = p->upstream_tls, .env = &p->env};
    char text[256];

    ic__ws_server_options_default(&options.server);
    options.server.host = p->flags.host;
    options.server.port = p->flags.port;
    options.server.origins = p->flags.origins;
    options.server.hosts = p->flags.hosts;
    options.server.access_token = p->flags.token_file ? p->token : NULL;
    options.server.page = p->page;
    options.server.tls = p->tls;
    int error = bridge_relay_new(p->base, &options, &p->relay);
    if (!error)
        return EXIT_GOOD;
    ic__tcp_listen_text(text, sizeof text, p->flags.host, p->flags.port, error);
    return complain("", text);
}

static void on_closed(void *user)
{
    program *p = user;

    p->relay = NULL;
    ic__loop_signals_free(p->signals); /* the last event: the loop ends */
    p->signals = NULL;
}

static void on_stop(void *user)
{
    program *p = user;

    bridge_relay_close(p->relay, on_closed, p);
}

static void announce(const program *p)
{
    bool v6 = false;

    for (const char *at = p->flags.host; *at; at++)
        v6 = v6 || *at == ':';
    (void)printf(v6 ? "Page: %s://[%s]:%u/\n" : "Page: %s://%s:%u/\n",
                 p->tls ? "https" : "http", p->flags.host,
                 (unsigned)bridge_relay_port(p->relay));
    (void)printf("SC-Bridge: %s\n", p->flags.upstream_text);
    (void)fflush(stdout);
}

static int run(program *p)
{
    if (load_token(p) || load_page(p) || load_tls(p))
        return EXIT_FAILED;
    if (ic__loop_new(&p->base) != 0 ||
        ic__loop_signals_new(p->base, on_stop, p, &p->signals) != 0)
        return complain("", ic_strerror(IC_ERR_NOMEM));
    if (listen_for_pages(p))
        return EXIT_FAILED;
    announce(p);
    return event_base_dispatch(p->base) < 0 ? complain("", "the event loop failed")
                                            : EXIT_GOOD;
}

static void clean_up(program *p)
{
    ic__loop_signals_free(p->signals);
    if (p->base)
        event_base_free(p->base);
    ic__tls_config_free(p->tls);
    ic__tls_config_free(p->upstream_tls);
    ic__page_free(p->page);
    sodium_memzero(p->token, sizeof p->token);
}

static const char *environment(const char *name)
{
    return getenv(name);
}

int main(int argc, char **argv)
{
    static program p;
    char why[BRIDGE_UI_WHY_MAX];

    if (ic_init() != 0)
        return complain("", "no source of random numbers");
    ic_env_system(&p.env);
    p.env.log = on_log;
    if (bridge_ui_flags_read(&p.flags, argc, argv, environment, BRIDGE_PAGE_FOLDER,
                             why) != 0) {
        (void)complain("", why);
        return EXIT_USAGE;
    }
    if (p.flags.help || p.flags.version) {
        (void)printf("%s",
                     p.flags.help ? bridge_ui_help : "intercom-bridge " IC_VERSION "\n");
        return EXIT_GOOD;
    }
    int code = run(&p);
    clean_up(&p);
    return code;
}
