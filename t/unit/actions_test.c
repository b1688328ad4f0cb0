/* Tests of the actions of rules: each on a flow, by what it makes of it. */
#include "base/clock.h"
#include "base/mem.h"
#include "lib/flow_make.h"
#include "lib/folder.h"
#include "lib/rule_make.h"
#include "pki/leaf_fault.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define REQUEST                                                                                    \
    "GET /a/b?q=1 HTTP/1.1\r\nHost: example.com\r\nA: one two\r\nB: x\r\nA: three\r\n\r\n"
#define RESPONSE "HTTP/1.1 200 OK\r\nA: one\r\nContent-Length: 5\r\n\r\n"

/* One rule on the flow at all stages that it has. */
static unsigned
run_rule(struct flow *f, const char *lines, struct decision *d)
{
    struct rule *r = rule_make(lines);
    struct rules *rs = rules_new(&r, 1, NULL);
    unsigned n = 0;
    for (enum stage s = 0; s < STAGES_N; s++)
        n += rule_run_all(rs, s, f, d);
    rules_unref(rs);
    rule_unref(r);
    return n;
}

static struct flow *
make_flow(void)
{
    struct flow *f = flow_make(FLOW_HTTP, REQUEST);
    flow_make_response(f, RESPONSE);
    flow_make_content(&f->resp, SLICE("hello"));
    return f;
}

