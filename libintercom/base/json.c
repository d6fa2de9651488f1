#include "base/json.h"

#include <math.h>
#include <string.h>

#include "base/json_tree.h"
#include "base/utf8.h"

#define MOST_SAFE_INTEGER 9007199254740991.0

ic__json_kind ic__json_type(const ic__json *v)
{
    return v ? v->kind : IC__JSON_NOTHING;
}

size_t ic__json_count(const ic__json *v)
{
    return v ? v->count : 0;
}

const ic__json *ic__json_at(const ic__json *v, size_t index)
{
    return index < ic__json_count(v) ? v->items[index] : NULL;
}

const char *ic__json_name_at(const ic__json *v, size_t index, size_t *len)
{
    if (!ic__json_is(v, IC__JSON_OBJECT) || index >= v->count)
        return NULL;
    if (len)
        *len = v->items[index]->name.len;
    return v->items[index]->name.data;
}

const ic__json *ic__json_get(const ic__json *object, const char *name)
{
    if (!ic__json_is(object, IC__JSON_OBJECT))
        return NULL;
    size_t len = strlen(name);
    size_t low = 0;
    size_t high = object->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const ic__json *m = object->sorted[middle];
        int order = ic__utf16_compare(name, len, m->name.data, m->name.len);
        if (order == 0)
            return m;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const char *ic__json_text(const ic__json *v, size_t *len)
{
    if (!ic__json_is(v, IC__JSON_TEXT))
        return NULL;
    if (len)
        *len = v->text.len;
    return v->text.data;
}

const char *ic__json_cstring(const ic__json *v)
{
    size_t len;
    const char *text = ic__json_text(v, &len);

    return text && strlen(text) == len && ic__utf8_valid(text, len) ? text : NULL;
}

double ic__json_number(const ic__json *v)
{
    return ic__json_is(v, IC__JSON_NUMBER) ? v->number : (double)NAN;
}

const char *ic__json_token(const ic__json *v)
{
    return ic__json_is(v, IC__JSON_NUMBER) ? v->text.data : NULL;
}

bool ic__json_integer(const ic__json *v, int64_t *out)
{
    double number = ic__json_number(v);

    /* false for NaN as well */
    if (!(fabs(number) <= MOST_SAFE_INTEGER) || trunc(number) != number)
        return false;
    *out = (int64_t)number;
    return true;
}

bool ic__json_bool(const ic__json *v, bool otherwise)
{
    return ic__json_is(v, IC__JSON_BOOL) ? v->truth : otherwise;
}

bool ic__json_truthy(const ic__json *v)
{
    switch (ic__json_type(v)) {
    case IC__JSON_NOTHING:
    case IC__JSON_NULL:
        return false;
    case IC__JSON_BOOL:
        return v->truth;
    case IC__JSON_NUMBER:
        return v->number < 0 || v->number > 0;
    case IC__JSON_TEXT:
        return v->text.len > 0;
    case IC__JSON_ARRAY:
    case IC__JSON_OBJECT:
        break;
    }
    return true;
}
