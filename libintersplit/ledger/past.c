#include "ledger/past.h"

#include "intercom/error.h"
#include "intercom/sys/mem.h"

int isplit__past_new(isplit__past *p, const isplit__room *room)
{
    size_t n = room->count + 1u;

    *p = (isplit__past){.room = room};
    p->mark = ic_mem_calloc(n, sizeof *p->mark);
    p->stack = ic_mem_calloc(n, sizeof *p->stack);
    return p->mark && p->stack ? 0 : IC_ERR_NOMEM;
}

void isplit__past_free(isplit__past *p)
{
    ic_mem_free(p->mark);
    ic_mem_free(p->stack);
}

void isplit__past_of(isplit__past *p, uint32_t node, int64_t least_lc)
{
    const isplit__node *nodes = p->room->nodes;
    size_t depth = 0;

    p->stamp++;
    p->stack[depth++] = node;
    while (depth) {
        const isplit__node *n = &nodes[p->stack[--depth]];
        for (size_t i = 0; i < n->event->dep_count; i++) {
            uint32_t dep = n->deps[i];
            if (p->mark[dep] == p->stamp || nodes[dep].event->lc < least_lc)
                continue;
            p->mark[dep] = p->stamp;
            p->stack[depth++] = dep;
        }
    }
}
