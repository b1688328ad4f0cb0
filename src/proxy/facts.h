/*
 * What servers showed lately: their certificate and the verdict about it, so that a leaf can be
 * forged without waiting for another handshake. One per worker; bounded by count, the least
 * recently used go first; entries live ten minutes.
 */
#pragma once

#include "pki/verdict.h"
#include "proxy/upstream.h"

#define FACTS_MAX  1000
#define FACTS_TIME (600 * NS_PER_S)

struct facts;

struct fact {
    struct list node; /* in order of use */
    struct x509_st *cert;
    enum verdict_reason verdict;
    bool h2; /* it chose HTTP/2 */
    uint64_t at;
    char key[UPSTREAM_KEY_MAX];
};

struct facts *facts_new(void) MUST_CHECK;
/* NULL is allowed. */
void facts_free(struct facts *f);
/* Notes what the connection showed. Without memory nothing is noted. */
void facts_put(struct facts *f, const struct upstream *u, uint64_t now);
/* Borrowed until the next call; NULL when there is nothing fresh. */
const struct fact *facts_get(struct facts *f, const struct upstream_spec *s, uint64_t now);
