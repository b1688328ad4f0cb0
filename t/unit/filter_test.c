/* Tests of flow/filter: what queries say of flows. */
#include "flow/filter.h"

#include "codec/ws_frame.h"
#include "flow/edit.h"
#include "flow/message.h"
#include "lib/chain_make.h"
#include "lib/flow_make.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define MS 1000000ull

/* p: a POST of JSON; g: a picture; n: no response yet; t: a tunnel; c: its CONNECT; x: a failed
 * handshake; w: a WebSocket; e: a request that was changed on its way. */
#define FLOWS "pgntcxwe"
static struct flow *flows[8];

static struct block *
make_certificate(void)
{
    struct made_spec spec = made_leaf("cert.test");
    spec.to_days = 10;
    struct made m = made_cert(&spec, NULL);
    int n = i2d_X509(m.cert, NULL);
    struct block *b = block_new((size_t)n);
    unsigned char *p = (unsigned char *)b->data;
    b->n = (size_t)i2d_X509(m.cert, &p);
    return b;
}

static struct flow *
make_post(void)
{
    struct flow *f = flow_make(
        FLOW_HTTP,
        "POST /v1/Users/list.JSON?q=a%20b&lang=de&flag HTTP/1.1\r\nHost: api.Example.com\r\n"
        "Cookie: sid=abc123; theme=dark\r\nX-Two: one\r\nX-Two: Second\r\n"
        "Content-Type: application/json; charset=utf-8\r\nContent-Length: 1\r\n\r\n");
    f->host = SLICE("api.Example.com");
    f->port = 8443;
    flow_make_content(
        &f->req, SLICE("{\"user\":{\"name\":\"M\\u00fcller\",\"roles\":[\"admin\",\"dev\"]}}"));
    flow_make_response(f, "HTTP/1.1 201 Created\r\nServer: nginx/1.2\r\nContent-Type: Text/HTML\r\n"
                          "Set-Cookie: sid=def; Path=/; Secure\r\nSet-Cookie: t=1\r\n\r\n");
    flow_make_content(&f->resp, SLICE("<p>Secret plan</p>\nline two"));
    flow_make_server(f);
    f->server->opened = f->started;
    f->server->resolved = f->started + 1 * MS;
    f->server->connected = f->started + 6 * MS;
    f->server->secured = f->started + 16 * MS;
    struct peer_tls *tls = peer_need_tls(f->client);
    snprintf(tls->version, sizeof(tls->version), "TLSv1.3");
    snprintf(tls->cipher, sizeof(tls->cipher), "TLS_AES_128_GCM_SHA256");
    snprintf(tls->alpn, sizeof(tls->alpn), "http/1.1");
    snprintf(tls->ja4, sizeof(tls->ja4), "t13d1516h2_8daaf6152771_e5627efa2ab1");
    peer_set_text(&tls->sni, SLICE("api.example.com"));
    tls = peer_need_tls(f->server);
    snprintf(tls->version, sizeof(tls->version), "TLSv1.2");
    snprintf(tls->verdict, sizeof(tls->verdict), "ok");
    tls->certs[tls->n_certs++] = make_certificate();
    return f;
}

/* "gzipped text" */
static const char gzip[] = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x4b\xaf\xca\x2c\x28\x48"
                           "\x4d\x51\x28\x49\xad\x28\x01\x00\xb1\x4d\x76\xdb\x0c\x00\x00\x00";

static struct flow *
make_picture(void)
{
    struct flow *f = flow_make(FLOW_HTTP, "GET /img/logo.png HTTP/1.0\r\nHost: a.test\r\n\r\n");
    f->scheme = "http";
    f->host = SLICE("a.test");
    f->port = 80;
    flow_make_response(f, "HTTP/1.1 404 Not Found\r\nContent-Type: image/png\r\n"
                          "Content-Encoding: gzip\r\n\r\n");
    flow_make_content(&f->resp, slice_of(gzip, sizeof(gzip) - 1));
    f->ended = f->started + 2500 * MS;
    f->flags = FLOW_MOCKED;
    struct slice tags[] = {SLICE("first"), SLICE("Second")};
    assert_true(flow_mark(
        f, &(struct marks){
               .mark = SLICE("red"), .note = SLICE("look\nhere"), .tags = tags, .n_tags = 2}));
    return f;
}

