#include "temp_folder.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "unit.h"

#define MOST_OPEN_FOLDERS 16

void temp_folder_make(char *path, size_t cap)
{
    const char *above = getenv("TMPDIR");
    int n = snprintf(path, cap, "%s/intercom-test-XXXXXX", above ? above : "/tmp");

    if (n < 0 || (size_t)n >= cap || !mkdtemp(path))
        fail_msg("cannot make a folder in %s", above ? above : "/tmp");
}

static int remove_one(const char *path, const struct stat *info, int kind,
                      struct FTW *where)
{
    return remove(path);
}

void temp_folder_remove(const char *path)
{
    (void)nftw(path, remove_one, MOST_OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
}
