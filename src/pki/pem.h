/* Reads PEM text: a private key, certificates, revocation lists, in any order (RFC 7468). */
#pragma once

#include "base/buf.h"
#include "base/err.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

/* NULL or empty where the text has none. */
struct pem {
    EVP_PKEY *key;
    STACK_OF(X509) * certs; /* never NULL after pem_parse */
    STACK_OF(X509_CRL) * crls;
};

/* What is to be read. */
enum pem_want { PEM_CERTS = 1, PEM_KEY = 2, PEM_CRLS = 4 };

#define PEM_MAX_FILE (16u * 1024 * 1024)

/* The whole file into *out, whose limit counts; 'path' is for messages. A missing file is an error,
 * too. */
bool pem_read_fd(int fd, const char *path, struct buf *out, struct err *e) MUST_CHECK;
bool pem_read_file(const char *path, struct buf *out, struct err *e) MUST_CHECK;
/* Fills *pem, which pem_release frees. Other kinds of PEM blocks are skipped; a damaged block
 * of a wanted kind, a wrong or missing passphrase is an error. */
bool pem_parse(struct pem *pem, struct slice text, unsigned want, const char *passphrase,
               struct err *e) MUST_CHECK;
/* Both together; messages begin with the path. */
bool pem_load(struct pem *pem, const char *path, unsigned want, const char *passphrase,
              struct err *e) MUST_CHECK;
void pem_release(struct pem *pem);
