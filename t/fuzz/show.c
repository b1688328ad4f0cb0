/*
 * What people and programs get to see of an exchange with anybody: the text on the terminal, the
 * JSON line and the page. Two bytes say how, then come request, response (two bytes of size in
 * front of each) and content. Nothing of it may command a terminal, be script, or break the JSON.
 */
#include "api/option.h"
#include "base/json.h"
#include "base/utf8.h"
#include "codec/http1.h"
#include "flow/flow_json.h"
#include "lib/flow_make.h"
#include "proxy/page.h"
#include "ui/dump.h"

#include <assert.h>
#include <jansson.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct slice
take(struct slice *in)
{
    size_t n = in->n < 2 ? 0 : (size_t)(uint8_t)in->p[0] << 8 | (uint8_t)in->p[1];
    *in = slice_from(*in, 2);
    struct slice part = slice_first(*in, n);
    *in = slice_from(*in, n);
    return part;
}

static void
fill_head(struct flow *f, struct http_msg *m, struct slice raw, bool response)
{
    struct slice kept = arena_dup(f->arena, raw);
    struct http1_why why;
    assert(kept.p);
    enum http1_result r =
        response ? http1_parse_response(kept, &HTTP1_LIMITS_DEFAULT, f->arena, &m->head, &why)
                 : http1_parse_request(kept, &HTTP1_LIMITS_DEFAULT, f->arena, &m->head, &why);
    if (r != HTTP1_OK)
        assert(http1_parse_lenient(kept, response, f->arena, &m->head));
}

static struct flow *
make_flow(struct slice in, unsigned how)
{
    struct flow *f = flow_make((enum flow_kind)(how & 3), NULL);
    struct slice request = take(&in), response = take(&in);
    if (request.n)
        fill_head(f, &f->req, request, false);
    if (response.n)
        fill_head(f, &f->resp, response, true);
    if (how & 4)
        flow_fail(f, "bad-response", slice_first(in, 100));
    if (how & 8) {
        f->host = arena_dup(f->arena, slice_first(in, 60));
        flow_make_server(f);
        peer_set_text(&f->server->host, slice_first(in, 60));
    }
    flow_make_content(how & 16 ? &f->req : &f->resp, in);
    return f;
}

/* No control bytes but these, in no coding. */
static void
check_text(struct slice s)
{
    assert(utf8_valid(s));
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        assert((c >= 0x20 || c == '\n' || c == '\t') && c != 0x7f);
        assert(c != 0xc2 || (unsigned char)s.p[i + 1] >= 0xa0);
    }
}

static void
check_dump(struct flow *f, unsigned how)
{
    static char text[4 << 20];
    struct dump_options o = {
        .detail = how % 5, .decode_max = 1 << 16, .columns = how & 32 ? 80 : 0};
    o.fd = memfd_create("dump", MFD_CLOEXEC);
    assert(o.fd >= 0);
    struct dump *d = dump_new(&o);
    assert(d);
    dump_flow(d, f);
    dump_free(d);
    ssize_t n = pread(o.fd, text, sizeof(text), 0);
    assert(n >= 0);
    close(o.fd);
    check_text(slice_of(text, (size_t)n));
}

static void
check_json(struct flow *f)
{
    AUTO(buf_release) struct buf out = {.max = 16 << 20};
    struct json j;
    json_init(&j, &out);
    flow_json(&j, f, true);
    assert(!out.failed && slice_find(buf_slice(&out), '\n') == buf_len(&out));
    json_t *read = json_loadb(buf_slice(&out).p, buf_len(&out), JSON_ALLOW_NUL, NULL);
    assert(json_is_object(read));
    json_decref(read);
}

static size_t
count(struct slice s, char c)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += s.p[i] == c;
    return n;
}

/* What the exchange says adds no mark to the page. */
static void
check_page(struct flow *f, struct slice said)
{
    static struct config *c;
    struct failure hostile, harmless;
    struct slice page, plain;
    if (!c) {
        c = config_new();
        assert(c);
        option_for(o) assert(option_reset(o, c, NULL));
    }
    struct flow *other =
        flow_make(FLOW_HTTP, "GET / HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\n\r\n");
    failure_set(&hostile, REASON_CONNECT, "%.*s", SLICE_ARG(slice_first(said, 200)));
    failure_set(&harmless, REASON_CONNECT, "x");
    if (!page_failure(c, other, &harmless, &plain))
        abort();
    f->kind = FLOW_HTTP;
    if (!head_find_name(&f->req.head, SLICE("accept")) &&
        !head_add(&f->req.head, f->arena, SLICE("Accept"), SLICE("text/html")))
        abort();
    if (page_failure(c, f, &hostile, &page) && slice_starts(page, SLICE("<"))) {
        assert(count(page, '<') == count(plain, '<') && count(page, '"') == count(plain, '"'));
        check_text(page);
    }
    flow_unref(other);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n < 6 || n > 1 << 16)
        return 0;
    struct slice in = slice_of(data + 2, n - 2);
    struct flow *f = make_flow(in, data[0]);
    check_dump(f, data[1]);
    check_json(f);
    check_page(f, in);
    flow_unref(f);
    return 0;
}
