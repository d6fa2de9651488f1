#include <stdlib.h>

#include "io/http_head.h"
#include "io/web_policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *start;
static size_t length;

static void check_span(ic__span span)
{
    if (span.p < start || span.p > start + length ||
        span.len > (size_t)(start + length - span.p))
        abort();
}

static void check_head(const ic__http_head *head)
{
    if (head->field_count > IC__HTTP_MAX_FIELDS)
        abort();
    for (size_t i = 0; i < head->field_count; i++) {
        check_span(head->fields[i].name);
        check_span(head->fields[i].value);
    }
    (void)ic__http_field_has(head, "connection", "upgrade");
}

static void check_policy(const ic__http_head *head)
{
    static char token[] = "sesame";
    static const ic__web_policy policy = {
        .token = token, .cookie = "c", .own_origin = true};
    ic__span host;

    if (ic__http_field_find(head, "host", &host) && ic__web_policy_host(&policy, host))
        (void)ic__web_policy_origin(&policy, host, host);
    (void)ic__web_policy_access(&policy, head);
}

/* What is taken lies inside the input, and where it ends does not depend on what was
 * searched before. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ic__http_head head;

    start = (const char *)data;
    length = ic__http_head_end(start, size, 0);
    if (!length)
        length = size;
    else if (ic__http_head_end(start, size, length - 1) != length)
        abort();
    if (ic__http_request_parse(&head, start, length) == 0) {
        check_span(head.method);
        check_span(head.target);
        check_head(&head);
        check_policy(&head);
    }
    if (ic__http_response_parse(&head, start, length) == 0) {
        if (head.status < 100 || head.status > 599)
            abort();
        check_head(&head);
    }
    return 0;
}
