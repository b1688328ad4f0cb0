/* The files of the authority: first run, load, import, rotation, exported forms. */
#include "base/log.h"
#include "pki/ca_dir.h"
#include "pki/ca_make.h"
#include "pki/ca_pem.h"
#include "pki/ossl.h"
#include "pki/pem.h"

#include <openssl/pem.h>
#include <unistd.h>

#define KEY_FILE       "weir-ca.pem"
#define KEY_FILE_USUAL (64 * 1024u)

struct export_file {
    const char *name;
    enum ca_format format;
};

/* The last one is written last: when it is right, the others are. */
static const struct export_file exports[] = {
    {"weir-ca-cert.p12", CA_P12},
    {"weir-ca-cert.pem", CA_PEM},
    {"weir-ca-cert.cer", CA_DER},
};

/* Reads the descriptor to the end and closes it. */
static bool
parse_key_file(struct pem *pem, int fd, const char *path, const char *passphrase, struct err *e)
{
    struct buf text;
    buf_init(&text, 1024 * 1024);
    /* At once, since text that has to move leaves a copy behind. */
    bool ok = buf_reserve(&text, KEY_FILE_USUAL) ? pem_read_fd(fd, path, &text, e) : err_memory(e);
    close(fd);
    if (ok && !pem_parse(pem, buf_slice(&text), PEM_KEY | PEM_CERTS, passphrase, e)) {
        err_prefix(e, "'%s'", path);
        ok = false;
    }
    if (text.p)
        OPENSSL_cleanse(text.p, text.cap);
    buf_release(&text);
    return ok;
}

static struct ca *
ca_from_fd(int fd, const char *path, const char *passphrase, struct err *e)
{
    struct pem pem;
    if (fd < 0 || !parse_key_file(&pem, fd, path, passphrase, e))
        return NULL;
    struct ca *ca = ca_from_pem(&pem, path, e);
    if (!ca)
        err_prefix(e, "'%s'", path);
    pem_release(&pem);
    return ca;
}

static struct ca *
ca_load(const struct ca_dir *d, const struct ca_options *o, struct err *e)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", d->path, KEY_FILE);
    return ca_from_fd(ca_dir_open_key(d, KEY_FILE, e), path, o->passphrase, e);
}

/* Key and certificates as the text of the key file. */
static bool
key_file_text(BIO *bio, EVP_PKEY *key, const STACK_OF(X509) * certs, const char *passphrase)
{
    const EVP_CIPHER *cipher = passphrase ? EVP_aes_256_cbc() : NULL;
    int n = passphrase ? (int)strlen(passphrase) : 0;
    TRY(PEM_write_bio_PKCS8PrivateKey(bio, key, cipher, passphrase, n, NULL, NULL) == 1);
    for (int i = 0; i < sk_X509_num(certs); i++)
        TRY(PEM_write_bio_X509(bio, sk_X509_value(certs, i)) == 1);
    return true;
}

static bool
write_key_file(const struct ca_dir *d, EVP_PKEY *key, const STACK_OF(X509) * certs,
               const char *passphrase, struct err *e)
{
    BIO *bio AUTO(ossl_free_bio) = BIO_new(BIO_s_secmem());
    if (!bio || !key_file_text(bio, key, certs, passphrase))
        return ossl_fail(e, "cannot write the key of the authority");
    char *p = NULL;
    long n = BIO_get_mem_data(bio, &p);
    TRY(ca_dir_keep(d, KEY_FILE, e));
    return ca_dir_put(d, KEY_FILE, slice_of(p, (size_t)n), 0600, e);
}

static bool
write_exports(const struct ca_dir *d, const struct ca *ca, struct err *e)
{
    for (size_t i = 0; i < ARRAY_LEN(exports); i++) {
        struct buf out;
        buf_init(&out, PEM_MAX_FILE);
        bool ok = ca_export(ca, exports[i].format, &out, e);
        if (ok && !ca_dir_same(d, exports[i].name, buf_slice(&out)))
            ok = ca_dir_keep(d, exports[i].name, e) &&
                 ca_dir_put(d, exports[i].name, buf_slice(&out), 0644, e);
        buf_release(&out);
        TRY(ok);
    }
    return true;
}

/* The exported files follow the key file: a crash between the two is repaired by the next start. */
static void
repair_exports(const struct ca_dir *d, const struct ca *ca)
{
    struct err err = {0};
    if (!write_exports(d, ca, &err))
        log_line(LOG_WARN, "%s", err.text);
}

/* Writes a new authority over nothing, or over one that is kept under another name. */
static bool
make_files(const struct ca_dir *d, const struct ca_options *o, struct err *e)
{
    EVP_PKEY *key AUTO(ossl_free_pkey) = NULL;
    STACK_OF(X509) * certs AUTO(ossl_free_chain) = sk_X509_new_null();
    X509 *cert = NULL;
    TRY(ca_make(o, &key, &cert, e));
    if (!certs || !sk_X509_push(certs, cert)) {
        X509_free(cert);
        return err_memory(e);
    }
    return write_key_file(d, key, certs, o->passphrase, e);
}

static struct ca *
open_inside(const struct ca_dir *d, const struct ca_options *o, bool *made, struct err *e)
{
    bool fresh = !ca_dir_has(d, KEY_FILE);
    if (fresh && !make_files(d, o, e))
        return NULL;
    struct ca *ca = ca_load(d, o, e);
    if (ca)
        repair_exports(d, ca);
    if (ca && made)
        *made = fresh;
    return ca;
}

struct ca *
ca_open(const struct ca_options *o, bool *made, struct err *e)
{
    struct ca_dir d;
    if (!ca_dir_enter(&d, o->dir, e))
        return NULL;
    struct ca *ca = open_inside(&d, o, made, e);
    ca_dir_leave(&d);
    return ca;
}

bool
ca_rotate(const struct ca_options *o, struct err *e)
{
    struct ca_dir d;
    TRY(ca_dir_enter(&d, o->dir, e));
    struct ca *ca = make_files(&d, o, e) ? ca_load(&d, o, e) : NULL;
    bool ok = ca && write_exports(&d, ca, e);
    ca_unref(ca);
    ca_dir_leave(&d);
    return ok;
}

static bool
import_inside(const struct ca_dir *d, const struct ca_options *o, const struct pem *pem,
              const struct ca *ca, struct err *e)
{
    return write_key_file(d, pem->key, pem->certs, o->passphrase, e) && write_exports(d, ca, e);
}

bool
ca_import(const struct ca_options *o, const char *file, struct err *e)
{
    struct pem pem;
    struct ca_dir d;
    int fd = ca_open_private(file, e);
    if (fd < 0 || !parse_key_file(&pem, fd, file, o->passphrase, e))
        return false;
    struct ca *ca = ca_from_pem(&pem, file, e);
    if (!ca)
        err_prefix(e, "'%s'", file);
    bool ok = ca && ca_dir_enter(&d, o->dir, e);
    if (ok) {
        ok = import_inside(&d, o, &pem, ca, e);
        ca_dir_leave(&d);
    }
    ca_unref(ca);
    pem_release(&pem);
    return ok;
}
