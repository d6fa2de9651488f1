#include "peer_edit.h"

#include <errno.h>
#include <event2/event.h>
#include <histedit.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "peer_history.h"
#include "peer_key.h"
#include "peer_text.h"
#include "peer_words.h"

#define PROMPT "> "
#define PROMPT_COLUMNS 2
#define CTRL_D 4
#define TAB "\t"

/* After this time a sequence that did not go on was the escape key alone. */
static const struct timeval escape_time = {.tv_usec = 50000};

struct peer_edit {
    peer_terminal_options opts;
    EditLine *el;
    History *history;
    struct event *readable;
    struct event *late;    /* escape_time is over */
    struct event *resized; /* SIGWINCH */
    struct event *stopped; /* SIGTSTP */
    struct termios found;  /* how the TTY was before us */
    bool editing;          /* the TTY is in raw mode and shows our line */
    bool ended;
    uint8_t bytes[1024]; /* read, not yet handed to libedit */
    size_t len;
    const uint8_t *key; /* the key that libedit is reading */
    const uint8_t *key_end;
};

static peer_edit *of(EditLine *el)
{
    void *data = NULL;
    (void)el_get(el, EL_CLIENTDATA, &data);
    return data;
}

static char *prompt(EditLine *el)
{
    static char text[] = PROMPT;
    (void)el;
    return text;
}

/* libedit asks for one character of the key. */
static int next_character(EditLine *el, wchar_t *out)
{
    peer_edit *edit = of(el);
    mbstate_t none = {0};

    if (edit->key == edit->key_end) {
        errno = EAGAIN;
        return -1;
    }
    size_t n =
        mbrtowc(out, (const char *)edit->key, (size_t)(edit->key_end - edit->key), &none);
    if (n == 0 || n > (size_t)(edit->key_end - edit->key)) {
        *out = n ? 0xfffd : 0;
        n = 1;
    }
    edit->key += n;
    return 1;
}

static void start_line(peer_edit *edit)
{
    if (!edit->ended && !edit->editing) {
        edit->editing = true;
        (void)el_set(edit->el, EL_UNBUFFERED, 1);
    }
}

static void stop_line(peer_edit *edit)
{
    if (edit->editing) {
        edit->editing = false;
        (void)el_set(edit->el, EL_UNBUFFERED, 0);
    }
}

static void remember(peer_edit *edit, const char *text, size_t len)
{
    HistEvent event;

    if (!len || text[0] == ' ') /* as in shells: a blank in front keeps a line out */
        return;
    (void)history(edit->history, &event, H_ENTER, text);
    if (edit->opts.history_path && peer_history_add(edit->opts.history_path, text, len))
        edit->opts.history_path = NULL; /* not writable: this run keeps its own */
}

static void finish_line(peer_edit *edit, const char *text, size_t len)
{
    char *copy = ic_mem_alloc(len + 1);

    stop_line(edit);
    if (copy) {
        memcpy(copy, text, len);
        copy[len] = 0;
        remember(edit, copy, len);
        edit->opts.on_line(copy, len, edit->opts.user);
    }
    ic_mem_free(copy);
    start_line(edit);
}

static void end_of_input(peer_edit *edit)
{
    edit->ended = true;
    stop_line(edit);
    (void)event_del(edit->readable);
    (void)event_del(edit->late);
    (void)fputc('\n', stdout);
    (void)fflush(stdout);
    edit->opts.on_end(edit->opts.user);
}

static bool line_is_empty(EditLine *el)
{
    const LineInfo *line = el_line(el);
    return line->lastchar == line->buffer;
}

static void feed_key(peer_edit *edit, const uint8_t *key, size_t len)
{
    int count = 0;

    if (peer_key_waits(key, len))
        return;
    if (len == 1 && key[0] == CTRL_D && line_is_empty(edit->el)) {
        end_of_input(edit);
        return;
    }
    edit->key = key;
    edit->key_end = key + len;
    const char *text = el_gets(edit->el, &count);
    edit->key = edit->key_end = NULL; /* what libedit did not take is no text */
    if (text && count > 0 && text[count - 1] == '\n')
        finish_line(edit, text, (size_t)count - 1);
}

