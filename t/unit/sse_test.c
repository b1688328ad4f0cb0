/* Tests of codec/sse: what streams of events say, whole and cut in pieces. */
#include "codec/sse.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct buf said;

static void
on_data(void *arg, struct slice s)
{
    if (!*(bool *)arg)
        buf_append(&said, SLICE("<"));
    *(bool *)arg = true;
    buf_append(&said, s);
}

static void
on_event(void *arg, struct slice name)
{
    assert_true(*(bool *)arg);
    *(bool *)arg = false;
    buf_append(&said, SLICE("|"));
    buf_append(&said, name);
    buf_append(&said, SLICE(">"));
}

static const struct sse_ops ops = {.data = on_data, .event = on_event};

/* What is said of it in pieces of that size; an event that is not whole has no '>'. */
static void
expect(struct slice in, struct slice want, size_t piece)
{
    struct sse s = {0};
    bool open = false;
    buf_init(&said, 1 << 20);
    while (in.n) {
        struct slice part = slice_first(in, piece);
        sse_push(&s, part, &ops, &open);
        in = slice_from(in, part.n);
    }
    assert_int_equal(buf_len(&said), want.n);
    assert_true(slice_eq(buf_slice(&said), want));
    buf_release(&said);
}

static void
streams_say_what_the_standard_says(void **state)
{
    const struct {
        struct slice in, want;
    } rows[] = {
        {SLICE("data: a\n\n"), SLICE("<a|>")},
        {SLICE("data: a\r\n\r\ndata: b\r\rdata: c\n\n"), SLICE("<a|><b|><c|>")},
        {SLICE("data: a\r\n\ndata: b\n\r\n"), SLICE("<a|><b|>")},
        {SLICE("data: a\n\rdata: b\r\n\r"), SLICE("<a|><b|>")},
        {SLICE("data: YHOO\ndata: +2\ndata: 10\n\n"), SLICE("<YHOO\n+2\n10|>")},
        {SLICE(": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\n"
               "data:  third event\n\n"),
         SLICE("<first event|><second event|>< third event|>")},
        {SLICE("data\n\ndata\ndata\n\ndata:"), SLICE("<|><\n|>")},
        {SLICE("data:test\n\ndata: test\n\n"), SLICE("<test|><test|>")},
        {SLICE("event: add\ndata: 1\n\nevent: remove\ndata: 2\n\ndata: 3\n\n"),
         SLICE("<1|add><2|remove><3|>")},
        {SLICE("data: 1\nevent: a\nevent:b\n\n"), SLICE("<1|b>")},
        {SLICE("data: 1\nevent: a\nevent\n\n"), SLICE("<1|>")},
        /* A type without data is no event, and none for the next one. */
        {SLICE("event: a\n\ndata: 1\n\n"), SLICE("<1|>")},
        {SLICE("\xef\xbb\xbf"
               "data: 1\n\n"),
         SLICE("<1|>")},
        {SLICE("\xef\xbb\xbf\xef\xbb\xbf"
               "data: 1\n\ndata: 2\n\n"),
         SLICE("<2|>")},
        {SLICE("\xef\xbb"
               "data: 1\n\ndata: 2\n\n"),
         SLICE("<2|>")},
        {SLICE("\xef\xbb\n\ndata: 2\n\n"), SLICE("<2|>")},
        {SLICE("id: 7\nretry: 1000\n\n:\n\n\n\n"), SLICE("")},
        {SLICE("dat: 1\ndataa: 2\ndatab\nDATA: 3\n data: 4\nevents: x\n\n"), SLICE("")},
        {SLICE("data : 1\n\ndata:\t1\n\n"), SLICE("<\t1|>")},
        {SLICE("data: a:b: c\nevent: x:y\n\n"), SLICE("<a:b: c|x:y>")},
        {SLICE("data: a\0b\n\n"), SLICE("<a\0b|>")},
        {SLICE("data: whole\n\ndata: not\n"), SLICE("<whole|><not")},
        {SLICE(""), SLICE("")},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t piece = 1; piece <= rows[i].in.n + 1; piece++)
            expect(rows[i].in, rows[i].want, piece);
}

