#include <event2/event.h>
#include <stdio.h>
#include <string.h>

#include "admin_dht.h"
#include "base/text.h"
#include "intercom/error.h"
#include "io/loop.h"

#define KEY_TEXT_BYTES (2 * IC_DHT_KEY_BYTES + 1)

/* One question: a node that lives as long as it takes to answer. */
typedef struct question {
    admin_dht_options o;
    struct event_base *base;
    ic__loop_signals *signals;
    ic_dht *dht;
    ic_identity *me;
    const char *text; /* the argument */
    uint8_t key[IC_DHT_KEY_BYTES];
    int (*ask)(struct question *q, const ic_dht_op_options *opts);
    int error;
    size_t found;
    bool interrupted;
} question;

static void on_dht_closed(void *user)
{
    question *q = user;

    q->dht = NULL;
    (void)event_base_loopbreak(q->base);
}

static void stop(question *q)
{
    ic_dht_close(q->dht, on_dht_closed, q);
}

static void on_signal(void *user)
{
    question *q = user;

    q->interrupted = true;
    stop(q);
}

static void on_peer(ic_dht_op *op, const ic_dht_peer *peer, void *user)
{
    question *q = user;
    char hex[KEY_TEXT_BYTES];

    (void)op;
    q->found++;
    ic__hex_encode(hex, peer->public_key, IC_DHT_KEY_BYTES);
    if (q->o.json)
        (void)printf("{\"publicKey\":\"%s\",\"nodes\":\"%s\",\"from\":\"%s\"}\n", hex,
                     peer->nodes, peer->from);
    else
        (void)printf("%s %s\n", hex, peer->nodes);
}

static void print_pong(const question *q, const ic_dht_answer *a)
{
    double ms = (double)a->rtt_ns / 1e6;

    if (q->o.json)
        (void)printf("{\"from\":\"%s\",\"ms\":%.3f,\"ownAddress\":\"%s\"}\n", a->from, ms,
                     a->own_as);
    else
        (void)printf("%s answers after %.3f ms and sees us at %s\n", a->from, ms,
                     a->own_as);
}

static void on_answer(ic_dht_op *op, const ic_dht_answer *answer, void *user)
{
    question *q = user;

    (void)op;
    q->found++;
    if (*answer->from) {
        print_pong(q, answer);
    } else if (q->o.json) {
        (void)printf("{\"seq\":%llu,\"value\":", (unsigned long long)answer->seq);
        admin_dht_print_json(answer->value, answer->len);
        (void)puts("}");
    } else {
        (void)fwrite(answer->value, 1, answer->len, stdout);
        (void)fputc('\n', stdout);
    }
}

/* What was written, and at how many nodes. */
static void print_stored(const question *q, size_t nodes)
{
    char hex[KEY_TEXT_BYTES];

    ic__hex_encode(hex, q->key, IC_DHT_KEY_BYTES);
    if (q->o.json)
        (void)printf("{\"key\":\"%s\",\"nodes\":%zu}\n", hex, nodes);
    else
        (void)printf("%s at %zu nodes\n", hex, nodes);
}

static void on_done(ic_dht_op *op, int error, size_t nodes, void *user)
{
    question *q = user;

    (void)op;
    q->error = error;
    if (!error && q->me)
        print_stored(q, nodes);
    stop(q);
}

static void on_ready(ic_dht *dht, void *user)
{
    question *q = user;
    ic_dht_op_options opts;

    (void)dht;
    ic_dht_op_options_default(&opts);
    opts.on_peer = on_peer;
    opts.on_answer = on_answer;
    opts.on_done = on_done;
    opts.user = q;
    q->error = q->ask(q, &opts);
    if (q->error)
        stop(q);
}

static int open_node(question *q)
{
    ic_dht_options opts;

    ic_dht_options_default(&opts);
    opts.base = q->base;
    opts.bootstrap = q->o.bootstrap;
    opts.mode = IC_DHT_EPHEMERAL;
    opts.port = 0;
    if (q->o.host)
        opts.host = q->o.host;
    opts.on_ready = on_ready;
    opts.user = q;
    return ic_dht_new(&opts, &q->dht);
}

