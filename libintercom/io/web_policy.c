#include "io/web_policy.h"

#include <arpa/inet.h>
#include <sodium.h>
#include <string.h>

#include "base/text.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"

#define MAX_CREDENTIAL_BYTES 1024

static char *copy_text(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = ic_mem_alloc(size);

    if (copy)
        memcpy(copy, text, size);
    return copy;
}

static void free_list(char **list)
{
    for (char **at = list; at && *at; at++)
        ic_mem_free(*at);
    ic_mem_free(list);
}

static int copy_list(const char *const *list, char ***out)
{
    size_t count = 0;

    while (list && list[count])
        count++;
    char **copy = ic_mem_calloc(count + 1, sizeof *copy);
    if (!copy)
        return IC_ERR_NOMEM;
    for (size_t i = 0; i < count; i++) {
        copy[i] = copy_text(list[i]);
        if (!copy[i]) {
            free_list(copy);
            return IC_ERR_NOMEM;
        }
    }
    *out = copy;
    return 0;
}

int ic__web_policy_init(ic__web_policy *policy, const char *const *origins,
                        const char *const *hosts, const char *token, const ic_env *env)
{
    uint8_t secret[IC__WEB_COOKIE_LEN / 2];

    *policy = (ic__web_policy){0};
    int error = copy_list(origins, &policy->origins);
    if (!error)
        error = copy_list(hosts, &policy->hosts);
    if (!error && token) {
        policy->token = copy_text(token);
        error = policy->token ? 0 : IC_ERR_NOMEM;
    }
    if (error) {
        ic__web_policy_free(policy);
        return error;
    }
    env->random(secret, sizeof secret, env->user);
    ic__hex_encode(policy->cookie, secret, sizeof secret);
    sodium_memzero(secret, sizeof secret);
    return 0;
}

void ic__web_policy_free(ic__web_policy *policy)
{
    free_list(policy->origins);
    free_list(policy->hosts);
    if (policy->token)
        sodium_memzero(policy->token, strlen(policy->token));
    ic_mem_free(policy->token);
    sodium_memzero(policy, sizeof *policy);
}

static bool is_port(ic__span text)
{
    unsigned value = 0;

    for (size_t i = 0; i < text.len; i++) {
        if (text.p[i] < '0' || text.p[i] > '9' || i == 5)
            return false;
        value = value * 10 + (unsigned)(text.p[i] - '0');
    }
    return text.len && value <= UINT16_MAX;
}

/* name, name:port, [v6] or [v6]:port; `name` comes without the brackets. */
static bool split_host(ic__span host, ic__span *name, bool *bracketed)
{
    ic__span rest = host;

    *bracketed = host.len && host.p[0] == '[';
    if (*bracketed) {
        rest.p++;
        rest.len--;
        if (!ic__span_split(&rest, ']', name) || !rest.p)
            return false;
        if (!rest.len)
            return true;
        ic__span port = {rest.p + 1, rest.len - 1};
        return rest.p[0] == ':' && is_port(port);
    }
    return ic__span_split(&rest, ':', name) && name->len && (!rest.p || is_port(rest));
}

typedef enum host_kind { HOST_NAME, HOST_ADDRESS, HOST_LOOPBACK } host_kind;

static host_kind kind_of(ic__span name, bool bracketed)
{
    char text[INET6_ADDRSTRLEN];
    uint8_t address[16];

    if (ic__span_is_nocase(name, "localhost"))
        return HOST_LOOPBACK;
    if (name.len >= sizeof text)
        return HOST_NAME;
    memcpy(text, name.p, name.len);
    text[name.len] = 0;
    if (bracketed && inet_pton(AF_INET6, text, address) == 1) {
        static const uint8_t loopback[16] = {[15] = 1};
        return memcmp(address, loopback, sizeof loopback) == 0 ? HOST_LOOPBACK
                                                               : HOST_ADDRESS;
    }
    if (!bracketed && inet_pton(AF_INET, text, address) == 1)
        return address[0] == 127 ? HOST_LOOPBACK : HOST_ADDRESS;
    return HOST_NAME;
}

