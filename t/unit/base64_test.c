/* Tests of base/base64: both ways, and what is refused. */
#include "base/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* RFC 4648 section 10. */
static const struct {
    const char *text, *coded;
} vectors[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
};

static void
the_vectors_of_the_rfc_are_met(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        AUTO(buf_release) struct buf coded = {.max = 100}, text = {.max = 100};
        base64_encode(&coded, slice_str(vectors[i].text));
        assert_string_equal(buf_str(&coded), vectors[i].coded);
        assert_true(base64_decode(&text, buf_slice(&coded)));
        assert_string_equal(buf_str(&text), vectors[i].text);
    }
}

static void
every_byte_survives(void **state)
{
    AUTO(buf_release) struct buf coded = {.max = 1000}, back = {.max = 1000};
    char bytes[256];
    for (unsigned i = 0; i < 256; i++)
        bytes[i] = (char)i;
    base64_encode(&coded, slice_of(bytes, 256));
    assert_true(base64_decode(&back, buf_slice(&coded)));
    assert_true(slice_eq(buf_slice(&back), slice_of(bytes, 256)));
}

static void
sloppy_text_is_refused(void **state)
{
    static const char *const bad[] = {
        "Zg",       /* no padding */
        "Zg=",      /* too little */
        "Z===",     /* too much */
        "====",     /* nothing but */
        "Zg==Zg==", /* in the middle */
        "Zm 9v",    /* blank */
        "Zm9\n",    /* line feed */
        "Zm9_",     /* the alphabet of URLs */
        "Zh==",     /* bits left over */
        "Zm9=",     /* bits left over */
        "Zm9vZ",    /* one too many */
        "=m9v",     /* padding first */
    };
    AUTO(buf_release) struct buf out = {.max = 100};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(base64_decode(&out, slice_str(bad[i])));
    assert_false(out.failed);
    assert_int_equal(buf_len(&out), 0);
}

static void
the_limit_of_the_buf_holds(void **state)
{
    AUTO(buf_release) struct buf out = {.max = 3};
    base64_encode(&out, SLICE("a"));
    assert_true(out.failed);
    buf_reset(&out);
    assert_false(base64_decode(&out, SLICE("Zm9vYg==")));
    assert_true(out.failed);
    buf_reset(&out);
    hex_encode(&out, SLICE("ab"));
    assert_true(out.failed);
    buf_reset(&out);
    base64_encode(&out, slice_of("", SIZE_MAX));
    assert_true(out.failed);
    assert_int_equal(buf_len(&out), 0);
}

static void
hexadecimal_is_in_lower_case(void **state)
{
    AUTO(buf_release) struct buf out = {.max = 100};
    hex_encode(&out, SLICE("\0\x7f\xab\xff"));
    assert_string_equal(buf_str(&out), "007fabff");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_of_the_rfc_are_met),
        cmocka_unit_test(every_byte_survives),
        cmocka_unit_test(sloppy_text_is_refused),
        cmocka_unit_test(the_limit_of_the_buf_holds),
        cmocka_unit_test(hexadecimal_is_in_lower_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
