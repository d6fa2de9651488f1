/* The ledger's commands (docs/spec/16-ledger.md, section 0). */
#include <stdio.h>
#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "intersplit/export.h"
#include "intersplit/form.h"
#include "peer_expense.h"
#include "peer_near.h"
#include "peer_plans.h"
#include "sidechannel/sidechannel.h"

#define ENTRY_CHANNEL "0000intercom"
#define ROOM PEER_EXPENSE_ROOM

/* Is `name` one of `names`, which have blanks between? If not, `near` gets what comes
 * near. */
static bool listed(const char *names, const char *name, peer_near *near)
{
    char each[PEER_NEAR_MAX + 1];

    for (const char *at = names; *at; at += strspn(at, " ")) {
        size_t n = strcspn(at, " ");
        (void)snprintf(each, sizeof each, "%.*s", (int)n, at);
        if (strcmp(each, name) == 0)
            return true;
        peer_near_offer(near, name, each);
        at += n;
    }
    return false;
}

/* "--channel --plan --via": each argument by its first name. */
static void write_names(const peer_command *command, char *out, size_t size)
{
    const char *names = command->flags;
    size_t len = 0;

    for (size_t n; *names && len + 4 < size; names += n + (names[n] == ' ')) {
        n = strcspn(names, " ");
        len += (size_t)snprintf(out + len, size - len, "%s--%.*s", len ? " " : "", (int)n,
                                names);
    }
}

static void refuse_argument(const peer_call *call, const peer_arg *arg,
                            const peer_near *near)
{
    const char *command = call->command->name;
    char names[300] = "";

    write_names(call->command, names, sizeof names);
    if (near->name[0])
        peer_fail(call->reply, "%s has no --%.60s; did you mean --%s?", command,
                  arg->name, near->name);
    else if (arg->bare)
        peer_fail(call->reply,
                  "'%.60s' has no name in front, such as --channel; %s takes: %s",
                  arg->name, command, names);
    else
        peer_fail(call->reply, "%s has no --%.60s; it takes: %s", command, arg->name,
                  names);
}

/* A misspelled --channel must not write into the entry channel, so unknown names are
 * refused. */
static bool only_known(const peer_call *call, const char *names)
{
    for (size_t i = 0; i < call->line->arg_count; i++) {
        const peer_arg *arg = &call->line->args[i];
        peer_near near = {0};
        if (!listed(names, arg->name, &near)) {
            refuse_argument(call, arg, &near);
            return false;
        }
        if (!arg->value) {
            peer_fail(call->reply, "--%.60s lacks its value", arg->name);
            return false;
        }
    }
    return true;
}

static char *copy_text(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = ic_mem_alloc(size);

    if (copy)
        memcpy(copy, text, size);
    return copy;
}

const char *peer_expense_room(const peer_call *call, const char *names, char **memory)
{
    *memory = NULL;
    if (!only_known(call, names))
        return NULL;
    const char *given = peer_line_any(call->line, ROOM);
    if (!given)
        return ENTRY_CHANNEL;
    *memory = copy_text(given);
    if (!*memory) {
        peer_fail(call->reply, "%s", ic_strerror(IC_ERR_NOMEM));
        return NULL;
    }
    const char *room = peer_trim(*memory);
    return *room ? room : ENTRY_CHANNEL;
}

bool peer_expense_may_write(const peer_call *call, const char *room)
{
    if (ic__sidechannel_may_send(call->app->channels, room))
        return true;
    peer_fail(call->reply, "Send denied (owner-only or invite required).");
    return false;
}

bool peer_expense_planned(const peer_call *call, const char *room)
{
    peer_plans *plans = call->app->plans;

    if (!plans || peer_plans_ready(plans, room))
        return true;
    (void)snprintf(call->reply->waits_for, sizeof call->reply->waits_for, "%s", room);
    return false;
}

bool peer_expense_truthy(const char *text)
{
    return text && (strcmp(text, "1") == 0 || strcmp(text, "true") == 0);
}

void peer_expense_say(const peer_call *call, int error, char *text)
{
    if (error) {
        peer_fail(call->reply, "%s", ic_strerror(error));
        return;
    }
    peer_say_lines(call->reply, text);
    ic_mem_free(text);
}

/* --- what reads --- */

typedef int (*form_fn)(const isplit_state *state, char **out);

static void show(const peer_call *call, const char *names, form_fn form)
{
    char *memory;
    const isplit_state *state;
    char *text = NULL;
    const char *room = peer_expense_room(call, names, &memory);

    if (!room)
        return;
    int error = isplit_book_state(call->app->book, room, &state);
    if (!error)
        error = form(state, &text);
    peer_expense_say(call, error, text);
    ic_mem_free(memory);
}

