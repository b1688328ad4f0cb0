/* MySQL and MariaDB: the client answers the greeting with SSLRequest and goes on with TLS (their
 * documentation, "Connection Phase"). */
#include "codec/starttls.h"

#define HEADER       4 /* length in three bytes, number of the packet */
#define REQUEST_SIZE 36
#define CLIENT_SSL   0x08 /* in the second byte of the capabilities */
#define PROTOCOL     10

static int
detect(struct slice first)
{
    /* The first packet, with the number 0, shorter than 64 KiB, of version 10. */
    if (first.n > HEADER)
        return first.p[2] == 0 && first.p[3] == 0 && first.p[HEADER] == PROTOCOL;
    return first.n >= 3 && first.p[2] != 0 ? 0 : -1;
}

static size_t
on_client(struct starttls *s, struct slice in)
{
    static const char request[] = {REQUEST_SIZE - HEADER, 0, 0, 1};
    struct slice want = slice_of(request, sizeof request);
    if (!slice_starts(in, slice_first(want, in.n)) ||
        (in.n > HEADER + 1 && !(in.p[HEADER + 1] & CLIENT_SSL))) {
        s->state = STARTTLS_OVER;
        return 0;
    }
    if (in.n < REQUEST_SIZE)
        return 0;
    s->state = STARTTLS_CHANGE;
    return REQUEST_SIZE;
}

static size_t
on_server(struct starttls *s, struct slice in)
{
    (void)s;
    return in.n;
}

const struct starttls_ops starttls_mysql = {
    .name = "mysql",
    .first = STARTTLS_SERVER,
    .detect = detect,
    .take = {on_client, on_server},
};
