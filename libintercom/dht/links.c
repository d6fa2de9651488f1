#include "dht/links.h"

#include "dht/addresses.h"
#include "dht/dial_state.h"
#include "dht/punch_socket.h"
#include "dht/server_state.h"
#include "dht/trail.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"

int ic__dht_links_new(ic__dht *d, ic__dht_links **out)
{
    ic__dht_links *links = ic_mem_calloc(1, sizeof *links);

    if (!links)
        return IC_ERR_NOMEM;
    links->dht = d;
    ic__queue_init(&links->servers);
    ic__queue_init(&links->dials);
    ic__queue_init(&links->ends);
    ic__tally_init(&links->handshakes, &d->env, d->opts.max_handshakes,
                   d->opts.max_handshakes_host);
    *out = links;
    return 0;
}

static void free_ends(ic__dht_links *links)
{
    ic__link *link;

    while ((link = ic__queue_first(&links->ends)) != NULL)
        ic__trail_free(IC__ELEMENT(link, ic__trail, link));
}

static void free_streams(ic__dht_links *links)
{
    ic__trail *s;
    size_t at;

    while (at = 0, (s = ic__map_next(&links->streams, &at)) != NULL)
        ic__trail_free(s);
    ic__map_free(&links->streams);
}

void ic__dht_links_free(ic__dht_links *links)
{
    ic__link *link;

    if (!links)
        return;
    while ((link = ic__queue_first(&links->dials)) != NULL)
        ic__dial_free(IC__ELEMENT(link, ic__dht_dial, link));
    while ((link = ic__queue_first(&links->servers)) != NULL)
        ic__server_free(IC__ELEMENT(link, ic__dht_server, link));
    free_streams(links);
    free_ends(links);
    ic__map_free(&links->sockets);
    ic__tally_free(&links->handshakes);
    ic__relay_cache_free(&links->relays);
    ic_mem_free(links);
}

void ic__dht_links_suspend(ic__dht_links *links)
{
    const ic__link *end = &links->servers.ends;

    ic__dials_cancel(links);
    free_ends(links);
    for (ic__link *l = end->next; l != end; l = l->next)
        ic__server_suspend(IC__ELEMENT(l, ic__dht_server, link));
}

void ic__dht_links_resume(ic__dht_links *links)
{
    const ic__link *end = &links->servers.ends;

    for (ic__link *l = end->next; l != end; l = l->next)
        ic__server_resume(IC__ELEMENT(l, ic__dht_server, link));
}

void ic__dht_links_network_changed(ic__dht_links *links)
{
    const ic__link *end = &links->servers.ends;

    for (ic__link *l = end->next; l != end; l = l->next)
        ic__dht_server_refresh(IC__ELEMENT(l, ic__dht_server, link));
}

void ic__dht_links_punched(ic__dht_links *links, uint32_t sock, const ic__addr *from)
{
    ic__punch_socket *s = ic__punch_socket_find(links, sock);

    if (s && s->on_punch && ic__addr_is_sendable(from))
        s->on_punch(s->user, s, from);
}

uint32_t ic__links_socket(const ic__dht_links *links)
{
    return ic__rpc_is_firewalled(links->dht->rpc) ? IC__DHT_CLIENT_SOCKET
                                                  : IC__DHT_SERVER_SOCKET;
}

bool ic__links_open_address(const ic__dht_links *links, ic__addr *addr)
{
    const ic__dht_host *host = &links->dht->host;
    ic__addr bound = host->socket_address(host->user, IC__DHT_SERVER_SOCKET);
    ic__addr ours = ic__rpc_public_address(links->dht->rpc);

    if (ours.family == 0 || ours.port != bound.port ||
        ic__rpc_is_firewalled(links->dht->rpc))
        return false;
    *addr = ours;
    return true;
}

bool ic__links_may_punch_randomly(const ic__dht_links *links)
{
    const ic__dht *d = links->dht;
    uint64_t pause = d->opts.random_punch_interval_ns;

    if (links->random_punches > 0)
        return false;
    return !links->has_random_punched || d->clock.now - links->random_punched_ns >= pause;
}

bool ic__links_is_own_host(const ic__dht_links *links, const ic__addr *addr)
{
    ic__addr own[IC__DHT_ADDRESSES_MAX];
    size_t count = ic__local_addresses(&links->dht->host, own, IC__DHT_ADDRESSES_MAX);

    return ic__addr_is_loopback(addr) || ic__addr_host_in(addr, own, count);
}
