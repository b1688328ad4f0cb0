/* Any text as a query: what it is printed as is the same query, whatever dialect it was in, and
 * says the same of every flow; its literal is in every flow that it matches. */
#include "flow/filter.h"

#include "lib/flow_make.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PRINTED_MAX 16384u

static struct flow *flows[5];

static void
make_flows(void)
{
    if (flows[0])
        return;
    flows[0] = flow_make_get("a.example.com", "/api/v1/x.png?q=1&r=%20a",
                             "{\"a\":{\"b\":[1,\"two\"]}}", NULL);
    flows[1] = flow_make(FLOW_HTTP, "POST http://b.test/form HTTP/1.1\r\nHost: b.test\r\n"
                                    "Cookie: sid=1; t=x\r\nContent-Type: text/css\r\n\r\n");
    flow_make_content(&flows[1]->req, SLICE("aaaaaaaaaaaaaaaaaaaaaaaaab some content \xff\0 here"));
    flows[2] = flow_make(FLOW_TUNNEL, NULL);
    flows[3] = flow_make(FLOW_CONNECT, "CONNECT a.test:443 HTTP/1.1\r\nHost: a.test\r\n\r\n");
    flows[4] = flow_make(FLOW_HTTP, "GET / HTTP/1.1\r\nHost: c\r\n\r\n");
    flow_make_response(flows[4], "HTTP/1.1 404 Not Found\r\nSet-Cookie: a=b; Secure\r\n\r\n");
    flow_make_server(flows[4]);
}

static struct slice
preset(void *arg, struct slice name)
{
    (void)arg;
    if (slice_eq(name, SLICE("loop")))
        return SLICE("@loop");
    return slice_eq(name, SLICE("api")) ? SLICE("/api or foo") : SLICE_NONE;
}

static void
check_key(const struct filter *f, struct flow *flow)
{
    struct filter_key key = filter_key(f);
    struct slice text = key.in_path ? flow->req.head.target : flow->host;
    bool found = key.literal.n == 0;
    for (size_t i = 0; i + key.literal.n <= text.n && !found; i++)
        found = slice_eq_nocase(slice_of(text.p + i, key.literal.n), key.literal);
    assert(found);
}

static void
check_same(const struct filter *f, struct slice printed)
{
    struct err e = {0};
    struct buf again;
    struct filter *g = filter_parse(printed, NULL, NULL, &e);
    assert(g);
    buf_init(&again, 1 << 20);
    filter_print(g, &again);
    assert(slice_eq(buf_slice(&again), printed));
    assert(filter_needs(f) == filter_needs(g));
    for (size_t i = 0; i < 5; i++) {
        bool matches = filter_match(f, flows[i]);
        assert(matches == filter_match(g, flows[i]));
        if (matches)
            check_key(f, flows[i]);
    }
    buf_release(&again);
    filter_unref(g);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct filter_presets presets = {.find = preset};
    struct slice text = slice_of(data, size);
    struct err e = {0};
    size_t at = 0;
    make_flows();
    struct filter *f = filter_parse(text, &presets, &at, &e);
    if (!f) {
        assert(e.text[0] && at <= size);
        return 0;
    }
    struct buf out;
    buf_init(&out, 1 << 20);
    filter_explain(f, &out);
    filter_print_tree(f, &out);
    filter_plan(f, &out);
    buf_reset(&out);
    filter_print(f, &out);
    if (buf_len(&out) <= PRINTED_MAX)
        check_same(f, buf_slice(&out));
    buf_release(&out);
    filter_unref(f);
    return 0;
}
