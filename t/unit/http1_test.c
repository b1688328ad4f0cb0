/* HTTP/1 heads: what is read, and every way of being wrong that another reader could take for
 * right. */
#include "codec/token.h"
#include "lib/http1_read.h"

static const struct attack requests[] = {
    {"space before colon", BYTES("POST / HTTP/1.1\r\n" H "Content-Length : 5\r\n\r\n"),
     HTTP1_FAULT_SPACE_COLON},
    {"tab before colon", BYTES("POST / HTTP/1.1\r\n" H "Content-Length\t: 5\r\n\r\n"),
     HTTP1_FAULT_SPACE_COLON},
    {"space inside a name", BYTES("GET / HTTP/1.1\r\n" H "X Y: 5\r\n\r\n"), HTTP1_FAULT_NAME_BYTE},
    {"byte 0x85 in a name", BYTES("GET / HTTP/1.1\r\n" H "X\x85: 5\r\n\r\n"),
     HTTP1_FAULT_NAME_BYTE},
    {"NUL in a name", BYTES("GET / HTTP/1.1\r\n" H "X\0Y: 5\r\n\r\n"), HTTP1_FAULT_NUL},
    {"parenthesis in a name", BYTES("GET / HTTP/1.1\r\n" H "X(: 5\r\n\r\n"), HTTP1_FAULT_NAME_BYTE},
    {"control in a name", BYTES("GET / HTTP/1.1\r\n" H "X\x01: 5\r\n\r\n"), HTTP1_FAULT_CONTROL},
    {"empty name", BYTES("GET / HTTP/1.1\r\n" H ": 5\r\n\r\n"), HTTP1_FAULT_NAME_EMPTY},
    {"fold at the first field", BYTES("GET / HTTP/1.1\r\n Host: a\r\n\r\n"), HTTP1_FAULT_OBS_FOLD},
    {"fold at a later field", BYTES("GET / HTTP/1.1\r\n" H "X: 1\r\n\t2\r\n\r\n"),
     HTTP1_FAULT_OBS_FOLD},
    {"fold that hides TE",
     BYTES("POST / HTTP/1.1\r\n" H "X: 1\r\n Transfer-Encoding: chunked\r\n\r\n"),
     HTTP1_FAULT_OBS_FOLD},
    {"bare LF behind the request line", BYTES("GET / HTTP/1.1\n" H "\r\n"), HTTP1_FAULT_BARE_LF},
    {"bare LF behind a field", BYTES("GET / HTTP/1.1\r\nHost: a\n\r\n"), HTTP1_FAULT_BARE_LF},
    {"bare LF as the empty line", BYTES("GET / HTTP/1.1\r\n" H "\n"), HTTP1_FAULT_BARE_LF},
    {"LF LF", BYTES("GET / HTTP/1.1\nHost: a\n\n"), HTTP1_FAULT_BARE_LF},
    {"LF CR LF", BYTES("GET / HTTP/1.1\r\n" H "X: 1\n\r\n"), HTTP1_FAULT_BARE_LF},
    {"bare LF in a value", BYTES("GET / HTTP/1.1\r\n" H "X: 1\nY: 2\r\n\r\n"), HTTP1_FAULT_BARE_LF},
    {"bare LF before the colon", BYTES("GET / HTTP/1.1\r\n" H "X\n: 2\r\n\r\n"),
     HTTP1_FAULT_BARE_LF},
    {"bare CR in a value", BYTES("GET / HTTP/1.1\r\n" H "X: 1\rY: 2\r\n\r\n"), HTTP1_FAULT_BARE_CR},
    {"bare CR before a line end", BYTES("GET / HTTP/1.1\r\n" H "X: 1\r\r\n\r\n"),
     HTTP1_FAULT_BARE_CR},
    {"bare CR before the colon", BYTES("GET / HTTP/1.1\r\n" H "X\r: 2\r\n\r\n"),
     HTTP1_FAULT_BARE_CR},
    {"bare CR as the empty line", BYTES("GET / HTTP/1.1\r\n" H "\rX: 1\r\n\r\n"),
     HTTP1_FAULT_BARE_CR},
    {"bare CR in the request line", BYTES("GET /\r HTTP/1.1\r\n" H "\r\n"), HTTP1_FAULT_BARE_CR},
    {"NUL in a value", BYTES("GET / HTTP/1.1\r\n" H "X: a\0b\r\n\r\n"), HTTP1_FAULT_NUL},
    {"NUL in the request line", BYTES("GET /\0 HTTP/1.1\r\n" H "\r\n"), HTTP1_FAULT_NUL},
    {"DEL in a value", BYTES("GET / HTTP/1.1\r\n" H "X: a\x7f\r\n\r\n"), HTTP1_FAULT_CONTROL},
    {"no colon", BYTES("GET / HTTP/1.1\r\n" H "X\r\n\r\n"), HTTP1_FAULT_NO_COLON},
    {"no colon but words", BYTES("GET / HTTP/1.1\r\n" H "X y z\r\n\r\n"), HTTP1_FAULT_NO_COLON},
    {"no colon, but one in the next line", BYTES("GET / HTTP/1.1\r\nX y\r\n" H "\r\n"),
     HTTP1_FAULT_NO_COLON},
    {"second empty line in front", BYTES("\r\nGET / HTTP/1.1\r\n" H "\r\n"),
     HTTP1_FAULT_BLANK_LINE},
    {"blank in front", BYTES(" GET / HTTP/1.1\r\n" H "\r\n"), HTTP1_FAULT_REQUEST_LINE},
    {"version 1.10", BYTES("GET / HTTP/1.10\r\n" H "\r\n"), HTTP1_FAULT_VERSION_FORM},
    {"version 1.1x", BYTES("GET / HTTP/1.1x\r\n" H "\r\n"), HTTP1_FAULT_VERSION_FORM},
    {"version 1.2", BYTES("GET / HTTP/1.2\r\n" H "\r\n"), HTTP1_FAULT_VERSION},
    {"version 2.0", BYTES("PRI * HTTP/2.0\r\n\r\n"), HTTP1_FAULT_TARGET_FORM},
    {"version 2.0 with GET", BYTES("GET / HTTP/2.0\r\n" H "\r\n"), HTTP1_FAULT_VERSION},
    {"version in lower case", BYTES("GET / http/1.1\r\n" H "\r\n"), HTTP1_FAULT_VERSION_FORM},
    {"HTTP/0.9", BYTES("GET /\r\n\r\n"), HTTP1_FAULT_REQUEST_LINE},
    {"two blanks before the target", BYTES("GET  / HTTP/1.1\r\n" H "\r\n"),
     HTTP1_FAULT_REQUEST_LINE},
    {"two blanks before the version", BYTES("GET /  HTTP/1.1\r\n" H "\r\n"),
     HTTP1_FAULT_REQUEST_LINE},
    {"blank behind the version", BYTES("GET / HTTP/1.1 \r\n" H "\r\n"), HTTP1_FAULT_REQUEST_LINE},
    {"blank in the target", BYTES("GET /a b HTTP/1.1\r\n" H "\r\n"), HTTP1_FAULT_REQUEST_LINE},
    {"tab as separator", BYTES("GET\t/ HTTP/1.1\r\n" H "\r\n"), HTTP1_FAULT_REQUEST_LINE},
    {"tab in the target", BYTES("GET /\ta HTTP/1.1\r\n" H "\r\n"), HTTP1_FAULT_TARGET_BYTE},
    {"LF in the target", BYTES("GET /\nHTTP/1.1\r\n" H "\r\n"), HTTP1_FAULT_BARE_LF},
    {"method with a slash", BYTES("GE/T / HTTP/1.1\r\n" H "\r\n"), HTTP1_FAULT_METHOD},
    {"fragment", BYTES("GET /a#b HTTP/1.1\r\n" H "\r\n"), HTTP1_FAULT_FRAGMENT},
    {"non-ASCII target", BYTES("GET /\xc3\xa4 HTTP/1.1\r\n" H "\r\n"), HTTP1_FAULT_TARGET_BYTE},
    {"user name in the URL", BYTES("GET http://u@a/ HTTP/1.1\r\n" H "\r\n"),
     HTTP1_FAULT_TARGET_URL},
    {"URL without a host", BYTES("GET http:///x HTTP/1.1\r\n" H "\r\n"), HTTP1_FAULT_TARGET_URL},
    {"URL of another scheme", BYTES("GET ftp://a/x HTTP/1.1\r\n" H "\r\n"), HTTP1_FAULT_TARGET_URL},
    {"asterisk with GET", BYTES("GET * HTTP/1.1\r\n" H "\r\n"), HTTP1_FAULT_TARGET_FORM},
    {"authority with GET", BYTES("GET a:80 HTTP/1.1\r\n" H "\r\n"), HTTP1_FAULT_TARGET_URL},
    {"relative target", BYTES("GET a/b HTTP/1.1\r\n" H "\r\n"), HTTP1_FAULT_TARGET_FORM},
    {"CONNECT without a port", BYTES("CONNECT a HTTP/1.1\r\n" H "\r\n"), HTTP1_FAULT_TARGET_FORM},
    {"CONNECT to port 0", BYTES("CONNECT a:0 HTTP/1.1\r\n" H "\r\n"), HTTP1_FAULT_TARGET_FORM},
    {"CONNECT with a user name", BYTES("CONNECT u@a:1 HTTP/1.1\r\n" H "\r\n"),
     HTTP1_FAULT_TARGET_FORM},
    {"CONNECT with a path", BYTES("CONNECT a:1/x HTTP/1.1\r\n" H "\r\n"), HTTP1_FAULT_TARGET_FORM},
    {"CONNECT with a URL", BYTES("CONNECT http://a:1/ HTTP/1.1\r\n" H "\r\n"),
     HTTP1_FAULT_TARGET_FORM},
};

