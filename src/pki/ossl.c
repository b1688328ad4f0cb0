/* Small things around OpenSSL: cleanup functions for AUTO, and its error queue as an err. */
#include "pki/ossl.h"

#include <openssl/err.h>
#include <stdarg.h>

bool
ossl_fail(struct err *e, const char *fmt, ...)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    char text[200];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    ERR_clear_error();
    return err_set(e, ERR_FAILED, "%s%s%s", text, reason ? ": " : "", reason ? reason : "");
}

void
ossl_free_x509(X509 **cert)
{
    X509_free(*cert);
}

void
ossl_free_pkey(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}

void
ossl_free_bio(BIO **bio)
{
    BIO_free_all(*bio);
}

void
ossl_free_chain(STACK_OF(X509) * *chain)
{
    sk_X509_pop_free(*chain, X509_free);
}

void
ossl_free_names(GENERAL_NAMES **names)
{
    GENERAL_NAMES_free(*names);
}
