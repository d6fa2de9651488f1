/* Round trips and the timeout that follows from them (spec section 6). */
#include "transport/udx_state.h"

#define FIRST_RTO_NS IC__SEC
#define LEAST_RTO_NS IC__SEC
#define MOST_RTO_NS (30 * IC__SEC)
#define ODD_RTT_NS (5 * IC__SEC)
#define LEAST_WINDOW_NS (300 * IC__SEC)
#define UNKNOWN (-(double)MOST_RTO_NS)

void ic__udx_rtt_init(ic__udx_rtt *rtt, uint64_t now)
{
    *rtt = (ic__udx_rtt){.rto_ns = FIRST_RTO_NS};
    ic__udx_best_reset(&rtt->least, now, UNKNOWN);
}

uint64_t ic__udx_rtt_least(const ic__udx_rtt *rtt)
{
    return rtt->srtt_ns ? (uint64_t)-ic__udx_best_get(&rtt->least) : 0;
}

/* A machine that slept counts its sleep; don't believe it. */
static uint64_t believable(const ic__udx_rtt *rtt, uint64_t sample)
{
    uint64_t odd = rtt->srtt_ns + 5 * rtt->var_ns;

    if (rtt->srtt_ns && (sample <= ODD_RTT_NS || sample <= odd))
        return sample;
    if (rtt->srtt_ns)
        sample = odd;
    return sample < MOST_RTO_NS ? sample : MOST_RTO_NS;
}

static uint64_t clamp(uint64_t rto)
{
    if (rto < LEAST_RTO_NS)
        return LEAST_RTO_NS;
    return rto < MOST_RTO_NS ? rto : MOST_RTO_NS;
}

void ic__udx_rtt_add(ic__udx_rtt *rtt, uint64_t sample_ns, uint64_t now)
{
    uint64_t sample = believable(rtt, sample_ns ? sample_ns : 1);

    if (rtt->srtt_ns) {
        uint64_t off =
            sample < rtt->srtt_ns ? rtt->srtt_ns - sample : sample - rtt->srtt_ns;
        rtt->var_ns = (3 * rtt->var_ns + off) / 4;
        rtt->srtt_ns = (7 * rtt->srtt_ns + sample) / 8;
        ic__udx_best_add(&rtt->least, LEAST_WINDOW_NS, now, -(double)sample);
    } else {
        rtt->srtt_ns = sample;
        rtt->var_ns = sample / 2;
        ic__udx_best_reset(&rtt->least, now, -(double)sample);
    }
    if (!rtt->srtt_ns)
        rtt->srtt_ns = 1; /* zero means unknown */
    rtt->rto_ns = clamp(rtt->srtt_ns + 4 * rtt->var_ns);
}
