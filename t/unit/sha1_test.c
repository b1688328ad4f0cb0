/* Tests of codec/sha1: the examples of the standard. */
#include "codec/sha1.h"

#include "base/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
expect(struct slice text, const char *want)
{
    uint8_t out[SHA1_LEN];
    struct buf hex = {.max = 100};
    sha1(text, out);
    hex_encode(&hex, slice_of(out, sizeof out));
    assert_string_equal(buf_str(&hex), want);
    buf_release(&hex);
}

static void
sha1_is_that_of_the_standard(void **state)
{
    static char million[1000000];
    memset(million, 'a', sizeof million);
    expect(SLICE("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
    expect(SLICE(""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    expect(SLICE("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
           "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
    expect(slice_of(million, sizeof million), "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
}

/* Where the length still fits into the last block, and where it does not. */
static void
texts_around_the_end_of_a_block(void **state)
{
    static const char as[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    expect(slice_of(as, 55), "c1c8bbdc22796e28c0e15163d20899b65621d65a");
    expect(slice_of(as, 56), "c2db330f6083854c99d4b5bfb6e8f29f201be699");
    expect(slice_of(as, 63), "03f09f5b158a7a8cdad920bddc29b81c18a551f5");
    expect(slice_of(as, 64), "0098ba824b5c16427bd7a1122a5a442a25ec644d");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha1_is_that_of_the_standard),
        cmocka_unit_test(texts_around_the_end_of_a_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
