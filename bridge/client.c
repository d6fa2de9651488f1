/* Requests about the client itself: token, filter, subscriptions. */
#include <string.h>

#include "bridge/hub.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"

#define MAX_DELAY_SHIFT 10

static bool token_fits(const bridge_request *r)
{
    uint8_t hash[crypto_hash_sha256_BYTES];
    size_t len;
    const char *token = ic__json_text(ic__json_get(r->message, "token"), &len);

    (void)crypto_hash_sha256(hash, (const uint8_t *)(token ? token : ""),
                             token ? len : 0);
    return (sodium_memcmp(hash, r->session->hub->token, sizeof hash) == 0) &
           (token != NULL);
}

/* The answer waits, longer each time; who is in already is only told. */
static void hold(bridge_session *s, uint64_t now_ns)
{
    if (s->authed)
        return;
    uint32_t shift =
        s->wrong_tokens < MAX_DELAY_SHIFT ? s->wrong_tokens : MAX_DELAY_SHIFT;
    s->wrong_tokens++;
    s->held = true;
    s->held_until = now_ns + (s->hub->settings.wrong_token_ns << shift);
}

void bridge_do_auth(const bridge_request *r)
{
    if (!token_fits(r)) {
        bridge_reply_error(r, "Unauthorized.");
        hold(r->session, r->now_ns);
        return;
    }
    ic__buf b = {0};
    r->session->authed = true;
    ic__buf_text(&b, "\"type\":\"auth_ok\"");
    bridge_reply(r, &b);
    ic__buf_free(&b);
}

static void use_filter(const bridge_request *r, const char *text)
{
    bridge_filter filter;
    ic__buf b = {0};
    int error = bridge_filter_parse(text, strlen(text), &filter);

    if (error == IC_ERR_LIMIT) {
        bridge_reply_error(r, "Filter too long (%d bytes at most).", BRIDGE_FILTER_MAX);
        return;
    }
    if (error) {
        bridge_session_close(r->session, BRIDGE_CLOSE_INTERNAL, "out of memory");
        return;
    }
    bridge_filter_free(&r->session->filter);
    r->session->filter = filter;
    ic__buf_text(&b, "\"type\":\"filter_set\",\"filter\":");
    ic__json_write_cstring(&b, text);
    bridge_reply(r, &b);
    ic__buf_free(&b);
}

void bridge_do_set_filter(const bridge_request *r)
{
    const ic__json *filter = ic__json_get(r->message, "filter");
    const char *text = ic__json_cstring(filter);

    if (ic__json_type(filter) > IC__JSON_NULL && !text)
        bridge_reply_error(r, "Invalid filter (expected text).");
    else
        use_filter(r, text ? text : "");
}

void bridge_do_clear_filter(const bridge_request *r)
{
    use_filter(r, "");
}

static size_t find(const bridge_session *s, const char *channel)
{
    size_t i = 0;

    while (i < s->channel_count && strcmp(s->channels[i], channel) != 0)
        i++;
    return i;
}

bool bridge_session_listens(const bridge_session *s, const char *channel)
{
    return !s->channel_count || find(s, channel) < s->channel_count;
}

static int subscribe(bridge_session *s, const char *channel)
{
    if (find(s, channel) < s->channel_count)
        return 0;
    if (s->channel_count >= s->hub->settings.max_subscriptions)
        return IC_ERR_LIMIT;
    char **channels =
        ic_mem_resize(s->channels, (s->channel_count + 1) * sizeof *channels);
    size_t size = strlen(channel) + 1;
    if (!channels)
        return IC_ERR_NOMEM;
    s->channels = channels;
    channels[s->channel_count] = ic_mem_alloc(size);
    if (!channels[s->channel_count])
        return IC_ERR_NOMEM;
    memcpy(channels[s->channel_count++], channel, size);
    return 0;
}

void bridge_session_unsubscribe(bridge_session *s, const char *channel)
{
    size_t i = find(s, channel);

    if (i == s->channel_count)
        return;
    ic_mem_free(s->channels[i]);
    s->channel_count--;
    memmove(s->channels + i, s->channels + i + 1,
            (s->channel_count - i) * sizeof(char *));
}

static int change_one(bridge_session *s, const ic__json *v, bool add)
{
    ic__buf number = {0};
    const char *channel = ic__json_cstring(v);
    int error = 0;

    if (!channel && ic__json_is(v, IC__JSON_NUMBER)) {
        ic__json_write_number(&number, ic__json_number(v));
        channel = number.bad ? NULL : number.data;
        error = number.bad ? IC_ERR_NOMEM : 0;
    }
    if (channel && add)
        error = subscribe(s, channel);
    else if (channel)
        bridge_session_unsubscribe(s, channel);
    ic__buf_free(&number);
    return error;
}

/* "channels", or "channel" when that is no array; what is no name is passed over. */
static int change_subscriptions(const bridge_request *r, bool add)
{
    const ic__json *list = ic__json_get(r->message, "channels");
    int error = 0;

    if (!ic__json_is(list, IC__JSON_ARRAY)) {
        ic__buf one = {0};
        if (bridge_member_text(r->message, "channel", &one) && (one.bad || one.len))
            error = one.bad ? IC_ERR_NOMEM
                            : change_one(r->session, ic__json_get(r->message, "channel"),
                                         add);
        ic__buf_free(&one);
        return error;
    }
    for (size_t i = 0; !error && i < ic__json_count(list); i++)
        error = change_one(r->session, ic__json_at(list, i), add);
    return error;
}

static void reply_subscriptions(const bridge_request *r)
{
    const bridge_session *s = r->session;
    ic__buf b = {0};

    ic__buf_text(&b, "\"type\":\"subscribed\",\"channels\":[");
    for (size_t i = 0; i < s->channel_count; i++) {
        if (i)
            ic__buf_char(&b, ',');
        ic__json_write_cstring(&b, s->channels[i]);
    }
    ic__buf_char(&b, ']');
    bridge_reply(r, &b);
    ic__buf_free(&b);
}

static void subscriptions(const bridge_request *r, bool add)
{
    int error = change_subscriptions(r, add);

    if (error == IC_ERR_LIMIT)
        bridge_reply_error(r, "Too many subscriptions (%u at most).",
                           (unsigned)r->session->hub->settings.max_subscriptions);
    else if (error)
        bridge_session_close(r->session, BRIDGE_CLOSE_INTERNAL, "out of memory");
    else
        reply_subscriptions(r);
}

void bridge_do_subscribe(const bridge_request *r)
{
    subscriptions(r, true);
}

void bridge_do_unsubscribe(const bridge_request *r)
{
    subscriptions(r, false);
}
