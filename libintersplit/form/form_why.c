/* Why somebody pays somebody, as lines and as JSON. */
#include <inttypes.h>
#include <string.h>

#include "form/form.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "intersplit/form.h"

/* The transfer of these two in the plan, or one of nothing. */
static int find_transfer(const isplit_state *state, const char *from, const char *to,
                         isplit_transfer *out)
{
    isplit_plan plan = {0};

    *out = (isplit_transfer){.from = from, .to = to};
    int err = isplit_state_plan(state, 0, NULL, &plan);
    if (err)
        return err;
    for (size_t i = 0; i < plan.count; i++) {
        if (strcmp(plan.transfers[i].from, from) == 0 &&
            strcmp(plan.transfers[i].to, to) == 0)
            out->amount_minor = plan.transfers[i].amount_minor;
    }
    isplit_plan_free(&plan);
    return 0;
}

static void put_amount(isplit__buf *b, const char *before, int64_t minor,
                       const isplit_currency *c, bool sign)
{
    isplit__buf_text(b, before);
    isplit__form_amount(b, minor, c->exponent, sign);
}

static void put_cause(isplit__buf *b, const isplit_cause *cause, const isplit_currency *c,
                      const isplit_transfer *t)
{
    isplit__buf_text(b, "\n- ");
    isplit__form_time(b, cause->entry->at_ms);
    isplit__buf_text(b, " | ");
    isplit__form_values(b, cause->entry);
    isplit__buf_text(b, " | ");
    isplit__form_text(b, t->from);
    put_amount(b, ": ", cause->from_minor, c, true);
    isplit__buf_text(b, ", ");
    isplit__form_text(b, t->to);
    put_amount(b, ": ", cause->to_minor, c, true);
}

/* "bob -> alice: 15.00", which nets everybody's debts, and what of it is between the two.
 */
static void put_head(isplit__buf *b, const isplit_state *state, const isplit_transfer *t,
                     int64_t direct)
{
    const isplit_currency *c = isplit_state_currency(state, 0);

    isplit__form_room(b, state);
    isplit__form_text(b, t->from);
    isplit__buf_text(b, " -> ");
    isplit__form_text(b, t->to);
    put_amount(b, ": ", t->amount_minor, c, false);
    put_amount(b, "; between these two alone: ", direct < 0 ? 0 : direct, c, false);
}

int isplit_form_why(const isplit_state *state, const char *from, const char *to,
                    char **out)
{
    isplit__buf b = {0};
    isplit_transfer t;
    isplit_cause *causes = NULL;
    size_t count = 0;
    int64_t direct = 0;

    int err = find_transfer(state, from, to, &t);
    if (!err)
        err = isplit_plan_why(state, 0, &t, &causes, &count);
    if (err)
        return err;
    for (size_t i = 0; i < count; i++)
        direct += causes[i].direct_minor;
    put_head(&b, state, &t, direct);
    for (size_t i = 0; i < count; i++)
        put_cause(&b, &causes[i], isplit_state_currency(state, 0), &t);
    ic_mem_free(causes);
    return isplit__buf_finish(&b, out);
}

static int put_json(isplit__buf *b, const isplit_cause *cause)
{
    char *event = NULL;

    int err = isplit_form_entry_json(cause->entry, &event);
    if (!err)
        isplit__buf_printf(b,
                           "{\"fromCents\":%" PRId64 ",\"toCents\":%" PRId64
                           ",\"directCents\":%" PRId64 ",\"event\":%s}",
                           cause->from_minor, cause->to_minor, cause->direct_minor,
                           event);
    ic_mem_free(event);
    return err;
}

int isplit_form_why_json(const isplit_state *state, const char *from, const char *to,
                         char **out)
{
    isplit__buf b = {0};
    isplit_transfer t;
    isplit_cause *causes = NULL;
    size_t count = 0;

    int err = find_transfer(state, from, to, &t);
    if (!err)
        err = isplit_plan_why(state, 0, &t, &causes, &count);
    if (err)
        return err;
    isplit__buf_printf(&b, "{\"amountCents\":%" PRId64 ",\"causes\":[", t.amount_minor);
    for (size_t i = 0; !err && i < count; i++) {
        isplit__buf_text(&b, i ? "," : "");
        err = put_json(&b, &causes[i]);
    }
    isplit__buf_text(&b, "]}");
    ic_mem_free(causes);
    if (!err)
        return isplit__buf_finish(&b, out);
    isplit__buf_free(&b);
    return err;
}
