#include "text/canonical.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"

#define MAX_DEPTH 16

static int write_value(isplit__buf *out, const json_t *value, int depth,
                       const char *leave_out);

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t collect_keys(const json_t *object, const char *leave_out, const char **keys)
{
    const char *key;
    json_t *member;
    size_t count = 0;

    json_object_foreach((json_t *)(uintptr_t)object, key, member) /* does not write */
    {
        if (!leave_out || strcmp(key, leave_out) != 0)
            keys[count++] = key;
    }
    return count;
}

static int write_object(isplit__buf *out, const json_t *object, int depth,
                        const char *leave_out)
{
    int err = 0;
    size_t size = json_object_size(object);
    const char **keys = ic_mem_calloc(size ? size : 1, sizeof *keys);

    if (!keys)
        return IC_ERR_NOMEM;
    size_t count = collect_keys(object, leave_out, keys);
    qsort(keys, count, sizeof *keys, by_bytes);
    isplit__buf_text(out, "{");
    for (size_t i = 0; i < count && !err; i++) {
        if (i)
            isplit__buf_text(out, ",");
        isplit__buf_json_text(out, keys[i], strlen(keys[i]));
        isplit__buf_text(out, ":");
        err = write_value(out, json_object_get(object, keys[i]), depth, NULL);
    }
    isplit__buf_text(out, "}");
    ic_mem_free(keys);
    return err;
}

static int write_array(isplit__buf *out, const json_t *array, int depth)
{
    int err = 0;
    size_t count = json_array_size(array);

    isplit__buf_text(out, "[");
    for (size_t i = 0; i < count && !err; i++) {
        if (i)
            isplit__buf_text(out, ",");
        err = write_value(out, json_array_get(array, i), depth, NULL);
    }
    isplit__buf_text(out, "]");
    return err;
}

static int write_integer(isplit__buf *out, json_int_t v)
{
    if (v > ISPLIT__INTEGER_MAX || v < -ISPLIT__INTEGER_MAX)
        return IC_ERR_PROTO;
    isplit__buf_printf(out, "%" PRId64, (int64_t)v);
    return 0;
}

static int write_value(isplit__buf *out, const json_t *value, int depth,
                       const char *leave_out)
{
    if (depth == MAX_DEPTH)
        return IC_ERR_PROTO;
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return write_object(out, value, depth + 1, leave_out);
    case JSON_ARRAY:
        return write_array(out, value, depth + 1);
    case JSON_STRING:
        isplit__buf_json_text(out, json_string_value(value), json_string_length(value));
        return 0;
    case JSON_INTEGER:
        return write_integer(out, json_integer_value(value));
    case JSON_TRUE:
        isplit__buf_text(out, "true");
        return 0;
    case JSON_FALSE:
        isplit__buf_text(out, "false");
        return 0;
    case JSON_NULL:
        isplit__buf_text(out, "null");
        return 0;
    case JSON_REAL:
    default:
        return IC_ERR_PROTO;
    }
}

int isplit__canonical_write(isplit__buf *out, const json_t *value, const char *leave_out)
{
    int err = write_value(out, value, 0, leave_out);

    return err ? err : out->bad ? IC_ERR_NOMEM : 0;
}
