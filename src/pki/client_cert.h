/*
 * Certificates that we present upstream when a server asks for one: one PEM file for all hosts, or
 * a folder with HOST.pem files (certificate, key, and certificates above it). Files of a folder are
 * read when first needed and kept, within a bound. Safe from any thread.
 */
#pragma once

#include "base/err.h"
#include "base/slice.h"

struct client_cert;
struct client_certs;
struct evp_pkey_st;
struct stack_st_X509;
struct x509_st;

/* Returns owned; NULL: cannot be read, no key, the key does not match. A single file is read at
 * once. */
struct client_certs *client_certs_new(const char *path, struct err *e) MUST_CHECK;
/* NULL is allowed. */
void client_certs_free(struct client_certs *c);
/* *out gets an owned reference, or NULL when there is none for the host. false: the file is there
 * but unusable. */
bool client_certs_get(struct client_certs *c, struct slice host, struct client_cert **out,
                      struct err *e) MUST_CHECK;

struct client_cert *client_cert_ref(struct client_cert *cert);
/* NULL is allowed. */
void client_cert_unref(struct client_cert *cert);
/* Borrowed until the last reference is gone. */
struct x509_st *client_cert_x509(const struct client_cert *cert);
struct evp_pkey_st *client_cert_key(const struct client_cert *cert);
struct stack_st_X509 *client_cert_chain(const struct client_cert *cert);
