/* How large a packet may be: the search for the path's MTU (RFC 8899; spec section 5). */
#include "transport/udx_state.h"

#define STEP 32
#define MOST_TRIES 3
#define OVERHEAD_IP4 48 /* IP, UDP and UDX headers */
#define OVERHEAD_IP6 68
#define FIRST_LIMIT (IC__UDX_BASE_MTU - OVERHEAD_IP6)

static uint16_t overhead(const ic__udx *s)
{
    bool ip4 = s->leg_count && ic__udx_current_path(s)->addr.family == 4;
    return ip4 ? OVERHEAD_IP4 : OVERHEAD_IP6;
}

/* The reference fixes the size of the first packet before it knows the address family. */
uint16_t ic__udx_payload_limit(const ic__udx *s)
{
    if (s->flight.nxt == s->opts.first_seq && !s->rate.delivered)
        return FIRST_LIMIT;
    return (uint16_t)(s->mtu.mtu - overhead(s));
}

void ic__udx_mtu_reset(ic__udx *s)
{
    uint32_t max = s->opts.max_mtu;

    s->mtu = (ic__udx_mtu){.mtu = IC__UDX_BASE_MTU, .probe = IC__UDX_BASE_MTU};
    s->mtu.max = max < IC__UDX_MAX_DATAGRAM ? (uint16_t)max : IC__UDX_MAX_DATAGRAM;
    if (s->mtu.max <= IC__UDX_BASE_MTU)
        s->mtu.state = IC__UDX_MTU_DONE;
}

void ic__udx_limit_mtu(ic__udx *s, uint32_t mtu)
{
    if (!mtu || mtu >= s->mtu.max)
        return;
    s->mtu.max = mtu > IC__UDX_BASE_MTU ? (uint16_t)mtu : IC__UDX_BASE_MTU;
    if (s->mtu.max == IC__UDX_BASE_MTU)
        s->mtu.state = IC__UDX_MTU_DONE;
}

/* The padding that makes a probe of a packet; *probe says whether it becomes one. */
uint8_t ic__udx_mtu_padding(const ic__udx *s, size_t payload_len, bool *probe)
{
    size_t bare = payload_len + overhead(s);

    *probe = s->mtu.wanted && s->leg_count == 1 && payload_len > 0 &&
             bare <= s->mtu.probe && s->mtu.probe - bare <= IC__UDX_MAX_PADDING;
    return *probe ? (uint8_t)(s->mtu.probe - bare) : 0;
}

void ic__udx_mtu_sent(ic__udx *s, ic__udx_sent *sent)
{
    sent->probe_mtu = s->mtu.probe;
    s->mtu.wanted = false;
    s->mtu.tries++;
}

static void next_size(ic__udx_mtu *m)
{
    m->mtu = m->probe;
    m->tries = 0;
    if (m->mtu >= m->max) {
        m->state = IC__UDX_MTU_DONE;
        return;
    }
    m->probe = (uint16_t)(m->probe + STEP);
    if (m->probe > m->max)
        m->probe = m->max;
    m->wanted = true;
}

void ic__udx_mtu_arrived(ic__udx *s, const ic__udx_sent *sent)
{
    ic__udx_mtu *m = &s->mtu;

    if (m->state == IC__UDX_MTU_SEARCH && sent->probe_mtu == m->probe && m->tries) {
        next_size(m);
    } else if (m->state == IC__UDX_MTU_BASE) {
        m->state = IC__UDX_MTU_SEARCH;
        m->wanted = true;
    }
}

void ic__udx_mtu_lost(ic__udx *s, ic__udx_sent *sent)
{
    ic__udx_mtu *m = &s->mtu;
    bool current = m->state == IC__UDX_MTU_SEARCH && sent->probe_mtu == m->probe;

    sent->probe_mtu = 0;
    if (!current)
        return;
    if (m->tries >= MOST_TRIES)
        m->state = IC__UDX_MTU_DONE;
    else
        m->wanted = true;
}
