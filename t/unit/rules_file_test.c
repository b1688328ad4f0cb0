/* Tests of api/rules_file: what is read, the line of what is wrong, and that what is written is
 * read back. */
#include "api/rules_file.h"

#include "base/mem.h"
#include "lib/folder.h"
#include "lib/rule_make.h"

#include <sys/stat.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct rules *
must_read(const char *text)
{
    struct err e = {0};
    struct rules *rs = rules_file_parse(slice_str(text), "f", NULL, &e);
    if (!rs)
        fail_msg("%s", e.text);
    return rs;
}

static void
expect_print(const struct rules *rs, const char *want)
{
    struct buf out;
    buf_init(&out, 1 << 20);
    assert_true(rules_file_print(rs, &out, NULL));
    assert_string_equal(buf_str(&out), want);
    buf_release(&out);
}

static void
rules_are_read_in_any_form_and_written_in_one(void **state)
{
    struct rules *rs = must_read("# ours\n"
                                 "- {do: discard, when: \"host:a\"}\n"
                                 "- value: '1'\n"
                                 "  do: set-field\n"
                                 "  field: A\n"
                                 "  on: off\n"
                                 "  folder: f\n"
                                 "  name: second\n"
                                 "-\n"
                                 "  do: answer\n"
                                 "  file: ~\n"
                                 "  fields: [\"A: 1\", 'B: 2']\n"
                                 "  body: |\n"
                                 "    one\n"
                                 "     two\n");
    assert_int_equal(rules_count(rs), 3);
    expect_print(rs, "- when: host:a\n"
                     "  do: discard\n"
                     "- name: second\n"
                     "  folder: f\n"
                     "  on: no\n"
                     "  do: set-field\n"
                     "  field: A\n"
                     "  value: 1\n"
                     "- do: answer\n"
                     "  fields:\n"
                     "  - 'A: 1'\n"
                     "  - 'B: 2'\n"
                     "  body: |\n"
                     "    one\n"
                     "     two\n");
    rules_unref(rs);
}

static void
every_text_is_read_back_as_it_was(void **state)
{
    static const char *const texts[] = {
        "",
        "~",
        "null",
        " a ",
        "a: b",
        "# no comment",
        "- x",
        "'",
        "\"",
        "yes",
        "line\ntwo",
        "\n",
        "a\n\n",
        " \n a",
        "tab\tx",
        "\xc3\xa4\xe2\x82\xac",
        "a\rb",
        "\x01",
        "|",
        "&x",
        "*x",
        "!tag",
        "a #b",
        "trailing \nx",
        "%x",
        "@x",
        "[",
        "{",
        "\xe2\x80\xa8",
        "\xef\xbb\xbf",
        ("very long text very long text very long text very long text very "
         "long text very long text very long text very long text"),
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct slice values[] = {SLICE("note"), slice_str(texts[i])};
        struct rule_arg args[] = {{SLICE("do"), &values[0], 1}, {SLICE("note"), &values[1], 1}};
        struct rule_spec spec = {args, 2};
        struct err e = {0};
        struct buf out;
        struct rule *r = rule_new(&spec, 0, NULL, NULL);
        struct rules *rs = rules_new(&r, 1, NULL);
        buf_init(&out, 1 << 16);
        if (!rules_file_print(rs, &out, &e))
            fail_msg("%zu: %s", i, e.text);
        struct rules *back = must_read(buf_str(&out));
        const struct rule_arg *note = rule_spec_find(rule_spec(rules_at(back, 0)), SLICE("note"));
        assert_non_null(note);
        assert_true(slice_eq(note->values[0], slice_str(texts[i])));
        rules_unref(back);
        rules_unref(rs);
        rule_unref(r);
        buf_release(&out);
    }
}

static void
a_text_that_is_none_cannot_be_written(void **state)
{
    struct err e = {0};
    struct buf out;
    struct rule *r = rule_make("name: n\ndo: note\nnote: \xff");
    struct rules *rs = rules_new(&r, 1, NULL);
    buf_init(&out, 4096);
    assert_false(rules_file_print(rs, &out, &e));
    assert_string_equal(e.text, "rule 'n': 'note' is not UTF-8, which a file needs");
    buf_release(&out);
    rules_unref(rs);
    rule_unref(r);
}

static void
an_empty_file_has_no_rules(void **state)
{
    static const char *const texts[] = {"", "\n\n", "# nothing\n", "---\n", "[]", "~"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct rules *rs = must_read(texts[i]);
        assert_int_equal(rules_count(rs), 0);
        rules_unref(rs);
    }
    struct rules *rs = must_read("");
    expect_print(rs, "[]\n");
    rules_unref(rs);
}

