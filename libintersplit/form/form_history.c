/* What happened to an entry, as lines and as JSON. */
#include <string.h>

#include "form/form.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "intersplit/form.h"

#define AUTHOR_SHOWN 12 /* characters of an address */

static const char *kind_name(isplit_step_kind kind)
{
    switch (kind) {
    case ISPLIT_STEP_ADDED:
        return "added";
    case ISPLIT_STEP_AMENDED:
        return "amended";
    case ISPLIT_STEP_VOIDED:
        return "voided";
    case ISPLIT_STEP_UNVOIDED:
        return "unvoided";
    case ISPLIT_STEP_CLEARED:
        return "cleared";
    case ISPLIT_STEP_CONFIRMED:
        return "confirmed";
    case ISPLIT_STEP_DISPUTED:
        return "disputed";
    }
    return "changed";
}

static void put_line(isplit__buf *b, const isplit_step *step)
{
    size_t len = strlen(step->by);

    isplit__buf_text(b, "\n- ");
    isplit__form_time(b, step->at_ms);
    isplit__buf_printf(b, " | %s by ", kind_name(step->kind));
    if (step->author && len > AUTHOR_SHOWN)
        isplit__buf_printf(b, "%.*s...", AUTHOR_SHOWN, step->by);
    else
        isplit__form_text(b, *step->by ? step->by : "nobody");
    if (step->value) {
        isplit__buf_text(b, " | ");
        isplit__form_values(b, step->value);
    }
    isplit__buf_text(b, *step->why ? " | why=" : "");
    isplit__form_text(b, step->why);
    isplit__buf_text(b, step->counts ? "" : " | had no right to");
}

int isplit_form_history(const isplit_state *state, const isplit_entry *entry, char **out)
{
    isplit__buf b = {0};
    isplit_step *steps = NULL;
    size_t count = 0;

    int err = isplit_state_history(state, entry->id, &steps, &count);
    if (err)
        return err;
    isplit__form_room(&b, state);
    isplit__buf_text(&b, "history of ");
    isplit__form_text(&b, entry->id);
    for (size_t i = 0; i < count; i++)
        put_line(&b, &steps[i]);
    ic_mem_free(steps);
    return isplit__buf_finish(&b, out);
}

static void put_text(isplit__buf *b, const char *before, const char *text)
{
    isplit__buf_text(b, before);
    isplit__buf_json_text(b, text, strlen(text));
}

static int put_step(isplit__buf *b, const isplit_step *step)
{
    char *event = NULL;

    put_text(b, "{\"kind\":", kind_name(step->kind));
    isplit__buf_printf(b, ",\"counts\":%s,\"ts\":%lld", step->counts ? "true" : "false",
                       (long long)step->at_ms);
    put_text(b, ",\"by\":", step->by);
    put_text(b, ",\"author\":", step->author ? step->author : "");
    put_text(b, ",\"why\":", step->why);
    int err = step->value ? isplit_form_entry_json(step->value, &event) : 0;
    if (event)
        isplit__buf_printf(b, ",\"event\":%s", event);
    ic_mem_free(event);
    isplit__buf_text(b, "}");
    return err;
}

int isplit_form_history_json(const isplit_state *state, const isplit_entry *entry,
                             char **out)
{
    isplit__buf b = {0};
    isplit_step *steps = NULL;
    size_t count = 0;

    int err = isplit_state_history(state, entry->id, &steps, &count);
    if (err)
        return err;
    isplit__buf_text(&b, "[");
    for (size_t i = 0; !err && i < count; i++) {
        isplit__buf_text(&b, i ? "," : "");
        err = put_step(&b, &steps[i]);
    }
    isplit__buf_text(&b, "]");
    ic_mem_free(steps);
    if (!err)
        return isplit__buf_finish(&b, out);
    isplit__buf_free(&b);
    return err;
}
