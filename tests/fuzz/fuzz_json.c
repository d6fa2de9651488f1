#include <stdlib.h>
#include <string.h>

#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef void (*writer)(ic__buf *b, const ic__json *v);

/* Read `text` and write it again; what we wrote must be readable. */
static ic__buf again(const ic__buf *text, writer write)
{
    ic__buf out = {0};
    ic__json *doc = NULL;

    if (ic__json_parse(text->data, text->len, &doc) != 0)
        abort();
    write(&out, doc);
    ic__json_free(doc);
    return out;
}

static void compare(const ic__json *doc, writer write)
{
    ic__buf first = {0};

    write(&first, doc);
    if (first.len <= IC__JSON_MAX_BYTES) {
        ic__buf second = again(&first, write);
        if (first.len != second.len || memcmp(first.data, second.data, first.len) != 0)
            abort();
        ic__buf_free(&second);
    }
    ic__buf_free(&first);
}

/* Whatever parses is written in a form that parses to the same text again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ic__json *doc = NULL;

    if (ic__json_parse((const char *)data, size, &doc) != 0)
        return 0;
    compare(doc, ic__json_write);
    compare(doc, ic__json_write_canonical);
    ic__json_free(doc);
    return 0;
}
