#include "sidechannel/policy.h"

#include <string.h>

#include "base/text.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "sidechannel/name.h"

void ic__policy_options_default(ic__policy_options *options)
{
    *options = (ic__policy_options){
        .entry_channel = "0000intercom",
        .max_message_bytes = 1000000,
        .allow_remote_open = true,
        .relay = true,
        .ttl = 3,
        .pow = true,
        .pow_difficulty = 12,
        .rate_bytes_per_s = 64000,
        .rate_burst_bytes = 256000,
        .max_strikes = 3,
        .strike_window_ms = 5000,
        .block_ms = 30000,
        .relay_bytes_per_s = 1024000,
        .relay_burst_bytes = 4096000,
        .max_age_ms = 600000,
        .max_ahead_ms = 120000,
        .invite_ttl_s = 604800,
        .welcome_required = true,
    };
}

/* The next item that is not empty. */
static bool item_next(const char **list, const char **item, size_t *len)
{
    while (*list && **list) {
        size_t raw = strcspn(*list, ",");
        *item = ic__trim(*list, raw, len);
        *list += raw + ((*list)[raw] == ',');
        if (*len)
            return true;
    }
    return false;
}

static int list_add(ic__list *list, const char *text, size_t len)
{
    char **items = ic_mem_resize(list->items, (list->count + 1) * sizeof *items);

    if (!items)
        return IC_ERR_NOMEM;
    list->items = items;
    char *copy = ic_mem_alloc(len + 1);
    if (!copy)
        return IC_ERR_NOMEM;
    memcpy(copy, text, len);
    copy[len] = 0;
    items[list->count++] = copy;
    return 0;
}

int ic__list_split(const char *text, ic__list *out)
{
    ic__list list = {0};
    const char *item;
    size_t len;

    while (item_next(&text, &item, &len)) {
        if (list_add(&list, item, len) != 0) {
            ic__list_free(&list);
            return IC_ERR_NOMEM;
        }
    }
    *out = list;
    return 0;
}

void ic__list_free(ic__list *list)
{
    for (size_t i = 0; i < list->count; i++)
        ic_mem_free(list->items[i]);
    ic_mem_free(list->items);
    *list = (ic__list){0};
}

static bool list_has(const ic__list *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i], text) == 0)
            return true;
    }
    return false;
}

bool ic__pair_next(const char **list, const char **name, size_t *name_len,
                   const char **value, size_t *value_len)
{
    const char *item;
    size_t len;

    if (!item_next(list, &item, &len))
        return false;
    const char *mark = memchr(item, ':', len);
    if (!mark)
        mark = memchr(item, '=', len);
    size_t before = mark ? (size_t)(mark - item) : len;
    *name = ic__trim(item, before, name_len);
    *value = mark ? ic__trim(mark + 1, len - before - 1, value_len) : NULL;
    return true;
}

/* As we write them ourselves, and everybody else. */
static bool is_normal(const char *text, size_t len)
{
    if (len != IC__KEY_HEX)
        return false;
    for (size_t i = 0; i < len; i++) {
        if ((text[i] < '0' || text[i] > '9') && (text[i] < 'a' || text[i] > 'f'))
            return false;
    }
    return true;
}

bool ic__key_normalise(const char *text, size_t len, char out[IC__KEY_HEX + 1])
{
    uint8_t key[IC__KEY_HEX / 2];

    if (is_normal(text, len)) {
        memcpy(out, text, len);
        out[len] = 0;
        return true;
    }
    const char *digits = ic__trim(text, len, &len);
    if (!ic__hex_decode(key, sizeof key, digits, len))
        return false;
    ic__hex_encode(out, key, sizeof key);
    return true;
}

static int refuse(ic__buf *why, const char *what, const char *item, size_t len)
{
    ic__buf_printf(why, "%s: \"%.*s\"", what, (int)(len > 80 ? 80 : len), item);
    return IC_ERR_INVALID;
}

static int read_inviters(ic__policy *p, const char *text, ic__buf *why)
{
    char key[IC__KEY_HEX + 1];
    const char *item;
    size_t len;

    while (item_next(&text, &item, &len)) {
        if (!ic__key_normalise(item, len, key))
            return refuse(why, "not a public key of an inviter", item, len);
        if (list_add(&p->inviter_keys, key, IC__KEY_HEX) != 0)
            return IC_ERR_NOMEM;
    }
    if (p->settings.invite_required && !p->inviter_keys.count)
        return list_add(&p->inviter_keys, p->self, IC__KEY_HEX);
    return 0;
}

static int add_owner(ic__policy *p, const char *name, size_t len, const char *key)
{
    ic__owner *owners = ic_mem_resize(p->owners, (p->owner_count + 1) * sizeof *owners);

    if (!owners)
        return IC_ERR_NOMEM;
    p->owners = owners;
    ic__owner *owner = &owners[p->owner_count];
    int error = ic__channel_name_new(name, len, &owner->channel);
    if (error)
        return error;
    memcpy(owner->key, key, sizeof owner->key);
    p->owner_count++;
    return 0;
}

