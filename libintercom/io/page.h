/**
 * @file io/page.h
 * The files of a web page, read once and served from memory.
 *
 * Whatever a request asks for is looked up in this table; no path of a stranger ever
 * reaches the file system.
 */
#ifndef IO_PAGE_H
#define IO_PAGE_H

#include <stddef.h>
#include <stdint.h>

#include "intercom/api.h"
#include "io/http_head.h"

#define IC__PAGE_MAX_FILES 256
#define IC__PAGE_MAX_BYTES (16u << 20) /* all files together */
#define IC__PAGE_MAX_DEPTH 8           /* folders in folders */
#define IC__PAGE_ETAG_LEN 34           /* with its quotes */

typedef struct ic__page ic__page; /* value */

typedef struct ic__page_file {
    char *path; /* as in a request: "/app.js" */
    const char *content_type;
    uint8_t *data;
    size_t len;
    char etag[IC__PAGE_ETAG_LEN + 1]; /* with quotes */
} ic__page_file;

/**
 * Read every file below `folder` whose extension is one of a web page's: html, css, js,
 * mjs, json, svg, png, ico, txt, webmanifest, woff2. Names that begin with a dot are left
 * out, and so are symbolic links.
 *
 * @return 0; IC_ERR_NOT_FOUND when there is no folder or no index.html in it;
 * IC_ERR_LIMIT when there is too much; IC_ERR_IO; IC_ERR_NOMEM
 */
IC_CHECK int ic__page_load(const char *folder, ic__page **out);
void ic__page_free(ic__page *page);

/**
 * Serve `text` at `path` ("/config.json") as well, in place of a file of that name. Both
 * are copied. No connection may be using the page yet.
 *
 * @return 0; IC_ERR_INVALID when the extension is not a web page's; IC_ERR_LIMIT when
 * there is too much; IC_ERR_NOMEM
 */
IC_CHECK int ic__page_put(ic__page *page, const char *path, const char *text);

/** The file for a request's target, whose query is ignored; "/" is "/index.html". Else
 * NULL. */
const ic__page_file *ic__page_find(const ic__page *page, ic__span target);

size_t ic__page_count(const ic__page *page);

#endif