static struct flow *
make_changed(void)
{
    struct flow *f =
        flow_make(FLOW_HTTP, "PUT /old HTTP/1.1\r\nHost: old.test\r\nX-Old: 1\r\n\r\n");
    f->host = SLICE("old.test");
    flow_make_content(&f->req, SLICE("old content"));
    flow_make_response(f, "HTTP/1.1 500 Oops\r\n\r\n");
    struct version *v = arena_alloc(f->arena, sizeof(*v));
    v->head = f->req.head;
    v->head.raw = v->head.line = SLICE_NONE;
    v->head.method = SLICE("PATCH");
    v->head.target = SLICE("/new?x");
    v->head.fields = arena_alloc(f->arena, sizeof(struct field));
    v->head.fields[0] = (struct field){.name = SLICE("X-New"), .value = SLICE("2")};
    v->head.n = 1;
    v->replaced = true;
    assert_true(body_set(&v->body, SLICE("new content!")));
    f->scheme = "http";
    f->host = SLICE("new.test");
    f->port = 81;
    f->req.versions = v;
    assert_true(flow_trace(f, &(struct trace){.name = SLICE("rewrite")}));
    return f;
}

static int
make_flows(void **state)
{
    flows[0] = make_post();
    flows[1] = make_picture();
    flows[2] = flow_make(FLOW_HTTP, "GET /wait HTTP/1.1\r\nHost: example.com\r\n\r\n");
    flows[2]->ended = 0;
    flows[3] = flow_make(FLOW_TUNNEL, NULL);
    flows[4] =
        flow_make(FLOW_CONNECT, "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n");
    flows[5] = flow_make(FLOW_TLS, NULL);
    flow_fail(flows[5], "tls-client", SLICE("the client does not trust us"));
    flows[6] = flow_make(FLOW_HTTP, "GET /ws HTTP/1.1\r\nHost: example.com\r\n\r\n");
    flow_make_response(flows[6], "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n");
    flows[7] = make_changed();
    return 0;
}

static int
free_flows(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(flows); i++)
        flow_unref(flows[i]);
    return 0;
}

struct row {
    const char *query, *matches; /* letters of FLOWS */
};

static void
expect_row(const struct row *row)
{
    char got[sizeof(FLOWS)] = {0};
    struct err e = {0};
    size_t n = 0;
    struct filter *f = filter_parse(slice_str(row->query), NULL, NULL, &e);
    if (!f)
        fail_msg("%s: %s", row->query, e.text);
    for (size_t i = 0; i < ARRAY_LEN(flows); i++)
        if (filter_match(f, flows[i]))
            got[n++] = FLOWS[i];
    filter_unref(f);
    if (!slice_eq(slice_str(got), slice_str(row->matches)))
        fail_msg("%s: matches '%s', not '%s'", row->query, got, row->matches);
}

#define EXPECT(...)                                                                                \
    do {                                                                                           \
        static const struct row rows[] = {__VA_ARGS__};                                            \
        for (size_t r = 0; r < ARRAY_LEN(rows); r++)                                               \
            expect_row(&rows[r]);                                                                  \
    } while (0)

static void
words_do_the_obvious(void **state)
{
    EXPECT({"", "pgntcxwe"}, {"  ", "pgntcxwe"}, {"example.com", "pntcxw"}, {"EXAMPLE", "pntcxw"},
           {"nginx", "p"}, {"look", "g"}, {"sid", "p"}, {"secret", ""}, {"POST", "p"}, {"post", ""},
           {"PATCH", "e"}, {"PUT", ""}, {"404", "g"}, {"101", "w"}, {"/v1", "p"}, {"/V1", "p"},
           {"/1", ""}, {"\"404\"", ""}, {"\"x-two: second\"", "p"}, {"*.png", "g"},
           {"http://a.test/img", "g"}, {"example.com:8443", "p"}, {"a.test:80", ""});
}

static void
logic_binds_as_usual(void **state)
{
    EXPECT({"POST 201", "p"}, {"POST 404", ""}, {"POST or 404", "pg"}, {"POST or 404 /img", "pg"},
           {"(POST or 404) /img", "g"}, {"-POST 404", "g"}, {"not POST 404", "g"},
           {"!(POST or 404)", "ntcxwe"}, {"POST and 201 || 404 && /img", "pg"}, {"--POST", "p"},
           {"POST | 404", "pg"}, {"POST & 201", "p"}, {"NOT POST AND 404", "g"}, {"-(-404)", "g"});
}

