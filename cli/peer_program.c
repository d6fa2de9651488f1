#include "peer_program.h"

#include <event2/event.h>
#include <stdio.h>
#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "intersplit/form.h"
#include "io/loop.h"
#include "peer/peer.h"
#include "peer_banner.h"
#include "peer_complete.h"

static const struct timeval stop_time = {.tv_sec = 5};

void peer_print_line(const char *text, void *user)
{
    peer_program *program = user;

    if (program->terminal)
        peer_terminal_print(program->terminal, text);
    else
        (void)printf("%s\n", text);
}

static void on_log(ic_log_level level, const char *room, const char *text, void *user)
{
    peer_program *program = user;
    char line[PEER_REASON_MAX + 64];

    if (level == IC_LOG_DEBUG && !program->config->debug)
        return;
    if (level <= IC_LOG_WARN && !program->terminal) {
        peer_complain("%s", text);
        return;
    }
    (void)snprintf(line, sizeof line, level == IC_LOG_INFO ? "%.0s%s" : "[%s] %s", room,
                   text);
    peer_print_line(line, program);
}

/* --- stop --- */

static void on_peer_closed(void *user)
{
    peer_program *program = user;
    (void)event_base_loopexit(program->base, NULL);
}

/* The book signs with the peer's key, and the bridge writes into the book. */
static void on_plans_closed(void *user)
{
    peer_program *program = user;

    peer_sync_free(program->sync);
    program->sync = NULL;
    peer_due_free(program->due);
    program->due = NULL;
    program->app.sync = NULL;
    isplit_book_close(program->book);
    program->book = NULL;
    if (program->peer)
        ic_peer_close(program->peer, on_peer_closed, program);
    else
        on_peer_closed(program);
    program->peer = NULL;
}

static void on_web_closed(void *user)
{
    peer_program *program = user;

    peer_wait_free(program->wait);
    program->wait = NULL;
    peer_plans_close(program->plans, on_plans_closed, program);
    program->plans = NULL;
    program->app.plans = NULL;
}

static void on_impatient(evutil_socket_t fd, short what, void *arg)
{
    peer_program *program = arg;

    (void)fd;
    (void)what;
    (void)event_base_loopbreak(program->base);
}

static void stop(void *user)
{
    peer_program *program = user;

    if (program->stopping)
        return;
    program->stopping = true;
    (void)event_add(program->patience, &stop_time);
    peer_web_stop(&program->web, on_web_closed, program);
}

/* Somebody may have sent, joined, left, or added to the ledger. */
static void look_for_work(void *user)
{
    peer_program *program = user;

    if (program->peer)
        ic__peer_wake(program->peer);
    if (program->sync)
        peer_sync_wake(program->sync);
}

/* --- terminal --- */

/* The line is run again when its plan is there. */
static void wait_for_plan(peer_program *program, const char *text, size_t len,
                          peer_reply *reply)
{
    int error = peer_wait_begin(program->wait, text, len, reply->waits_for);

    if (error)
        peer_plans_leave(program->plans, reply->waits_for);
    if (error == IC_ERR_BUSY)
        peer_fail(reply, "one plan is being searched for already; Enter ends that with "
                         "a quick one");
    else if (error)
        peer_fail(reply, "%s", ic_strerror(error));
    else
        peer_terminal_hold(program->terminal, true);
}

static void run_line(const char *text, size_t len, void *user)
{
    peer_program *program = user;
    peer_reply reply = {.line = peer_print_line, .user = program};
    char line[PEER_ERROR_MAX + 32];

    program->typing = true;
    peer_command_run(&program->app, PEER_ASKER_TERMINAL, text, len, &reply);
    program->typing = false;
    look_for_work(program);
    if (reply.waits_for[0])
        wait_for_plan(program, text, len, &reply);
    if (!reply.failed)
        return;
    (void)snprintf(line, sizeof line, "Command failed: %s", reply.error);
    peer_print_line(line, program);
}

static void on_line(const char *text, size_t len, void *user)
{
    peer_program *program = user;

    if (program->stopping)
        return;
    if (!len)
        peer_wait_hurry(program->wait);
    else
        run_line(text, len, program);
}

/* Whoever waited is answered, and what was piped behind is read. */
static void run_again(const char *text, size_t len, void *user)
{
    peer_program *program = user;

    peer_terminal_hold(program->terminal, false);
    run_line(text, len, program);
}

/* A peer that serves others lives on when nobody types; on a TTY, ^D is /exit. */
static void on_end(void *user)
{
    peer_program *program = user;
    bool serves = program->config->bridge || program->config->page;

    if (peer_terminal_can_edit() || !serves)
        stop(program);
}

static size_t on_complete(const char *text, size_t len,
                          void (*offer)(const char *word, void *to), void *to, void *user)
{
    peer_program *program = user;

    if (program->stopping) /* keys may come behind /exit, and the ledger is closed */
        return len;
    return peer_complete(&program->app, text, len, offer, to);
}

