#include "intersplit/ledger.h"

#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "ledger/author.h"
#include "ledger/room.h"
#include "text/reason.h"

/* The bytes of a delivered event. */
typedef struct kept {
    char *text;
    size_t len;
    bool is_signed;
    uint8_t sig[IC_SIGNATURE_BYTES];
} kept;

struct isplit_ledger {
    isplit__room *room;
    isplit__author author;
    ic_env env;
    kept *events;
    size_t count;
    size_t cap;
};

static int keep_event(const isplit__item *item, void *user)
{
    isplit_ledger *l = user;

    if (!isplit__grow(&l->events, l->count + 1, &l->cap, sizeof *l->events))
        return IC_ERR_NOMEM;
    kept k = {.len = item->len, .is_signed = item->event->kind != ISPLIT__KIND_LEGACY};
    k.text = ic_mem_alloc(item->len);
    if (!k.text)
        return IC_ERR_NOMEM;
    memcpy(k.text, item->text, item->len);
    memcpy(k.sig, item->sig, sizeof k.sig);
    l->events[l->count++] = k;
    return 0;
}

int isplit_ledger_new(const char *room, const ic_identity *identity, const ic_env *env,
                      isplit_ledger **out)
{
    if (!isplit__room_name_valid(room))
        return IC_ERR_INVALID;
    isplit_ledger *l = ic_mem_calloc(1, sizeof *l);
    if (!l)
        return IC_ERR_NOMEM;
    if (env)
        l->env = *env;
    else
        ic_env_system(&l->env);
    l->author = (isplit__author){.identity = identity, .env = &l->env};
    ic_network network = identity ? ic_identity_network(identity) : IC_NETWORK_MAINNET;
    int err = isplit__room_new(room, ic_network_prefix(network), &l->room);
    if (err) {
        ic_mem_free(l);
        return err;
    }
    isplit__room_on_deliver(l->room, keep_event, l);
    *out = l;
    return 0;
}

void isplit_ledger_free(isplit_ledger *l)
{
    if (!l)
        return;
    isplit__room_free(l->room);
    for (size_t i = 0; i < l->count; i++)
        ic_mem_free(l->events[i].text);
    ic_mem_free(l->events);
    ic_mem_free(l);
}

int isplit_ledger_take(isplit_ledger *l, const char *json, size_t len,
                       isplit_taken *taken, isplit_reason *why)
{
    isplit__item item;

    if (len > ISPLIT_LEDGER_MAX_EVENT_BYTES)
        return IC_ERR_LIMIT;
    int err = isplit__item_read(json, len, &l->room->context, &item, why);
    if (err == IC_ERR_INVALID) {
        isplit__refuse(why, "not an entry");
        err = IC_ERR_PROTO;
    }
    if (!err && !isplit__item_verify(&item)) {
        isplit__item_free(&item);
        isplit__refuse(why, "the event's signature is wrong");
        err = IC_ERR_AUTH;
    }
    return err ? err : isplit__room_take(l->room, &item, taken);
}

/* Only who has a key can write. */
static int check_writer(const isplit_ledger *l, isplit_reason *why)
{
    if (l->author.identity)
        return 0;
    isplit__refuse(why, "this ledger only reads");
    return IC_ERR_DENIED;
}

int isplit_ledger_do(isplit_ledger *l, const isplit_deed *deed, const isplit_entry **out,
                     isplit_field *field, isplit_reason *why)
{
    isplit__asked asked = {.deed = deed, .why = why};

    int err = check_writer(l, why);
    if (!err)
        err = isplit__author_do(l->room, &l->author, &asked);
    if (!err)
        *out = asked.entry;
    else if (field)
        *field = err == IC_ERR_INVALID ? asked.field : ISPLIT_FIELD_NONE;
    return err;
}

int isplit_ledger_due(isplit_ledger *l, size_t *made, isplit_reason *why)
{
    int err = check_writer(l, why);

    return err ? err : isplit__author_due(l->room, &l->author, made, why);
}

int isplit_ledger_add(isplit_ledger *l, const isplit_draft *draft,
                      const isplit_entry **out, isplit_field *field, isplit_reason *why)
{
    const isplit_deed deed = {.kind = ISPLIT_DEED_ADD, .draft = draft};

    return isplit_ledger_do(l, &deed, out, field, why);
}

int isplit_ledger_clear(isplit_ledger *l, size_t *removed, isplit_reason *why)
{
    int err = check_writer(l, why);

    return err ? err : isplit__author_clear(l->room, &l->author, removed, why);
}

int isplit_ledger_state(isplit_ledger *l, const isplit_state **out)
{
    return isplit__room_state(l->room, out);
}

int isplit_ledger_event(const isplit_ledger *l, size_t index, char **out)
{
    isplit__buf b = {0};

    if (index >= l->count)
        return IC_ERR_NOT_FOUND;
    const kept *k = &l->events[index];
    if (k->is_signed)
        isplit__event_write(&b, k->text, k->len, k->sig);
    else
        isplit__buf_add(&b, k->text, k->len);
    return isplit__buf_finish(&b, out);
}

int isplit_ledger_fork(const isplit_ledger *l, const char *key, size_t pair[2])
{
    return isplit__room_fork(l->room, key, pair);
}
