/* Tests of pki/digest. */
#include "pki/digest.h"

#include "base/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
sha1_is_that_of_the_standard(void **state)
{
    unsigned char out[DIGEST_SHA1_LEN];
    struct buf hex = {.max = 100};
    assert_true(digest_sha1(SLICE("abc"), out));
    hex_encode(&hex, slice_of(out, sizeof out));
    assert_string_equal(buf_str(&hex), "a9993e364706816aba3e25717850c26c9cd0d89d");
    buf_release(&hex);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha1_is_that_of_the_standard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
