/*
 * docs/spec/05-dht-rpc.md, sections 3 to 5 and 10: one node, its answers and its walks,
 * byte for byte against tests/vectors/dht-rpc.json and dht-flows.json.
 */
#include <stdlib.h>
#include <string.h>

#include "dht_addr.h"
#include "dht_json.h"
#include "rpc_solo.h"
#include "unit.h"
#include "vectors.h"

#define MOST_PACKETS 64

typedef struct scene {
    rpc_solo solo;
    const char *name;
    int requests;
    bool had_id;
} scene;

/* The application of the recorded node did what the name of the vector says. */
static bool on_request(void *user, const ic__rpc_request *request)
{
    static const uint8_t world[] = {'w', 'o', 'r', 'l', 'd'};
    const unsigned all = IC__RPC_WITH_TOKEN | IC__RPC_WITH_CLOSER;
    scene *s = user;
    ic__rpc *rpc = s->solo.rpc;

    s->requests++;
    if (strcmp(s->name, "user reply: token, closer nodes, value") == 0)
        ic__rpc_answer(rpc, request, IC__RPC_OK, world, sizeof world, all);
    else if (strcmp(s->name, "user reply: null value") == 0)
        ic__rpc_answer(rpc, request, IC__RPC_OK, NULL, 0, all);
    else if (strcmp(s->name, "user reply without token and closer nodes") == 0)
        ic__rpc_answer(rpc, request, IC__RPC_OK, NULL, 0, 0);
    else if (strcmp(s->name, "user error 17") == 0)
        ic__rpc_answer(rpc, request, 17, NULL, 0, IC__RPC_WITH_CLOSER);
    else
        return false;
    return true;
}

/* The node of the vectors, with their secrets. */
static void scene_init(scene *s, const char *name, bool persistent)
{
    ic__rpc_events events = {.on_request = on_request, .user = s};
    ic__rpc_options opts;

    ic__rpc_options_default(&opts);
    opts.public_address = dht_addr("10.0.0.7", 40000);
    opts.mode = persistent ? IC__RPC_PERSISTENT : IC__RPC_EPHEMERAL;
    *s = (scene){.name = name};
    assert_int_equal(rpc_solo_init(&s->solo, &opts, &events), 0);
    s->name = name;
    s->solo.rpc->tokens.drawn = true;
    s->solo.rpc->tokens.rotated_ns = s->solo.time.now_ns;
    memset(s->solo.rpc->tokens.secrets[0], 1, 32);
    memset(s->solo.rpc->tokens.secrets[1], 2, 32);
}

static void expect_reply(const json_t *v)
{
    const char *name = vectors_text(v, "name");
    bool ephemeral = strstr(name, "ephemeral") != NULL;
    bool client = strcmp(vectors_text(v, "arrivedOn"), "client") == 0;
    ic__addr from = dht_json_addr(json_object_get(v, "requestFrom"));
    ic__addr to = dht_json_addr(json_object_get(v, "sentTo"));
    ic__addr nodes[IC__RPC_K];
    size_t count = dht_json_addrs(json_object_get(v, "table"), nodes, IC__RPC_K);
    const rpc_datagram *sent;
    size_t request_len;
    size_t len;
    uint8_t *request = vectors_bytes(v, "request", &request_len);
    uint8_t *expected = vectors_bytes(v, "hex", &len);
    scene s;

    scene_init(&s, name, !ephemeral);
    for (size_t i = 0; i < count; i++)
        rpc_solo_know(&s.solo, &nodes[i]);
    rpc_solo_recv(&s.solo, client ? 1 : 0, &from, request, request_len);
    sent = rpc_solo_take(&s.solo);
    assert_non_null(sent);
    assert_int_equal(sent->sock, client ? 1 : 0);
    assert_true(ic__addr_equal(&sent->to, &to));
    assert_int_equal(sent->len, len);
    assert_memory_equal(sent->data, expected, len);
    assert_null(rpc_solo_take(&s.solo));
    rpc_solo_free(&s.solo);
    free(request);
    free(expected);
}

