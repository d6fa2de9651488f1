#include "peer_terminal.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "peer_edit.h"
#include "peer_plain.h"
#include "peer_text.h"

struct peer_terminal {
    peer_edit *edit;   /* on a TTY */
    peer_plain *plain; /* elsewhere */
    ic__buf line;
};

bool peer_terminal_can_edit(void)
{
    const char *term = getenv("TERM");

    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && term && term[0] &&
           strcmp(term, "dumb") != 0;
}

/* libedit and wcwidth go by the locale; all our texts are UTF-8. */
static void use_utf8(void)
{
    (void)setlocale(LC_CTYPE, "");
    if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
        (void)setlocale(LC_CTYPE, "C.UTF-8");
}

int peer_terminal_new(const peer_terminal_options *opts, peer_terminal **out)
{
    peer_terminal *terminal = ic_mem_calloc(1, sizeof *terminal);
    int error;

    if (!terminal)
        return IC_ERR_NOMEM;
    if (peer_terminal_can_edit()) {
        use_utf8();
        error = peer_edit_new(opts, &terminal->edit);
    } else {
        const peer_plain_options plain = {
            .base = opts->base,
            .fd = STDIN_FILENO,
            .on_line = opts->on_line,
            .on_end = opts->on_end,
            .user = opts->user,
        };
        error = peer_plain_new(&plain, &terminal->plain);
    }
    if (error) {
        peer_terminal_free(terminal);
        return error;
    }
    *out = terminal;
    return 0;
}

void peer_terminal_free(peer_terminal *terminal)
{
    if (!terminal)
        return;
    peer_edit_free(terminal->edit);
    peer_plain_free(terminal->plain);
    ic__buf_free(&terminal->line);
    ic_mem_free(terminal);
}

void peer_terminal_hold(peer_terminal *terminal, bool held)
{
    if (terminal->plain)
        peer_plain_hold(terminal->plain, held);
}

/* Not through stdio, whose buffer would keep the text. A reader who is gone hears
 * nothing.
 */
static void write_all(const char *text, size_t len)
{
    (void)fflush(stdout);
    while (len) {
        ssize_t n = write(STDOUT_FILENO, text, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        text += n;
        len -= (size_t)n;
    }
}

void peer_terminal_print(peer_terminal *terminal, const char *text)
{
    ic__buf *line = &terminal->line;

    ic__buf_reset(line);
    peer_text_safe(line, text);
    ic__buf_char(line, '\n');
    if (line->bad)
        return; /* no memory for a line of output: it is lost */
    if (terminal->edit)
        peer_edit_hide(terminal->edit);
    write_all(line->data, line->len);
    if (terminal->edit)
        peer_edit_show(terminal->edit);
    sodium_memzero(line->data, line->len); /* /get_keys prints a secret */
}
