/* The program among other peers: messages, requests, connections, and the ledger. */
#include "base/env.h"
#include "intercom/error.h"
#include "peer/peer.h"
#include "peer_program.h"

static void print_message(peer_program *program, const ic__sc_event *event,
                          const char *from)
{
    const ic__json *message = ic__json_get(event->envelope, "message");
    const char *plain = ic__json_cstring(message);
    peer_reply out = {.line = peer_print_line, .user = program};
    ic__buf text = {0};

    if (plain)
        ic__buf_text(&text, plain);
    else
        ic__json_write(&text, message);
    ic__buf_char(&text, '\0');
    if (!text.bad)
        peer_say(&out, "[sidechannel:%s] %s: %s", event->channel, from,
                 (const char *)text.data);
    ic__buf_free(&text);
}

static void on_message(peer_program *program, const ic__sc_event *event)
{
    const char *from = ic__json_cstring(ic__json_get(event->envelope, "from"));
    const char *author = event->is_signed && from ? from : event->remote;
    const ic__json *message = ic__json_get(event->envelope, "message");

    peer_web_message(&program->web, event->channel, event->envelope);
    if (program->sync && peer_sync_take(program->sync, event->channel, author, message))
        return;
    if (program->prints)
        print_message(program, event, from ? from : "?");
}

static void on_news(const ic__sc_event *event, void *user)
{
    peer_program *program = user;
    peer_reply out = {.line = peer_print_line, .user = program};

    if (program->stopping)
        return;
    if (event->what == IC__SC_MESSAGE)
        on_message(program, event);
    else if (event->what == IC__SC_AUTO_JOINED)
        peer_say(&out, "[sidechannel] auto-joined channel: %s", event->channel);
    else
        peer_say(&out, "[sidechannel] channel request received: %s", event->channel);
    if (event->what == IC__SC_AUTO_JOINED && program->sync)
        peer_sync_wake(program->sync);
}

void peer_on_connection(ic_peer *peer, const char *remote, bool up, void *user)
{
    peer_program *program = user;

    (void)peer;
    ic__log(&program->env, IC_LOG_DEBUG, "network", "%s %.8s",
            up ? "connected to" : "lost", remote);
    if (!program->sync)
        return;
    if (up)
        peer_sync_greet(program->sync);
    else
        peer_sync_lost(program->sync, remote);
}

static void on_company(const char *room, void *user)
{
    peer_program *program = user;

    if (!program->stopping)
        peer_web_company(&program->web, room);
}

int peer_go_online(peer_program *program)
{
    const peer_config *config = program->config;

    if (!config->peer.network)
        return 0;
    /* As the reference prints them: whoever serves a bridge reads messages there; but a
     * terminal that somebody sits at shows them, too. */
    program->prints = !config->quiet && (!config->bridge || peer_terminal_can_edit());
    ic__peer_on_news(program->peer, on_news, program);
    int error = peer_sync_new(program->base, &program->env, program->peer, program->book,
                              &program->sync);
    program->app.sync = program->sync;
    if (!error)
        peer_sync_on_company(program->sync, on_company, program);
    else
        peer_complain("cannot share the ledger: %s", ic_strerror(error));
    return error;
}
