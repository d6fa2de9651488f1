#include "book/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"

int isplit__file_error(int number)
{
    switch (number) {
    case ENOENT:
        return IC_ERR_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS:
    case EISDIR:
        return IC_ERR_DENIED;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return IC_ERR_FULL;
    default:
        return IC_ERR_IO;
    }
}

static int read_all(int fd, char *data, size_t size, size_t *len)
{
    size_t have = 0;

    while (have < size) {
        ssize_t n = read(fd, data + have, size - have);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return isplit__file_error(errno);
        if (n == 0)
            break;
        have += (size_t)n;
    }
    *len = have;
    return 0;
}

static int read_open_file(int fd, size_t max, char **out, size_t *len)
{
    struct stat info;

    if (fstat(fd, &info) != 0)
        return isplit__file_error(errno);
    if (!S_ISREG(info.st_mode))
        return IC_ERR_DENIED;
    if (info.st_size < 0 || (uint64_t)info.st_size > max)
        return IC_ERR_LIMIT;
    char *data = ic_mem_alloc((size_t)info.st_size + 1);
    if (!data)
        return IC_ERR_NOMEM;
    int err = read_all(fd, data, (size_t)info.st_size, len);
    if (err) {
        ic_mem_free(data);
        return err;
    }
    data[*len] = 0;
    *out = data;
    return 0;
}

int isplit__file_read(const char *path, size_t max, char **out, size_t *len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return isplit__file_error(errno);
    int err = read_open_file(fd, max, out, len);
    close(fd);
    return err;
}

static int write_all(int fd, const char *data, size_t len)
{
    while (len) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return isplit__file_error(errno);
        data += n;
        len -= (size_t)n;
    }
    return fsync(fd) == 0 ? 0 : isplit__file_error(errno);
}

static int write_new(const char *path, const char *data, size_t len)
{
    if (unlink(path) != 0 && errno != ENOENT)
        return isplit__file_error(errno);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return isplit__file_error(errno);
    int err = write_all(fd, data, len);
    if (close(fd) != 0 && !err)
        err = isplit__file_error(errno);
    if (err)
        (void)unlink(path);
    return err;
}

/* The rename is durable once the folder is. */
static int sync_folder(char *path)
{
    char *slash = strrchr(path, '/');

    if (slash)
        slash[slash == path] = 0;
    int fd = open(slash ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return isplit__file_error(errno);
    int err = fsync(fd) == 0 ? 0 : isplit__file_error(errno);
    close(fd);
    return err;
}

int isplit__file_replace(const char *path, const char *data, size_t len)
{
    static const char suffix[] = ".new";
    size_t n = strlen(path);
    char *fresh = ic_mem_alloc(n + sizeof suffix);

    if (!fresh)
        return IC_ERR_NOMEM;
    memcpy(fresh, path, n);
    memcpy(fresh + n, suffix, sizeof suffix);
    int err = write_new(fresh, data, len);
    if (!err && rename(fresh, path) != 0) {
        err = isplit__file_error(errno);
        (void)unlink(fresh);
    }
    if (!err)
        err = sync_folder(fresh);
    ic_mem_free(fresh);
    return err;
}
