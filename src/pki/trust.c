/* Whether a certificate chain may speak for a host: the roots, and the order of the checks. */
#include "pki/trust.h"
#include "base/mem.h"
#include "pki/ca.h"
#include "pki/ossl.h"
#include "pki/pem.h"
#include "pki/trust_anchor.h"
#include "pki/trust_checks.h"
#include "pki/trust_error.h"
#include "pki/trust_staple.h"

#include <dirent.h>
#include <errno.h>
#include <openssl/err.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#define LONG_VALIDITY_DAYS 398 /* what browsers accept of public authorities */

struct trust {
    atomic_uint refs;
    X509_STORE *store;
    struct anchors anchors;
    bool explicit_roots; /* given by the user: an intermediate among them is an anchor, too */
    bool has_crls;
};

static bool
add_certs(X509_STORE *store, const STACK_OF(X509) * certs, struct err *e)
{
    for (int i = 0; i < sk_X509_num(certs); i++)
        if (X509_STORE_add_cert(store, sk_X509_value(certs, i)) != 1)
            return ossl_fail(e, "cannot use certificate %d", i + 1);
    return true;
}

/* *n counts the certificates. */
static bool
add_file(X509_STORE *store, const char *path, int *n, struct err *e)
{
    struct pem pem;
    TRY(pem_load(&pem, path, PEM_CERTS, NULL, e));
    *n += sk_X509_num(pem.certs);
    bool ok = add_certs(store, pem.certs, e);
    pem_release(&pem);
    return ok;
}

/* Every file of the folder that has certificates in it; others are no fault there. */
static bool
add_folder(X509_STORE *store, const char *path, int *n, struct err *e)
{
    DIR *dir = opendir(path);
    if (!dir)
        return err_errno(e, ERR_FAILED, errno, "cannot open folder '%s'", path);
    struct dirent *file;
    while ((file = readdir(dir)) != NULL) {
        char name[4096];
        struct err ignored;
        if (file->d_name[0] == '.')
            continue;
        snprintf(name, sizeof name, "%s/%s", path, file->d_name);
        (void)!add_file(store, name, n, &ignored);
    }
    closedir(dir);
    return true;
}

static bool
add_path(X509_STORE *store, const char *path, struct err *e)
{
    struct stat st;
    int n = 0;
    bool folder = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
    TRY(folder ? add_folder(store, path, &n, e) : add_file(store, path, &n, e));
    return n > 0 || err_set(e, ERR_FAILED, "there is no certificate in '%s'", path);
}

/* Where systems keep all roots in one file. OpenSSL's own default is often a folder of single
 * files, which would be read in the middle of a handshake. */
static const char *const system_files[] = {
    "/etc/ssl/certs/ca-certificates.crt", /* Debian, Arch, Alpine */
    "/etc/pki/tls/certs/ca-bundle.crt",   /* Fedora */
    "/etc/ssl/ca-bundle.pem",             /* openSUSE */
    "/etc/ssl/cert.pem",                  /* macOS, BSD */
};

static bool
add_system(X509_STORE *store, struct err *e)
{
    const char *file = getenv("SSL_CERT_FILE"), *dir = getenv("SSL_CERT_DIR");
    if (file && *file)
        return add_path(store, file, e);
    for (size_t i = 0; !(dir && *dir) && i < ARRAY_LEN(system_files); i++)
        if (access(system_files[i], R_OK) == 0)
            return add_path(store, system_files[i], e);
    return X509_STORE_set_default_paths(store) == 1 ||
           ossl_fail(e, "cannot read the roots of the system");
}

static bool
add_crls(struct trust *t, const char *path, struct err *e)
{
    struct pem pem;
    if (!path)
        return true;
    TRY(pem_load(&pem, path, PEM_CRLS, NULL, e));
    int n = sk_X509_CRL_num(pem.crls);
    bool ok = n > 0 || err_set(e, ERR_FAILED, "there is no revocation list in '%s'", path);
    for (int i = 0; ok && i < n; i++)
        ok = X509_STORE_add_crl(t->store, sk_X509_CRL_value(pem.crls, i)) == 1 ||
             ossl_fail(e, "cannot use revocation list %d of '%s'", i + 1, path);
    pem_release(&pem);
    t->has_crls = true;
    return ok;
}

static bool
fill(struct trust *t, const struct trust_options *o, struct err *e)
{
    t->store = X509_STORE_new();
    if (!t->store)
        return err_memory(e);
    t->explicit_roots = o->ca != NULL;
    TRY(o->ca ? add_path(t->store, o->ca, e) : add_system(t->store, e));
    return add_crls(t, o->crl, e);
}

struct trust *
trust_new(const struct trust_options *o, struct err *e)
{
    struct trust *t = mem_zalloc(sizeof *t);
    if (!t) {
        err_memory(e);
        return NULL;
    }
    atomic_init(&t->refs, 1);
    bool ok = fill(t, o, e);
    ERR_clear_error();
    if (ok)
        return t;
    trust_unref(t);
    return NULL;
}