static const struct attack responses[] = {
    {"another protocol", BYTES("ICY 200 OK\r\n\r\n"), HTTP1_FAULT_STATUS_LINE},
    {"status of two digits", BYTES("HTTP/1.1 20\r\n\r\n"), HTTP1_FAULT_STATUS},
    {"status of two digits and a reason", BYTES("HTTP/1.1 20 OK\r\n\r\n"), HTTP1_FAULT_STATUS},
    {"status of four digits", BYTES("HTTP/1.1 2000\r\n\r\n"), HTTP1_FAULT_STATUS},
    {"status 099", BYTES("HTTP/1.1 099 X\r\n\r\n"), HTTP1_FAULT_STATUS},
    {"no status", BYTES("HTTP/1.1 \r\n\r\n"), HTTP1_FAULT_STATUS},
    {"two blanks before the status", BYTES("HTTP/1.1  200 OK\r\n\r\n"), HTTP1_FAULT_STATUS},
    {"version 2", BYTES("HTTP/2.0 200 OK\r\n\r\n"), HTTP1_FAULT_VERSION},
    {"version 1.10", BYTES("HTTP/1.10 200 OK\r\n\r\n"), HTTP1_FAULT_STATUS_LINE},
    {"version misspelt", BYTES("HTTP/1,1 200 OK\r\n\r\n"), HTTP1_FAULT_VERSION_FORM},
    {"control in the reason", BYTES("HTTP/1.1 200 O\x1bK\r\n\r\n"), HTTP1_FAULT_CONTROL},
    {"NUL in the reason", BYTES("HTTP/1.1 200 O\0K\r\n\r\n"), HTTP1_FAULT_NUL},
    {"CR in the reason", BYTES("HTTP/1.1 200 O\rSet-Cookie: x\r\n\r\n"), HTTP1_FAULT_BARE_CR},
    {"bare LF", BYTES("HTTP/1.1 200 OK\n\n"), HTTP1_FAULT_BARE_LF},
    {"fold", BYTES("HTTP/1.1 200 OK\r\nX: 1\r\n 2\r\n\r\n"), HTTP1_FAULT_OBS_FOLD},
    {"space before colon", BYTES("HTTP/1.1 200 OK\r\nX : 1\r\n\r\n"), HTTP1_FAULT_SPACE_COLON},
    {"empty line in front", BYTES("\r\nHTTP/1.1 200 OK\r\n\r\n"), HTTP1_FAULT_BLANK_LINE},
};

