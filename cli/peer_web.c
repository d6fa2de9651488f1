#include "peer_web.h"

#include <string.h>

#include "intercom/error.h"
#include "intercom/peer.h"
#include "intercom/sys/mem.h"
#include "io/page.h"
#include "io/tls.h"
#include "peer_plans.h"
#include "peer_sync.h"
#include "sidechannel/policy.h"

#define CONFIG "{\"bridge\":\"/\"}" /* the page's own origin */

static void write_info(ic__buf *json, void *user)
{
    const peer_web *web = user;
    char *text;

    if (ic_peer_info(web->app->peer, &text) != 0) {
        json->bad = true;
        return;
    }
    ic__buf_text(json, text);
    ic_mem_free(text);
}

static void add_line(const char *text, void *user)
{
    bridge_output_line(user, text, strlen(text));
}

static void run_command(const char *line, bridge_output *out, void *user)
{
    const peer_web *web = user;
    peer_reply reply = {.line = add_line, .user = out};

    peer_command_run(web->app, PEER_ASKER_BRIDGE, line, strlen(line), &reply);
    ic__buf_text(&out->waits_for, reply.waits_for);
    if (reply.failed)
        bridge_output_fail(out, reply.error);
}

static bridge_company company_of(const char *room, void *user)
{
    const peer_web *web = user;
    isplit_bind_room r = {0};

    if (web->app->sync)
        r = peer_sync_room(web->app->sync, room);
    return (bridge_company){.peers = r.peer_count, .same = r.same_count};
}

static bool sync_of(isplit_bind_stats *out, void *user)
{
    const peer_web *web = user;

    if (web->app->sync)
        *out = peer_sync_stats(web->app->sync);
    return web->app->sync != NULL;
}

static bool planned(const char *room, void *user)
{
    const peer_web *web = user;

    return !web->app->plans || peer_plans_ready(web->app->plans, room);
}

static bool progress(const char *room, bridge_progress *out, void *user)
{
    const peer_web *web = user;
    peer_plans_effort e;

    if (!peer_plans_progress(web->app->plans, room, &e))
        return false;
    *out = (bridge_progress){.steps = e.steps,
                             .budget = e.budget,
                             .payments = e.payments,
                             .lower_bound = e.lower_bound};
    return true;
}

static void leave(const char *room, void *user)
{
    const peer_web *web = user;

    peer_plans_leave(web->app->plans, room);
}

static void quick(const char *room, void (*ask)(const char *room, void *asker),
                  void *asker, void *user)
{
    const peer_web *web = user;

    peer_plans_quick(web->app->plans, room, ask, asker);
}

static void did(void *user)
{
    const peer_web *web = user;

    web->app->did(web->app->user);
}

/* --- options --- */

static int load_page(peer_web *web, const peer_config *config, char why[PEER_REASON_MAX])
{
    int error = ic__page_load(config->page_directory, &web->files);

    if (!error)
        error = ic__page_put(web->files, "/config.json", CONFIG);
    if (error == IC_ERR_NOT_FOUND)
        (void)snprintf(why, PEER_REASON_MAX,
                       "there is no page in %.300s; --ui-directory says where it is",
                       config->page_directory);
    else if (error)
        (void)snprintf(why, PEER_REASON_MAX, "cannot read the page in %.300s: %s",
                       config->page_directory, ic_strerror(error));
    return error;
}

static void fill(bridge_server_options *o, const peer_web *web, const peer_config *config,
                 const ic__list *origins)
{
    bridge_server_options_default(o);
    o->settings.token = config->token;
    o->settings.filter = config->filter ? config->filter : "";
    o->settings.filter_channels = config->filter_channels;
    o->settings.cli = config->cli;
    o->settings.cli_keys = config->cli_keys;
    o->settings.debug = config->bridge_debug;
    o->origins = origins->count ? (const char *const *)origins->items : NULL;
    o->tls = web->tls;
}

static int listen_on(peer_web *web, struct event_base *base,
                     const bridge_server_options *o, bridge_server **out,
                     char why[PEER_REASON_MAX])
{
    ic__buf text = {.max = PEER_REASON_MAX - 1};

    int error = bridge_server_new(base, o, &web->host, out, &text);
    if (!error)
        web->open++;
    else
        (void)snprintf(why, PEER_REASON_MAX, "%s",
                       text.len ? text.data : ic_strerror(error));
    ic__buf_free(&text);
    return error;
}

/* The page is at one port and its users may type the bridge's: both names of this machine
 * count as its origin. */
