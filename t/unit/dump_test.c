/* Tests of ui/dump: lines, columns, colours, errors, and that nothing hostile reaches a terminal.
 */
#include "ui/dump.h"

#include "base/mem.h"
#include "lib/flow_make.h"

#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define PLAIN ((struct dump_options){.detail = 1, .decode_max = 1 << 20})

/* What the flows print, until the next call. Takes the flow. */
static const char *
printed_twice(struct flow *f, struct dump_options o, bool twice)
{
    static char text[1 << 20];
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    assert_true(fcntl(fds[0], F_SETPIPE_SZ, 1 << 20) > 0);
    o.fd = fds[1];
    struct dump *d = dump_new(&o);
    assert_non_null(d);
    dump_flow(d, f);
    if (twice)
        dump_flow(d, f);
    dump_free(d);
    close(fds[1]);
    ssize_t n = read(fds[0], text, sizeof(text) - 1);
    close(fds[0]);
    assert_true(n >= 0);
    text[n] = '\0';
    flow_unref(f);
    return text;
}

static const char *
printed(struct flow *f, struct dump_options o)
{
    return printed_twice(f, o, false);
}

static void
only_what_the_query_matches_is_printed(void **state)
{
    struct dump_options o = PLAIN;
    struct filter *filter = filter_parse(SLICE("404 or json"), NULL, NULL, NULL);
    assert_non_null(filter);
    o.filter = filter;
    assert_string_equal(printed(flow_make_get("a.test", "/", "", NULL), o), "");
    assert_string_not_equal(printed(flow_make_get("a.test", "/x.json", "", NULL), o), "");
    o.json = true;
    assert_string_equal(printed(flow_make_get("a.test", "/", "", NULL), o), "");
    filter_unref(filter);
}

static void
an_exchange_is_one_line(void **state)
{
    struct flow *f = flow_make_get("example.com", "/path?q=1", "hello", NULL);
    assert_string_equal(printed(f, PLAIN),
                        "127.0.0.1:5000 GET https://example.com/path?q=1 200 text/plain 5b 34ms\n");
}

static void
what_is_missing_is_a_dash(void **state)
{
    struct flow *f = flow_make(FLOW_HTTP, NULL);
    f->host = SLICE_NONE;
    assert_string_equal(printed(f, PLAIN), "127.0.0.1:5000 - - --- - 0b 34ms\n");
}

static void
detail_zero_prints_nothing(void **state)
{
    struct dump_options o = PLAIN;
    o.detail = 0;
    assert_string_equal(printed(flow_make_get("a.test", "/", "", NULL), o), "");
    o.json = true;
    assert_string_equal(printed(flow_make_get("a.test", "/", "", NULL), o), "");
}

static void
hostile_bytes_are_shown_not_obeyed(void **state)
{
    struct flow *f = flow_make_get("a.test", "/", "", NULL);
    f->req.head.target = SLICE("/\x1b]0;owned\x07\xe2\x80\xae\xff");
    f->req.head.method = SLICE("G\rT");
    f->resp.head.fields[0].value = SLICE("\x1b[2J\nx");
    assert_string_equal(
        printed(f, PLAIN),
        "127.0.0.1:5000 G\\x0dT https://a.test/\\x1b]0;owned\\x07\\xe2\\x80\\xae\\xff"
        " 200 \\x1b[2J\\x0ax 0b 34ms\n");
}

static void
an_error_has_a_line_and_the_first_one_advice(void **state)
{
    struct flow *f = flow_make_get("a.test", "/", "", NULL);
    flow_fail(f, "proxy-auth", SLICE("who \x1b[31mare\nyou"));
    assert_string_equal(printed_twice(f, PLAIN, true),
                        "127.0.0.1:5000 GET https://a.test/ 200 text/plain 0b 34ms\n"
                        "    << proxy-auth: who \\x1b[31mare\\x0ayou\n"
                        "       Give the program the user and password of --proxyauth: "
                        "http://USER:PASSWORD@ADDRESS:PORT.\n"
                        "127.0.0.1:5000 GET https://a.test/ 200 text/plain 0b 34ms\n"
                        "    << proxy-auth: who \\x1b[31mare\\x0ayou\n");
}

static void
an_error_that_nobody_knows_is_printed_too(void **state)
{
    struct flow *f = flow_make_get("a.test", "/", "", NULL);
    flow_fail(f, "moon-phase", SLICE("full"));
    assert_non_null(strstr(printed(f, PLAIN), "    << moon-phase: full\n"));
}

static void
a_refused_handshake_is_one_line(void **state)
{
    struct flow *f = flow_make(FLOW_TLS, NULL);
    flow_fail(f, "tls-client", SLICE("alert unknown_ca: the client does not trust Weir's CA"));
    assert_string_equal(printed(f, PLAIN),
                        "127.0.0.1:5000 TLS example.com:443 alert unknown_ca: the client does not "
                        "trust Weir's CA\n");
}

