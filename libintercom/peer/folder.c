#include "peer/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/buf.h"
#include "crypto/private_file.h"
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

char *ic__folder_file(const ic__folder *folder, const char *file)
{
    ic__buf path = {0};

    ic__buf_printf(&path, "%s/%s", folder->path, file);
    return ic__buf_take(&path);
}

static int take_lock(const char *path, int *lock_fd)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return ic__private_error(errno);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        int error = ic__private_error(errno);
        (void)close(fd);
        return error;
    }
    *lock_fd = fd;
    return 0;
}

static int make_and_lock(ic__folder *folder)
{
    char *path = ic__folder_file(folder, "peer.lock");
    int error = path ? ic__private_folders(path) : IC_ERR_NOMEM;

    if (!error)
        error = take_lock(path, &folder->lock_fd);
    ic_mem_free(path);
    return error;
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
    int error = make_and_lock(&made);
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
