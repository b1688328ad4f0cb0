/* Error codes of HTTP/2: their names are those of nghttp2 and of the standard. */
#include "codec/h2_code.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <nghttp2/nghttp2.h>

static void
every_code_has_the_name_that_nghttp2_gives_it(void **state)
{
    char room[H2_CODE_TEXT];
    uint32_t code;
    for (uint32_t i = 0; i <= NGHTTP2_HTTP_1_1_REQUIRED; i++) {
        assert_true(h2_code_find(slice_str(nghttp2_http2_strerror(i)), &code));
        assert_int_equal(code, i);
        assert_string_equal(h2_code_name(i, room), nghttp2_http2_strerror(i));
    }
    assert_string_equal(h2_code_name(NGHTTP2_HTTP_1_1_REQUIRED + 1, room), "0xe");
    assert_string_equal(h2_code_name(UINT32_MAX, room), "0xffffffff");
    (void)state;
}

static void
a_code_is_found_by_number_and_in_small_letters(void **state)
{
    uint32_t code = 99;
    assert_true(h2_code_find(SLICE("refused_stream"), &code));
    assert_int_equal(code, 7);
    assert_true(h2_code_find(SLICE("4294967295"), &code));
    assert_int_equal(code, UINT32_MAX);
    assert_false(h2_code_find(SLICE("4294967296"), &code));
    assert_false(h2_code_find(SLICE("REFUSED"), &code));
    assert_false(h2_code_find(SLICE(""), &code));
    (void)state;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_has_the_name_that_nghttp2_gives_it),
        cmocka_unit_test(a_code_is_found_by_number_and_in_small_letters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