static void
requests_that_are_attacks_are_refused(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(requests); i++)
        assert_refused(&requests[i], false);
}

static void
responses_that_are_attacks_are_refused(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(responses); i++)
        assert_refused(&responses[i], true);
}

/* Every byte that may not be in a value, wherever it stands relative to the words of eight bytes.
 */
static void
control_bytes_in_values_are_refused_at_every_place(void **state)
{
    char text[] = "GET / HTTP/1.1\r\nHost: a\r\nX: 0123456789abcdefghijk\r\n\r\n";
    size_t from = 28, to = from + 21;
    for (unsigned c = 0; c < 256; c++) {
        for (size_t at = from; at < to; at++) {
            char kept = text[at];
            text[at] = (char)c;
            bool allowed = c == '\t' || (c >= 0x20 && c != 0x7f);
            enum http1_result r = parse(slice_of(text, sizeof(text) - 1), false);
            assert_int_equal(r, allowed ? HTTP1_OK : HTTP1_BAD);
            if (!allowed)
                assert_int_equal(why.at, at);
            text[at] = kept;
        }
    }
}

static const char *const good_heads[] = {
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.0\r\n\r\n",
    "POST /x?y=1 HTTP/1.1\r\nHost: a:80\r\nContent-Length: 5\r\nX:\r\nY: \t z \t\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET http://a.example:81/p HTTP/1.1\r\nHost: a.example:81\r\n\r\n",
    "GET //double HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n",
    "CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n\r\n",
    "CONNECT a:443 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
    "M-SEARCH /\\\"<>^`{|} HTTP/1.1\r\nHost: a\r\nX: \xc3\xa4\xff\r\n\r\n",
};

