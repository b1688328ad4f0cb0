/* fault: the response breaks, or TLS does. */
#include "codec/alert.h"
#include "codec/h2_code.h"
#include "rule/act.h"

struct fault_rule {
    struct slice kind;
    uint64_t after;
    struct slice code, alert_text, certificate;
    struct fault fault;
    uint8_t alert;
};

static const struct rule_param params[] = {
    PARAM(fault_rule, kind, "kind", CHOICE, .required = true,
          .choices = "reset|goaway|close|stall|truncate|length|chunk|gzip|alert|certificate",
          .help =
              "reset, goaway and close end the client's connection; of HTTP/2, reset ends the "
              "stream with RST_STREAM and goaway the connection with GOAWAY; stall sends nothing "
              "more, truncate "
              "ends the content early, length promises more than comes, chunk sends a chunk "
              "whose size is no number, gzip sends damaged gzip data; alert is sent in place of "
              "a handshake, certificate shows the client one that is not good"),
    PARAM(fault_rule, after, "after", SIZE, .def = "0",
          .help = "bytes of the content that are sent unharmed before"),
    PARAM(fault_rule, code, "code", TEXT,
          .help =
              "of the kinds reset and goaway, with HTTP/2: a name or a number of RFC 9113 section "
              "7; without it INTERNAL_ERROR and NO_ERROR"),
    PARAM(fault_rule, alert_text, "alert", TEXT, .def = "handshake_failure",
          .help = "of the kind alert: a name or a number of RFC 8446 section 6"),
    PARAM(fault_rule, certificate, "certificate", CHOICE, .def = "expired",
          .choices = "expired|not-yet-valid|wrong-host|untrusted|self-signed|no-san|wildcard-tld|"
                     "wildcard-deep|wildcard-partial|ip-as-name|leaf-as-ca|path-length|"
                     "name-constraints|wrong-eku|unknown-critical|version1|weak-key|sha1|md5|"
                     "bad-signature",
          .help = "of the kind certificate: what is wrong with it"),
    PARAM_END,
};

static const struct {
    struct slice name;
    enum fault_kind kind;
} kinds[] = {
    {{"goaway", 6}, FAULT_GOAWAY}, {{"reset", 5}, FAULT_RESET},       {{"close", 5}, FAULT_CLOSE},
    {{"stall", 5}, FAULT_STALL},   {{"truncate", 8}, FAULT_TRUNCATE}, {{"length", 6}, FAULT_LENGTH},
    {{"chunk", 5}, FAULT_CHUNK},   {{"gzip", 4}, FAULT_GZIP},
};

static bool
is_alert(const struct fault_rule *a)
{
    return slice_eq(a->kind, SLICE("alert"));
}

static bool
is_certificate(const struct fault_rule *a)
{
    return slice_eq(a->kind, SLICE("certificate"));
}

static bool
prepare(void *action, struct err *e)
{
    struct fault_rule *a = action;
    a->fault.after = a->after;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (slice_eq(kinds[i].name, a->kind))
            a->fault.kind = kinds[i].kind;
    a->fault.coded = a->code.n;
    if (a->code.n && !h2_code_find(a->code, &a->fault.code))
        return err_set(e, ERR_USAGE, "'code': '%.*s' is neither a name nor a number of a code",
                       SLICE_ARG(slice_first(a->code, 60)));
    return !is_alert(a) || alert_find(a->alert_text, &a->alert) ||
           err_set(e, ERR_USAGE, "'alert': '%.*s' is neither a name nor a number of an alert",
                   SLICE_ARG(slice_first(a->alert_text, 60)));
}

static enum stage
stage(const void *action)
{
    const struct fault_rule *a = action;
    return is_alert(a) || is_certificate(a) ? STAGE_CLIENT_HELLO : STAGES_N;
}

static const char *
apply(const void *action, struct hook *h)
{
    const struct fault_rule *a = action;
    struct decision *d = h->decision;
    if (is_certificate(a)) {
        /* The rule may be gone before it is shown. */
        d->certificate = arena_dup(h->flow->arena, a->certificate);
        d->failed = !d->certificate.p;
        return act_say(h, "showed a certificate at fault: %.*s", SLICE_ARG(a->certificate));
    }
    if (is_alert(a)) {
        d->end = END_ALERT;
        d->alert = a->alert;
        return act_say(h, "sent the alert %s (%u)", alert_name(a->alert), a->alert);
    }
    d->fault = a->fault;
    return act_say(h, "broke the response: %.*s", SLICE_ARG(a->kind));
}

const struct rule_ops rule_fault = {
    .name = "fault",
    .help = "Breaks the response on its way to the client, or TLS with it.",
    .size = sizeof(struct fault_rule),
    .params = params,
    .stages = ACT_HELLO | ACT_RESPONSE,
    .stage = stage,
    .prepare = prepare,
    .apply = apply,
};
