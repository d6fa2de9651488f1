#include "ledger/compose.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void put_deps(isplit__buf *b, const isplit__parts *p)
{
    isplit__buf_text(b, ",\"deps\":[");
    for (size_t i = 0; i < p->dep_count; i++) {
        isplit__buf_text(b, i ? ",\"" : "\"");
        isplit__buf_hex(b, p->deps[i].b, sizeof p->deps[i].b);
        isplit__buf_text(b, "\"");
    }
    isplit__buf_text(b, "]");
}

void isplit__compose_event(isplit__buf *b, const isplit__parts *p)
{
    isplit__buf_printf(b, "{\"at\":%" PRId64 ",\"body\":", p->at);
    isplit__buf_add(b, p->body.at, p->body.len);
    isplit__buf_text(b, ",\"by\":\"");
    isplit__buf_hex(b, p->by.b, sizeof p->by.b);
    isplit__buf_text(b, "\"");
    put_deps(b, p);
    isplit__buf_printf(b, ",\"k\":\"%s\",\"lc\":%" PRId64 ",\"n\":\"", p->kind, p->lc);
    isplit__buf_hex(b, p->nonce, p->nonce_len);
    isplit__buf_text(b, "\",\"room\":");
    isplit__buf_json_text(b, p->room, strlen(p->room));
    isplit__buf_printf(b, ",\"seq\":%" PRIu32 ",\"v\":2}", p->seq);
}

typedef struct part {
    isplit__slice name;
    int64_t minor;
} part;

static int by_name(const void *a, const void *b)
{
    const isplit__slice *x = &((const part *)a)->name;
    const isplit__slice *y = &((const part *)b)->name;
    int order = memcmp(x->at, y->at, x->len < y->len ? x->len : y->len);

    return order ? order : (x->len > y->len) - (x->len < y->len);
}

static void put_slice(isplit__buf *b, const char *before, isplit__slice text)
{
    isplit__buf_text(b, before);
    isplit__buf_json_text(b, text.at, text.len);
}

static void put_shares(isplit__buf *b, const isplit__plain *p)
{
    part parts[ISPLIT__ENTRY_MAX_NAMES];

    for (size_t i = 0; i < p->count; i++)
        parts[i] = (part){
            .name = p->split[i],
            .minor = isplit__equal_share(p->amount, p->count, i),
        };
    qsort(parts, p->count, sizeof *parts, by_name);
    for (size_t i = 0; i < p->count; i++) {
        put_slice(b, i ? "," : ",\"shares\":{", parts[i].name);
        isplit__buf_printf(b, ":%" PRId64, parts[i].minor);
    }
    isplit__buf_text(b, "}");
}

void isplit__compose_plain(isplit__buf *b, const isplit__plain *p)
{
    isplit__buf_printf(b, "{\"amount\":%" PRId64, p->amount);
    for (size_t i = 0; i < p->count; i++)
        put_slice(b, i ? "," : ",\"mode\":{\"equal\":[", p->split[i]);
    isplit__buf_text(b, "]}");
    if (p->note.len)
        put_slice(b, ",\"note\":", p->note);
    put_slice(b, ",\"paid\":{", p->payer);
    isplit__buf_printf(b, ":%" PRId64 "}", p->amount);
    put_shares(b, p);
    isplit__buf_text(b, ",\"type\":\"expense\"}");
}
