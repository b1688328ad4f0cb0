/* Why TLS failed, in words. The texts about clients begin with a word for programs: see
 * layer/tls.h. */
#include "base/clock.h"
#include "codec/alert.h"
#include "layer/tls_alert.h"
#include "layer/tls_state.h"

#include <openssl/err.h>
#include <stdio.h>

#define PARAMETERS "handshake-failed:parameters"
#define PROTOCOL   "handshake-failed:protocol"
#define PROXY      "handshake-failed:proxy"

/* OpenSSL's words are for those who know it. */
static const struct {
    int reason;
    const char *word, *text;
} rows[] = {
    {SSL_R_NO_SHARED_CIPHER, PARAMETERS, "there is no cipher suite in common"},
    {SSL_R_NO_CIPHERS_AVAILABLE, PARAMETERS, "our options leave no cipher suite"},
    {SSL_R_UNSUPPORTED_PROTOCOL, PARAMETERS, "there is no version of TLS in common"},
    {SSL_R_VERSION_TOO_LOW, PARAMETERS, "there is no version of TLS in common: theirs is too old"},
    {SSL_R_WRONG_SSL_VERSION, PARAMETERS, "there is no version of TLS in common"},
    {SSL_R_NO_PROTOCOLS_AVAILABLE, PARAMETERS, "our options leave no version of TLS"},
    {SSL_R_INAPPROPRIATE_FALLBACK, PARAMETERS,
     "a lower version than both sides know was asked for"},
    {SSL_R_NO_APPLICATION_PROTOCOL, PARAMETERS,
     "there is no application protocol (ALPN) in common"},
    {SSL_R_NO_SUITABLE_KEY_SHARE, PARAMETERS, "there is no key exchange group in common"},
    {SSL_R_NO_SHARED_GROUPS, PARAMETERS, "there is no key exchange group in common"},
    {SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, PARAMETERS,
     "there is no signature algorithm in common"},
    {SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS, PARAMETERS, "there is no signature algorithm in common"},
    {SSL_R_WRONG_SIGNATURE_TYPE, PARAMETERS, "a signature is of a kind that was not offered"},
    {SSL_R_DH_KEY_TOO_SMALL, PARAMETERS, "the key of the key exchange is too small"},
    {SSL_R_EE_KEY_TOO_SMALL, PARAMETERS, "the key of the certificate is too small"},
    {SSL_R_UNSAFE_LEGACY_RENEGOTIATION_DISABLED, PARAMETERS,
     "secure renegotiation (RFC 5746) is not supported"},
    {SSL_R_CERTIFICATE_VERIFY_FAILED, PROTOCOL, "the certificate is not good"},
    {SSL_R_WRONG_VERSION_NUMBER, PROTOCOL, "what came is not TLS"},
    {SSL_R_HTTP_REQUEST, PROTOCOL, "what came is plain HTTP"},
    {SSL_R_EXCESSIVE_MESSAGE_SIZE, PROTOCOL,
     "a message is larger than Weir reads (128 KiB of certificates, little of all else)"},
    {SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, PROTOCOL, "a record is damaged or forged"},
};

/* 'word' is for clients only. What has begun as a connection did not fail as a handshake. */
static void
explain(const struct tls *t, struct failure *why, const char *word, const char *text)
{
    if (t->got_data) {
        failure_set(why, t->role == ROLE_ACCEPT ? REASON_CLIENT_CLOSED : REASON_SERVER_CLOSED,
                    "its TLS connection failed: %s", text);
        return;
    }
    failure_set(why, t->role == ROLE_ACCEPT ? REASON_TLS_CLIENT : REASON_TLS_SERVER, "%s", text);
    if (t->role == ROLE_ACCEPT)
        snprintf(why->text, sizeof(why->text), "%s: %s", word, text);
}