static void
a_type_that_is_too_long_is_cut(void **state)
{
    struct buf in = {.max = 10000}, want = {.max = 10000};
    buf_append(&in, SLICE("data: x\nevent: "));
    buf_append(&want, SLICE("<x|"));
    for (size_t i = 0; i < SSE_NAME_MAX + 100; i++) {
        buf_byte(&in, (char)('a' + i % 26));
        if (i < SSE_NAME_MAX)
            buf_byte(&want, (char)('a' + i % 26));
    }
    buf_append(&in, SLICE("\n\ndata: y\n\n"));
    buf_append(&want, SLICE("><y|>"));
    for (size_t piece = 1; piece < 500; piece += 7)
        expect(buf_slice(&in), buf_slice(&want), piece);
    buf_release(&in);
    buf_release(&want);
}

/* A line at a time, and whether it stands in a block. */
static void
lines_come_one_by_one(void **state)
{
    const struct {
        struct slice line;
        bool inside;
    } rows[] = {{SLICE("\xef\xbb\xbf"), false},
                {SLICE(": comment\n"), false},
                {SLICE("id: 1\n"), true},
                {SLICE(": comment\r\n"), true},
                {SLICE("\r\n"), false},
                {SLICE("data: a\r"), true},
                {SLICE("\r"), false}};
    struct buf all = {.max = 1000};
    struct sse s = {0};
    bool open = false;
    buf_init(&said, 1000);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        buf_append(&all, rows[i].line);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        size_t n = sse_next(&s, buf_slice(&all), &ops, &open);
        assert_int_equal(n, rows[i].line.n);
        assert_true(s.line && s.inside == rows[i].inside);
        buf_consume(&all, n);
    }
    assert_true(slice_eq(buf_slice(&said), SLICE("<a|>")));
    assert_int_equal(sse_next(&s, SLICE("\ndata: b"), &ops, &open), 1);
    assert_true(s.line && !s.inside);
    assert_int_equal(sse_next(&s, SLICE("data: b"), &ops, &open), 7);
    assert_false(s.line);
    buf_release(&said);
    buf_release(&all);
}

static void
events_are_printed_with_other_data(void **state)
{
    const struct {
        struct slice block, data, want;
    } rows[] = {
        {SLICE("data: a\n\n"), SLICE("b"), SLICE("data: b\n\n")},
        {SLICE("data: a\n\n"), SLICE(""), SLICE("data: \n\n")},
        {SLICE("id: 1\r\ndata:a\r\nevent: x\r\ndata:b\r\n: c\r\n\r\n"), SLICE("1\n2"),
         SLICE("id: 1\r\ndata: 1\r\ndata: 2\r\nevent: x\r\n: c\r\n\r\n")},
        {SLICE("retry: 5\rdata\r\r"), SLICE("1\r\n2\r3\n"),
         SLICE("retry: 5\rdata: 1\rdata: 2\rdata: 3\rdata: \r\r")},
        {SLICE("database: a\ndata: a\n\n"), SLICE("b"), SLICE("database: a\ndata: b\n\n")},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf out = {.max = 1000};
        sse_print(&out, rows[i].block, rows[i].data);
        assert_true(slice_eq(buf_slice(&out), rows[i].want));
        buf_release(&out);
    }
    struct buf out = {.max = 1000};
    sse_print_new(&out, SLICE_NONE, SLICE("a"));
    sse_print_new(&out, SLICE("add"), SLICE("b\nc"));
    assert_true(slice_eq(buf_slice(&out), SLICE("data: a\n\nevent: add\ndata: b\ndata: c\n\n")));
    buf_release(&out);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_say_what_the_standard_says),
        cmocka_unit_test(a_type_that_is_too_long_is_cut),
        cmocka_unit_test(lines_come_one_by_one),
        cmocka_unit_test(events_are_printed_with_other_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
