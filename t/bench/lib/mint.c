/* Certificates of the origin for names that it has not seen. */
#include "bench/lib/mint.h"

#include "bench/lib/wire.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

void
mint_init(struct mint *m, const char *file, EVP_PKEY *leaf_key)
{
    FILE *f = fopen(file, "re");
    if (!f)
        wire_die("cannot open", file);
    m->ca = PEM_read_X509(f, NULL, NULL, NULL);
    rewind(f);
    m->ca_key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
    fclose(f);
    if (!m->ca || !m->ca_key)
        wire_die("no certificate with its key in", file);
    EVP_PKEY_up_ref(leaf_key);
    m->leaf_key = leaf_key;
    m->serial = 1000000;
}

static bool
extend(struct mint *m, X509 *x, int nid, const char *value)
{
    X509V3_CTX about;
    X509V3_set_ctx(&about, m->ca, x, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &about, nid, value);
    bool good = e && X509_add_ext(x, e, -1);
    X509_EXTENSION_free(e);
    return good;
}

static bool
fill(struct mint *m, X509 *x, const char *name, EVP_PKEY *key)
{
    X509_NAME *subject = X509_get_subject_name(x);
    return X509_set_version(x, X509_VERSION_3) &&
           ASN1_INTEGER_set(X509_get_serialNumber(x), ++m->serial) &&
           X509_gmtime_adj(X509_getm_notBefore(x), -86400) &&
           X509_gmtime_adj(X509_getm_notAfter(x), 86400L * 30) && X509_set_pubkey(x, key) &&
           X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1,
                                      -1, 0) &&
           X509_set_issuer_name(x, X509_get_subject_name(m->ca));
}

static bool
fill_leaf(struct mint *m, X509 *x, const char *name)
{
    char names[300];
    snprintf(names, sizeof(names), "DNS:%s", name);
    return fill(m, x, name, m->leaf_key) && extend(m, x, NID_subject_alt_name, names) &&
           extend(m, x, NID_basic_constraints, "critical,CA:FALSE") &&
           extend(m, x, NID_key_usage, "critical,digitalSignature") &&
           extend(m, x, NID_ext_key_usage, "serverAuth") &&
           extend(m, x, NID_authority_key_identifier, "keyid");
}

void
mint_init_new(struct mint *m, EVP_PKEY *leaf_key)
{
    X509 *x = X509_new();
    *m = (struct mint){.ca = x, .ca_key = EVP_EC_gen("P-256"), .leaf_key = leaf_key};
    EVP_PKEY_up_ref(leaf_key);
    if (!x || !m->ca_key || !fill(m, x, "bench", m->ca_key) ||
        !extend(m, x, NID_basic_constraints, "critical,CA:TRUE") ||
        !extend(m, x, NID_subject_key_identifier, "hash") || !X509_sign(x, m->ca_key, EVP_sha256()))
        wire_die("cannot make an authority", "");
}

X509 *
mint_make(struct mint *m, const char *name)
{
    X509 *x = X509_new();
    if (x && strlen(name) <= 64 && fill_leaf(m, x, name) && X509_sign(x, m->ca_key, EVP_sha256()))
        return x;
    X509_free(x);
    return NULL;
}

bool
mint_use(struct mint *m, SSL *ssl, const char *name)
{
    X509 *x = mint_make(m, name);
    bool good = x && SSL_use_certificate(ssl, x) == 1 && SSL_use_PrivateKey(ssl, m->leaf_key) == 1;
    X509_free(x);
    return good;
}
