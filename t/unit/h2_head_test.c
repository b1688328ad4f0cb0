/* Heads of HTTP/2: what becomes of a header list, and what is refused. */
#include "codec/h2_head.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

struct given {
    struct h2_block block;
    struct arena *arena;
    struct http_head head;
    struct http1_limits limits;
};

/* "name=value" texts, a NULL behind the last. */
static void
give(struct given *g, const char *const *fields)
{
    *g = (struct given){.limits = HTTP1_LIMITS_DEFAULT, .arena = arena_new(1024, 1 << 20)};
    g->limits.fields_max = 10;
    g->limits.line_max = 50;
    g->limits.head_max = 400;
    h2_block_init(&g->block, &g->limits);
    for (; *fields; fields++) {
        struct slice value = slice_str(*fields), name;
        name = slice_cut(&value, '=');
        h2_block_add(&g->block, name, value, &g->limits);
    }
}

static void
drop(struct given *g)
{
    h2_block_release(&g->block);
    arena_free(g->arena);
}

#define GIVE(g, ...) give((g), (const char *const[]){__VA_ARGS__, NULL})
#define USUAL        ":method=GET", ":scheme=https", ":authority=a.test", ":path=/x?y"

static bool
request(struct given *g, bool ended)
{
    return h2_block_request(&g->block, ended, &g->limits, g->arena, &g->head);
}

static void
is(struct slice got, const char *want)
{
    char text[500];
    snprintf(text, sizeof(text), "%.*s", SLICE_ARG(got));
    assert_string_equal(text, want);
}

static void
a_request_is_written_down_as_text(void **state)
{
    struct given g;
    GIVE(&g, USUAL, "accept=*/*", "x-empty=");

    assert_true(request(&g, true));

    is(g.head.raw, "GET /x?y HTTP/2.0\r\nhost: a.test\r\naccept: */*\r\nx-empty: \r\n\r\n");
    is(g.head.line, "GET /x?y HTTP/2.0\r\n");
    is(g.head.method, "GET");
    is(g.head.target, "/x?y");
    is(g.head.scheme, "https");
    assert_string_equal(g.head.pseudo, "msap");
    assert_int_equal(g.head.version, 20);
    assert_int_equal(g.head.n, 3);
    is(g.head.fields[0].name, "host");
    is(g.head.fields[0].value, "a.test");
    is(g.head.fields[1].line, "accept: */*\r\n");
    is(g.head.fields[2].value, "");
    assert_int_equal(g.head.framing, FRAMING_NONE);
    assert_true(g.head.keep_alive);
    drop(&g);
}

static void
a_host_that_says_the_same_stays_where_it_is(void **state)
{
    struct given g;
    GIVE(&g, USUAL, "accept=*/*", "host=a.test");
    assert_true(request(&g, true));
    is(g.head.raw, "GET /x?y HTTP/2.0\r\naccept: */*\r\nhost: a.test\r\n\r\n");
    drop(&g);
}