void peer_cmd_expense_list(const peer_call *call)
{
    bool all = peer_expense_truthy(peer_line_any(call->line, "all"));

    show(call, ROOM " all", all ? isplit_form_list_all : isplit_form_list);
}

void peer_expense_export(const peer_call *call, const char *room, const char *format_name,
                         const char *what_name)
{
    isplit_export_format format;
    isplit_export_what what;
    isplit_reason why = {{0}};
    const isplit_state *state;
    char *text = NULL;

    int error = isplit_export_read(format_name, what_name, &format, &what, &why);
    if (error) {
        peer_fail(call->reply, "Invalid format: %s", why.text);
        return;
    }
    if (what == ISPLIT_EXPORT_SETTLEMENTS && !peer_expense_planned(call, room))
        return;
    error = isplit_book_state(call->app->book, room, &state);
    if (!error)
        error = isplit_export_write(state, what, format,
                                    call->app->env.wall_ms(call->app->env.user), &text);
    peer_expense_say(call, error, text);
}

void peer_cmd_expense_export(const peer_call *call)
{
    char *memory;
    const char *room = peer_expense_room(call, ROOM " format what", &memory);

    if (!room)
        return;
    peer_expense_export(call, room, peer_line_any(call->line, "format"),
                        peer_line_any(call->line, "what"));
    ic_mem_free(memory);
}

/* --- what changes all of it --- */

void peer_expense_clear(const peer_call *call, const char *room)
{
    size_t removed;
    isplit_reason why = {{0}};

    if (!peer_expense_may_write(call, room))
        return;
    int error = isplit_book_clear(call->app->book, room, &removed, &why);
    if (error)
        peer_fail(call->reply, "%s", why.text[0] ? why.text : ic_strerror(error));
    else
        peer_say(call->reply, "[expense:%s] cleared removed=%zu", room, removed);
}

void peer_cmd_expense_clear(const peer_call *call)
{
    char *memory;
    const char *room = peer_expense_room(call, ROOM, &memory);

    if (!room)
        return;
    peer_expense_clear(call, room);
    ic_mem_free(memory);
}

static void say_persisted(const peer_call *call, const char *room, bool sim, size_t count)
{
    if (sim) {
        peer_say(call->reply, "[expense:%s] would persist entries=%zu (simulation)", room,
                 count);
        return;
    }
    peer_say(call->reply, "[expense:%s] persisted entries=%zu source=local", room, count);
    peer_say(call->reply, "Saved on this machine: %s", call->app->snapshot_path);
    peer_say(
        call->reply,
        "Not in the contract: the subnet plane is not built yet, so no other machine "
        "has this copy.");
}

void peer_expense_persist(const peer_call *call, const char *room, bool sim)
{
    size_t count;
    isplit_reason why = {{0}};

    int error = isplit_book_persist(call->app->book, room, sim, &count, &why);
    if (error == IC_ERR_NOT_FOUND)
        peer_fail(call->reply, "Nothing to persist.");
    else if (error)
        peer_fail(call->reply, "Persist failed: %s",
                  why.text[0] ? why.text : ic_strerror(error));
    else
        say_persisted(call, room, sim, count);
}

void peer_cmd_expense_persist(const peer_call *call)
{
    char *memory;
    const char *room = peer_expense_room(call, ROOM " sim", &memory);

    if (!room)
        return;
    peer_expense_persist(call, room,
                         peer_expense_truthy(peer_line_any(call->line, "sim")));
    ic_mem_free(memory);
}

static void say_restored(const peer_call *call, const char *room,
                         const isplit_restored *got, bool replace)
{
    peer_say(call->reply, "[expense:%s] restored source=%s added=%zu total=%zu", room,
             got->found ? "local" : "none", got->added, got->total);
    if (got->found && !got->total && !replace)
        peer_say(call->reply,
                 "What was cleared stays cleared; --replace 1 brings it back.");
}

void peer_expense_restore(const peer_call *call, const char *room, bool replace)
{
    isplit_restored got;
    isplit_reason why = {{0}};

    int error = isplit_book_restore(call->app->book, room, replace, &got, &why);
    if (error)
        peer_fail(call->reply, "Restore failed: %s",
                  why.text[0] ? why.text : ic_strerror(error));
    else
        say_restored(call, room, &got, replace);
}

void peer_cmd_expense_restore(const peer_call *call)
{
    char *memory;
    const char *room = peer_expense_room(call, ROOM " confirmed replace", &memory);

    if (!room)
        return;
    peer_expense_restore(call, room,
                         peer_expense_truthy(peer_line_any(call->line, "replace")));
    ic_mem_free(memory);
}