static void feed_keys(peer_edit *edit)
{
    size_t used = 0;
    size_t n;

    while (!edit->ended && (n = peer_key_len(edit->bytes + used, edit->len - used)) > 0) {
        feed_key(edit, edit->bytes + used, n);
        used += n;
    }
    edit->len -= used;
    memmove(edit->bytes, edit->bytes + used, edit->len);
    if (edit->len && !edit->ended)
        (void)event_add(edit->late, &escape_time);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    peer_edit *edit = arg;

    (void)what;
    ssize_t n = read(fd, edit->bytes + edit->len, sizeof edit->bytes - edit->len);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        end_of_input(edit);
        return;
    }
    edit->len += (size_t)n;
    feed_keys(edit);
}

static void on_late(evutil_socket_t fd, short what, void *arg)
{
    peer_edit *edit = arg;

    (void)fd;
    (void)what;
    edit->len = 0;
}

static void on_resized(evutil_socket_t fd, short what, void *arg)
{
    peer_edit *edit = arg;

    (void)fd;
    (void)what;
    el_resize(edit->el);
    if (edit->editing)
        (void)el_set(edit->el, EL_REFRESH);
}

/* ^Z: the shell gets a sane TTY; the line is still there afterwards. */
static void on_stopped(evutil_socket_t fd, short what, void *arg)
{
    peer_edit *edit = arg;

    (void)fd;
    (void)what;
    if (edit->editing)
        (void)el_set(edit->el, EL_PREP_TERM, 0);
    (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &edit->found);
    (void)raise(SIGSTOP);
    if (edit->editing) {
        (void)el_set(edit->el, EL_PREP_TERM, 1);
        (void)el_set(edit->el, EL_REFRESH);
    }
}

/* --- the line on the screen --- */

static size_t screen_columns(void)
{
    struct winsize size;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return 80;
    return size.ws_col;
}

void peer_edit_hide(peer_edit *edit)
{
    if (!edit->editing)
        return;
    const LineInfo *line = el_line(edit->el);
    size_t at = PROMPT_COLUMNS + peer_text_columns(line->buffer, line->cursor);
    size_t rows = at / screen_columns();
    (void)fputc('\r', stdout);
    if (rows)
        (void)fprintf(stdout, "\033[%zuA", rows);
    (void)fputs("\033[J", stdout);
}

void peer_edit_show(peer_edit *edit)
{
    (void)fflush(stdout);
    if (edit->editing)
        (void)el_set(edit->el, EL_REFRESH);
}

/* --- completion --- */

/* The words for what stands before the cursor; `*typed` bytes of them are there already.
 */
static void ask(peer_edit *edit, peer_words *words, size_t *typed)
{
    const LineInfo *line = el_line(edit->el);
    size_t len = (size_t)(line->cursor - line->buffer);

    *typed = len - edit->opts.complete(line->buffer, len, peer_words_add, words,
                                       edit->opts.user);
}

static void show_words(peer_edit *edit, const peer_words *words)
{
    ic__buf rows = {0};

    peer_words_layout(words, screen_columns(), &rows);
    peer_edit_hide(edit);
    if (!rows.bad)
        (void)fputs(rows.data, stdout);
    (void)fflush(stdout);
    ic__buf_free(&rows);
}

static unsigned char complete(EditLine *el, wint_t c)
{
    peer_edit *edit = of(el);
    peer_words words = {0};
    size_t typed;
    unsigned char answer = CC_REFRESH_BEEP;

    (void)c;
    ask(edit, &words, &typed);
    if (words.kept && (words.count == 1 || words.same > typed)) {
        words.items[0][words.same] = 0;
        (void)el_insertstr(el, words.items[0] + typed);
        if (words.count == 1)
            (void)el_insertstr(el, " ");
        answer = CC_REFRESH;
    } else if (words.kept) {
        show_words(edit, &words);
        answer = CC_REDISPLAY;
    }
    peer_words_free(&words);
    return answer;
}

