#include "peer/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"

bool ic__folder_name_ok(const char *name)
{
    size_t len = strlen(name);

    if (!len || len > IC__STORE_NAME_MAX || strcmp(name, ".") == 0 || strstr(name, ".."))
        return false;
    for (const char *at = name; *at; at++) {
        unsigned char c = (unsigned char)*at;
        if (c < 0x20 || c == 0x7f || c == '/' || c == '\\')
            return false;
    }
    return true;
}

static int error_of(int number)
{
    switch (number) {
    case EACCES:
    case EPERM:
    case EROFS:
        return IC_ERR_DENIED;
    case ENOSPC:
    case EDQUOT:
        return IC_ERR_FULL;
    case ENOTDIR:
    case EEXIST:
    case EISDIR:
        return IC_ERR_EXISTS;
    case ENAMETOOLONG:
        return IC_ERR_INVALID;
    case EWOULDBLOCK:
        return IC_ERR_BUSY;
    case ENOMEM:
        return IC_ERR_NOMEM;
    default:
        return IC_ERR_IO;
    }
}

static int make_one(const char *path)
{
    struct stat st;

    if (mkdir(path, 0700) == 0)
        return 0;
    int number = errno;
    if (stat(path, &st) != 0)
        return error_of(number);
    return S_ISDIR(st.st_mode) ? 0 : IC_ERR_EXISTS;
}

/* Each folder of the path in turn. */
static int make_all(char *path)
{
    for (char *at = strchr(path + 1, '/'); at; at = strchr(at + 1, '/')) {
        *at = 0;
        int error = make_one(path);
        *at = '/';
        if (error)
            return error;
    }
    return make_one(path);
}

char *ic__folder_file(const ic__folder *folder, const char *file)
{
    ic__buf path = {0};

    ic__buf_printf(&path, "%s/%s", folder->path, file);
    return ic__buf_take(&path);
}

static int take_lock(ic__folder *folder)
{
    char *path = ic__folder_file(folder, "peer.lock");
    if (!path)
        return IC_ERR_NOMEM;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    int number = errno;
    ic_mem_free(path);
    if (fd < 0)
        return error_of(number);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        number = errno;
        (void)close(fd);
        return error_of(number);
    }
    folder->lock_fd = fd;
    return 0;
}

int ic__folder_open(ic__folder *folder, const char *stores, const char *name)
{
    ic__folder made = {.lock_fd = -1};
    ic__buf path = {0};
    size_t len = strlen(stores);

    if (!ic__folder_name_ok(name))
        return IC_ERR_INVALID;
    while (len > 1 && stores[len - 1] == '/')
        len--;
    ic__buf_add(&path, len ? stores : ".", len ? len : 1);
    ic__buf_printf(&path, "%s%s", len == 1 && stores[0] == '/' ? "" : "/", name);
    made.path = ic__buf_take(&path);
    if (!made.path)
        return IC_ERR_NOMEM;
    int error = make_all(made.path);
    if (!error)
        error = take_lock(&made);
    if (error) {
        ic_mem_free(made.path);
        return error;
    }
    *folder = made;
    return 0;
}

void ic__folder_close(ic__folder *folder)
{
    if (!folder->path)
        return;
    (void)close(folder->lock_fd);
    ic_mem_free(folder->path);
    *folder = (ic__folder){.lock_fd = -1};
}
