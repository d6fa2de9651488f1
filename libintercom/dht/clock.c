#include "dht/clock.h"

#include "base/queue.h"

int ic__clock_add(ic__clock *clock, ic__alarm *alarm, void (*ring)(ic__alarm *alarm))
{
    int err = ic__timers_reserve(&clock->timers, clock->added + 1);

    if (err)
        return err;
    clock->added++;
    *alarm = (ic__alarm){.ring = ring};
    return 0;
}

void ic__clock_remove(ic__clock *clock, ic__alarm *alarm)
{
    if (!alarm->ring)
        return;
    ic__timers_set(&clock->timers, &alarm->timer, IC__NEVER);
    alarm->ring = NULL;
    clock->added--;
}

void ic__clock_set(ic__clock *clock, ic__alarm *alarm, uint64_t at_ns)
{
    bool again = clock->running && at_ns <= clock->now;

    ic__timers_set(&clock->timers, &alarm->timer, again ? clock->now + 1 : at_ns);
}

void ic__clock_set_in(ic__clock *clock, ic__alarm *alarm, uint64_t delay_ns)
{
    uint64_t left = IC__NEVER - clock->now;

    ic__clock_set(clock, alarm, delay_ns < left ? clock->now + delay_ns : IC__NEVER);
}

uint64_t ic__clock_deadline(const ic__clock *clock)
{
    return ic__timers_deadline(&clock->timers);
}

void ic__clock_run(ic__clock *clock, uint64_t now)
{
    ic__timer *timer;

    clock->now = now;
    clock->running = true;
    while ((timer = ic__timers_pop(&clock->timers, now)) != NULL) {
        ic__alarm *alarm = IC__ELEMENT(timer, ic__alarm, timer);
        alarm->ring(alarm);
    }
    clock->running = false;
}

void ic__clock_free(ic__clock *clock)
{
    ic__timers_free(&clock->timers);
}