static int read_owners(ic__policy *p, const char *text, ic__buf *why)
{
    char key[IC__KEY_HEX + 1];
    const char *name;
    const char *value;
    size_t name_len;
    size_t value_len;

    while (ic__pair_next(&text, &name, &name_len, &value, &value_len)) {
        if (!value || !ic__key_normalise(value, value_len, key))
            return refuse(why, "no public key of an owner for channel", name, name_len);
        int error = add_owner(p, name, name_len, key);
        if (error)
            return error == IC_ERR_NOMEM
                       ? error
                       : refuse(why, "not a name of a channel", name, name_len);
    }
    return 0;
}

static int read_lists(ic__policy *p, const ic__policy_options *o)
{
    const struct {
        const char *text;
        ic__list *list;
    } lists[] = {
        {o->channels, &p->channels},
        {o->pow_channels, &p->pow_channels},
        {o->invite_channels, &p->invite_channels},
        {o->invite_prefixes, &p->invite_prefixes},
        {o->owner_write_channels, &p->owner_write_channels},
    };

    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        int error = ic__list_split(lists[i].text, lists[i].list);
        if (error)
            return error;
    }
    return 0;
}

static int read_all(ic__policy *p, const ic__policy_options *o, ic__buf *why)
{
    const char *entry = o->entry_channel ? o->entry_channel : "";
    int error = ic__channel_name_new(entry, strlen(entry), &p->entry_channel);

    if (error == IC_ERR_NOMEM)
        return error;
    if (error)
        return refuse(why, "not a name of an entry channel", entry, strlen(entry));
    error = read_lists(p, o);
    if (!error)
        error = read_inviters(p, o->inviter_keys, why);
    return error ? error : read_owners(p, o->owners, why);
}

/* The caller's texts live as long as the call. */
static void drop_texts(ic__policy_options *o)
{
    o->entry_channel = o->channels = o->pow_channels = NULL;
    o->invite_channels = o->invite_prefixes = o->inviter_keys = NULL;
    o->owners = o->owner_write_channels = o->welcomes = NULL;
}

int ic__policy_init(ic__policy *policy, const ic__policy_options *options,
                    const char *self, ic__buf *why)
{
    ic__policy p = {.settings = *options};

    if (!ic__key_normalise(self, strlen(self), p.self))
        return refuse(why, "not a public key", self, strlen(self));
    int error = read_all(&p, options, why);
    if (error) {
        ic__policy_free(&p);
        return error;
    }
    drop_texts(&p.settings);
    *policy = p;
    return 0;
}

void ic__policy_free(ic__policy *p)
{
    ic_mem_free(p->entry_channel);
    ic__list_free(&p->channels);
    ic__list_free(&p->pow_channels);
    ic__list_free(&p->invite_channels);
    ic__list_free(&p->invite_prefixes);
    ic__list_free(&p->inviter_keys);
    ic__list_free(&p->owner_write_channels);
    for (size_t i = 0; i < p->owner_count; i++)
        ic_mem_free(p->owners[i].channel);
    ic_mem_free(p->owners);
    *p = (ic__policy){0};
}

bool ic__policy_is_entry(const ic__policy *p, const char *channel)
{
    return strcmp(p->entry_channel, channel) == 0;
}

bool ic__policy_invite_required(const ic__policy *p, const char *channel)
{
    if (!p->settings.invite_required || ic__policy_is_entry(p, channel))
        return false;
    if (list_has(&p->invite_channels, channel))
        return true;
    for (size_t i = 0; i < p->invite_prefixes.count; i++) {
        const char *prefix = p->invite_prefixes.items[i];
        if (strncmp(prefix, channel, strlen(prefix)) == 0)
            return true;
    }
    return !p->invite_channels.count && !p->invite_prefixes.count;
}

bool ic__policy_owner_only(const ic__policy *p, const char *channel)
{
    return !ic__policy_is_entry(p, channel) &&
           (p->settings.owner_write_only || list_has(&p->owner_write_channels, channel));
}

bool ic__policy_welcome_required(const ic__policy *p, const char *channel)
{
    return p->settings.welcome_required && !ic__policy_is_entry(p, channel);
}

bool ic__policy_work_required(const ic__policy *p, const char *channel)
{
    if (!p->settings.pow || !p->settings.pow_difficulty)
        return false;
    if (p->pow_channels.count)
        return list_has(&p->pow_channels, channel);
    return !p->settings.pow_entry_only || ic__policy_is_entry(p, channel);
}

const char *ic__policy_owner(const ic__policy *p, const char *channel)
{
    /* the last one named counts */
    for (size_t i = p->owner_count; i; i--) {
        if (strcmp(p->owners[i - 1].channel, channel) == 0)
            return p->owners[i - 1].key;
    }
    return NULL;
}

bool ic__policy_owner_is_self(const ic__policy *p, const char *channel)
{
    const char *owner = ic__policy_owner(p, channel);

    return owner && strcmp(owner, p->self) == 0;
}

bool ic__policy_is_inviter(const ic__policy *p, const char *key)
{
    return list_has(&p->inviter_keys, key);
}

bool ic__policy_trusts_inviter(const ic__policy *p, const char *key)
{
    return !p->inviter_keys.count || list_has(&p->inviter_keys, key);
}