static void
note_trace(struct flow *f, const char *name, const char *did)
{
    assert_true(flow_trace(
        f, &(struct trace){.name = slice_str(name), .stage = "client-hello", .did = did}));
}

static void
a_hello_that_was_acted_on_says_by_whom(void **state)
{
    struct flow *f = flow_make(FLOW_TLS, NULL);
    note_trace(f, "bank", "held");
    note_trace(f, "ann\x1b", "held and forwarded");
    assert_string_equal(printed(f, PLAIN), "127.0.0.1:5000 TLS example.com:443 bank: held; "
                                           "ann\\x1b: held and forwarded\n");
    f = flow_make(FLOW_TLS, NULL);
    note_trace(f, "bank", "reset the connection");
    flow_fail(f, "rule", SLICE("it was reset"));
    assert_non_null(strstr(printed(f, PLAIN), " bank: reset the connection; it was reset\n"));
}

static void
a_tunnel_that_was_left_closed_says_by_whom(void **state)
{
    struct flow *f = flow_make(FLOW_TUNNEL, NULL);
    f->passed = SLICE("rule bank");
    assert_non_null(strstr(printed(f, PLAIN), " 34ms passed through by rule bank\n"));
}

static void
a_tunnel_says_how_much_went_through(void **state)
{
    struct flow *f = flow_make(FLOW_TUNNEL, NULL);
    f->tunnel_up = 2048;
    f->tunnel_down = 5;
    assert_string_equal(printed(f, PLAIN),
                        "127.0.0.1:5000 TUNNEL example.com:443 up 2.0k down 5b 34ms\n");
}

static struct flow *
make_connect(const char *response)
{
    struct flow *f = flow_make(FLOW_CONNECT,
                               "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n");
    flow_make_response(f, response);
    return f;
}

static void
a_connect_is_shown_when_it_failed_or_heads_are(void **state)
{
    struct dump_options o = PLAIN;
    assert_string_equal(printed(make_connect("HTTP/1.1 200 OK\r\n\r\n"), o), "");
    assert_string_equal(printed(make_connect("HTTP/1.1 502 No\r\n\r\n"), o),
                        "127.0.0.1:5000 CONNECT example.com:443 502 - 0b 34ms\n");
    o.detail = 2;
    assert_string_equal(printed(make_connect("HTTP/1.1 200 OK\r\n\r\n"), o),
                        "127.0.0.1:5000 CONNECT example.com:443 200 - 0b 34ms\n"
                        "  > CONNECT example.com:443 HTTP/1.1\n  > Host: example.com:443\n"
                        "  < HTTP/1.1 200 OK\n");
}

static void
a_cut_content_is_never_silent(void **state)
{
    struct flow *f = flow_make_get("a.test", "/", "", NULL);
    body_append(&f->resp.body, SLICE("0123456789"), 3, 0);
    assert_string_equal(
        printed(f, PLAIN),
        "127.0.0.1:5000 GET https://a.test/ 200 text/plain 10b 34ms [response kept 3b of 10b]\n");
}

static const char *
printed_with_verdict(const char *word)
{
    struct flow *f = flow_make_get("a.test", "/", "", NULL);
    flow_make_server(f);
    struct peer_tls *tls = peer_need_tls(f->server);
    snprintf(tls->verdict, sizeof(tls->verdict), "%s", word);
    return printed(f, PLAIN);
}

static void
a_certificate_that_was_only_allowed_is_never_silent(void **state)
{
    assert_null(strstr(printed_with_verdict("ok"), "certificate"));
    assert_null(strstr(printed_with_verdict(""), "certificate"));
    assert_non_null(strstr(printed_with_verdict("expired"), " [certificate allowed: expired]\n"));
}

static void
a_terminal_gets_columns(void **state)
{
    struct dump_options o = PLAIN;
    o.columns = 120;
    const char *line = printed(flow_make_get("a.test", "/", "hello", NULL), o);
    assert_string_equal(
        line, "127.0.0.1:5000        GET     https://a.test/                                  200 "
              "text/plain                  5b   34ms\n");
    assert_int_equal(strlen(line), 121);
}

static void
a_long_url_is_cut_on_a_terminal_only(void **state)
{
    struct dump_options o = PLAIN;
    char target[300] = "/";
    memset(target + 1, 'x', 290);
    assert_non_null(strstr(printed(flow_make_get("a.test", target, "", NULL), o), target));
    o.columns = 120;
    const char *line = printed(flow_make_get("a.test", target, "", NULL), o);
    assert_int_equal(strlen(line), 121);
    assert_non_null(strstr(line, "xxx.. 200 "));
}

/* A wide character that would stand half inside is left out. */
static void
wide_characters_count_twice(void **state)
{
    struct dump_options o = PLAIN;
    struct flow *f = flow_make_get("a.test", "/", "", NULL);
    o.columns = 120;
    f->req.head.target = SLICE(
        "/\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad"
        "\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad"
        "\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad");
    const char *line = printed(f, o);
    assert_non_null(strstr(line, "\xe4\xb8\xad.. 200 "));
}

