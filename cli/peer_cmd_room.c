/* What a room has agreed upon, in the words in which it is said (docs/spec/16-ledger.md,
 * section 5.3). */
#include <inttypes.h>

#include "base/buf.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "intersplit/form.h"
#include "intersplit/money.h"
#include "peer_expense.h"

static void say_buf(const peer_call *call, ic__buf *b)
{
    if (b->bad)
        peer_fail(call->reply, "%s", ic_strerror(IC_ERR_NOMEM));
    else
        peer_say_lines(call->reply, b->data);
    ic__buf_free(b);
}

/* "preset flat split alice*2,bob*1" */
static void put_preset(ic__buf *b, const isplit_preset *p)
{
    char percent[ISPLIT_MONEY_TEXT_MAX];

    ic__buf_printf(b, "\n  preset %s split ", p->name);
    for (size_t i = 0; i < p->part_count; i++) {
        const isplit_share *part = &p->parts[i];
        ic__buf_printf(b, "%s%s", i ? "," : "", part->name);
        if (p->mode == ISPLIT_SPLIT_WEIGHTS)
            ic__buf_printf(b, "*%" PRId64, part->minor);
        else if (p->mode == ISPLIT_SPLIT_PERCENT)
            ic__buf_printf(b, " %s%%", isplit_money_format(part->minor, 2, 0, percent));
    }
}

void peer_expense_say_settings(const peer_call *call, const isplit_state *state)
{
    static const char *const counts[] = {"all", "signed", "acked"};
    const isplit_settings *s = isplit_state_settings(state);
    ic__buf b = {0};

    ic__buf_printf(&b, "[expense:%s] settings, each to be changed by 'room ...':",
                   isplit_state_room(state));
    ic__buf_printf(&b, "\n  currency %s", *s->currency ? s->currency : "(none)");
    ic__buf_printf(&b, "\n  rotate %s\n  edit %s\n  count %s\n  unsigned %s",
                   s->rotate ? "on" : "off",
                   s->edit == ISPLIT_EDIT_MEMBERS ? "members" : "author",
                   counts[s->count], s->ignore_unsigned ? "off" : "on");
    ic__buf_text(&b, s->writer_count ? "\n  writers " : "\n  writers off");
    for (size_t i = 0; i < s->writer_count; i++)
        ic__buf_printf(&b, "%s%s", i ? "," : "", s->writers[i]);
    for (size_t i = 0; i < s->preset_count; i++)
        put_preset(&b, &s->presets[i]);
    if (*s->default_preset)
        ic__buf_printf(&b, "\n  default %s", s->default_preset);
    for (size_t i = 0; i < s->owner_count; i++)
        ic__buf_printf(&b, "\n  owner: %s", s->owners[i]);
    say_buf(call, &b);
}

static int put_recurring(ic__buf *b, const isplit_recurring *r)
{
    static const char *const units[] = {"day", "week", "month", "year"};
    char *line = NULL;

    int error = isplit_form_line(r->entry, &line);
    if (error)
        return error;
    ic__buf_text(b, "\n- every ");
    if (r->step > 1)
        ic__buf_printf(b, "%" PRIu32 " ", r->step);
    ic__buf_printf(b, "%s%s until %s | %s | made=%" PRIu32 " | id=%.12s%s",
                   units[r->every], r->step > 1 ? "s" : "", r->until, line, r->made,
                   r->entry->id, r->stopped ? " | stopped" : "");
    ic_mem_free(line);
    return 0;
}

void peer_expense_say_recurring(const peer_call *call, const isplit_state *state)
{
    size_t count = 0;
    const isplit_recurring *list = isplit_state_recurring(state, &count);
    ic__buf b = {0};

    ic__buf_printf(&b, "[expense:%s] recurring=%zu", isplit_state_room(state), count);
    for (size_t i = 0; i < count; i++)
        b.bad = put_recurring(&b, &list[i]) != 0 || b.bad;
    say_buf(call, &b);
}
