/* PostgreSQL: SSLRequest, answered by one letter (its documentation, "Message Flow", SSL Session
 * Encryption). */
#include "codec/starttls.h"

#define REQUEST_SIZE 8
#define SSL_REQUEST  "\x00\x00\x00\x08\x04\xd2\x16\x2f"
#define GSS_REQUEST  "\x00\x00\x00\x08\x04\xd2\x16\x30"

static int
detect(struct slice first)
{
    struct slice head = slice_first(first, REQUEST_SIZE);
    struct slice ssl = slice_of(SSL_REQUEST, REQUEST_SIZE);
    struct slice gss = slice_of(GSS_REQUEST, REQUEST_SIZE);
    if (!slice_starts(ssl, head) && !slice_starts(gss, head))
        return 0;
    return head.n < REQUEST_SIZE ? -1 : 1;
}

static size_t
on_client(struct starttls *s, struct slice in)
{
    int is = detect(in);
    if (is > 0) {
        s->state = STARTTLS_ASKED;
        s->tag[0] = in.p[REQUEST_SIZE - 1];
        return REQUEST_SIZE;
    }
    if (is == 0)
        s->state = STARTTLS_OVER;
    return 0;
}

/* 'N' lets the client ask for the other kind, or go on in clear. */
static size_t
on_server(struct starttls *s, struct slice in)
{
    bool ssl = s->tag[0] == SSL_REQUEST[REQUEST_SIZE - 1];
    if (s->state == STARTTLS_ASKED && ssl && in.p[0] == 'S')
        s->state = STARTTLS_CHANGE;
    else if (s->state == STARTTLS_ASKED && in.p[0] == 'N')
        s->state = STARTTLS_WATCH;
    else
        s->state = STARTTLS_OVER;
    return 1;
}

const struct starttls_ops starttls_postgresql = {
    .name = "postgresql",
    .first = STARTTLS_CLIENT,
    .detect = detect,
    .take = {on_client, on_server},
};