static int start_terminal(peer_program *program)
{
    const peer_terminal_options opts = {
        .base = program->base,
        .history_path = program->history_path,
        .on_line = on_line,
        .on_end = on_end,
        .complete = on_complete,
        .user = program,
    };

    const peer_wait_options wait = {
        .base = program->base,
        .plans = program->plans,
        .print = peer_terminal_can_edit() ? peer_print_line : NULL,
        .print_every_ms = 500,
        .run = run_again,
        .user = program,
    };

    if (peer_terminal_can_edit())
        peer_print_line("Type /help for the commands, /exit to stop.", program);
    int error = peer_wait_new(&wait, &program->wait);
    if (!error)
        error = peer_terminal_new(&opts, &program->terminal);
    if (error)
        peer_complain("cannot read the terminal: %s", ic_strerror(error));
    return error;
}

/* --- start --- */

static int start_loop(peer_program *program)
{
    int error = ic__loop_new(&program->base);

    if (!error)
        error = ic__loop_signals_new(program->base, stop, program, &program->signals);
    if (error)
        return error;
    program->patience = event_new(program->base, -1, 0, on_impatient, program);
    return program->patience ? 0 : IC_ERR_NOMEM;
}

static void set_up_app(peer_program *program)
{
    program->app = (peer_app){
        .peer = program->peer,
        .channels = ic__peer_channels(program->peer),
        .book = program->book,
        .plans = program->plans,
        .env = program->env,
        .snapshot_path = program->snapshot_path,
        .keys_over_bridge = program->config->cli_keys,
        .stop = stop,
        .did = look_for_work,
        .user = program,
    };
}

/* What clients of the bridge do to the ledger, for --sc-bridge-debug. */
static void say_change(peer_program *program, const isplit_change *change)
{
    peer_reply out = {.line = peer_print_line, .user = program};
    const isplit_state *state;
    char *text;

    if (change->kind != ISPLIT_CHANGE_ADDED)
        peer_say(&out, "[expense:%s] %s", change->room,
                 change->kind == ISPLIT_CHANGE_CLEARED  ? "cleared"
                 : change->kind == ISPLIT_CHANGE_EDITED ? "edited"
                 : change->kind == ISPLIT_CHANGE_SET    ? "changed"
                                                        : "restored");
    else if (isplit_book_state(program->book, change->room, &state) == 0 &&
             isplit_form_added(state, change->entry, &text) == 0) {
        peer_say_lines(&out, text);
        ic_mem_free(text);
    }
}

static void on_change(const isplit_change *change, void *user)
{
    peer_program *program = user;

    peer_web_change(&program->web, change);
    if (program->sync)
        peer_sync_wake(program->sync);
    if (program->config->bridge_debug && !program->typing)
        say_change(program, change);
}

static void on_plan(const char *room, void *user)
{
    peer_program *program = user;

    peer_web_planned(&program->web, room);
    if (program->wait && !program->stopping)
        peer_wait_planned(program->wait, room);
}

static int start(peer_program *program, peer_config *config)
{
    peer_reply out = {.line = peer_print_line, .user = program};
    char why[PEER_REASON_MAX];

    int error = start_loop(program);
    if (error) {
        peer_complain("cannot make an event loop: %s", ic_strerror(error));
        return error;
    }
    config->peer.on_connection = peer_on_connection;
    config->peer.user = program;
    error = peer_program_open(program, config);
    if (error)
        return error;
    error =
        peer_plans_new(program->base, program->book, on_plan, program, &program->plans);
    if (error)
        return error;
    error = peer_due_new(program->base, &program->env, program->peer, program->book,
                         &program->due);
    if (error)
        return error;
    set_up_app(program);
    isplit_book_on_change(program->book, on_change, program);
    error = peer_go_online(program);
    if (error)
        return error;
    error = peer_web_start(&program->web, program->base, config, &program->app, why);
    if (error) {
        peer_complain("%s", why);
        return error;
    }
    const peer_ports ports = {peer_web_bridge_port(&program->web),
                              peer_web_page_port(&program->web)};
    peer_banner(config, program->peer, &ports, &out);
    (void)fflush(stdout); /* who reads from a pipe waits for these lines */
    return start_terminal(program);
}

static void release(peer_program *program)
{
    peer_terminal_free(program->terminal);
    peer_wait_free(program->wait);
    peer_sync_free(program->sync);
    peer_due_free(program->due);
    isplit_book_close(program->book);
    ic_mem_free(program->snapshot_path);
    ic_mem_free(program->history_path);
    if (program->patience)
        event_free(program->patience);
    ic__loop_signals_free(program->signals);
    if (program->base)
        event_base_free(program->base);
}

int peer_program_run(peer_config *config)
{
    peer_program program = {.config = config};

    ic_env_system(&program.env);
    program.env.log = on_log;
    program.env.user = &program;
    int error = start(&program, config);
    if (error && program.base)
        stop(&program);
    if (program.base)
        (void)event_base_dispatch(program.base);
    release(&program);
    if (error)
        return error == IC_ERR_INVALID ? PEER_EXIT_USAGE : PEER_EXIT_FAILED;
    return 0;
}
