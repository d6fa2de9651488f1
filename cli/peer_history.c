#include "peer_history.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"

/* The last `max` bytes of a file, at most. */
static int read_tail(int fd, size_t max, char **out, size_t *len)
{
    struct stat st;

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return IC_ERR_IO;
    off_t skip = st.st_size > (off_t)max ? st.st_size - (off_t)max : 0;
    char *text = ic_mem_alloc(max + 1);
    if (!text)
        return IC_ERR_NOMEM;
    size_t n = 0;
    ssize_t got = 1;
    while (got > 0 && n < max) {
        got = pread(fd, text + n, max - n, skip + (off_t)n);
        if (got > 0)
            n += (size_t)got;
    }
    if (got < 0) {
        ic_mem_free(text);
        return IC_ERR_IO;
    }
    text[n] = 0;
    *out = text;
    *len = n;
    return 0;
}

/* Where the last `lines` lines begin. */
static char *last_lines(char *text, size_t len, size_t lines)
{
    char *at = text + len;

    while (at > text) {
        if (at[-1] == '\n' && at != text + len && lines-- == 1)
            break;
        at--;
    }
    return at;
}

static void tell(char *at, void (*line)(const char *text, void *user), void *user)
{
    char *end;

    for (; (end = strchr(at, '\n')) != NULL; at = end + 1) {
        *end = 0;
        if (*at)
            line(at, user);
    }
}

/* A file that grew long keeps its tail; a crash in between leaves the old file. */
static int cut_down(const char *path, const char *text)
{
    char fresh[4096];
    size_t len = strlen(text);

    size_t n = strlen(path);
    if (n + 5 > sizeof fresh)
        return IC_ERR_IO;
    memcpy(fresh, path, n);
    memcpy(fresh + n, ".new", 5);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return IC_ERR_IO;
    ssize_t put = write(fd, text, len);
    if (close(fd) != 0 || put != (ssize_t)len || rename(fresh, path) != 0) {
        (void)unlink(fresh);
        return IC_ERR_IO;
    }
    return 0;
}

int peer_history_read(const char *path, void (*line)(const char *text, void *user),
                      void *user)
{
    char *text;
    size_t len;

    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : IC_ERR_IO;
    int error = read_tail(fd, PEER_HISTORY_MAX_BYTES, &text, &len);
    (void)close(fd);
    if (error)
        return error;
    char *from = last_lines(text, len, PEER_HISTORY_LINES);
    if (len == PEER_HISTORY_MAX_BYTES)
        error = cut_down(path, from);
    tell(from, line, user);
    ic_mem_free(text);
    return error;
}

int peer_history_add(const char *path, const char *text, size_t len)
{
    char *bytes = ic_mem_alloc(len + 1);

    if (!bytes)
        return IC_ERR_NOMEM;
    memcpy(bytes, text, len);
    bytes[len] = '\n';
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    ssize_t put = fd < 0 ? -1 : write(fd, bytes, len + 1);
    if (fd >= 0)
        (void)close(fd);
    ic_mem_free(bytes);
    return put == (ssize_t)len + 1 ? 0 : IC_ERR_IO;
}
