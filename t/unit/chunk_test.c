/* Chunked content: what is read, how it may be cut, and what is refused. */
#include "codec/chunk.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define BYTES(z)                                                                                   \
    {                                                                                              \
        (z), sizeof(z) - 1                                                                         \
    }

/* What came out of a reader, and how it ended. */
struct outcome {
    enum chunk_event end;
    struct http1_why why;
    struct buf data, trailers, ext;
    size_t used;
};

static void
outcome_init(struct outcome *o)
{
    *o = (struct outcome){.end = CHUNK_MORE};
    buf_init(&o->data, 1 << 20);
    buf_init(&o->trailers, 1 << 20);
    buf_init(&o->ext, 1 << 20);
}

static void
outcome_release(struct outcome *o)
{
    buf_release(&o->data);
    buf_release(&o->trailers);
    buf_release(&o->ext);
}

static enum chunk_event
read_once(struct chunk_reader *r, struct slice in, struct outcome *o)
{
    size_t used;
    struct slice data;
    enum chunk_event event = chunk_next(r, in, &used, &data, &o->why);
    assert_true(used <= in.n);
    buf_append(&o->ext, r->ext);
    buf_append(event == CHUNK_TRAILERS ? &o->trailers : &o->data, data);
    assert_true(event != CHUNK_DATA || data.n > 0);
    o->used += used;
    return event;
}

/* Offers the bytes in steps of 'step', each time all that is not used, in memory that ends there.
 */
static void
read_in_steps(struct slice bytes, size_t step, struct outcome *o)
{
    struct http1_limits limits = HTTP1_LIMITS_DEFAULT;
    struct chunk_reader r;
    chunk_init(&r, &limits);
    outcome_init(o);
    for (size_t there = MIN(step, bytes.n);; there = MIN(there + step, bytes.n)) {
        do {
            size_t n = there - o->used;
            char *copy = mem_need(mem_alloc(n + 1));
            memcpy(copy + 1, bytes.p + o->used, n);
            o->end = read_once(&r, slice_of(copy + 1, n), o);
            mem_free(copy);
        } while (o->end == CHUNK_DATA);
        if (o->end != CHUNK_MORE || there == bytes.n)
            return;
    }
}

static void
assert_buf(const struct buf *b, const char *text)
{
    if (!slice_eq(buf_slice(b), slice_str(text)))
        fail_msg("'%.*s' is not '%s'", SLICE_ARG(buf_slice(b)), text);
}

static const char *const good = "5\r\nhello\r\n00A;a=\"b\";c\r\n, world. x\r\n1\r\n!\r\n0;z\r\n"
                                "X-Sum: 1\r\nY:2\r\n\r\nleft over";

static void
content_extensions_and_trailers_come_apart_however_they_are_cut(void **state)
{
    struct slice bytes = slice_str(good);
    for (size_t step = 1; step <= bytes.n; step++) {
        struct outcome o;
        read_in_steps(bytes, step, &o);
        assert_int_equal(o.end, CHUNK_TRAILERS);
        assert_buf(&o.data, "hello, world. x!");
        assert_buf(&o.ext, ";a=\"b\";c;z");
        assert_buf(&o.trailers, "X-Sum: 1\r\nY:2\r\n\r\n");
        assert_int_equal(o.used, bytes.n - 9);
        outcome_release(&o);
    }
}

static void
every_truncation_waits(void **state)
{
    for (size_t n = 0; n < slice_str(good).n - 9; n++) {
        struct outcome o;
        read_in_steps(slice_first(slice_str(good), n), n + 1, &o);
        assert_int_equal(o.end, CHUNK_MORE);
        outcome_release(&o);
    }
}

static void
content_without_trailers_ends_with_an_empty_line(void **state)
{
    struct outcome o;
    read_in_steps(SLICE("0\r\n\r\n"), 1, &o);
    assert_int_equal(o.end, CHUNK_TRAILERS);
    assert_buf(&o.trailers, "\r\n");
    outcome_release(&o);
}