struct trust *
trust_ref(struct trust *t)
{
    atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
    return t;
}

void
trust_unref(struct trust *t)
{
    if (!t || atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) != 1)
        return;
    anchors_release(&t->anchors);
    X509_STORE_free(t->store);
    mem_free(t);
}

/* Bounds the work of everything that follows. */
static bool
check_limits(const struct trust_query *q, struct verdict *v)
{
    int n = sk_X509_num(q->chain);
    size_t bytes = 0;
    if (n < 1)
        return verdict_fail(v, VERDICT_FAILED, 0, NULL, "the server sent no certificate");
    if (n > TRUST_MAX_CERTS)
        return verdict_fail(v, VERDICT_TOO_LONG, 0, NULL, "the server sent %d certificates", n);
    for (int i = 0; i < n; i++) {
        int size = i2d_X509(sk_X509_value(q->chain, i), NULL);
        bytes += size > 0 ? (size_t)size : 0;
    }
    if (bytes > TRUST_MAX_CHAIN_BYTES)
        return verdict_fail(v, VERDICT_TOO_LONG, 0, NULL,
                            "the server sent certificates of %zu bytes", bytes);
    return true;
}

static bool
check_own(const struct trust_query *q, struct verdict *v)
{
    for (int i = 0; q->own && i < sk_X509_num(q->chain); i++) {
        X509 *cert = sk_X509_value(q->chain, i);
        if (ca_signed(q->own, cert))
            return verdict_fail(v, VERDICT_OWN_CA, i, cert,
                                "was signed by this program's own authority");
    }
    return true;
}

/* What a trust anchor may lack: it is trusted as it is (RFC 5280 section 6.1), and the authorities
 * that people make for themselves often have no key usage. Some old public roots are odder still.
 */
static bool
is_forgiven(int error, const struct trust *t)
{
    switch (error) {
    case X509_V_ERR_CA_CERT_MISSING_KEY_USAGE:
    case X509_V_ERR_MISSING_SUBJECT_KEY_IDENTIFIER: return true;
    case X509_V_ERR_CA_BCONS_NOT_CRITICAL: return !t->explicit_roots;
    default: return false;
    }
}

/* Called for each error; 1 goes on. */
static int
on_error(int ok, X509_STORE_CTX *ctx)
{
    int error = X509_STORE_CTX_get_error(ctx), depth = X509_STORE_CTX_get_error_depth(ctx);
    /* Issuers that no list was given for are not checked. */
    if (ok || error == X509_V_ERR_UNABLE_TO_GET_CRL)
        return 1;
    bool anchor = depth > 0 && depth == sk_X509_num(X509_STORE_CTX_get0_chain(ctx)) - 1;
    return anchor && is_forgiven(error, X509_STORE_CTX_get_app_data(ctx));
}

static void
set_params(X509_STORE_CTX *ctx, struct trust *t, time_t at)
{
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
    unsigned long flags = X509_V_FLAG_X509_STRICT | X509_V_FLAG_TRUSTED_FIRST;
    if (t->explicit_roots)
        flags |= X509_V_FLAG_PARTIAL_CHAIN;
    if (t->has_crls)
        flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
    X509_VERIFY_PARAM_set_flags(param, flags);
    X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER);
    X509_VERIFY_PARAM_set_trust(param, X509_TRUST_SSL_SERVER);
    X509_VERIFY_PARAM_set_depth(param, TRUST_MAX_DEPTH);
    X509_VERIFY_PARAM_set_auth_level(param, 2);
    X509_VERIFY_PARAM_set_time(param, at);
    X509_STORE_CTX_set_app_data(ctx, t);
    X509_STORE_CTX_set_verify_cb(ctx, on_error);
}

/* The chain has been built; says what is odd about it although it is good. */
static void
set_note(X509 *leaf, const char *note, struct verdict *v)
{
    int days = 0, seconds = 0;
    *v = (struct verdict){.reason = VERDICT_OK};
    if (note)
        snprintf(v->text, sizeof v->text, "%s", note);
    else if (ASN1_TIME_diff(&days, &seconds, X509_get0_notBefore(leaf), X509_get0_notAfter(leaf)) ==
                 1 &&
             days > LONG_VALIDITY_DAYS)
        snprintf(v->text, sizeof v->text, "the certificate is good for %d days", days);
}

static bool
check_built(const STACK_OF(X509) * chain, const struct trust_query *q, time_t at, struct verdict *v)
{
    struct staple staple = {.der = q->staple, .later = q->staple_later, .at = at};
    X509 *leaf = sk_X509_value(chain, 0);
    TRY(trust_check_chain(chain, v));
    TRY(trust_check_name(leaf, q->host, v));
    bool ok = trust_check_staple(chain, &staple, v);
    if (ok)
        set_note(leaf, staple.note, v);
    v->ocsp = staple.state;
    return ok;
}

