/*
 * Without clang: run a fuzz target over its corpus, each file once, in a heap copy of
 * exactly its size.
 *
 *   replay FILE-OR-FOLDER...
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t ran;

static int run_file(const char *path, size_t size)
{
    uint8_t *data = malloc(size ? size : 1);
    FILE *file = fopen(path, "rb");
    int failed = !data || !file || fread(data, 1, size, file) != size;

    if (file)
        (void)fclose(file);
    if (failed) {
        (void)fprintf(stderr, "replay: cannot read %s\n", path);
    } else {
        LLVMFuzzerTestOneInput(data, size);
        ran++;
    }
    free(data);
    return failed;
}

static int run_path(const char *path);

static int run_folder(const char *path)
{
    DIR *folder = opendir(path);
    int failed = 0;

    if (!folder) {
        perror(path);
        return 1;
    }
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        char below[4096];
        if (entry->d_name[0] == '.')
            continue;
        (void)snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
        failed |= run_path(below);
    }
    (void)closedir(folder);
    return failed;
}

static int run_path(const char *path)
{
    struct stat info;

    if (stat(path, &info) != 0) {
        perror(path);
        return 1;
    }
    return S_ISDIR(info.st_mode) ? run_folder(path)
                                 : run_file(path, (size_t)info.st_size);
}

int main(int argc, char **argv)
{
    int failed = 0;

    for (int i = 1; i < argc; i++)
        failed |= run_path(argv[i]);
    if (!ran) {
        (void)fprintf(stderr, "replay: the corpus is empty\n");
        failed = 1;
    }
    (void)printf("%zu inputs\n", ran);
    return failed;
}
