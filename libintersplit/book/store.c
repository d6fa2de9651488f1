#include "book/store.h"

#include <string.h>

#include <sqlite3.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "text/reason.h"

#define APPLICATION_ID 0x49534c31 /* "ISL1" */
#define SCHEMA_VERSION 1
#define HEADER_BYTES 100
#define ROOM_SHIFT 32 /* key of an event = room number << 32 | position */
#define ROOMS_MAX INT32_MAX

static const char schema[] =
    "CREATE TABLE room (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;"
    "CREATE TABLE event (key INTEGER PRIMARY KEY, text BLOB NOT NULL, sig BLOB) STRICT;";

enum {
    FIND_ROOM,
    ADD_ROOM,
    ADD_EVENT,
    EVENTS,
    EACH_ROOM,
    BEGIN,
    COMMIT,
    ROLLBACK,
    STATEMENTS
};

static const char *const texts[STATEMENTS] = {
    [FIND_ROOM] = "SELECT number FROM room WHERE name = ?1",
    [ADD_ROOM] = "INSERT INTO room (name) VALUES (?1)",
    [ADD_EVENT] = "INSERT INTO event (key, text, sig) VALUES (?1, ?2, ?3)",
    [EVENTS] = ("SELECT key, text, sig FROM event WHERE key BETWEEN ?1 AND ?2 "
                "ORDER BY key"), /* in parentheses: clang takes it for a slip */
    [EACH_ROOM] = "SELECT name FROM room ORDER BY name",
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
};

struct isplit__store {
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENTS];
};

static int error_of(int rc)
{
    if (rc == SQLITE_IOERR_NOMEM)
        return IC_ERR_NOMEM;
    switch (rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_DONE:
    case SQLITE_ROW:
        return 0;
    case SQLITE_NOMEM:
        return IC_ERR_NOMEM;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return IC_ERR_BUSY;
    case SQLITE_FULL:
        return IC_ERR_FULL;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
        return IC_ERR_DENIED;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_ERROR: /* our statements fit our schema; this is another one */
    case SQLITE_CONSTRAINT:
        return IC_ERR_CORRUPT;
    default:
        return IC_ERR_IO;
    }
}

void isplit__store_explain(int error, isplit_reason *why)
{
    const char *text = "reading or writing the ledger's store failed";

    if (error == IC_ERR_BUSY)
        text = "another process uses this ledger; stop it first";
    else if (error == IC_ERR_FULL)
        text = "the disk of the ledger's store is full; nothing was stored";
    else if (error == IC_ERR_DENIED)
        text = "the ledger's store or its folder cannot be written";
    else if (error == IC_ERR_CORRUPT)
        text = "the ledger's store is damaged; put back a copy of it";
    else if (error == IC_ERR_UNSUPPORTED)
        text = "the ledger's store was written by a newer version of this program";
    else if (error == IC_ERR_NOMEM)
        text = "out of memory";
    isplit__refuse(why, "%s", text);
}

static uint32_t be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int check_header(const uint8_t *header, sqlite3_int64 size, isplit_reason *why)
{
    static const char magic[16] = "SQLite format 3";

    if (size == 0)
        return 0;
    if (size < HEADER_BYTES || memcmp(header, magic, sizeof magic) != 0 ||
        be32(header + 68) != APPLICATION_ID) {
        isplit__refuse(why, "this file is not a ledger's store, or is damaged");
        return IC_ERR_CORRUPT;
    }
    if (be32(header + 60) > SCHEMA_VERSION) {
        isplit__store_explain(IC_ERR_UNSUPPORTED, why);
        return IC_ERR_UNSUPPORTED;
    }
    return 0;
}

/* Read the header through SQLite's own files: if we closed a descriptor of our own, the
 * locks of a book that has this file open in this process would be gone. */
static int read_header(sqlite3_vfs *vfs, const char *name, isplit_reason *why)
{
    uint8_t header[HEADER_BYTES];
    sqlite3_int64 size = 0;
    sqlite3_file *file = ic_mem_calloc(1, (size_t)vfs->szOsFile);

    if (!file)
        return IC_ERR_NOMEM;
    int rc =
        vfs->xOpen(vfs, name, file, SQLITE_OPEN_READONLY | SQLITE_OPEN_MAIN_DB, NULL);
    if (rc == SQLITE_OK)
        rc = file->pMethods->xFileSize(file, &size);
    if (rc == SQLITE_OK && size)
        rc = file->pMethods->xRead(file, header, sizeof header, 0);
    if (rc == SQLITE_IOERR_SHORT_READ)
        rc = SQLITE_OK;
    int err = rc == SQLITE_OK ? check_header(header, size, why) : error_of(rc);
    if (file->pMethods)
        file->pMethods->xClose(file);
    ic_mem_free(file);
    return err;
}

