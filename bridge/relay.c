#include "bridge/relay.h"

#include <string.h>

#include "base/env.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"

#define HIGH_WATER_BYTES (1u << 20) /* queued for one side before the other waits */
#define MAX_UPSTREAM_MESSAGE_BYTES (4u << 20) /* an answer is longer than a request */
#define PAGE_QUEUE_BYTES (HIGH_WATER_BYTES + MAX_UPSTREAM_MESSAGE_BYTES + (1u << 16))

enum { PAGE, UPSTREAM };

typedef struct pair {
    bridge_relay *relay;
    ic__ws_conn *side[2]; /* NULL when gone */
} pair;

struct bridge_relay {
    struct event_base *base;
    ic__ws_server *server; /* NULL when closed */
    bridge_ws_url upstream;
    ic__tls_config *upstream_tls;
    ic_env env;
    size_t pairs;
    bool closing;
    void (*on_closed)(void *user);
    void *on_closed_user;
};

static void finish_closing(bridge_relay *relay)
{
    if (!relay->closing || relay->server || relay->pairs)
        return;
    void (*on_closed)(void *user) = relay->on_closed;
    void *user = relay->on_closed_user;
    ic_mem_free(relay);
    if (on_closed)
        on_closed(user);
}

static void free_when_both_gone(pair *p)
{
    if (p->side[PAGE] || p->side[UPSTREAM])
        return;
    bridge_relay *relay = p->relay;
    ic_mem_free(p);
    relay->pairs--;
    finish_closing(relay);
}

/* A message that cannot be queued has closed its connection already: on_close follows. */
static void pass_on(ic__ws_conn *from, ic__ws_conn *to, const uint8_t *data, size_t len,
                    bool binary)
{
    int error =
        binary ? ic__ws_send_binary(to, data, len) : ic__ws_send_text(to, data, len);

    if (error == IC_ERR_NOMEM)
        ic__ws_close(to, IC__WS_INTERNAL, ic_strerror(error));
    else if (!error && ic__ws_queued(to) > HIGH_WATER_BYTES)
        ic__ws_set_reading(from, false);
}

static void on_message(pair *p, int from, const uint8_t *data, size_t len, bool binary)
{
    if (p->side[!from])
        pass_on(p->side[from], p->side[!from], data, len, binary);
}

static void on_upstream_open(ic__ws_conn *conn, void *user)
{
    pair *p = user;

    (void)conn;
    if (p->side[PAGE])
        ic__ws_set_reading(p->side[PAGE], true);
}

static void on_upstream_message(ic__ws_conn *conn, const uint8_t *data, size_t len,
                                bool binary, void *user)
{
    (void)conn;
    on_message(user, UPSTREAM, data, len, binary);
}

static void on_upstream_drain(ic__ws_conn *conn, void *user)
{
    pair *p = user;

    (void)conn;
    if (p->side[PAGE])
        ic__ws_set_reading(p->side[PAGE], true);
}

/* Codes that may not stand in a close frame become one that says "not here, not now". */
static void close_page(pair *p, uint16_t code)
{
    bool lost = code == IC__WS_ABNORMAL || code == IC__WS_NO_CODE;

    if (p->side[PAGE])
        ic__ws_close(p->side[PAGE], lost ? IC__WS_TRY_LATER : code,
                     lost ? "the SC-Bridge cannot be reached" : NULL);
}

static void on_upstream_close(ic__ws_conn *conn, uint16_t code, void *user)
{
    pair *p = user;

    (void)conn;
    p->side[UPSTREAM] = NULL;
    close_page(p, code);
    free_when_both_gone(p);
}