static void
framing_is_what_http1_will_need(void **state)
{
    static const struct {
        const char *field;
        bool ended;
        enum framing framing;
        uint64_t length;
    } rows[] = {
        {"x=y", true, FRAMING_NONE, 0},
        {"x=y", false, FRAMING_CHUNKED, 0},
        {"content-length=7", false, FRAMING_LENGTH, 7},
        {"content-length=0", true, FRAMING_LENGTH, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct given g;
        GIVE(&g, USUAL, rows[i].field);
        assert_true(request(&g, rows[i].ended));
        assert_int_equal(g.head.framing, rows[i].framing);
        assert_int_equal(g.head.length, rows[i].length);
        drop(&g);
    }
}

static void
connect_has_an_authority_and_nothing_else(void **state)
{
    struct given g;
    GIVE(&g, ":method=CONNECT", ":authority=a.test:443");
    assert_true(request(&g, false));
    is(g.head.target, "a.test:443");
    assert_int_equal(g.head.framing, FRAMING_NONE);
    drop(&g);
    GIVE(&g, ":method=CONNECT", ":authority=a.test:443", ":path=/", ":scheme=https");
    assert_false(request(&g, false));
    assert_int_equal(g.block.fault, H2_FAULT_PSEUDO);
    drop(&g);
}

static void
an_extended_connect_has_a_protocol_and_a_path(void **state)
{
    struct given g;
    GIVE(&g, ":method=CONNECT", ":protocol=websocket", ":scheme=https", ":path=/chat",
         ":authority=a.test");
    assert_true(request(&g, false));
    is(g.head.protocol, "websocket");
    is(g.head.target, "/chat");
    assert_string_equal(g.head.pseudo, "mrspa");
    drop(&g);
}

/* Every fault of a request, by the fields that are one too many or other than usual. */
static void
wrong_requests_are_refused(void **state)
{
    static const struct {
        enum h2_fault fault;
        const char *fields[8];
    } rows[] = {
        {H2_FAULT_NAME, {USUAL, "X-Upper=1"}},
        {H2_FAULT_NAME, {USUAL, "a b=1"}},
        {H2_FAULT_NAME, {USUAL, "=1"}},
        {H2_FAULT_NAME, {USUAL, "a\r=1"}},
        {H2_FAULT_VALUE, {USUAL, "a=b\r\nc: d"}},
        {H2_FAULT_VALUE, {USUAL, "a= b"}},
        {H2_FAULT_VALUE, {USUAL, "a=b\t"}},
        {H2_FAULT_VALUE, {":method=GET\n", ":path=/"}},
        {H2_FAULT_CONNECTION, {USUAL, "connection=close"}},
        {H2_FAULT_CONNECTION, {USUAL, "transfer-encoding=chunked"}},
        {H2_FAULT_CONNECTION, {USUAL, "te=gzip"}},
        {H2_FAULT_PSEUDO, {USUAL, ":path=/"}},
        {H2_FAULT_PSEUDO, {USUAL, ":unknown=/"}},
        {H2_FAULT_PSEUDO, {USUAL, ":status=200"}},
        {H2_FAULT_PSEUDO, {USUAL, ":protocol=websocket"}},
        {H2_FAULT_PSEUDO_ORDER, {":method=GET", "a=b", ":path=/"}},
        {H2_FAULT_PSEUDO_MISSING, {":scheme=http", ":path=/", ":authority=a"}},
        {H2_FAULT_PSEUDO_MISSING, {":method=GET", ":path=/", ":authority=a"}},
        {H2_FAULT_PSEUDO_MISSING, {":method=GET", ":scheme=http", ":authority=a"}},
        {H2_FAULT_PSEUDO_MISSING, {":method=CONNECT"}},
        {H2_FAULT_METHOD, {":method=G T", ":scheme=http", ":path=/", ":authority=a"}},
        {H2_FAULT_SCHEME, {":method=GET", ":scheme=ftp", ":path=/", ":authority=a"}},
        {H2_FAULT_PATH, {":method=GET", ":scheme=http", ":path=x", ":authority=a"}},
        {H2_FAULT_PATH, {":method=GET", ":scheme=http", ":path=/a b", ":authority=a"}},
        {H2_FAULT_PATH, {":method=GET", ":scheme=http", ":path=*", ":authority=a"}},
        {H2_FAULT_PATH_SIZE,
         {":method=GET", ":scheme=http",
          ":path=/0123456789012345678901234567890123456789012345678901234567890", ":authority=a"}},
        {H2_FAULT_AUTHORITY, {":method=GET", ":scheme=http", ":path=/", ":authority=u@a"}},
        {H2_FAULT_AUTHORITY, {":method=GET", ":scheme=http", ":path=/", ":authority="}},
        {H2_FAULT_HOST, {":method=GET", ":scheme=http", ":path=/"}},
        {H2_FAULT_HOST, {USUAL, "host=b.test"}},
        {H2_FAULT_HOST, {USUAL, "host=a.test", "host=a.test"}},
        {H2_FAULT_EXPECT, {USUAL, "expect=all"}},
        {H2_FAULT_LENGTH, {USUAL, "content-length=+1"}},
        {H2_FAULT_LENGTH, {USUAL, "content-length=1", "content-length=1"}},
        {H2_FAULT_LENGTH_END, {USUAL, "content-length=1"}},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct given g;
        const char *fields[9] = {0};
        memcpy(fields, rows[i].fields, sizeof(rows[i].fields));
        give(&g, fields);
        assert_false(request(&g, true));
        assert_string_equal(h2_fault_row(g.block.fault)->word, h2_fault_row(rows[i].fault)->word);
        drop(&g);
    }
}

static void
limits_hold_while_fields_come(void **state)
{
    struct given g;
    GIVE(&g, USUAL, "a=1", "a=1", "a=1", "a=1", "a=1", "a=1", "a=1", "a=1", "a=1", "a=1", "a=1");
    assert_int_equal(g.block.fault, H2_FAULT_FIELD_COUNT);
    drop(&g);
    GIVE(&g, USUAL);
    for (int i = 0; i < 9; i++)
        h2_block_add(&g.block, SLICE("a"),
                     SLICE("0123456789012345678901234567890123456789012345678901234567890"),
                     &g.limits);
    assert_int_equal(g.block.fault, H2_FAULT_SIZE);
    assert_true(buf_len(&g.block.text) <= g.limits.head_max);
    drop(&g);
}

static void
responses(void **state)
{
    struct given g;
    GIVE(&g, ":status=204", "x=y");
    assert_true(h2_block_response(&g.block, true, SLICE("GET"), g.arena, &g.head));
    is(g.head.raw, "HTTP/2.0 204\r\nx: y\r\n\r\n");
    assert_int_equal(g.head.status, 204);
    assert_int_equal(g.head.framing, FRAMING_NONE);
    drop(&g);
    static const struct {
        const char *status, *other;
        enum h2_fault fault;
    } rows[] = {
        {":status=101", "x=y", H2_FAULT_STATUS},     {":status=20", "x=y", H2_FAULT_STATUS},
        {":status=099", "x=y", H2_FAULT_STATUS},     {":status=2x0", "x=y", H2_FAULT_STATUS},
        {":status=200", ":path=/", H2_FAULT_PSEUDO}, {"x=y", "x=y", H2_FAULT_PSEUDO_MISSING},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        GIVE(&g, rows[i].status, rows[i].other);
        assert_false(h2_block_response(&g.block, true, SLICE("GET"), g.arena, &g.head));
        assert_int_equal(g.block.fault, rows[i].fault);
        drop(&g);
    }
}

static void
the_method_decides_about_content(void **state)
{
    struct given g;
    GIVE(&g, ":status=200", "content-length=5");
    assert_true(h2_block_response(&g.block, true, SLICE("HEAD"), g.arena, &g.head));
    assert_int_equal(g.head.framing, FRAMING_NONE);
    assert_true(h2_block_response(&g.block, false, SLICE("CONNECT"), g.arena, &g.head));
    assert_int_equal(g.head.framing, FRAMING_TUNNEL);
    assert_false(h2_block_response(&g.block, true, SLICE("GET"), g.arena, &g.head));
    assert_int_equal(g.block.fault, H2_FAULT_LENGTH_END);
    drop(&g);
}

static void
trailers_lose_what_must_not_be_there(void **state)
{
    struct given g;
    GIVE(&g, "x-sum=9", "content-length=5", "host=b");
    assert_true(h2_block_trailers(&g.block, g.arena, &g.head));
    assert_int_equal(g.head.n, 1);
    is(g.head.fields[0].name, "x-sum");
    is(g.head.raw, "x-sum: 9\r\ncontent-length: 5\r\nhost: b\r\n\r\n");
    drop(&g);
    GIVE(&g, ":path=/");
    assert_false(h2_block_trailers(&g.block, g.arena, &g.head));
    drop(&g);
}

static void
what_is_wrong_can_be_recorded(void **state)
{
    struct given g;
    GIVE(&g, ":method=GET", ":path=/x", "a=b", "BAD=1");
    assert_true(h2_block_lenient(&g.block, g.arena, &g.head));
    is(g.head.raw, ":method: GET\r\n:path: /x\r\na: b\r\n");
    is(g.head.method, "GET");
    drop(&g);
}

static void
every_failing_allocation_is_a_fault(void **state)
{
    for (unsigned long n = 1; n < 12; n++) {
        struct given g;
        mem_fail_at(0);
        GIVE(&g, USUAL, "a=b");
        mem_fail_at(n);
        bool good = request(&g, true);
        bool failed = mem_count() >= n;
        mem_fail_at(0);
        assert_true(good != failed || good);
        assert_true(good || g.block.fault == H2_FAULT_MEMORY);
        drop(&g);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_written_down_as_text),
        cmocka_unit_test(a_host_that_says_the_same_stays_where_it_is),
        cmocka_unit_test(framing_is_what_http1_will_need),
        cmocka_unit_test(connect_has_an_authority_and_nothing_else),
        cmocka_unit_test(an_extended_connect_has_a_protocol_and_a_path),
        cmocka_unit_test(wrong_requests_are_refused),
        cmocka_unit_test(limits_hold_while_fields_come),
        cmocka_unit_test(responses),
        cmocka_unit_test(the_method_decides_about_content),
        cmocka_unit_test(trailers_lose_what_must_not_be_there),
        cmocka_unit_test(what_is_wrong_can_be_recorded),
        cmocka_unit_test(every_failing_allocation_is_a_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