/* SQLite may write to a file that it opens, so we look first whose it is. */
static int check_file(const char *path, isplit_reason *why)
{
    int there = 0;
    int writable = 0;
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);

    if (vfs->xAccess(vfs, path, SQLITE_ACCESS_EXISTS, &there) != SQLITE_OK || !there)
        return 0; /* made below, or refused there */
    if (vfs->xAccess(vfs, path, SQLITE_ACCESS_READWRITE, &writable) != SQLITE_OK ||
        !writable) {
        isplit__store_explain(IC_ERR_DENIED, why);
        return IC_ERR_DENIED;
    }
    const char *name = sqlite3_create_filename(path, "", "", 0, NULL);
    int err = name ? read_header(vfs, name, why) : IC_ERR_NOMEM;
    sqlite3_free_filename(name);
    return err;
}

static int run(sqlite3 *db, const char *sql)
{
    return error_of(sqlite3_exec(db, sql, NULL, NULL, NULL));
}

static int read_number(sqlite3 *db, const char *sql, int64_t *out)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW)
        *out = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return rc == SQLITE_DONE ? IC_ERR_CORRUPT : error_of(rc);
}

/* One process: the lock is taken now and the system lets it go when we die. */
static int prepare_connection(sqlite3 *db)
{
    sqlite3_extended_result_codes(db, 1);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    return run(db, "PRAGMA locking_mode=EXCLUSIVE;"
                   "PRAGMA cache_size=-512;"
                   "PRAGMA mmap_size=0;"
                   "PRAGMA synchronous=FULL;");
}

static int make_schema(sqlite3 *db)
{
    char *sql = sqlite3_mprintf("BEGIN IMMEDIATE; PRAGMA application_id=%d; "
                                "PRAGMA user_version=%d; %s COMMIT;",
                                APPLICATION_ID, SCHEMA_VERSION, schema);
    if (!sql)
        return IC_ERR_NOMEM;
    int err = run(db, sql);
    sqlite3_free(sql);
    return err;
}

/* The store is empty, or ours and of a version that we know. */
static int check_schema(sqlite3 *db)
{
    int64_t pages = 0;
    int64_t application = 0;
    int64_t version = 0;

    int err = read_number(db, "PRAGMA page_count", &pages);
    if (!err && !pages)
        return make_schema(db);
    if (!err)
        err = read_number(db, "PRAGMA application_id", &application);
    if (!err)
        err = read_number(db, "PRAGMA user_version", &version);
    if (!err && application != APPLICATION_ID)
        err = IC_ERR_CORRUPT;
    if (!err && version > SCHEMA_VERSION)
        err = IC_ERR_UNSUPPORTED;
    return err;
}

static int prepare_statements(isplit__store *s)
{
    int rc = SQLITE_OK;

    for (int i = 0; i < STATEMENTS && rc == SQLITE_OK; i++)
        rc = sqlite3_prepare_v3(s->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT,
                                &s->statements[i], NULL);
    return error_of(rc);
}

static int open_database(isplit__store *s, const char *path)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;

    int err = error_of(sqlite3_open_v2(path, &s->db, flags, NULL));
    if (!err)
        err = prepare_connection(s->db);
    if (!err && sqlite3_db_readonly(s->db, "main") == 1)
        err = IC_ERR_DENIED;
    if (!err)
        err = check_schema(s->db);
    if (!err)
        err = run(s->db, "PRAGMA journal_mode=WAL; BEGIN IMMEDIATE; ROLLBACK;");
    return err ? err : prepare_statements(s);
}

int isplit__store_open(const char *path, isplit__store **out, isplit_reason *why)
{
    bool in_memory = strcmp(path, ":memory:") == 0;

    int err = in_memory ? 0 : check_file(path, why);
    if (err)
        return err;
    isplit__store *s = ic_mem_calloc(1, sizeof *s);
    if (!s)
        return IC_ERR_NOMEM;
    err = open_database(s, path);
    if (err) {
        isplit__store_explain(err, why);
        isplit__store_close(s);
        return err;
    }
    *out = s;
    return 0;
}