static void every_reply_is_that_of_javascript(void **state)
{
    json_t *root = vectors_load("dht-rpc.json");
    size_t i;
    json_t *v;
    json_array_foreach(json_object_get(root, "replies"), i, v) expect_reply(v);
    json_decref(root);
}

static void what_javascript_drops_is_not_answered(void **state)
{
    json_t *root = vectors_load("dht-rpc.json");
    ic__addr from = dht_addr("10.0.0.3", 5000);
    scene s;
    size_t i;
    json_t *v;
    scene_init(&s, "dropped", true);
    json_array_foreach(json_object_get(root, "dropped"), i, v)
    {
        size_t len;
        uint8_t *data = vectors_bytes(v, "hex", &len);
        rpc_solo_recv(&s.solo, 0, &from, data, len);
        free(data);
    }
    assert_int_equal(s.requests, 0);
    assert_null(rpc_solo_take(&s.solo));
    assert_in_range(ic__rpc_get_stats(s.solo.rpc).dropped_malformed, 1, i);
    rpc_solo_free(&s.solo);
    json_decref(root);
}

static void trailing_bytes_do_not_hide_a_request(void **state)
{
    json_t *root = vectors_load("dht-rpc.json");
    ic__addr from = dht_addr("10.0.0.3", 5000);
    size_t len;
    uint8_t *data =
        vectors_bytes(json_object_get(root, "trailingBytesIgnored"), "hex", &len);
    scene s;
    scene_init(&s, "trailing", true);
    rpc_solo_recv(&s.solo, 0, &from, data, len);
    assert_int_equal(rpc_solo_read(rpc_solo_take(&s.solo)).type, IC__RPC_REPLY);
    rpc_solo_free(&s.solo);
    free(data);
    json_decref(root);
}

static void a_wrong_id_is_no_id(void **state)
{
    json_t *root = vectors_load("dht-rpc.json");
    size_t i;
    json_t *v;
    json_array_foreach(json_object_get(root, "idValidation"), i, v)
    {
        bool accepted = !json_is_null(json_object_get(v, "acceptedId"));
        ic__addr from = dht_json_addr(json_object_get(v, "from"));
        size_t len;
        uint8_t *data = vectors_bytes(v, "packet", &len);
        rpc_solo s;
        assert_int_equal(rpc_solo_init(&s, NULL, NULL), 0);
        rpc_solo_recv(&s, 0, &from, data, len);
        assert_int_equal(ic__rpc_node_count(s.rpc), accepted ? 1 : 0);
        assert_int_equal(ic__rpc_get_stats(s.rpc).wrong_ids, accepted ? 0 : 1);
        assert_int_equal(rpc_solo_read(rpc_solo_take(&s)).type, IC__RPC_REPLY);
        rpc_solo_free(&s);
        free(data);
    }
    json_decref(root);
}

/* A recorded conversation: what the node of two ports sent, and what came to it. */
typedef struct packet {
    uint16_t from;
    uint16_t to;
    uint8_t *data;
    size_t len;
    bool used;
} packet;

typedef struct recording {
    packet packets[MOST_PACKETS];
    size_t count;
} recording;

static void recording_load(recording *r, const json_t *flow)
{
    size_t i;
    json_t *v;

    *r = (recording){0};
    json_array_foreach(json_object_get(flow, "packets"), i, v)
    {
        packet *p = &r->packets[r->count++];
        assert_in_range(i, 0, MOST_PACKETS - 1);
        p->from = (uint16_t)json_integer_value(json_object_get(v, "fromPort"));
        p->to = (uint16_t)json_integer_value(json_object_get(v, "toPort"));
        p->data = vectors_bytes(v, "hex", &p->len);
    }
}

static void recording_free(recording *r)
{
    for (size_t i = 0; i < r->count; i++)
        free(r->packets[i].data);
}

/* Equal but for the transaction id. */
static bool is_same(const packet *p, const rpc_datagram *d, uint16_t from)
{
    return !p->used && p->from == from && p->to == d->to.port && p->len == d->len &&
           memcmp(p->data, d->data, 2) == 0 &&
           memcmp(p->data + 4, d->data + 4, d->len - 4) == 0;
}

