#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "bridge/session.h"
#include "fake_clock.h"
#include "intercom/init.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define AUTH "{\"type\":\"auth\",\"token\":\"tok\"}"

static void run_line(const char *line, bridge_output *out, void *user)
{
    (void)user;
    bridge_output_line(out, line, strlen(line));
}

static unsigned waiting; /* requests that were told to wait for a plan */

/* Every other plan takes long. */
static bool planned(const char *room, void *user)
{
    bool *ready = user;

    (void)room;
    *ready = !*ready;
    waiting += !*ready;
    return *ready;
}

static bool progress(const char *room, bridge_progress *out, void *user)
{
    (void)room;
    (void)user;
    *out = (bridge_progress){.steps = 1, .budget = 2, .payments = 3, .lower_bound = 2};
    return true;
}

static void leave(const char *room, void *user)
{
    (void)room;
    (void)user;
    if (!waiting--)
        abort();
}

static void quick(const char *room, void (*ask)(const char *room, void *asker),
                  void *asker, void *user)
{
    *(bool *)user = false;
    ask(room, asker);
}

/* Whatever a session says is JSON. */
static void check_answers(bridge_session *s)
{
    const char *text;
    size_t len;

    while ((text = bridge_session_pull(s, &len)) != NULL) {
        ic__json *doc = NULL;
        if (len > IC__JSON_MAX_BYTES)
            continue;
        if (ic__json_parse(text, len, &doc) != 0)
            abort();
        ic__json_free(doc);
    }
}

static void say(bridge_session *s, const uint8_t *data, size_t len, uint64_t *now)
{
    if (bridge_session_message(s, data, len, *now) != 0)
        abort();
    check_answers(s);
    if (bridge_session_held(s)) {
        *now = bridge_session_deadline(s);
        bridge_session_expire(s, *now);
        check_answers(s);
    }
}

/* Each line of the input is one message, to a client that is in and to one that is not.
 */
static void talk(bridge_session *const clients[2], const uint8_t *data, size_t size)
{
    uint64_t now = 0;

    say(clients[0], (const uint8_t *)AUTH, sizeof AUTH - 1, &now);
    while (size) {
        const uint8_t *end = memchr(data, '\n', size);
        size_t len = end ? (size_t)(end - data) : size;
        say(clients[0], data, len, &now);
        say(clients[1], data, len, &now);
        data += end ? len + 1 : len;
        size -= end ? len + 1 : len;
    }
}

/* Opening a ledger takes longer than all the rest. */
static bool asks_for_ledger(const uint8_t *data, size_t size)
{
    static const char word[] = "expense_";

    return memmem(data, size, word, sizeof word - 1) != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static ic_identity *identity;
    ic__sidechannel_options options;
    bridge_settings settings;
    bridge_session *clients[2] = {NULL, NULL};
    bridge_hub *hub = NULL;
    fake_clock clock;
    ic__buf why = {0};

    if (ic_init() != 0 ||
        (!identity && ic_identity_from_seed(&identity, (const uint8_t[32]){1},
                                            IC_NETWORK_MAINNET) != 0))
        abort();
    fake_clock_init(&clock, 1);
    ic__sidechannel_options_default(&options);
    options.identity = identity;
    options.env = fake_clock_env(&clock);
    options.policy.invite_required = true;
    options.policy.invite_prefixes = "p";
    bridge_settings_default(&settings);
    settings.token = "tok";
    settings.cli = true;
    isplit_book_options book;
    isplit_book_options_default(&book);
    book.path = ":memory:";
    book.identity = identity;
    book.env = options.env;
    bool ready = false;
    bridge_host host = {.identity = identity,
                        .env = options.env,
                        .cli = run_line,
                        .planned = planned,
                        .progress = progress,
                        .leave = leave,
                        .quick = quick,
                        .user = &ready};
    if ((asks_for_ledger(data, size) && isplit_book_open(&book, &host.book, NULL) != 0) ||
        ic__sidechannel_new(&options, &host.sidechannel, &why) != 0 ||
        bridge_hub_new(&settings, &host, &hub, &why) != 0 ||
        bridge_session_new(hub, 0, &clients[0]) != 0 ||
        bridge_session_new(hub, 0, &clients[1]) != 0)
        abort();
    talk(clients, data, size);
    bridge_session_free(clients[0]);
    bridge_session_free(clients[1]);
    if (waiting)
        abort();
    bridge_hub_free(hub);
    ic__sidechannel_free(host.sidechannel);
    isplit_book_close(host.book);
    return 0;
}
