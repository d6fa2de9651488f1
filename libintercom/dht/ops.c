#include "dht/ops_state.h"

#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"

ic__dht_op *ic__op_new(ic__dht *d, const uint8_t target[IC__DHT_KEY_BYTES],
                       uint32_t command, const ic__dht_op_events *events)
{
    ic__dht_op *op = ic_mem_calloc(1, sizeof *op);

    if (!op)
        return NULL;
    op->d = d;
    op->command = command;
    op->events = *events;
    memcpy(op->target, target, sizeof op->target);
    ic__queue_push(&d->ops, &op->link);
    return op;
}

static void op_free(ic__dht_op *op)
{
    ic_identity_free(op->identity);
    ic_mem_free(op->bytes);
    ic_mem_free(op->closest);
    ic_mem_free(op);
}

/* Nothing comes back to it from now on. */
static void detach(ic__dht_op *op)
{
    ic__queue_remove(&op->d->ops, &op->link);
    ic__query_cancel(op->query);
    op->query = NULL;
    ic__rpc_cancel_user(op->d->rpc, op);
}

void ic__dht_op_cancel(ic__dht_op *op)
{
    if (!op || op->gone)
        return;
    detach(op);
    op->gone = true;
    if (!op->busy)
        op_free(op);
}

void ic__dht_ops_free(ic__dht *d)
{
    ic__link *link;

    while ((link = ic__queue_first(&d->ops)) != NULL)
        ic__dht_op_cancel(IC__ELEMENT(link, ic__dht_op, link));
}

bool ic__op_tell_peer(ic__dht_op *op, const ic__dht_peer *peer, const ic__addr *from)
{
    if (!op->events.on_peer)
        return true;
    op->busy++;
    op->events.on_peer(op->events.user, peer, from);
    op->busy--;
    if (!op->gone)
        return true;
    op_free(op);
    return false;
}

static int verdict(const ic__dht_op *op)
{
    if (op->error && op->error != IC_ERR_NOT_FOUND)
        return op->error;
    if (op->commit) {
        if (op->stored)
            return 0;
        return op->refused ? IC_ERR_EXISTS : IC_ERR_NOT_FOUND;
    }
    if (op->wants_value)
        return op->found ? 0 : IC_ERR_NOT_FOUND;
    return op->answers ? 0 : IC_ERR_NOT_FOUND;
}

static void finish(ic__dht_op *op)
{
    int err = verdict(op);
    size_t nodes = op->commit || op->clear ? op->stored : op->answers;

    detach(op);
    op->busy++;
    if (!err && op->found && op->bytes && op->events.on_value)
        op->events.on_value(op->events.user, op->bytes, op->len, op->seq);
    if (!op->gone)
        op->events.on_done(op->events.user, err, nodes);
    op_free(op);
}

static void commit_all(ic__dht_op *op)
{
    op->committing = true;
    op->stored = 0; /* what was taken away before does not count */
    for (size_t i = 0; i < op->closest_count; i++) {
        if (op->closest[i].has_token)
            (void)op->commit(op, &op->closest[i]); /* or a node less that stores it */
    }
}

/* After each step: is there a next one? */
static void advance(ic__dht_op *op)
{
    if (!op->walked || op->open)
        return;
    if (op->commit && !op->committing && !op->error)
        commit_all(op);
    if (!op->open)
        finish(op);
}

/* A walk that others drew out has outlived its tokens; the refusal brings a new one. */
static void commit_again(ic__dht_op *op, const ic__rpc_reply *reply)
{
    ic__query_node node = {.addr = reply->from, .to = reply->to, .has_token = true};

    if (!op->committing || !reply->id || !reply->token ||
        op->repeated >= op->closest_count)
        return;
    op->repeated++;
    memcpy(node.id, reply->id, sizeof node.id);
    memcpy(node.token, reply->token, sizeof node.token);
    (void)op->commit(op, &node);
}

static void on_answered(void *user, int error, const ic__rpc_reply *reply)
{
    ic__dht_op *op = user;

    op->open--;
    if (!error && reply->error == IC__RPC_INVALID_TOKEN)
        commit_again(op, reply);
    if (error == IC_ERR_CANCELED)
        op->error = error;
    else if (!error && reply->error == IC__RPC_OK)
        op->stored++;
    else if (!error &&
             (reply->error == IC__DHT_SEQ_REUSED || reply->error == IC__DHT_SEQ_TOO_LOW))
        op->refused++;
    advance(op);
}

int ic__op_send(ic__dht_op *op, const ic__addr *to, uint32_t command,
                const uint8_t *token, const ic__wr *value)
{
    ic__rpc_call call = ic__rpc_call_to(to, false, command);
    int err;

    if (value->bad)
        return IC_ERR_LIMIT;
    call.target = op->target;
    call.token = token;
    call.value = value->p;
    call.value_len = value->len;
    call.on_done = on_answered;
    call.user = op;
    err = ic__rpc_call_send(op->d->rpc, &call, NULL);
    if (!err)
        op->open++;
    return err;
}

static void on_reply(void *user, const ic__rpc_reply *reply)
{
    ic__dht_op *op = user;

    if (reply->error != IC__RPC_OK)
        return;
    op->answers++;
    if (reply->value && op->on_value)
        op->on_value(op, reply);
}

/* The nodes die with the walk, and what comes before the commit may take longer. */
static int keep_closest(ic__dht_op *op, const ic__query *query)
{
    const ic__query_node *nodes = ic__query_closest(query, &op->closest_count);

    if (!op->commit || !op->closest_count)
        return 0;
    op->closest = ic_mem_alloc(op->closest_count * sizeof *nodes);
    if (!op->closest)
        return IC_ERR_NOMEM;
    memcpy(op->closest, nodes, op->closest_count * sizeof *nodes);
    return 0;
}

static void note_near(const ic__dht_op *op, const ic__query *query)
{
    ic__dht_near *near = op->events.near;
    size_t count;
    const ic__query_node *nodes = ic__query_closest(query, &count);

    if (!near || near->only || !count)
        return;
    near->count = count;
    for (size_t i = 0; i < count; i++)
        near->nodes[i] = nodes[i].addr;
}

static void on_walked(void *user, int error, ic__query *query)
{
    ic__dht_op *op = user;

    op->query = NULL;
    op->walked = true;
    op->error = error ? error : keep_closest(op, query);
    if (!error)
        note_near(op, query);
    advance(op);
}

static void begin_near(const ic__dht_op *op, ic__query_options *opts)
{
    const ic__dht_near *near = op->events.near;

    if (!near || !near->count)
        return;
    opts->seeds = near->nodes;
    opts->seed_count = near->count;
    opts->only_seeds = near->only;
    if (near->only)
        opts->retries = 0;
}

int ic__op_start(ic__dht_op *op, const uint8_t *value, size_t len, ic__dht_op **out)
{
    ic__query_options opts;
    int err;

    ic__query_options_default(&opts);
    memcpy(opts.target, op->target, sizeof opts.target);
    opts.command = op->command;
    opts.value = value;
    opts.value_len = len;
    opts.on_reply = on_reply;
    opts.on_done = on_walked;
    opts.user = op;
    begin_near(op, &opts);
    err = ic__query_new(op->d->rpc, &opts, &op->query);
    if (err) {
        ic__dht_op_cancel(op);
        return err;
    }
    if (out)
        *out = op;
    return 0;
}
