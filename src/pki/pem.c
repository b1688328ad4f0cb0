/* Reads PEM text: a private key, certificates, revocation lists. */
#include "pki/pem.h"
#include "pki/heap.h"
#include "pki/ossl.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_STEP ((size_t)16 << 10)

static bool
read_all(int fd, struct buf *out)
{
    for (;;) {
        char *p = buf_reserve(out, READ_STEP);
        if (!p) {
            errno = EFBIG;
            return false;
        }
        ssize_t n = read(fd, p, READ_STEP);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n == 0;
        buf_commit(out, (size_t)n);
    }
}

bool
pem_read_fd(int fd, const char *path, struct buf *out, struct err *e)
{
    struct stat st;
    if (fstat(fd, &st) == 0 && !S_ISREG(st.st_mode))
        return err_set(e, ERR_FAILED, "'%s' is not a file", path);
    /* A text that moves while it grows would leave its key behind. */
    uint64_t size = (uint64_t)st.st_size + 2 * READ_STEP;
    if (size <= out->max && !buf_reserve(out, (size_t)size))
        return err_memory(e);
    return read_all(fd, out) || err_errno(e, ERR_FAILED, errno, "cannot read '%s'", path);
}

bool
pem_read_file(const char *path, struct buf *out, struct err *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return err_errno(e, ERR_FAILED, errno, "cannot open '%s'", path);
    bool ok = pem_read_fd(fd, path, out, e);
    close(fd);
    return ok;
}

/* Whether OpenSSL stopped because there was no further block, which is no error. Empties its queue
 * then. */
static bool
at_end(void)
{
    unsigned long code = ERR_peek_last_error();
    bool end = code == 0 ||
               (ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE);
    if (end)
        ERR_clear_error();
    return end;
}

struct passphrase {
    const char *text;
    bool asked;
};

/* The callback of OpenSSL for the passphrase of a key. */
static int
on_passphrase(char *out, int max, int writing, void *arg)
{
    (void)writing;
    struct passphrase *p = arg;
    p->asked = true;
    size_t n = p->text ? strlen(p->text) : 0;
    if (n == 0 || n > (size_t)max)
        return -1;
    memcpy(out, p->text, n);
    return (int)n;
}

static bool
key_fail(const struct passphrase *p, struct err *e)
{
    if (!p->asked)
        return ossl_fail(e, "the private key is damaged");
    ERR_clear_error();
    return err_set(e, ERR_FAILED,
                   p->text ? "wrong passphrase"
                           : "the private key is encrypted and no passphrase is given");
}

static bool
parse_key(struct pem *pem, BIO *bio, const char *text, struct err *e)
{
    struct passphrase p = {.text = text};
    pem->key = PEM_read_bio_PrivateKey(bio, NULL, on_passphrase, &p);
    if (!pem->key)
        return key_fail(&p, e);
    ERR_clear_error();
    return true;
}

static bool
has_key(struct slice text)
{
    static const char mark[] = "PRIVATE KEY-----";
    return text.n && memmem(text.p, text.n, mark, sizeof mark - 1);
}

static bool
parse_certs(struct pem *pem, BIO *bio, struct err *e)
{
    X509 *cert;
    while ((cert = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL)) != NULL) {
        X509_check_purpose(cert, -1, 0); /* reads the extensions now: later means in a handshake */
        if (!sk_X509_push(pem->certs, cert)) {
            X509_free(cert);
            return err_memory(e);
        }
    }
    return at_end() || ossl_fail(e, "certificate %d is damaged", sk_X509_num(pem->certs) + 1);
}

static bool
parse_crls(struct pem *pem, BIO *bio, struct err *e)
{
    X509_CRL *crl;
    while ((crl = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL)) != NULL)
        if (!sk_X509_CRL_push(pem->crls, crl)) {
            X509_CRL_free(crl);
            return err_memory(e);
        }
    return at_end() ||
           ossl_fail(e, "revocation list %d is damaged", sk_X509_CRL_num(pem->crls) + 1);
}

static bool
parse_kind(struct pem *pem, struct slice text, unsigned kind, const char *passphrase, struct err *e)
{
    BIO *bio AUTO(ossl_free_bio) = BIO_new_mem_buf(text.n ? text.p : "", (int)text.n);
    if (!bio)
        return err_memory(e);
    if (kind == PEM_KEY)
        return !has_key(text) || parse_key(pem, bio, passphrase, e);
    return kind == PEM_CERTS ? parse_certs(pem, bio, e) : parse_crls(pem, bio, e);
}

bool
pem_parse(struct pem *pem, struct slice text, unsigned want, const char *passphrase, struct err *e)
{
    static const unsigned kinds[] = {PEM_KEY, PEM_CERTS, PEM_CRLS};
    *pem = (struct pem){.certs = sk_X509_new_null(), .crls = sk_X509_CRL_new_null()};
    if (!pem->certs || !pem->crls || text.n > INT_MAX) {
        pem_release(pem);
        return err_memory(e);
    }
    ERR_clear_error();
    unsigned long refusals = heap_refusals();
    bool ok = true;
    for (size_t i = 0; ok && i < ARRAY_LEN(kinds); i++)
        ok = !(want & kinds[i]) || parse_kind(pem, text, kinds[i], passphrase, e);
    if (heap_refusals() != refusals)
        ok = err_memory(e);
    if (!ok)
        pem_release(pem);
    return ok;
}

bool
pem_load(struct pem *pem, const char *path, unsigned want, const char *passphrase, struct err *e)
{
    struct buf text;
    buf_init(&text, PEM_MAX_FILE);
    heap_wipe_begin();
    bool ok = pem_read_file(path, &text, e);
    if (ok && !pem_parse(pem, buf_slice(&text), want, passphrase, e)) {
        err_prefix(e, "'%s'", path);
        ok = false;
    }
    if (text.p)
        OPENSSL_cleanse(text.p, text.cap);
    buf_release(&text);
    heap_wipe_end();
    return ok;
}

void
pem_release(struct pem *pem)
{
    EVP_PKEY_free(pem->key);
    sk_X509_pop_free(pem->certs, X509_free);
    sk_X509_CRL_pop_free(pem->crls, X509_CRL_free);
    *pem = (struct pem){0};
}
