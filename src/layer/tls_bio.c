/* The BIO that joins OpenSSL to the layer below: it reads the bytes of the event and writes with layer_send. */
#include "layer/tls_state.h"

#include <pthread.h>
#include <string.h>

static BIO_METHOD *method; /* made once, before any thread uses it; never freed */

static int
bio_read(BIO *b, char *out, size_t n, size_t *took)
{
    struct tls *t = BIO_get_data(b);
    BIO_clear_retry_flags(b);
    if (!t->in.n) {
        BIO_set_retry_read(b);
        return 0;
    }
    *took = MIN(n, t->in.n);
    memcpy(out, t->in.p, *took);
    t->in = slice_from(t->in, *took);
    return 1;
}

static int
bio_write(BIO *b, const char *p, size_t n, size_t *took)
{
    struct tls *t = BIO_get_data(b);
    BIO_clear_retry_flags(b);
    layer_send(&t->layer, slice_of(p, n));
    *took = n;
    return 1;
}

static long
bio_ctrl(BIO *b UNUSED, int cmd, long num UNUSED, void *ptr UNUSED)
{
    return cmd == BIO_CTRL_FLUSH;
}

static int
bio_create(BIO *b)
{
    BIO_set_init(b, 1);
    return 1;
}

static void
bio_make(void)
{
    method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "chain");
    if (!method)
        return;
    BIO_meth_set_read_ex(method, bio_read);
    BIO_meth_set_write_ex(method, bio_write);
    BIO_meth_set_ctrl(method, bio_ctrl);
    BIO_meth_set_create(method, bio_create);
}

bool
tls_bio_attach(struct tls *t)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, bio_make);
    BIO *b = method ? BIO_new(method) : NULL;
    if (!b)
        return false;
    BIO_set_data(b, t);
    SSL_set_bio(t->ssl, b, b);
    return true;
}
