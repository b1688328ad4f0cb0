/* From plaintext to records: what belongs together leaves in one. And our last words. */
#include "codec/alert.h"
#include "layer/tls_state.h"

/* Bytes. It is given back with every flush: there are thousands of idle connections. */
#define OUT_FIRST ((size_t)2048)

static void
give_up(struct tls *t)
{
    if (t->state == TLS_OPEN)
        t->state = TLS_DEAD;
    chain_fail(t->layer.chain);
}

static void
write_records(struct tls *t, struct slice data)
{
    while (data.n) {
        size_t took = 0;
        tls_forget_errors();
        /* The BIO takes everything: what fails is memory. */
        if (SSL_write_ex(t->ssl, data.p, data.n, &took) != 1) {
            tls_forget_errors();
            give_up(t);
            return;
        }
        data = slice_from(data, took);
    }
}

void
tls_flush(struct tls *t)
{
    if (t->state != TLS_OPEN || !buf_len(&t->out))
        return;
    write_records(t, buf_slice(&t->out));
    buf_release(&t->out);
}

static void
collect(struct tls *t, struct slice data)
{
    /* Room for the head and the content of a small message at once, then for a whole record. */
    size_t n = buf_len(&t->out), room = n + data.n <= OUT_FIRST ? OUT_FIRST : TLS_RECORD;
    if (data.n && n + data.n > t->out.cap && !buf_reserve(&t->out, MAX(data.n, room - n)))
        give_up(t);
    buf_append(&t->out, data);
    if (t->out.failed)
        give_up(t);
}

/* Whole records are made of the caller's own bytes; what is less waits for more, or for the end of
 * the turn. */
void
tls_send(struct tls *t, struct slice data)
{
    if (t->state == TLS_DEAD || t->shut)
        return;
    /* Who sends may be in the turn of another chain: CMD_FLUSH comes to those that were touched. */
    chain_touch(t->layer.chain);
    if (t->state != TLS_OPEN) {
        collect(t, data);
        return;
    }
    size_t waiting = buf_len(&t->out);
    if (waiting && waiting + data.n >= TLS_RECORD) {
        struct slice first = slice_first(data, waiting < TLS_RECORD ? TLS_RECORD - waiting : 0);
        collect(t, first);
        tls_flush(t);
        data = slice_from(data, first.n);
    }
    size_t whole = buf_len(&t->out) ? 0 : data.n - data.n % TLS_RECORD;
    write_records(t, slice_first(data, whole));
    if (t->state == TLS_OPEN)
        collect(t, slice_from(data, whole));
}

void
tls_goodbye(struct tls *t)
{
    tls_flush(t);
    if (t->state != TLS_OPEN || t->torn)
        return;
    tls_forget_errors();
    SSL_shutdown(t->ssl);
    tls_forget_errors();
}

/* OpenSSL has no call that sends an alert. In whatever state it is, records of a type that does not
 * exist are answered with one: 3 is such a type, 3.3 the version, and 0x0303 a size that is
 * allowed. */
static void
provoke_alert(struct tls *t)
{
    char junk[1024], drop[1024];
    memset(junk, 3, sizeof(junk));
    /* So often that every record which was begun is filled. */
    for (size_t n = 0; n < 2 * (size_t)SSL3_RT_MAX_PACKET_SIZE && !t->alerted; n += sizeof(junk)) {
        size_t got;
        t->in = slice_of(junk, sizeof(junk));
        tls_forget_errors();
        int r = SSL_read_ex(t->ssl, drop, sizeof(drop), &got);
        if (r != 1 && SSL_get_error(t->ssl, r) != SSL_ERROR_WANT_READ)
            break;
    }
    t->in = SLICE_NONE;
    tls_forget_errors();
}

void
tls_plain_alert(struct tls *t, uint8_t alert)
{
    char level = alert_is_warning(alert) ? SSL3_AL_WARNING : SSL3_AL_FATAL;
    char record[] = {SSL3_RT_ALERT, 3, 1, 0, 2, level, (char)alert};
    layer_send(&t->layer, slice_of(record, sizeof(record)));
    t->alerted = true;
}

static uint8_t
early_alert(const struct tls *t)
{
    static const uint8_t codes[] = {
        [HELLO_MORE] = SSL_AD_CLOSE_NOTIFY,
        [HELLO_OK] = SSL_AD_INTERNAL_ERROR,
        [HELLO_NOT_TLS] = SSL_AD_UNEXPECTED_MESSAGE,
        [HELLO_BAD] = SSL_AD_DECODE_ERROR,
        [HELLO_ILLEGAL] = SSL_AD_ILLEGAL_PARAMETER,
        [HELLO_OVERFLOW] = SSL_AD_RECORD_OVERFLOW,
        [HELLO_UNEXPECTED] = SSL_AD_UNEXPECTED_MESSAGE,
    };
    return codes[t->first];
}

void
tls_last_alert(struct tls *t)
{
    if (t->ssl && !t->alerted)
        provoke_alert(t);
    if (t->role == ROLE_ACCEPT && !t->alerted && !t->wrote)
        tls_plain_alert(t, early_alert(t));
}
