/* The explicit HTTP proxy: CONNECT and requests in absolute form. */
#include "layer/peek.h"
#include "proxy/mode.h"
#include "proxy/session.h"

static bool
regular_accept(struct session *s)
{
    struct layer *peek = peek_new(0); /* HTTP/1, or HTTP/2 without further ado */
    TRY(peek);
    chain_push(s->client, peek);
    s->silent = true;
    return true;
}

const struct mode_ops mode_regular = {.name = "regular", .port = 8080, .accept = regular_accept};
