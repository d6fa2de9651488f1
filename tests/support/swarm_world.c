#include "swarm_world.h"

#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "intercom/error.h"
#include "unit.h"

/* One connection, or a dial that may become one, with its two ends. */
typedef struct swarm_wire {
    struct swarm_wire *next;
    swarm_node *node[2]; /* who dialled, and whom; NULL for a key that nobody has */
    uint64_t id[2];      /* 0 = no end there */
    bool open[2];
    bool gone[2]; /* the end is over and its node knows */
    bool read[2];
    uint64_t quiet_ns[2]; /* nothing reaches this end before what was sent earlier */
} swarm_wire;

typedef enum swarm_kind {
    JOIN,
    LEAVE,  /* a dial has found its way: the handshake goes out */
    ARRIVE, /* it is at the one that was dialled */
    ANSWER, /* its answer at the one who dialled */
    BYTES,  /* the first bytes at end `end` */
    CLOSE,  /* the other end is gone */
    FAIL,   /* a dial leads nowhere */
    LOOK,   /* the walk of a query sees what is stored */
    STORE,  /* an announce is stored, and over */
    OVER    /* a query is over */
} swarm_kind;

typedef struct swarm_happening {
    uint64_t at_ns;
    uint64_t order; /* of those at the same time */
    swarm_kind kind;
    size_t end;
    swarm_wire *wire;
    swarm_node *node;
    uint64_t query;
} swarm_happening;

/* ---- what will happen ---- */

static bool before(const swarm_happening *a, const swarm_happening *b)
{
    return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->order < b->order;
}

static void plan(swarm_world *w, swarm_happening h)
{
    if (w->happenings == w->heap_cap) {
        w->heap_cap = w->heap_cap ? 2 * w->heap_cap : 256;
        w->heap = realloc(w->heap, w->heap_cap * sizeof *w->heap);
        assert_non_null(w->heap);
    }
    h.order = w->order++;
    size_t i = w->happenings++;
    for (; i && before(&h, &w->heap[(i - 1) / 2]); i = (i - 1) / 2)
        w->heap[i] = w->heap[(i - 1) / 2];
    w->heap[i] = h;
}

static swarm_happening take(swarm_world *w)
{
    swarm_happening first = w->heap[0];
    swarm_happening last = w->heap[--w->happenings];
    size_t i = 0;

    for (size_t child = 1; child < w->happenings; child = 2 * i + 1) {
        if (child + 1 < w->happenings && before(&w->heap[child + 1], &w->heap[child]))
            child++;
        if (!before(&w->heap[child], &last))
            break;
        w->heap[i] = w->heap[child];
        i = child;
    }
    w->heap[i] = last;
    return first;
}

static uint64_t some(swarm_world *w, uint64_t most)
{
    return fake_random_below(&w->random, most + 1);
}

/* Each pair of nodes has its own distance. */
static uint64_t distance(const swarm_world *w, const swarm_node *a, const swarm_node *b)
{
    fake_random r;
    size_t low = a->number < b->number ? a->number : b->number;

    fake_random_init(&r, w->random.seed ^ (low << 32) ^ (a->number + b->number));
    return fake_random_below(&r, w->options.delay_ns + 1);
}

/* To the node at end `end` of a wire, behind what is already on the way there. */
static void send(swarm_world *w, swarm_wire *wire, size_t end, swarm_kind kind,
                 uint64_t extra_ns)
{
    uint64_t at = w->clock.now_ns + extra_ns + distance(w, wire->node[0], wire->node[1]) +
                  some(w, IC__MS / 2);

    if (at < wire->quiet_ns[end])
        at = wire->quiet_ns[end];
    wire->quiet_ns[end] = at;
    plan(w, (swarm_happening){.at_ns = at, .kind = kind, .end = end, .wire = wire});
}

/* ---- nodes ---- */

static swarm_node *node_of(swarm_world *w, const uint8_t *key)
{
    for (size_t i = 0; i < w->count; i++) {
        if (memcmp(w->nodes[i].key, key, 32) == 0)
            return &w->nodes[i];
    }
    return NULL;
}

static bool lives(const swarm_node *n)
{
    return n->ours || n->js;
}

static swarm_wire *wire_of(const swarm_node *n, uint64_t id, size_t *end)
{
    swarm_wire *wire = ic__map_get(&n->wires, id);

    if (!wire)
        fail_msg("no wire %llu", (unsigned long long)id);
    *end = wire->node[0] == n ? 0 : 1;
    return wire;
}

