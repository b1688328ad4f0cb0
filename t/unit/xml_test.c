/* Tests of api/xml: elements, texts, and what is refused. */
#include "api/xml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
on_element(void *arg, const struct xml_path *path, struct slice text)
{
    struct slice own = xml_name(path, 0), above = xml_name(path, 1);
    buf_printf(arg, "%.*s/%.*s=%.*s;", SLICE_ARG(above), SLICE_ARG(own), SLICE_ARG(text));
}

static void
elements_are_told_at_their_ends(void **state)
{
    static const struct {
        const char *text, *told;
    } rows[] = {
        {"<a>x</a>", "/a=x;"},
        {"<?xml version='1.0'?><!-- <b> --><a><b>1</b><c/>2</a>", "a/b=1;a/c=;/a=2;"},
        {"<a b='>' c=\"/\"><d e/></a>", "a/d=;/a=;"},
        {"<a>&lt;&gt;&amp;&quot;&apos;&#65;&#x20ac;&#233;&#x1f600;</a>",
         "/a=<>&\"'A\xe2\x82\xac\xc3\xa9\xf0\x9f\x98\x80;"},
        {"", ""},
        {"<a\n>x</a >", "/a=x;"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct err e = {0};
        struct buf told;
        buf_init(&told, 4096);
        if (!xml_walk(slice_str(rows[i].text), on_element, &told, &e))
            fail_msg("%s: %s", rows[i].text, e.text);
        assert_string_equal(buf_str(&told), rows[i].told);
        buf_release(&told);
    }
}

static void
what_is_wrong_is_named_with_its_line(void **state)
{
    static const struct {
        const char *text, *error;
    } rows[] = {
        {"<a>\n<b></a>", "line 2: this ends what was not begun"},
        {"\n</a>", "line 2: this ends what was not begun"},
        {"<a>", "line 1: an element does not end"},
        {"<a", "line 1: this tag does not end"},
        {"<a b='>", "line 1: this tag does not end"},
        {"<>", "line 1: this tag has no name"},
        {"<!-- ", "line 1: something that was begun does not end"},
        {"<!DOCTYPE a [<!ENTITY b 'c'>]>", "line 1: only elements and texts are read"},
        {"<a>&b;</a>", "line 1: this entity is not known"},
        {"<a>&#0;</a>", "line 1: this entity is not known"},
        {"<a>&#xd800;</a>", "line 1: this entity is not known"},
        {"<a>&#1114112;</a>", "line 1: this entity is not known"},
        {"<a>&", "line 1: this entity is not known"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct err e = {0};
        struct buf told;
        buf_init(&told, 4096);
        assert_false(xml_walk(slice_str(rows[i].text), on_element, &told, &e));
        if (!slice_starts(slice_str(e.text), slice_str(rows[i].error)))
            assert_string_equal(e.text, rows[i].error);
        buf_release(&told);
    }
}

static void
depth_and_texts_have_limits(void **state)
{
    struct err e = {0};
    struct buf text, told;
    buf_init(&text, 1 << 20);
    buf_init(&told, 1 << 20);
    for (unsigned i = 0; i <= XML_DEPTH_MAX; i++)
        buf_append(&text, SLICE("<a>"));
    assert_false(xml_walk(buf_slice(&text), on_element, &told, &e));
    assert_string_equal(e.text, "line 1: elements are too deep in each other");
    buf_reset(&text);
    buf_append(&text, SLICE("<a>"));
    for (size_t i = 0; i <= XML_TEXT_MAX; i++)
        buf_byte(&text, 'x');
    assert_false(xml_walk(buf_slice(&text), on_element, &told, &e));
    assert_string_equal(e.text, "line 1: this text is too long");
    buf_release(&text);
    buf_release(&told);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements_are_told_at_their_ends),
        cmocka_unit_test(what_is_wrong_is_named_with_its_line),
        cmocka_unit_test(depth_and_texts_have_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
