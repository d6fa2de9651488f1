/* Selective acknowledgement: the blocks we send and the blocks we get (spec section 1).
 */
#include "base/seq.h"
#include "transport/udx_state.h"

static bool is_held(const ic__udx *s, uint32_t seq)
{
    return s->in.held[seq & (s->in.held_cap - 1)].type != 0;
}

uint8_t ic__udx_list_blocks(const ic__udx *s, ic__udx_range *blocks)
{
    uint8_t count = 0;
    uint32_t left = s->in.held_count;

    if (left && is_held(s, s->in.next))
        left--; /* the reader has no room for it yet: not arrived, as far as we tell */
    for (uint32_t seq = s->in.next + 1; left && count < IC__UDX_MAX_SACKS; seq++) {
        if (!is_held(s, seq))
            continue;
        blocks[count].start = seq;
        for (; left && is_held(s, seq); seq++)
            left--;
        blocks[count++].end = seq;
    }
    return count;
}

/* Honest blocks ascend; one that goes back is skipped, so that a packet can't make us
 * walk the same part fifty times. */
static bool is_valid(const ic__udx *s, const ic__udx_range *block, uint32_t from)
{
    return !ic__seq_before(s->flight.nxt, block->end) &&
           ic__seq_before(block->start, block->end) &&
           ic__seq_before(block->start, s->flight.nxt) &&
           !ic__seq_before(block->start, from);
}

void ic__udx_take_blocks(ic__udx *s, const ic__udx_packet *packet, ic__udx_probe *probe,
                         uint64_t now)
{
    uint32_t from = s->flight.una;

    for (size_t i = 0; i < packet->sack_count; i++) {
        const ic__udx_range *block = &packet->sacks[i];
        if (!is_valid(s, block, from)) {
            s->stats.dropped_blocks++;
            continue;
        }
        for (uint32_t seq = block->start; seq != block->end; seq++)
            ic__udx_arrived(s, seq, probe, now);
        from = block->end;
    }
    s->rack.unlisted = packet->sack_count == IC__UDX_MAX_SACKS;
    s->rack.unlisted_from = from;
}
