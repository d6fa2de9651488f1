#include "web_site.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void must(bool good, const char *what)
{
    if (good)
        return;
    perror(what);
    abort();
}

/* A page on disk for as long as it takes to read it. */
static ic__page *make_page(void)
{
    char folder[] = "/tmp/web-site-XXXXXX";
    char path[64];
    ic__page *page = NULL;

    must(mkdtemp(folder) != NULL, "mkdtemp");
    (void)snprintf(path, sizeof path, "%s/index.html", folder);
    FILE *file = fopen(path, "w");
    must(file && fputs(WEB_SITE_INDEX, file) >= 0 && fclose(file) == 0, path);
    must(ic__page_load(folder, &page) == 0, "ic__page_load");
    must(unlink(path) == 0 && rmdir(folder) == 0, folder);
    return page;
}

void web_site_init(web_site *s, bool with_page)
{
    static const char *const origins[] = {"https://friend.example", NULL};
    ic__ws_server_options options;

    *s = (web_site){0};
    fake_clock_init(&s->clock, 1);
    s->site.env = fake_clock_env(&s->clock);
    ic__ws_server_options_default(&options);
    s->site.limits = options.limits;
    s->site.max_clients = options.max_clients;
    must(ic__web_policy_init(&s->site.policy, origins, NULL, NULL, &s->site.env) == 0,
         "ic__web_policy_init");
    if (with_page)
        s->page = make_page();
    s->site.page = s->page;
    s->site.policy.own_origin = with_page;
}

void web_site_free(web_site *s)
{
    ic__web_policy_free(&s->site.policy);
    ic__page_free(s->page);
}
