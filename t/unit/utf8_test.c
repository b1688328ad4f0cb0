/* Tests of base/utf8: what is valid, how wide it is. */
#include "base/utf8.h"

#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
every_code_point_is_read_back(void **state)
{
    static const struct {
        struct slice text;
        uint32_t cp;
    } rows[] = {
        {{"\0", 1}, 0},
        {{"\x7f", 1}, 0x7f},
        {{"\xc2\x80", 2}, 0x80},
        {{"\xdf\xbf", 2}, 0x7ff},
        {{"\xe0\xa0\x80", 3}, 0x800},
        {{"\xed\x9f\xbf", 3}, 0xd7ff},
        {{"\xee\x80\x80", 3}, 0xe000},
        {{"\xef\xbf\xbf", 3}, 0xffff},
        {{"\xf0\x90\x80\x80", 4}, 0x10000},
        {{"\xf4\x8f\xbf\xbf", 4}, 0x10ffff},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint32_t cp = 1;
        assert_int_equal(utf8_next(rows[i].text, &cp), rows[i].text.n);
        assert_int_equal(cp, rows[i].cp);
    }
}

static void
what_rfc_3629_forbids_is_invalid(void **state)
{
    static const char *const bad[] = {
        "\x80",             /* continuation alone */
        "\xc0\x80",         /* overlong NUL */
        "\xc1\xbf",         /* overlong 7f */
        "\xe0\x9f\xbf",     /* overlong 7ff */
        "\xf0\x8f\xbf\xbf", /* overlong ffff */
        "\xed\xa0\x80",     /* surrogate */
        "\xed\xbf\xbf",     /* surrogate */
        "\xf4\x90\x80\x80", /* above 10ffff */
        "\xf5\x80\x80\x80", /* no such first byte */
        "\xff",             /* no such byte */
        "\xc3",             /* cut */
        "\xe2\x82",         /* cut */
        "\xf0\x9f\x98",     /* cut */
        "\xc3(",            /* no continuation */
        "\xe2\x82(",        /* no continuation */
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        uint32_t cp;
        assert_int_equal(utf8_next(slice_str(bad[i]), &cp), 0);
        assert_false(utf8_valid(slice_str(bad[i])));
    }
    uint32_t cp;
    assert_int_equal(utf8_next(SLICE_NONE, &cp), 0);
}

static void
a_text_is_valid_as_a_whole(void **state)
{
    assert_true(utf8_valid(SLICE("")));
    assert_true(utf8_valid(SLICE("na\xc3\xafve \xe2\x82\xac \xf0\x9f\x98\x80")));
    assert_false(utf8_valid(SLICE("fine until \xff")));
}

static void
characters_have_columns(void **state)
{
    assert_int_equal(utf8_width('a'), 1);
    assert_int_equal(utf8_width(0x1b), 0);
    assert_int_equal(utf8_width(0x7f), 0);
    assert_int_equal(utf8_width(0x9f), 0);
    assert_int_equal(utf8_width(0xe9), 1);
    assert_int_equal(utf8_width(0x301), 0);   /* combining acute */
    assert_int_equal(utf8_width(0x200b), 0);  /* zero width space */
    assert_int_equal(utf8_width(0x1100), 2);  /* first wide one */
    assert_int_equal(utf8_width(0x4e2d), 2);  /* CJK */
    assert_int_equal(utf8_width(0xac00), 2);  /* Hangul */
    assert_int_equal(utf8_width(0xff21), 2);  /* full width A */
    assert_int_equal(utf8_width(0x1f600), 2); /* emoji */
    assert_int_equal(utf8_width(0x2500), 1);  /* box drawing */
    assert_int_equal(utf8_width(0x3fffd), 2); /* last wide one */
    assert_int_equal(utf8_width(0xe01ef), 0); /* last one without a column */
    assert_int_equal(utf8_width(0x10ffff), 1);
}

static void
columns_add_up(void **state)
{
    assert_int_equal(utf8_columns(SLICE("abc")), 3);
    assert_int_equal(utf8_columns(SLICE("\xe4\xb8\xad\xe6\x96\x87")), 4);
    assert_int_equal(utf8_columns(SLICE("e\xcc\x81")), 1);
    assert_int_equal(utf8_columns(SLICE("a\xff\xfe")), 3);
    assert_int_equal(utf8_columns(SLICE_NONE), 0);
}

/* Whatever two bytes come first: the stream says what the whole text says, and never later. */
static void
a_stream_is_judged_like_a_whole_text(void **state)
{
    for (unsigned i = 0; i < 1u << 16; i++) {
        static const char *const tails[] = {"", "\x80", "\xbf\x80", "\x80\x80\x80"};
        for (size_t t = 0; t < ARRAY_LEN(tails); t++) {
            char text[8] = {(char)(i >> 8), (char)i};
            size_t n = 2 + strlen(tails[t]);
            memcpy(text + 2, tails[t], n - 2);
            struct utf8_stream whole = {0}, bytes = {0};
            bool good = utf8_push(&whole, slice_of(text, n)), same = true;
            for (size_t at = 0; at < n && same; at++)
                same = utf8_push(&bytes, slice_of(text + at, 1));
            assert_int_equal(good, same);
            assert_int_equal(good && utf8_complete(&whole), utf8_valid(slice_of(text, n)));
        }
    }
}

static void
a_stream_fails_at_the_first_wrong_byte(void **state)
{
    struct utf8_stream u = {0};
    assert_true(utf8_push(&u, SLICE("\xf4")));
    assert_false(utf8_complete(&u));
    assert_false(utf8_push(&u, SLICE("\x90")));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_point_is_read_back),
        cmocka_unit_test(what_rfc_3629_forbids_is_invalid),
        cmocka_unit_test(a_text_is_valid_as_a_whole),
        cmocka_unit_test(characters_have_columns),
        cmocka_unit_test(columns_add_up),
        cmocka_unit_test(a_stream_is_judged_like_a_whole_text),
        cmocka_unit_test(a_stream_fails_at_the_first_wrong_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