static void
text_is_compared_by_its_operator(void **state)
{
    EXPECT({"host:EXAMPLE", "pntcxw"}, {"host=api.Example.com", "p"}, {"host=api.example.com", ""},
           {"host!=example.com", "pge"}, {"host^=API.", "p"}, {"host$=.TEST", "ge"},
           {"host:*.example.com", "p"}, {"host:*e*.t*t", "e"}, {"host:\"*\"", ""},
           {"host:(a.test,new)", "ge"}, {"host=(a.test,example.com)", "gntcxw"},
           {"host!=(a.test,example.com)", "pe"}, {"host~^a", "pg"}, {"host~/^A/", "pg"},
           {"host~/^A/c", ""}, {"host!~^a", "ntcxwe"}, {"host:/^a/", "pg"},
           {"host:(/^a.t/,new)", "ge"}, {"host?", "pgntcxwe"}, {"host:\"\"", "pgntcxwe"},
           {"sni?", "p"});
}

static void
numbers_have_ranges_units_and_classes(void **state)
{
    EXPECT({"status:201", "p"}, {"status=201", "p"}, {"status!=201", "gwe"},
           {"-status=201", "gntcxwe"}, {"status>=404", "ge"}, {"status>404", "e"},
           {"status<201", "w"}, {"status<=201", "pw"}, {"status:4xx", "g"},
           {"status:(4xx,500)", "ge"}, {"status:200..404", "pg"}, {"status!=4xx", "pwe"},
           {"status?", "pgwe"}, {"-status?", "ntcx"}, {"port:443", "ntcxw"}, {"port=81", "e"},
           {"time:34ms", "ptcxwe"}, {"time>1s", "g"}, {"time>=2500ms", "g"}, {"time<1s", "ptcxwe"},
           {"ttfb:20ms", "pgwe"}, {"connect:5ms", "p"}, {"handshake:10ms", "p"},
           {"resp.size>20", "pg"}, {"resp.size>1k", ""}, {"req.size:12", "e"}, {"size:0", "ncw"},
           {"req.len>200", "p"}, {"age>1h", "pgntcxwe"}, {"age<1s", ""},
           {"at:2023-11-14", "pgntcxwe"}, {"at>2023-11-14", ""}, {"at>=2023-11-14", "pgntcxwe"},
           {"at<2023-11-14T22:13:21", "pgntcxwe"}, {"at<2023-11-14T22:13:20", ""});
}

static void
targets_are_as_they_stand(void **state)
{
    EXPECT({"url:\"https://api.example.com:8443/v1\"", "p"},
           {"url=http://a.test/img/logo.png", "g"}, {"url=http://new.test:81/new?x", "e"},
           {"url=example.com:443", "tcx"}, {"path=/v1/Users/list.JSON", "p"}, {"path:users", "p"},
           {"path:/users/", "p"}, {"path~/users\\/l/", "p"}, {"path?", "pgnwe"}, {"query?", "pe"},
           {"query:lang=de", "p"}, {"query=x", "e"}, {"ext:json", "p"}, {"ext:(png,js)", "g"},
           {"ext:js", ""}, {"scheme:http", "ge"}, {"scheme:https", "pntcxw"}, {"method:patch", "e"},
           {"method:PAT", ""}, {"method~^P", "pe"}, {"old", ""}, {"X-New", "e"},
           {"req.header[x-old]?", ""}, {"req.body:old", ""}, {"req.body=\"new content!\"", "e"},
           {"version:1.0", "g"}, {"host:old", ""});
}

static void
heads_are_searched_by_name_and_as_lines(void **state)
{
    EXPECT({"req.header[x-two]:second", "p"}, {"req.header[X-TWO]=one", "p"},
           {"req.header[x-two]!=one", ""}, {"req.header[x-none]!=one", ""},
           {"header[server]:nginx", "p"}, {"resp.header[x-two]?", ""}, {"header[x-two]?", "p"},
           {"header[x-two]", "p"}, {"req.header~/^host: a\\.test$/", "g"},
           {"req.header:\"x-two: one\"", "p"}, {"req.header.name:cook", "p"},
           {"req.header.value=one", "p"}, {"resp.header.name=Server", "p"},
           {"resp.header.value:PNG", "g"}, {"type:html", "p"}, {"type=image/png", "g"},
           {"req.type=application/json", "p"}, {"reason:found", "g"}, {"cookie[sid]=abc123", "p"},
           {"cookie[SID]?", ""}, {"cookie:theme=dark", "p"}, {"setcookie[sid]=def", "p"},
           {"setcookie[sid]:secure", "p"}, {"setcookie[t]:secure", ""}, {"setcookie?", "p"},
           {"param[q]=\"a b\"", "p"}, {"param[lang]?", "p"}, {"param[flag]?", "p"},
           {"param[x]?", "e"}, {"param:lang", "p"}, {"text~/^server:/", "p"});
}

