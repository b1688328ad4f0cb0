/* Reads bytes as the connection of a client and says what it takes them for: a filter for tests.
 *
 * In: a length of four bytes, least first, and so many bytes; any number of times. Out: a line for
 * each, of words in hexadecimal: "method target body name=value,name=value;" for each request, then
 * "end", "more", or "bad WORD". */
#include "base/mem.h"
#include "codec/chunk.h"
#include "codec/http1.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>

#define INPUT_MAX (1u << 20)

static const char *tail;
static struct http1_why why;

static void
print_hex(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        printf("%02x", (unsigned char)s.p[i]);
}

static void
print_head(const struct http_head *h, const struct buf *body)
{
    print_hex(h->method);
    putchar(' ');
    print_hex(h->target);
    putchar(' ');
    print_hex(buf_slice(body));
    putchar(' ');
    for (size_t i = 0; i < h->n; i++) {
        print_hex(h->fields[i].name);
        putchar('=');
        print_hex(h->fields[i].value);
        putchar(',');
    }
    putchar(';');
}

static bool
bad(void)
{
    tail = http1_fault_row(why.fault)->word;
    return false;
}

/* Takes chunked content off *rest. */
static bool
read_chunks(struct slice *rest, struct buf *body, struct arena *a)
{
    struct http1_limits limits = HTTP1_LIMITS_DEFAULT;
    struct chunk_reader r;
    struct http_head trailers;
    chunk_init(&r, &limits);
    for (;;) {
        struct slice data = SLICE_NONE;
        size_t used = 0;
        enum chunk_event event = chunk_next(&r, *rest, &used, &data, &why);
        *rest = slice_from(*rest, used);
        if (event == CHUNK_BAD)
            return bad();
        if (event == CHUNK_MORE)
            return false;
        if (event == CHUNK_DATA)
            buf_append(body, data);
        if (event == CHUNK_TRAILERS)
            return data.n <= 2 ||
                   http1_parse_trailers(data, &limits, a, &trailers, &why) == HTTP1_OK || bad();
    }
}

static bool
read_content(const struct http_head *h, struct slice *rest, struct buf *body, struct arena *a)
{
    if (h->framing == FRAMING_CHUNKED)
        return read_chunks(rest, body, a);
    if (h->framing != FRAMING_LENGTH)
        return true;
    if (rest->n < h->length)
        return false;
    buf_append(body, slice_first(*rest, (size_t)h->length));
    *rest = slice_from(*rest, (size_t)h->length);
    return true;
}

/* Takes a request off *rest; false when the rest is not to be read any more, and 'tail' says why.
 */
static bool
read_request(struct slice *rest, struct arena *a)
{
    struct http1_limits limits = HTTP1_LIMITS_DEFAULT;
    struct http_head head;
    size_t scanned = 0;
    *rest = slice_from(*rest, http1_skip_blank(*rest));
    if (!rest->n)
        return false;
    tail = "more";
    size_t n = http1_head_end(*rest, &scanned);
    if (!n)
        return http1_check_partial(*rest, false, &limits, &why) == HTTP1_BAD && bad();
    if (http1_parse_request(slice_first(*rest, n), &limits, a, &head, &why) != HTTP1_OK)
        return bad();
    *rest = slice_from(*rest, n);
    struct buf body;
    buf_init(&body, INPUT_MAX);
    bool whole = read_content(&head, rest, &body, a);
    if (whole) {
        print_head(&head, &body);
        tail = "end";
    }
    buf_release(&body);
    return whole && head.keep_alive && !slice_eq(head.method, SLICE("CONNECT"));
}

int
main(void)
{
    static char input[INPUT_MAX];
    uint32_t n;
    while (fread(&n, sizeof(n), 1, stdin) == 1) {
        n = le32toh(n);
        if (n > sizeof(input) || fread(input, 1, n, stdin) != n)
            return EXIT_FAILURE;
        struct arena *a = arena_new(4096, INPUT_MAX);
        struct slice rest = slice_of(input, n);
        tail = "end";
        while (a && read_request(&rest, a))
            continue;
        printf("%s\n", tail);
        arena_free(a);
    }
    return EXIT_SUCCESS;
}
