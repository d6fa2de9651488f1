#include "swarm/rules.h"

#include "base/env.h"

uint8_t ic__swarm_priority(uint32_t attempts)
{
    static const uint8_t by_attempts[] = {IC__SWARM_NORMAL, IC__SWARM_VERY_HIGH,
                                          IC__SWARM_HIGH, IC__SWARM_LOW};

    return by_attempts[attempts < IC__SWARM_MOST_ATTEMPTS ? attempts
                                                          : IC__SWARM_MOST_ATTEMPTS];
}

ic__swarm_class ic__swarm_retry_class(uint32_t attempts, bool proven, bool is_explicit)
{
    static const ic__swarm_class if_proven[] = {IC__SWARM_RETRY_S, IC__SWARM_RETRY_S,
                                                IC__SWARM_RETRY_M, IC__SWARM_RETRY_L};
    static const ic__swarm_class else_class[] = {IC__SWARM_RETRY_S, IC__SWARM_RETRY_M,
                                                 IC__SWARM_RETRY_L, IC__SWARM_RETRY_L};

    if (attempts > IC__SWARM_MOST_ATTEMPTS)
        return is_explicit ? IC__SWARM_RETRY_X : IC__SWARM_RETRY_NEVER;
    return proven ? if_proven[attempts] : else_class[attempts];
}

void ic__swarm_beat_init(ic__swarm_beat *b, uint64_t delay_ms)
{
    uint64_t every_ms = delay_ms * 66 / 100;

    *b = (ic__swarm_beat){.every_ns = (every_ms ? every_ms : 1) * IC__MS};
}

uint64_t ic__swarm_beat_due(ic__swarm_beat *b, uint64_t now)
{
    if (!b->start_ns)
        b->start_ns = now;
    uint64_t beats = (now - b->start_ns) / b->every_ns;
    return b->start_ns + (beats + 2) * b->every_ns;
}

bool ic__swarm_has_room(uint32_t max_peers, size_t peers, size_t explicit_peers)
{
    uint64_t factor = explicit_peers >= 4   ? 4
                      : explicit_peers >= 2 ? 3
                      : explicit_peers == 1 ? 2
                                            : 1;

    return factor * peers < max_peers;
}

bool ic__swarm_keeps_new(bool used, bool own_key_greater, bool new_is_initiator)
{
    return used || own_key_greater == new_is_initiator;
}
