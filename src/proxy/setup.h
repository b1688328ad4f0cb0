/*
 * A configuration and everything that is made from it: the authority, the roots, the TLS contexts,
 * the limits. An immutable snapshot, shared by references; connections keep the one they began
 * with.
 */
#pragma once

#include "base/err.h"
#include "layer/ask.h"
#include "proxy/config.h"

struct hosts;
struct ssl_ctx_st;

enum on_invalid { ON_INVALID_ERROR, ON_INVALID_MIRROR, ON_INVALID_ALLOW };

struct setup {
    atomic_uint refs;
    uint64_t id; /* unique in the process: what was opened under one is not used under another */
    struct config *config;
    struct layer_limits limits;
    struct ca *ca;
    struct trust *trust;
    struct client_certs *client_certs; /* NULL: none */
    struct ssl_ctx_st *accept, *connect;
    struct auth *auth;          /* NULL: nobody is asked */
    enum on_invalid on_invalid; /* of hosts without an exception */
    bool eager;
    struct hosts *ignore, *allow, *tcp; /* of the options; never NULL */
};

/* Keeps the configuration. 'old' (may be NULL) lends what has not changed. NULL with a sentence. */
struct setup *setup_new(const struct config *c, const struct setup *old, struct err *e) MUST_CHECK;
struct setup *setup_ref(struct setup *s);
/* NULL is allowed. Any thread. */
void setup_unref(struct setup *s);
/* What to do when the certificate of 'host' is bad, which is asked for 'name': an exception holds
 * where both are meant by it. */
enum on_invalid setup_on_invalid(const struct setup *s, struct slice host, struct slice name);
