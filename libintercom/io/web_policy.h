/**
 * @file io/web_policy.h
 * Who may talk to a local web server: what Host and Origin may say, and the access token.
 *
 * Spec     docs/spec/13-sc-bridge.md, section 6, rule 1
 *
 * A page on any site can make its visitor's browser connect to 127.0.0.1. The browser
 * tells the truth about it in Origin. And a site can let its own name point to 127.0.0.1
 * once its page is loaded (DNS rebinding); then Host carries that name. So names in Host
 * are refused unless they are known, while an address is harmless.
 *
 * The token is what a browser can send by itself: the password of HTTP Basic, with any
 * user name. Programs may send it as Bearer. A browser that has shown it gets a cookie,
 * because not every browser repeats the password when it opens a WebSocket.
 */
#ifndef IO_WEB_POLICY_H
#define IO_WEB_POLICY_H

#include <stdbool.h>
#include <stddef.h>

#include "intercom/sys/env.h"
#include "io/http_head.h"

#define IC__WEB_COOKIE_NAME "intercom_access"
#define IC__WEB_COOKIE_LEN 64

typedef struct ic__web_policy {
    char **origins; /* NULL at the end; may be NULL */
    char **hosts;
    char *token;      /* NULL = none asked for */
    bool any_address; /* Host may be any address, not only a loopback one */
    bool own_origin;  /* pages from this very server may connect */
    bool secure;      /* https */
    char cookie[IC__WEB_COOKIE_LEN + 1]; /* random, new with each start */
} ic__web_policy;

typedef enum ic__web_access {
    IC__WEB_ACCESS_DENIED,
    IC__WEB_ACCESS_GRANTED,
    IC__WEB_ACCESS_WITH_TOKEN /* granted; a browser should get the cookie */
} ic__web_access;

/** Copy lists and token; the other members are the caller's to set after it.
 * @return 0 or IC_ERR_NOMEM, with nothing kept */
IC_CHECK int ic__web_policy_init(ic__web_policy *policy, const char *const *origins,
                                 const char *const *hosts, const char *token,
                                 const ic_env *env);
void ic__web_policy_free(ic__web_policy *policy);

/** May a request carry this Host? */
bool ic__web_policy_host(const ic__web_policy *policy, ic__span host);

/** May a page of this Origin open a WebSocket on `host` (which was found good)? */
bool ic__web_policy_origin(const ic__web_policy *policy, ic__span origin, ic__span host);

/** Does the request carry the token, or the cookie? */
ic__web_access ic__web_policy_access(const ic__web_policy *policy,
                                     const ic__http_head *head);

#endif