static packet *find_request(recording *r, const rpc_datagram *d, uint16_t from)
{
    for (size_t i = 0; i < r->count; i++) {
        if (is_same(&r->packets[i], d, from))
            return &r->packets[i];
    }
    return NULL;
}

/* Everything the node sends was sent by the recorded one; what that one got is given to
 * ours, under our transaction ids. @return how many requests were sent */
static size_t converse(recording *r, rpc_solo *s)
{
    const rpc_datagram *d;
    size_t count = 0;

    for (; (d = rpc_solo_take(s)) != NULL; count++) {
        packet *request = find_request(r, d, s->bound[d->sock].port);
        ic__addr from = d->to;
        assert_non_null(request);
        request->used = true;
        for (size_t i = 0; i < r->count; i++) {
            packet *p = &r->packets[i];
            uint32_t sock = p->to == s->bound[0].port ? 0 : 1;
            if (p->used || p->from != from.port || p->data[0] != IC__RPC_REPLY ||
                memcmp(p->data + 2, request->data + 2, 2) != 0)
                continue;
            p->used = true;
            memcpy(p->data + 2, d->data + 2, 2);
            rpc_solo_recv(s, sock, &from, p->data, p->len);
            break;
        }
    }
    return count;
}

static const json_t *flow_named(const json_t *root, const char *name)
{
    size_t i;
    json_t *flow;

    json_array_foreach(json_object_get(root, "flows"), i, flow)
    {
        if (strcmp(vectors_text(flow, "name"), name) == 0)
            return flow;
    }
    fail_msg("no flow %s", name);
    return NULL;
}

static void a_fresh_node_walks_as_the_recorded_one_did(void **state)
{
    json_t *root = vectors_load("dht-flows.json");
    const json_t *flow = flow_named(root, "fresh node bootstraps (ephemeral)");
    const json_t *ports = json_object_get(flow, "newNode");
    ic__addr bootstrap = dht_addr("127.0.0.1", 49737);
    ic__rpc_options opts;
    recording r;
    rpc_solo s;
    ic__rpc_message first;
    recording_load(&r, flow);
    assert_int_equal(ic__rpc_message_read(&first, r.packets[0].data, r.packets[0].len),
                     0);
    ic__rpc_options_default(&opts);
    opts.bootstrap = &bootstrap;
    opts.bootstrap_count = 1;
    assert_int_equal(rpc_solo_init(&s, &opts, NULL), 0);
    s.bound[0].port =
        (uint16_t)json_integer_value(json_object_get(ports, "serverSocket"));
    s.bound[1].port =
        (uint16_t)json_integer_value(json_object_get(ports, "clientSocket"));
    memcpy(s.rpc->table.id, first.target, sizeof s.rpc->table.id);
    assert_int_equal(ic__rpc_start(s.rpc), 0);
    assert_int_equal(converse(&r, &s), 6);
    for (size_t i = 0; i < r.count; i++)
        assert_true(r.packets[i].used);
    rpc_solo_run(&s, IC__MS);
    assert_int_equal(ic__rpc_node_count(s.rpc), 4);
    assert_false(ic__rpc_is_persistent(s.rpc));
    rpc_solo_free(&s);
    recording_free(&r);
    json_decref(root);
}

typedef struct found {
    int answers;
    int values;
    int done;
    size_t nodes;
} found;

static void on_reply(void *user, const ic__rpc_reply *reply)
{
    found *f = user;

    f->answers++;
    f->values += reply->value != NULL;
}

static void on_done(void *user, int error, ic__query *query)
{
    found *f = user;
    const ic__query_node *nodes = ic__query_closest(query, &f->nodes);

    assert_int_equal(error, 0);
    f->done++;
    for (size_t i = 0; i < f->nodes; i++)
        assert_true(nodes[i].has_token);
}

