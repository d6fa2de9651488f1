#include "bridge/ws_url.h"

#include <string.h>
#include <strings.h>

#include "intercom/error.h"
#include "io/http_head.h"

static bool take_scheme(ic__span *rest, bool *secure)
{
    static const char *const schemes[] = {"ws://", "wss://"};

    for (size_t i = 0; i < 2; i++) {
        size_t n = strlen(schemes[i]);
        if (rest->len >= n && strncasecmp(rest->p, schemes[i], n) == 0) {
            *secure = i == 1;
            rest->p += n;
            rest->len -= n;
            return true;
        }
    }
    return false;
}

static bool copy_span(char *out, size_t size, ic__span span)
{
    if (span.len >= size)
        return false;
    for (size_t i = 0; i < span.len; i++) {
        unsigned char c = (unsigned char)span.p[i];
        if (c <= ' ' || c >= 0x7f || c == '#' || c == '@')
            return false;
        out[i] = span.p[i];
    }
    out[span.len] = 0;
    return true;
}

static bool read_port(ic__span text, uint16_t *out)
{
    unsigned port = 0;

    for (size_t i = 0; i < text.len; i++) {
        if (text.p[i] < '0' || text.p[i] > '9' || i == 5)
            return false;
        port = port * 10 + (unsigned)(text.p[i] - '0');
    }
    *out = (uint16_t)port;
    return port > 0 && port <= UINT16_MAX;
}

static bool read_authority(ic__span text, bridge_ws_url *url)
{
    ic__span host;

    if (text.len && text.p[0] == '[') {
        text.p++;
        text.len--;
        if (!ic__span_split(&text, ']', &host) || !text.p)
            return false;
        if (text.len && text.p[0] != ':')
            return false;
        text = text.len ? (ic__span){text.p + 1, text.len - 1} : (ic__span){0};
    } else if (!ic__span_split(&text, ':', &host)) {
        return false;
    }
    return host.len && copy_span(url->host, sizeof url->host, host) &&
           (!text.p || read_port(text, &url->port));
}

int bridge_ws_url_parse(const char *text, bridge_ws_url *out)
{
    bridge_ws_url url = {0};
    ic__span rest = {text, strlen(text)};

    if (!take_scheme(&rest, &url.secure))
        return IC_ERR_INVALID;
    url.port = url.secure ? 443 : 80;
    size_t n = 0;
    while (n < rest.len && rest.p[n] != '/' && rest.p[n] != '?')
        n++;
    ic__span path = {rest.p + n, rest.len - n};
    if (!path.len)
        path = (ic__span){"/", 1};
    if (path.p[0] != '/' || !read_authority((ic__span){rest.p, n}, &url) ||
        !copy_span(url.path, sizeof url.path, path))
        return IC_ERR_INVALID;
    *out = url;
    return 0;
}