static void
contents_are_decoded(void **state)
{
    EXPECT({"body:secret", "p"}, {"resp.body:\"gzipped text\"", "g"}, {"resp.body:SECRET", "p"},
           {"req.body:secret", ""}, {"resp.body~/plan.*two/", "p"}, {"resp.body~/^line/", ""},
           {"resp.body^=<p>", "p"}, {"resp.body$=two", "p"}, {"resp.body?", "pg"},
           {"req.json[user.name]=Müller", "p"}, {"req.json[user.roles.1]:DEV", "p"},
           {"req.json[user.roles.2]?", ""}, {"req.json[user.roles.*]=dev", "p"},
           {"req.json[user]~admin", "p"}, {"resp.json[user]?", ""}, {"raw:\"HTTP/1.1 404\"", "g"},
           {"req.raw:\"patch /new\"", "e"}, {"resp.raw:plan", "p"});
}

static void
states_kinds_and_tls(void **state)
{
    EXPECT({"kind:http", "pgnwe"}, {"kind:(connect,tunnel)", "tc"}, {"kind:tcp", "t"},
           {"kind:tls", "x"}, {"kind:ws", "w"}, {"kind:udp", ""}, {"kind!=http", "tcx"},
           {"is:any", "pgntcxwe"}, {"is:error", "x"}, {"is:pending", "n"}, {"is:mocked", "g"},
           {"is:edited", "e"}, {"is:ws", "w"}, {"is:marked", "g"}, {"is:asset", "g"},
           {"is:h1", "pgncwe"}, {"is:h2", ""}, {"is:cached", ""}, {"is:held", ""},
           {"is:truncated", ""}, {"-is:h1", "tx"}, {"tool:proxy", "pgntcxwe"}, {"tool:send", ""},
           {"tls:yes", "p"}, {"tls:no", "gntcwe"}, {"tls:failed", "x"},
           {"tls.version=TLSv1.2", "p"}, {"tls.version:tlsv1.3", "p"}, {"tls.cipher:aes_128", "p"},
           {"sni:api", "p"}, {"alpn:http/1.1", "p"}, {"ja4^=t13d", "p"}, {"ja3?", ""},
           {"cert.valid:yes", "p"}, {"cert.valid:no", ""}, {"cert.valid?", "p"},
           {"cert.cn=cert.test", "p"}, {"cert.san:cert", "p"}, {"cert.issuer:cert.te*", "p"},
           {"cert.expires<30d", "p"}, {"cert.expires>30d", ""}, {"cert.cn?", "p"},
           {"error:tls-client", "x"}, {"error:trust", "x"}, {"mark:red", "g"}, {"mark:re", ""},
           {"note~/^here$/", "g"}, {"tag:second", "g"}, {"tag:sec", ""}, {"rule:rewrite", "e"},
           {"rule?", "e"});
}

static void
addresses_are_networks_and_ports(void **state)
{
    EXPECT({"client:127.0.0.1", "pgntcxwe"}, {"client:127.0.0.0/8", "pgntcxwe"},
           {"client:127.0.0.10", ""}, {"client:127.0.0.2/31", ""},
           {"client:127.0.0.0/31", "pgntcxwe"}, {"client:10.0.0.0/8", ""}, {"client:::1", ""},
           {"client::5000", "pgntcxwe"}, {"client::500", ""}, {"client!=127.0.0.1", ""},
           {"client:127.0.0.1:5000", "pgntcxwe"}, {"server:192.0.2.0/24", "p"},
           {"server:example.com:443", "p"}, {"server::443", "p"}, {"server?", "p"},
           {"listener::8080", "pgntcxwe"}, {"client:0.0.0.0/0", "pgntcxwe"});
}

static void
what_no_flow_has_yet_is_false(void **state)
{
    EXPECT({"msg.body:x", ""}, {"finding:x", ""}, {"severity:high", ""}, {"msg.size>0", ""},
           {"pid:1", ""}, {"user!=x", ""}, {"user?", ""}, {"-user?", "pgntcxwe"},
           {"is:(inscope,ws)", "w"});
}