static void
heads_are_changed(void **state)
{
    static const struct {
        const char *rule;
        bool response;
        const char *head; /* NULL: nothing is done */
    } rows[] = {
        {"do: set-field\nfield: a\nvalue: new", false,
         "GET /a/b?q=1\nHost: example.com\nA: new\nB: x\n"},
        {"do: set-field\nfield: C\nvalue:  new ", false,
         "GET /a/b?q=1\nHost: example.com\nA: one two\nB: x\nA: three\nC: new\n"},
        {"do: set-field\nside: response\nfield: A\nvalue: 2", true,
         "200 OK\nA: 2\nContent-Length: 5\n"},
        {"do: set-field\nfield: B\nvalue: x", false, NULL},
        {"do: add-field\nfield: A\nvalue: four", false,
         "GET /a/b?q=1\nHost: example.com\nA: one two\nB: x\nA: three\nA: four\n"},
        {"do: remove-field\nfield: a", false, "GET /a/b?q=1\nHost: example.com\nB: x\n"},
        {"do: remove-field\nfield: c", false, NULL},
        {"do: replace-field\nfield: A\npattern: (\\w+) (\\w+)\nwith: $2-${1}$$", false,
         "GET /a/b?q=1\nHost: example.com\nA: two-one$\nB: x\nA: three\n"},
        {"do: replace-field\nfield: A\npattern: E\nwith: $1\nliteral: yes\nignore-case: yes", false,
         "GET /a/b?q=1\nHost: example.com\nA: on$1 two\nB: x\nA: thr$1$1\n"},
        {"do: replace-field\nfield: A\npattern: nothing\nwith: x", false, NULL},
        {"do: replace-line\npattern: ^A: (.*)\nwith: C: <$1>", false,
         "GET /a/b?q=1\nHost: example.com\nC: <one two>\nB: x\nC: <three>\n"},
        {"do: replace-line\npattern: ^(A|B):.*", false, "GET /a/b?q=1\nHost: example.com\n"},
        {"do: replace-line\npattern: ^A: .*\nwith: no field", false, NULL},
        {"do: replace-line\nside: response\npattern: 5\nwith: 6", true, NULL},
        {"do: method\nto: POST", false,
         "POST /a/b?q=1\nHost: example.com\nA: one two\nB: x\nA: three\n"},
        {"do: method\nto: GET", false, NULL},
        {"do: path\nwith: /new?x", false,
         "GET /new?x\nHost: example.com\nA: one two\nB: x\nA: three\n"},
        {"do: path\npattern: ^/a/(.)\nwith: /$1/a", false,
         "GET /b/a?q=1\nHost: example.com\nA: one two\nB: x\nA: three\n"},
        {"do: path\npattern: ^/\nwith: no", false, NULL},
        {"do: path\npattern: ^/A/\nwith: /c/\nignore-case: yes", false,
         "GET /c/b?q=1\nHost: example.com\nA: one two\nB: x\nA: three\n"},
        {"do: status\nto: 404", true, "404 Not Found\nA: one\nContent-Length: 5\n"},
        {"do: status\nto: 299\nreason: So so", true, "299 So so\nA: one\nContent-Length: 5\n"},
        {"do: status\nto: 200", true, NULL},
        {"do: accept-encoding", false,
         "GET /a/b?q=1\nHost: example.com\nA: one two\nB: x\nA: three\nAccept-Encoding: "
         "identity\n"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct flow *f = make_flow();
        struct decision d = {0};
        struct http_msg *m = rows[i].response ? &f->resp : &f->req;
        unsigned n = run_rule(f, rows[i].rule, &d);
        assert_int_equal(n, rows[i].head ? 1 : 0);
        if (rows[i].head)
            assert_string_equal(rule_head_text(m), rows[i].head);
        else
            assert_null(m->versions);
        assert_int_equal(f->trace != NULL, n);
        flow_unref(f);
    }
}

static void
requests_go_elsewhere(void **state)
{
    static const struct {
        const char *rule, *url, *host; /* NULL: nothing is done */
    } rows[] = {
        {"do: host\nto: b.test", "https://b.test/a/b?q=1", "b.test:443"},
        {"do: host\nto: b.test:8443\nkeep-host: yes", "https://b.test:8443/a/b?q=1", "example.com"},
        {"do: host\nto: EXAMPLE.com", NULL, NULL},
        {"do: map-remote\nto: http://b.test", "http://b.test/a/b?q=1", "b.test"},
        {"do: map-remote\nto: http://b.test/x/", "http://b.test/x/a/b?q=1", "b.test"},
        {"do: map-remote\nfrom: https://example.com/a\nto: http://b.test:81/y",
         "http://b.test:81/y/b?q=1", "b.test:81"},
        {"do: map-remote\nfrom: HTTPS://Example.com\nto: http://b.test", "http://b.test/a/b?q=1",
         "b.test"},
        {"do: map-remote\nfrom: https://example.co\nto: http://b.test", NULL, NULL},
        {"do: map-remote\nfrom: https://example.com/A\nto: http://b.test", NULL, NULL},
        {"do: map-remote\nfrom: https://example.com/a/\nto: http://a.test", "http://a.test/b?q=1",
         "a.test"},
        {"do: map-remote\nfrom: https://example.com/a/b\nto: http://a.test", "http://a.test/?q=1",
         "a.test"},
        {"do: map-remote\npattern: example\\.(com)\nto: $1.test\nkeep-host: yes",
         "https://com.test/a/b?q=1", "example.com"},
        {"do: map-remote\npattern: ^https\nto: gopher", NULL, NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct flow *f = make_flow();
        struct decision d = {0};
        struct buf url;
        buf_init(&url, 4096);
        assert_int_equal(run_rule(f, rows[i].rule, &d), rows[i].url ? 1 : 0);
        f->req.head.target = edit_head(&f->req)->target;
        flow_url(f, &url);
        assert_string_equal(buf_str(&url),
                            rows[i].url ? rows[i].url : "https://example.com/a/b?q=1");
        if (rows[i].host) {
            struct slice host = head_value(edit_head(&f->req), FIELD_HOST);
            assert_int_equal(host.n, strlen(rows[i].host));
            assert_memory_equal(host.p, rows[i].host, host.n);
        }
        buf_release(&url);
        flow_unref(f);
    }
}

static void
expect_content(const struct http_msg *m, const char *want)
{
    struct buf room;
    struct slice content;
    buf_init(&room, 1 << 20);
    assert_true(edit_content(m, &room, &content));
    assert_int_equal(content.n, strlen(want));
    assert_memory_equal(content.p, want, content.n);
    buf_release(&room);
}

static void
contents_are_replaced(void **state)
{
    folder_write("with.txt", SLICE("$1 file"), 0600);
    char from_file[600], all_file[600];
    snprintf(from_file, sizeof from_file, "do: replace-body\npattern: l+\nfile: %s",
             folder_file("with.txt"));
    snprintf(all_file, sizeof all_file, "do: replace-body\nfile: %s", folder_file("with.txt"));
    const struct {
        const char *rule, *content; /* NULL: nothing is done */
    } rows[] = {
        {"do: replace-body\npattern: l\nwith: L", "heLLo"},
        {"do: replace-body\npattern: (h)(.)\nwith: $2$1", "ehllo"},
        {"do: replace-body\npattern: .\nliteral: yes\nwith: x", NULL},
        {"do: replace-body\npattern: x*\nwith: -", "-h-e-l-l-o-"},
        {"do: replace-body\npattern: HELLO\nignore-case: yes", ""},
        {"do: replace-body\nwith: all new", "all new"},
        {from_file, "he$1 fileo"},
        {all_file, "$1 file"},
        {"do: replace-body\npattern: l\nfile: /nowhere/at/all", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct flow *f = make_flow();
        struct decision d = {0};
        assert_int_equal(run_rule(f, rows[i].rule, &d), rows[i].content ? 1 : 0);
        expect_content(&f->resp, rows[i].content ? rows[i].content : "hello");
        flow_unref(f);
    }
}

static void
a_content_is_decoded_first_and_a_cut_one_is_left_alone(void **state)
{
    static const unsigned char gz[] = {0x1f, 0x8b, 0x08, 0,    0,    0,    0,    0, 0,
                                       3,    0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0, 0x86,
                                       0xa6, 0x10, 0x36, 5,    0,    0,    0};
    struct flow *f = flow_make(FLOW_HTTP, REQUEST);
    struct decision d = {0};
    flow_make_response(f,
                       "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 25\r\n\r\n");
    flow_make_content(&f->resp, slice_of(gz, sizeof gz));
    assert_int_equal(run_rule(f, "do: replace-body\npattern: hell\nwith: jell", &d), 1);
    expect_content(&f->resp, "jello");
    assert_string_equal(rule_head_text(&f->resp), "200 OK\nContent-Length: 5\n");
    flow_unref(f);
    f = make_flow();
    f->resp.body.cut = true;
    assert_int_equal(run_rule(f, "do: replace-body\npattern: l\nwith: L", &d), 0);
    flow_unref(f);
}

static void
answers_are_made(void **state)
{
    folder_write("mock.json", SLICE("{\"q\": \"{{query.q}}\"}"), 0600);
    char file[600], missing[600];
    snprintf(file, sizeof file, "do: answer\ntype: application/json\nfile: %s",
             folder_file("mock.json"));
    snprintf(missing, sizeof missing, "do: answer\nfile: /nowhere/at/all");
    const struct {
        const char *rule, *head, *content;
    } rows[] = {
        {"do: answer\nbody: hi", "200 OK\nContent-Length: 2\n", "hi"},
        {"do: answer\nstatus: 418\ntype: text/plain\nfields: X-A: {{header.b}}\nfields: X-B: 2\n"
         "body: {{method}} {{path}} {{query.q}} {{query}} {{host}} {{url}}{{query.no}}",
         "418 \nContent-Type: text/plain\nContent-Length: 54\nX-A: x\nX-B: 2\n",
         "GET /a/b 1 q=1 example.com https://example.com/a/b?q=1"},
        {file, "200 OK\nContent-Type: application/json\nContent-Length: 10\n", "{\"q\": \"1\"}"},
        {"do: block", "403 Forbidden\nContent-Length: 0\n", ""},
        {"do: block\nstatus: 204", "204 No Content\nContent-Length: 0\n", ""},
        {"do: redirect\nto: https://b.test/",
         "302 Found\nContent-Length: 0\nLocation: https://b.test/\n", ""},
        {"do: redirect\nstatus: 308\npattern: //[^/]*(/[^?]*)\nto: https://b.test$1",
         "308 Permanent Redirect\nContent-Length: 0\nLocation: https://b.test/a/b\n", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct flow *f = flow_make(FLOW_HTTP, REQUEST);
        struct decision d = {0};
        assert_int_equal(run_rule(f, rows[i].rule, &d), 1);
        assert_int_equal(d.end, END_ANSWER);
        assert_string_equal(rule_head_text(&f->resp), rows[i].head);
        expect_content(&f->resp, rows[i].content);
        flow_unref(f);
    }
    struct flow *f = flow_make(FLOW_HTTP, REQUEST);
    struct decision d = {0};
    assert_int_equal(run_rule(f, missing, &d), 1);
    assert_int_equal(edit_head(&f->resp)->status, 502);
    flow_unref(f);
}

static void
a_value_that_the_request_made_impossible_is_left_out(void **state)
{
    struct flow *f = flow_make(FLOW_HTTP, "GET /?q=a%0d%0aX:1 HTTP/1.1\r\nHost: a.test\r\n\r\n");
    struct decision d = {0};
    run_rule(f, "do: answer\nfields: X-A: {{query.q}}\nfields: X-B: 2\nbody: b", &d);
    assert_string_equal(rule_head_text(&f->resp), "200 OK\nContent-Length: 1\nX-B: 2\n");
    flow_unref(f);
}

static void
a_redirect_without_a_match_does_nothing(void **state)
{
    struct flow *f = flow_make(FLOW_HTTP, REQUEST);
    struct decision d = {0};
    assert_int_equal(run_rule(f, "do: redirect\npattern: nothing\nto: https://b.test$0", &d), 0);
    assert_int_equal(d.end, END_GO);
    flow_unref(f);
}

static struct decision
decide(const char *rule)
{
    struct flow *f = make_flow();
    struct decision d = {0};
    assert_int_equal(run_rule(f, rule, &d), 1);
    flow_unref(f);
    return d;
}

static void
the_engine_is_told_what_is_wanted(void **state)
{
    assert_int_equal(decide("do: block\nhow: close").end, END_CLOSE);
    assert_int_equal(decide("do: block\nstatus: 444").end, END_CLOSE);
    assert_int_equal(decide("do: block\nhow: reset").end, END_RESET);
    assert_int_equal(decide("do: throttle\npreset: offline").end, END_RESET);
    assert_int_equal(decide("do: delay\ntime: 20ms").delay, 20 * NS_PER_MS);
    uint64_t ns = decide("do: delay\nside: response\ntime: 20ms\njitter: 10ms").delay;
    assert_in_range(ns, 20 * NS_PER_MS, 30 * NS_PER_MS);
    assert_true(decide("do: hold").hold);
    assert_true(decide("do: hold\nat: response").hold);
    assert_true(decide("do: no-hold").never_hold);
    assert_true(decide("do: discard").discard);
    struct fault fault = decide("do: fault\nkind: gzip\nafter: 1k").fault;
    assert_int_equal(fault.kind, FAULT_GZIP);
    assert_int_equal(fault.after, 1024);
    fault = decide("do: fault\nkind: goaway\ncode: enhance_your_calm").fault;
    assert_true(fault.kind == FAULT_GOAWAY && fault.coded && fault.code == 11);
    struct shape shape = decide("do: throttle\npreset: 3g\nup: 10k\nloss: 20").shape;
    assert_int_equal(shape.down, 200000);
    assert_int_equal(shape.up, 10240);
    assert_int_equal(shape.latency, 150 * NS_PER_MS);
    assert_int_equal(shape.loss, 20);
}

static void
a_rule_that_says_never_keeps_a_later_one_from_holding(void **state)
{
    struct flow *f = make_flow();
    struct decision d = {.never_hold = true};
    assert_int_equal(run_rule(f, "do: hold", &d), 0);
    assert_false(d.hold);
    flow_unref(f);
}

static void
another_address_outlives_the_rule(void **state)
{
    struct flow *f = make_flow();
    struct decision d = {0};
    assert_int_equal(run_rule(f, "do: upstream\nto: 127.0.0.1:8443", &d), 1);
    assert_true(slice_eq(d.upstream, SLICE("127.0.0.1:8443")));
    flow_unref(f);
}

static void
flows_are_marked_noted_and_tagged(void **state)
{
    struct flow *f = make_flow();
    struct decision d = {0};
    assert_int_equal(run_rule(f, "do: mark\nmark: red", &d), 1);
    assert_int_equal(run_rule(f, "do: note\nnote: look here", &d), 1);
    assert_int_equal(run_rule(f, "do: tag\ntag: one", &d), 1);
    assert_int_equal(run_rule(f, "do: tag\ntag: two", &d), 1);
    assert_int_equal(run_rule(f, "do: tag\ntag: one", &d), 0);
    assert_int_equal(run_rule(f, "do: mark\nmark: red", &d), 0);
    const struct marks *m = atomic_load(&f->marks);
    assert_true(slice_eq(m->mark, SLICE("red")));
    assert_true(slice_eq(m->note, SLICE("look here")));
    assert_int_equal(m->n_tags, 2);
    assert_true(slice_eq(m->tags[1], SLICE("two")));
    flow_unref(f);
}

static void
conditions_of_caches_go(void **state)
{
    struct flow *f = flow_make(FLOW_HTTP, "GET / HTTP/1.1\r\nHost: a.test\r\nIf-None-Match: x\r\n"
                                          "If-Modified-Since: y\r\nIf-Match: z\r\n\r\n");
    struct decision d = {0};
    flow_make_response(f, RESPONSE);
    assert_int_equal(run_rule(f, "do: no-cache", &d), 2);
    assert_string_equal(rule_head_text(&f->req),
                        "GET /\nHost: a.test\nIf-Match: z\nCache-Control: no-store\n");
    assert_string_equal(rule_head_text(&f->resp),
                        "200 OK\nA: one\nContent-Length: 5\nCache-Control: no-store\n");
    flow_unref(f);
}

static void
a_line_is_logged_until_the_file_is_full(void **state)
{
    char rule[600], line[200] = "";
    struct flow *f = make_flow();
    struct decision d = {0};
    const char *path = folder_file("lines.log");
    snprintf(rule, sizeof rule, "do: log\nline: {{method}} {{url}} {{status}}\nmax: 90\nfile: %s",
             path);
    assert_int_equal(run_rule(f, rule, &d), 1);
    assert_int_equal(run_rule(f, rule, &d), 1);
    assert_int_equal(run_rule(f, rule, &d), 0);
    FILE *log = fopen(path, "r");
    assert_non_null(log);
    assert_non_null(fgets(line, sizeof line, log));
    assert_string_equal(line, "GET https://example.com/a/b?q=1 200\n");
    assert_non_null(fgets(line, sizeof line, log));
    assert_null(fgets(line, sizeof line, log));
    fclose(log);
    flow_unref(f);
}

static struct flow *
make_hello(void)
{
    struct flow *f = flow_make(FLOW_TLS, NULL);
    f->host = SLICE("bank.example");
    f->port = 443;
    return f;
}

static void
a_hello_is_acted_on(void **state)
{
    static const struct {
        const char *rule;
        struct decision want;
        const char *did; /* NULL: nothing */
    } rows[] = {
        {"do: pass-through", {.end = END_PASS}, "passed through"},
        {"do: pass-through\nwhen: host:bank.example", {.end = END_PASS}, "passed through"},
        {"do: pass-through\nwhen: host:other", {0}, NULL},
        {"do: pass-through\nwhen: status:200", {0}, NULL},
        {"do: block\nat: client-hello", {.end = END_CLOSE}, "closed the connection"},
        {"do: block\nat: client-hello\nhow: reset", {.end = END_RESET}, "reset the connection"},
        {"do: hold\nat: client-hello", {.hold = true}, "held"},
        {"do: delay\nat: client-hello\ntime: 5ms", {.delay = 5000000}, "waited 5 ms"},
        {"do: discard\nat: client-hello", {.discard = true}, "not recorded"},
        {"do: fault\nkind: alert",
         {.end = END_ALERT, .alert = 40},
         "sent the alert handshake_failure (40)"},
        {"do: fault\nkind: alert\nalert: 48",
         {.end = END_ALERT, .alert = 48},
         "sent the alert unknown_ca (48)"},
        {"do: mark\nmark: m\nat: client-hello", {0}, "marked"},
        {"do: note\nnote: n\nat: client-hello", {0}, "noted"},
        {"do: tag\ntag: t\nat: client-hello", {0}, "tagged"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct flow *f = make_hello();
        struct decision d = {0};
        assert_int_equal(run_rule(f, rows[i].rule, &d), rows[i].did != NULL);
        assert_memory_equal(&d, &rows[i].want, sizeof d);
        if (rows[i].did) {
            assert_string_equal(f->trace->did, rows[i].did);
            assert_string_equal(f->trace->stage, "client-hello");
        }
        assert_int_equal(f->passed.n > 0, d.end == END_PASS);
        flow_unref(f);
    }
}

/* The words are those of the forging, all of them and in its order. */
static void
every_fault_of_a_certificate_can_be_shown(void **state)
{
    const struct rule_param *p = rule_fault.params;
    while (strcmp(p->key, "certificate") != 0)
        p++;
    struct slice rest = slice_str(p->choices);
    for (enum leaf_fault fault = LEAF_GOOD + 1; fault < LEAF_FAULTS; fault++) {
        char text[200];
        struct flow *f = make_hello();
        struct decision d = {0};
        struct slice word = slice_cut(&rest, '|');
        assert_true(slice_eq(word, slice_str(leaf_fault_word(fault))));
        snprintf(text, sizeof text, "do: fault\nkind: certificate\ncertificate: %.*s",
                 SLICE_ARG(word));
        assert_int_equal(run_rule(f, text, &d), 1);
        assert_true(slice_eq(d.certificate, word));
        flow_unref(f);
    }
    assert_int_equal(rest.n, 0);
}

static void
other_rules_leave_a_hello_alone(void **state)
{
    static const char *const texts[] = {
        "do: mark\nmark: m",      "do: discard",          "do: block",
        "do: upstream\nto: a:1",  "do: delay\ntime: 1ms", "do: hold",
        "do: fault\nkind: reset", "do: tag\ntag: t",
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct rule *r = rule_make(texts[i]);
        struct rules *rs = rules_new(&r, 1, NULL);
        assert_false(rules_any(rs, STAGE_CLIENT_HELLO));
        rules_unref(rs);
        rule_unref(r);
    }
}

static bool
act_without_memory(const struct rules *rs, unsigned long nth)
{
    struct flow *f = make_flow();
    struct decision d = {0};
    struct hook h = {.flow = f, .decision = &d};
    mem_fail_at(nth);
    for (; h.stage < STAGES_N && !d.failed && d.end == END_GO; h.stage++) {
        struct rules_walk w = {0};
        while (!d.failed && d.end == END_GO && rules_step(rs, &w, &h))
            ;
    }
    bool reached = mem_count() >= nth;
    mem_fail_at(0);
    flow_unref(f);
    return reached;
}

/* Whatever allocation fails, the rule acts, does nothing, or fails the exchange. */
static void
want_of_memory_is_survived(void **state)
{
    static const char *const texts[] = {
        "do: set-field\nfield: A\nvalue: new",
        "do: replace-field\nfield: A\npattern: e\nwith: x",
        "do: replace-line\npattern: A\nwith: C",
        "do: path\npattern: a\nwith: b",
        "do: host\nto: b.test",
        "do: map-remote\npattern: e\nto: i",
        "do: answer\nfields: A: {{header.B}}\nbody: {{query.q}}",
        "do: replace-body\npattern: l\nwith: L",
        "do: redirect\npattern: a\nto: /x",
        "do: map-local\npath: /nowhere",
        "do: tag\ntag: t",
        "do: sticky-auth",
        "do: sticky-cookie",
        "do: upstream\nto: a.test:1",
        "do: upstream\nto: a.test:1\nat: client-hello",
        "do: pass-through",
        "do: fault\nkind: alert",
        "do: fault\nkind: certificate",
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct rule *r = rule_make(texts[i]);
        struct rules *rs = rules_new(&r, 1, NULL);
        for (unsigned long nth = 1; act_without_memory(rs, nth); nth++)
            assert_true(nth < 200);
        rules_unref(rs);
        rule_unref(r);
    }
}

static void
arguments_that_cannot_be_are_named(void **state)
{
    static const struct {
        const char *rule, *error;
    } rows[] = {
        {"do: set-field", "'field': it is missing"},
        {"do: set-field\nfield: a b", "'a b' is no name of a field"},
        {"do: set-field\nfield: Content-Length\nvalue: 1",
         "'Content-Length' follows from the content and cannot be set"},
        {"do: set-field\nfield: A\nside: both", "'side': 'both' is neither request nor response"},
        {"do: replace-field\nfield: A\npattern: (", "'(', column 2: missing closing parenthesis"},
        {"do: replace-field\nfield: A\npattern: x\nwith: $1", "the pattern has no group '1'"},
        {"do: replace-field\nfield: A\npattern: x\nwith: ${n}", "the pattern has no group 'n'"},
        {"do: method\nto: G T", "'to': 'G T' is no method"},
        {"do: path\nwith: x", "'with': 'x' is no path that begins with '/'"},
        {"do: host\nto: a/b", "'to': 'a/b' is neither HOST nor HOST:PORT"},
        {"do: map-remote\nto: b.test", "'to': 'b.test' is no URL like https://host/path"},
        {"do: map-remote\nto: http://b\nfrom: a\npattern: b",
         "'from' and 'pattern' cannot both be there"},
        {"do: status\nto: 99", "'to': '99' is not a number from 200 to 999"},
        {"do: answer\nbody: {{nothing}}", "there is no place '{{nothing}}'"},
        {"do: answer\nfields: none", "'fields': 'none' is not 'Name: value'"},
        {"do: throttle", "one of 'preset', 'down', 'up', 'latency' and 'jitter' is needed"},
        {"do: throttle\nloss: 3", "'loss' needs 'down' or 'up'"},
        {"do: throttle\npreset: 9g",
         "'preset': '9g' is not one of 2g|3g|4g|cable|dsl|edge|offline|satellite|slow-3g"},
        {"do: delay\ntime: 2h",
         "'time': '2h' is not a time like 500ms or 10s, of at most one hour"},
        {"do: fault\nkind: odd",
         "'kind': 'odd' is not one of reset|goaway|close|stall|truncate|length|chunk|gzip|alert|"
         "certificate"},
        {"do: fault\nkind: alert\nalert: odd",
         "'alert': 'odd' is neither a name nor a number of an alert"},
        {"do: mark\nmark: m\nat: request", "'at': 'request' is not one of exchange|client-hello"},
        {"do: upstream\nto: b.test", "'to': 'b.test' is not HOST:PORT"},
        {"do: map-local\npath: x\nprefix: a", "'prefix': 'a' does not begin with '/'"},
        {"do: log\nfile: /nowhere/at/all",
         "'file': cannot write '/nowhere/at/all': no such file or directory"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct err e = {0};
        assert_null(rule_try(rows[i].rule, &e));
        assert_string_equal(e.text, rows[i].error);
        assert_int_equal(e.code, ERR_USAGE);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads_are_changed),
        cmocka_unit_test(requests_go_elsewhere),
        cmocka_unit_test(contents_are_replaced),
        cmocka_unit_test(a_content_is_decoded_first_and_a_cut_one_is_left_alone),
        cmocka_unit_test(answers_are_made),
        cmocka_unit_test(a_value_that_the_request_made_impossible_is_left_out),
        cmocka_unit_test(a_redirect_without_a_match_does_nothing),
        cmocka_unit_test(the_engine_is_told_what_is_wanted),
        cmocka_unit_test(a_rule_that_says_never_keeps_a_later_one_from_holding),
        cmocka_unit_test(another_address_outlives_the_rule),
        cmocka_unit_test(flows_are_marked_noted_and_tagged),
        cmocka_unit_test(conditions_of_caches_go),
        cmocka_unit_test(a_line_is_logged_until_the_file_is_full),
        cmocka_unit_test(a_hello_is_acted_on),
        cmocka_unit_test(every_fault_of_a_certificate_can_be_shown),
        cmocka_unit_test(other_rules_leave_a_hello_alone),
        cmocka_unit_test(want_of_memory_is_survived),
        cmocka_unit_test(arguments_that_cannot_be_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