static int add_page_origins(const peer_web *web, ic__list *origins)
{
    static const char *const hosts[] = {"127.0.0.1", "localhost"};
    const size_t count = sizeof hosts / sizeof *hosts;

    char **items =
        ic_mem_resize(origins->items, (origins->count + count + 1) * sizeof *items);
    if (!items)
        return IC_ERR_NOMEM;
    origins->items = items;
    for (size_t i = 0; i < count; i++) {
        ic__buf text = {0};
        ic__buf_printf(&text, "%s://%s:%u", web->tls ? "https" : "http", hosts[i],
                       peer_web_page_port(web));
        items[origins->count] = ic__buf_take(&text);
        if (!items[origins->count])
            return IC_ERR_NOMEM;
        origins->count++;
    }
    items[origins->count] = NULL;
    return 0;
}

/* The page first: the bridge must know its port. */
static int start_servers(peer_web *web, struct event_base *base,
                         const peer_config *config, ic__list *origins,
                         char why[PEER_REASON_MAX])
{
    bridge_server_options o;
    int error = 0;

    fill(&o, web, config, origins);
    if (config->page) {
        o.host = config->page_host;
        o.port = config->page_port;
        o.page = web->files;
        error = listen_on(web, base, &o, &web->page, why);
        if (!error)
            error = add_page_origins(web, origins);
    }
    if (error)
        return error;
    fill(&o, web, config, origins);
    o.host = config->bridge_host;
    o.port = config->bridge_port;
    return listen_on(web, base, &o, &web->bridge, why);
}

/* The list as an array with NULL at its end. */
static int split_origins(const char *text, ic__list *out)
{
    int error = ic__list_split(text, out);
    if (error || !out->count)
        return error;
    char **items = ic_mem_resize(out->items, (out->count + 1) * sizeof *items);
    if (!items) {
        ic__list_free(out);
        return IC_ERR_NOMEM;
    }
    items[out->count] = NULL;
    out->items = items;
    return 0;
}

static void free_files(peer_web *web)
{
    ic__page_free(web->files);
    ic__tls_config_free(web->tls);
    web->files = NULL;
    web->tls = NULL;
}

int peer_web_start(peer_web *web, struct event_base *base, const peer_config *config,
                   peer_app *app, char why[PEER_REASON_MAX])
{
    ic__list origins = {0};
    int error = 0;

    *web = (peer_web){.app = app};
    if (!config->bridge)
        return 0;
    web->host = (bridge_host){
        .identity = ic_peer_identity(app->peer),
        .sidechannel = app->channels,
        .book = app->book,
        .env = app->env,
        .info = write_info,
        .cli = run_command,
        .company = company_of,
        .sync = sync_of,
        .planned = planned,
        .progress = progress,
        .leave = leave,
        .quick = quick,
        .did = did,
        .user = web,
    };
    (void)snprintf(why, PEER_REASON_MAX, "%s", ic_strerror(IC_ERR_NOMEM));
    if (config->page)
        error = load_page(web, config, why);
    if (!error && config->cert)
        error = ic__tls_server_config_new(config->cert, config->key, &web->tls, why,
                                          PEER_REASON_MAX);
    if (!error)
        error = split_origins(config->origins, &origins);
    if (!error)
        error = start_servers(web, base, config, &origins, why);
    ic__list_free(&origins);
    return error;
}

/* --- stop --- */

static void on_server_closed(void *user)
{
    peer_web *web = user;

    if (--web->open)
        return;
    free_files(web);
    if (web->on_closed)
        web->on_closed(web->user);
}

void peer_web_stop(peer_web *web, void (*on_closed)(void *user), void *user)
{
    bridge_server *servers[] = {web->bridge, web->page};

    web->on_closed = on_closed;
    web->user = user;
    web->bridge = NULL;
    web->page = NULL;
    if (!web->open) {
        free_files(web);
        on_closed(user);
        return;
    }
    for (size_t i = 0; i < sizeof servers / sizeof *servers; i++) {
        if (servers[i])
            bridge_server_close(servers[i], on_server_closed, web);
    }
}

void peer_web_change(peer_web *web, const isplit_change *change)
{
    if (web->bridge)
        bridge_server_expense(web->bridge, change);
    if (web->page)
        bridge_server_expense(web->page, change);
}

void peer_web_company(peer_web *web, const char *room)
{
    if (web->bridge)
        bridge_server_company(web->bridge, room);
    if (web->page)
        bridge_server_company(web->page, room);
}

void peer_web_planned(peer_web *web, const char *room)
{
    if (web->bridge)
        bridge_server_planned(web->bridge, room);
    if (web->page)
        bridge_server_planned(web->page, room);
}

void peer_web_message(peer_web *web, const char *channel, const ic__json *envelope)
{
    if (web->bridge)
        bridge_server_message(web->bridge, channel, envelope);
    if (web->page)
        bridge_server_message(web->page, channel, envelope);
}

unsigned peer_web_bridge_port(const peer_web *web)
{
    return web->bridge ? bridge_server_port(web->bridge) : 0;
}

unsigned peer_web_page_port(const peer_web *web)
{
    return web->page ? bridge_server_port(web->page) : 0;
}
