/* Tests of api/config_file: values, and the line of what is wrong. */
#include "api/config_file.h"

#include "lib/folder.h"

#include <sys/stat.h>

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

static struct config *
must_read(const char *text)
{
    struct err e = {0};
    struct config *c = defaults();
    if (!config_file_apply(slice_str(text), "f", c, &e))
        fail_msg("%s", e.text);
    return c;
}

static void
values_and_lists_are_read(void **state)
{
    struct config *c = must_read("# ours\n"
                                 "listen_port: 8888\n"
                                 "onboarding: false\n"
                                 "body-limit: 10m\n"
                                 "ciphers-client: \"ECDHE+AESGCM\"\n"
                                 "mode:\n  - regular@1001\n  - regular@1002\n"
                                 "deny-targets: [private, loopback]\n");
    assert_int_equal(c->listen_port, 8888);
    assert_false(c->onboarding);
    assert_int_equal(c->body_limit, 10 << 20);
    assert_string_equal(c->ciphers_client, "ECDHE+AESGCM");
    assert_string_equal(c->mode[0], "regular@1001");
    assert_string_equal(c->mode[1], "regular@1002");
    assert_null(c->mode[2]);
    assert_string_equal(c->deny_targets[1], "loopback");
    config_unref(c);
}

static void
a_plain_value_replaces_a_list(void **state)
{
    struct config *c = must_read("mode: regular@1001\n");
    assert_string_equal(c->mode[0], "regular@1001");
    assert_null(c->mode[1]);
    config_unref(c);
    c = must_read("deny-targets: []\n");
    assert_null(c->deny_targets);
    config_unref(c);
}

static void
null_counts_as_not_given(void **state)
{
    struct config *c = must_read("proxyauth:\nlisten-host: ~\nmode: null\nthreads:\n");
    assert_null(c->proxyauth);
    assert_null(c->listen_host);
    assert_string_equal(c->mode[0], "regular");
    assert_int_equal(c->threads, 0);
    config_unref(c);
}

static void
an_empty_file_says_nothing(void **state)
{
    static const char *const texts[] = {"", "\n\n", "# nothing\n", "---\n", "--- {}\n", "{}", "~"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        config_unref(must_read(texts[i]));
}

static void
what_is_wrong_is_named_with_its_line(void **state)
{
    static const struct {
        const char *text, *error;
    } wrong[] = {
        {"json: yes\nlisten-port: many\n",
         "f:2: option 'listen-port': 'many' is not a number from 0 to 65535"},
        {"json: yes\n\nlistn-port: 1\n",
         "f:3: unknown option 'listn-port', did you mean 'listen-port'? See 'weir options'"},
        {"mode:\n  - regular\n  - \"\"\n", "f:3: option 'mode': the value is empty"},
        {"listen-port: [1, 2]\n", "f:1: option 'listen-port' takes one value, not a list"},
        {"json: {a: b}\n", "f:1: options have no options of their own"},
        {"mode: [[a]]\n", "f:1: a list holds plain values only"},
        {"[a]: b\n", "f:1: the name of an option is expected here"},
        {"just text\n", "f:1: lines of 'name: value' are expected"},
        {"- json\n", "f:1: lines of 'name: value' are expected"},
        {"json: yes\n---\njson: no\n", "f:2: one document is expected"},
        {"json: yes\ntrue: &x 1\n", "f:2: unknown option 'true', see 'weir options'"},
        {"json: &x yes\nonboarding: *x\n", "f:2: aliases are not for this file"},
        {"json: yes\njson: no\n", "f:2: this option is there already"},
        {"flow_detail: 1\ndetail: 1\n", "f:2: this option is there already"},
        {"confdir: /x\n", "f:1: 'confdir' is where this file is and cannot stand in it"},
        {"proxyauth: \"\"\n", "f:1: option 'proxyauth': the value is empty"},
    };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct err e = {0};
        struct config *c = defaults();
        assert_false(config_file_apply(slice_str(wrong[i].text), "f", c, &e));
        assert_string_equal(e.text, wrong[i].error);
        assert_int_equal(e.code, ERR_USAGE);
        config_unref(c);
    }
}

static void
what_is_no_yaml_is_refused_with_its_line(void **state)
{
    static const char *const texts[] = {"json: yes\nmode: [a\n", "json: yes\n\tmode: a\n",
                                        "json: yes\n\"\n", "json: yes\n\x01\n"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct err e = {0};
        struct config *c = defaults();
        assert_false(config_file_apply(slice_str(texts[i]), "f", c, &e));
        assert_true(slice_starts(slice_str(e.text), SLICE("f:")));
        assert_int_equal(e.code, ERR_USAGE);
        config_unref(c);
    }
}

static struct config *
with_folder(const char *name)
{
    struct config *c = defaults();
    c->confdir = folder_file(name);
    return c;
}

static void
there_need_not_be_a_file_or_a_folder(void **state)
{
    struct err e = {0};
    struct config *c = with_folder("nowhere");
    assert_true(config_file_load(c, &e));
    config_unref(c);
}

static void
both_endings_are_found_yaml_first(void **state)
{
    struct err e = {0};
    assert_int_equal(mkdir(folder_file("both"), 0700), 0);
    folder_write("both/config.yml", SLICE("threads: 2\n"), 0600);
    struct config *c = with_folder("both");
    assert_true(config_file_load(c, &e));
    assert_int_equal(c->threads, 2);
    config_unref(c);
    folder_write("both/config.yaml", SLICE("threads: 3\n"), 0600);
    c = with_folder("both");
    assert_true(config_file_load(c, &e));
    assert_int_equal(c->threads, 3);
    config_unref(c);
}

static void
a_file_that_cannot_be_read_is_named(void **state)
{
    struct err e = {0};
    char line[600];
    assert_int_equal(mkdir(folder_file("odd"), 0700), 0);
    assert_int_equal(mkdir(folder_file("odd/config.yaml"), 0700), 0);
    struct config *c = with_folder("odd");
    assert_false(config_file_load(c, &e));
    snprintf(line, sizeof(line), "cannot read '%s/odd/config.yaml': is a directory", folder_path());
    assert_string_equal(e.text, line);
    assert_int_equal(e.code, ERR_USAGE);
    config_unref(c);
}

static void
a_huge_file_is_refused(void **state)
{
    struct err e = {0};
    static char large[(1 << 20) + 1];
    memset(large, '\n', sizeof(large));
    assert_int_equal(mkdir(folder_file("huge"), 0700), 0);
    folder_write("huge/config.yaml", slice_of(large, sizeof(large)), 0600);
    struct config *c = with_folder("huge");
    assert_false(config_file_load(c, &e));
    assert_non_null(strstr(e.text, "is larger than"));
    config_unref(c);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_and_lists_are_read),
        cmocka_unit_test(a_plain_value_replaces_a_list),
        cmocka_unit_test(null_counts_as_not_given),
        cmocka_unit_test(an_empty_file_says_nothing),
        cmocka_unit_test(what_is_wrong_is_named_with_its_line),
        cmocka_unit_test(what_is_no_yaml_is_refused_with_its_line),
        cmocka_unit_test(there_need_not_be_a_file_or_a_folder),
        cmocka_unit_test(both_endings_are_found_yaml_first),
        cmocka_unit_test(a_file_that_cannot_be_read_is_named),
        cmocka_unit_test(a_huge_file_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
