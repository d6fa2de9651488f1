#include "dht/nat.h"

#include "dht/addresses.h"

void ic__nat_init(ic__nat *nat, bool firewalled)
{
    *nat = (ic__nat){.open = !firewalled};
    nat->firewall = firewalled ? IC__DHT_FIREWALL_UNKNOWN : IC__DHT_FIREWALL_OPEN;
}

/* Count one sample, and keep the list in order of hits. */
static void count_sample(ic__nat_seen *list, size_t *count, const ic__addr *addr)
{
    size_t i = 0;

    while (i < *count && !ic__addr_equal(&list[i].addr, addr))
        i++;
    if (i == *count)
        list[(*count)++] = (ic__nat_seen){.addr = *addr};
    list[i].hits++;
    for (; i > 0 && list[i - 1].hits < list[i].hits; i--) {
        ic__nat_seen seen = list[i];
        list[i] = list[i - 1];
        list[i - 1] = seen;
    }
}

/* Addresses that only one witness has seen. */
static size_t count_single(const ic__nat *nat)
{
    size_t n = 0;

    for (size_t i = 0; i < nat->full_count; i++)
        n += nat->full[i].hits == 1;
    return n;
}

static uint32_t judge(const ic__nat *nat)
{
    unsigned most = nat->full[0].hits;

    if (most >= 3)
        return count_single(nat) >= most ? IC__DHT_FIREWALL_RANDOM
                                         : IC__DHT_FIREWALL_CONSISTENT;
    if (most == 1)
        return IC__DHT_FIREWALL_RANDOM;
    if (nat->host_count == 1 && nat->sampled > 3)
        return IC__DHT_FIREWALL_RANDOM;
    if (nat->host_count > 1 && nat->full[1].hits > 1)
        return IC__DHT_FIREWALL_CONSISTENT;
    return nat->sampled > IC__NAT_WANTED ? IC__DHT_FIREWALL_RANDOM
                                         : IC__DHT_FIREWALL_UNKNOWN;
}

bool ic__nat_add(ic__nat *nat, const ic__addr *us, const ic__addr *from)
{
    if (nat->sampled == IC__NAT_SAMPLES_MAX)
        return false;
    for (size_t i = 0; i < nat->sampled; i++) {
        if (ic__addr_equal(&nat->witnesses[i], from))
            return false;
    }
    ic__addr host = *us;
    host.port = 0;
    nat->witnesses[nat->sampled++] = *from;
    count_sample(nat->hosts, &nat->host_count, &host);
    count_sample(nat->full, &nat->full_count, us);
    if (nat->sampled >= 3 && !nat->frozen && !nat->open)
        nat->firewall = judge(nat);
    return true;
}

bool ic__nat_settled(const ic__nat *nat)
{
    return nat->open || nat->sampled >= IC__NAT_WANTED;
}

void ic__nat_freeze(ic__nat *nat)
{
    nat->frozen = true;
}

size_t ic__nat_addresses(const ic__nat *nat, ic__addr *out, size_t cap)
{
    size_t n = 0;

    if (nat->firewall == IC__DHT_FIREWALL_UNKNOWN || cap == 0)
        return 0;
    if (nat->firewall == IC__DHT_FIREWALL_RANDOM) {
        out[0] = nat->hosts[0].addr;
        return 1;
    }
    for (size_t i = 0; i < nat->full_count && n < cap; i++) {
        if (nat->full[i].hits >= 2 || n < 2)
            out[n++] = nat->full[i].addr;
    }
    return n;
}