static void
good_heads_are_read_and_every_truncation_waits(void **state)
{
    struct http1_limits limits = HTTP1_LIMITS_DEFAULT;
    for (size_t i = 0; i < ARRAY_LEN(good_heads); i++) {
        struct slice whole = slice_str(good_heads[i]);
        read_request(good_heads[i]);
        assert_int_equal(read_slowly(whole, false), HTTP1_OK);
        for (size_t n = 0; n < whole.n; n++) {
            struct slice part = slice_first(whole, n);
            size_t scanned = 0;
            assert_int_equal(http1_head_end(part, &scanned), 0);
            assert_int_equal(http1_check_partial(part, false, &limits, &why), HTTP1_MORE);
            assert_int_equal(parse(part, false), HTTP1_MORE);
        }
    }
}

static void
truncated_responses_wait(void **state)
{
    struct slice whole = SLICE("HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 3\r\n\r\n");
    struct http1_limits limits = HTTP1_LIMITS_DEFAULT;
    for (size_t n = 0; n < whole.n; n++) {
        struct slice part = slice_first(whole, n);
        assert_int_equal(http1_check_partial(part, true, &limits, &why), HTTP1_MORE);
        assert_int_equal(parse(part, true), HTTP1_MORE);
    }
    assert_int_equal(parse(whole, true), HTTP1_OK);
}

static void
the_index_points_into_the_bytes(void **state)
{
    const char *text = "POST /a HTTP/1.1\r\nhOST:a\r\nX-Y:  v 1\t\r\nContent-Length: 05\r\n\r\n";
    read_request(text);
    assert_slice(head.line, "POST /a HTTP/1.1\r\n");
    assert_slice(head.method, "POST");
    assert_slice(head.target, "/a");
    assert_slice(head.raw, text);
    assert_ptr_equal(head.raw.p, text);
    assert_int_equal(head.version, 11);
    assert_int_equal(head.n, 3);
    assert_slice(head.fields[0].name, "hOST");
    assert_int_equal(head.fields[0].id, FIELD_HOST);
    assert_slice(head.fields[1].line, "X-Y:  v 1\t\r\n");
    assert_slice(head.fields[1].value, "v 1");
    assert_int_equal(head.fields[1].id, FIELD_OTHER);
    assert_int_equal(head.framing, FRAMING_LENGTH);
    assert_int_equal(head.length, 5);
    assert_true(head.cap >= head.n + 4);
}

