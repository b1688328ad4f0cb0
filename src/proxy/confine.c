/* The sandbox by configuration. */
#include "proxy/confine.h"

#include "base/log.h"
#include "io/sandbox.h"

#include <stdlib.h>

/* The file of '@FILE', or NULL. */
static const char *
password_file(const struct config *c)
{
    return c->proxyauth && c->proxyauth[0] == '@' ? c->proxyauth + 1 : NULL;
}

bool
confine(const struct config *c, struct err *e)
{
    if (!c->sandbox)
        return true;
    const struct sandbox_file files[] = {
        {.path = c->confdir},
        {.path = c->upstream_ca},
        {.path = c->upstream_crl},
        {.path = c->client_certs},
        {.path = password_file(c)},
        {.path = getenv("SSL_CERT_FILE")},
        {.path = getenv("SSL_CERT_DIR")},
        {.path = c->port_file, .write = true},
    };
    struct buf holds;
    buf_init(&holds, 4096);
    bool good = sandbox_enter(files, ARRAY_LEN(files), &holds, e);
    if (good) {
        err_explain_denied(" (unless it is the sandbox, which lets only be opened what was named "
                           "at the start: start again, or with --no-sandbox)");
        log_line(LOG_DEBUG, "the sandbox holds: %s", buf_str(&holds));
    }
    buf_release(&holds);
    return good;
}
