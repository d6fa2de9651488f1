#include "bridge/host.h"

#include "base/json.h"

#define MAX_OUTPUT_BYTES ((size_t)1 << 20)

void bridge_output_line(bridge_output *out, const char *text, size_t len)
{
    out->lines.max = MAX_OUTPUT_BYTES;
    if (out->lines.len)
        ic__buf_char(&out->lines, ',');
    ic__json_write_text(&out->lines, text, len);
}

void bridge_output_fail(bridge_output *out, const char *text)
{
    out->failed = true;
    ic__buf_reset(&out->error);
    ic__buf_text(&out->error, text);
}

void bridge_output_result(bridge_output *out, const char *json)
{
    ic__buf_reset(&out->result);
    ic__buf_text(&out->result, json);
}