void isplit__store_close(isplit__store *s)
{
    if (!s)
        return;
    for (int i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(s->statements[i]);
    sqlite3_close(s->db);
    ic_mem_free(s);
}

/* Run a statement that gives no rows. */
static int step_once(sqlite3_stmt *statement)
{
    int rc = sqlite3_step(statement);

    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return error_of(rc);
}

static int bind_text(sqlite3_stmt *statement, const char *text)
{
    return sqlite3_bind_text(statement, 1, text, -1, SQLITE_STATIC);
}

int isplit__store_find_room(isplit__store *s, const char *name, int64_t *number)
{
    sqlite3_stmt *find = s->statements[FIND_ROOM];
    int rc = bind_text(find, name);

    if (rc == SQLITE_OK)
        rc = sqlite3_step(find);
    if (rc == SQLITE_ROW)
        *number = sqlite3_column_int64(find, 0);
    sqlite3_reset(find);
    sqlite3_clear_bindings(find);
    return rc == SQLITE_DONE ? IC_ERR_NOT_FOUND : error_of(rc);
}

int isplit__store_add_room(isplit__store *s, const char *name, int64_t *number)
{
    sqlite3_stmt *add = s->statements[ADD_ROOM];
    int rc = bind_text(add, name);

    int err = rc == SQLITE_OK ? step_once(add) : error_of(rc);
    if (!err)
        *number = sqlite3_last_insert_rowid(s->db);
    return !err && *number > ROOMS_MAX ? IC_ERR_LIMIT : err;
}

int isplit__store_append(isplit__store *s, int64_t room, const isplit__row *row)
{
    sqlite3_stmt *add = s->statements[ADD_EVENT];
    int rc = sqlite3_bind_int64(add, 1, room << ROOM_SHIFT | row->position);

    if (rc == SQLITE_OK)
        rc = sqlite3_bind_blob64(add, 2, row->text, row->len, SQLITE_STATIC);
    if (rc == SQLITE_OK && row->sig)
        rc = sqlite3_bind_blob64(add, 3, row->sig, IC_SIGNATURE_BYTES, SQLITE_STATIC);
    return rc == SQLITE_OK ? step_once(add) : error_of(rc);
}

/* The row under the cursor; its bytes live until the next step. */
static int read_row(sqlite3_stmt *each, isplit__row *row)
{
    int len = sqlite3_column_bytes(each, 1);
    bool has_sig = sqlite3_column_type(each, 2) != SQLITE_NULL;

    row->position = (uint32_t)sqlite3_column_int64(each, 0);
    row->text = sqlite3_column_blob(each, 1);
    row->len = (size_t)len;
    row->sig = has_sig ? sqlite3_column_blob(each, 2) : NULL;
    if (has_sig && sqlite3_column_bytes(each, 2) != IC_SIGNATURE_BYTES)
        return IC_ERR_CORRUPT;
    return row->text ? 0 : IC_ERR_CORRUPT;
}

/* The rows from `first` to `last`, none left out; `count` says how many. */
static int tell_rows(isplit__store *s, int64_t room, uint32_t first, uint32_t last,
                     isplit__row_cb tell, void *user, uint32_t *count)
{
    int err = 0;
    sqlite3_stmt *events = s->statements[EVENTS];
    int rc = sqlite3_bind_int64(events, 1, room << ROOM_SHIFT | first);

    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(events, 2, room << ROOM_SHIFT | last);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(events);
    for (*count = 0; !err && rc == SQLITE_ROW; rc = sqlite3_step(events)) {
        isplit__row row;
        err = read_row(events, &row);
        if (!err && row.position != first + (*count)++)
            err = IC_ERR_CORRUPT;
        if (!err)
            err = tell(&row, user);
    }
    sqlite3_reset(events);
    return err ? err : error_of(rc);
}

int isplit__store_one(isplit__store *s, int64_t room, uint32_t position,
                      isplit__row_cb tell, void *user)
{
    uint32_t count = 0;
    int err = tell_rows(s, room, position, position, tell, user, &count);

    return err || count ? err : IC_ERR_NOT_FOUND;
}

int isplit__store_each(isplit__store *s, int64_t room, isplit__row_cb tell, void *user)
{
    uint32_t count = 0;

    return tell_rows(s, room, 0, UINT32_MAX, tell, user, &count);
}

int isplit__store_each_room(isplit__store *s, isplit__room_cb tell, void *user)
{
    int err = 0;
    sqlite3_stmt *each = s->statements[EACH_ROOM];
    int rc = sqlite3_step(each);

    for (; !err && rc == SQLITE_ROW; rc = sqlite3_step(each)) {
        const char *name = (const char *)sqlite3_column_text(each, 0);
        err = name ? tell(name, user) : IC_ERR_NOMEM;
    }
    sqlite3_reset(each);
    return err ? err : error_of(rc);
}

int isplit__store_begin(isplit__store *s)
{
    return step_once(s->statements[BEGIN]);
}

int isplit__store_commit(isplit__store *s)
{
    return step_once(s->statements[COMMIT]);
}

void isplit__store_rollback(isplit__store *s)
{
    if (!sqlite3_get_autocommit(s->db))
        (void)step_once(s->statements[ROLLBACK]);
}
