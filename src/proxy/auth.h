/*
 * Proxy authentication (RFC 9110 section 11.7, Basic of RFC 7617): one user and password, or an
 * htpasswd file with bcrypt hashes. Passwords that were right are remembered as a keyed hash, since
 * bcrypt takes tens of milliseconds on purpose.
 */
#pragma once

#include "base/err.h"
#include "base/slice.h"

struct auth;

enum auth_result {
    AUTH_NO,
    AUTH_YES,
    AUTH_SLOW, /* auth_check_slow will tell: not on a thread that must not wait */
};

/* "user:password", or "@FILE". NULL with a sentence. */
struct auth *auth_new(const char *spec, struct err *e) MUST_CHECK;
/* NULL is allowed. */
void auth_free(struct auth *a);
/* 'credentials' is the value of Proxy-Authorization; empty when there is none. Any thread. */
enum auth_result auth_check(struct auth *a, struct slice credentials);
bool auth_check_slow(struct auth *a, struct slice credentials);