static void add_end(swarm_wire *wire, size_t end, uint64_t id)
{
    wire->id[end] = id;
    assert_int_equal(ic__map_put(&wire->node[end]->wires, id, wire), 0);
}

static void pump(swarm_world *w, swarm_node *n);

static void tell_closed(swarm_world *w, swarm_wire *wire, size_t end, int error)
{
    swarm_node *n = wire->node[end];
    const ic__swarm_end why = {.error = error};

    if (wire->gone[end])
        return;
    wire->gone[end] = true;
    (void)ic__map_take(&n->wires, wire->id[end]);
    swarm_node *peer = wire->node[1 - end];
    if (peer && n->link[peer->number] == wire)
        n->link[peer->number] = NULL;
    if (n->ours)
        ic__swarm_closed(n->ours, wire->id[end], &why, w->clock.now_ns);
    if (n->js)
        js_swarm_closed(n->js, wire->id[end], w->clock.now_ns);
    pump(w, n);
}

/* ---- what swarms wish for ---- */

static void on_dial(swarm_world *w, swarm_node *n, const ic__swarm_event *e)
{
    swarm_wire *wire = calloc(1, sizeof *wire);

    assert_non_null(wire);
    wire->next = w->wires;
    w->wires = wire;
    wire->node[0] = n;
    wire->node[1] = node_of(w, e->key);
    add_end(wire, 0, e->id);
    if (wire->node[1])
        plan(w, (swarm_happening){.at_ns = w->clock.now_ns + some(w, w->options.dial_ns),
                                  .kind = LEAVE,
                                  .wire = wire});
    else
        plan(w, (swarm_happening){.at_ns = w->clock.now_ns + w->options.fake_dial_ns,
                                  .kind = FAIL,
                                  .wire = wire});
}

static void on_destroy(swarm_world *w, swarm_node *n, const ic__swarm_event *e)
{
    size_t end;
    swarm_wire *wire = wire_of(n, e->id, &end);

    if (wire->node[1 - end])
        send(w, wire, 1 - end, CLOSE, 0);
    tell_closed(w, wire, end, IC_ERR_CANCELED);
}

static void on_connected(swarm_world *w, swarm_node *n, const ic__swarm_event *e)
{
    swarm_node *peer = node_of(w, e->key);
    size_t end;

    assert_non_null(peer);
    if (n->link[peer->number])
        fail_msg("node %zu reports node %zu twice", n->number, peer->number);
    n->link[peer->number] = wire_of(n, e->id, &end);
    n->reports++;
}

static void on_query(swarm_world *w, swarm_node *n, const ic__swarm_event *e)
{
    uint64_t look = w->clock.now_ns + some(w, w->options.walk_ns);
    uint64_t over = look + some(w, w->options.walk_ns);
    swarm_kind end = e->what == IC__SWARM_ANNOUNCE ? STORE : OVER;

    plan(w, (swarm_happening){.at_ns = look, .kind = LOOK, .node = n, .query = e->query});
    plan(w, (swarm_happening){.at_ns = over, .kind = end, .node = n, .query = e->query});
}

static void on_event(swarm_world *w, swarm_node *n, const ic__swarm_event *e)
{
    if (e->what == IC__SWARM_DIAL)
        on_dial(w, n, e);
    else if (e->what == IC__SWARM_DESTROY)
        on_destroy(w, n, e);
    else if (e->what == IC__SWARM_CONNECTED)
        on_connected(w, n, e);
    else if (e->what == IC__SWARM_LISTEN)
        ic__swarm_listening(n->ours, 0, w->clock.now_ns);
    else if (e->what == IC__SWARM_LOOKUP || e->what == IC__SWARM_ANNOUNCE)
        on_query(w, n, e);
}

static void pump(swarm_world *w, swarm_node *n)
{
    ic__swarm_event e;

    while ((n->ours && ic__swarm_next(n->ours, &e)) ||
           (n->js && js_swarm_next(n->js, &e)))
        on_event(w, n, &e);
}

/* ---- what happens ---- */

static void tell_found(swarm_world *w, swarm_node *n, uint64_t query, const uint8_t *key)
{
    if (n->ours)
        ic__swarm_found(n->ours, query, key, NULL, 0, w->clock.now_ns);
    if (n->js)
        js_swarm_found(n->js, key, w->clock.now_ns);
}