static void
a_narrow_terminal_gets_no_columns(void **state)
{
    struct dump_options o = PLAIN;
    o.columns = 80;
    assert_string_equal(printed(flow_make_get("a.test", "/", "", NULL), o),
                        "127.0.0.1:5000 GET https://a.test/ 200 text/plain 0b 34ms\n");
}

static void
colours_are_for_those_who_want_them(void **state)
{
    struct dump_options o = PLAIN;
    o.color = true;
    struct flow *f = flow_make_get("a.test", "/", "", NULL);
    flow_fail(f, "moon-phase", SLICE("full"));
    assert_string_equal(
        printed(f, o),
        "\x1b[2m127.0.0.1:5000\x1b[0m \x1b[1mGET\x1b[0m https://a.test/ \x1b[32m200\x1b[0m "
        "\x1b[2mtext/plain\x1b[0m 0b 34ms\n\x1b[31m    << moon-phase: full\x1b[0m\n");
}

static void
json_is_one_object_a_line(void **state)
{
    struct dump_options o = PLAIN;
    o.json = true;
    const char *line = printed(flow_make_get("a.test", "/", "hello", NULL), o);
    json_t *root = json_loads(line, 0, NULL);
    assert_non_null(root);
    json_t *body = json_object_get(json_object_get(root, "response"), "body");
    assert_null(json_object_get(body, "base64"));
    json_decref(root);
    o.detail = 3;
    line = printed(flow_make_get("a.test", "/", "hello", NULL), o);
    root = json_loads(line, 0, NULL);
    body = json_object_get(json_object_get(root, "response"), "body");
    assert_string_equal(json_string_value(json_object_get(body, "base64")), "aGVsbG8=");
    json_decref(root);
}

static void
note_gone(void *arg)
{
    ++*(int *)arg;
}

static void
a_reader_that_goes_away_is_noticed_once(void **state)
{
    int fds[2], gone = 0;
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(pipe(fds), 0);
    close(fds[0]);
    struct dump_options o = PLAIN;
    o.fd = fds[1];
    o.gone = note_gone;
    o.arg = &gone;
    struct dump *d = dump_new(&o);
    struct flow *f = flow_make_get("a.test", "/", "", NULL);
    for (int i = 0; i < 3; i++) {
        dump_flow(d, f);
        dump_flush(d);
    }
    assert_int_equal(gone, 1);
    flow_unref(f);
    dump_free(d);
    dump_free(NULL);
    close(fds[1]);
}

/* All of a line or nothing of it. */
static void
without_memory_a_flow_is_not_shown(void **state)
{
    struct dump_options o = PLAIN;
    char want[256], got[256];
    snprintf(want, sizeof(want), "%s", printed(flow_make_get("a.test", "/", "x", NULL), PLAIN));
    struct flow *f = flow_make_get("a.test", "/", "x", NULL);
    bool shown = false;
    for (unsigned long nth = 1; !shown; nth++) {
        int fds[2];
        assert_true(nth < 50);
        assert_int_equal(pipe(fds), 0);
        o.fd = fds[1];
        struct dump *d = dump_new(&o);
        mem_fail_at(nth);
        dump_flow(d, f);
        mem_fail_at(0);
        dump_free(d);
        close(fds[1]);
        ssize_t n = read(fds[0], got, sizeof(got) - 1);
        close(fds[0]);
        got[MAX(n, 0)] = '\0';
        shown = n > 0;
        assert_string_equal(got, shown ? want : "");
    }
    flow_unref(f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_the_query_matches_is_printed),
        cmocka_unit_test(an_exchange_is_one_line),
        cmocka_unit_test(what_is_missing_is_a_dash),
        cmocka_unit_test(detail_zero_prints_nothing),
        cmocka_unit_test(hostile_bytes_are_shown_not_obeyed),
        cmocka_unit_test(an_error_has_a_line_and_the_first_one_advice),
        cmocka_unit_test(an_error_that_nobody_knows_is_printed_too),
        cmocka_unit_test(a_refused_handshake_is_one_line),
        cmocka_unit_test(a_tunnel_says_how_much_went_through),
        cmocka_unit_test(a_hello_that_was_acted_on_says_by_whom),
        cmocka_unit_test(a_tunnel_that_was_left_closed_says_by_whom),
        cmocka_unit_test(a_connect_is_shown_when_it_failed_or_heads_are),
        cmocka_unit_test(a_cut_content_is_never_silent),
        cmocka_unit_test(a_certificate_that_was_only_allowed_is_never_silent),
        cmocka_unit_test(a_terminal_gets_columns),
        cmocka_unit_test(a_long_url_is_cut_on_a_terminal_only),
        cmocka_unit_test(wide_characters_count_twice),
        cmocka_unit_test(a_narrow_terminal_gets_no_columns),
        cmocka_unit_test(colours_are_for_those_who_want_them),
        cmocka_unit_test(json_is_one_object_a_line),
        cmocka_unit_test(a_reader_that_goes_away_is_noticed_once),
        cmocka_unit_test(without_memory_a_flow_is_not_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
