/* Field names, status texts and byte classes. */
#include "codec/token.h"

#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void
every_name_finds_its_own_id_in_any_case(void **state)
{
    for (enum field_id id = FIELD_ACCEPT_ENCODING; id <= FIELD_WWW_AUTHENTICATE; id++) {
        struct slice name = token_field_name(id);
        char other[64];
        assert_true(name.n > 0 && name.n < sizeof(other));
        assert_int_equal(token_field(name), id);
        for (size_t i = 0; i < name.n; i++)
            other[i] = (char)(name.p[i] == '-' ? '-' : name.p[i] ^ 0x20);
        assert_int_equal(token_field(slice_of(other, name.n)), id);
    }
}

static void
names_that_are_nearly_right_are_others(void **state)
{
    static const char *const names[] = {"",
                                        "H",
                                        "Hos",
                                        "Hosts",
                                        "Hort",
                                        "Content-Length ",
                                        "\x14-",
                                        "Cookie",
                                        "Content_Length",
                                        "Transfer-Encodin",
                                        "Content\rLength",
                                        "te-"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        assert_int_equal(token_field(slice_str(names[i])), FIELD_OTHER);
    assert_int_equal(token_field_name(FIELD_OTHER).n, 0);
}

static void
a_status_has_its_text(void **state)
{
    assert_true(slice_eq(token_reason(200), SLICE("OK")));
    assert_true(slice_eq(token_reason(404), SLICE("Not Found")));
    assert_true(slice_eq(token_reason(511), SLICE("Network Authentication Required")));
    assert_int_equal(token_reason(299).n, 0);
    assert_int_equal(token_reason(0).n, 0);
}

static bool
is_alnum(unsigned c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* RFC 9110 sections 5.6.2 and 5.5 in other words than the table's. */
static void
the_table_of_bytes_agrees_with_the_grammar(void **state)
{
    for (unsigned c = 0; c < 256; c++) {
        bool tchar = c && (is_alnum(c) || strchr("!#$%&'*+-.^_`|~", (int)c));
        bool target = c > 0x20 && c < 0x7f && c != '#';
        bool value = c == '\t' || (c >= 0x20 && c != 0x7f);
        bool host = c && (is_alnum(c) || strchr("-._", (int)c));
        assert_int_equal(token_class[c], (tchar ? TOKEN_TCHAR : 0) | (target ? TOKEN_TARGET : 0) |
                                             (value ? TOKEN_VALUE : 0) | (host ? TOKEN_HOST : 0));
        assert_int_equal(token_is_tchar((char)c), tchar);
    }
}

static void
a_token_is_not_empty_and_has_no_other_byte(void **state)
{
    assert_true(token_valid(SLICE("M-SEARCH")));
    assert_false(token_valid(SLICE_NONE));
    assert_false(token_valid(SLICE("a b")));
    assert_false(token_valid(SLICE("a:")));
    assert_int_equal(token_span(SLICE("ab cd"), TOKEN_TCHAR), 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_name_finds_its_own_id_in_any_case),
        cmocka_unit_test(names_that_are_nearly_right_are_others),
        cmocka_unit_test(a_status_has_its_text),
        cmocka_unit_test(the_table_of_bytes_agrees_with_the_grammar),
        cmocka_unit_test(a_token_is_not_empty_and_has_no_other_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
