/*
 * Who may use the control API. A random token, new with each start, is the key; whoever shows it
 * (or the password) at the login gets a cookie. The local socket asks for neither: its mode and the
 * user at its other end are the check.
 *
 * Against web pages of others in the same browser: the Host must be an address of ours or
 * "localhost" (a name of theirs may well lead here), an Origin must be the one that Host gives, and
 * what a cookie opens must not come from another site. Nothing is said that would let them read.
 *
 * Guesses are counted by client. A right token is always let in, since nobody guesses one;
 * passwords are not even looked at once there were too many.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "codec/head.h"

#include <stdint.h>

struct gate;

#define GATE_KEY_BYTES 32
#define GATE_KEY_HEX   (2 * GATE_KEY_BYTES)
/* Failures of one client in a minute. */
#define GATE_FAILURES_MAX 10

enum gate_result {
    GATE_OPEN,
    GATE_HOST,    /* 421: this Host is not served here */
    GATE_ORIGIN,  /* 403: the page of somebody else asks */
    GATE_UNKNOWN, /* 401 */
    GATE_LIMITED, /* 429 */
};

/* Where a request comes from. */
struct gate_from {
    bool local;         /* the local socket, with our user at the other end */
    bool tls;           /* for the scheme of the Origin */
    char host[64];      /* our address in this connection, without port and brackets */
    unsigned long slot; /* a number for the client, see sock_hash_client */
};

/* 'password' is one, or its scrypt hash, or NULL. NULL with a sentence. */
struct gate *gate_new(const char *password, struct err *e) MUST_CHECK;
/* NULL is allowed. */
void gate_free(struct gate *g);
/* The token, in hexadecimal. Borrowed. */
const char *gate_token(const struct gate *g);

/* Host and Origin alone: what everybody must pass, the login too. */
enum gate_result gate_site(const struct gate_from *from, const struct http_head *head);
/* All of it. Counts the failure. 'now' is monotonic. */
enum gate_result gate_check(struct gate *g, const struct gate_from *from,
                            const struct http_head *head, uint64_t now);

/* Whether the text is the token. */
bool gate_is_token(const struct gate *g, struct slice text);
bool gate_has_password(const struct gate *g);
/* Whether it is the password: some tens of milliseconds. Any thread. */
bool gate_is_password(const struct gate *g, const char *text);
/* Whether the client has guessed too often. */
bool gate_is_limited(const struct gate *g, const struct gate_from *from, uint64_t now);
/* One more failure. */
void gate_count(struct gate *g, const struct gate_from *from, uint64_t now);
/* A new cookie value in hexadecimal, valid until the program ends, somebody logs out with it, or
 * many more have come. */
void gate_login(struct gate *g, char key[GATE_KEY_HEX + 1]);
/* The cookie of the head is worth nothing any more. */
void gate_logout(struct gate *g, const struct http_head *head);
/* The value for Set-Cookie. */
void gate_cookie(const struct gate_from *from, const char *key, struct buf *out);
/* Equal, in a time that depends on the lengths alone. */
bool gate_same(struct slice a, struct slice b);
