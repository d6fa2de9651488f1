/* Settlements of a room that has currencies. One without them has the original's forms,
 * which know a single one of two decimals. */
#include <inttypes.h>

#include "form/export.h"
#include "form/form.h"
#include "intersplit/money.h"
#include "intersplit/plan.h"
#include "text/csv.h"

typedef void (*transfer_cb)(isplit__buf *b, const isplit_currency *c,
                            const isplit_transfer *transfer, const char *money);

static int each_transfer(isplit__buf *b, const isplit_state *state, transfer_cb put)
{
    for (size_t i = 0; i < isplit_state_currency_count(state); i++) {
        isplit_plan plan = {0};
        const isplit_currency *c = isplit_state_currency(state, i);
        int err = isplit_state_plan(state, i, NULL, &plan);
        if (err)
            return err;
        for (size_t j = 0; j < plan.count; j++) {
            char money[ISPLIT_MONEY_TEXT_MAX];
            put(b, c, &plan.transfers[j],
                isplit_money_format(plan.transfers[j].amount_minor, c->exponent, 0,
                                    money));
        }
        isplit_plan_free(&plan);
    }
    return 0;
}

static void put_row(isplit__buf *b, const isplit_currency *c, const isplit_transfer *t,
                    const char *money)
{
    isplit__buf_text(b, "\n");
    isplit__csv_put(b, t->from);
    isplit__buf_text(b, ",");
    isplit__csv_put(b, t->to);
    isplit__buf_printf(b, ",%s,%s", money, c->code);
}

static void put_object(isplit__buf *b, const isplit_currency *c, const isplit_transfer *t,
                       const char *money)
{
    isplit__json_text(b,
                      b->data[b->len - 1] == '[' ? "{\"from\":" : ",{\"from\":", t->from);
    isplit__json_text(b, ",\"to\":", t->to);
    isplit__buf_printf(b, ",\"currency\":\"%s\",\"minor\":%" PRId64 ",\"amount\":\"%s\"}",
                       c->code, t->amount_minor, money);
}

static void put_line(isplit__buf *b, const isplit_currency *c, const isplit_transfer *t,
                     const char *money)
{
    isplit__form_text(b, "\n- ", t->from);
    isplit__form_text(b, " -> ", t->to);
    isplit__buf_printf(b, ": %s%s%s", money, *c->code ? " " : "", c->code);
}

bool isplit__export_is_plain(const isplit_state *state)
{
    const isplit_currency *own = isplit_state_currency(state, 0);

    return isplit_state_currency_count(state) == 1 && !*own->code &&
           own->exponent == ISPLIT__EXPONENT;
}

int isplit__export_settlements(isplit__buf *b, const isplit_state *state,
                               isplit_export_format format, int64_t at_ms)
{
    if (format == ISPLIT_EXPORT_CSV) {
        isplit__buf_text(b, "from,to,amount,currency");
        return each_transfer(b, state, put_row);
    }
    if (format == ISPLIT_EXPORT_JSON) {
        isplit__export_head(b, state, at_ms);
        isplit__buf_text(b, ",\"settlements\":[");
        int err = b->bad ? 0 : each_transfer(b, state, put_object);
        isplit__buf_text(b, "]}");
        return err;
    }
    isplit__form_time(b, "InterSplit Settlement Export\ngenerated_at: ", at_ms);
    isplit__form_text(b, "\nchannel: ", isplit_state_room(state));
    isplit__buf_printf(b, "\nevents: %zu\nsettlements:", isplit_state_entry_count(state));
    return each_transfer(b, state, put_line);
}