static int run_loop(question *q)
{
    int err = ic__loop_new(&q->base);

    if (!err)
        err = ic__loop_signals_new(q->base, on_signal, q, &q->signals);
    if (!err)
        err = open_node(q);
    if (!err)
        (void)event_base_dispatch(q->base);
    if (q->signals)
        ic__loop_signals_free(q->signals);
    if (q->base)
        event_base_free(q->base);
    return err ? err : q->error;
}

static int result(const question *q, int err)
{
    if (q->interrupted)
        return admin_fail("interrupted");
    if (err == IC_ERR_INVALID)
        return admin_fail("an address or the list of bootstrap nodes is none");
    if (err == IC_ERR_EXISTS)
        return admin_fail("the network has another value under this number, or a later"
                          " one: give a higher --seq");
    if (err == IC_ERR_LIMIT)
        return admin_fail("a value has at most %d bytes", IC_DHT_VALUE_MAX);
    if (err == IC_ERR_NOT_FOUND || (!err && !q->found && !q->me))
        return admin_fail("nothing found");
    return err ? admin_fail("%s", ic_strerror(err)) : ADMIN_OK;
}

static int ask_ping(question *q, const ic_dht_op_options *opts)
{
    return ic_dht_ping(q->dht, q->text, opts, NULL);
}

static int ask_lookup(question *q, const ic_dht_op_options *opts)
{
    return ic_dht_lookup(q->dht, q->key, opts, NULL);
}

static int ask_get(question *q, const ic_dht_op_options *opts)
{
    if (q->o.key)
        return ic_dht_mutable_get(q->dht, q->key, q->o.seq, true, opts, NULL);
    return ic_dht_immutable_get(q->dht, q->key, opts, NULL);
}

static int ask_put(question *q, const ic_dht_op_options *opts)
{
    const uint8_t *value = (const uint8_t *)q->text;
    size_t len = strlen(q->text);

    if (q->o.key_file) {
        memcpy(q->key, ic_identity_public_key(q->me), sizeof q->key);
        return ic_dht_mutable_put(q->dht, q->me, q->o.seq, value, len, opts, NULL);
    }
    ic_dht_hash(q->key, value, len);
    return ic_dht_immutable_put(q->dht, value, len, opts, NULL);
}

static int ask_announce(question *q, const ic_dht_op_options *opts)
{
    return ic_dht_announce(q->dht, q->key, q->me, NULL, opts, NULL);
}

static bool read_key(question *q, const char *text)
{
    return ic__hex_decode(q->key, sizeof q->key, text, strlen(text));
}

/* Options, and one argument unless --mutable stands in its place; ADMIN_OK means go on.
 */
static int begin(question *q, const admin_command *command, int argc, char **argv,
                 const char *allowed)
{
    int code = admin_dht_options_read(&q->o, command, argc, argv, allowed);

    if (code != ADMIN_OK || q->o.help)
        return code;
    if (argc - q->o.rest != (q->o.key ? 0 : 1))
        return admin_usage_error(command, "it takes one argument, not %d",
                                 argc - q->o.rest);
    q->text = q->o.key ? q->o.key : argv[q->o.rest];
    return ADMIN_OK;
}

static int answer(question *q, const admin_command *command, bool needs_network)
{
    if (needs_network && !q->o.bootstrap)
        return admin_usage_error(command, "which network? Give --bootstrap or --public");
    return result(q, run_loop(q));
}

static int dht_ping(const admin_command *command, int argc, char **argv)
{
    question q = {.ask = ask_ping};

    int code = begin(&q, command, argc, argv, "");
    if (code != ADMIN_OK)
        return code;
    return q.o.help ? admin_print_help(command) : answer(&q, command, false);
}

static int with_key(question *q, const admin_command *command, int argc, char **argv,
                    const char *allowed)
{
    int code = begin(q, command, argc, argv, allowed);

    if (code != ADMIN_OK)
        return code;
    if (q->o.help)
        return admin_print_help(command);
    if (!read_key(q, q->text))
        return admin_usage_error(command, "'%s' is not 64 hex digits", q->text);
    return answer(q, command, true);
}

