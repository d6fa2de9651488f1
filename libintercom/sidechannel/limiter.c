#include "sidechannel/limiter.h"

#include "base/env.h"

static void refill(double *tokens, uint64_t *refilled_ns, uint32_t rate, uint32_t burst,
                   uint64_t now)
{
    if (now <= *refilled_ns)
        return;
    *tokens += (double)(now - *refilled_ns) / (double)IC__SEC * (double)rate;
    if (*tokens > (double)burst)
        *tokens = (double)burst;
    *refilled_ns = now;
}

void ic__limiter_init(ic__limiter *l, const ic__policy_options *settings, uint64_t now)
{
    *l = (ic__limiter){
        .tokens = (double)settings->rate_burst_bytes,
        .refilled_ns = now,
        .strikes_end_ns = now + settings->strike_window_ms * IC__MS,
    };
}

bool ic__limiter_blocked(const ic__limiter *l, uint64_t now)
{
    return now < l->blocked_until_ns;
}

static void forget_strikes(ic__limiter *l, const ic__policy_options *settings,
                           uint64_t now)
{
    if (now <= l->strikes_end_ns)
        return;
    l->strikes = 0;
    l->strikes_end_ns = now + settings->strike_window_ms * IC__MS;
}

static void add_strike(ic__limiter *l, const ic__policy_options *settings, uint64_t now)
{
    l->strikes++;
    if (l->strikes >= settings->max_strikes)
        l->blocked_until_ns = now + settings->block_ms * IC__MS;
}

bool ic__limiter_take(ic__limiter *l, const ic__policy_options *settings, uint64_t bytes,
                      uint64_t now)
{
    if (ic__limiter_blocked(l, now))
        return false;
    if (!settings->rate_bytes_per_s)
        return true;
    forget_strikes(l, settings, now);
    refill(&l->tokens, &l->refilled_ns, settings->rate_bytes_per_s,
           settings->rate_burst_bytes, now);
    if ((double)bytes > l->tokens) {
        add_strike(l, settings, now);
        return false;
    }
    l->tokens -= (double)bytes;
    return true;
}

void ic__limiter_strike(ic__limiter *l, const ic__policy_options *settings, uint64_t now)
{
    if (ic__limiter_blocked(l, now))
        return;
    forget_strikes(l, settings, now);
    add_strike(l, settings, now);
}

uint64_t ic__limiter_matters_until(const ic__limiter *l,
                                   const ic__policy_options *settings)
{
    double missing = (double)settings->rate_burst_bytes - l->tokens;
    uint64_t full = l->refilled_ns;
    uint64_t until = l->blocked_until_ns;

    if (settings->rate_bytes_per_s)
        full += (uint64_t)(missing / settings->rate_bytes_per_s * (double)IC__SEC);
    if (l->strikes && l->strikes_end_ns > until)
        until = l->strikes_end_ns;
    return full > until ? full : until;
}

void ic__bucket_init(ic__bucket *b, uint32_t burst, uint64_t now)
{
    *b = (ic__bucket){.tokens = (double)burst, .refilled_ns = now};
}

bool ic__bucket_take(ic__bucket *b, uint32_t rate_per_s, uint32_t burst, uint64_t amount,
                     uint64_t now)
{
    if (!rate_per_s)
        return true;
    refill(&b->tokens, &b->refilled_ns, rate_per_s, burst, now);
    if ((double)amount > b->tokens)
        return false;
    b->tokens -= (double)amount;
    return true;
}
