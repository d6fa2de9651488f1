#include "dht_nat.h"

#include <stdlib.h>

static bool same_port_for_all(const dht_nat *nat)
{
    return nat->kind == DHT_CONSISTENT || nat->kind == DHT_FORWARDED;
}

static bool is_taken(const dht_nat *nat, const ic__addr *inside, uint16_t port)
{
    for (size_t i = 0; i < nat->count; i++) {
        if (nat->mappings[i].port == port &&
            !(same_port_for_all(nat) && ic__addr_equal(&nat->mappings[i].inside, inside)))
            return true;
    }
    return false;
}

static uint16_t choose_port(const dht_nat *nat, fake_random *random,
                            const ic__addr *inside)
{
    uint16_t port = (uint16_t)(inside->port + nat->shift);

    if (same_port_for_all(nat)) {
        for (size_t i = 0; i < nat->count; i++) {
            if (ic__addr_equal(&nat->mappings[i].inside, inside))
                return nat->mappings[i].port;
        }
    } else {
        port = (uint16_t)(1024 + fake_random_below(random, 64512));
    }
    while (port < 1024 || is_taken(nat, inside, port))
        port = (uint16_t)(1024 + fake_random_below(random, 64512));
    return port;
}

static void add(dht_nat *nat, dht_mapping mapping)
{
    if (nat->count == nat->cap) {
        nat->cap = nat->cap ? nat->cap * 2 : 8;
        nat->mappings = realloc(nat->mappings, nat->cap * sizeof *nat->mappings);
        if (!nat->mappings)
            abort();
    }
    nat->mappings[nat->count++] = mapping;
}

ic__addr dht_nat_out(dht_nat *nat, fake_random *random, const ic__addr *inside,
                     const ic__addr *to)
{
    ic__addr outside = nat->address;

    if (nat->kind == DHT_BLOCKED)
        return (ic__addr){0};
    for (size_t i = 0; i < nat->count; i++) {
        const dht_mapping *m = &nat->mappings[i];
        if (ic__addr_equal(&m->inside, inside) && ic__addr_equal(&m->peer, to)) {
            outside.port = m->port;
            return outside;
        }
    }
    outside.port = choose_port(nat, random, inside);
    add(nat, (dht_mapping){.inside = *inside, .peer = *to, .port = outside.port});
    return outside;
}

ic__addr dht_nat_in(const dht_nat *nat, const ic__addr *from, uint16_t port)
{
    for (size_t i = 0; i < nat->count; i++) {
        const dht_mapping *m = &nat->mappings[i];
        if (m->port == port && ic__addr_equal(&m->peer, from))
            return m->inside;
    }
    return (ic__addr){0};
}

void dht_nat_remap(dht_nat *nat)
{
    nat->count = 0;
    nat->shift = (uint16_t)(nat->shift + 1000);
}

void dht_nat_free(dht_nat *nat)
{
    free(nat->mappings);
    free(nat->machines);
    free(nat);
}
