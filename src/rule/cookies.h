/* Cookies that were seen (RFC 6265), as many as there is room for. Not for several threads at once.
 */
#pragma once

#include "base/buf.h"

#include <stdint.h>

#define COOKIES_MAX      1000
#define COOKIE_BYTES_MAX 4096 /* of one: name, value, domain and path */

struct cookies;

/* Where a message came from or goes to. */
struct cookie_place {
    struct slice host, path; /* the path without the query */
    uint16_t port;
    bool secure; /* TLS */
};

struct cookies *cookies_new(void) MUST_CHECK;
/* NULL is allowed. */
void cookies_free(struct cookies *c);
/* Takes the value of a Set-Cookie field; one that has run out removes the cookie. false when
 * nothing was kept or removed. When there is no room, the one unused for longest goes. */
bool cookies_take(struct cookies *c, const struct cookie_place *from, struct slice set_cookie);
/* Appends "a=1; b=2", what goes into a Cookie field there; nothing when there is none. */
void cookies_put(struct cookies *c, const struct cookie_place *to, struct buf *out);
