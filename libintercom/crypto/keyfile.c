#include "intercom/keyfile.h"

#include <assert.h>
#include <string.h>

#include <sodium.h>

#include "base/buf.h"
#include "base/env.h"
#include "base/opts.h"
#include "crypto/identity.h"
#include "crypto/keycache.h"
#include "crypto/keytext.h"
#include "crypto/private_file.h"
#include "crypto/sealed.h"
#include "intercom/error.h"

/* Everything that is secret while a file is opened or written; guarded memory. */
typedef struct work {
    ic__sealed sealed;
    ic__keytext key;
    size_t file_len;
    size_t text_len;
    uint8_t box_key[IC__SEALED_KEY_BYTES];
    char file[IC__SEALED_FILE_MAX];
    char text[IC__SEALED_TEXT_MAX];
} work;

static const ic_env silent = {.log = NULL};

static const ic_keyfile_options defaults = {
    .struct_size = sizeof defaults,
    .network = IC_NETWORK_MAINNET,
    .flags = IC_KEYFILE_CREATE | IC_KEYFILE_CACHE,
};

static_assert(sizeof(ic_keyfile_options) ==
                  offsetof(ic_keyfile_options, flags) + sizeof(uint32_t),
              "no tail padding");

void ic_keyfile_options_init(ic_keyfile_options *options, size_t struct_size)
{
    ic__opts_init(options, struct_size, &defaults, sizeof defaults);
}

static int read_options(ic_keyfile_options *out, const ic_keyfile_options *options)
{
    int err = ic__opts_read(out, sizeof *out, &defaults, options ? options : &defaults);

    if (err)
        return err;
    if (!out->env)
        out->env = &silent;
    if (out->flags & ~(IC_KEYFILE_CREATE | IC_KEYFILE_CACHE))
        return IC_ERR_UNSUPPORTED;
    return ic_network_name(out->network) ? 0 : IC_ERR_INVALID;
}

int ic_keyfile_path(char **path, const char *stores, const char *store)
{
    ic__buf b = {.max = 0};

    if (!*store || strchr(store, '/') || strcmp(store, ".") == 0 ||
        strcmp(store, "..") == 0)
        return IC_ERR_INVALID;
    ic__buf_printf(&b, "%s/%s/db/keypair.json", stores, store);
    char *found = ic__buf_take(&b);
    if (!found)
        return IC_ERR_NOMEM;
    *path = found;
    return 0;
}

static bool uses_cache(const ic_keyfile_options *o)
{
    return o->password_len == 0 && (o->flags & IC_KEYFILE_CACHE);
}

static ic__keycache cache_of(const work *w, const char *path)
{
    return (ic__keycache){.path = path, .file = w->file, .file_len = w->file_len};
}

static int from_cache(work *w, const char *path, const ic_keyfile_options *o,
                      uint32_t *notes)
{
    ic__keycache cache = cache_of(w, path);
    int err = ic__keycache_read(&cache, w->text, &w->text_len);

    if (!err) {
        *notes |= IC_KEYFILE_FROM_CACHE;
    } else if (err == IC_ERR_DENIED) {
        *notes |= IC_KEYFILE_CACHE_REFUSED;
        ic__log(o->env, IC_LOG_WARN, "crypto",
                "the opened key beside %s was open to others; made anew", path);
    }
    return err;
}

static int unseal(work *w, const ic_keyfile_options *o)
{
    int err = ic__sealed_parse(&w->sealed, w->file, w->file_len);

    if (!err)
        err = ic__sealed_key(w->box_key, o->password, o->password_len, w->sealed.salt);
    if (!err)
        err = ic__sealed_open(w->text, &w->text_len, &w->sealed, w->box_key);
    return err;
}

/* Keep the opened key for the next start; without it that start is only slower. With a
 * password, one of an earlier time must not stay behind. */
static void update_cache(const work *w, const char *path, const ic_keyfile_options *o)
{
    ic__keycache cache = cache_of(w, path);
    int err = 0;

    if (o->password_len)
        err = ic__keycache_remove(path);
    else if (uses_cache(o))
        err = ic__keycache_write(&cache, w->text, w->text_len);
    if (err)
        ic__log(o->env, IC_LOG_WARN, "crypto", "the opened key beside %s: %s", path,
                ic_strerror(err));
}