static void look(swarm_world *w, swarm_node *n, uint64_t query)
{
    uint8_t key[32];

    for (uint32_t i = 0; i < w->options.fake_keys; i++) {
        memset(key, 0xee, sizeof key);
        memcpy(key, &w->fakes, sizeof w->fakes);
        w->fakes++;
        tell_found(w, n, query, key);
    }
    for (size_t i = 0; i < w->count; i++) {
        if (w->stored[i])
            tell_found(w, n, query, w->nodes[i].key);
    }
}

static void query_over(swarm_world *w, swarm_node *n, uint64_t query)
{
    if (n->ours)
        ic__swarm_query_done(n->ours, query, 0, w->clock.now_ns);
    if (n->js)
        js_swarm_query_done(n->js, w->clock.now_ns);
}

/* Is the connection that a second one meets in use? As the reference counts. */
static bool is_used(swarm_node *n, const uint8_t *key)
{
    size_t end;
    uint64_t id =
        n->ours ? ic__swarm_existing(n->ours, key) : js_swarm_existing(n->js, key);

    if (!id)
        return false;
    const swarm_wire *wire = wire_of(n, id, &end);
    return wire->open[end] && wire->read[end];
}

static bool let_in(swarm_world *w, swarm_wire *wire, uint64_t *id)
{
    static const ic__addr from = {.ip = {127, 0, 0, 1}, .port = 1, .family = 4};
    swarm_node *n = wire->node[1];
    const uint8_t *key = wire->node[0]->key;
    bool used = is_used(n, key);

    if (n->ours)
        return ic__swarm_incoming(n->ours, key, &from, used, w->clock.now_ns, id) == 0;
    return js_swarm_incoming(n->js, key, used, w->clock.now_ns, id);
}

static void arrive(swarm_world *w, swarm_wire *wire)
{
    swarm_node *n = wire->node[1];

    if (!lives(n)) {
        plan(w, (swarm_happening){
                    .at_ns = w->clock.now_ns + 10 * IC__SEC, .kind = FAIL, .wire = wire});
        return;
    }
    /* The handshake is answered before the swarm hears of the connection. */
    send(w, wire, 0, ANSWER, 0);
    uint64_t id = 0;
    if (!let_in(w, wire, &id)) {
        wire->gone[1] = true;
        send(w, wire, 0, CLOSE, 0);
        return;
    }
    add_end(wire, 1, id);
    wire->open[1] = true;
    send(w, wire, 0, BYTES, some(w, IC__MS));
}

static void answer(swarm_world *w, swarm_wire *wire)
{
    swarm_node *n = wire->node[0];

    if (wire->gone[0])
        return;
    wire->open[0] = true;
    send(w, wire, 1, BYTES, 0);
    if (n->ours)
        ic__swarm_opened(n->ours, wire->id[0], w->clock.now_ns);
    else
        js_swarm_opened(n->js, wire->id[0], w->clock.now_ns);
}

static void join(swarm_world *w, swarm_node *n)
{
    static const uint8_t topic[32] = {7};
    ic__session_options o;

    ic__session_options_default(&o);
    if (n->ours)
        assert_int_equal(ic__swarm_join(n->ours, topic, &o, w->clock.now_ns, &n->session),
                         0);
    if (n->js)
        js_swarm_join(n->js, topic);
}

static void happen_to_node(swarm_world *w, const swarm_happening *h)
{
    if (!lives(h->node))
        return;
    if (h->kind == JOIN)
        join(w, h->node);
    if (h->kind == LOOK)
        look(w, h->node, h->query);
    if (h->kind == STORE)
        w->stored[h->node->number] = true;
    if (h->kind == STORE || h->kind == OVER)
        query_over(w, h->node, h->query);
    pump(w, h->node);
}

static void happen_to_wire(swarm_world *w, const swarm_happening *h)
{
    swarm_wire *wire = h->wire;

    if (h->kind == LEAVE && !wire->gone[0])
        send(w, wire, 1, ARRIVE, some(w, w->options.dial_ns)); /* over some relay */
    else if (h->kind == ARRIVE)
        arrive(w, wire);
    else if (h->kind == ANSWER)
        answer(w, wire);
    else if (h->kind == BYTES)
        wire->read[h->end] = true;
    else if (h->kind == FAIL)
        tell_closed(w, wire, 0, IC_ERR_NOT_FOUND);
    else if (h->kind == CLOSE && wire->id[h->end])
        tell_closed(w, wire, h->end, IC_ERR_CLOSED);
    for (size_t end = 0; end < 2; end++) {
        if (wire->node[end] && lives(wire->node[end]))
            pump(w, wire->node[end]);
    }
}

/* ---- the world ---- */

