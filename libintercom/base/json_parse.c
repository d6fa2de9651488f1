#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/json_tree.h"
#include "base/utf8.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"

#define CHUNK_BYTES 4096
#define NOT_AN_INDEX UINT32_MAX

typedef struct chunk {
    struct chunk *next;
    size_t used;
    size_t cap;
    max_align_t data[];
} chunk;

typedef struct document {
    ic__json root; /* first: the caller only knows this */
    chunk *chunks;
} document;

typedef struct parser {
    document *doc;
    const char *at;
    const char *end;
    unsigned depth;
    size_t values;
} parser;

/* Memory that lives as long as the document. */
static void *doc_alloc(document *doc, size_t size)
{
    chunk *c = doc->chunks;

    size = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
    if (!c || size > c->cap - c->used) {
        size_t cap = size > CHUNK_BYTES ? size : CHUNK_BYTES;
        c = ic_mem_alloc(sizeof *c + cap);
        if (!c)
            return NULL;
        *c = (chunk){.next = doc->chunks, .cap = cap};
        doc->chunks = c;
    }
    void *piece = (char *)c->data + c->used;
    c->used += size;
    return piece;
}

static void skip_space(parser *p)
{
    while (p->at < p->end &&
           (*p->at == ' ' || *p->at == '\t' || *p->at == '\n' || *p->at == '\r'))
        p->at++;
}

/* Step over `c` if it comes next. */
static bool take(parser *p, char c)
{
    if (p->at == p->end || *p->at != c)
        return false;
    p->at++;
    return true;
}

static bool take_word(parser *p, const char *word)
{
    size_t len = strlen(word);

    if ((size_t)(p->end - p->at) < len || memcmp(p->at, word, len) != 0)
        return false;
    p->at += len;
    return true;
}

static bool take_digits(parser *p)
{
    const char *start = p->at;

    while (p->at < p->end && *p->at >= '0' && *p->at <= '9')
        p->at++;
    return p->at > start;
}

static bool take_number(parser *p)
{
    (void)take(p, '-');
    if (!take(p, '0') && !take_digits(p))
        return false;
    if (take(p, '.') && !take_digits(p))
        return false;
    if (take(p, 'e') || take(p, 'E')) {
        (void)(take(p, '+') || take(p, '-'));
        return take_digits(p);
    }
    return true;
}

static int parse_number(parser *p, ic__json *v)
{
    const char *start = p->at;

    if (!take_number(p))
        return IC_ERR_PROTO;
    size_t len = (size_t)(p->at - start);
    if (len > IC__JSON_MAX_NUMBER_CHARS)
        return IC_ERR_LIMIT;
    char *token = doc_alloc(p->doc, len + 1);
    if (!token)
        return IC_ERR_NOMEM;
    memcpy(token, start, len);
    token[len] = 0;
    v->kind = IC__JSON_NUMBER;
    v->text = (ic__json_piece){token, len};
    v->number = ic__json_number_read(token, len);
    return 0;
}

static bool take_hex4(parser *p, uint32_t *out)
{
    uint32_t code = 0;

    for (int i = 0; i < 4; i++, p->at++) {
        char c = p->at < p->end ? *p->at : 0;
        if (c >= '0' && c <= '9')
            code = code << 4 | (uint32_t)(c - '0');
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            code = code << 4 | (uint32_t)((c | 0x20) - 'a' + 10);
        else
            return false;
    }
    *out = code;
    return true;
}

/* Behind "\u": one unit, or two that make a pair. */
static bool take_unicode(parser *p, uint32_t *out)
{
    uint32_t low;

    if (!take_hex4(p, out))
        return false;
    const char *back = p->at;
    if (*out >= 0xd800 && *out <= 0xdbff && take_word(p, "\\u")) {
        if (!take_hex4(p, &low))
            return false;
        if (low >= 0xdc00 && low <= 0xdfff)
            *out = 0x10000 + ((*out - 0xd800) << 10) + (low - 0xdc00);
        else
            p->at = back;
    }
    return true;
}