/* The extension of a chunk must be at hand when its content is passed on. */
static void
an_extension_comes_with_the_first_content_of_its_chunk(void **state)
{
    struct http1_limits limits = HTTP1_LIMITS_DEFAULT;
    struct chunk_reader r;
    struct outcome o;
    chunk_init(&r, &limits);
    outcome_init(&o);
    assert_int_equal(read_once(&r, SLICE("3;x\r\n"), &o), CHUNK_MORE);
    assert_int_equal(o.used, 0);
    assert_int_equal(r.ext.n, 0);
    assert_int_equal(read_once(&r, SLICE("3;x\r\nab"), &o), CHUNK_DATA);
    assert_true(slice_eq(r.ext, SLICE(";x")));
    assert_int_equal(read_once(&r, SLICE("c\r"), &o), CHUNK_DATA);
    assert_int_equal(r.ext.n, 0);
    outcome_release(&o);
}

static void
a_chunk_may_be_as_large_as_63_bits_say(void **state)
{
    struct http1_limits limits = HTTP1_LIMITS_DEFAULT;
    struct chunk_reader r;
    struct outcome o;
    chunk_init(&r, &limits);
    outcome_init(&o);
    assert_int_equal(read_once(&r, SLICE("7fffffffffffffff\r\nx"), &o), CHUNK_DATA);
    assert_true(r.left == INT64_MAX - 1);
    outcome_release(&o);
}

struct attack {
    const char *name;
    struct slice bytes;
    enum http1_fault fault;
    size_t at;
};

static const struct attack attacks[] = {
    {"size with 0x", BYTES("0x5\r\nhello\r\n0\r\n\r\n"), HTTP1_FAULT_CHUNK_SIZE, 1},
    {"size with plus", BYTES("+5\r\nhello\r\n"), HTTP1_FAULT_CHUNK_SIZE, 0},
    {"size with minus", BYTES("-5\r\nhello\r\n"), HTTP1_FAULT_CHUNK_SIZE, 0},
    {"size with underscore", BYTES("5_\r\nhello\r\n"), HTTP1_FAULT_CHUNK_SIZE, 1},
    {"blank before the size", BYTES(" 5\r\nhello\r\n"), HTTP1_FAULT_CHUNK_SIZE, 0},
    {"blank behind the size", BYTES("5 \r\nhello\r\n"), HTTP1_FAULT_CHUNK_SIZE, 1},
    {"blank before the extension", BYTES("5 ;a\r\nhello\r\n"), HTTP1_FAULT_CHUNK_SIZE, 1},
    {"empty size", BYTES("\r\nhello\r\n"), HTTP1_FAULT_CHUNK_SIZE, 0},
    {"17 digits", BYTES("00000000000000005\r\nhello\r\n"), HTTP1_FAULT_CHUNK_SIZE, 0},
    {"2^63", BYTES("8000000000000000\r\nx"), HTTP1_FAULT_CHUNK_SIZE, 0},
    {"2^64 - 1", BYTES("ffffffffffffffff\r\nx"), HTTP1_FAULT_CHUNK_SIZE, 0},
    {"sum above 2^63", BYTES("1\r\na\r\n7fffffffffffffff\r\nx"), HTTP1_FAULT_CHUNK_SIZE, 6},
    {"bare LF behind the size", BYTES("5\nhello\r\n"), HTTP1_FAULT_BARE_LF, 1},
    {"bare CR behind the size", BYTES("5\rhello\r\n"), HTTP1_FAULT_BARE_CR, 1},
    {"bare LF behind an extension", BYTES("5;a\nhello\r\n"), HTTP1_FAULT_BARE_LF, 3},
    {"bare CR in an extension", BYTES("5;a\rb\r\nhello\r\n"), HTTP1_FAULT_BARE_CR, 3},
    {"bare semicolon", BYTES("5;\r\nhello\r\n"), HTTP1_FAULT_CHUNK_EXT, 2},
    {"blank in an extension", BYTES("5;a b\r\nhello\r\n"), HTTP1_FAULT_CHUNK_EXT, 3},
    {"NUL in an extension", BYTES("5;a\0\r\nhello\r\n"), HTTP1_FAULT_CHUNK_EXT, 3},
    {"non-ASCII in an extension", BYTES("5;\xff\r\nhello\r\n"), HTTP1_FAULT_CHUNK_EXT, 2},
    {"extension without a name", BYTES("5;=b\r\nhello\r\n"), HTTP1_FAULT_CHUNK_EXT, 2},
    {"two semicolons", BYTES("5;a;;b\r\nhello\r\n"), HTTP1_FAULT_CHUNK_EXT, 4},
    {"semicolon at the end", BYTES("5;a=b;\r\nhello\r\n"), HTTP1_FAULT_CHUNK_EXT, 6},
    {"extension without a value", BYTES("5;a=\r\nhello\r\n"), HTTP1_FAULT_CHUNK_EXT, 4},
    {"quotes that do not end", BYTES("5;a=\"b\r\nhello\r\n"), HTTP1_FAULT_CHUNK_EXT, 4},
    {"quotes that end in a pair", BYTES("5;a=\"b\\\"\r\nhello\r\n"), HTTP1_FAULT_CHUNK_EXT, 4},
    {"more behind the quotes", BYTES("5;a=\"b\"c\r\nhello\r\n"), HTTP1_FAULT_CHUNK_EXT, 7},
    {"name that is no token", BYTES("5;a/b\r\nhello\r\n"), HTTP1_FAULT_CHUNK_EXT, 3},
    {"content longer than its size", BYTES("5\r\nhelloX\r\n"), HTTP1_FAULT_CHUNK_END, 8},
    {"two other bytes at the end", BYTES("5\r\nhelloXY5\r\n"), HTTP1_FAULT_CHUNK_END, 8},
    {"LF at the end", BYTES("5\r\nhello\n0\r\n"), HTTP1_FAULT_CHUNK_END, 8},
    {"CR at the end", BYTES("5\r\nhello\rX"), HTTP1_FAULT_CHUNK_END, 8},
    {"LF behind the last chunk", BYTES("0\r\n\n"), HTTP1_FAULT_BARE_LF, 3},
    {"CR behind the last chunk", BYTES("0\r\n\rX"), HTTP1_FAULT_BARE_CR, 3},
};