static void
explain_alert(struct tls *t, struct failure *why, int alert)
{
    const char *name = alert_name(alert), *meaning = tls_alert_meaning(alert, t->role);
    char word[64], text[200];
    bool client = t->role == ROLE_ACCEPT;
    t->alerted = true;
    if (tls_alert_kind(alert) == TLS_ALERT_PARAMETERS)
        snprintf(word, sizeof(word), PARAMETERS);
    else
        snprintf(word, sizeof(word), "refused:alert(%s)", name);
    if (meaning && client && tls_alert_kind(alert) == TLS_ALERT_TRUST)
        snprintf(text, sizeof(text), "%s", meaning);
    else
        snprintf(text, sizeof(text), "the %s sent the alert %s%s%s", client ? "client" : "server",
                 name, meaning ? ": " : "", meaning ? meaning : "");
    explain(t, why, word, text);
}

static void
explain_openssl(const struct tls *t, struct failure *why, unsigned long code)
{
    const char *text = ERR_reason_error_string(code);
    int reason = ERR_GET_LIB(code) == ERR_LIB_SSL ? ERR_GET_REASON(code) : -1;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i].reason == reason) {
            explain(t, why, rows[i].word, rows[i].text);
            return;
        }
    explain(t, why, PROTOCOL, text ? text : "it ended without a reason");
}

/* The newest of OpenSSL's own errors: those below it say what it stumbled over in a certificate or
 * a key. */
static unsigned long
take_error(void)
{
    unsigned long code, best = 0;
    while ((code = ERR_get_error()))
        if (!best || ERR_GET_LIB(code) == ERR_LIB_SSL)
            best = code;
    return best;
}

void
tls_explain(struct tls *t, struct failure *why)
{
    unsigned long code = take_error();
    int alert = ERR_GET_LIB(code) == ERR_LIB_SSL ? ERR_GET_REASON(code) - SSL_AD_REASON_OFFSET : -1;
    if (t->role == ROLE_ACCEPT && t->first == HELLO_NOT_TLS)
        explain(t, why, "not-tls", "the first bytes of the client are not TLS");
    else if (t->role == ROLE_ACCEPT && t->first > HELLO_OK)
        explain(t, why, PROTOCOL, "the ClientHello is malformed");
    else if (ERR_COMMON_ERROR(code))
        explain(t, why, PROXY, "OpenSSL failed, most likely for want of memory");
    else if (alert > 0)
        explain_alert(t, why, alert);
    else
        explain_openssl(t, why, code);
}

void
tls_explain_eof(const struct tls *t, struct failure *why)
{
    if (t->role == ROLE_CONNECT)
        explain(t, why, "", "the server closed the connection");
    else if (t->shown)
        explain(t, why, "refused:eof-in-handshake",
                "the client closed when it had seen the certificate: it may not trust Weir's CA, "
                "or pin another one");
    else
        explain(t, why, "left", "the client closed before it was shown a certificate");
}

void
tls_explain_lost(const struct tls *t, const struct failure *lost, struct failure *why)
{
    if (t->role == ROLE_CONNECT)
        explain(t, why, "", lost->text);
    else if (t->shown)
        explain(t, why, "refused:reset",
                "the connection broke when the client had seen the certificate: it may not trust "
                "Weir's CA, or pin "
                "another one");
    else
        explain(t, why, "left", "the connection broke before the client was shown a certificate");
}

void
tls_explain_timeout(const struct tls *t, struct failure *why)
{
    char text[120];
    double s = (double)t->layer.chain->host->limits->handshake_time / (double)NS_PER_S;
    snprintf(text, sizeof(text), "the %s did not complete it within %g s",
             t->role == ROLE_ACCEPT ? "client" : "server", s);
    explain(t, why, "silent", text);
    if (t->role == ROLE_CONNECT)
        why->status = 504;
}

void
tls_explain_silence(struct failure *why)
{
    failure_set(why, REASON_TLS_CLIENT, NULL);
    snprintf(why->text, sizeof(why->text),
             "refused:closed-after-handshake: the client closed after the handshake and sent "
             "nothing: it may pin its "
             "certificate or not trust Weir's CA");
}

void
tls_explain_proxy(const struct tls *t, const char *text, struct failure *why)
{
    explain(t, why, PROXY, text);
}

void
tls_explain_flood(const struct tls *t, struct failure *why)
{
    explain(t, why, PROTOCOL, "it sends records without data and no end (KeyUpdate and the like)");
}
