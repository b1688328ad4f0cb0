/* Certificates that the origin makes for names, one for each, all over the same key. */
#pragma once

#include "base/base.h"

#include <openssl/ssl.h>

#include <stdbool.h>

struct mint {
    X509 *ca;
    EVP_PKEY *ca_key, *leaf_key;
    long serial;
};

/* 'file' holds the authority and its key in PEM; keeps 'leaf_key'. Ends the program on failure. */
void mint_init(struct mint *m, const char *file, EVP_PKEY *leaf_key);
/* The same with an authority that is made for it, over P-256. */
void mint_init_new(struct mint *m, EVP_PKEY *leaf_key);
/* Returns owned, or NULL. */
X509 *mint_make(struct mint *m, const char *name) MUST_CHECK;
/* Makes one for the name and lets the connection show it. */
bool mint_use(struct mint *m, SSL *ssl, const char *name) MUST_CHECK;
