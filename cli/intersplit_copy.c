#include "intersplit_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "book/file.h"
#include "intercom/error.h"

#define TRIES 20
#define PAUSE_NS 50000000
#define TICK_NS 20000000 /* no file system of ours dates more coarsely */
#define PIECE 65536
#define LOG_HEADER 32 /* bytes: a log that starts anew has another salt in it */
#define PATH_BYTES 4096

/* What tells one state of the two files from another. */
typedef struct look {
    struct stat file;
    char log[LOG_HEADER]; /* zeros without a log */
} look;

static int look_at(const char *path, const char *log, look *out)
{
    memset(out, 0, sizeof *out);
    if (stat(path, &out->file) != 0)
        return isplit__file_error(errno);
    int fd = open(log, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : isplit__file_error(errno);
    ssize_t n = read(fd, out->log, sizeof out->log);
    (void)close(fd);
    return n < 0 ? IC_ERR_IO : 0;
}

static bool same(const look *a, const look *b)
{
    return a->file.st_ino == b->file.st_ino && a->file.st_size == b->file.st_size &&
           a->file.st_mtim.tv_sec == b->file.st_mtim.tv_sec &&
           a->file.st_mtim.tv_nsec == b->file.st_mtim.tv_nsec &&
           memcmp(a->log, b->log, sizeof a->log) == 0;
}

/* A change within one tick of the clock would leave the same date behind. */
static bool rests(const look *l)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (now.tv_sec - l->file.st_mtim.tv_sec) * 1000000000LL + now.tv_nsec -
               l->file.st_mtim.tv_nsec >
           TICK_NS;
}

static int copy_bytes(int from, int to)
{
    char piece[PIECE];

    for (;;) {
        ssize_t n = read(from, piece, sizeof piece);
        if (n < 0)
            return isplit__file_error(errno);
        if (!n)
            return 0;
        for (ssize_t done = 0; done < n;) {
            ssize_t put = write(to, piece + done, (size_t)(n - done));
            if (put < 0)
                return isplit__file_error(errno);
            done += put;
        }
    }
}

/* A log may be missing: then it is one without content. */
static int copy_file(const char *from, const char *to, bool may_miss)
{
    int in = open(from, O_RDONLY | O_CLOEXEC);

    if (in < 0 && (errno != ENOENT || !may_miss))
        return isplit__file_error(errno);
    if (in < 0)
        return unlink(to) == 0 || errno == ENOENT ? 0 : isplit__file_error(errno);
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int err = out < 0 ? isplit__file_error(errno) : copy_bytes(in, out);
    if (out >= 0 && close(out) != 0 && !err)
        err = isplit__file_error(errno);
    (void)close(in);
    return err;
}

int cli_copy_store(const char *from, const char *to)
{
    char from_log[PATH_BYTES];
    char to_log[PATH_BYTES];
    look before;
    look after;
    const struct timespec pause = {.tv_nsec = PAUSE_NS};

    if ((size_t)snprintf(from_log, sizeof from_log, "%s-wal", from) >= sizeof from_log ||
        (size_t)snprintf(to_log, sizeof to_log, "%s-wal", to) >= sizeof to_log)
        return IC_ERR_NOT_FOUND;
    for (int i = 0; i < TRIES; i++) {
        int err = look_at(from, from_log, &before);
        bool rested = !err && rests(&before);
        if (!err && rested)
            err = copy_file(from, to, false);
        if (!err && rested)
            err = copy_file(from_log, to_log, true);
        if (!err && rested)
            err = look_at(from, from_log, &after);
        if (err || (rested && same(&before, &after)))
            return err;
        (void)nanosleep(&pause, NULL);
    }
    return IC_ERR_BUSY;
}
