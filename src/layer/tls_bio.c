/* What joins OpenSSL to the chain: a BIO that reads the bytes of the event and writes to the layer
 * below. */
#include "layer/tls_state.h"

#include <pthread.h>

static BIO_METHOD *method; /* made once, never freed */

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

/* Takes everything, always: chain_full is for those who send. */
static int
bio_write(BIO *b, const char *p, size_t n, size_t *took)
{
    struct tls *t = BIO_get_data(b);
    BIO_clear_retry_flags(b);
    t->wrote = true;
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

static void
on_sent(struct tls *t, int type, struct slice msg)
{
    if (type == SSL3_RT_ALERT && msg.n && msg.p[0] == SSL3_AL_FATAL)
        t->alerted = true;
    if (type == SSL3_RT_HANDSHAKE && msg.n && msg.p[0] == SSL3_MT_CERTIFICATE)
        t->shown = true;
}

static void
on_received(struct tls *t, int type, struct slice msg)
{
    /* TLS 1.3 hides the type of a record inside, behind the header's. */
    bool record = type == SSL3_RT_HEADER || type == SSL3_RT_INNER_CONTENT_TYPE;
    if (record && msg.n && msg.p[0] != SSL3_RT_APPLICATION_DATA)
        t->idle_records++;
    if (type == SSL3_RT_HANDSHAKE && msg.n && msg.p[0] == SSL3_MT_CERTIFICATE)
        tls_facts_shown(t, msg);
}

static void /* NOLINTNEXTLINE(readability-function-size): the parameters are OpenSSL's */
on_message(int sent, int version, int type, const void *p, size_t n, SSL *ssl, void *arg)
{
    (void)version;
    (void)ssl;
    if (sent)
        on_sent(arg, type, slice_of(p, n));
    else
        on_received(arg, type, slice_of(p, n));
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
    SSL_set_msg_callback(t->ssl, on_message);
    SSL_set_msg_callback_arg(t->ssl, t);
    return true;
}