static int dial(pair *p)
{
    static const ic__ws_callbacks callbacks = {
        .on_open = on_upstream_open,
        .on_message = on_upstream_message,
        .on_drain = on_upstream_drain,
        .on_close = on_upstream_close,
    };
    const bridge_relay *relay = p->relay;
    ic__ws_dial_options options;

    ic__ws_dial_options_default(&options);
    options.host = relay->upstream.host;
    options.port = relay->upstream.port;
    options.path = relay->upstream.path;
    options.tls = relay->upstream_tls;
    options.env = &relay->env;
    options.limits.max_message_bytes = MAX_UPSTREAM_MESSAGE_BYTES;
    return ic__ws_dial(relay->base, &options, &callbacks, p, &p->side[UPSTREAM]);
}

static void on_page_open(ic__ws_conn *conn, void *user)
{
    bridge_relay *relay = user;
    pair *p = ic_mem_calloc(1, sizeof *p);

    if (!p) {
        ic__ws_close(conn, IC__WS_TRY_LATER, ic_strerror(IC_ERR_NOMEM));
        return;
    }
    p->relay = relay;
    p->side[PAGE] = conn;
    relay->pairs++;
    ic__ws_set_data(conn, p);
    ic__ws_set_reading(conn, false); /* until there is somebody to pass it on to */
    int error = dial(p);
    if (!error)
        return;
    ic__log(&relay->env, IC_LOG_WARN, "bridge", "cannot reach %s: %s",
            relay->upstream.host, ic_strerror(error));
    close_page(p, IC__WS_ABNORMAL);
}

static void on_page_message(ic__ws_conn *conn, const uint8_t *data, size_t len,
                            bool binary, void *user)
{
    pair *p = ic__ws_data(conn);

    (void)user;
    if (p)
        on_message(p, PAGE, data, len, binary);
}

static void on_page_drain(ic__ws_conn *conn, void *user)
{
    pair *p = ic__ws_data(conn);

    (void)user;
    if (p && p->side[UPSTREAM])
        ic__ws_set_reading(p->side[UPSTREAM], true);
}

static void on_page_close(ic__ws_conn *conn, uint16_t code, void *user)
{
    pair *p = ic__ws_data(conn);

    (void)user;
    (void)code;
    if (!p)
        return;
    p->side[PAGE] = NULL;
    if (p->side[UPSTREAM])
        ic__ws_close(p->side[UPSTREAM], IC__WS_NORMAL, NULL);
    free_when_both_gone(p);
}

int bridge_relay_new(struct event_base *base, const bridge_relay_options *options,
                     bridge_relay **out)
{
    static const ic__ws_callbacks callbacks = {
        .on_open = on_page_open,
        .on_message = on_page_message,
        .on_drain = on_page_drain,
        .on_close = on_page_close,
    };
    bridge_relay *relay = ic_mem_calloc(1, sizeof *relay);

    if (!relay)
        return IC_ERR_NOMEM;
    relay->base = base;
    relay->upstream = options->upstream;
    relay->upstream_tls = options->upstream_tls;
    relay->env = *options->env;
    ic__ws_server_options server = options->server;
    server.path = BRIDGE_RELAY_PATH;
    server.env = options->env;
    server.limits.max_queued_bytes = PAGE_QUEUE_BYTES;
    int error = ic__ws_server_new(base, &server, &callbacks, relay, &relay->server);
    if (error) {
        ic_mem_free(relay);
        return error;
    }
    *out = relay;
    return 0;
}

uint16_t bridge_relay_port(const bridge_relay *relay)
{
    return ic__ws_server_port(relay->server);
}

size_t bridge_relay_pairs(const bridge_relay *relay)
{
    return relay->pairs;
}

static void on_server_closed(void *user)
{
    bridge_relay *relay = user;

    relay->server = NULL;
    finish_closing(relay);
}

/* Closing the pages closes what they are joined to. */
void bridge_relay_close(bridge_relay *relay, void (*on_closed)(void *user), void *user)
{
    if (!relay || relay->closing)
        return;
    relay->closing = true;
    relay->on_closed = on_closed;
    relay->on_closed_user = user;
    ic__ws_server_close(relay->server, on_server_closed, relay);
}
