/* Tests of flow/filter_dialect_mitm: operators, precedence and quoting of mitmproxy. */
#include "base/base.h"
#include "lib/filter_rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
every_operator_has_one_of_ours(void **state)
{
    static const char *const rows[][2] = {
        {"~all", "is:any"},
        {"~http", "kind:(http,connect)"},
        {"~tcp", "kind:tcp"},
        {"~udp", "kind:udp"},
        {"~dns", "kind:dns"},
        {"~websocket", "is:ws"},
        {"~q", "kind:(http,connect,dns) -status?"},
        {"~s", "status?"},
        {"~e", "is:error"},
        {"~a", "is:asset"},
        {"~marked", "is:marked"},
        {"~replay", "is:(replayed,mocked)"},
        {"~replayq", "is:replayed"},
        {"~replays", "is:mocked"},
        {"~u x", "url~/x/"},
        {"~d x", "host~/x/ or req.header[host]~/x/"},
        {"~m x", "method~/x/"},
        {"~h x", "header~/x/"},
        {"~hq x", "req.header~/x/"},
        {"~hs x", "resp.header~/x/"},
        {"~t x", "header[content-type]~/x/"},
        {"~tq x", "req.header[content-type]~/x/"},
        {"~ts x", "resp.header[content-type]~/x/"},
        {"~b x", "body~/x/"},
        {"~bq x", "req.body~/x/"},
        {"~bs x", "resp.body~/x/"},
        {"~src x", "client~/x/"},
        {"~dst x", "server~/x/"},
        {"~comment x", "note~/x/"},
        {"~marker x", "mark~/x/"},
        {"~meta x", "meta~/x/"},
        {"~c 200", "200"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        filter_expect_print(rows[i][0], rows[i][1]);
}

static void
terms_side_by_side_bind_last(void **state)
{
    static const char *const rows[][2] = {
        {"a b | ~s", "url~/a/ (url~/b/ or status?)"},
        {"a & b | ~s", "url~/a/ url~/b/ or status?"},
        {"~s | a & b", "status? or url~/a/ url~/b/"},
        {"!~s & ~e", "-status? is:error"},
        {"!(~s & ~e)", "-(status? is:error)"},
        {"! ~s", "-status?"},
        {"!!~s", "--status?"},
        {"(~s | ~e) ~a", "(status? or is:error) is:asset"},
        {"~s ~e", "status? is:error"},
        {"(a b | c) ~s", "url~/a/ (url~/b/ or url~/c/) status?"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        filter_expect_print(rows[i][0], rows[i][1]);
}

static void
signs_inside_of_words_belong_to_them(void **state)
{
    static const char *const rows[][2] = {
        {"foo|logo ~s", "url~/foo|logo/ status?"},
        {"logo&x ~s", "url~/logo&x/ status?"},
        {"foo |logo ~s", "(url~/foo/ or url~/logo/) status?"},
        {"~q|~s", "kind:(http,connect,dns) -status? or status?"},
        {"(~e)|~s", "is:error or status?"},
        {"~u a|b", "url~/a|b/"},
        {"~u !x", "url~/!x/"},
        {"~c 200~s", "200 status?"},
        {"~s foo~e", "status? url~/foo/ is:error"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        filter_expect_print(rows[i][0], rows[i][1]);
}

static void
quotes_eat_backslashes_and_words_keep_them(void **state)
{
    static const char *const rows[][2] = {
        {"~u \"\\d+\"", "url~/d+/"},       {"~u \\d+", "url~/\\d+/"},
        {"~u '\\.'", "url~/./"},           {"~u \"\\\\d\"", "url~/\\d/"},
        {"~u \"a\\tb\"", "url~/a\tb/"},    {"~u \"a (b)\"", "url~/a (b)/"},
        {"~u \"it's\"", "url~/it's/"},     {"~u 'a\\'b'", "url~/a'b/"},
        {"'a b' ~s", "url~/a b/ status?"}, {"~b\"x\"", "body~/x/"},
        {"~u \"\\x41\"", "url~/x41/"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        filter_expect_print(rows[i][0], rows[i][1]);
}

static void
what_mitmproxy_refuses_is_refused(void **state)
{
    filter_expect_wrong("~b", 2, "expected a");
    filter_expect_wrong("~b  ", 4, "expected a value");
    filter_expect_wrong("~c abc", 0, "needs a number");
    filter_expect_wrong("~c200", 0, "no '~c200'");
    filter_expect_wrong("~u [", 4, "regular expression");
    filter_expect_wrong("~frob x", 0, "no '~frob'");
    filter_expect_wrong("~u (a|b)", 3, "put brackets in quotes");
    filter_expect_wrong("~q~s", 2, "expected a blank");
    filter_expect_wrong("(~s", 3, "expected ')'");
    filter_expect_wrong("~s)", 2, "without its '('");
    filter_expect_wrong("~s & ", 5, "expected a test");
    filter_expect_wrong("~s & ()", 6, "expected");
    filter_expect_wrong("~u 'abc", 7, "expected '");
    filter_expect_wrong("!~", 1, "expected a test");
}

static void
a_tilde_elsewhere_is_ours(void **state)
{
    filter_expect_print("url~x", "url~/x/");
    filter_expect_print("\"~u x\"", "\"~u x\"");
    filter_expect_print("url~\"a ~q\"", "url~/a ~q/");
    filter_expect_print("header[a]~/x ~u y/", "header[a]~/x ~u y/");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operator_has_one_of_ours),
        cmocka_unit_test(terms_side_by_side_bind_last),
        cmocka_unit_test(signs_inside_of_words_belong_to_them),
        cmocka_unit_test(quotes_eat_backslashes_and_words_keep_them),
        cmocka_unit_test(what_mitmproxy_refuses_is_refused),
        cmocka_unit_test(a_tilde_elsewhere_is_ours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
