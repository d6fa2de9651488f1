#include "crypto/members.h"

#include <stdint.h>
#include <string.h>

#include "base/rd.h"
#include "base/text.h"
#include "intercom/error.h"

static void skip_space(ic__rd *r)
{
    while (!r->bad && r->left && memchr(" \t\r\n", *r->p, 4))
        (void)ic__rd_u8(r);
}

/* The next character that is not white space, if it is this one. */
static bool take(ic__rd *r, char c)
{
    skip_space(r);
    if (!r->left || *r->p != (uint8_t)c)
        return false;
    (void)ic__rd_u8(r);
    return true;
}

static void expect(ic__rd *r, char c)
{
    if (!take(r, c))
        r->bad = true;
}

static const char *read_text(ic__rd *r, size_t *len)
{
    expect(r, '"');
    const char *text = (const char *)r->p;
    size_t n = 0;
    while (n < r->left && r->p[n] >= 0x20 && r->p[n] != '"' && r->p[n] != '\\')
        n++;
    (void)ic__rd_bytes(r, n);
    if (ic__rd_u8(r) != '"')
        r->bad = true;
    *len = n;
    return text;
}

static void read_value(ic__rd *r, ic__member *m)
{
    if (!take(r, 'n')) {
        m->text = read_text(r, &m->len);
        return;
    }
    const uint8_t *rest = ic__rd_bytes(r, 3);
    if (!rest || memcmp(rest, "ull", 3) != 0)
        r->bad = true;
}

static const ic__member *find(const ic__members *members, const char *name, size_t len)
{
    for (size_t i = 0; i < members->count; i++) {
        const ic__member *m = &members->item[i];
        if (m->name_len == len && memcmp(m->name, name, len) == 0)
            return m;
    }
    return NULL;
}

static void read_member(ic__rd *r, ic__members *members)
{
    ic__member m = {.text = NULL};

    m.name = read_text(r, &m.name_len);
    expect(r, ':');
    read_value(r, &m);
    if (r->bad || members->count == IC__MEMBERS_MAX ||
        find(members, m.name, m.name_len)) {
        r->bad = true;
        return;
    }
    members->item[members->count++] = m;
}

int ic__members_parse(ic__members *members, const char *text, size_t len)
{
    ic__rd r = ic__rd_of(text, len);

    members->count = 0;
    expect(&r, '{');
    if (!take(&r, '}')) {
        do {
            read_member(&r, members);
        } while (!r.bad && take(&r, ','));
        expect(&r, '}');
    }
    skip_space(&r);
    return ic__rd_finish(&r) ? 0 : IC_ERR_CORRUPT;
}

const char *ic__members_text(const ic__members *members, const char *name, size_t *len)
{
    const ic__member *m = find(members, name, strlen(name));

    *len = m ? m->len : 0;
    return m ? m->text : NULL;
}

bool ic__members_hex(const ic__members *members, const char *name, void *out, size_t size)
{
    size_t len;
    const char *text = ic__members_text(members, name, &len);

    return text && ic__hex_decode(out, size, text, len);
}
