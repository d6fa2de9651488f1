#include "bridge/access_token.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "intercom/error.h"

static bool is_good(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] <= ' ' || text[i] == 0x7f)
            return false;
    }
    return len >= BRIDGE_TOKEN_MIN && len <= BRIDGE_TOKEN_MAX;
}

static int check_line(char *text, size_t len, char out[BRIDGE_TOKEN_MAX + 1])
{
    text[len] = 0;
    size_t line = strcspn(text, "\r\n");

    if (!is_good(text, line))
        return IC_ERR_INVALID;
    memcpy(out, text, line);
    out[line] = 0;
    return 0;
}

int bridge_access_token_read(const char *file, char out[BRIDGE_TOKEN_MAX + 1])
{
    char text[BRIDGE_TOKEN_MAX + 8];
    struct stat info;
    int error;
    int fd = open(file, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return IC_ERR_IO;
    ssize_t n = fstat(fd, &info) == 0 ? read(fd, text, sizeof text - 1) : -1;
    (void)close(fd);
    if (n < 0)
        error = IC_ERR_IO;
    else if (info.st_mode & 077)
        error = IC_ERR_DENIED;
    else
        error = check_line(text, (size_t)n, out);
    sodium_memzero(text, sizeof text);
    return error;
}