static bool in_list(char *const *list, ic__span text)
{
    for (; list && *list; list++) {
        if (ic__span_is_nocase(text, *list))
            return true;
    }
    return false;
}

bool ic__web_policy_host(const ic__web_policy *policy, ic__span host)
{
    ic__span name;
    bool bracketed;

    if (!split_host(host, &name, &bracketed))
        return false;
    host_kind kind = kind_of(name, bracketed);
    if (kind == HOST_LOOPBACK || (kind == HOST_ADDRESS && policy->any_address))
        return true;
    return in_list(policy->hosts, name);
}

bool ic__web_policy_origin(const ic__web_policy *policy, ic__span origin, ic__span host)
{
    const char *scheme = policy->secure ? "https://" : "http://";
    size_t n = strlen(scheme);

    if (in_list(policy->origins, origin))
        return true;
    return policy->own_origin && origin.len == n + host.len &&
           memcmp(origin.p, scheme, n) == 0 &&
           strncasecmp(origin.p + n, host.p, host.len) == 0;
}

/* Equal in a time that depends on nothing but the length that the stranger sent. */
static bool same_secret(ic__span given, const char *secret)
{
    uint8_t a[crypto_generichash_BYTES];
    uint8_t b[crypto_generichash_BYTES];

    crypto_generichash(a, sizeof a, (const uint8_t *)given.p, given.len, NULL, 0);
    crypto_generichash(b, sizeof b, (const uint8_t *)secret, strlen(secret), NULL, 0);
    bool same = sodium_memcmp(a, b, sizeof a) == 0;
    sodium_memzero(a, sizeof a);
    sodium_memzero(b, sizeof b);
    return same;
}

static bool basic_is_good(const ic__web_policy *policy, ic__span text)
{
    char plain[MAX_CREDENTIAL_BYTES];
    size_t len = 0;
    ic__span user;

    bool good = sodium_base642bin((uint8_t *)plain, sizeof plain, text.p, text.len, NULL,
                                  &len, NULL, sodium_base64_VARIANT_ORIGINAL) == 0;
    ic__span rest = {plain, len};
    good = good && ic__span_split(&rest, ':', &user) && rest.p &&
           same_secret(rest, policy->token);
    sodium_memzero(plain, sizeof plain);
    return good;
}

static bool authorization_is_good(const ic__web_policy *policy, ic__span value)
{
    ic__span scheme;

    if (!ic__span_split(&value, ' ', &scheme) || !value.p)
        return false;
    value = ic__span_trim(value);
    if (ic__span_is_nocase(scheme, "Basic"))
        return basic_is_good(policy, value);
    return ic__span_is_nocase(scheme, "Bearer") && same_secret(value, policy->token);
}

static bool cookie_is_good(const ic__web_policy *policy, ic__span value)
{
    ic__span pair;
    ic__span name;

    while (ic__span_split(&value, ';', &pair)) {
        if (ic__span_split(&pair, '=', &name) && pair.p &&
            ic__span_is(ic__span_trim(name), IC__WEB_COOKIE_NAME) &&
            same_secret(ic__span_trim(pair), policy->cookie))
            return true;
    }
    return false;
}

ic__web_access ic__web_policy_access(const ic__web_policy *policy,
                                     const ic__http_head *head)
{
    ic__span value;

    if (!policy->token)
        return IC__WEB_ACCESS_GRANTED;
    if (ic__http_field_find(head, "authorization", &value) == 1 &&
        authorization_is_good(policy, value))
        return IC__WEB_ACCESS_WITH_TOKEN;
    if (ic__http_field_find(head, "cookie", &value) >= 1 && cookie_is_good(policy, value))
        return IC__WEB_ACCESS_GRANTED;
    return IC__WEB_ACCESS_DENIED;
}
