#include "io/http_head.h"

#include <string.h>
#include <strings.h>

#include "intercom/error.h"

static bool is_token_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_token(ic__span span)
{
    for (size_t i = 0; i < span.len; i++) {
        if (!is_token_char(span.p[i]))
            return false;
    }
    return span.len > 0;
}

/* Visible characters, bytes above ASCII, and where `blank` says so space and tab. */
static bool is_text(ic__span span, bool blank)
{
    for (size_t i = 0; i < span.len; i++) {
        unsigned char c = (unsigned char)span.p[i];
        if (c == 0x7f || c < 0x20 ? !(blank && c == '\t') : c == ' ' && !blank)
            return false;
    }
    return true;
}

bool ic__span_is(ic__span span, const char *text)
{
    return span.len == strlen(text) && memcmp(span.p, text, span.len) == 0;
}

bool ic__span_is_nocase(ic__span span, const char *text)
{
    return span.len == strlen(text) && strncasecmp(span.p, text, span.len) == 0;
}

ic__span ic__span_trim(ic__span span)
{
    while (span.len && (span.p[0] == ' ' || span.p[0] == '\t')) {
        span.p++;
        span.len--;
    }
    while (span.len && (span.p[span.len - 1] == ' ' || span.p[span.len - 1] == '\t'))
        span.len--;
    return span;
}

bool ic__span_split(ic__span *rest, char separator, ic__span *part)
{
    if (!rest->p)
        return false;
    const char *at = rest->len ? memchr(rest->p, separator, rest->len) : NULL;
    *part = *rest;
    if (!at) {
        *rest = (ic__span){0};
        return true;
    }
    part->len = (size_t)(at - rest->p);
    rest->p = at + 1;
    rest->len -= part->len + 1;
    return true;
}

size_t ic__http_head_end(const char *data, size_t len, size_t seen)
{
    size_t from = seen > 3 ? seen - 3 : 0; /* the empty line may straddle */

    if (len - from < 4)
        return 0;
    const char *at = memmem(data + from, len - from, "\r\n\r\n", 4);
    return at ? (size_t)(at - data) + 4 : 0;
}

/* The next line without its CRLF; false when there is none or it holds a lone CR or LF.
 */
static bool take_line(ic__span *rest, ic__span *line)
{
    const char *at = rest->len ? memmem(rest->p, rest->len, "\r\n", 2) : NULL;

    if (!at)
        return false;
    *line = (ic__span){rest->p, (size_t)(at - rest->p)};
    rest->p = at + 2;
    rest->len -= line->len + 2;
    return !memchr(line->p, '\r', line->len) && !memchr(line->p, '\n', line->len);
}

static bool read_version(ic__span text, unsigned *minor)
{
    *minor = ic__span_is(text, "HTTP/1.1");
    return *minor || ic__span_is(text, "HTTP/1.0");
}

static bool read_request_line(ic__http_head *head, ic__span line)
{
    ic__span version;

    return ic__span_split(&line, ' ', &head->method) && is_token(head->method) &&
           ic__span_split(&line, ' ', &head->target) && head->target.len &&
           head->target.p[0] == '/' && is_text(head->target, false) &&
           ic__span_split(&line, ' ', &version) && !line.p &&
           read_version(version, &head->minor);
}

static bool read_status_line(ic__http_head *head, ic__span line)
{
    ic__span version;
    ic__span code;

    if (!ic__span_split(&line, ' ', &version) || !read_version(version, &head->minor) ||
        !ic__span_split(&line, ' ', &code) || code.len != 3)
        return false;
    for (size_t i = 0; i < code.len; i++) {
        if (code.p[i] < '0' || code.p[i] > '9')
            return false;
        head->status = head->status * 10 + (unsigned)(code.p[i] - '0');
    }
    return head->status >= 100 && head->status < 600 && is_text(line, true);
}

static int read_field(ic__http_head *head, ic__span line)
{
    ic__http_field field;

    if (!ic__span_split(&line, ':', &field.name) || !line.p || !is_token(field.name) ||
        !is_text(line, true))
        return IC_ERR_PROTO;
    if (head->field_count == IC__HTTP_MAX_FIELDS)
        return IC_ERR_LIMIT;
    field.value = ic__span_trim(line);
    head->fields[head->field_count++] = field;
    return 0;
}

static int parse(ic__http_head *head, ic__span rest,
                 bool (*read_first_line)(ic__http_head *head, ic__span line))
{
    ic__span line;

    memset(head, 0, sizeof *head);
    if (!take_line(&rest, &line) || !read_first_line(head, line))
        return IC_ERR_PROTO;
    while (take_line(&rest, &line)) {
        if (!line.len)
            return rest.len ? IC_ERR_PROTO : 0;
        int error = read_field(head, line);
        if (error)
            return error;
    }
    return IC_ERR_PROTO;
}

int ic__http_request_parse(ic__http_head *head, const char *data, size_t len)
{
    return parse(head, (ic__span){data, len}, read_request_line);
}

int ic__http_response_parse(ic__http_head *head, const char *data, size_t len)
{
    return parse(head, (ic__span){data, len}, read_status_line);
}

size_t ic__http_field_find(const ic__http_head *head, const char *name, ic__span *value)
{
    size_t count = 0;

    for (size_t i = 0; i < head->field_count; i++) {
        if (!ic__span_is_nocase(head->fields[i].name, name))
            continue;
        if (count++ == 0 && value)
            *value = head->fields[i].value;
    }
    return count;
}

bool ic__http_field_has(const ic__http_head *head, const char *name, const char *token)
{
    for (size_t i = 0; i < head->field_count; i++) {
        ic__span rest = head->fields[i].value;
        ic__span word;
        if (!ic__span_is_nocase(head->fields[i].name, name))
            continue;
        while (ic__span_split(&rest, ',', &word)) {
            if (ic__span_is_nocase(ic__span_trim(word), token))
                return true;
        }
    }
    return false;
}
