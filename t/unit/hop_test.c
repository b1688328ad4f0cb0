/* Hop-by-hop fields: what goes, what stays as it was spelt. */
#include "codec/hop.h"
#include "lib/http1_read.h"

struct row {
    const char *what;
    bool response, upgrade;
    const char *before, *after;
};

#define CODING "Transfer-Encoding: chunked\r\n"

static const struct row rows[] = {
    {"nothing to strip", false, false, "A: 1\r\nb:2\r\n", "A: 1\r\nb:2\r\n"},
    {"keep-alive alone stays as spelt", false, false, "connection:Keep-Alive\r\nA: 1\r\n",
     "connection:Keep-Alive\r\nA: 1\r\n"},
    {"close goes", false, false, "A: 1\r\nConnection: close\r\n", "A: 1\r\n"},
    {"keep-alive with close goes", false, false, "Connection: keep-alive, close\r\n", ""},
    {"named fields go, wherever they stand", false, false,
     "x: 1\r\nConnection: X, keep-alive , Y\r\nX: 2\r\nA: 1\r\ny: 3\r\n", "A: 1\r\n"},
    {"two Connection fields", false, false,
     "X: 1\r\nConnection: x\r\nY: 2\r\nConnection: y\r\nZ: 3\r\n", "Z: 3\r\n"},
    {"a field named twice", false, false, "Connection: x, X, x\r\nX: 1\r\n", ""},
    {"fields that are hop-by-hop by themselves", false, false,
     "Keep-Alive: 5\r\nProxy-Connection: keep-alive\r\nTE: gzip\r\nUpgrade: h2c\r\n"
     "Proxy-Authorization: x\r\nA: 1\r\n",
     "A: 1\r\n"},
    {"Proxy-Authorization in a response is no credential of ours", true, false,
     "Proxy-Authorization: x\r\nProxy-Authenticate: Basic\r\n",
     "Proxy-Authorization: x\r\nProxy-Authenticate: Basic\r\n"},
    {"Transfer-Encoding stays with chunked framing", false, false, "A: 1\r\n" CODING "B: 2\r\n",
     "A: 1\r\n" CODING "B: 2\r\n"},
    {"framing can not be taken away", false, false,
     "Connection: Transfer-Encoding, Host\r\n" CODING, CODING},
    {"length can not be taken away", false, false,
     "Connection: Content-Length\r\nContent-Length: 0\r\n", "Content-Length: 0\r\n"},
    {"what has a meaning end to end can not be taken away", false, false,
     "Connection: Authorization, Cookie, content-language, If-Match, X-Forwarded-For, Range, "
     "Origin, sec-fetch-site\r\nAuthorization: x\r\nCookie: y\r\nContent-Language: z\r\n"
     "If-Match: a\r\nX-Forwarded-For: b\r\nRange: c\r\nOrigin: d\r\nSec-Fetch-Site: e\r\n",
     "Authorization: x\r\nCookie: y\r\nContent-Language: z\r\nIf-Match: a\r\n"
     "X-Forwarded-For: b\r\nRange: c\r\nOrigin: d\r\nSec-Fetch-Site: e\r\n"},
    {"a cookie of a response can not be taken away", true, false,
     "Connection: Set-Cookie, Date\r\nSet-Cookie: a\r\nDate: b\r\n",
     "Set-Cookie: a\r\nDate: b\r\n"},
    {"trailers are still wanted", false, false, "TE: trailers\r\nConnection: TE\r\n",
     "TE: trailers\r\nConnection: TE\r\n"},
    {"trailers without a Connection", false, false, "TE: Trailers\r\nConnection: keep-alive\r\n",
     "TE: Trailers\r\nConnection: keep-alive\r\n"},
    {"codings beside trailers are not ours to promise", false, false,
     "TE: gzip, trailers\r\nA: 1\r\nConnection: te, close\r\n",
     "TE: trailers\r\nA: 1\r\nConnection: TE\r\n"},
    {"TE without trailers", false, false, "TE: gzip\r\nConnection: TE\r\n", ""},
    {"an upgrade that goes on stays as spelt", false, true,
     "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n",
     "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"},
    {"an upgrade that does not go on", false, false,
     "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nA: 1\r\n", "A: 1\r\n"},
    {"an upgrade beside other options", false, true,
     "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n",
     "Connection: Upgrade\r\nUpgrade: h2c\r\n"},
    {"an upgrade and trailers beside other options", false, true,
     "Connection: Upgrade, x, te\r\nUpgrade: a\r\nTE: trailers\r\n",
     "Connection: Upgrade, TE\r\nUpgrade: a\r\nTE: trailers\r\n"},
    {"an upgrade that is named but not there", false, true, "Connection: Upgrade\r\n", ""},
    {"an answer to an upgrade", true, true, "Upgrade: websocket\r\nConnection: upgrade\r\n",
     "Upgrade: websocket\r\nConnection: upgrade\r\n"},
    {"an empty Connection", false, false, "Connection: ,, \r\nA: 1\r\n", "A: 1\r\n"},
};

/* Reads a head with these fields; as a response, because there every framing is taken apart from
 * them. */
static void
read_with(const char *fields)
{
    struct buf b = {.max = 1 << 16};
    buf_printf(&b, "HTTP/1.1 200 OK\r\n%s\r\n", fields);
    struct slice raw = arena_dup(arena, buf_slice(&b));
    buf_release(&b);
    assert_int_equal(parse(raw, true), HTTP1_OK);
    assert_true(http1_frame_response(&head, SLICE("GET"), &why));
}

static void
each_row_is_stripped_as_it_says(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf b = {.max = 1 << 16};
        read_with(rows[i].before);
        assert_true(hop_strip(&head, arena, rows[i].response, rows[i].upgrade));
        http1_print_fields(&b, &head);
        if (!slice_eq(buf_slice(&b), slice_str(rows[i].after)))
            fail_msg("%s: '%.*s'", rows[i].what, SLICE_ARG(buf_slice(&b)));
        buf_release(&b);
    }
}

static void
transfer_encoding_goes_when_the_content_is_not_chunked_any_more(void **state)
{
    read_with(CODING);
    head.framing = FRAMING_NONE;
    assert_true(hop_strip(&head, arena, true, false));
    assert_int_equal(head.n, 0);
}

static void
without_memory_it_says_so(void **state)
{
    struct arena *tiny = arena_new(1, 1);
    assert_non_null(tiny);
    read_with("TE: gzip, trailers\r\n");
    assert_false(hop_strip(&head, tiny, false, false));
    read_with("TE: trailers\r\nConnection: TE, x\r\n");
    assert_false(hop_strip(&head, tiny, false, false));
    arena_free(tiny);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_is_stripped_as_it_says),
        cmocka_unit_test(transfer_encoding_goes_when_the_content_is_not_chunked_any_more),
        cmocka_unit_test(without_memory_it_says_so),
    };
    return cmocka_run_group_tests(tests, make_arena, free_arena);
}
