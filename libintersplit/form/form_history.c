/* What happened to an entry, as lines and as JSON. */
#include <string.h>

#include "form/form.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "intersplit/form.h"

#define AUTHOR_SHOWN 12 /* characters of an address */

static const char *const kind_names[] = {
    [ISPLIT_STEP_ADDED] = "added",       [ISPLIT_STEP_AMENDED] = "amended",
    [ISPLIT_STEP_VOIDED] = "voided",     [ISPLIT_STEP_UNVOIDED] = "unvoided",
    [ISPLIT_STEP_CLEARED] = "cleared",   [ISPLIT_STEP_CONFIRMED] = "confirmed",
    [ISPLIT_STEP_DISPUTED] = "disputed",
};

static void put_line(isplit__buf *b, const isplit_step *step)
{
    size_t len = strlen(step->by);

    isplit__form_time(b, "\n- ", step->at_ms);
    isplit__buf_printf(b, " | %s by ", kind_names[step->kind]);
    if (step->author && len > AUTHOR_SHOWN)
        isplit__buf_printf(b, "%.*s...", AUTHOR_SHOWN, step->by);
    else
        isplit__form_text(b, "", *step->by ? step->by : "nobody");
    if (step->value) {
        isplit__buf_text(b, " | ");
        isplit__form_values(b, step->value);
    }
    isplit__form_text(b, *step->why ? " | why=" : "", step->why);
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
    isplit__form_text(&b, "history of ", entry->id);
    for (size_t i = 0; i < count; i++)
        put_line(&b, &steps[i]);
    ic_mem_free(steps);
    return isplit__buf_finish(&b, out);
}

static void put_step(isplit__buf *b, const isplit_step *step)
{
    isplit__json_text(b, "{\"kind\":", kind_names[step->kind]);
    isplit__json_bool(b, ",\"counts\":", step->counts);
    isplit__json_number(b, ",\"ts\":", step->at_ms);
    isplit__json_text(b, ",\"by\":", step->by);
    isplit__json_text(b, ",\"author\":", step->author ? step->author : "");
    isplit__json_text(b, ",\"why\":", step->why);
    if (step->value) {
        isplit__buf_text(b, ",\"event\":");
        isplit__form_event(b, step->value);
    }
    isplit__buf_text(b, "}");
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
    for (size_t i = 0; i < count; i++) {
        isplit__buf_text(&b, i ? "," : "");
        put_step(&b, &steps[i]);
    }
    isplit__buf_text(&b, "]");
    ic_mem_free(steps);
    return isplit__buf_finish(&b, out);
}
