/* What a user does to a room, as events. */
#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "ledger/author.h"
#include "ledger/draft.h"
#include "ledger/member.h"
#include "ledger/recur.h"
#include "text/name.h"
#include "text/reason.h"

/* A deed on its way. */
typedef struct doing {
    isplit__room *room;
    const isplit__author *author;
    isplit__asked *asked;
    const isplit_state *state;
    uint8_t nonce[ISPLIT__NONCE_BYTES];
    const char *kind; /* of the event */
    isplit__said said;
} doing;

static int refuse(const doing *d, int err, const char *text)
{
    isplit__refuse(d->asked->why, "%s", text);
    return err;
}

static const isplit__event *event_at(const doing *d, uint32_t node)
{
    return d->room->nodes[node].event;
}

static isplit__id own_key(const doing *d)
{
    isplit__id key;

    memcpy(key.b, ic_identity_public_key(d->author->identity), sizeof key.b);
    return key;
}

/* Write the event and look up the entry that it is or changes. */
static int write_said(doing *d)
{
    isplit__id id;
    const isplit_state *state = NULL;

    int err = isplit__author_write(d->room, d->author, d->kind, &d->said, d->nonce, &id,
                                   d->asked->why);
    if (!err)
        err = isplit__room_state(d->room, &state);
    if (err)
        return err;
    uint32_t node = isplit__room_spoken_of(d->room, isplit__room_find(d->room, &id));
    if (node != ISPLIT__NONE)
        d->asked->entry = isplit__node_entry(&d->room->nodes[node]);
    return 0;
}

/* --- values --- */

static int read_draft(doing *d)
{
    isplit__id hash;

    isplit__id_of(&hash, d->nonce, sizeof d->nonce);
    return isplit__draft_read(d->asked->deed->draft, d->state, &hash, &d->said.value,
                              &d->asked->field, d->asked->why);
}

static int add(doing *d)
{
    int err = read_draft(d);

    if (d->asked->deed->draft->type == ISPLIT_ENTRY_PAYMENT)
        d->kind = "pay";
    return err ? err : write_said(d);
}

/* --- changes --- */

static const char *const refused =
    "only its author and the owners of the room can change an entry";

/* The last entry that is void or cleared. */
static const isplit_entry *last_dead(const isplit_state *state)
{
    for (size_t i = isplit_state_all_count(state); i > 0; i--) {
        const isplit_entry *e = isplit_state_all(state, i - 1);
        if (e->flags & (ISPLIT_ENTRY_VOID | ISPLIT_ENTRY_CLEARED))
            return e;
    }
    return NULL;
}

/* The entry that the deed is about, which its user may change. */
static int find_entry(const doing *d, uint32_t *node)
{
    const isplit_deed *deed = d->asked->deed;
    const isplit_entry *e = NULL;
    const isplit__id key = own_key(d);
    const char *id = deed->id ? deed->id : "";

    if (deed->kind == ISPLIT_DEED_UNVOID && strcmp(id, "last") == 0)
        e = last_dead(d->state);
    int err = e ? 0 : isplit_state_find(d->state, id, &e, d->asked->why);
    if (err)
        return err;
    *node = isplit__room_node_of(d->room, e);
    if (!isplit__room_may_change_now(d->room, &key, *node))
        return refuse(d, IC_ERR_DENIED, refused);
    return 0;
}

static int amend(doing *d)
{
    uint32_t node = ISPLIT__NONE;

    int err = find_entry(d, &node);
    if (!err)
        err = read_draft(d);
    if (err)
        return err;
    d->said.refs[0] = d->room->nodes[node].event->id;
    return write_said(d);
}

static int mark(doing *d, uint32_t node)
{
    char words[ISPLIT__NOTE_MAX + 1];

    int err = isplit__note_typed(d->asked->deed->text, words, d->asked->why);
    if (err) {
        d->asked->field = ISPLIT_FIELD_NOTE;
        return err;
    }
    d->said.refs[0] = d->room->nodes[node].event->id;
    d->said.why = words;
    return write_said(d);
}

static uint32_t find_recurring(const doing *d);
static int stop(doing *d, uint32_t node);

static int void_entry(doing *d)
{
    uint32_t node = find_recurring(d);

    if (node != ISPLIT__NONE)
        return stop(d, node);
    int err = find_entry(d, &node);
    if (!err && d->room->nodes[node].event->entry->flags & ISPLIT_ENTRY_VOID)
        err = refuse(d, IC_ERR_INVALID, "this entry is void already");
    return err ? err : mark(d, node);
}

/* The clear in force with the greatest (lc, id). */
static int find_clear(const doing *d, uint32_t *out)
{
    size_t count = 0;
    isplit__id *clears = NULL;
    bool *wanted = ic_mem_alloc(d->room->count + 1u);

    if (!wanted)
        return IC_ERR_NOMEM;
    memset(wanted, true, d->room->count + 1u);
    int err = isplit__room_clears_over(d->room, wanted, &clears, &count);
    ic_mem_free(wanted);
    if (err)
        return err;
    *out = ISPLIT__NONE;
    for (size_t i = 0; i < count; i++) {
        uint32_t at = isplit__room_find(d->room, &clears[i]);
        if (*out == ISPLIT__NONE ||
            isplit__event_compare(event_at(d, *out), event_at(d, at)) < 0)
            *out = at;
    }
    ic_mem_free(clears);
    return *out != ISPLIT__NONE
               ? 0
               : refuse(d, IC_ERR_NOT_FOUND, "nothing was cleared in this room");
}

