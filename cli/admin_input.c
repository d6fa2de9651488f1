#include "admin_input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <sodium.h>

#include "admin.h"

#define FIRST_PIECE ((size_t)64 << 10)

admin_secret *admin_secret_new(void)
{
    admin_secret *secret = sodium_malloc(sizeof *secret);

    if (!secret) {
        (void)admin_fail("out of memory");
        return NULL;
    }
    memset(secret, 0, sizeof *secret);
    return secret;
}

void admin_secret_free(admin_secret *secret)
{
    sodium_free(secret);
}

/* Bytes up to a line feed, one by one: nothing of it stays in a buffer. */
static bool read_secret(admin_secret *secret, int fd)
{
    size_t len = 0;

    for (;;) {
        char c;
        ssize_t n = read(fd, &c, 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 || (n == 0 && len == 0) || (n == 1 && len == ADMIN_SECRET_MAX))
            return false;
        if (n == 0 || c == '\n')
            break;
        secret->text[len++] = c;
    }
    secret->text[len] = 0;
    secret->len = len;
    return true;
}

bool admin_ask(admin_secret *secret, const char *prompt)
{
    struct termios shown;
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

    if (fd < 0 || tcgetattr(fd, &shown) != 0) {
        (void)admin_fail("there is no terminal to ask on");
        if (fd >= 0)
            (void)close(fd);
        return false;
    }
    struct termios hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    /* Hidden first: what is typed as soon as the question stands must not be flushed. */
    bool done = tcsetattr(fd, TCSAFLUSH, &hidden) == 0 &&
                dprintf(fd, "%s: ", prompt) > 0 && read_secret(secret, fd);
    (void)tcsetattr(fd, TCSAFLUSH, &shown);
    (void)dprintf(fd, "\n");
    (void)close(fd);
    if (!done)
        (void)admin_fail("nothing was entered, or more than %d bytes", ADMIN_SECRET_MAX);
    return done;
}

bool admin_read_line(admin_secret *secret, const char *path)
{
    bool standard = strcmp(path, "-") == 0;
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        (void)admin_fail("%s: %s", path, strerror(errno));
        return false;
    }
    bool done = read_secret(secret, fd);
    if (!standard)
        (void)close(fd);
    if (!done)
        (void)admin_fail("%s: no line, or one of more than %d bytes",
                         standard ? "standard input" : path, ADMIN_SECRET_MAX);
    return done;
}

char *admin_read_message(size_t *len)
{
    size_t cap = FIRST_PIECE;
    size_t used = 0;
    char *data = malloc(cap);

    while (data) {
        used += fread(data + used, 1, cap - used, stdin);
        if (used < cap)
            break;
        char *more = cap < 2 * ADMIN_MESSAGE_MAX ? realloc(data, 2 * cap) : NULL;
        if (!more)
            free(data);
        data = more;
        cap *= 2;
    }
    if (data && !ferror(stdin) && used <= ADMIN_MESSAGE_MAX) {
        *len = used;
        return data;
    }
    free(data);
    (void)admin_fail("cannot read a message of at most %zu bytes from standard input",
                     ADMIN_MESSAGE_MAX);
    return NULL;
}