static void expect_walk(const json_t *root, const char *name, int values)
{
    static const uint16_t node_ports[] = {49738, 49739, 49740, 49741};
    const json_t *roles = json_object_get(json_object_get(root, "roles"), "clientPeer");
    ic__addr bootstrap = dht_addr("127.0.0.1", 49737);
    ic__rpc_options opts;
    ic__query_options query;
    found f = {0};
    recording r;
    rpc_solo s;
    ic__rpc_message first;

    recording_load(&r, flow_named(root, name));
    assert_int_equal(ic__rpc_message_read(&first, r.packets[0].data, r.packets[0].len),
                     0);
    ic__rpc_options_default(&opts);
    opts.bootstrap = &bootstrap;
    opts.bootstrap_count = 1;
    assert_int_equal(rpc_solo_init(&s, &opts, NULL), 0);
    s.bound[0].port =
        (uint16_t)json_integer_value(json_object_get(roles, "serverSocket"));
    s.bound[1].port =
        (uint16_t)json_integer_value(json_object_get(roles, "clientSocket"));
    for (size_t i = 0; i < 4; i++) {
        ic__addr node = dht_addr("127.0.0.1", node_ports[i]);
        rpc_solo_know(&s, &node);
    }
    ic__query_options_default(&query);
    memcpy(query.target, first.target, sizeof query.target);
    query.command = first.command;
    query.value = first.value;
    query.value_len = first.value_len;
    query.on_reply = on_reply;
    query.on_done = on_done;
    query.user = &f;
    assert_int_equal(ic__query_new(s.rpc, &query, NULL), 0);
    assert_int_equal(converse(&r, &s), 5);
    for (size_t i = 0; i < r.count; i++)
        assert_true(r.packets[i].used);
    rpc_solo_run(&s, IC__MS);
    assert_int_equal(f.answers, 5);
    assert_int_equal(f.values, values);
    assert_int_equal(f.done, 1);
    assert_int_equal(f.nodes, 4);
    rpc_solo_free(&s);
    recording_free(&r);
}

static void lookups_and_gets_walk_as_the_recorded_ones_did(void **state)
{
    json_t *root = vectors_load("dht-flows.json");
    expect_walk(root, "lookup of the topic", 4);
    expect_walk(root, "mutable get", 4);
    expect_walk(root, "immutable get", 4);
    json_decref(root);
}

static void answers_are_sorted_by_their_distance(void **state)
{
    json_t *root = vectors_load("dht-rpc.json");
    const json_t *order = json_object_get(root, "queryOrder");
    const json_t *sorted = json_object_get(order, "sortedByXor");
    ic__query_options opts;
    ic__query *query;
    const ic__query_node *nodes;
    const rpc_datagram *d;
    size_t count;
    size_t i;
    json_t *v;
    rpc_solo s;
    assert_int_equal(rpc_solo_init(&s, NULL, NULL), 0);
    json_array_foreach(sorted, i, v)
    {
        ic__addr addr = dht_json_addr(v);
        rpc_solo_know(&s, &addr);
    }
    ic__query_options_default(&opts);
    dht_json_key(order, "target", opts.target, sizeof opts.target);
    assert_int_equal(ic__query_new(s.rpc, &opts, &query), 0);
    while ((d = rpc_solo_take(&s)) != NULL) {
        uint8_t id[32];
        ic__rpc_message m = {.to = dht_addr("10.0.0.1", 1), .id = id};
        ic__rpc_id_of(id, &d->to);
        rpc_solo_answer(&s, d, &m);
    }
    nodes = ic__query_closest(query, &count);
    assert_int_equal(count, json_array_size(sorted));
    json_array_foreach(sorted, i, v)
    {
        ic__addr addr = dht_json_addr(v);
        assert_true(ic__addr_equal(&nodes[i].addr, &addr));
    }
    rpc_solo_free(&s);
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_reply_is_that_of_javascript),
        cmocka_unit_test(what_javascript_drops_is_not_answered),
        cmocka_unit_test(trailing_bytes_do_not_hide_a_request),
        cmocka_unit_test(a_wrong_id_is_no_id),
        cmocka_unit_test(a_fresh_node_walks_as_the_recorded_one_did),
        cmocka_unit_test(lookups_and_gets_walk_as_the_recorded_ones_did),
        cmocka_unit_test(answers_are_sorted_by_their_distance),
    };
    return cmocka_run_group_tests_name("dht/rpc_vectors", tests, NULL, NULL);
}
