#include "transport/udx_flight.h"

#include "intercom/sys/mem.h"

#define FIRST_CAP 8

void ic__udx_flight_init(ic__udx_flight *f, uint32_t seq, uint32_t max)
{
    *f = (ic__udx_flight){.max = max, .una = seq, .nxt = seq};
}

void ic__udx_flight_free(ic__udx_flight *f)
{
    ic_mem_free(f->ring);
    f->ring = NULL;
    f->cap = 0;
}

bool ic__udx_flight_reserve(ic__udx_flight *f)
{
    uint32_t count = f->nxt - f->una;

    if (count >= f->max)
        return false;
    if (count < f->cap)
        return true;
    ic__udx_flight bigger = *f;
    bigger.cap = f->cap ? f->cap * 2 : FIRST_CAP;
    bigger.ring = ic_mem_calloc(bigger.cap, sizeof *bigger.ring);
    if (!bigger.ring)
        return false;
    for (uint32_t seq = f->una; seq != f->nxt; seq++)
        *ic__udx_flight_at(&bigger, seq) = *ic__udx_flight_at(f, seq);
    ic_mem_free(f->ring);
    *f = bigger;
    return true;
}

bool ic__udx_flight_is_idle(const ic__udx_flight *f)
{
    return ic__udx_flight_empty(f) && f->cap > 0;
}

void ic__udx_flight_trim(ic__udx_flight *f)
{
    if (ic__udx_flight_is_idle(f))
        ic__udx_flight_free(f);
}

static void append(ic__udx_flight *f, ic__udx_list *list, uint32_t seq)
{
    if (list->count++) {
        ic__udx_flight_at(f, list->newest)->newer = seq;
        ic__udx_flight_at(f, seq)->older = list->newest;
    } else {
        list->oldest = seq;
    }
    list->newest = seq;
}

static void unlink_from(ic__udx_flight *f, ic__udx_list *list, uint32_t seq)
{
    const ic__udx_sent *sent = ic__udx_flight_at(f, seq);

    if (list->oldest == seq)
        list->oldest = sent->newer;
    else
        ic__udx_flight_at(f, sent->older)->newer = sent->newer;
    if (list->newest == seq)
        list->newest = sent->older;
    else
        ic__udx_flight_at(f, sent->newer)->older = sent->older;
    list->count--;
}

static ic__udx_list *list_of(ic__udx_flight *f, uint8_t place)
{
    if (place == IC__UDX_FLYING)
        return &f->flying;
    return place == IC__UDX_LOST ? &f->lost : NULL;
}

ic__udx_sent *ic__udx_flight_add(ic__udx_flight *f)
{
    ic__udx_sent *sent = ic__udx_flight_at(f, f->nxt);

    *sent = (ic__udx_sent){.place = IC__UDX_FLYING};
    append(f, &f->flying, f->nxt++);
    return sent;
}

void ic__udx_flight_move(ic__udx_flight *f, uint32_t seq, ic__udx_place place)
{
    ic__udx_sent *sent = ic__udx_flight_at(f, seq);
    ic__udx_list *from = list_of(f, sent->place);
    ic__udx_list *to = list_of(f, (uint8_t)place);

    if (from)
        unlink_from(f, from, seq);
    else
        f->arrived--;
    sent->place = (uint8_t)place;
    if (to)
        append(f, to, seq);
    else
        f->arrived++;
}

void ic__udx_flight_pass(ic__udx_flight *f)
{
    f->una++;
    f->arrived--;
}
