#include "io/dht_names.h"

#include <netdb.h>
#include <netinet/in.h>
#include <string.h>

#include "intercom/error.h"
#include "io/sockaddr.h"

#define PORT_MAX 65535

/* The digits of a port, all of the text. */
static bool read_port(const char *text, size_t len, uint16_t *port)
{
    uint32_t n = 0;

    if (len < 1 || len > 5)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        n = n * 10 + (uint32_t)(text[i] - '0');
    }
    *port = (uint16_t)n;
    return n > 0 && n <= PORT_MAX;
}

/* "1.2.3.4" without a port. */
static bool read_ip(ic__addr *out, const char *text, size_t len, uint16_t port)
{
    char whole[IC__SOCKADDR_TEXT_BYTES];

    if (len + sizeof ":1" > sizeof whole)
        return false;
    memcpy(whole, text, len);
    memcpy(whole + len, ":1", sizeof ":1");
    if (!ic__sockaddr_parse(out, whole) || out->family != 4)
        return false;
    out->port = port;
    return true;
}

bool ic__dht_host_read(ic__addr *out, const char *text)
{
    return read_ip(out, text, strlen(text), 0);
}

static bool is_host_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '-' || c == '.' || c == '_';
}

static bool read_host(ic__dht_name *out, const char *text, size_t len)
{
    if (!len || len >= sizeof out->host)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (!is_host_letter(text[i]))
            return false;
    }
    memcpy(out->host, text, len);
    return true;
}

static bool read_name(ic__dht_name *out, const char *text, size_t len)
{
    const char *colon = memchr(text, ':', len);

    memset(out, 0, sizeof *out);
    if (!colon) {
        static const char here[] = "127.0.0.1";
        return read_port(text, len, &out->port) &&
               read_ip(&out->addr, here, sizeof here - 1, out->port);
    }
    size_t host_len = (size_t)(colon - text);
    if (!read_port(colon + 1, len - host_len - 1, &out->port))
        return false;
    const char *at = memchr(text, '@', host_len);
    if (!at)
        return read_ip(&out->addr, text, host_len, out->port) ||
               read_host(out, text, host_len);
    return read_ip(&out->addr, text, (size_t)(at - text), out->port) &&
           read_host(out, at + 1, host_len - (size_t)(at - text) - 1);
}

/* The next item, without the blanks around it; false at the end of the list. */
static bool next_item(const char **list, const char **item, size_t *len)
{
    const char *from = *list;

    if (!from)
        return false;
    const char *comma = strchr(from, ',');
    const char *end = comma ? comma : from + strlen(from);
    *list = comma ? comma + 1 : NULL;
    while (from < end && *from == ' ')
        from++;
    while (end > from && end[-1] == ' ')
        end--;
    *item = from;
    *len = (size_t)(end - from);
    return true;
}

int ic__dht_names_read(const char *list, ic__dht_name *out, size_t cap, size_t *count)
{
    const char *item;
    size_t len;

    *count = 0;
    if (!list || !*list)
        return 0;
    while (next_item(&list, &item, &len)) {
        if (*count == cap)
            return IC_ERR_LIMIT;
        if (!read_name(&out[*count], item, len))
            return IC_ERR_INVALID;
        ++*count;
    }
    return 0;
}

int ic__dht_addresses_read(const char *list, ic__addr *out, size_t cap, size_t *count)
{
    const char *item;
    size_t len;

    *count = 0;
    if (!list || !*list)
        return 0;
    while (next_item(&list, &item, &len)) {
        ic__dht_name name;
        if (*count == cap)
            return IC_ERR_LIMIT;
        if (!read_name(&name, item, len) || !name.addr.family)
            return IC_ERR_INVALID;
        out[(*count)++] = name.addr;
    }
    return 0;
}

bool ic__dht_name_look_up(ic__dht_name *name)
{
    const struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_DGRAM};
    struct addrinfo *found = NULL;
    struct sockaddr_storage storage = {0};

    if (getaddrinfo(name->host, NULL, &hints, &found) != 0)
        return false;
    memcpy(&storage, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    name->addr = ic__sockaddr_get(&storage);
    name->addr.port = name->port;
    return name->addr.family == 4;
}
