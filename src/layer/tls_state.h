/* The inside of the TLS layer, for its own files. */
#pragma once

#include "codec/hello.h"
#include "layer/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

/* Plaintext in one record, at most. */
#define TLS_RECORD 16384
/* Plaintext that may wait for the end of the handshake. */
#define TLS_OUT_MAX (64u << 10)

enum tls_state {
    TLS_HELLO,     /* accept: the ClientHello is not all there */
    TLS_ASKED,     /* accept: the host looks for an answer */
    TLS_HANDSHAKE, /* or, to connect, not yet begun */
    TLS_OPEN,
    TLS_DEAD, /* what still comes is dropped */
};

/* The ClientHello with the bytes that it points to, for as long as the host looks at it. */
struct tls_hello {
    struct hello hello;
    struct buf scratch;
    char bytes[];
};

struct tls;

/* The question about how to go on, while it waits. */
struct tls_ask {
    struct ask ask;
    struct tls *tls;
};

struct tls {
    struct layer layer;
    enum role role;
    enum tls_state state;
    SSL *ssl;
    struct tls_ask *ask;
    struct tls_hello *hello;
    enum hello_result first; /* accept: what the client's first bytes are */
    struct slice in;         /* what OpenSSL may read, for the time of an event */
    struct buf held;         /* plaintext that was not taken */
    struct buf out;          /* plaintext that waits, to leave in one record */
    uint64_t opened;         /* monotonic: the end of the handshake */
    unsigned idle_records;   /* received since the last data */
    bool wrote;              /* OpenSSL has sent something */
    bool shown;              /* our certificate was sent */
    bool alerted;            /* a fatal alert was sent or received: none is owed */
    bool got_data;           /* plaintext came */
    bool more;               /* CMD_MORE came from above */
    bool eof;                /* the transport has ended */
    bool closed_up;          /* EV_CLOSED has gone up */
    bool shut;               /* CMD_SHUT came */
    bool torn;               /* CMD_TORN came: no close_notify */
};

static inline struct tls *
tls_of(struct layer *l)
{
    return container_of(l, struct tls, layer);
}

/* What is in OpenSSL's queue would be taken for an error of the next call. To clear it when it is
 * empty costs as much as to encrypt a kilobyte. */
static inline void
tls_forget_errors(void)
{
    if (ERR_peek_error())
        ERR_clear_error();
}

/* tls.c */

/* Begins the handshake with t->ssl. false without memory. */
bool tls_begin(struct tls *t) MUST_CHECK;
/* The end: the alert, the news to the host and above, the close. */
void tls_fail(struct tls *t, const struct failure *why);
/* The client has gone. When that is how it refuses our certificate, the host hears of it. */
void tls_judge_silence(struct tls *t);

/* tls_hello.c */

/* Reads the first bytes of a client, takes none of them, and asks the host. */
void tls_greet(struct tls *t, struct slice in);
/* The host need not answer any more. */
void tls_withdraw(struct tls *t);

/* tls_read.c: decrypts what is in t->in, and offers it. */
void tls_read(struct tls *t);

/* tls_write.c */

void tls_send(struct tls *t, struct slice data);
void tls_flush(struct tls *t);
/* close_notify, behind all that was sent. */
void tls_goodbye(struct tls *t);
/* The alert that is still owed. */
void tls_last_alert(struct tls *t);
/* One in the clear: the handshake has not come to keys. */
void tls_plain_alert(struct tls *t, uint8_t alert);

/* tls_bio.c: joins the SSL to the layer below, and listens to its messages. false without memory.
 */
bool tls_bio_attach(struct tls *t) MUST_CHECK;

/* tls_facts.c: notes in the facts of the connection what a ClientHello said, what certificates a
 * server showed ('msg' is its Certificate message), and what the handshake agreed on. */

void tls_facts_hello(struct tls *t, const struct hello *h);
void tls_facts_shown(struct tls *t, struct slice msg);
void tls_facts_agreed(struct tls *t);

/* tls_failure.c */

/* Why the last call of OpenSSL failed, out of its error queue, which is empty after. */
void tls_explain(struct tls *t, struct failure *why);
void tls_explain_eof(const struct tls *t, struct failure *why);
void tls_explain_lost(const struct tls *t, const struct failure *lost, struct failure *why);
void tls_explain_timeout(const struct tls *t, struct failure *why);
void tls_explain_silence(struct failure *why);
/* Our own fault. */
void tls_explain_proxy(const struct tls *t, const char *text, struct failure *why);
void tls_explain_flood(const struct tls *t, struct failure *why);
