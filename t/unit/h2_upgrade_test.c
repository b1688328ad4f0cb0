/* Requests for HTTP/2 in clear: which of them get it. */
#include "layer/h2.h"

#include "base/arena.h"
#include "codec/http1.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define EIGHT "AAQAAAAF"

static bool
is_wanted(const char *text)
{
    struct http1_limits limits = HTTP1_LIMITS_DEFAULT;
    struct arena *a = arena_new(4096, 65536);
    struct http_head head;
    struct http1_why fault;
    assert_non_null(a);
    assert_int_equal(http1_parse_request(slice_str(text), &limits, a, &head, &fault), HTTP1_OK);
    bool wanted = h2_upgrade_wanted(&head);
    arena_free(a);
    return wanted;
}

#define GET(fields) "GET / HTTP/1.1\r\nHost: a\r\n" fields "\r\n"
#define ASK(settings)                                                                              \
    GET("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: " settings "\r\n")

static void
who_asks_as_the_standard_says_gets_it(void **state)
{
    static const char *const good[] = {
        ASK(EIGHT),
        ASK("AAMAAABkAAQCAAAAAAIAAAAA"), /* as curl says it */
        ASK("AAR_____"),                 /* the largest window */
        ASK("AAUAAEAA"),
        ASK("7_8-_-78"), /* what nobody knows */
        GET("Connection: http2-settings, keep-alive, UPGRADE\r\nUpgrade: h2c\r\n"
            "http2-settings: " EIGHT "\r\nContent-Length: 0\r\n"),
        "HEAD http://a/x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nConnection: "
        "HTTP2-Settings\r\n"
        "Upgrade: h2c\r\nHTTP2-Settings: " EIGHT "\r\n\r\n",
    };
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        if (!is_wanted(good[i]))
            fail_msg("%s", good[i]);
    (void)state;
}

static void
who_asks_in_another_way_or_for_more_does_not(void **state)
{
    static const char *const bad[] = {
        GET("Connection: Upgrade\r\nUpgrade: h2c\r\n"),
        GET("Connection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: " EIGHT
            "\r\n"),
        GET("Connection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: " EIGHT "\r\n"),
        GET("Connection: HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: " EIGHT "\r\n"),
        GET("Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: " EIGHT "\r\n"),
        GET("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2\r\nHTTP2-Settings: " EIGHT "\r\n"),
        GET("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: websocket, h2c\r\n"
            "HTTP2-Settings: " EIGHT "\r\n"),
        GET("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nUpgrade: x\r\n"
            "HTTP2-Settings: " EIGHT "\r\n"),
        GET("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: " EIGHT "\r\n"
            "HTTP2-Settings: " EIGHT "\r\n"),
        GET("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nContent-Length: 2\r\n"
            "HTTP2-Settings: " EIGHT "\r\n"),
        GET("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nTransfer-Encoding: chunked\r\n"
            "HTTP2-Settings: " EIGHT "\r\n"),
        "GET / HTTP/1.0\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
        "HTTP2-Settings: " EIGHT "\r\n\r\n",
        "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\nConnection: Upgrade, HTTP2-Settings\r\n"
        "Upgrade: h2c\r\nHTTP2-Settings: " EIGHT "\r\n\r\n",
        ASK(""),
        ASK("AAQAAAA"),
        ASK("AAQAAA=="),
        ASK("AAT/////"),
        ASK("AAQ AAAF"),
        ASK("AAQA\xc3\xa4"
            "F"),
        ASK("AASAAAAA"), /* a window of 2^31 */
        ASK("AAIAAAAC"), /* pushes: 2 */
        ASK("AAUAAD__"), /* frames of 2^14 - 1, of 2^24 */
        ASK("AAUBAAAA"),
        ASK("AAgAAAAC"),
        ASK("AAkAAAAC"),
        ASK(EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT
                EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT
                    EIGHT EIGHT EIGHT EIGHT EIGHT),
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (is_wanted(bad[i]))
            fail_msg("%s", bad[i]);
    (void)state;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_asks_as_the_standard_says_gets_it),
        cmocka_unit_test(who_asks_in_another_way_or_for_more_does_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
