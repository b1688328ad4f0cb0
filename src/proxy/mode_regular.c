/* The explicit HTTP proxy: CONNECT and requests in absolute form. */
#include "layer/exchange.h"
#include "layer/h1.h"
#include "proxy/mode.h"
#include "proxy/session.h"

static bool
regular_accept(struct session *s)
{
    struct layer *h1 = h1_new(&s->host, ROLE_ACCEPT);
    struct fan *fan = h1 ? fan_new(exchange_arrive) : NULL;
    if (!fan) {
        if (h1)
            h1->ops->destroy(h1);
        return false;
    }
    chain_push(s->client, h1);
    chain_push(s->client, &fan->layer);
    s->fan = fan;
    return true;
}

const struct mode_ops mode_regular = {.name = "regular", .port = 8080, .accept = regular_accept};
