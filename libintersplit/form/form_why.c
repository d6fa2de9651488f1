/* Why somebody pays somebody, as lines and as JSON; in each currency that has to do with
 * the two. */
#include <string.h>

#include "form/form.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "intersplit/form.h"

/* A transfer, which may be of nothing, and what is behind it. */
typedef struct reasons {
    const isplit_currency *currency;
    isplit_transfer transfer;
    isplit_cause *causes;
    size_t count;
} reasons;

static int find_transfer(const isplit_state *state, size_t currency, isplit_transfer *t)
{
    isplit_plan plan = {0};

    int err = isplit_state_plan(state, currency, NULL, &plan);
    if (err)
        return err;
    for (size_t i = 0; i < plan.count; i++) {
        if (strcmp(plan.transfers[i].from, t->from) == 0 &&
            strcmp(plan.transfers[i].to, t->to) == 0)
            t->amount_minor = plan.transfers[i].amount_minor;
    }
    isplit_plan_free(&plan);
    return 0;
}

typedef void (*reasons_cb)(isplit__buf *b, const isplit_state *state, const reasons *r);

/* Tell of one currency. Of others than the room's own only what there is. */
static int tell(isplit__buf *b, const isplit_state *state, size_t currency,
                const isplit_transfer *between, reasons_cb put)
{
    reasons r = {.currency = isplit_state_currency(state, currency),
                 .transfer = *between};

    int err = find_transfer(state, currency, &r.transfer);
    if (!err)
        err = isplit_plan_why(state, currency, &r.transfer, &r.causes, &r.count);
    if (!err && (!currency || r.count))
        put(b, state, &r);
    ic_mem_free(r.causes);
    return err;
}

/* --- lines --- */

static void put_cause(isplit__buf *b, const isplit_cause *cause, const reasons *r)
{
    unsigned exponent = r->currency->exponent;

    isplit__form_time(b, "\n- ", cause->entry->at_ms);
    isplit__buf_text(b, " | ");
    isplit__form_values(b, cause->entry);
    isplit__form_text(b, " | ", r->transfer.from);
    isplit__form_amount(b, ": ", cause->from_minor, exponent, true);
    isplit__form_text(b, ", ", r->transfer.to);
    isplit__form_amount(b, ": ", cause->to_minor, exponent, true);
}

/* "bob -> alice: 15.00", which nets everybody's debts, and what of it is between the two.
 */
static void put_lines(isplit__buf *b, const isplit_state *state, const reasons *r)
{
    const isplit_currency *c = r->currency;
    bool own = c == isplit_state_currency(state, 0);
    int64_t direct = 0;

    for (size_t i = 0; i < r->count; i++)
        direct += r->causes[i].direct_minor;
    isplit__buf_text(b, own ? "" : "\n");
    isplit__form_room(b, state);
    isplit__form_text(b, "", r->transfer.from);
    isplit__form_text(b, " -> ", r->transfer.to);
    isplit__form_amount(b, ": ", r->transfer.amount_minor, c->exponent, false);
    isplit__buf_printf(b, "%s%s", own ? "" : " ", own ? "" : c->code);
    isplit__form_amount(b, "; between these two alone: ", direct < 0 ? 0 : direct,
                        c->exponent, false);
    for (size_t i = 0; i < r->count; i++)
        put_cause(b, &r->causes[i], r);
}

int isplit_form_why(const isplit_state *state, const char *from, const char *to,
                    char **out)
{
    const isplit_transfer between = {.from = from, .to = to};
    isplit__buf b = {0};
    int err = 0;

    for (size_t i = 0; !err && i < isplit_state_currency_count(state); i++)
        err = tell(&b, state, i, &between, put_lines);
    return isplit__form_finish(&b, err, out);
}

/* --- JSON --- */

/* The members of an object, without its braces. */
static void put_members(isplit__buf *b, const isplit_state *state, const reasons *r)
{
    (void)state;
    isplit__json_number(b, "\"amountCents\":", r->transfer.amount_minor);
    isplit__buf_text(b, ",\"causes\":[");
    for (size_t i = 0; i < r->count; i++) {
        const isplit_cause *c = &r->causes[i];
        isplit__json_number(b, i ? ",{\"fromCents\":" : "{\"fromCents\":", c->from_minor);
        isplit__json_number(b, ",\"toCents\":", c->to_minor);
        isplit__json_number(b, ",\"directCents\":", c->direct_minor);
        isplit__buf_text(b, ",\"event\":");
        isplit__form_event(b, c->entry);
        isplit__buf_text(b, "}");
    }
    isplit__buf_text(b, "]");
}

static void put_currency(isplit__buf *b, const isplit_state *state, const reasons *r)
{
    bool first = b->len && b->data[b->len - 1] == '[';

    isplit__buf_printf(b, "%s{\"code\":\"%s\",\"exponent\":%u,", first ? "" : ",",
                       r->currency->code, r->currency->exponent);
    put_members(b, state, r);
    isplit__buf_text(b, "}");
}

int isplit_form_why_json(const isplit_state *state, const char *from, const char *to,
                         char **out)
{
    const isplit_transfer between = {.from = from, .to = to};
    isplit__buf b = {0};

    isplit__buf_text(&b, "{");
    int err = tell(&b, state, 0, &between, put_members);
    isplit__buf_text(&b, ",\"currencies\":[");
    for (size_t i = 1; !err && i < isplit_state_currency_count(state); i++)
        err = tell(&b, state, i, &between, put_currency);
    isplit__buf_text(&b, "]}");
    return isplit__form_finish(&b, err, out);
}