void swarm_world_init(swarm_world *w, uint64_t seed, const swarm_options *options)
{
    memset(w, 0, sizeof *w);
    fake_clock_init(&w->clock, seed);
    w->env = fake_clock_env(&w->clock);
    fake_random_init(&w->random, ~seed);
    w->options = *options;
}

void swarm_world_revive(swarm_world *w, swarm_node *n, bool ours)
{
    ic__swarm_options o;

    assert_true(!n->ours && !n->js);
    w->stored[n->number] = false;
    fake_random_fill(&w->random, n->key, sizeof n->key);
    ic__swarm_options_default(&o);
    o.public_key = n->key;
    o.env = &w->env;
    if (ours)
        assert_int_equal(ic__swarm_new(&n->ours, &o, w->clock.now_ns), 0);
    else
        n->js = js_swarm_new(n->key, fake_random_u64(&w->random), w->clock.now_ns);
}

swarm_node *swarm_world_add(swarm_world *w, bool ours)
{
    swarm_node *n = &w->nodes[w->count];

    assert_true(w->count < SWARM_WORLD_MOST);
    n->world = w;
    n->number = w->count++;
    swarm_world_revive(w, n, ours);
    return n;
}

void swarm_world_join(swarm_world *w, swarm_node *n, uint64_t delay_ns)
{
    plan(w,
         (swarm_happening){.at_ns = w->clock.now_ns + delay_ns, .kind = JOIN, .node = n});
}

static void let_go(swarm_node *n)
{
    ic__swarm_free(n->ours);
    js_swarm_free(n->js);
    ic__map_free(&n->wires);
    n->ours = NULL;
    n->js = NULL;
    memset(n->link, 0, sizeof n->link);
}

void swarm_world_kill(swarm_world *w, swarm_node *n)
{
    for (swarm_wire *wire = w->wires; wire; wire = wire->next) {
        for (size_t end = 0; end < 2; end++) {
            if (wire->node[end] != n || wire->gone[end])
                continue;
            wire->gone[end] = true;
            if (wire->node[1 - end])
                send(w, wire, 1 - end, CLOSE, 0);
        }
    }
    let_go(n);
}

void swarm_world_free(swarm_world *w)
{
    for (size_t i = 0; i < w->count; i++)
        let_go(&w->nodes[i]);
    for (swarm_wire *next, *wire = w->wires; wire; wire = next) {
        next = wire->next;
        free(wire);
    }
    free(w->heap);
}

static uint64_t deadline(const swarm_node *n)
{
    if (n->ours)
        return ic__swarm_deadline(n->ours);
    return n->js ? js_swarm_deadline(n->js) : IC__NEVER;
}

static uint64_t next_time(const swarm_world *w)
{
    uint64_t first = w->happenings ? w->heap[0].at_ns : IC__NEVER;

    for (size_t i = 0; i < w->count; i++) {
        uint64_t at = deadline(&w->nodes[i]);
        first = at < first ? at : first;
    }
    return first;
}

static void expire(swarm_world *w, swarm_node *n)
{
    if (deadline(n) > w->clock.now_ns)
        return;
    if (n->ours)
        ic__swarm_expire(n->ours, w->clock.now_ns);
    else
        js_swarm_expire(n->js, w->clock.now_ns);
    pump(w, n);
}

void swarm_world_run_until(swarm_world *w, uint64_t now_ns)
{
    for (uint64_t at = next_time(w); at <= now_ns; at = next_time(w)) {
        fake_clock_set(&w->clock, at);
        while (w->happenings && w->heap[0].at_ns <= at) {
            swarm_happening h = take(w);
            if (h.wire)
                happen_to_wire(w, &h);
            else
                happen_to_node(w, &h);
        }
        for (size_t i = 0; i < w->count; i++)
            expire(w, &w->nodes[i]);
    }
    fake_clock_set(&w->clock, now_ns);
}

bool swarm_world_linked(const swarm_world *w, size_t a, size_t b)
{
    const swarm_wire *wire = w->nodes[a].link[b];

    return wire && wire == w->nodes[b].link[a];
}

size_t swarm_world_gaps(const swarm_world *w, size_t *js_pairs)
{
    size_t gaps = 0;

    *js_pairs = 0;
    for (size_t a = 0; a < w->count; a++) {
        for (size_t b = a + 1; b < w->count; b++) {
            if (!lives(&w->nodes[a]) || !lives(&w->nodes[b]) ||
                swarm_world_linked(w, a, b))
                continue;
            gaps++;
            *js_pairs += w->nodes[a].js && w->nodes[b].js;
        }
    }
    return gaps;
}