static int dht_lookup(const admin_command *command, int argc, char **argv)
{
    question q = {.ask = ask_lookup};

    return with_key(&q, command, argc, argv, "");
}

static int dht_get(const admin_command *command, int argc, char **argv)
{
    question q = {.ask = ask_get};

    return with_key(&q, command, argc, argv, "mq");
}

/* Commands that write. */
static int with_identity(question *q, const admin_command *command)
{
    if (!q->o.bootstrap)
        return admin_usage_error(command, "which network? Give --bootstrap or --public");
    q->me = admin_dht_identity(&q->o);
    if (!q->me)
        return ADMIN_FAILED;
    int code = answer(q, command, true);
    ic_identity_free(q->me);
    return code;
}

static int dht_put(const admin_command *command, int argc, char **argv)
{
    question q = {.ask = ask_put};

    int code = begin(&q, command, argc, argv, "kq");
    if (code != ADMIN_OK)
        return code;
    return q.o.help ? admin_print_help(command) : with_identity(&q, command);
}

static int dht_announce(const admin_command *command, int argc, char **argv)
{
    question q = {.ask = ask_announce};

    int code = begin(&q, command, argc, argv, "k");
    if (code != ADMIN_OK)
        return code;
    if (q.o.help)
        return admin_print_help(command);
    if (!read_key(&q, q.text))
        return admin_usage_error(command, "'%s' is not 64 hex digits", q.text);
    return with_identity(&q, command);
}

const admin_command admin_dht_commands[] = {
    {
        .name = "dht-node",
        .summary = "run a node of a DHT network",
        .help = "dht-node --host ADDRESS [OPTIONS]\n\n"
                "Run a node that stores for others until it gets SIGINT or SIGTERM."
                " Without\n--bootstrap it is the first of a new, private network."
                "\n\n" ADMIN_DHT_OPTIONS_HELP "  --port PORT           UDP port (49737)\n"
                "  --status SECONDS      at most one status line in so long; 0 = none"
                " (10)\n",
        .run = admin_dht_node,
    },
    {
        .name = "dht ping",
        .summary = "ask a node whether it is there",
        .help = "dht ping [OPTIONS] ADDRESS:PORT\n\n"
                "Print how long the answer took and how the node sees us."
                "\n\n" ADMIN_DHT_OPTIONS_HELP,
        .run = dht_ping,
    },
    {
        .name = "dht lookup",
        .summary = "who announced a topic",
        .help = "dht lookup [OPTIONS] TOPIC\n\n"
                "Print the public key of everybody who announced TOPIC (64 hex digits),"
                " and the\nnodes by which they can be reached, as often as a node tells"
                " it.\n\n" ADMIN_DHT_OPTIONS_HELP,
        .run = dht_lookup,
    },
    {
        .name = "dht get",
        .summary = "what is stored under a hash or a key",
        .help = "dht get [OPTIONS] HASH\n"
                "       intercom-admin dht get [OPTIONS] --mutable PUBLIC-KEY\n\n"
                "Print a value.\n\n" ADMIN_DHT_OPTIONS_HELP
                "  --seq NUMBER          the least number that will do (0)\n",
        .run = dht_get,
    },
    {
        .name = "dht put",
        .summary = "store a value",
        .help = "dht put [OPTIONS] VALUE\n\n"
                "Store VALUE under its hash; or, with --key-file, under that key."
                "\n\n" ADMIN_DHT_OPTIONS_HELP ADMIN_DHT_KEY_HELP
                "  --seq NUMBER          higher than that of the value before (0)\n",
        .run = dht_put,
    },
    {
        .name = "dht announce",
        .summary = "announce a key for a topic",
        .help = "dht announce [OPTIONS] TOPIC\n\n"
                "Announce a key for TOPIC (64 hex digits), for 20 minutes; without"
                " --key-file a\nnew one.\n\n" ADMIN_DHT_OPTIONS_HELP ADMIN_DHT_KEY_HELP,
        .run = dht_announce,
    },
    {.name = NULL},
};