static int undo_clear(doing *d)
{
    bool may = false;
    uint32_t clear = ISPLIT__NONE;
    const isplit__id key = own_key(d);

    int err = find_clear(d, &clear);
    if (!err)
        err = isplit__room_may_undo(d->room, &key, clear, &may);
    if (!err && !may)
        err =
            refuse(d, IC_ERR_DENIED,
                   "only who has an entry in this room can undo its clear, or an owner");
    return err ? err : mark(d, clear);
}

static int unvoid(doing *d)
{
    uint32_t node = find_recurring(d);
    const char *id = d->asked->deed->id;

    if (id && strcmp(id, "clear") == 0)
        return undo_clear(d);
    if (node != ISPLIT__NONE)
        return stop(d, node);
    int err = find_entry(d, &node);
    if (!err && d->room->nodes[node].live)
        err = refuse(d, IC_ERR_INVALID, "this entry counts already");
    return err ? err : mark(d, node);
}

/* --- words --- */

/* A word is about values, so it names the event that brought them. */
static int say(doing *d)
{
    const isplit_entry *e = NULL;
    const isplit_deed *deed = d->asked->deed;

    int err = isplit_state_find(d->state, deed->id ? deed->id : "", &e, d->asked->why);
    if (err)
        return err;
    uint32_t node = isplit__room_node_of(d->room, e);
    if (!isplit__room_is_named(d->room, node,
                               ic_identity_public_key_hex(d->author->identity)))
        return refuse(
            d, IC_ERR_DENIED,
            "claim your name first: only members whom an entry names confirm or "
            "dispute it");
    return mark(d, d->room->nodes[node].value);
}

/* --- again and again --- */

static int read_repeat(doing *d, isplit__schedule *out)
{
    const isplit_deed *deed = d->asked->deed;
    const char *first = deed->draft->date;

    d->asked->field = ISPLIT_FIELD_DATE;
    if (!first || !*first || !deed->repeat->until ||
        !isplit__date_valid(deed->repeat->until) ||
        strcmp(deed->repeat->until, first) < 0)
        return refuse(d, IC_ERR_INVALID,
                      "say on which day it begins and until when it "
                      "comes, like 2026-01-31");
    if (deed->repeat->step < 1 || deed->repeat->step > 366 ||
        deed->repeat->every > ISPLIT_EVERY_YEAR)
        return refuse(d, IC_ERR_INVALID,
                      "it comes every 1 to 366 days, weeks, months or "
                      "years");
    *out = (isplit__schedule){.every = deed->repeat->every, .step = deed->repeat->step};
    memcpy(out->until, deed->repeat->until, sizeof out->until);
    return 0;
}

static int recur(doing *d)
{
    int err = read_draft(d);
    if (!err && d->said.value.entry.type == ISPLIT_ENTRY_PAYMENT)
        err = refuse(d, IC_ERR_INVALID, "a payment does not come again by itself");
    if (!err)
        err = read_repeat(d, &d->said.schedule);
    return err ? err : write_said(d);
}

/* A recurring entry is meant: its node, or ISPLIT__NONE. */
static uint32_t find_recurring(const doing *d)
{
    size_t count = 0;
    const char *id = d->asked->deed->id ? d->asked->deed->id : "";
    const isplit_recurring *list = isplit_state_recurring(d->state, &count);

    for (size_t i = 0; i < count && strlen(id) >= 6; i++) {
        if (strncmp(list[i].entry->id, id, strlen(id)) == 0)
            return isplit__room_node_of(d->room, list[i].entry);
    }
    return ISPLIT__NONE;
}

static int stop(doing *d, uint32_t node)
{
    const isplit__id key = own_key(d);

    if (!isplit__room_may_change_now(d->room, &key, node))
        return refuse(d, IC_ERR_DENIED, refused);
    return mark(d, node);
}

static int write_occur(doing *d, const isplit__event *template, uint32_t number)
{
    d->said.refs[0] = template->id;
    d->said.schedule.number = number;
    return isplit__author_write(d->room, d->author, "occur", &d->said, NULL, NULL,
                                d->asked->why);
}

/* Those of one template whose day has come. */
static int make_due(doing *d, const isplit__event *template, uint32_t from,
                    const char *today, size_t *made)
{
    char date[ISPLIT__DATE_BYTES];
    int err = 0;

    for (uint32_t n = from; !err && n < ISPLIT__OCCUR_MAX; n++) {
        if (!isplit__schedule_day(template->schedule, template->entry->date, n, date) ||
            strcmp(date, today) > 0)
            break;
        err = write_occur(d, template, n);
        *made += !err;
    }
    return err;
}

