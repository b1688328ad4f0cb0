/* What to do about it, by reason. */
#include "proxy/advice.h"

#include "base/print.h"
#include "pki/chain_shown.h"

static const struct {
    enum reason reason;
    const char *text;
} advices[] = {
    {REASON_BAD_REQUEST,
     "Requests that two programs could read in two ways are not forwarded.\n"
     "To study them: --allow-malformed forwards them byte for byte, one connection each.\n"},
    {REASON_BAD_RESPONSE,
     "To see what the server sent: weir dump --detail 2. To let it through: --allow-malformed.\n"
     "To ask servers by HTTP/1 alone, whatever the client speaks: --no-http2-server.\n"},
    {REASON_BAD_MESSAGE, "To let such messages through as they are: --allow-malformed.\n"},
    {REASON_BAD_TARGET,
     "Weir is an HTTP proxy: set it as the proxy of your program, do not open it as a server.\n"
     "For curl: curl --proxy http://ADDRESS:PORT URL. The certificate is at http://weir.it/.\n"},
    {REASON_PROXY_AUTH,
     "Give the program the user and password of --proxyauth: http://USER:PASSWORD@ADDRESS:PORT.\n"},
    {REASON_BLOCKED_CLIENT,
     "To serve such clients on purpose: --no-block-global or --no-block-private.\n"},
    {REASON_DENIED_TARGET, "The list is the option --deny-targets.\n"},
    {REASON_OWN_LISTENER,
     "The request would come back to this proxy for ever. Check the proxy settings of the\n"
     "program, and whether the name resolves to this machine.\n"},
    {REASON_DNS, "Check the spelling of the name and the resolver (/etc/resolv.conf).\n"
                 "To answer a name by hand: --resolve HOST:PORT:ADDRESS.\n"},
    {REASON_CONNECT,
     "Check that the server runs and that this machine may reach it. --resolve HOST:PORT:ADDRESS\n"
     "sends a name elsewhere.\n"},
    {REASON_CONNECT_TIMEOUT, "The time is the option --connect-time.\n"},
    {REASON_TLS_SERVER,
     "Old servers may need --tls-version-server-min or --ciphers-server; a server that asks for a\n"
     "certificate needs --client-certs.\n"},
    {REASON_TLS_VERIFY,
     "No byte of the request was sent. To trust the server's own authority: --upstream-ca FILE.\n"
     "To show the client the same fault: --on-invalid-upstream mirror.\n"
     "To go on with this host all the same: --insecure-host HOST. With any: --ssl-insecure "
     "(-k).\n"},
    {REASON_SERVER_TIMEOUT, "The time is the option --idle-time.\n"},
    {REASON_CLIENT_TIMEOUT,
     "The times are the options --head-time, --body-rate and --idle-time.\n"},
    {REASON_LIMIT, "weir options lists the limits.\n"},
};

/* The chain as the server showed it. */
static void
advice_chain(struct buf *out, const struct flow *f)
{
    const struct peer_tls *t = f->server ? f->server->tls : NULL;
    if (!t || !t->verdict_text || !t->n_certs)
        return;
    buf_append(out, SLICE("verdict: "));
    print_safe(out, slice_str(t->verdict_text), true);
    buf_append(out, SLICE("\nthe chain that the server showed:\n"));
    chain_shown_print(out, t);
}

const char *
advice_text(enum reason r)
{
    for (size_t i = 0; i < ARRAY_LEN(advices); i++)
        if (advices[i].reason == r)
            return advices[i].text;
    return "";
}

void
advice_print(struct buf *out, const struct config *c, const struct flow *f,
             const struct failure *why)
{
    (void)c;
    advice_chain(out, f);
    buf_append(out, slice_str(advice_text(why->reason)));
}
