/**
 * @file intersplit/form.h
 * A room as text, JSON and CSV: the forms that terminal, bridge and page share.
 *
 * Spec     docs/spec/16-ledger.md, section 0; docs/spec/13-sc-bridge.md, section 7
 * Threads  pure functions
 * Errors   0 or a negative ic_error. Texts are UTF-8, to be freed with ic_mem_free
 */
#ifndef INTERSPLIT_FORM_H
#define INTERSPLIT_FORM_H

#include <stdbool.h>
#include <stdint.h>

#include "intercom/api.h"
#include "intersplit/entry.h"
#include "intersplit/plan.h"

IC_BEGIN_DECLS

/** "[expense:trip-nyc] added 30.00 by alice split=alice,bob" */
IC_API IC_CHECK int isplit_form_added(const isplit_state *state,
                                      const isplit_entry *entry, char **out);
/** "[expense:trip-nyc] voided 30.00 by alice split=alice,bob | void": what became of an
 * entry, and its marks. */
IC_API IC_CHECK int isplit_form_changed(const isplit_state *state, const char *what,
                                        const isplit_entry *entry, char **out);
/** What happened to an entry, a line each. @return also as isplit_state_history */
IC_API IC_CHECK int isplit_form_history(const isplit_state *state,
                                        const isplit_entry *entry, char **out);
/** Why `from` pays `to`, an entry a line: in the room's currency, then in each other one
 * that has entries of the two. @return also as isplit_state_plan and isplit_plan_why */
IC_API IC_CHECK int isplit_form_why(const isplit_state *state, const char *from,
                                    const char *to, char **out);
/** "alice paid 30.00 | split=alice,bob | note=dinner" */
IC_API IC_CHECK int isplit_form_line(const isplit_entry *entry, char **out);
/** The lines of /expense_list. */
IC_API IC_CHECK int isplit_form_list(const isplit_state *state, char **out);
/** The same with void and cleared entries, their marks and the first digits of each id.
 */
IC_API IC_CHECK int isplit_form_list_all(const isplit_state *state, char **out);
/** What isplit_book_try came to, in a sentence: "Add 30.00 paid by alice, split between
 * alice, bob". */
IC_API IC_CHECK int isplit_form_sentence(const isplit_entry *entry, char **out);
/** The lines of /expense_balance; a block of them for each currency. */
IC_API IC_CHECK int isplit_form_balance(const isplit_state *state, char **out);
/** With the settlements that `options` ask for. @return also as isplit_state_plan */
IC_API IC_CHECK int isplit_form_balance_with(const isplit_state *state,
                                             const isplit_plan_options *options,
                                             char **out);

/** One entry as the JSON object "event" of the bridge: txId, payer, amountCents, split,
 * note, ts, by, author, signed, and what docs/spec/13-sc-bridge.md adds. */
IC_API IC_CHECK int isplit_form_entry_json(const isplit_entry *entry, char **out);
/** The members as a JSON array: name, active, weight, contested, and key and show where
 * there are such. */
IC_API IC_CHECK int isplit_form_members_json(const isplit_state *state, char **out);
/** The recurring entries as a JSON array: ref, every (day, week, month, year), step,
 * until, made (how many entries so far), stopped, and entry, the first of them. */
IC_API IC_CHECK int isplit_form_recurring_json(const isplit_state *state, char **out);
/** The settings as a JSON object: currency, exponent, rotate, unsigned, edit, count,
 * writers, default, presets, owners. */
IC_API IC_CHECK int isplit_form_settings_json(const isplit_state *state, char **out);
/** A JSON array of steps: kind, counts, ts, by, author, why and, of added and amended,
 * the event of then. */
IC_API IC_CHECK int isplit_form_history_json(const isplit_state *state,
                                             const isplit_entry *entry, char **out);
/** The JSON object "why": amountCents and causes, each with fromCents, toCents,
 * directCents and its event; and currencies, an array of the same with code and exponent
 * for each other currency that has entries of the two. */
IC_API IC_CHECK int isplit_form_why_json(const isplit_state *state, const char *from,
                                         const char *to, char **out);
/** All entries as a JSON array of such objects, in list order. */
IC_API IC_CHECK int isplit_form_entries_json(const isplit_state *state, char **out);
/**
 * A part of that array, or with `all` of isplit_state_all: entries from number `from` on,
 * up to `max_count` of them and about `max_bytes` of text, but one at least.
 *
 * @param end  the number of the first entry that was left out
 */
IC_API IC_CHECK int isplit_form_entries_part_json(const isplit_state *state, bool all,
                                                  size_t from, size_t max_count,
                                                  size_t max_bytes, char **out,
                                                  size_t *end);
/** The JSON object "summary": channel, eventCount, totalCents, balances, settlements,
 * plan, currency, exponent, total, currencies, members. */
IC_API IC_CHECK int isplit_form_summary_json(const isplit_state *state, char **out);
/**
 * With the settlements that `options` ask for (NULL = the fewest).
 *
 * @return also as isplit_state_plan
 */
IC_API IC_CHECK int isplit_form_summary_json_with(const isplit_state *state,
                                                  const isplit_plan_options *options,
                                                  char **out);

typedef enum isplit_export_format {
    ISPLIT_EXPORT_TEXT,
    ISPLIT_EXPORT_JSON,
    ISPLIT_EXPORT_CSV,
    ISPLIT_EXPORT_SPLITWISE, /* this one and those below: intersplit/export.h */
    ISPLIT_EXPORT_LEDGER,
    ISPLIT_EXPORT_HLEDGER,
    ISPLIT_EXPORT_BEANCOUNT
} isplit_export_format;

/** The settlement export; `at_ms` becomes generated_at. */
IC_API IC_CHECK int isplit_form_export(const isplit_state *state,
                                       isplit_export_format format, int64_t at_ms,
                                       char **out);

IC_END_DECLS

#endif