static int make_identity(ic_identity **identity, const work *w,
                         const ic_keyfile_options *o, uint32_t *notes)
{
    const ic__keytext *key = &w->key;

    if (!ic__keytext_words_agree(key, ic_network_prefix(o->network))) {
        *notes |= IC_KEYFILE_WORDS_DIFFER;
        ic__log(o->env, IC_LOG_WARN, "crypto",
                "the words in the key file do not give its key");
    }
    return ic__identity_new(identity, key->secret_key, o->network,
                            key->words[0] ? key->words : NULL,
                            key->path[0] ? key->path : NULL);
}

static int open_existing(ic_identity **identity, work *w, const char *path,
                         const ic_keyfile_options *o, uint32_t *notes)
{
    bool exposed = false;
    int err =
        ic__private_read(path, true, w->file, sizeof w->file, &w->file_len, &exposed);

    if (err)
        return err;
    if (exposed) {
        *notes |= IC_KEYFILE_EXPOSED;
        ic__log(o->env, IC_LOG_WARN, "crypto", "others can read or write %s", path);
    }
    bool cached = uses_cache(o) && from_cache(w, path, o, notes) == 0;
    if (!cached)
        err = unseal(w, o);
    if (!err)
        err = ic__keytext_parse(&w->key, w->text, w->text_len);
    if (!err)
        err = make_identity(identity, w, o, notes);
    if (!err && !cached)
        update_cache(w, path, o);
    return err;
}

static int save(const ic_identity *identity, work *w, const char *path,
                const ic_keyfile_options *o, bool replace)
{
    w->text_len = ic__keytext_print(w->text, identity);
    randombytes_buf(w->sealed.nonce, sizeof w->sealed.nonce);
    randombytes_buf(w->sealed.salt, sizeof w->sealed.salt);
    int err = ic__sealed_key(w->box_key, o->password, o->password_len, w->sealed.salt);
    if (err)
        return err;
    ic__sealed_shut(&w->sealed, w->text, w->text_len, w->box_key);
    w->file_len = ic__sealed_print(w->file, &w->sealed);
    return ic__private_write(path, w->file, w->file_len, replace);
}

static int create(ic_identity **identity, work *w, const char *path,
                  const ic_keyfile_options *o, uint32_t *notes)
{
    ic_identity *id = NULL;
    int err = ic__private_folders(path);

    if (!err)
        err = ic_identity_generate(&id, o->network);
    if (!err)
        err = save(id, w, path, o, false);
    if (err) {
        ic_identity_free(id);
        return err;
    }
    update_cache(w, path, o);
    *notes |= IC_KEYFILE_CREATED;
    *identity = id;
    return 0;
}

int ic_identity_open(ic_identity **identity, const char *path,
                     const ic_keyfile_options *options, uint32_t *notes)
{
    ic_keyfile_options o;
    uint32_t found = 0;

    int err = read_options(&o, options);
    if (err)
        return err;
    work *w = sodium_malloc(sizeof *w);
    if (!w)
        return IC_ERR_NOMEM;
    err = open_existing(identity, w, path, &o, &found);
    if (err == IC_ERR_NOT_FOUND && (o.flags & IC_KEYFILE_CREATE)) {
        err = create(identity, w, path, &o, &found);
        if (err == IC_ERR_EXISTS) /* another process was faster */
            err = open_existing(identity, w, path, &o, &found);
    }
    sodium_free(w);
    if (!err && notes)
        *notes = found;
    return err;
}

/* What stands beside the new file belongs to an older one, or may not be there at all. */
static int replace_cache(const work *w, const char *path, const ic_keyfile_options *o)
{
    int err = ic__keycache_remove(path);

    if (!err)
        update_cache(w, path, o);
    return err;
}

int ic_identity_save(const ic_identity *identity, const char *path,
                     const ic_keyfile_options *options, bool replace)
{
    ic_keyfile_options o;

    int err = read_options(&o, options);
    if (err)
        return err;
    if (!replace && ic__private_exists(path)) /* spares the key derivation */
        return IC_ERR_EXISTS;
    work *w = sodium_malloc(sizeof *w);
    if (!w)
        return IC_ERR_NOMEM;
    err = save(identity, w, path, &o, replace);
    if (!err)
        err = replace_cache(w, path, &o);
    sodium_free(w);
    return err;
}
