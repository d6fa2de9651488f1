#include "fault_vfs.h"

#include <string.h>

#include <sqlite3.h>

#include "unit.h"

/* A file of ours with the system's behind it. */
typedef struct fault_file {
    sqlite3_file base;
    sqlite3_file *real;
} fault_file;

static sqlite3_vfs ours;
static sqlite3_vfs *system_vfs;
static unsigned countdown;
static fault_kind fault;
static int hit;

static sqlite3_file *real_of(sqlite3_file *f)
{
    return ((fault_file *)f)->real;
}

static int must_fail(void)
{
    if (!countdown)
        return 0;
    if (countdown > 1) {
        countdown--;
        return 0;
    }
    hit = 1;
    return 1;
}

static int f_close(sqlite3_file *f)
{
    return real_of(f)->pMethods->xClose(real_of(f));
}

static int f_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
    return real_of(f)->pMethods->xRead(real_of(f), p, n, at);
}

static int f_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
    if (must_fail())
        return fault == FAULT_FULL ? SQLITE_FULL : SQLITE_IOERR_WRITE;
    return real_of(f)->pMethods->xWrite(real_of(f), p, n, at);
}

static int f_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    if (must_fail())
        return SQLITE_IOERR_TRUNCATE;
    return real_of(f)->pMethods->xTruncate(real_of(f), size);
}

static int f_sync(sqlite3_file *f, int flags)
{
    if (must_fail())
        return SQLITE_IOERR_FSYNC;
    return real_of(f)->pMethods->xSync(real_of(f), flags);
}

static int f_size(sqlite3_file *f, sqlite3_int64 *size)
{
    return real_of(f)->pMethods->xFileSize(real_of(f), size);
}

static int f_lock(sqlite3_file *f, int level)
{
    return real_of(f)->pMethods->xLock(real_of(f), level);
}

static int f_unlock(sqlite3_file *f, int level)
{
    return real_of(f)->pMethods->xUnlock(real_of(f), level);
}

static int f_check_lock(sqlite3_file *f, int *out)
{
    return real_of(f)->pMethods->xCheckReservedLock(real_of(f), out);
}

static int f_control(sqlite3_file *f, int op, void *arg)
{
    return real_of(f)->pMethods->xFileControl(real_of(f), op, arg);
}

static int f_sector(sqlite3_file *f)
{
    return real_of(f)->pMethods->xSectorSize(real_of(f));
}

static int f_device(sqlite3_file *f)
{
    return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
}

static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = f_close,
    .xRead = f_read,
    .xWrite = f_write,
    .xTruncate = f_truncate,
    .xSync = f_sync,
    .xFileSize = f_size,
    .xLock = f_lock,
    .xUnlock = f_unlock,
    .xCheckReservedLock = f_check_lock,
    .xFileControl = f_control,
    .xSectorSize = f_sector,
    .xDeviceCharacteristics = f_device,
};

static int v_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *out)
{
    fault_file *file = (fault_file *)f;

    f->pMethods = NULL;
    if (flags & SQLITE_OPEN_CREATE && must_fail())
        return SQLITE_CANTOPEN;
    file->real = (sqlite3_file *)(void *)(file + 1);
    int rc = system_vfs->xOpen(system_vfs, name, file->real, flags, out);
    if (rc == SQLITE_OK)
        f->pMethods = &methods;
    return rc;
}

static int v_delete(sqlite3_vfs *v, const char *name, int sync)
{
    if (must_fail())
        return SQLITE_IOERR_DELETE;
    return system_vfs->xDelete(system_vfs, name, sync);
}

void fault_vfs_start(unsigned nth, fault_kind kind)
{
    if (!system_vfs) {
        system_vfs = sqlite3_vfs_find(NULL);
        ours = *system_vfs;
        ours.zName = "fault";
        ours.szOsFile = (int)sizeof(fault_file) + system_vfs->szOsFile;
        ours.xOpen = v_open;
        ours.xDelete = v_delete;
    }
    countdown = nth;
    fault = kind;
    hit = 0;
    assert_int_equal(sqlite3_vfs_register(&ours, 1), SQLITE_OK);
}

int fault_vfs_stop(void)
{
    countdown = 0;
    assert_int_equal(sqlite3_vfs_register(system_vfs, 1), SQLITE_OK);
    return hit;
}