static void
attacks_are_refused_at_their_byte_however_they_are_cut(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(attacks); i++) {
        const struct attack *row = &attacks[i];
        for (size_t step = 1; step <= row->bytes.n; step++) {
            struct outcome o;
            read_in_steps(row->bytes, step, &o);
            if (o.end != CHUNK_BAD || o.why.fault != row->fault || o.why.at != row->at)
                fail_msg("%s in steps of %zu: %d, %s at %zu", row->name, step, (int)o.end,
                         http1_fault_row(o.why.fault)->word, o.why.at);
            outcome_release(&o);
        }
    }
}

/* "5;aaa...\r\nhello\r\n" with n bytes of extension. */
static enum chunk_event
read_with_extension(size_t n, struct http1_why *why)
{
    struct buf b = {.max = 1 << 16};
    struct outcome o;
    buf_append(&b, SLICE("5;"));
    for (size_t i = 1; i < n; i++)
        buf_byte(&b, 'a');
    buf_append(&b, SLICE("\r\nhello\r\n"));
    read_in_steps(buf_slice(&b), 1, &o);
    *why = o.why;
    buf_release(&b);
    outcome_release(&o);
    return o.end;
}

static void
an_extension_may_be_as_long_as_the_limit(void **state)
{
    struct http1_why why;
    assert_int_equal(read_with_extension(256, &why), CHUNK_MORE);
    assert_int_equal(read_with_extension(257, &why), CHUNK_BAD);
    assert_int_equal(why.fault, HTTP1_FAULT_CHUNK_EXT_SIZE);
}

/* Reads chunks with 200 bytes of extension each until one is refused; returns how many were read.
 */