static bool take_escape(parser *p, uint32_t *out)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";

    if (take(p, 'u'))
        return take_unicode(p, out);
    const char *hit = p->at < p->end ? memchr(letters, *p->at, sizeof letters - 1) : NULL;
    if (!hit)
        return false;
    p->at++;
    *out = (uint8_t)meanings[hit - letters];
    return true;
}

static bool take_character(parser *p, uint32_t *out)
{
    if (take(p, '\\'))
        return take_escape(p, out);
    *out = ic__utf8_next(&p->at, p->end);
    return *out != IC__UTF8_INVALID && *out >= 0x20 && !ic__utf8_surrogate(*out);
}

/* Bytes up to the closing quote, which decoding only makes fewer; the first `plain` of
 * them stand for themselves. */
static size_t raw_length(const parser *p, size_t *plain)
{
    const char *at = ic__json_skip_plain(p->at, p->end);

    *plain = (size_t)(at - p->at);
    while (at < p->end && *at != '"') {
        at += *at == '\\' && at + 1 < p->end ? 2 : 1;
        at = ic__json_skip_plain(at, p->end);
    }
    return (size_t)(at - p->at);
}

/* Take bytes that stand for themselves, as most do. */
static bool take_plain(parser *p, ic__buf *out)
{
    const char *start = p->at;

    p->at = ic__json_skip_plain(p->at, p->end);
    ic__buf_add(out, start, (size_t)(p->at - start));
    return p->at > start;
}

static int parse_text(parser *p, ic__json_piece *out)
{
    size_t plain;
    size_t cap = raw_length(p, &plain);
    char *text = doc_alloc(p->doc, cap + 1);
    ic__buf b = {.data = text, .cap = cap + 1, .max = cap};
    uint32_t code;

    if (!text)
        return IC_ERR_NOMEM;
    ic__buf_add(&b, p->at, plain);
    p->at += plain;
    while (!take(p, '"')) {
        if (take_plain(p, &b))
            continue;
        if (p->at == p->end || !take_character(p, &code))
            return IC_ERR_PROTO;
        ic__utf8_add(&b, code);
    }
    text[b.len] = 0;
    *out = (ic__json_piece){text, b.len};
    return 0;
}

static int parse_value(parser *p, ic__json *v);

/* One more element or member behind *last. */
static int parse_item(parser *p, bool named, ic__json **last)
{
    ic__json *item = doc_alloc(p->doc, sizeof *item);
    int error;

    if (!item)
        return IC_ERR_NOMEM;
    *item = (ic__json){.before = *last, .place = *last ? (*last)->place + 1 : 0};
    *last = item;
    skip_space(p);
    if (named) {
        if (!take(p, '"'))
            return IC_ERR_PROTO;
        error = parse_text(p, &item->name);
        if (error)
            return error;
        skip_space(p);
        if (!take(p, ':'))
            return IC_ERR_PROTO;
    }
    return parse_value(p, item);
}

/* The chain of items as an array. */
static int collect(document *doc, ic__json *v, ic__json *last)
{
    v->count = last ? last->place + 1 : 0;
    v->items = doc_alloc(doc, v->count * sizeof *v->items);
    if (!v->items)
        return IC_ERR_NOMEM;
    for (ic__json *item = last; item; item = item->before)
        v->items[item->place] = item;
    return 0;
}

static int by_name(const void *a, const void *b)
{
    const ic__json *x = *(const ic__json *const *)a;
    const ic__json *y = *(const ic__json *const *)b;
    int order = ic__utf16_compare(x->name.data, x->name.len, y->name.data, y->name.len);

    if (order)
        return order;
    return x->place < y->place ? -1 : x->place > y->place;
}

/* The number that JavaScript takes the name for, "0" to "4294967294". */
static uint32_t index_of(const ic__json_piece *name)
{
    uint64_t value = 0;

    if (!name->len || name->len > 10 || (name->data[0] == '0' && name->len > 1))
        return NOT_AN_INDEX;
    for (size_t i = 0; i < name->len; i++) {
        if (name->data[i] < '0' || name->data[i] > '9')
            return NOT_AN_INDEX;
        value = value * 10 + (uint64_t)(name->data[i] - '0');
    }
    return value < NOT_AN_INDEX ? (uint32_t)value : NOT_AN_INDEX;
}

