#include "crypto/private_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"

#define OTHERS (S_IRWXG | S_IRWXO)

int ic__private_error(int number)
{
    switch (number) {
    case ENOENT:
    case ENOTDIR:
        return IC_ERR_NOT_FOUND;
    case EWOULDBLOCK:
        return IC_ERR_BUSY;
    case EEXIST:
    case EISDIR:
        return IC_ERR_EXISTS;
    case EACCES:
    case EPERM:
    case EROFS:
    case ELOOP:
        return IC_ERR_DENIED;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return IC_ERR_FULL;
    case ENOMEM:
        return IC_ERR_NOMEM;
    default:
        return IC_ERR_IO;
    }
}

static int read_all(int fd, char *data, size_t cap, size_t *len)
{
    size_t done = 0;

    while (done < cap) {
        ssize_t n = read(fd, data + done, cap - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ic__private_error(errno);
        if (n == 0)
            break;
        done += (size_t)n;
    }
    *len = done;
    return 0;
}

int ic__private_read(const char *path, bool follow, char *data, size_t cap, size_t *len,
                     bool *exposed)
{
    struct stat info;
    size_t got = 0;

    /* O_NONBLOCK: a pipe of that name must not make us wait for ever. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | (follow ? 0 : O_NOFOLLOW));
    if (fd < 0)
        return ic__private_error(errno);
    int err = fstat(fd, &info) == 0 ? 0 : ic__private_error(errno);
    if (!err && (!S_ISREG(info.st_mode) || info.st_size > (off_t)cap))
        err = IC_ERR_CORRUPT;
    if (!err)
        err = read_all(fd, data, cap, &got);
    (void)close(fd);
    if (err)
        return err;
    *len = got;
    *exposed = info.st_uid != geteuid() || (info.st_mode & OTHERS) != 0;
    return 0;
}

static int write_all(int fd, const char *data, size_t len)
{
    while (len) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ic__private_error(errno);
        data += n;
        len -= (size_t)n;
    }
    return fsync(fd) == 0 ? 0 : ic__private_error(errno);
}

/* The folder of `path`, in memory to free; NULL when there is none left. */
static char *folder_of(const char *path)
{
    ic__buf b = {.max = 0};
    const char *slash = strrchr(path, '/');

    if (!slash)
        ic__buf_text(&b, ".");
    else
        ic__buf_add(&b, path, slash == path ? 1 : (size_t)(slash - path));
    return ic__buf_take(&b);
}

static int sync_folder(const char *path)
{
    char *folder = folder_of(path);

    if (!folder)
        return IC_ERR_NOMEM;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ic_mem_free(folder);
    if (fd < 0)
        return ic__private_error(errno);
    int err = fsync(fd) == 0 ? 0 : ic__private_error(errno);
    (void)close(fd);
    return err;
}

/* Give the finished file its name. A link, unlike a rename, never replaces. */
static int publish(const char *temporary, const char *path, bool replace)
{
    if (replace)
        return rename(temporary, path) == 0 ? 0 : ic__private_error(errno);
    if (link(temporary, path) != 0)
        return ic__private_error(errno);
    (void)unlink(temporary);
    return 0;
}

static int write_through(char *temporary, const char *path, const void *data, size_t len,
                         bool replace)
{
    int fd = mkostemp(temporary, O_CLOEXEC); /* mode 0600 */

    if (fd < 0)
        return ic__private_error(errno);
    int err = write_all(fd, data, len);
    if (close(fd) != 0 && !err)
        err = ic__private_error(errno);
    if (!err)
        err = publish(temporary, path, replace);
    if (err)
        (void)unlink(temporary);
    return err;
}

int ic__private_write(const char *path, const void *data, size_t len, bool replace)
{
    ic__buf b = {.max = 0};

    ic__buf_printf(&b, "%s.XXXXXX", path);
    char *temporary = ic__buf_take(&b);
    if (!temporary)
        return IC_ERR_NOMEM;
    int err = write_through(temporary, path, data, len, replace);
    ic_mem_free(temporary);
    return err ? err : sync_folder(path);
}

bool ic__private_exists(const char *path)
{
    struct stat info;

    return lstat(path, &info) == 0;
}

static int make_folder(const char *path)
{
    struct stat info;

    if (mkdir(path, S_IRWXU) == 0)
        return 0;
    int err = ic__private_error(errno);
    if (stat(path, &info) != 0)
        return err;
    return S_ISDIR(info.st_mode) ? 0 : IC_ERR_EXISTS;
}

static int make_folders(char *folder)
{
    char *at = folder;
    int err;

    do {
        at = strchr(at + 1, '/');
        if (at)
            *at = 0;
        err = make_folder(folder);
        if (at)
            *at = '/';
    } while (at && !err);
    return err;
}

int ic__private_folders(const char *path)
{
    char *folder = folder_of(path);
    int err = folder ? make_folders(folder) : IC_ERR_NOMEM;

    ic_mem_free(folder);
    return err;
}
