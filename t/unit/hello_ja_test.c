/* Fingerprints of ClientHellos. */
#include "base/base64.h"
#include "codec/hello.h"
#include "lib/hello_samples.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct buf out = {.max = 1 << 16};

static int
release_out(void **state)
{
    buf_release(&out);
    return 0;
}

static void
assert_prints(void (*print)(const struct hello *, struct buf *), const struct hello *h,
              const char *text)
{
    buf_reset(&out);
    print(h, &out);
    assert_false(out.failed);
    assert_string_equal(buf_str(&out), text);
}

static void
fingerprints_agree_with_another_program(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(hello_samples); i++) {
        const struct hello_sample *row = &hello_samples[i];
        struct buf bytes = {.max = 1 << 16}, scratch = {.max = HELLO_MAX};
        struct hello h;
        assert_true(base64_decode(&bytes, slice_str(row->base64)));
        assert_int_equal(hello_parse(buf_slice(&bytes), &scratch, &h), HELLO_OK);
        assert_prints(hello_ja3_text, &h, row->ja3);
        assert_prints(hello_ja4_a, &h, row->ja4_a);
        assert_prints(hello_ja4_b_text, &h, row->ja4_b);
        assert_prints(hello_ja4_c_text, &h, row->ja4_c);
        buf_release(&bytes);
        buf_release(&scratch);
    }
}

static void
grease_is_never_part_of_a_fingerprint(void **state)
{
    struct hello h = {.legacy_version = 0x0303,
                      .version = 0x0304,
                      .ciphers = {0x1a1a, 0x1302, 0x1301},
                      .n_ciphers = 3,
                      .extensions = {0xfafa, 43, 0, 16, 13},
                      .n_extensions = 5,
                      .groups = {0x0a0a, 29},
                      .n_groups = 2,
                      .sig_algs = {0x0804, 0x2a2a, 0x0403},
                      .n_sig_algs = 3,
                      .has_sni = true};
    assert_prints(hello_ja3_text, &h, "771,4866-4865,43-0-16-13,29,");
    assert_prints(hello_ja4_a, &h, "t13d020400");
    assert_prints(hello_ja4_b_text, &h, "1301,1302");
    assert_prints(hello_ja4_c_text, &h, "000d,002b_0804,0403");
    assert_false(hello_is_grease(0x0a1a) || hello_is_grease(0x1301));
}

static void
an_empty_hello_has_empty_parts(void **state)
{
    struct hello h = {.legacy_version = 0x0301, .version = 0x0301};
    assert_prints(hello_ja3_text, &h, "769,,,,");
    assert_prints(hello_ja4_a, &h, "t10i000000");
    assert_prints(hello_ja4_b_text, &h, "");
    assert_prints(hello_ja4_c_text, &h, "");
}

static void
without_signature_algorithms_there_is_no_underscore(void **state)
{
    struct hello h = {.version = 0x0305, .extensions = {10, 5}, .n_extensions = 2};
    assert_prints(hello_ja4_c_text, &h, "0005,000a");
    assert_prints(hello_ja4_a, &h, "t00i000200");
}

static void
counts_stop_at_99(void **state)
{
    struct hello h = {.version = 0x0303, .n_ciphers = 120};
    for (uint16_t i = 0; i < 120; i++)
        h.ciphers[i] = i;
    assert_prints(hello_ja4_a, &h, "t12i990000");
}

static void
a_protocol_gives_its_first_and_last_character(void **state)
{
    struct hello h = {.version = 0x0303, .n_alpn = 1};
    h.alpn[0] = SLICE("http/1.1");
    assert_prints(hello_ja4_a, &h, "t12i0000h1");
    h.alpn[0] = SLICE("x");
    assert_prints(hello_ja4_a, &h, "t12i0000xx");
    h.alpn[0] = SLICE("\xab");
    assert_prints(hello_ja4_a, &h, "t12i0000ab");
    h.alpn[0] = SLICE("\x30\xab");
    assert_prints(hello_ja4_a, &h, "t12i00003b");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fingerprints_agree_with_another_program),
        cmocka_unit_test(grease_is_never_part_of_a_fingerprint),
        cmocka_unit_test(an_empty_hello_has_empty_parts),
        cmocka_unit_test(without_signature_algorithms_there_is_no_underscore),
        cmocka_unit_test(counts_stop_at_99),
        cmocka_unit_test(a_protocol_gives_its_first_and_last_character),
    };
    return cmocka_run_group_tests(tests, NULL, release_out);
}
