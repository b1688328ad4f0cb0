/* Tests of codec/ws_handshake: what makes a WebSocket, and what was agreed on. */
#include "codec/ws_handshake.h"

#include "lib/flow_make.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define REQUEST                                                                                    \
    "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"   \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define ACCEPT   "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
#define RESPONSE "HTTP/1.1 101 Yes\r\nConnection: Upgrade\r\n"

static const char *
judge(const char *req, const char *resp, struct ws_agreed *out)
{
    const char *why = NULL;
    struct flow *f = flow_make(FLOW_HTTP, req);
    flow_make_response(f, resp);
    bool good = ws_handshake_read(&f->req.head, &f->resp.head, out, &why);
    assert_int_equal(good, why == NULL);
    flow_unref(f);
    return why;
}

static void
request_and_response_must_fit(void **state)
{
    struct ws_agreed a;
    assert_null(judge(REQUEST "Sec-WebSocket-Version: 13\r\n\r\n",
                      RESPONSE "Upgrade: websocket\r\n" ACCEPT "\r\n", &a));
    assert_false(a.deflate || a.other);
    assert_non_null(
        strstr(judge(REQUEST "Sec-WebSocket-Version: 13\r\n\r\n",
                     RESPONSE "Upgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n", &a),
               "Accept"));
    assert_non_null(strstr(judge(REQUEST "Sec-WebSocket-Version: 13\r\n\r\n",
                                 RESPONSE "Upgrade: websocket\r\n\r\n", &a),
                           "Accept"));
    assert_non_null(strstr(judge(REQUEST "Sec-WebSocket-Version: 8\r\n\r\n",
                                 RESPONSE "Upgrade: websocket\r\n" ACCEPT "\r\n", &a),
                           "Version"));
    assert_non_null(strstr(judge(REQUEST "Sec-WebSocket-Version: 13\r\n\r\n",
                                 RESPONSE "Upgrade: x\r\n" ACCEPT "\r\n", &a),
                           "Upgrade"));
}

static void
extensions_of_the_response_count(void **state)
{
    struct ws_agreed a;
    assert_null(judge(REQUEST "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Extensions: x\r\n\r\n",
                      RESPONSE "Upgrade: websocket\r\n" ACCEPT
                               "Sec-WebSocket-Extensions: permessage-deflate; "
                               "server_no_context_takeover ;client_max_window_bits=\"10\"\r\n\r\n",
                      &a));
    assert_true(a.deflate && !a.other);
    assert_true(a.down.fresh && !a.up.fresh);
    assert_int_equal(a.up.bits, 10);
    assert_int_equal(a.down.bits, 15);
}

static void
what_is_not_understood_is_something_else(void **state)
{
    static const struct {
        const char *value;
        bool deflate, other;
    } rows[] = {
        {"", false, false},
        {" , ", false, false},
        {"permessage-deflate", true, false},
        {"PerMessage-Deflate;client_no_context_takeover", true, false},
        {"permessage-deflate; server_max_window_bits=8", true, false},
        {"permessage-deflate; server_max_window_bits=7", false, true},
        {"permessage-deflate; server_max_window_bits=16", false, true},
        {"permessage-deflate; server_max_window_bits", false, true},
        {"permessage-deflate; server_no_context_takeover=1", false, true},
        {"permessage-deflate; what", false, true},
        {"permessage-deflate, permessage-deflate", true, true},
        {"permessage-deflate, x-mux", true, true},
        {"x-webkit-deflate-frame", false, true},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct ws_agreed a = {0};
        ws_handshake_extensions(slice_str(rows[i].value), &a);
        assert_int_equal(a.deflate, rows[i].deflate);
        assert_int_equal(a.other, rows[i].other);
    }
}

static void
a_key_that_is_too_long_does_not_fit(void **state)
{
    char key[500];
    struct buf out = {.max = 100};
    memset(key, 'k', sizeof key);
    ws_handshake_accept(slice_of(key, sizeof key), &out);
    assert_int_equal(buf_len(&out), 28);
    buf_release(&out);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_and_response_must_fit),
        cmocka_unit_test(extensions_of_the_response_count),
        cmocka_unit_test(what_is_not_understood_is_something_else),
        cmocka_unit_test(a_key_that_is_too_long_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