static size_t
count_padded_chunks(struct slice chunk, size_t most)
{
    struct http1_limits limits = HTTP1_LIMITS_DEFAULT;
    struct chunk_reader r;
    size_t used, n = 0;
    struct slice data;
    struct http1_why why;
    chunk_init(&r, &limits);
    for (; n < most; n++) {
        if (chunk_next(&r, chunk, &used, &data, &why) != CHUNK_DATA) {
            assert_int_equal(why.fault, HTTP1_FAULT_CHUNK_OVERHEAD);
            return n;
        }
        assert_int_equal(chunk_next(&r, slice_from(chunk, used), &used, &data, &why), CHUNK_MORE);
    }
    return n;
}

static struct slice
padded_chunk(struct buf *b, size_t content)
{
    buf_init(b, 1 << 16);
    buf_printf(b, "%zx;%0199d\r\n", content, 0);
    for (size_t i = 0; i < content; i++)
        buf_byte(b, 'x');
    buf_append(b, SLICE("\r\n"));
    return buf_slice(b);
}

static void
extensions_out_of_proportion_to_the_content_are_refused(void **state)
{
    struct buf b;
    assert_int_equal(count_padded_chunks(padded_chunk(&b, 1), 1000), 327);
    buf_release(&b);
    assert_int_equal(count_padded_chunks(padded_chunk(&b, 2000), 1000), 1000);
    buf_release(&b);
}

static enum chunk_event
read_trailers_of(size_t n, struct http1_why *why)
{
    struct buf b = {.max = 1 << 16};
    struct outcome o;
    buf_append(&b, SLICE("0\r\nX:"));
    while (buf_len(&b) < 3 + n - 4)
        buf_byte(&b, 'y');
    buf_append(&b, SLICE("\r\n\r\n"));
    read_in_steps(buf_slice(&b), 1000, &o);
    *why = o.why;
    buf_release(&b);
    outcome_release(&o);
    return o.end;
}

static void
trailers_may_be_as_large_as_the_limit(void **state)
{
    struct http1_why why;
    assert_int_equal(read_trailers_of(8192, &why), CHUNK_TRAILERS);
    assert_int_equal(read_trailers_of(8193, &why), CHUNK_BAD);
    assert_int_equal(why.fault, HTTP1_FAULT_TRAILER_SIZE);
    assert_int_equal(why.at, 3 + 8192);
}

static void
sizes_are_printed_in_hexadecimal(void **state)
{
    struct buf b = {.max = 1 << 16};
    chunk_print_size(&b, 1);
    chunk_print_size(&b, 0x10);
    chunk_print_size(&b, 0xdeadbeef);
    chunk_print_size(&b, UINT64_MAX);
    chunk_print_last(&b, NULL);
    assert_buf(&b, "1\r\n10\r\ndeadbeef\r\nffffffffffffffff\r\n0\r\n\r\n");
    buf_release(&b);
}

static void
what_is_printed_is_read_again(void **state)
{
    struct buf b = {.max = 1 << 16};
    struct field f = {.name = SLICE("X"), .value = SLICE("y")};
    struct http_head trailers = {.fields = &f, .n = 1};
    struct outcome o;
    chunk_print_size(&b, 5);
    buf_append(&b, SLICE("hello\r\n"));
    chunk_print_last(&b, &trailers);
    read_in_steps(buf_slice(&b), 7, &o);
    assert_int_equal(o.end, CHUNK_TRAILERS);
    assert_buf(&o.data, "hello");
    assert_buf(&o.trailers, "X: y\r\n\r\n");
    outcome_release(&o);
    buf_release(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(content_extensions_and_trailers_come_apart_however_they_are_cut),
        cmocka_unit_test(every_truncation_waits),
        cmocka_unit_test(content_without_trailers_ends_with_an_empty_line),
        cmocka_unit_test(an_extension_comes_with_the_first_content_of_its_chunk),
        cmocka_unit_test(a_chunk_may_be_as_large_as_63_bits_say),
        cmocka_unit_test(attacks_are_refused_at_their_byte_however_they_are_cut),
        cmocka_unit_test(an_extension_may_be_as_long_as_the_limit),
        cmocka_unit_test(extensions_out_of_proportion_to_the_content_are_refused),
        cmocka_unit_test(trailers_may_be_as_large_as_the_limit),
        cmocka_unit_test(sizes_are_printed_in_hexadecimal),
        cmocka_unit_test(what_is_printed_is_read_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
