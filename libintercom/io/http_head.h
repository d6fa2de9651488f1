/**
 * @file io/http_head.h
 * The head of an HTTP/1 message: first line and fields, read strictly.
 *
 * Spec     RFC 9112, sections 2 to 5, narrowed: CRLF only, no folded lines, no white
 *          space before a colon, origin-form targets only
 * Errors   IC_ERR_PROTO for what is malformed, IC_ERR_LIMIT for too many fields
 */
#ifndef IO_HTTP_HEAD_H
#define IO_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>

#include "intercom/api.h"

#define IC__HTTP_MAX_FIELDS 64

/** Bytes inside somebody else's text; not followed by a zero byte. */
typedef struct ic__span {
    const char *p;
    size_t len;
} ic__span;

typedef struct ic__http_field {
    ic__span name;
    ic__span value; /* without the white space around it */
} ic__http_field;

/** All spans point into the parsed text. */
typedef struct ic__http_head {
    ic__span method; /* request */
    ic__span target; /* request; begins with '/' */
    unsigned status; /* response; 100 to 599 */
    unsigned minor;  /* HTTP/1.0 or HTTP/1.1 */
    size_t field_count;
    ic__http_field fields[IC__HTTP_MAX_FIELDS];
} ic__http_head;

/** The length of the head with its empty line; 0 when that has not come yet. The first
 * `seen` bytes were searched in vain before. */
size_t ic__http_head_end(const char *data, size_t len, size_t seen);

/** Read a request's head; `len` is what ic__http_head_end gave. */
IC_CHECK int ic__http_request_parse(ic__http_head *head, const char *data, size_t len);

/** Read a response's head. */
IC_CHECK int ic__http_response_parse(ic__http_head *head, const char *data, size_t len);

/** How often the field occurs; `value` gets the first one (may be NULL). */
size_t ic__http_field_find(const ic__http_head *head, const char *name, ic__span *value);

/** Is `token` one of the comma-separated words of the field, in any of its lines? */
bool ic__http_field_has(const ic__http_head *head, const char *name, const char *token);

/** Equal to `text`, exactly. */
bool ic__span_is(ic__span span, const char *text);

/** Equal to `text`, in any case of ASCII letters. */
bool ic__span_is_nocase(ic__span span, const char *text);

/** `span` without spaces and tabs at both ends. */
ic__span ic__span_trim(ic__span span);

/** Take the part before `separator` off the front of `rest`; all of it when there is
 * none. False when nothing is left. */
bool ic__span_split(ic__span *rest, char separator, ic__span *part);

#endif