static void
mitmproxy_is_understood(void **state)
{
    EXPECT({"~all", "pgntcxwe"}, {"~http", "pgncwe"}, {"~tcp", "t"}, {"~q", "nc"}, {"~s", "pgwe"},
           {"~e", "x"}, {"~a", "g"}, {"~marked", "g"}, {"~websocket", "w"}, {"~u logo", "g"},
           {"logo ~s", "g"}, {"~d example & ~m post", "p"}, {"~h nginx", "p"}, {"~hq nginx", ""},
           {"~hs nginx", "p"}, {"~t json", "p"}, {"~tq json", "p"}, {"~ts json", ""},
           {"~b secret", "p"}, {"~bq secret", ""}, {"~bs 'secret plan'", "p"},
           {"~src 127", "pgntcxwe"}, {"~dst example.com:443", "p"}, {"~comment look", "g"},
           {"~marker r.d", "g"}, {"~c 404", "g"}, {"!~c 404 & ~s", "pwe"}, {"~replays", "g"},
           {"~replayq", ""}, {"~meta x", ""}, {"~u logo|users", "pg"},
           {"~m POST ~c 201 | ~c 404", "p"}, {"~m POST & ~c 201 | ~c 404", "pg"});
}

static void
httpql_is_understood(void **state)
{
    EXPECT({"req.host.eq:\"a.test\"", "g"}, {"resp.code.gte:400", "ge"},
           {"req.method.ne:\"GET\" AND resp.code.lt:300", "p"}, {"req.path.like:\"/img/%\"", "g"},
           {"req.path.nlike:\"/img/%\"", "pnwe"}, {"resp.body.ncont:\"secret\"", "g"},
           {"req.ext.eq:\".png\"", "g"}, {"req.ext.like:\"%.pn_\"", "g"},
           {"req.tls.eq:false", "ge"}, {"req.tls.ne:false", "pntcxw"}, {"req.port.eq:81", "e"},
           {"req.header[\"X-Two\"].cont:\"SEC\"", "p"}, {"resp.roundtrip.gt:2000", "g"},
           {"req.path.regex:/IMG/", ""}, {"req.path.regex:/img|ws/", "gw"},
           {"req.created_at.gt:\"2020-01-01\"", "pgntcxwe"},
           {"\"nginx\" AND resp.code.eq:201", "p"}, {"resp.len.gt:100000", ""},
           {"source:\"intercept\"", "pgntcxwe"});
}

static void
a_pattern_without_end_gives_up(void **state)
{
    struct flow *f = flow_make_get("a.test", "/", "", NULL);
    char text[4096];
    memset(text, 'a', sizeof(text));
    for (int i = 0; i < 64; i++)
        flow_make_content(&f->resp, slice_of(text, sizeof(text)));
    struct filter *q =
        filter_parse(SLICE("body~\"(a+)+$x\" or body~\"(a|aa)+b\""), NULL, NULL, NULL);
    assert_non_null(q);
    assert_false(filter_match(q, f));
    filter_unref(q);
    flow_unref(f);
}

static bool
matches_one(const char *query, const struct flow *f)
{
    struct filter *q = filter_parse(slice_str(query), NULL, NULL, NULL);
    assert_non_null(q);
    bool matches = filter_match(q, f);
    filter_unref(q);
    return matches;
}

/* Words that lie across two blocks, and one behind the limit. */
static void
a_content_is_looked_at_as_far_as_the_limit(void **state)
{
    static char text[(size_t)8 << 20];
    struct flow *f = flow_make_get("a.test", "/", "", NULL);
    memset(text, '.', sizeof(text));
    for (size_t at = 262144 - 3; at + 6 <= sizeof(text); at += 262144)
        memcpy(text + at, "across", 6);
    memcpy(text + sizeof(text) - 4, "last", 4);
    flow_make_content(&f->resp, slice_of(text, sizeof(text)));
    flow_make_content(&f->resp, SLICE("behind"));
    assert_true(f->resp.body.first->next);
    assert_true(matches_one("body:across body~/across\\.*across/ body:last", f));
    assert_false(matches_one("body:behind", f));
    assert_true(matches_one("resp.size>8m", f));
    flow_unref(f);
}

