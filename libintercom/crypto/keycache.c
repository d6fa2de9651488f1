#include "crypto/keycache.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "base/buf.h"
#include "base/rd.h"
#include "base/text.h"
#include "base/wr.h"
#include "crypto/private_file.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"

#define HASH_BYTES 32
#define HASH_DIGITS 64

static const char mark[] = "intercom opened key 1 ";

#define MARK_LEN (sizeof mark - 1)

static void hash_hex(char hex[HASH_DIGITS + 1], const ic__keycache *cache,
                     const char *text, size_t text_len)
{
    crypto_generichash_state state;
    uint8_t hash[HASH_BYTES];
    uint8_t len[8];
    ic__wr w = ic__wr_of(len, sizeof len);

    ic__wr_u64le(&w, cache->file_len);
    (void)crypto_generichash_init(&state, NULL, 0, sizeof hash);
    (void)crypto_generichash_update(&state, len, sizeof len);
    (void)crypto_generichash_update(&state, (const uint8_t *)cache->file,
                                    cache->file_len);
    (void)crypto_generichash_update(&state, (const uint8_t *)text, text_len);
    (void)crypto_generichash_final(&state, hash, sizeof hash);
    ic__hex_encode(hex, hash, sizeof hash);
    sodium_memzero(&state, sizeof state);
}

int ic__keycache_parse(const ic__keycache *cache, const char *data, size_t len,
                       char *text, size_t *text_len)
{
    char hex[HASH_DIGITS + 1];
    ic__rd r = ic__rd_of(data, len);
    const uint8_t *head = ic__rd_bytes(&r, MARK_LEN);
    const uint8_t *hash = ic__rd_bytes(&r, HASH_DIGITS);

    if (ic__rd_u8(&r) != '\n' || r.bad || r.left > IC__SEALED_TEXT_MAX ||
        memcmp(head, mark, MARK_LEN) != 0)
        return IC_ERR_CORRUPT;
    hash_hex(hex, cache, (const char *)r.p, r.left);
    if (sodium_memcmp(hash, hex, HASH_DIGITS) != 0)
        return IC_ERR_CORRUPT;
    *text_len = r.left;
    ic__rd_copy(&r, text, r.left);
    return 0;
}

/* Its path, in memory to free; NULL when there is none left. */
static char *path_beside(const char *path)
{
    static const char ending[] = ".json";
    ic__buf b = {.max = 0};
    size_t len = strlen(path);

    if (len >= sizeof ending && strcmp(path + len - strlen(ending), ending) == 0)
        len -= strlen(ending);
    ic__buf_add(&b, path, len);
    ic__buf_text(&b, ".opened");
    return ic__buf_take(&b);
}

int ic__keycache_read(const ic__keycache *cache, char *text, size_t *text_len)
{
    bool exposed = false;
    size_t len = 0;
    int err = IC_ERR_NOMEM;
    char *path = path_beside(cache->path);
    char *data = sodium_malloc(IC__KEYCACHE_MAX);

    if (path && data)
        err = ic__private_read(path, false, data, IC__KEYCACHE_MAX, &len, &exposed);
    if (!err && exposed)
        err = IC_ERR_DENIED;
    if (!err)
        err = ic__keycache_parse(cache, data, len, text, text_len);
    sodium_free(data);
    ic_mem_free(path);
    return err;
}

int ic__keycache_write(const ic__keycache *cache, const char *text, size_t text_len)
{
    int err = IC_ERR_NOMEM;
    char hex[HASH_DIGITS + 1];
    char *path = path_beside(cache->path);
    char *data = sodium_malloc(IC__KEYCACHE_MAX);

    if (path && data) {
        ic__wr w = ic__wr_of(data, IC__KEYCACHE_MAX);
        hash_hex(hex, cache, text, text_len);
        ic__wr_bytes(&w, mark, MARK_LEN);
        ic__wr_bytes(&w, hex, HASH_DIGITS);
        ic__wr_u8(&w, '\n');
        ic__wr_bytes(&w, text, text_len);
        err = w.bad ? IC_ERR_LIMIT : ic__private_write(path, data, w.len, true);
    }
    sodium_free(data);
    ic_mem_free(path);
    return err;
}

int ic__keycache_remove(const char *path)
{
    char *beside = path_beside(path);

    if (!beside)
        return IC_ERR_NOMEM;
    int failed = unlink(beside) != 0 && errno != ENOENT && errno != ENOTDIR;
    ic_mem_free(beside);
    return failed ? IC_ERR_IO : 0;
}