int isplit__author_due(isplit__room *room, const isplit__author *author, size_t *made,
                       isplit_reason *why)
{
    isplit__asked asked = {.why = why};
    doing d;
    const char *own = ic_identity_public_key_hex(author->identity);
    char today[ISPLIT__DATE_BYTES];

    d.room = room;
    d.author = author;
    d.asked = &asked;
    *made = 0;
    isplit__date_of(author->env->wall_ms(author->env->user), today);
    int err = isplit__room_state(room, &d.state);
    for (size_t i = 0; !err && i < d.state->recurring_count; i++) {
        const isplit_recurring r = d.state->recurring[i];
        if (!r.stopped && strcmp(r.entry->author, own) == 0)
            err = make_due(&d, room->nodes[isplit__room_node_of(room, r.entry)].event,
                           r.made, today, made);
    }
    return err;
}

/* --- members --- */

static int read_member(const doing *d, isplit__claim *out)
{
    const isplit_member_deed *m = d->asked->deed->member;
    const char *name = m->name ? m->name : "";

    *out = (isplit__claim){.claims = m->claim,
                           .active = !m->leave,
                           .weight = m->weight,
                           .has_show = m->show != NULL};
    int err = isplit__name_typed(name, strlen(name), out->name, d->asked->why);
    if (err)
        return err;
    if (m->weight > ISPLIT_SPLIT_MAX_WEIGHT)
        return refuse(d, IC_ERR_INVALID, "a weight is a whole number from 1 to 1000000");
    if (m->show && !isplit__show_valid(m->show))
        return refuse(d, IC_ERR_INVALID,
                      "a name is shown in at most 80 bytes without control characters");
    if (m->show)
        memcpy(out->show, m->show, strlen(m->show) + 1);
    memcpy(out->key, ic_identity_public_key_hex(d->author->identity), sizeof out->key);
    return 0;
}

static int set_member(doing *d)
{
    isplit__claim *claim = &d->said.claim;
    const isplit__id key = own_key(d);

    int err = read_member(d, claim);
    if (err)
        return err;
    const isplit_member *m = isplit__state_find_member(&d->room->state, claim->name);
    if (m && m->key && strcmp(m->key, claim->key) != 0 &&
        !isplit__view_owns(&d->room->owners, &key))
        return refuse(d, IC_ERR_DENIED, "somebody else claimed this name");
    return write_said(d);
}

/* --- settings --- */

/* They are written and read again: what cannot be read has no effect. */
static int check_settings(doing *d)
{
    isplit__rules again;
    isplit__buf text = {0};
    isplit__codec c = isplit__codec_writer(&text);

    isplit__rules_pass(&c, &d->said.rules);
    int err = text.bad ? IC_ERR_NOMEM : 0;
    if (!err && (text.len > sizeof again.texts || !isplit__rules_load(text.data, &again)))
        err = refuse(d, IC_ERR_INVALID,
                     "a setting is not valid: currencies are like EUR, keys have 64 hex "
                     "digits, presets have names");
    isplit__buf_free(&text);
    return err;
}

static int set(doing *d)
{
    const isplit__id key = own_key(d);
    const isplit_settings *s = d->asked->deed->settings;
    const isplit_settings *now = d->state->settings;

    if (d->room->owners.owner_count && !isplit__view_owns(&d->room->owners, &key))
        return refuse(d, IC_ERR_DENIED, "only the owners of a room change its settings");
    if (*now->currency &&
        (strcmp(now->currency, s->currency) != 0 || now->exponent != s->exponent))
        return refuse(d, IC_ERR_INVALID, "the currency of a room is set once");
    if (!isplit__rules_of(s, &d->said.rules))
        return refuse(d, IC_ERR_INVALID, "a room has at most 16 presets and 48 writers");
    int err = check_settings(d);
    return err ? err : write_said(d);
}

int isplit__author_do(isplit__room *room, const isplit__author *author,
                      isplit__asked *asked)
{
    static const struct {
        const char *kind;
        int (*run)(doing *d);
    } deeds[] = {
        [ISPLIT_DEED_ADD] = {"add", add},
        [ISPLIT_DEED_AMEND] = {"amend", amend},
        [ISPLIT_DEED_VOID] = {"void", void_entry},
        [ISPLIT_DEED_UNVOID] = {"unvoid", unvoid},
        [ISPLIT_DEED_ACK] = {"ack", say},
        [ISPLIT_DEED_DISPUTE] = {"dispute", say},
        [ISPLIT_DEED_MEMBER] = {"member", set_member},
        [ISPLIT_DEED_RECUR] = {"recur", recur},
        [ISPLIT_DEED_SET] = {"room", set},
    };
    doing d;
    size_t kind = (size_t)asked->deed->kind;

    d.room = room;
    d.author = author;
    d.asked = asked;
    if (kind >= sizeof deeds / sizeof deeds[0] || !deeds[kind].run)
        return refuse(&d, IC_ERR_INVALID, "this version cannot do that");
    d.kind = deeds[kind].kind;
    int err = isplit__room_state(room, &d.state);
    if (err)
        return err;
    author->env->random(d.nonce, sizeof d.nonce, author->env->user);
    return deeds[kind].run(&d);
}