static void
lines_of_content_encoding_are_one_list(void **state)
{
    struct flow *f = flow_make(FLOW_HTTP, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    flow_make_response(
        f, "HTTP/1.1 200 OK\r\nContent-Encoding: identity\r\nContent-Encoding: gzip\r\n\r\n");
    flow_make_content(&f->resp, slice_of(gzip, sizeof(gzip) - 1));
    assert_true(matches_one("resp.body:\"gzipped text\"", f));
    flow_unref(f);
}

/* What says that it is coded, and is not, is looked at as it is; what breaks off, as far as it
 * goes. */
static void
damaged_content_is_looked_at_as_it_is(void **state)
{
    struct flow *f = flow_make(FLOW_HTTP, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    flow_make_response(f, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n");
    flow_make_content(&f->resp, SLICE("no gzip at all"));
    assert_true(matches_one("resp.body:\"no gzip\"", f));
    flow_unref(f);
    f = flow_make(FLOW_HTTP, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    flow_make_response(f, "HTTP/1.1 200 OK\r\nContent-Encoding: unheard\r\n\r\n");
    flow_make_content(&f->resp, SLICE("as it is"));
    assert_true(matches_one("resp.body:\"as it is\"", f));
    flow_unref(f);
}

static void
a_hello_that_went_well_did_not_fail(void **state)
{
    struct flow *f = flow_make(FLOW_TLS, NULL);
    assert_true(matches_one("kind:tls host:example", f));
    assert_false(matches_one("tls:failed", f));
    assert_false(matches_one("tls:no", f));
    flow_unref(f);
}

static void
a_query_is_shared_by_references(void **state)
{
    struct filter *q = filter_parse(SLICE("404"), NULL, NULL, NULL);
    struct filter *again = filter_ref(q);
    filter_unref(q);
    assert_true(filter_match(again, flows[1]));
    filter_unref(again);
    filter_unref(NULL);
}

/* Any of those of a flow; at a stage of a message that one alone. */
static void
messages_of_a_flow_are_searched(void **state)
{
    static const struct {
        const char *query;
        bool any, second;
    } rows[] = {{"msg.dir:client", true, false}, {"msg.dir:server", true, true},
                {"msg.op:text", true, false},    {"msg.op:ping", true, true},
                {"msg.body:hello", true, false}, {"msg.body=p", true, true},
                {"msg.size>4", true, false},     {"msg.size:1", false, true},
                {"msg.op:pong", false, false},   {"msg.body:nothing", false, false}};
    struct flow *f = flow_make_get("a.test", "/", "", NULL);
    struct message *m = NULL;
    for (unsigned up = 2; up-- > 0; message_end(f, m)) {
        m = message_begin(f, &(struct message){.opcode = up ? WS_TEXT : WS_PING, .up = up});
        message_add(f, m, &m->raw, up ? SLICE("hello") : SLICE("p"), 100, 0);
    }
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct err e = {0};
        struct filter *q = filter_parse(slice_str(rows[i].query), NULL, NULL, &e);
        f->messages->now = NULL;
        assert_int_equal(filter_match(q, f), rows[i].any);
        f->messages->now = m;
        assert_int_equal(filter_match(q, f), rows[i].second);
        assert_int_equal(filter_needs(q), FILTER_NEEDS_MESSAGE);
        filter_unref(q);
    }
    flow_unref(f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_do_the_obvious),
        cmocka_unit_test(logic_binds_as_usual),
        cmocka_unit_test(text_is_compared_by_its_operator),
        cmocka_unit_test(numbers_have_ranges_units_and_classes),
        cmocka_unit_test(targets_are_as_they_stand),
        cmocka_unit_test(heads_are_searched_by_name_and_as_lines),
        cmocka_unit_test(contents_are_decoded),
        cmocka_unit_test(states_kinds_and_tls),
        cmocka_unit_test(addresses_are_networks_and_ports),
        cmocka_unit_test(what_no_flow_has_yet_is_false),
        cmocka_unit_test(mitmproxy_is_understood),
        cmocka_unit_test(httpql_is_understood),
        cmocka_unit_test(a_pattern_without_end_gives_up),
        cmocka_unit_test(a_content_is_looked_at_as_far_as_the_limit),
        cmocka_unit_test(lines_of_content_encoding_are_one_list),
        cmocka_unit_test(damaged_content_is_looked_at_as_it_is),
        cmocka_unit_test(a_hello_that_went_well_did_not_fail),
        cmocka_unit_test(a_query_is_shared_by_references),
        cmocka_unit_test(messages_of_a_flow_are_searched),
    };
    return cmocka_run_group_tests(tests, make_flows, free_flows);
}
