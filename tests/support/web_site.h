/**
 * @file web_site.h
 * A web site for tests of io/web: a small page, one allowed origin, time that stands
 * still.
 */
#ifndef WEB_SITE_H
#define WEB_SITE_H

#include <stdbool.h>

#include "fake_clock.h"
#include "io/web.h"

#define WEB_SITE_INDEX "<!doctype html><title>Intercom</title>"

typedef struct web_site {
    ic__web_site site;
    fake_clock clock;
    ic__page *page;
} web_site;

/** Aborts when memory or files fail. Must not move afterwards. */
void web_site_init(web_site *s, bool with_page);
void web_site_free(web_site *s);

#endif
