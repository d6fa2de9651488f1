#include "ledgers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <sodium.h>

#include "desk.h"
#include "intersplit/export.h"
#include "intersplit/form.h"
#include "unit.h"

uint64_t ledgers_random(uint64_t *seed)
{
    uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint64_t now_ns(void *user)
{
    const ledgers *l = user;

    return (uint64_t)l->now_ms * 1000000u;
}

static int64_t wall_ms(void *user)
{
    ledgers *l = user;

    return l->now_ms += 1000;
}

static void count_up(void *out, size_t len, void *user)
{
    ledgers *l = user;

    l->randoms++;
    memset(out, 0, len);
    memcpy(out, &l->randoms, len < sizeof l->randoms ? len : sizeof l->randoms);
}

void ledgers_open(ledgers *l, size_t count)
{
    const ic_env env = {
        .now_ns = now_ns, .wall_ms = wall_ms, .random = count_up, .user = l};

    *l = (ledgers){.count = count, .now_ms = INT64_C(1735689600000)};
    for (size_t i = 0; i < count; i++) {
        l->identities[i] = desk_identity((uint8_t)(i + 1));
        assert_int_equal(isplit_ledger_new("trip", l->identities[i], &env, &l->of[i]), 0);
    }
}

void ledgers_close(ledgers *l)
{
    for (size_t i = 0; i < l->count; i++) {
        isplit_ledger_free(l->of[i]);
        ic_identity_free(l->identities[i]);
    }
}

void ledgers_add(ledgers *l, size_t who, const char *payer, const char *amount,
                 const char *split)
{
    char names[1024];
    isplit_part list[64];
    char *rest = names;
    const isplit_entry *entry = NULL;
    isplit_reason why = {{0}};
    isplit_draft add = {.payer = payer, .amount = amount, .parts = list};

    (void)snprintf(names, sizeof names, "%s", split);
    for (char *name; (name = strsep(&rest, ",")) != NULL && *name;)
        list[add.part_count++] = (isplit_part){.name = name};
    if (isplit_ledger_add(l->of[who], &add, &entry, NULL, &why) != 0)
        fail_msg("not added: %s", why.text);
}

char **ledgers_events(const isplit_ledger *ledger, size_t *count)
{
    char **events = calloc(4096, sizeof *events);

    assert_non_null(events);
    *count = 0;
    while (isplit_ledger_event(ledger, *count, &events[*count]) == 0)
        assert_true(++*count < 4096);
    return events;
}

void ledgers_free_events(char **events, size_t count)
{
    for (size_t i = 0; i < count; i++)
        ic_mem_free(events[i]);
    free(events);
}

void ledgers_sync(ledgers *l, size_t from, size_t to)
{
    size_t count = 0;
    char **events = ledgers_events(l->of[from], &count);

    for (size_t i = 0; i < count; i++) {
        isplit_taken taken;
        isplit_reason why = {{0}};
        if (isplit_ledger_take(l->of[to], events[i], strlen(events[i]), &taken, &why) !=
            0)
            fail_msg("not taken: %s\n%s", why.text, events[i]);
    }
    ledgers_free_events(events, count);
}

static void id_of(const char *event, char out[65])
{
    uint8_t hash[32];
    const char *sig = strstr(event, ",\"sig\":");
    char *text = strdup(event);

    assert_non_null(sig);
    assert_non_null(text);
    text[sig - event] = '}';
    crypto_hash_sha256(hash, (const uint8_t *)text, (size_t)(sig - event) + 1);
    sodium_bin2hex(out, 65, hash, sizeof hash);
    free(text);
}

void ledgers_last_id(const isplit_ledger *ledger, const char *kind, char out[65])
{
    char wanted[64];
    size_t count = 0;
    bool found = false;
    char **events = ledgers_events(ledger, &count);

    (void)snprintf(wanted, sizeof wanted, "\"k\":\"%s\"", kind);
    for (size_t i = count; i > 0 && !found; i--) {
        found = strstr(events[i - 1], wanted) != NULL;
        if (found)
            id_of(events[i - 1], out);
    }
    assert_true(found);
    ledgers_free_events(events, count);
}

/* What a new event of this author builds on: all events that nobody built on yet, and its
 * own last. */
static void collect_heads(char **events, size_t count, const char *key, json_t *deps,
                          json_int_t *lc, json_int_t *seq)
{
    char own[65] = "";
    bool own_is_in = true;

    *lc = 0;
    *seq = 0;
    for (size_t i = 0; i < count; i++) {
        char id[65];
        bool built_on = false;
        json_t *e = json_loads(events[i], 0, NULL);
        if (!json_object_get(e, "sig")) {
            json_decref(e);
            continue;
        }
        id_of(events[i], id);
        for (size_t k = 0; k < count; k++) {
            const char *in = strstr(events[k], "\"deps\":[");
            const char *at = in ? strstr(in, id) : NULL;
            built_on = built_on || (at && at < strstr(in, "]"));
        }
        if (!built_on)
            json_array_append_new(deps, json_string(id));
        json_int_t its = json_integer_value(json_object_get(e, "lc"));
        *lc = its > *lc ? its : *lc;
        if (strcmp(json_string_value(json_object_get(e, "by")), key) == 0) {
            *seq = json_integer_value(json_object_get(e, "seq"));
            memcpy(own, id, sizeof own);
            own_is_in = !built_on;
        }
        json_decref(e);
    }
    if (!own_is_in)
        json_array_append_new(deps, json_string(own));
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static json_t *sorted(json_t *texts)
{
    const char *list[64];
    size_t count = json_array_size(texts);
    json_t *out = json_array();

    for (size_t i = 0; i < count; i++)
        list[i] = json_string_value(json_array_get(texts, i));
    qsort(list, count, sizeof *list, by_text);
    for (size_t i = 0; i < count; i++)
        json_array_append_new(out, json_string(list[i]));
    json_decref(texts);
    return out;
}

void ledgers_write(ledgers *l, size_t who, const char *kind, const char *body)
{
    json_int_t lc = 0;
    json_int_t seq = 0;
    size_t count = 0;
    char signed_text[8192];
    uint8_t sig[IC_SIGNATURE_BYTES];
    char hex[2 * IC_SIGNATURE_BYTES + 1];
    isplit_taken taken;
    isplit_reason why = {{0}};
    char **events = ledgers_events(l->of[who], &count);
    const char *key = ic_identity_public_key_hex(l->identities[who]);
    json_t *deps = json_array();

    collect_heads(events, count, key, deps, &lc, &seq);
    json_t *e = json_pack("{sI so ss so ss sI ss ss sI si}", "at", l->now_ms += 1000,
                          "body", json_loads(body, 0, NULL), "by", key, "deps",
                          sorted(deps), "k", kind, "lc", lc + 1, "n", "0011223344556677",
                          "room", "trip", "seq", seq + 1, "v", 2);
    char *text = json_dumps(e, JSON_COMPACT | JSON_SORT_KEYS);
    int n = snprintf(signed_text, sizeof signed_text, "intersplit/event/2\n%s", text);
    ic_identity_sign(l->identities[who], signed_text, (size_t)n, sig);
    sodium_bin2hex(hex, sizeof hex, sig, sizeof sig);
    n = snprintf(signed_text, sizeof signed_text, "%.*s,\"sig\":\"%s\"}",
                 (int)strlen(text) - 1, text, hex);
    if (isplit_ledger_take(l->of[who], signed_text, (size_t)n, &taken, &why) != 0)
        fail_msg("not taken: %s\n%s", why.text, signed_text);
    assert_int_equal(taken, ISPLIT_TAKEN_NEW);
    free(text);
    json_decref(e);
    ledgers_free_events(events, count);
}

void ledgers_unvoid(ledgers *l, size_t who, const char *ref)
{
    char body[128];

    (void)snprintf(body, sizeof body, "{\"ref\":\"%s\"}", ref);
    ledgers_write(l, who, "unvoid", body);
}

/* One more text of the library, which is then freed. */
static void add_text(FILE *out, int err, char *text)
{
    assert_int_equal(err, 0);
    (void)fprintf(out, "%s\n", text);
    ic_mem_free(text);
}

#define ADD_TEXT(out, call)                                                              \
    do {                                                                                 \
        char *text = NULL;                                                               \
        int err = (call);                                                                \
        add_text(out, err, text);                                                        \
    } while (0)

static void add_exports(FILE *out, const isplit_state *state)
{
    for (int f = ISPLIT_EXPORT_TEXT; f <= ISPLIT_EXPORT_BEANCOUNT; f++) {
        int last = f < ISPLIT_EXPORT_SPLITWISE ? ISPLIT_EXPORT_EXPENSES : 0;
        for (int w = ISPLIT_EXPORT_SETTLEMENTS; w <= last; w++)
            ADD_TEXT(out, isplit_export_write(state, (isplit_export_what)w,
                                              (isplit_export_format)f, 0, &text));
    }
}

char *ledgers_picture(const isplit_state *state)
{
    char *picture = NULL;
    size_t len = 0;
    size_t end = 0;
    uint8_t fp[16];
    char hex[33];
    FILE *out = open_memstream(&picture, &len);

    assert_non_null(out);
    isplit_state_fingerprint(state, fp);
    (void)fprintf(out, "%s %zu\n", sodium_bin2hex(hex, sizeof hex, fp, sizeof fp),
                  isplit_state_event_count(state));
    ADD_TEXT(out, isplit_form_list_all(state, &text));
    ADD_TEXT(out, isplit_form_entries_part_json(state, true, 0, SIZE_MAX, SIZE_MAX, &text,
                                                &end));
    ADD_TEXT(out, isplit_form_balance(state, &text));
    ADD_TEXT(out, isplit_form_summary_json(state, &text));
    ADD_TEXT(out, isplit_form_members_json(state, &text));
    ADD_TEXT(out, isplit_form_settings_json(state, &text));
    ADD_TEXT(out, isplit_form_recurring_json(state, &text));
    for (size_t i = 0; i < isplit_state_all_count(state); i++)
        ADD_TEXT(out, isplit_form_history_json(state, isplit_state_all(state, i), &text));
    add_exports(out, state);
    assert_int_equal(fclose(out), 0);
    return picture;
}

int64_t ledgers_hard(size_t i)
{
    int64_t sum = 0;

    if (i + 1 < LEDGERS_HARD)
        return (i % 2 ? 1 : -1) * (1 + (int64_t)(i * i * 37 % 499));
    for (size_t k = 0; k < i; k++)
        sum -= ledgers_hard(k);
    return sum;
}

/* Along its best order of members a set has most[set] groups. */
size_t ledgers_most_groups(const int64_t *minor, size_t count)
{
    static uint8_t most[1u << 16];
    static int64_t sum[1u << 16];

    assert_in_range(count, 0, 16);
    for (uint32_t set = 1; set < 1u << count; set++) {
        uint8_t best = 0;
        for (uint32_t rest = set; rest; rest &= rest - 1) {
            uint8_t without = most[set & ~(rest & (0u - rest))];
            best = without > best ? without : best;
        }
        sum[set] = sum[set & (set - 1)] + minor[__builtin_ctz(set)];
        most[set] = (uint8_t)(best + (sum[set] == 0));
    }
    return most[(1u << count) - 1];
}
