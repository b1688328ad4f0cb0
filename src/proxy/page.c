/* Pages of the program itself. */
#include "proxy/page.h"

#include "base/clock.h"
#include "base/print.h"
#include "codec/date.h"
#include "codec/token.h"
#include "proxy/advice.h"

#include <stdio.h>

#define PAGE_MAX (256u << 10)

bool
page_field(struct flow *f, const char *name, const char *value)
{
    return head_add(&f->resp.head, f->arena, slice_str(name), slice_str(value));
}

bool
page_answer(struct flow *f, unsigned status, const char *type, struct slice content,
            struct slice *out)
{
    char length[24];
    struct buf date;
    *out = arena_dup(f->arena, content);
    if (!out->p)
        return false;
    /* What a server sent in its place stays on record. */
    f->resp.head = (struct http_head){.raw = f->resp.head.raw,
                                      .status = status,
                                      .reason = token_reason(status),
                                      .version = 11,
                                      .framing = FRAMING_LENGTH,
                                      .length = content.n,
                                      .keep_alive = true};
    snprintf(length, sizeof(length), "%zu", content.n);
    buf_init(&date, 64);
    date_print(&date, clock_wall() / NS_PER_S);
    bool good = page_field(f, "Content-Type", type) && page_field(f, "Content-Length", length) &&
                page_field(f, "Cache-Control", "no-store") &&
                page_field(f, "X-Content-Type-Options", "nosniff") &&
                page_field(f, "Date", buf_str(&date));
    buf_release(&date);
    return good;
}

void
page_html(struct buf *out, const char *title, struct slice body)
{
    buf_append(out, SLICE("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                          "<meta name=\"viewport\" content=\"width=device-width\">\n<title>"));
    print_html(out, slice_str(title));
    buf_append(
        out,
        SLICE(
            "</title>\n<style>body{font:16px/1.5 system-ui,sans-serif;max-width:46em;margin:3em "
            "auto;"
            "padding:0 1em;color:#1b1f24;background:#fff}h1{font-size:1.5em}code,pre{font:14px/1.4 "
            "ui-monospace,monospace;background:#f2f4f6;padding:.1em .3em}pre{padding:.8em;"
            "overflow:auto}small{color:#57606a}@media(prefers-color-scheme:dark){body{color:#"
            "e6e9ec;"
            "background:#15181b}code,pre{background:#23272b}a{color:#79b8ff}}</style></"
            "head>\n<body>\n"));
    buf_append(out, body);
    buf_append(out, SLICE("\n</body></html>\n"));
}

static bool
page_wants_html(const struct flow *f)
{
    const struct field *accept = head_find_name(&f->req.head, SLICE("accept"));
    for (size_t i = 0; accept && i + 9 <= accept->value.n; i++)
        if (slice_eq_nocase(slice_first(slice_from(accept->value, i), 9), SLICE("text/html")))
            return true;
    return false;
}

/* What others have said, for a terminal as well as for a browser. */
static void
page_quote(struct buf *out, struct slice text, bool html)
{
    struct buf safe;
    buf_init(&safe, PAGE_MAX);
    print_safe(&safe, text, false);
    if (html)
        print_html(out, buf_slice(&safe));
    else
        buf_append(out, buf_slice(&safe));
    out->failed |= safe.failed;
    buf_release(&safe);
}

static void
page_quote_url(struct buf *out, const struct flow *f, bool html)
{
    struct buf url;
    buf_init(&url, PAGE_MAX);
    flow_url(f, &url);
    page_quote(out, buf_slice(&url), html);
    out->failed |= url.failed;
    buf_release(&url);
}

static void
page_html_failure(struct buf *out, struct flow *f, const struct failure *why, struct slice advice)
{
    struct buf body;
    char title[128];
    buf_init(&body, PAGE_MAX);
    unsigned status = failure_status(why);
    snprintf(title, sizeof(title), "%u %.*s (Weir)", status, SLICE_ARG(token_reason(status)));
    buf_append(&body, SLICE("<h1>"));
    print_html(&body, slice_str(reason_text(why->reason)));
    buf_append(&body, SLICE("</h1>\n<p>"));
    page_quote(&body, slice_str(why->text), true);
    buf_append(&body, SLICE("</p>\n<p><code>"));
    page_quote_url(&body, f, true);
    buf_append(&body, SLICE("</code></p>\n<pre>"));
    print_html(&body, advice);
    buf_printf(&body,
               "</pre>\n<p><small>Weir answered this itself: %s. Nothing of the request was lost; "
               "it is in the "
               "list of flows as number %llu.</small></p>",
               reason_word(why->reason), (unsigned long long)f->id);
    page_html(out, title, buf_slice(&body));
    buf_release(&body);
}

static void
page_text_failure(struct buf *out, struct flow *f, const struct failure *why, struct slice advice)
{
    buf_append(out, SLICE("weir: "));
    page_quote(out, slice_str(why->text), false);
    buf_append(out, SLICE("\nurl: "));
    page_quote_url(out, f, false);
    buf_printf(out, "\nreason: %s\n", reason_word(why->reason));
    buf_append(out, advice);
}

bool
page_failure(const struct config *c, struct flow *f, const struct failure *why, struct slice *out)
{
    struct buf content, advice;
    bool html = page_wants_html(f);
    buf_init(&content, PAGE_MAX);
    buf_init(&advice, PAGE_MAX);
    advice_print(&advice, c, f, why);
    (html ? page_html_failure : page_text_failure)(&content, f, why, buf_slice(&advice));
    bool good = !content.failed &&
                page_answer(f, failure_status(why),
                            html ? "text/html; charset=utf-8" : "text/plain; charset=utf-8",
                            buf_slice(&content), out);
    if (good && why->reason == REASON_PROXY_AUTH)
        good = page_field(f, "Proxy-Authenticate", "Basic realm=\"weir\", charset=\"UTF-8\"");
    buf_release(&content);
    buf_release(&advice);
    return good;
}
