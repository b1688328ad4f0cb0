/* Certificates that we present upstream when a server asks for one. */
#include "pki/client_cert.h"
#include "base/map.h"
#include "base/mem.h"
#include "pki/host.h"
#include "pki/ossl.h"
#include "pki/pem.h"

#include <errno.h>
#include <openssl/err.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

#define MAX_KEPT 1000 /* hosts of a folder; then all are forgotten and read again */

struct client_cert {
    atomic_uint refs;
    X509 *cert;
    EVP_PKEY *key;
    STACK_OF(X509) * chain;
};

struct client_certs {
    char *path;
    struct client_cert *single; /* for all hosts; NULL: the path is a folder */
    pthread_mutex_t lock;       /* guards 'kept' */
    struct map *kept;           /* host to struct client_cert */
};

/* The first certificate must be the key's; the others are sent behind it. */
static struct client_cert *
from_pem(struct pem *pem, struct err *e)
{
    if (!pem->key || sk_X509_num(pem->certs) == 0) {
        err_set(e, ERR_FAILED, "there is no %s in it", pem->key ? "certificate" : "private key");
        return NULL;
    }
    if (X509_check_private_key(sk_X509_value(pem->certs, 0), pem->key) != 1) {
        ERR_clear_error();
        err_set(e, ERR_FAILED, "the private key does not match the first certificate");
        return NULL;
    }
    struct client_cert *c = mem_zalloc(sizeof *c);
    if (!c) {
        err_memory(e);
        return NULL;
    }
    atomic_init(&c->refs, 1);
    c->cert = sk_X509_shift(pem->certs);
    c->key = pem->key;
    c->chain = pem->certs;
    *pem = (struct pem){.crls = pem->crls};
    return c;
}

static struct client_cert *
read_file(const char *path, struct err *e)
{
    struct pem pem;
    if (!pem_load(&pem, path, PEM_KEY | PEM_CERTS, NULL, e))
        return NULL;
    struct client_cert *c = from_pem(&pem, e);
    if (!c)
        err_prefix(e, "'%s'", path);
    pem_release(&pem);
    return c;
}

struct client_certs *
client_certs_new(const char *path, struct err *e)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        err_errno(e, ERR_FAILED, errno, "cannot open '%s'", path);
        return NULL;
    }
    struct client_cert *single = NULL;
    if (!S_ISDIR(st.st_mode) && !(single = read_file(path, e)))
        return NULL;
    struct client_certs *c = mem_zalloc(sizeof *c);
    if (c) {
        pthread_mutex_init(&c->lock, NULL);
        c->single = single;
        c->path = mem_strndup(path, strlen(path));
        c->kept = map_new();
    }
    if (c && c->path && c->kept)
        return c;
    if (!c)
        client_cert_unref(single);
    client_certs_free(c);
    err_memory(e);
    return NULL;
}

static void
forget_one(void *arg, struct slice key, void *value)
{
    (void)arg;
    (void)key;
    client_cert_unref(value);
}

void
client_certs_free(struct client_certs *c)
{
    if (!c)
        return;
    if (c->kept) {
        map_each(c->kept, forget_one, NULL);
        map_free(c->kept);
    }
    client_cert_unref(c->single);
    pthread_mutex_destroy(&c->lock);
    mem_free(c->path);
    mem_free(c);
}

/* Keeps a reference to what was read, within the bound. */
static void
keep(struct client_certs *c, struct slice host, struct client_cert *cert)
{
    pthread_mutex_lock(&c->lock);
    struct map *full = NULL;
    if (map_len(c->kept) >= MAX_KEPT) {
        struct map *fresh = map_new();
        full = fresh ? c->kept : NULL;
        c->kept = fresh ? fresh : c->kept;
    }
    void *old = NULL;
    if (map_len(c->kept) < MAX_KEPT && map_put(c->kept, host, cert, &old))
        client_cert_ref(cert);
    pthread_mutex_unlock(&c->lock);
    client_cert_unref(old);
    if (full) {
        map_each(full, forget_one, NULL);
        map_free(full);
    }
}

static struct client_cert *
find_kept(struct client_certs *c, struct slice host)
{
    pthread_mutex_lock(&c->lock);
    struct client_cert *cert = map_get(c->kept, host);
    if (cert)
        client_cert_ref(cert);
    pthread_mutex_unlock(&c->lock);
    return cert;
}

bool
client_certs_get(struct client_certs *c, struct slice host, struct client_cert **out, struct err *e)
{
    *out = NULL;
    if (c->single) {
        *out = client_cert_ref(c->single);
        return true;
    }
    uint8_t ip[16];
    host = host_trim(host);
    /* The name becomes part of a path. */
    if (!host_name_valid(host) && !host_ip(host, ip))
        return true;
    *out = find_kept(c, host);
    if (*out)
        return true;
    char path[4096];
    struct stat st;
    snprintf(path, sizeof path, "%s/%.*s.pem", c->path, SLICE_ARG(host));
    if (stat(path, &st) != 0 && errno == ENOENT)
        return true;
    *out = read_file(path, e);
    if (*out)
        keep(c, host, *out);
    return *out != NULL;
}

struct client_cert *
client_cert_ref(struct client_cert *cert)
{
    atomic_fetch_add_explicit(&cert->refs, 1, memory_order_relaxed);
    return cert;
}

void
client_cert_unref(struct client_cert *cert)
{
    if (!cert || atomic_fetch_sub_explicit(&cert->refs, 1, memory_order_acq_rel) != 1)
        return;
    X509_free(cert->cert);
    EVP_PKEY_free(cert->key);
    sk_X509_pop_free(cert->chain, X509_free);
    mem_free(cert);
}

X509 *
client_cert_x509(const struct client_cert *cert)
{
    return cert->cert;
}

EVP_PKEY *
client_cert_key(const struct client_cert *cert)
{
    return cert->key;
}

STACK_OF(X509) * client_cert_chain(const struct client_cert *cert)
{
    return cert->chain;
}