static void
what_is_wrong_is_named_with_its_line(void **state)
{
    static const struct {
        const char *text, *error;
    } wrong[] = {
        {"- do: discard\n- name: x\n  do: nothing\n",
         "f:2: rule 'x': 'do': there is no action 'nothing', see docs/rules.md"},
        {"do: discard\n", "f:1: a list of rules is expected, '-' in front of each"},
        {"- discard\n", "f:1: a rule is expected here: lines of 'key: value'"},
        {"- do: {a: b}\n", "f:1: a value or a list of values is expected"},
        {"- do: discard\n  when: &x a\n- do: *x\n", "f:3: aliases are not for this file"},
        {"- do: answer\n  fields: [[a]]\n", "f:2: a list holds plain values only"},
        {"- [a]: b\n", "f:1: a key is expected here"},
        {"- do: discard\n---\n- do: discard\n", "f:2: one document is expected"},
        {"- do: discard\n  do: discard\n", "f:1: 'do' is there twice"},
        {"- ? [a]\n  : b\n", "f:1: a key is expected here"},
    };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct err e = {0};
        assert_null(rules_file_parse(slice_str(wrong[i].text), "f", NULL, &e));
        assert_string_equal(e.text, wrong[i].error);
        assert_int_equal(e.code, ERR_USAGE);
    }
}

static void
what_is_no_yaml_is_refused_with_its_line(void **state)
{
    static const char *const texts[] = {"- do: [a\n", "- do: a\n\tb: c\n", "- \"\n", "- \x01\n"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct err e = {0};
        assert_null(rules_file_parse(slice_str(texts[i]), "f", NULL, &e));
        assert_true(slice_starts(slice_str(e.text), SLICE("f:")));
    }
}

static void
what_is_too_much_is_refused(void **state)
{
    struct err e = {0};
    struct buf text;
    buf_init(&text, 1 << 20);
    buf_append(&text, SLICE("- do: answer\n  fields:\n"));
    for (unsigned i = 0; i < 300; i++)
        buf_append(&text, SLICE("  - A\n"));
    assert_null(rules_file_parse(buf_slice(&text), "f", NULL, &e));
    assert_string_equal(e.text, "f:259: this list is too long");
    buf_reset(&text);
    buf_append(&text, SLICE("- k: v\n"));
    for (unsigned i = 0; i < 64; i++)
        buf_printf(&text, "  k%u: v\n", i);
    assert_null(rules_file_parse(buf_slice(&text), "f", NULL, &e));
    assert_string_equal(e.text, "f:65: this rule has too many keys");
    buf_release(&text);
}

static void
the_file_is_written_whole_and_read_again(void **state)
{
    struct err e = {0};
    struct stat st;
    const char *folder = folder_file("conf");
    assert_int_equal(mkdir(folder, 0700), 0);
    struct rules *none = rules_file_load(&(struct rule_origin){.folder = folder}, &e),
                 *one = must_read("- do: discard\n");
    assert_int_equal(rules_count(none), 0);
    assert_true(rules_file_save(folder, one, &e));
    assert_int_equal(stat(folder_file("conf/rules.yaml"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_not_equal(stat(folder_file("conf/rules.yaml.tmp"), &st), 0);
    struct rules *back = rules_file_load(&(struct rule_origin){.folder = folder}, &e);
    expect_print(back, "- do: discard\n");
    rules_unref(none);
    rules_unref(one);
    rules_unref(back);
}

static void
a_file_that_cannot_be_read_is_named(void **state)
{
    struct err e = {0};
    assert_int_equal(mkdir(folder_file("odd"), 0700), 0);
    assert_int_equal(mkdir(folder_file("odd/rules.yaml"), 0700), 0);
    assert_null(rules_file_load(&(struct rule_origin){.folder = folder_file("odd")}, &e));
    assert_non_null(strstr(e.text, "odd/rules.yaml': is a directory"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_are_read_in_any_form_and_written_in_one),
        cmocka_unit_test(every_text_is_read_back_as_it_was),
        cmocka_unit_test(a_text_that_is_none_cannot_be_written),
        cmocka_unit_test(an_empty_file_has_no_rules),
        cmocka_unit_test(what_is_wrong_is_named_with_its_line),
        cmocka_unit_test(what_is_no_yaml_is_refused_with_its_line),
        cmocka_unit_test(what_is_too_much_is_refused),
        cmocka_unit_test(the_file_is_written_whole_and_read_again),
        cmocka_unit_test(a_file_that_cannot_be_read_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