static void
an_empty_value_is_read_as_empty(void **state)
{
    read_request("GET / HTTP/1.1\r\n" H "A:\r\nB: \t \r\n\r\n");
    assert_int_equal(head.fields[1].value.n, 0);
    assert_int_equal(head.fields[2].value.n, 0);
}

static void
a_reason_may_be_missing_with_or_without_its_blank(void **state)
{
    assert_int_equal(parse(SLICE("HTTP/1.1 200\r\n\r\n"), true), HTTP1_OK);
    assert_int_equal(head.reason.n, 0);
    assert_int_equal(parse(SLICE("HTTP/1.0 404 \r\n\r\n"), true), HTTP1_OK);
    assert_int_equal(head.status, 404);
    assert_int_equal(head.version, 10);
    assert_int_equal(parse(SLICE("HTTP/1.1 999 Not\t\xe4 OK\r\n\r\n"), true), HTTP1_OK);
    assert_slice(head.reason, "Not\t\xe4 OK");
}

static void
only_one_empty_line_is_skipped(void **state)
{
    assert_int_equal(http1_skip_blank(SLICE("\r\n\r\nGET")), 2);
    assert_int_equal(http1_skip_blank(SLICE("\r")), 0);
    assert_int_equal(http1_skip_blank(SLICE("\nGET")), 0);
    assert_int_equal(http1_skip_blank(SLICE("GET")), 0);
    assert_int_equal(http1_skip_blank(SLICE_NONE), 0);
}

static void
a_head_ends_at_its_first_empty_line(void **state)
{
    size_t scanned = 0;
    assert_int_equal(http1_head_end(SLICE("A\r\n\r\nB\r\n\r\n"), &scanned), 5);
    scanned = 0;
    assert_int_equal(http1_head_end(SLICE("A\n\nB"), &scanned), 3);
    scanned = 0;
    assert_int_equal(http1_head_end(SLICE("A\n\r\nB"), &scanned), 4);
    scanned = 0;
    assert_int_equal(http1_head_end(SLICE("A\r\n\rX\r\n"), &scanned), 0);
}

/* A head of 'n' bytes: a request line and one long field. */
static struct slice
head_of_size(size_t n)
{
    struct slice start = SLICE("GET / HTTP/1.1\r\nHost: a\r\nX: "), end = SLICE("\r\n\r\n");
    char *p = arena_alloc(arena, n);
    assert_non_null(p);
    memset(p, 'x', n);
    memcpy(p, start.p, start.n);
    memcpy(p + n - end.n, end.p, end.n);
    return slice_of(p, n);
}

static void
heads_up_to_the_limit_are_read(void **state)
{
    assert_int_equal(parse(head_of_size(65536), false), HTTP1_OK);
    assert_int_equal(parse(head_of_size(65537), false), HTTP1_BAD);
    assert_int_equal(why.fault, HTTP1_FAULT_HEAD_SIZE);
    assert_int_equal(http1_fault_row(why.fault)->status, 431);
}

static void
an_endless_head_is_refused_before_its_end(void **state)
{
    struct http1_limits limits = HTTP1_LIMITS_DEFAULT;
    struct slice big = slice_first(head_of_size(65600), 65537);
    assert_int_equal(http1_check_partial(big, false, &limits, &why), HTTP1_BAD);
    assert_int_equal(why.fault, HTTP1_FAULT_HEAD_SIZE);
    assert_int_equal(http1_check_partial(slice_first(big, 65536), false, &limits, &why),
                     HTTP1_MORE);
}

static void
an_endless_request_line_is_answered_with_414(void **state)
{
    struct http1_limits limits = HTTP1_LIMITS_DEFAULT;
    struct slice whole = head_of_size(17000);
    char *p = arena_alloc(arena, whole.n);
    assert_non_null(p);
    memset(p, 'x', whole.n);
    memcpy(p, "GET /", 5);
    memcpy(p + whole.n - 32, " HTTP/1.1\r\nHost: a\r\nX: 12345\r\n\r\n", 32);
    assert_int_equal(parse(slice_of(p, whole.n), false), HTTP1_BAD);
    assert_int_equal(why.fault, HTTP1_FAULT_TARGET_SIZE);
    assert_int_equal(http1_check_partial(slice_of(p, 16385), false, &limits, &why), HTTP1_BAD);
    assert_int_equal(http1_fault_row(why.fault)->status, 414);
    assert_int_equal(http1_check_partial(slice_of(p, 16384), false, &limits, &why), HTTP1_MORE);
}

