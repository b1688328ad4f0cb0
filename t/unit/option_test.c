/* Tests of api/option: the table itself, names, comparing and copying. */
#include "api/option.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct config *
defaults(void)
{
    struct config *c = config_new();
    assert_non_null(c);
    option_for(o) assert_true(option_reset(o, c, NULL));
    return c;
}

static const struct option *
find(const char *name)
{
    struct option_name found;
    assert_true(option_find(slice_str(name), &found));
    return found.option;
}

/* Every name, alias and letter means one option only. */
static void
no_name_stands_for_two(void **state)
{
    option_for(o)
    {
        assert_ptr_equal(find(o->name), o);
        assert_non_null(o->help);
        assert_true(!o->letter || option_find_letter(o->letter) == o);
        for (struct slice rest = slice_str(o->aliases); rest.n;) {
            struct option_name found;
            struct slice alias = slice_cut(&rest, ' ');
            bool opposite = alias.p[0] == '!';
            assert_true(option_find(slice_from(alias, opposite), &found));
            assert_ptr_equal(found.option, o);
            assert_int_equal(found.opposite, opposite);
        }
    }
}

static void
every_choice_and_default_is_a_value(void **state)
{
    struct config *c = defaults();
    option_for(o)
    {
        struct option_name name = {.option = o};
        struct err e = {0};
        if (o->def)
            assert_true(option_set(&name, c, slice_str(o->def), &e));
        for (struct slice rest = slice_str(o->choices); rest.n;)
            assert_true(option_set(&name, c, slice_cut(&rest, '|'), &e));
    }
    config_unref(c);
}

static void
defaults_are_as_documented(void **state)
{
    struct config *c = defaults();
    assert_string_equal(c->mode[0], "regular");
    assert_null(c->mode[1]);
    assert_int_equal(c->listen_port, -1);
    assert_null(c->listen_host);
    assert_null(c->deny_targets);
    assert_true(c->block_global);
    assert_false(c->ssl_insecure);
    assert_string_equal(c->tls_version_client_min, "TLS1_2");
    assert_int_equal(c->body_limit, 8u << 20);
    assert_true(c->idle_time == 600ull * 1000000000);
    config_unref(c);
}

static void
dashes_and_underscores_are_the_same(void **state)
{
    assert_ptr_equal(find("listen_port"), find("listen-port"));
    assert_ptr_equal(find("tls_version-client_min"), find("tls-version-client-min"));
    assert_ptr_equal(find("ssl_verify_upstream_trusted_ca"), find("upstream-ca"));
    assert_ptr_equal(find("detail"), find("flow-detail"));
}

static void
no_in_front_turns_a_bool_round(void **state)
{
    struct option_name name;
    assert_true(option_find(SLICE("no-onboarding"), &name));
    assert_true(name.opposite);
    assert_true(option_find(SLICE("no_validate_inbound_headers"), &name));
    assert_false(name.opposite);
    assert_false(option_find(SLICE("no-listen-port"), &name));
    assert_false(option_find(SLICE("no-"), &name));
    assert_false(option_find(SLICE(""), &name));
}

static void
an_unknown_name_gets_the_nearest(void **state)
{
    struct err e = {0};
    assert_false(option_unknown(SLICE("boddy-limit"), &e));
    assert_int_equal(e.code, ERR_USAGE);
    assert_string_equal(
        e.text, "unknown option 'boddy-limit', did you mean 'body-limit'? See 'weir options'");
    assert_false(option_unknown(SLICE("frobnicate"), &e));
    assert_string_equal(e.text, "unknown option 'frobnicate', see 'weir options'");
}

static void
set(struct config *c, const char *name, const char *value)
{
    struct option_name found;
    struct err e = {0};
    assert_true(option_find(slice_str(name), &found));
    assert_true(option_set(&found, c, slice_str(value), &e));
}

static void
a_changed_value_is_seen_and_can_be_copied(void **state)
{
    static const char *const changes[][2] = {
        {"onboarding", "no"},    {"threads", "3"},
        {"body-limit", "1k"},    {"head-time", "1s"},
        {"ciphers-client", "A"}, {"upstream-ca", "/x"},
        {"color", "never"},      {"deny-targets", "private,loopback"},
    };
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        struct config *a = defaults(), *b = defaults();
        const struct option *o = find(changes[i][0]);
        assert_true(option_equal(o, a, b));
        set(a, changes[i][0], changes[i][1]);
        assert_false(option_equal(o, a, b));
        assert_false(option_equal(o, b, a));
        assert_true(option_copy(o, b, a));
        config_unref(config_ref(a));
        assert_true(option_equal(o, a, b));
        config_unref(a);
        if (o->type == OPTION_LIST)
            assert_string_equal(b->deny_targets[1], "loopback");
        config_unref(b);
    }
}

static void
a_list_that_is_a_part_of_another_is_not_equal(void **state)
{
    struct config *a = defaults(), *b = defaults();
    set(a, "deny-targets", "private");
    set(b, "deny-targets", "private,loopback");
    assert_false(option_equal(find("deny-targets"), a, b));
    assert_false(option_equal(find("deny-targets"), b, a));
    config_unref(a);
    config_unref(b);
    config_unref(NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_name_stands_for_two),
        cmocka_unit_test(every_choice_and_default_is_a_value),
        cmocka_unit_test(defaults_are_as_documented),
        cmocka_unit_test(dashes_and_underscores_are_the_same),
        cmocka_unit_test(no_in_front_turns_a_bool_round),
        cmocka_unit_test(an_unknown_name_gets_the_nearest),
        cmocka_unit_test(a_changed_value_is_seen_and_can_be_copied),
        cmocka_unit_test(a_list_that_is_a_part_of_another_is_not_equal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