/* How the judgement goes on when a path fails. OpenSSL builds one path and never turns back: of
 * several certificates with the issuer's name it takes the first that looks right by its key
 * identifier, whatever its key, issuer, or constraints are (cross-signed, renewed and forged ones).
 */
struct search {
    struct trust *trust;
    const struct trust_query *query;
    time_t at;
    unsigned left; /* paths that may still be tried */
};

/* Some reasons are to be known whatever other path there is. */
static bool
is_final(enum verdict_reason reason)
{
    return reason == VERDICT_LEAKED_KEY || reason == VERDICT_REVOKED;
}

static bool
try_path(X509_STORE_CTX *ctx, const struct search *s, STACK_OF(X509) * sent, struct verdict *v)
{
    if (!ctx ||
        X509_STORE_CTX_init(ctx, s->trust->store, sk_X509_value(s->query->chain, 0), sent) != 1)
        return verdict_fail(v, VERDICT_FAILED, 0, NULL, "no memory");
    set_params(ctx, s->trust, s->at);
    bool ok = X509_verify_cert(ctx) == 1 && anchors_hold(&s->trust->anchors, ctx);
    /* Known keys first: their certificates have other faults, but this is the one to know about. */
    TRY(trust_check_leaked(X509_STORE_CTX_get0_chain(ctx), v));
    if (!ok)
        return trust_error_verdict(ctx, v);
    return check_built(X509_STORE_CTX_get0_chain(ctx), s->query, s->at, v);
}

/* Whether another certificate speaks for the same authority. */
static bool
has_namesake(const STACK_OF(X509) * sent, X509 *cert)
{
    for (int i = 1; i < sk_X509_num(sent); i++) {
        X509 *other = sk_X509_value(sent, i);
        if (X509_NAME_cmp(X509_get_subject_name(other), X509_get_subject_name(cert)) == 0 &&
            X509_cmp(other, cert) != 0)
            return true;
    }
    return false;
}

/* Without that one, and without those whose keys would not do anyway and may be slow. Returns owned
 * (the certificates are borrowed), or NULL. */
static STACK_OF(X509) * without(const STACK_OF(X509) * sent, X509 *cert)
{
    STACK_OF(X509) *rest = sk_X509_new_null();
    for (int i = 0; rest && i < sk_X509_num(sent); i++) {
        X509 *other = sk_X509_value(sent, i);
        bool keep = i == 0 || (X509_cmp(other, cert) != 0 && trust_key_is_usable(other));
        if (keep && !sk_X509_push(rest, other)) {
            sk_X509_free(rest);
            return NULL;
        }
    }
    return rest;
}

/* The highest certificate of the path that can be to blame: the one at fault, its issuer, or any of
 * those above. */
static int
blamed(const struct verdict *v, int top)
{
    switch ((int)v->reason) { /* an int, because the other reasons are all alike */
    case VERDICT_BAD_SIGNATURE: return MIN(v->depth + 1, top);
    case VERDICT_UNTRUSTED_ROOT:
    case VERDICT_INCOMPLETE_CHAIN:
    case VERDICT_NAME_CONSTRAINTS:
    case VERDICT_TOO_LONG:
    case VERDICT_BAD_STAPLE:
    case VERDICT_BAD_CRL:
    case VERDICT_FAILED: return top;
    default: return MIN(v->depth, top);
    }
}

/* Tries the path that OpenSSL finds in 'sent', then those without one of its certificates. The
 * verdict is that of the first when none is good. */
static bool
search(struct search *s, STACK_OF(X509) * sent, struct verdict *v)
{
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    bool ok = try_path(ctx, s, sent, v);
    const STACK_OF(X509) *path = ctx ? X509_STORE_CTX_get0_chain(ctx) : NULL;
    int i = ok || !path ? 0 : blamed(v, X509_STORE_CTX_get_num_untrusted(ctx) - 1);
    for (s->left = is_final(v->reason) ? 0 : s->left; !ok && i > 0 && s->left > 0; i--) {
        X509 *cert = sk_X509_value(path, i);
        if (!has_namesake(sent, cert))
            continue;
        struct verdict other = {0};
        STACK_OF(X509) *rest = without(sent, cert);
        s->left--;
        ok = rest && search(s, rest, &other);
        if (ok || is_final(other.reason))
            *v = other;
        sk_X509_free(rest);
    }
    X509_STORE_CTX_free(ctx);
    return ok;
}

bool
trust_verify(struct trust *t, const struct trust_query *q, struct verdict *v)
{
    *v = (struct verdict){0};
    if (!check_limits(q, v) || !check_own(q, v))
        return false;
    struct search s = {
        .trust = t, .query = q, .at = q->at ? q->at : time(NULL), .left = TRUST_MAX_PATHS - 1};
    bool ok = search(&s, q->chain, v);
    /* The queue must not make the connection's next call look like a failure. */
    ERR_clear_error();
    return ok;
}