static void
bytes_that_cannot_become_a_head_do_not_wait_for_its_end(void **state)
{
    struct http1_limits limits = HTTP1_LIMITS_DEFAULT;
    assert_int_equal(http1_check_partial(SLICE("\x16\x03\x01"), false, &limits, &why), HTTP1_BAD);
    assert_int_equal(http1_check_partial(SLICE("<html>"), true, &limits, &why), HTTP1_BAD);
    assert_int_equal(http1_check_partial(SLICE("HTT"), true, &limits, &why), HTTP1_MORE);
    assert_int_equal(http1_check_partial(SLICE("\r"), false, &limits, &why), HTTP1_MORE);
}

static struct slice
head_with_fields(size_t n)
{
    struct buf b = {.max = 1 << 16};
    buf_append(&b, SLICE("GET / HTTP/1.1\r\nHost: a\r\n"));
    for (size_t i = 1; i < n; i++)
        buf_printf(&b, "X-%zu: %zu\r\n", i, i);
    buf_append(&b, SLICE("\r\n"));
    assert_false(b.failed);
    struct slice s = arena_dup(arena, buf_slice(&b));
    buf_release(&b);
    return s;
}

static void
fields_up_to_the_limit_are_read(void **state)
{
    assert_int_equal(parse(head_with_fields(128), false), HTTP1_OK);
    assert_int_equal(head.n, 128);
    assert_slice(head.fields[127].value, "127");
    assert_true(head.cap >= 132);
    assert_int_equal(parse(head_with_fields(129), false), HTTP1_BAD);
    assert_int_equal(why.fault, HTTP1_FAULT_FIELD_COUNT);
}

static void
without_memory_a_head_is_a_fault_of_its_own(void **state)
{
    struct arena *tiny = arena_new(64, 128);
    struct http1_limits limits = HTTP1_LIMITS_DEFAULT;
    struct slice raw = SLICE("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_non_null(tiny);
    assert_int_equal(http1_parse_request(raw, &limits, tiny, &head, &why), HTTP1_BAD);
    assert_int_equal(why.fault, HTTP1_FAULT_MEMORY);
    arena_free(tiny);
}

static void
every_fault_has_a_word_and_a_status(void **state)
{
    for (unsigned f = 1; f <= HTTP1_FAULT_TRAILER_SIZE; f++) {
        const struct http1_fault_row *row = http1_fault_row(f);
        assert_int_equal(token_span(slice_str(row->word), TOKEN_TCHAR), slice_str(row->word).n);
        assert_true(row->status >= 400 && token_reason(row->status).n);
        assert_true(slice_str(row->text).n > 10);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_that_are_attacks_are_refused),
        cmocka_unit_test(responses_that_are_attacks_are_refused),
        cmocka_unit_test(control_bytes_in_values_are_refused_at_every_place),
        cmocka_unit_test(good_heads_are_read_and_every_truncation_waits),
        cmocka_unit_test(truncated_responses_wait),
        cmocka_unit_test(the_index_points_into_the_bytes),
        cmocka_unit_test(an_empty_value_is_read_as_empty),
        cmocka_unit_test(a_reason_may_be_missing_with_or_without_its_blank),
        cmocka_unit_test(only_one_empty_line_is_skipped),
        cmocka_unit_test(a_head_ends_at_its_first_empty_line),
        cmocka_unit_test(heads_up_to_the_limit_are_read),
        cmocka_unit_test(an_endless_head_is_refused_before_its_end),
        cmocka_unit_test(an_endless_request_line_is_answered_with_414),
        cmocka_unit_test(bytes_that_cannot_become_a_head_do_not_wait_for_its_end),
        cmocka_unit_test(fields_up_to_the_limit_are_read),
        cmocka_unit_test(without_memory_a_head_is_a_fault_of_its_own),
        cmocka_unit_test(every_fault_has_a_word_and_a_status),
    };
    return cmocka_run_group_tests(tests, make_arena, free_arena);
}
