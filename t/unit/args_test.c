/* Tests of api/args: the ways to write an option on a command line. */
#include "api/args.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define WORDS_MAX 8

/* Takes all words, which are separated by blanks. Returns the last result. */
static enum args_result
take_all(struct args *a, const char *line, struct err *e)
{
    static char text[256];
    char *words[WORDS_MAX];
    int n = 0, at = 0;
    enum args_result r = ARGS_TAKEN;
    snprintf(text, sizeof(text), "%s", line);
    for (char *p = text; *p && n < WORDS_MAX; n++) {
        words[n] = p;
        p += strcspn(p, " ");
        if (*p)
            *p++ = '\0';
    }
    args_release(a);
    while (at < n && r == ARGS_TAKEN) {
        int before = at;
        r = args_take(a, words, n, &at, e);
        assert_true(r != ARGS_TAKEN || at > before);
    }
    return r;
}

/* What was taken, as "name=value" with blanks between; '!' in front for the opposite. */
static void
expect(const char *line, const char *want)
{
    struct args a = {0};
    struct err e = {0};
    char got[512] = "";
    size_t n = 0;
    assert_int_equal(take_all(&a, line, &e), ARGS_TAKEN);
    for (size_t i = 0; i < a.n; i++)
        n += (size_t)snprintf(got + n, sizeof(got) - n, "%s%s%s=%.*s", i ? " " : "",
                              a.items[i].name.opposite ? "!" : "", a.items[i].name.option->name,
                              SLICE_ARG(a.items[i].value));
    assert_string_equal(got, want);
    args_release(&a);
}

static void
a_value_follows_or_stands_behind_an_equals_sign(void **state)
{
    expect("--listen-port 80", "listen-port=80");
    expect("--listen-port=80", "listen-port=80");
    expect("--listen_port=80 --port-file --json", "listen-port=80 port-file=--json");
    expect("--proxyauth=a:b=c", "proxyauth=a:b=c");
    expect("--port-file=", "port-file=");
}

static void
a_bool_needs_no_value(void **state)
{
    expect("--json --no-onboarding", "json=yes !onboarding=yes");
    expect("--json=no", "json=no");
    expect("--validate-inbound-headers", "!allow-malformed=yes");
}

static void
letters_stand_alone_or_together(void **state)
{
    expect("-p 80", "listen-port=80");
    expect("-p80", "listen-port=80");
    expect("-k", "ssl-insecure=yes");
    expect("-kp80", "ssl-insecure=yes listen-port=80");
    expect("-kv", "ssl-insecure=yes verbosity=debug");
    expect("-q", "verbosity=error");
    expect("--quiet --verbose", "verbosity=error verbosity=debug");
}

static void
set_takes_any_option(void **state)
{
    expect("--set listen_port=80", "listen-port=80");
    expect("--set=listen_port=80", "listen-port=80");
    expect("--set json", "json=yes");
    expect("--set validate_inbound_headers=false", "!allow-malformed=false");
    expect("--set proxyauth=a=b", "proxyauth=a=b");
}

static void
the_order_is_kept(void **state)
{
    expect("-m a --mode b --set mode=c", "mode=a mode=b mode=c");
}

static void
expect_failed(const char *line, const char *text)
{
    struct args a = {0};
    struct err e = {0};
    assert_int_equal(take_all(&a, line, &e), ARGS_FAILED);
    assert_string_equal(e.text, text);
    assert_int_equal(e.code, ERR_USAGE);
    args_release(&a);
}

static void
what_is_incomplete_is_named(void **state)
{
    expect_failed("--listen-port", "'--listen-port' needs a value");
    expect_failed("-p", "'-p' needs a value");
    expect_failed("-kp", "'-kp' needs a value");
    expect_failed("--set", "'--set' needs a value");
    expect_failed("--set listen_port", "'--set listen-port' needs '=' and a value");
    expect_failed("-kX", "unknown option '-X' in '-kX'");
    expect_failed("--set jsom=1", "unknown option 'jsom', did you mean 'json'? See 'weir options'");
}

static void
other_words_are_left_alone(void **state)
{
    static const char *const lines[] = {
        "word", "-", "--", "--frobnicate", "-Z", "--no-listen-port", "--quiet=yes"};
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        struct args a = {0};
        struct err e = {0};
        assert_int_equal(take_all(&a, lines[i], &e), ARGS_OTHER);
        assert_int_equal(a.n, 0);
        args_release(&a);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_follows_or_stands_behind_an_equals_sign),
        cmocka_unit_test(a_bool_needs_no_value),
        cmocka_unit_test(letters_stand_alone_or_together),
        cmocka_unit_test(set_takes_any_option),
        cmocka_unit_test(the_order_is_kept),
        cmocka_unit_test(what_is_incomplete_is_named),
        cmocka_unit_test(other_words_are_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