/* --- life --- */

static void recall(const char *text, void *user)
{
    peer_edit *edit = user;
    HistEvent event;

    (void)history(edit->history, &event, H_ENTER, text);
}

static int set_up_libedit(peer_edit *edit)
{
    HistEvent event;

    if (tcgetattr(STDIN_FILENO, &edit->found) != 0)
        return IC_ERR_IO;
    edit->el = el_init("intercom-peer", stdin, stdout, stderr);
    edit->history = history_init();
    if (!edit->el || !edit->history)
        return IC_ERR_NOMEM;
    (void)history(edit->history, &event, H_SETSIZE, PEER_HISTORY_LINES);
    (void)history(edit->history, &event, H_SETUNIQUE, 1);
    (void)el_set(edit->el, EL_CLIENTDATA, edit);
    (void)el_set(edit->el, EL_EDITOR, "emacs");
    (void)el_set(edit->el, EL_PROMPT, prompt);
    (void)el_set(edit->el, EL_HIST, history, edit->history);
    (void)el_set(edit->el, EL_GETCFN, next_character);
    /* Between two lines nothing may be echoed, and ^D may not become an end of file. */
    (void)el_set(edit->el, EL_SETTY, "-x", "-icanon", "-echo", NULL);
    /* The narrow form leaks copies of both texts. */
    (void)el_wset(edit->el, EL_ADDFN, L"peer-complete", L"complete the word", complete);
    (void)el_set(edit->el, EL_BIND, TAB, "peer-complete", NULL);
    return 0;
}

static int set_up_events(peer_edit *edit)
{
    struct event_base *base = edit->opts.base;

    edit->readable =
        event_new(base, STDIN_FILENO, EV_READ | EV_PERSIST, on_readable, edit);
    edit->late = event_new(base, -1, 0, on_late, edit);
    edit->resized = event_new(base, SIGWINCH, EV_SIGNAL | EV_PERSIST, on_resized, edit);
    edit->stopped = event_new(base, SIGTSTP, EV_SIGNAL | EV_PERSIST, on_stopped, edit);
    if (!edit->readable || !edit->late || !edit->resized || !edit->stopped)
        return IC_ERR_NOMEM;
    if (event_add(edit->readable, NULL) != 0 || event_add(edit->resized, NULL) != 0 ||
        event_add(edit->stopped, NULL) != 0)
        return IC_ERR_IO;
    return 0;
}

int peer_edit_new(const peer_terminal_options *opts, peer_edit **out)
{
    peer_edit *edit = ic_mem_calloc(1, sizeof *edit);

    if (!edit)
        return IC_ERR_NOMEM;
    edit->opts = *opts;
    int error = set_up_libedit(edit);
    if (!error)
        error = set_up_events(edit);
    if (!error && opts->history_path &&
        peer_history_read(opts->history_path, recall, edit) != 0)
        edit->opts.history_path = NULL; /* not readable: this run keeps its own */
    if (error) {
        peer_edit_free(edit);
        return error;
    }
    start_line(edit);
    *out = edit;
    return 0;
}

static void drop(struct event *event)
{
    if (event)
        event_free(event);
}

void peer_edit_free(peer_edit *edit)
{
    if (!edit)
        return;
    if (edit->editing)
        peer_edit_hide(edit);
    if (edit->el) {
        stop_line(edit);
        el_end(edit->el);
    }
    if (edit->history)
        history_end(edit->history);
    drop(edit->readable);
    drop(edit->late);
    drop(edit->resized);
    drop(edit->stopped);
    ic_mem_free(edit);
}
