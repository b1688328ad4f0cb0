/* From ciphertext to plaintext, and the end of it. */
#include "layer/tls_state.h"

#include <assert.h>
#include <openssl/err.h>

/* Records without data, one behind the other. KeyUpdate, tickets, empty records: a flood of them is
 * work for nothing. */
#define IDLE_RECORDS_MAX 32

/* Records are decrypted to here. The bytes live for one event, so one for all connections of a
 * thread will do. */
static _Thread_local struct {
    char bytes[64u << 10];
    bool used;
} scratch;

/*
 * Fills 'to' from as many records as there are; *error says why it stopped before. A record that
 * holds no data ends a call of OpenSSL as if nothing was left to read.
 */
static size_t
read_records(struct tls *t, char *to, size_t room, int *error)
{
    size_t n = 0;
    *error = SSL_ERROR_NONE;
    while (n < room) {
        size_t got = 0, before = t->in.n;
        tls_forget_errors();
        int r = SSL_read_ex(t->ssl, to + n, room - n, &got);
        if (r == 1) {
            n += got;
            t->idle_records = 0;
            if (t->in.n || SSL_has_pending(t->ssl))
                continue;
            *error = SSL_ERROR_WANT_READ; /* what another call would find out */
            break;
        }
        *error = SSL_get_error(t->ssl, r);
        if (t->in.n && t->in.n == before)
            t->idle_records++;
        if (*error != SSL_ERROR_WANT_READ || !t->in.n || t->idle_records > IDLE_RECORDS_MAX)
            break;
        *error = SSL_ERROR_NONE;
    }
    if (n)
        t->got_data = true;
    return n;
}

/* Offers what is held and 'data' behind it; keeps what was not taken. */
static void
offer(struct tls *t, struct slice data)
{
    bool direct = buf_len(&t->held) == 0;
    t->more = false;
    if (!direct)
        buf_append(&t->held, data);
    struct slice all = direct ? data : buf_slice(&t->held);
    size_t took =
        t->held.failed ? 0 : layer_up(&t->layer, &(struct event){.type = EV_DATA, .data = all});
    assert(took <= all.n);
    if (direct)
        buf_append(&t->held, slice_from(all, took));
    else
        buf_consume(&t->held, took);
    if (t->held.failed && t->state == TLS_OPEN) {
        struct failure why;
        failure_set(&why, REASON_MEMORY, NULL);
        tls_fail(t, &why);
    }
    if (buf_len(&t->held) == 0)
        buf_release(&t->held);
}

static void
end_of_data(struct tls *t, bool clean)
{
    if (t->layer.ended)
        return;
    tls_judge_silence(t);
    layer_up(&t->layer, &(struct event){.type = EV_EOF, .clean = clean});
}

/* There is no more data now. */
static void
stopped(struct tls *t, int error)
{
    struct failure why;
    if (error == SSL_ERROR_ZERO_RETURN) {
        t->in = SLICE_NONE; /* nothing counts behind close_notify */
        end_of_data(t, true);
    } else if (error != SSL_ERROR_WANT_READ) {
        tls_explain(t, &why);
        tls_fail(t, &why);
    } else if (t->idle_records > IDLE_RECORDS_MAX) {
        tls_explain_flood(t, &why);
        tls_fail(t, &why);
    } else if (t->eof) {
        end_of_data(t, false);
    }
}

void
tls_read(struct tls *t)
{
    int error = SSL_ERROR_NONE;
    if (t->more || buf_len(&t->held))
        offer(t, SLICE_NONE);
    while (t->state == TLS_OPEN && error == SSL_ERROR_NONE && buf_len(&t->held) < LAYER_HELD_MAX) {
        assert(!scratch.used);
        scratch.used = true;
        size_t n =
            read_records(t, scratch.bytes,
                         MIN(sizeof(scratch.bytes), LAYER_HELD_MAX - buf_len(&t->held)), &error);
        if (n)
            offer(t, slice_of(scratch.bytes, n));
        scratch.used = false;
    }
    if (t->state == TLS_OPEN && error != SSL_ERROR_NONE)
        stopped(t, error);
}
