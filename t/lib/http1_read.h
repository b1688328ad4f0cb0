/* Reads HTTP/1 heads as a connection does, and asserts that attacks are refused: for several unit
 * tests. */
#pragma once

#include "base/mem.h"
#include "codec/http1.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define BYTES(z)                                                                                   \
    {                                                                                              \
        (z), sizeof(z) - 1                                                                         \
    }
#define H "Host: a\r\n"

/* The last head that was read, or what was wrong with it. */
static struct arena *arena;
static struct http_head head;
static struct http1_why why;

static inline int
make_arena(void **state)
{
    arena = arena_new(4096, 64 << 20);
    return arena ? 0 : -1;
}

static inline int
free_arena(void **state)
{
    arena_free(arena);
    return 0;
}

static inline enum http1_result
parse(struct slice raw, bool response)
{
    struct http1_limits limits = HTTP1_LIMITS_DEFAULT;
    return response ? http1_parse_response(raw, &limits, arena, &head, &why)
                    : http1_parse_request(raw, &limits, arena, &head, &why);
}

/* Does what a connection does with bytes that have arrived. */
static inline enum http1_result
read_arrived(struct slice in, size_t *scanned, bool response)
{
    struct http1_limits limits = HTTP1_LIMITS_DEFAULT;
    size_t n = http1_head_end(in, scanned);
    if (n)
        return parse(slice_first(in, n), response);
    return http1_check_partial(in, response, &limits, &why);
}

/* The bytes arrive one by one, each time in memory that ends right behind them. */
static inline enum http1_result
read_slowly(struct slice bytes, bool response)
{
    size_t scanned = 0;
    enum http1_result r = HTTP1_MORE;
    for (size_t n = 1; n <= bytes.n && r == HTTP1_MORE; n++) {
        char *copy = mem_need(mem_alloc(n));
        memcpy(copy, bytes.p, n);
        r = read_arrived(slice_of(copy, n), &scanned, response);
        mem_free(copy);
    }
    return r;
}

static inline void
assert_slice(struct slice s, const char *text)
{
    if (!slice_eq(s, slice_str(text)))
        fail_msg("'%.*s' is not '%s'", SLICE_ARG(s), text);
}

static inline void
read_request(const char *text)
{
    enum http1_result r = parse(slice_str(text), false);
    if (r != HTTP1_OK)
        fail_msg("%s: %s at %zu", text, r ? http1_fault_row(why.fault)->word : "more", why.at);
}

struct attack {
    const char *name;
    struct slice bytes;
    enum http1_fault fault;
};

static inline void
assert_refused(const struct attack *row, bool response)
{
    size_t scanned = 0;
    enum http1_result whole = read_arrived(row->bytes, &scanned, response);
    if (whole != HTTP1_BAD || why.fault != row->fault)
        fail_msg("%s: %s", row->name,
                 whole == HTTP1_BAD ? http1_fault_row(why.fault)->word : "not refused");
    assert_true(why.at < row->bytes.n);
    if (read_slowly(row->bytes, response) != HTTP1_BAD)
        fail_msg("%s: not refused when it arrives byte by byte", row->name);
}
