/* HTTP/1 framing: every way of making two readers disagree about the end of a message. */
#include "lib/http1_read.h"

static const struct attack requests[] = {
    {"CL.TE",
     BYTES("POST / HTTP/1.1\r\n" H "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n"),
     HTTP1_FAULT_BOTH_FRAMINGS},
    {"TE.CL",
     BYTES("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n"),
     HTTP1_FAULT_BOTH_FRAMINGS},
    {"TE.TE xchunked", BYTES("POST / HTTP/1.1\r\n" H "Transfer-Encoding: xchunked\r\n\r\n"),
     HTTP1_FAULT_CODING_UNKNOWN},
    {"TE.TE chunked, x", BYTES("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked, x\r\n\r\n"),
     HTTP1_FAULT_CODING},
    {"TE.TE x, chunked", BYTES("POST / HTTP/1.1\r\n" H "Transfer-Encoding: x, chunked\r\n\r\n"),
     HTTP1_FAULT_CODING_UNKNOWN},
    {"TE.TE gzip, chunked",
     BYTES("POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n"),
     HTTP1_FAULT_CODING_UNKNOWN},
    {"TE.TE identity", BYTES("POST / HTTP/1.1\r\n" H "Transfer-Encoding: identity\r\n\r\n"),
     HTTP1_FAULT_CODING_UNKNOWN},
    {"TE.TE chunked twice in a list",
     BYTES("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked, chunked\r\n\r\n"),
     HTTP1_FAULT_CODING},
    {"TE.TE comma first", BYTES("POST / HTTP/1.1\r\n" H "Transfer-Encoding: ,chunked\r\n\r\n"),
     HTTP1_FAULT_CODING},
    {"TE.TE comma last", BYTES("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked,\r\n\r\n"),
     HTTP1_FAULT_CODING},
    {"TE.TE quoted", BYTES("POST / HTTP/1.1\r\n" H "Transfer-Encoding: \"chunked\"\r\n\r\n"),
     HTTP1_FAULT_CODING},
    {"TE.TE parameter", BYTES("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked;q=1\r\n\r\n"),
     HTTP1_FAULT_CODING},
    {"TE.TE empty", BYTES("POST / HTTP/1.1\r\n" H "Transfer-Encoding:\r\n\r\n"),
     HTTP1_FAULT_CODING},
    {"TE.TE two words", BYTES("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked x\r\n\r\n"),
     HTTP1_FAULT_CODING},
    {"TE.TE two fields",
     BYTES("POST / HTTP/1.1\r\n" H
           "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"),
     HTTP1_FAULT_CODING_REPEATED},
    {"TE.TE second field of another coding",
     BYTES("POST / HTTP/1.1\r\n" H
           "Transfer-Encoding: chunked\r\ntransfer-encoding: identity\r\n\r\n"),
     HTTP1_FAULT_CODING_REPEATED},
    {"TE.TE vertical tab first",
     BYTES("POST / HTTP/1.1\r\n" H "Transfer-Encoding: \vchunked\r\n\r\n"), HTTP1_FAULT_CONTROL},
    {"TE.TE form feed last", BYTES("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\f\r\n\r\n"),
     HTTP1_FAULT_CONTROL},
    {"TE.TE byte 0x85",
     BYTES("POST / HTTP/1.1\r\n" H "Transfer-Encoding: \x85"
           "chunked\r\n\r\n"),
     HTTP1_FAULT_CODING},
    {"TE.TE byte 0xa0", BYTES("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\xa0\r\n\r\n"),
     HTTP1_FAULT_CODING},
    {"CL twice, equal",
     BYTES("POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nContent-Length: 5\r\n\r\n"),
     HTTP1_FAULT_LENGTH_REPEATED},
    {"CL twice, different",
     BYTES("POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nContent-Length: 6\r\n\r\n"),
     HTTP1_FAULT_LENGTH_REPEATED},
    {"CL list", BYTES("POST / HTTP/1.1\r\n" H "Content-Length: 5, 5\r\n\r\n"),
     HTTP1_FAULT_LENGTH_LIST},
    {"CL plus", BYTES("POST / HTTP/1.1\r\n" H "Content-Length: +5\r\n\r\n"), HTTP1_FAULT_LENGTH},
    {"CL minus", BYTES("POST / HTTP/1.1\r\n" H "Content-Length: -5\r\n\r\n"), HTTP1_FAULT_LENGTH},
    {"CL hexadecimal", BYTES("POST / HTTP/1.1\r\n" H "Content-Length: 0x5\r\n\r\n"),
     HTTP1_FAULT_LENGTH},
    {"CL two numbers", BYTES("POST / HTTP/1.1\r\n" H "Content-Length: 5 5\r\n\r\n"),
     HTTP1_FAULT_LENGTH},
    {"CL semicolon", BYTES("POST / HTTP/1.1\r\n" H "Content-Length: 5;\r\n\r\n"),
     HTTP1_FAULT_LENGTH},
    {"CL underscore", BYTES("POST / HTTP/1.1\r\n" H "Content-Length: 5_0\r\n\r\n"),
     HTTP1_FAULT_LENGTH},
    {"CL empty", BYTES("POST / HTTP/1.1\r\n" H "Content-Length: \r\n\r\n"), HTTP1_FAULT_LENGTH},
    {"CL 2^63", BYTES("POST / HTTP/1.1\r\n" H "Content-Length: 9223372036854775808\r\n\r\n"),
     HTTP1_FAULT_LENGTH},
    {"CL 2^64 + 5", BYTES("POST / HTTP/1.1\r\n" H "Content-Length: 18446744073709551621\r\n\r\n"),
     HTTP1_FAULT_LENGTH},
    {"CL of 20 digits",
     BYTES("POST / HTTP/1.1\r\n" H "Content-Length: 00000000000000000005\r\n\r\n"),
     HTTP1_FAULT_LENGTH},
    {"CL fraction", BYTES("POST / HTTP/1.1\r\n" H "Content-Length: 5.0\r\n\r\n"),
     HTTP1_FAULT_LENGTH},
    {"CL on CONNECT", BYTES("CONNECT a:1 HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\n"),
     HTTP1_FAULT_LENGTH_FORBIDDEN},
    {"TE on CONNECT", BYTES("CONNECT a:1 HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n"),
     HTTP1_FAULT_CODING_FORBIDDEN},
    {"TE in HTTP/1.0", BYTES("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"),
     HTTP1_FAULT_CODING_VERSION},
    {"no Host", BYTES("GET / HTTP/1.1\r\nX: 1\r\n\r\n"), HTTP1_FAULT_HOST_MISSING},
    {"two Hosts", BYTES("GET / HTTP/1.1\r\n" H "host: b\r\n\r\n"), HTTP1_FAULT_HOST_REPEATED},
    {"two equal Hosts", BYTES("GET / HTTP/1.1\r\n" H H "\r\n"), HTTP1_FAULT_HOST_REPEATED},
    {"two Hosts in HTTP/1.0", BYTES("GET / HTTP/1.0\r\n" H "Host: b\r\n\r\n"),
     HTTP1_FAULT_HOST_REPEATED},
    {"empty Host", BYTES("GET / HTTP/1.1\r\nHost:\r\n\r\n"), HTTP1_FAULT_HOST},
    {"Host with a path", BYTES("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"), HTTP1_FAULT_HOST},
    {"Host list", BYTES("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"), HTTP1_FAULT_HOST},
    {"Host with a user name", BYTES("GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"), HTTP1_FAULT_HOST},
    {"Host with a blank", BYTES("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), HTTP1_FAULT_HOST},
    {"Host with port 0", BYTES("GET / HTTP/1.1\r\nHost: a:0\r\n\r\n"), HTTP1_FAULT_HOST},
    {"Expect misspelt", BYTES("POST / HTTP/1.1\r\n" H "Expect: 100-continu\r\n\r\n"),
     HTTP1_FAULT_EXPECT},
    {"Expect with an obfuscation", BYTES("POST / HTTP/1.1\r\n" H "Expect: y 100-continue\r\n\r\n"),
     HTTP1_FAULT_EXPECT},
    {"Expect repeated",
     BYTES("POST / HTTP/1.1\r\n" H "Expect: 100-continue\r\nExpect: 100-continue\r\n\r\n"),
     HTTP1_FAULT_EXPECT},
};

static void
requests_that_two_readers_frame_differently_are_refused(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(requests); i++)
        assert_refused(&requests[i], false);
}

static void
request_framing_follows_the_fields(void **state)
{
    read_request("GET / HTTP/1.1\r\n" H "\r\n");
    assert_int_equal(head.framing, FRAMING_NONE);
    read_request("POST / HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n");
    assert_int_equal(head.framing, FRAMING_LENGTH);
    read_request("POST / HTTP/1.1\r\n" H "Content-Length: 9223372036854775807\r\n\r\n");
    assert_true(head.length == INT64_MAX);
    read_request("POST / HTTP/1.1\r\n" H "Transfer-Encoding:\tCHUnked \r\n\r\n");
    assert_int_equal(head.framing, FRAMING_CHUNKED);
    read_request("CONNECT a:1 HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n");
    assert_int_equal(head.framing, FRAMING_NONE);
}

static bool
stays_open(const char *text)
{
    read_request(text);
    return head.keep_alive;
}

static void
keep_alive_follows_version_and_connection(void **state)
{
    assert_true(stays_open("GET / HTTP/1.1\r\n" H "\r\n"));
    assert_false(stays_open("GET / HTTP/1.1\r\n" H "Connection: x, Close\r\n\r\n"));
    assert_false(stays_open("GET / HTTP/1.1\r\n" H "Connection: x\r\nConnection: close\r\n\r\n"));
    assert_false(stays_open("GET / HTTP/1.0\r\n\r\n"));
    assert_true(stays_open("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"));
    assert_false(stays_open("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n"));
    assert_true(stays_open("GET / HTTP/1.0\r\nProxy-Connection: keep-alive\r\n\r\n"));
    assert_false(stays_open("GET / HTTP/1.1\r\n" H "Proxy-Connection: close\r\n\r\n"));
    assert_true(stays_open("GET / HTTP/1.1\r\n" H
                           "Proxy-Connection: close\r\nConnection: keep-alive\r\n\r\n"));
}

static void
an_expectation_counts_in_http_1_1_only(void **state)
{
    read_request("POST / HTTP/1.1\r\n" H "Content-Length: 1\r\nExpect: 100-Continue\r\n\r\n");
    assert_true(head.expect_continue);
    read_request("POST / HTTP/1.0\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n");
    assert_false(head.expect_continue);
}

/* A head whose Connection fields have so many options together. */
static enum http1_result
read_options(size_t n, const char *option, bool response)
{
    struct buf b = {.max = 1 << 16};
    buf_printf(&b, response ? "HTTP/1.1 204 No Content\r\nConnection: close"
                            : "GET / HTTP/1.1\r\n" H "Connection: close");
    for (size_t i = 1; i < n; i++)
        buf_printf(&b, "%s%s", i == n / 2 ? "\r\nConnection: " : ",", option);
    buf_append(&b, SLICE(",\r\n\r\n"));
    struct slice raw = arena_dup(arena, buf_slice(&b));
    buf_release(&b);
    enum http1_result r = parse(raw, response);
    if (r == HTTP1_OK && response && !http1_frame_response(&head, SLICE("GET"), &why))
        r = HTTP1_BAD;
    return r;
}

/* hop_strip looks for each of them among the fields: their number bounds its work. */
static void
more_options_than_the_limit_are_refused(void **state)
{
    const char *const options[] = {"x", "a-rather-long-name-of-an-option"};
    for (size_t i = 0; i < ARRAY_LEN(options); i++)
        for (int response = 0; response < 2; response++) {
            assert_int_equal(read_options(HTTP1_OPTIONS_MAX, options[i], response), HTTP1_OK);
            assert_int_equal(read_options(HTTP1_OPTIONS_MAX + 1, options[i], response), HTTP1_BAD);
            assert_int_equal(why.fault, HTTP1_FAULT_OPTION_COUNT);
        }
}

struct answer {
    const char *method, *text;
    enum framing framing;
    bool keep_alive;
};

static const struct answer answers[] = {
    {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", FRAMING_LENGTH, true},
    {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", FRAMING_LENGTH, true},
    {"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", FRAMING_CHUNKED, true},
    {"GET", "HTTP/1.1 200 OK\r\n\r\n", FRAMING_EOF, false},
    {"GET", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n", FRAMING_EOF, false},
    {"GET", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\n",
     FRAMING_LENGTH, true},
    {"GET", "HTTP/1.0 200 OK\r\nProxy-Connection: keep-alive\r\nContent-Length: 1\r\n\r\n",
     FRAMING_LENGTH, false},
    {"GET", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\n", FRAMING_LENGTH,
     false},
    {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", FRAMING_NONE, true},
    {"HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", FRAMING_NONE, true},
    {"HEAD", "HTTP/1.1 200 OK\r\n\r\n", FRAMING_NONE, true},
    {"head", "HTTP/1.1 200 OK\r\n\r\n", FRAMING_EOF, false},
    {"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n", FRAMING_NONE, true},
    {"GET", "HTTP/1.1 204 No Content\r\n\r\n", FRAMING_NONE, true},
    {"GET", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", FRAMING_NONE, true},
    {"GET", "HTTP/1.1 100 Continue\r\n\r\n", FRAMING_NONE, true},
    {"GET", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", FRAMING_NONE, true},
    {"GET", "HTTP/1.1 101 Switching Protocols\r\n\r\n", FRAMING_TUNNEL, true},
    {"CONNECT", "HTTP/1.1 200 OK\r\n\r\n", FRAMING_TUNNEL, true},
    {"CONNECT", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
     FRAMING_TUNNEL, true},
    {"CONNECT", "HTTP/1.1 407 No\r\nContent-Length: 3\r\n\r\n", FRAMING_LENGTH, true},
};

static void
responses_are_framed_by_status_method_and_fields(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        const struct answer *row = &answers[i];
        assert_int_equal(parse(slice_str(row->text), true), HTTP1_OK);
        bool framed = http1_frame_response(&head, slice_str(row->method), &why);
        if (!framed || head.framing != row->framing || head.keep_alive != row->keep_alive)
            fail_msg("%s: %s", row->method, row->text);
    }
}

static const struct attack bad_answers[] = {
    {"CL and TE",
     BYTES("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"),
     HTTP1_FAULT_BOTH_FRAMINGS},
    {"two CL", BYTES("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n"),
     HTTP1_FAULT_LENGTH_REPEATED},
    {"CL list", BYTES("HTTP/1.1 200 OK\r\nContent-Length: 3,3\r\n\r\n"), HTTP1_FAULT_LENGTH_LIST},
    {"CL negative", BYTES("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"), HTTP1_FAULT_LENGTH},
    {"TE in HTTP/1.0", BYTES("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
     HTTP1_FAULT_CODING_VERSION},
    {"TE unknown", BYTES("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"),
     HTTP1_FAULT_CODING_UNKNOWN},
    {"two TE",
     BYTES("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n"),
     HTTP1_FAULT_CODING_REPEATED},
    {"TE on 204", BYTES("HTTP/1.1 204 X\r\nTransfer-Encoding: chunked\r\n\r\n"),
     HTTP1_FAULT_CODING_FORBIDDEN},
    {"TE on 100", BYTES("HTTP/1.1 100 X\r\nTransfer-Encoding: chunked\r\n\r\n"),
     HTTP1_FAULT_CODING_FORBIDDEN},
    {"TE on 101", BYTES("HTTP/1.1 101 X\r\nTransfer-Encoding: chunked\r\n\r\n"),
     HTTP1_FAULT_CODING_FORBIDDEN},
    {"CL on 204", BYTES("HTTP/1.1 204 X\r\nContent-Length: 5\r\n\r\n"),
     HTTP1_FAULT_LENGTH_FORBIDDEN},
    {"CL on 103", BYTES("HTTP/1.1 103 X\r\nContent-Length: 5\r\n\r\n"),
     HTTP1_FAULT_LENGTH_FORBIDDEN},
    {"CL and TE on 304",
     BYTES("HTTP/1.1 304 X\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"),
     HTTP1_FAULT_BOTH_FRAMINGS},
};

static void
responses_that_two_readers_frame_differently_are_refused(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(bad_answers); i++) {
        assert_int_equal(parse(bad_answers[i].bytes, true), HTTP1_OK);
        if (http1_frame_response(&head, SLICE("GET"), &why) || why.fault != bad_answers[i].fault)
            fail_msg("%s", bad_answers[i].name);
        assert_true(why.at >= head.line.n && why.at < head.raw.n);
    }
}

/* What stands in the field may have been put there by us; then it has no place in the bytes. */
static void
a_field_of_our_own_is_refused_at_no_place(void **state)
{
    assert_int_equal(parse(SLICE("HTTP/1.1 200 OK\r\n\r\n"), true), HTTP1_OK);
    assert_true(head_add(&head, arena, SLICE("Content-Length"), SLICE("x")));
    assert_false(http1_frame_response(&head, SLICE("GET"), &why));
    assert_int_equal(why.at, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_that_two_readers_frame_differently_are_refused),
        cmocka_unit_test(request_framing_follows_the_fields),
        cmocka_unit_test(keep_alive_follows_version_and_connection),
        cmocka_unit_test(an_expectation_counts_in_http_1_1_only),
        cmocka_unit_test(more_options_than_the_limit_are_refused),
        cmocka_unit_test(responses_are_framed_by_status_method_and_fields),
        cmocka_unit_test(responses_that_two_readers_frame_differently_are_refused),
        cmocka_unit_test(a_field_of_our_own_is_refused_at_no_place),
    };
    return cmocka_run_group_tests(tests, make_arena, free_arena);
}