/* JavaScript's property order: indexes by value, then the rest as they appeared. */
static int by_property_order(const void *a, const void *b)
{
    const ic__json *x = *(const ic__json *const *)a;
    const ic__json *y = *(const ic__json *const *)b;
    uint32_t i = index_of(&x->name);
    uint32_t j = index_of(&y->name);

    if (i != j)
        return i < j ? -1 : 1;
    return x->place < y->place ? -1 : x->place > y->place;
}

/* `sorted` by name with one member for each: the first place with the last value. */
static void drop_repeated(ic__json *v)
{
    size_t kept = 0;

    for (size_t i = 0; i < v->count; i++) {
        ic__json *m = v->sorted[i];
        ic__json *first = kept ? v->sorted[kept - 1] : NULL;
        if (first && ic__utf16_compare(first->name.data, first->name.len, m->name.data,
                                       m->name.len) == 0) {
            size_t place = first->place;
            *first = *m;
            first->place = place;
        } else {
            v->sorted[kept++] = m;
        }
    }
    v->count = kept;
}

static int order_members(document *doc, ic__json *v)
{
    v->sorted = doc_alloc(doc, v->count * sizeof *v->sorted);
    if (!v->sorted)
        return IC_ERR_NOMEM;
    if (!v->count)
        return 0;
    memcpy(v->sorted, v->items, v->count * sizeof *v->sorted);
    qsort(v->sorted, v->count, sizeof(ic__json *), by_name);
    drop_repeated(v);
    memcpy(v->items, v->sorted, v->count * sizeof *v->items);
    qsort(v->items, v->count, sizeof(ic__json *), by_property_order);
    return 0;
}

static int parse_items(parser *p, ic__json *v, char close)
{
    bool named = close == '}';
    ic__json *last = NULL;

    skip_space(p);
    if (!take(p, close)) {
        do {
            int error = parse_item(p, named, &last);
            if (error)
                return error;
            skip_space(p);
        } while (take(p, ','));
        if (!take(p, close))
            return IC_ERR_PROTO;
    }
    int error = collect(p->doc, v, last);
    v->kind = named ? IC__JSON_OBJECT : IC__JSON_ARRAY;
    return error || !named ? error : order_members(p->doc, v);
}

static int parse_container(parser *p, ic__json *v, char close)
{
    if (p->depth == IC__JSON_MAX_DEPTH)
        return IC_ERR_LIMIT;
    p->depth++;
    int error = parse_items(p, v, close);
    p->depth--;
    return error;
}

static int parse_value(parser *p, ic__json *v)
{
    if (p->values++ == IC__JSON_MAX_VALUES)
        return IC_ERR_LIMIT;
    skip_space(p);
    if (take(p, '{'))
        return parse_container(p, v, '}');
    if (take(p, '['))
        return parse_container(p, v, ']');
    if (take(p, '"')) {
        v->kind = IC__JSON_TEXT;
        return parse_text(p, &v->text);
    }
    if (take_word(p, "null")) {
        v->kind = IC__JSON_NULL;
        return 0;
    }
    if (take_word(p, "true") || take_word(p, "false")) {
        v->kind = IC__JSON_BOOL;
        v->truth = p->at[-2] == 'u';
        return 0;
    }
    return parse_number(p, v);
}

int ic__json_parse(const char *text, size_t len, ic__json **out)
{
    if (len > IC__JSON_MAX_BYTES)
        return IC_ERR_LIMIT;
    document *doc = ic_mem_calloc(1, sizeof *doc);
    if (!doc)
        return IC_ERR_NOMEM;
    parser p = {.doc = doc, .at = text, .end = text + len};
    int error = parse_value(&p, &doc->root);
    skip_space(&p);
    if (!error && p.at != p.end)
        error = IC_ERR_PROTO;
    if (error) {
        ic__json_free(&doc->root);
        return error;
    }
    *out = &doc->root;
    return 0;
}

void ic__json_free(ic__json *root)
{
    document *doc = (document *)root;

    if (!doc)
        return;
    while (doc->chunks) {
        chunk *c = doc->chunks;
        doc->chunks = c->next;
        ic_mem_free(c);
    }
    ic_mem_free(doc);
}
