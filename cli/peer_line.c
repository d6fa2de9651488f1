#include "peer_line.h"

#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"

size_t peer_space_at(const char *text, size_t len)
{
    static const char *const wide[] = {
        "\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81", "\xe2\x80\x82",
        "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86", "\xe2\x80\x87",
        "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8", "\xe2\x80\xa9",
        "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80", "\xef\xbb\xbf",
    };

    if (!len)
        return 0;
    unsigned char c = (unsigned char)text[0];
    if (c == ' ' || (c >= 0x09 && c <= 0x0d))
        return 1;
    if (c < 0xc2)
        return 0;
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++) {
        size_t n = strlen(wide[i]);
        if (n <= len && memcmp(text, wide[i], n) == 0)
            return n;
    }
    return 0;
}

/* White space that ends exactly at `end`. */
static size_t space_before(const char *text, size_t end)
{
    for (size_t n = 1; n <= 3 && n <= end; n++) {
        if (peer_space_at(text + end - n, n) == n)
            return n;
    }
    return 0;
}

char *peer_trim(char *text)
{
    size_t len = strlen(text);
    size_t n;

    while ((n = space_before(text, len)) > 0)
        len -= n;
    text[len] = 0;
    while ((n = peer_space_at(text, len)) > 0) {
        text += n;
        len -= n;
    }
    return text;
}

typedef struct splitter {
    const char *at;
    const char *end;
    char *out;
} splitter;

/* A quoted piece; `at` stands behind its opening quote. */
static bool take_quoted(splitter *s, char quote)
{
    while (s->at < s->end) {
        char c = *s->at++;
        if (c == quote)
            return true;
        if (c == '\\' && quote == '"') {
            if (s->at == s->end)
                return false;
            c = *s->at++;
        }
        *s->out++ = c;
    }
    return false;
}

static bool take_token(splitter *s)
{
    while (s->at < s->end && !peer_space_at(s->at, (size_t)(s->end - s->at))) {
        char c = *s->at++;
        if (c == '"' || c == '\'') {
            if (!take_quoted(s, c))
                return false;
            continue;
        }
        if (c == '\\' && s->at < s->end)
            c = *s->at++;
        *s->out++ = c;
    }
    *s->out++ = 0;
    return true;
}

static void skip_space(splitter *s)
{
    size_t n;

    while ((n = peer_space_at(s->at, (size_t)(s->end - s->at))) > 0)
        s->at += n;
}

static int take_args(peer_line *line, splitter *s)
{
    peer_arg *open = NULL;

    for (skip_space(s); s->at < s->end; skip_space(s)) {
        const char *token = s->out;
        if (!take_token(s))
            return IC_ERR_INVALID;
        if (open) {
            open->value = token;
            open = NULL;
            continue;
        }
        if (line->arg_count == PEER_LINE_MAX_ARGS)
            return IC_ERR_LIMIT;
        open = &line->args[line->arg_count++];
        bool bare = strncmp(token, "--", 2) != 0;
        *open = (peer_arg){.name = bare ? token : token + 2, .bare = bare};
    }
    return 0;
}

int peer_line_parse(peer_line *line, const char *text, size_t len)
{
    peer_line made = {.command = ""};

    if (len > PEER_LINE_MAX_BYTES)
        return IC_ERR_LIMIT;
    if (len && memchr(text, 0, len))
        return IC_ERR_INVALID;
    made.text =
        ic_mem_alloc(len + 1); /* a token and its zero need what it took, plus one */
    if (!made.text)
        return IC_ERR_NOMEM;
    splitter s = {.at = text, .end = text + len, .out = made.text};
    int error = 0;
    skip_space(&s);
    if (s.at < s.end) {
        made.command = s.out;
        error = take_token(&s) ? take_args(&made, &s) : IC_ERR_INVALID;
    }
    if (error) {
        ic_mem_free(made.text);
        return error;
    }
    *line = made;
    return 0;
}

void peer_line_free(peer_line *line)
{
    ic_mem_free(line->text);
    *line = (peer_line){0};
}

static const peer_arg *find(const peer_line *line, const char *name, size_t len)
{
    for (size_t i = line->arg_count; i > 0; i--) {
        const peer_arg *arg = &line->args[i - 1];
        if (strncmp(arg->name, name, len) == 0 && arg->name[len] == 0)
            return arg;
    }
    return NULL;
}

const char *peer_line_value(const peer_line *line, const char *name)
{
    const peer_arg *arg = find(line, name, strlen(name));
    return arg ? arg->value : NULL;
}

const char *peer_line_any(const peer_line *line, const char *names)
{
    while (*names) {
        size_t len = strcspn(names, " ");
        const peer_arg *arg = find(line, names, len);
        if (arg && arg->value && arg->value[0])
            return arg->value;
        names += len;
        names += strspn(names, " ");
    }
    return NULL;
}
