/* The page that hands out the certificate. */
#include "proxy/onboard.h"

#include "base/print.h"
#include "codec/url.h"
#include "pki/ca.h"
#include "pki/install_help.h"
#include "proxy/page.h"

#include <stdio.h>

#define ONBOARD_MAX (256u << 10)

bool
onboard_is_host(const struct config *c, struct slice host)
{
    return c->onboarding && slice_eq_nocase(host, slice_str(c->onboarding_host));
}

void
onboard_crl_base(const struct config *c, char *out, size_t n)
{
    snprintf(out, n, "http://%s/crl/", c->onboarding_host);
}

static void
onboard_steps(struct buf *out, const struct install_help *h)
{
    struct slice rest = slice_str(h->steps);
    buf_printf(out, "<details id=\"%s\"><summary>", h->platform);
    print_html(out, slice_str(h->title));
    buf_append(out, SLICE("</summary><pre>"));
    /* The certificate lies where the browser saved it: its own name stands for both. */
    while (rest.n) {
        size_t brace = slice_find(rest, '{');
        print_html(out, slice_first(rest, brace));
        rest = slice_from(rest, brace);
        if (slice_starts(rest, SLICE("{cert}"))) {
            buf_append(out, slice_str(h->file));
            rest = slice_from(rest, 6);
        } else if (slice_starts(rest, SLICE("{pem}"))) {
            buf_append(out, SLICE("weir-ca-cert.pem"));
            rest = slice_from(rest, 5);
        } else if (rest.n) {
            print_html(out, slice_first(rest, 1));
            rest = slice_from(rest, 1);
        }
    }
    buf_append(out, SLICE("</pre></details>\n"));
}

static void
onboard_page(struct buf *out)
{
    struct buf body;
    buf_init(&body, ONBOARD_MAX);
    buf_append(&body,
               SLICE("<h1>Weir's certificate</h1>\n<p>Your traffic passes through Weir. To let it "
                     "open TLS, the "
                     "client has to trust the certificate of this installation. Install it only on "
                     "devices that "
                     "are yours or that you may test.</p>\n<ul>"
                     "<li><a href=\"/cert/pem\">weir-ca-cert.pem</a>: Linux, macOS, Firefox, most "
                     "programs</li>"
                     "<li><a href=\"/cert/cer\">weir-ca-cert.cer</a>: Windows, Android, iOS</li>"
                     "<li><a href=\"/cert/p12\">weir-ca-cert.p12</a>: Windows, Java</li></ul>\n"));
    for (const struct install_help *h = install_help; h->platform; h++)
        onboard_steps(&body, h);
    page_html(out, "Weir's certificate", buf_slice(&body));
    buf_release(&body);
}

static const struct {
    struct slice path;
    enum ca_format format;
    const char *type, *disposition;
} certs[] = {
    {{"/cert/pem", 9}, CA_PEM, "application/x-pem-file", "attachment; filename=weir-ca-cert.pem"},
    {{"/cert/cer", 9},
     CA_DER,
     "application/x-x509-ca-cert",
     "attachment; filename=weir-ca-cert.cer"},
    {{"/cert/p12", 9}, CA_P12, "application/x-pkcs12", "attachment; filename=weir-ca-cert.p12"},
};

static bool
onboard_cert(const struct setup *s, struct flow *f, struct slice path, struct buf *b,
             struct slice *content)
{
    for (size_t i = 0; i < ARRAY_LEN(certs); i++) {
        if (!slice_eq(path, certs[i].path))
            continue;
        struct err e;
        return ca_export(s->ca, certs[i].format, b, &e) &&
               page_answer(f, 200, certs[i].type, buf_slice(b), content) &&
               page_field(f, "Content-Disposition", certs[i].disposition);
    }
    return page_answer(f, 404, "text/plain; charset=utf-8", SLICE("weir: there is no such page\n"),
                       content);
}

static bool
onboard_is_crl(const struct setup *s, struct slice path)
{
    char own[160];
    int n = snprintf(own, sizeof(own), "/crl/%s.crl", ca_serial(s->ca));
    return n > 0 && slice_eq_nocase(path, slice_of(own, (size_t)n));
}

bool
onboard_answer(const struct setup *s, struct flow *f, struct slice *content)
{
    struct buf b;
    struct err e;
    struct url u;
    struct slice path = f->req.head.target;
    buf_init(&b, ONBOARD_MAX);
    if (url_parse_absolute(path, &u))
        path = u.path;
    path = slice_cut(&path, '?');
    bool good;
    if (!slice_eq(f->req.head.method, SLICE("GET")) &&
        !slice_eq(f->req.head.method, SLICE("HEAD"))) {
        good =
            page_answer(f, 405, "text/plain; charset=utf-8", SLICE("weir: GET only\n"), content) &&
            page_field(f, "Allow", "GET, HEAD");
    } else if (slice_eq(path, SLICE("/"))) {
        onboard_page(&b);
        good = page_answer(f, 200, "text/html; charset=utf-8", buf_slice(&b), content) &&
               page_field(f, "Content-Security-Policy",
                          "default-src 'none'; style-src 'unsafe-inline'");
    } else if (onboard_is_crl(s, path)) {
        good = ca_crl(s->ca, &b, &e) &&
               page_answer(f, 200, "application/pkix-crl", buf_slice(&b), content);
    } else {
        good = onboard_cert(s, f, path, &b, content);
    }
    buf_release(&b);
    return good;
}
