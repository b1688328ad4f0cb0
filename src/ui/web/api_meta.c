/* Handlers: what the program is, how it fares, what it has done. */
#include "codec/encoding.h"
#include "io/stream.h"
#include "pki/ca.h"
#include "proxy/proxy.h"
#include "proxy/setup.h"
#include "ui/web/control.h"
#include "ui/web/hearing.h"
#include "ui/web/journal.h"
#include "ui/web/openapi.h"
#include "ui/web/route.h"

#define API_VERSION 1

enum call_state
api_home(struct call *c)
{
    buf_append(
        &c->out,
        SLICE("<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Weir</title>\n"
              "<h1>Weir</h1>\n<p>The control API is at <code>/api/v1</code>, and described at "
              "<code>/api/v1/openapi.json</code>.</p></html>\n"));
    c->type = "text/html; charset=utf-8";
    return CALL_DONE;
}

enum call_state
api_openapi(struct call *c)
{
    openapi_json(&c->json);
    return CALL_DONE;
}

enum call_state
api_version(struct call *c)
{
    json_begin_object(&c->json, NULL);
    json_str(&c->json, "name", "weir");
    json_str(&c->json, "version", WEIR_VERSION);
    json_u64(&c->json, "api", API_VERSION);
    json_end_object(&c->json);
    return CALL_DONE;
}

enum call_state
api_codings(struct call *c)
{
    struct json *j = &c->json;
    json_begin_object(j, NULL);
    json_begin_array(j, "codings");
    for (size_t i = 0; encoding_at(i); i++)
        if (encoding_at(i)->new_coder)
            json_str(j, NULL, encoding_at(i)->name);
    json_end_array(j);
    json_end_object(j);
    return CALL_DONE;
}

/* Numbers ----------------------------------------------------------------------------------- */

struct number {
    const char *name, *help;
    bool now; /* it goes down, too */
    unsigned long value;
};

#define NUMBERS 10

static void
read_numbers(const struct control *c, struct number out[NUMBERS])
{
    const struct proxy_counters *n = proxy_counters(c->given.proxy);
    const struct number all[NUMBERS] = {
        {"connections", "Connections accepted", false, atomic_load(&n->connections)},
        {"clients", "Clients connected now", true, atomic_load(&n->clients)},
        {"refused", "Connections that limits kept out", false, atomic_load(&n->refused)},
        {"flows", "Flows recorded", false, atomic_load(&n->flows)},
        {"limited", "Clients of HTTP/2 that were sent away for going beyond a limit", false,
         atomic_load(&n->limited)},
        {"client_refusals", "Handshakes that clients refused", false,
         atomic_load(&n->client_refusals)},
        {"passed", "Connections whose TLS was left closed", false, atomic_load(&n->passed)},
        {"streams", "Connections open now, of all kinds", true, stream_count()},
        {"calls", "Requests to the control API answered", false, c->n_calls},
        {"hooks_dropped", "Moments that clients of the feed were too slow for", false,
         hub_dropped(c->hub)},
    };
    memcpy(out, all, sizeof(all));
}

enum call_state
api_statistics(struct call *c)
{
    struct number all[NUMBERS];
    read_numbers(c->control, all);
    json_begin_object(&c->json, NULL);
    json_time(&c->json, "started", c->control->started);
    for (size_t i = 0; i < NUMBERS; i++)
        json_u64(&c->json, all[i].name, all[i].value);
    json_end_object(&c->json);
    return CALL_DONE;
}

enum call_state
api_metrics(struct call *c)
{
    struct number all[NUMBERS];
    read_numbers(c->control, all);
    for (size_t i = 0; i < NUMBERS; i++) {
        const char *unit = all[i].now ? "" : "_total";
        buf_printf(&c->out, "# HELP weir_%s%s %s\n# TYPE weir_%s%s %s\nweir_%s%s %lu\n",
                   all[i].name, unit, all[i].help, all[i].name, unit,
                   all[i].now ? "gauge" : "counter", all[i].name, unit, all[i].value);
    }
    buf_printf(&c->out,
               "# HELP weir_start_time_seconds Start of the program since 1970\n"
               "# TYPE weir_start_time_seconds gauge\nweir_start_time_seconds %llu\n",
               (unsigned long long)(c->control->started / 1000000000));
    return CALL_DONE;
}

/* Hooks ------------------------------------------------------------------------------------- */

enum call_state
api_hooks(struct call *c)
{
    enum stage stage;
    json_begin_object(&c->json, NULL);
    json_begin_array(&c->json, "hooks");
    for (enum hook_id i = 0; i < HOOKS_N; i++) {
        json_begin_object(&c->json, NULL);
        json_str(&c->json, "name", hook_rows[i].name);
        json_str(&c->json, "mitmproxy", hook_rows[i].mitmproxy);
        json_bool(&c->json, "waits", hook_stage(i, &stage));
        json_str(&c->json, "help", hook_rows[i].help);
        json_end_object(&c->json);
    }
    json_end_array(&c->json);
    json_end_object(&c->json);
    return CALL_DONE;
}

/* Journals ---------------------------------------------------------------------------------- */

static enum call_state
put_journal(struct call *c, struct journal *j)
{
    uint64_t after;
    if (!call_number(c, "after", 0, UINT64_MAX, &after))
        return CALL_DONE;
    json_begin_object(&c->json, NULL);
    journal_json(j, &c->json, "lines", after);
    json_end_object(&c->json);
    return CALL_DONE;
}

enum call_state
api_events(struct call *c)
{
    return put_journal(c, c->control->events);
}

enum call_state
api_events_clear(struct call *c)
{
    journal_clear(c->control->events);
    json_begin_object(&c->json, NULL);
    json_bool(&c->json, "done", true);
    json_end_object(&c->json);
    return CALL_DONE;
}

enum call_state
api_audit(struct call *c)
{
    return put_journal(c, c->control->audit);
}

/* The authority ----------------------------------------------------------------------------- */

static const struct {
    const char *name, *type, *disposition;
    enum ca_format format;
} ca_forms[] = {
    {"pem", "application/x-pem-file", "attachment; filename=weir-ca-cert.pem", CA_PEM},
    {"cer", "application/x-x509-ca-cert", "attachment; filename=weir-ca-cert.cer", CA_DER},
    {"p12", "application/x-pkcs12", "attachment; filename=weir-ca-cert.p12", CA_P12},
};

enum call_state
api_ca(struct call *c)
{
    struct err e = {0};
    for (size_t i = 0; i < ARRAY_LEN(ca_forms); i++) {
        if (!slice_eq(c->params[0], slice_str(ca_forms[i].name)))
            continue;
        c->type = ca_forms[i].type;
        if (!ca_export(c->control->setup->ca, ca_forms[i].format, &c->out, &e) ||
            !call_field(c, "Content-Disposition", slice_str(ca_forms[i].disposition)))
            return call_fail(c, 500, "failed", "%s", e.text);
        return CALL_DONE;
    }
    return call_missing(c, "form of the certificate");
}
