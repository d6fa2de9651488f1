#include "fake_net.h"

#include <stdlib.h>
#include <string.h>

#include "fake_random.h"

#define MOST_NODES 64
#define IP_UDP_BYTES 28

typedef struct wire {
    uint64_t free_at_ns; /* when the last byte that was queued has left */
    uint64_t last_at_ns; /* arrival of the last datagram in order */
} wire;

typedef struct node {
    fake_net_recv_cb recv;
    void *user;
    fake_link *link;
    wire own;
    wire *wire;
    uint32_t address;
} node;

typedef struct datagram {
    uint64_t at_ns;
    uint64_t number; /* breaks ties: first sent, first there */
    uint32_t from;
    uint32_t to;
    size_t len;
    uint8_t *data;
} datagram;

struct fake_net {
    fake_random random;
    node nodes[MOST_NODES];
    size_t node_count;
    uint32_t last_address;
    datagram *heap; /* earliest first */
    size_t count;
    size_t cap;
    uint64_t number;
    fake_net_stats stats;
};

fake_net *fake_net_new(uint64_t seed)
{
    fake_net *net = calloc(1, sizeof *net);

    if (!net)
        abort();
    fake_random_init(&net->random, seed);
    return net;
}

void fake_net_free(fake_net *net)
{
    for (size_t i = 0; i < net->count; i++)
        free(net->heap[i].data);
    free(net->heap);
    free(net);
}

size_t fake_net_add(fake_net *net, fake_net_recv_cb recv, void *user)
{
    static fake_link perfect;
    size_t number = net->node_count++;

    if (number >= MOST_NODES)
        abort();
    node *n = &net->nodes[number];
    *n = (node){.recv = recv, .user = user, .link = &perfect};
    n->wire = &n->own;
    n->address = ++net->last_address;
    return number;
}

void fake_net_set_link(fake_net *net, size_t number, fake_link *link)
{
    net->nodes[number].link = link;
}

void fake_net_share_wire(fake_net *net, size_t number, size_t with)
{
    net->nodes[number].wire = net->nodes[with].wire;
}

uint32_t fake_net_address(const fake_net *net, size_t number)
{
    return net->nodes[number].address;
}

uint32_t fake_net_remap(fake_net *net, size_t number)
{
    net->nodes[number].address = ++net->last_address;
    return net->last_address;
}

static bool earlier(const datagram *a, const datagram *b)
{
    return a->at_ns < b->at_ns || (a->at_ns == b->at_ns && a->number < b->number);
}

static void heap_push(fake_net *net, datagram d)
{
    if (net->count == net->cap) {
        net->cap = net->cap ? net->cap * 2 : 64;
        net->heap = realloc(net->heap, net->cap * sizeof *net->heap);
        if (!net->heap)
            abort();
    }
    size_t i = net->count++;
    for (; i > 0 && earlier(&d, &net->heap[(i - 1) / 2]); i = (i - 1) / 2)
        net->heap[i] = net->heap[(i - 1) / 2];
    net->heap[i] = d;
}

static datagram heap_pop(fake_net *net)
{
    datagram first = net->heap[0];
    datagram last = net->heap[--net->count];
    size_t i = 0;

    for (size_t child = 1; child < net->count; child = 2 * i + 1) {
        if (child + 1 < net->count && earlier(&net->heap[child + 1], &net->heap[child]))
            child++;
        if (!earlier(&net->heap[child], &last))
            break;
        net->heap[i] = net->heap[child];
        i = child;
    }
    if (net->count)
        net->heap[i] = last;
    return first;
}

/* When the last bit has left; 0 when the queue in front of the wire is full. */
static uint64_t leave_wire(fake_net *net, node *n, size_t len, uint64_t now)
{
    const fake_link *link = n->link;
    wire *shared = n->wire;

    if (!link->rate_bps)
        return now;
    uint64_t start = shared->free_at_ns > now ? shared->free_at_ns : now;
    uint64_t waiting = (start - now) / 1000 * link->rate_bps / 8 / 1000000;
    if (link->queue_bytes && waiting + len > link->queue_bytes) {
        net->stats.overflowed++;
        return 0;
    }
    shared->free_at_ns =
        start + (len + IP_UDP_BYTES) * 8 * UINT64_C(1000000000) / link->rate_bps;
    return shared->free_at_ns;
}

static uint64_t arrival(fake_net *net, node *n, uint64_t left)
{
    const fake_link *link = n->link;
    uint64_t at =
        left + link->delay_ns + fake_random_below(&net->random, link->jitter_ns);

    if (at < n->wire->last_at_ns)
        at = n->wire->last_at_ns;
    n->wire->last_at_ns = at;
    if (fake_random_ppm(&net->random, link->reorder_ppm))
        at += link->reorder_ns;
    return at;
}

static void put_on_the_way(fake_net *net, const node *n, datagram d, const uint8_t *data)
{
    d.data = malloc(d.len ? d.len : 1);
    if (!d.data)
        abort();
    if (d.len)
        memcpy(d.data, data, d.len);
    if (d.len && fake_random_ppm(&net->random, n->link->damage_ppm)) {
        uint64_t bit = fake_random_below(&net->random, d.len * 8);
        d.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    d.number = net->number++;
    heap_push(net, d);
}

void fake_net_send(fake_net *net, size_t number, uint32_t to, const uint8_t *data,
                   size_t len, uint64_t now)
{
    node *n = &net->nodes[number];
    const fake_link *link = n->link;

    net->stats.sent++;
    uint64_t left = leave_wire(net, n, len, now);
    if (!left)
        return;
    if (link->cut || (link->mtu && len > link->mtu) ||
        fake_random_ppm(&net->random, link->loss_ppm)) {
        net->stats.lost++;
        return;
    }
    datagram d = {.from = n->address, .to = to, .len = len};
    d.at_ns = arrival(net, n, left);
    put_on_the_way(net, n, d, data);
    if (fake_random_ppm(&net->random, link->duplicate_ppm)) {
        d.at_ns += fake_random_below(&net->random, link->delay_ns + 1);
        put_on_the_way(net, n, d, data);
    }
}

uint64_t fake_net_next(const fake_net *net)
{
    return net->count ? net->heap[0].at_ns : UINT64_MAX;
}

static node *node_at(fake_net *net, uint32_t address)
{
    for (size_t i = 0; i < net->node_count; i++) {
        if (net->nodes[i].address == address)
            return &net->nodes[i];
    }
    return NULL;
}

void fake_net_deliver(fake_net *net, uint64_t now)
{
    while (fake_net_next(net) <= now) {
        datagram d = heap_pop(net);
        const node *n = node_at(net, d.to);
        if (n) {
            net->stats.delivered++;
            n->recv(d.data, d.len, d.from, now, n->user);
        }
        free(d.data);
    }
}

fake_net_stats fake_net_get_stats(const fake_net *net)
{
    return net->stats;
}
