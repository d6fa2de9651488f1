#include "io/page.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"

struct ic__page {
    size_t count;
    size_t bytes;
    ic__page_file files[IC__PAGE_MAX_FILES];
};

static const struct {
    const char *extension;
    const char *content_type;
} types[] = {
    {"html", "text/html; charset=utf-8"},
    {"css", "text/css; charset=utf-8"},
    {"js", "text/javascript; charset=utf-8"},
    {"mjs", "text/javascript; charset=utf-8"},
    {"json", "application/json"},
    {"svg", "image/svg+xml"},
    {"png", "image/png"},
    {"ico", "image/x-icon"},
    {"txt", "text/plain; charset=utf-8"},
    {"webmanifest", "application/manifest+json"},
    {"woff2", "font/woff2"},
};

static const char *type_of(const char *name)
{
    const char *dot = strrchr(name, '.');

    for (size_t i = 0; dot && i < sizeof types / sizeof *types; i++) {
        if (strcasecmp(dot + 1, types[i].extension) == 0)
            return types[i].content_type;
    }
    return NULL;
}

static void make_etag(ic__page_file *file)
{
    uint8_t digest[16];

    crypto_generichash(digest, sizeof digest, file->data, file->len, NULL, 0);
    file->etag[0] = '"';
    ic__hex_encode(file->etag + 1, digest, sizeof digest);
    file->etag[IC__PAGE_ETAG_LEN - 1] = '"';
    file->etag[IC__PAGE_ETAG_LEN] = 0;
}

/* Until the end of the file, which may have grown since fstat. */
static int read_all(int fd, ic__buf *out)
{
    char part[16384];

    for (;;) {
        ssize_t n = read(fd, part, sizeof part);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return IC_ERR_IO;
        if (n == 0)
            return 0;
        ic__buf_add(out, part, (size_t)n);
        if (out->bad)
            return out->len + (size_t)n > out->max ? IC_ERR_LIMIT : IC_ERR_NOMEM;
    }
}

static int read_file(int fd, size_t max, ic__page_file *file)
{
    ic__buf data = {.max = max};
    int error = read_all(fd, &data);

    if (error) {
        ic__buf_free(&data);
        return error;
    }
    file->len = data.len;
    file->data = (uint8_t *)ic__buf_take(&data);
    return file->data ? 0 : IC_ERR_NOMEM;
}

static char *join(const char *above, const char *name)
{
    ic__buf path = {0};

    ic__buf_printf(&path, "%s/%s", above, name);
    return ic__buf_take(&path);
}

static int add_file(ic__page *page, int fd, const char *above, const char *name)
{
    ic__page_file *file = &page->files[page->count];

    if (page->count == IC__PAGE_MAX_FILES || page->bytes == IC__PAGE_MAX_BYTES)
        return IC_ERR_LIMIT;
    file->content_type = type_of(name);
    file->path = join(above, name);
    if (!file->path)
        return IC_ERR_NOMEM;
    int error = read_file(fd, IC__PAGE_MAX_BYTES - page->bytes, file);
    if (error) {
        ic_mem_free(file->path);
        return error;
    }
    make_etag(file);
    page->bytes += file->len;
    page->count++;
    return 0;
}

static int add_folder(ic__page *page, int fd, const char *above, int depth);

static int add_entry(ic__page *page, int folder, const char *above, const char *name,
                     int depth)
{
    struct stat info;
    int error = 0;

    if (name[0] == '.')
        return 0;
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return errno == ELOOP || errno == ENXIO ? 0 : IC_ERR_IO;
    if (fstat(fd, &info) != 0) {
        error = IC_ERR_IO;
    } else if (S_ISDIR(info.st_mode)) {
        char *path = join(above, name);
        error = path ? add_folder(page, fd, path, depth + 1) : IC_ERR_NOMEM;
        ic_mem_free(path);
    } else if (S_ISREG(info.st_mode) && type_of(name)) {
        error = add_file(page, fd, above, name);
    }
    (void)close(fd);
    return error;
}

/* `fd` stays the caller's. */
static int add_folder(ic__page *page, int fd, const char *above, int depth)
{
    int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = own >= 0 ? fdopendir(own) : NULL;
    int error = 0;

    if (!folder) {
        if (own >= 0)
            (void)close(own);
        return IC_ERR_IO;
    }
    if (depth > IC__PAGE_MAX_DEPTH)
        error = IC_ERR_LIMIT;
    while (!error) {
        const struct dirent *entry = readdir(folder);
        if (!entry)
            break;
        error = add_entry(page, fd, above, entry->d_name, depth);
    }
    (void)closedir(folder);
    return error;
}

int ic__page_load(const char *folder, ic__page **out)
{
    static const ic__span index = {"/", 1};
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? IC_ERR_NOT_FOUND : IC_ERR_IO;
    ic__page *page = ic_mem_calloc(1, sizeof *page);
    int error = page ? add_folder(page, fd, "", 0) : IC_ERR_NOMEM;
    (void)close(fd);
    if (!error && !ic__page_find(page, index))
        error = IC_ERR_NOT_FOUND;
    if (error) {
        ic__page_free(page);
        return error;
    }
    *out = page;
    return 0;
}

static void drop_file(ic__page_file *file)
{
    ic_mem_free(file->path);
    ic_mem_free(file->data);
}

void ic__page_free(ic__page *page)
{
    for (size_t i = 0; page && i < page->count; i++)
        drop_file(&page->files[i]);
    ic_mem_free(page);
}

static size_t index_of(const ic__page *page, ic__span path)
{
    size_t i = 0;

    while (i < page->count && !ic__span_is(path, page->files[i].path))
        i++;
    return i;
}

static char *copy(const char *text)
{
    ic__buf bytes = {0};

    ic__buf_text(&bytes, text);
    return ic__buf_take(&bytes);
}

int ic__page_put(ic__page *page, const char *path, const char *text)
{
    size_t at = index_of(page, (ic__span){path, strlen(path)});
    ic__page_file file = {.content_type = type_of(path), .len = strlen(text)};

    if (!file.content_type)
        return IC_ERR_INVALID;
    if (at == IC__PAGE_MAX_FILES || file.len > IC__PAGE_MAX_BYTES - page->bytes)
        return IC_ERR_LIMIT;
    file.path = copy(path);
    file.data = (uint8_t *)copy(text);
    if (!file.path || !file.data) {
        drop_file(&file);
        return IC_ERR_NOMEM;
    }
    make_etag(&file);
    page->bytes += file.len;
    if (at == page->count) {
        page->count++;
    } else {
        page->bytes -= page->files[at].len;
        drop_file(&page->files[at]);
    }
    page->files[at] = file;
    return 0;
}

const ic__page_file *ic__page_find(const ic__page *page, ic__span target)
{
    ic__span path;

    if (!ic__span_split(&target, '?', &path))
        return NULL;
    if (ic__span_is(path, "/"))
        path = (ic__span){"/index.html", sizeof "/index.html" - 1};
    size_t at = index_of(page, path);
    return at < page->count ? &page->files[at] : NULL;
}

size_t ic__page_count(const ic__page *page)
{
    return page->count;
}
